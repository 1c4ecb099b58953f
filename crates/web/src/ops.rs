//! Every operation, one row each. A file is a module of the API; its `ops()` is the index of what follows below it.

use crate::op::Op;

pub mod access_key;
pub mod app;
pub mod captcha;
pub mod custom_field;
pub mod department;
pub mod grant;
pub mod group;
pub mod job;
pub mod login;
pub mod message;
pub mod mfa_factor;
pub mod mfa_otp;
pub mod oidc;
pub mod organization;
pub mod post;
pub mod public_info;
pub mod role;
pub mod security_settings;
pub mod token;
pub mod user;
pub mod whitelist;

/// In the order of the document.
pub fn all() -> Vec<Op> {
    let lists = [
        ("token", token::ops()),
        ("access_key", access_key::ops()),
        ("user", user::ops()),
        ("organization", organization::ops()),
        ("department", department::ops()),
        ("post", post::ops()),
        ("custom_field", custom_field::ops()),
        ("whitelist", whitelist::ops()),
        ("group", group::ops()),
        ("role", role::ops()),
        ("job", job::ops()),
        ("mfa_otp", mfa_otp::ops()),
        ("app", app::ops()),
        ("security_settings", security_settings::ops()),
        ("login", login::ops()),
        ("captcha", captcha::ops()),
        ("mfa_factor", mfa_factor::ops()),
        ("message", message::ops()),
        ("oidc", oidc::ops()),
        ("grant", grant::ops()),
        ("public_info", public_info::ops()),
    ];
    lists.into_iter().flat_map(|(module, ops)| ops.into_iter().map(move |op| Op { module, ..op })).collect()
}
