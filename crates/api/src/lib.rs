//! The words of the API: one struct per request and reply, one enum per closed set of values.
//!
//! # Layout
//! - [`common`]: words that several modules share; [`idp`]: kinds of external identity providers
//! - [`user`]: users; [`app`]: applications; [`access_key`]: keys for the management API
//! - [`mfa_otp`]: second factors as an administrator sees them; [`mfa_factor`]: as their user sees them
//! - [`organization`] and [`department`]: where people are; [`post`]: positions
//! - [`custom_field`]: custom and built-in fields; [`whitelist`]: who may register
//! - [`group`]: sets of users; [`role`]: what users may be in a permission space
//! - [`security_settings`]: what holds for the whole user pool: second factors, passwords, pictures, locks, cookies
//! - [`job`]: import and export of users
//! - [`signup`]: registration; [`profile`]: a user's own account, [`my_resource`] and [`account_binding`] what belongs
//!   to it, [`upload`] files
//! - [`login`]: sign-in; [`message`]: codes by SMS and e-mail; [`token`]: tokens and OpenID Connect
//! - [`public_info`]: what anyone may read
//!
//! Requests read: an absent or null optional member is `None`; a `watchword_kit::Field` tells the two apart.
//! Unknown members are accepted. Bounds are declared for the OpenAPI document; the domain checks them.
//!
//! # Not here
//! No behaviour, no HTTP, no envelope, no database row.

#[macro_use]
mod macros;

pub mod access_key;
pub mod account_binding;
pub mod app;
pub mod common;
pub mod custom_field;
pub mod department;
pub mod group;
pub mod idp;
pub mod job;
pub mod login;
pub mod message;
pub mod mfa_factor;
pub mod mfa_otp;
pub mod my_resource;
pub mod organization;
pub mod post;
pub mod profile;
pub mod public_info;
pub mod role;
pub mod security_settings;
pub mod signup;
pub mod token;
pub mod upload;
pub mod user;
pub mod whitelist;

#[cfg(test)]
mod tests;
