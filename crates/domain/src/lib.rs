//! What the product does: one file or folder per noun, and the background work.
//!
//! # Layout
//! - [`services`]: what every operation may use (database, keys, clock, settings)
//! - [`ctx`]: one request: who asks, in which pool; the only way to a transaction
//! - [`permission`], [`audit`]: what a key may be granted, what a write is called in the trail
//! - [`keys`]: keys of the installation; [`pool`]: user pools and their settings; `rules`: what names may be
//! - [`bootstrap`], [`break_glass`]: what an operator does at the machine
//! - [`caller`]: who is asking; [`client`]: which application, at the endpoints of OAuth; [`dpop`]: proofs of keys;
//!   [`verified`]: signatures found right lately
//! - [`passwords`]: the gate before the password hash; [`otp`]: judging codes; [`throttle`]: guess limits; [`captcha`]:
//!   pictures that only people read; `action_token`: changes in two steps
//! - [`login`]: the one way in; [`demand`]: which second factors it asks for
//! - [`authorize`]: requests of browsers; [`par`]: those sent before; [`interaction`]: those that wait for their user;
//!   [`sso_session`]: the sign-on of a browser; [`logout`]: its end; [`device_code`]: devices without a browser
//! - [`token`]: what we hand out to be recognised by; [`grant`]: for what; [`mfa_token`], [`userinfo`]: what it says
//! - [`outbox`]: messages that wait to be sent
//! - the nouns of the API, named as in every other layer
//!
//! # Not here
//! No HTTP and no SQL. Nothing is sent from here: a message is a row in the outbox, written with the change that
//! causes it.

pub mod access_key;
pub mod account_binding;
mod action_token;
pub mod app;
pub mod audit;
pub mod authorize;
pub mod bootstrap;
pub mod break_glass;
pub mod caller;
pub mod captcha;
pub mod client;
pub mod ctx;
pub mod custom_field;
pub mod demand;
pub mod department;
pub mod device_code;
pub mod dpop;
pub mod grant;
pub mod group;
pub mod interaction;
pub mod job;
pub mod keys;
pub mod login;
pub mod logout;
pub mod message;
pub mod mfa_factor;
pub mod mfa_otp;
pub mod mfa_token;
pub mod my_resource;
pub mod organization;
pub mod otp;
pub mod outbox;
pub mod par;
pub mod passwords;
pub mod permission;
pub mod pool;
pub mod post;
pub mod profile;
pub mod public_info;
pub mod role;
mod rules;
pub mod security_settings;
pub mod services;
pub mod signup;
pub mod sso_session;
pub mod throttle;
pub mod token;
pub mod upload;
pub mod user;
pub mod userinfo;
pub mod verified;
pub mod whitelist;

pub use audit::Audit;
pub use ctx::{Actor, Ctx};
pub use permission::Permission;
pub use services::{Services, Settings};
