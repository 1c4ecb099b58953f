//! One binary with every test against the real server.

mod access_key;
mod app;
mod binary;
mod bootstrap;
mod chance;
mod crash;
mod custom_field;
mod department;
mod group;
mod hostile;
mod job;
mod login;
mod message;
mod mfa_factor;
mod mfa_otp;
mod oidc;
mod organization;
mod post;
mod public_info;
mod race;
mod role;
mod security_settings;
mod sweep;
mod token;
mod user;
mod whitelist;
