//! Every operation, one row each. A file is a module of the API; its `ops()` is the index of what follows below it.

use crate::op::Op;

pub mod access_key;
pub mod app;
pub mod login;
pub mod message;
pub mod mfa_factor;
pub mod mfa_otp;
pub mod oidc;
pub mod public_info;
pub mod security_settings;
pub mod token;
pub mod user;

/// In the order of the document.
pub fn all() -> Vec<Op> {
    let lists = [
        token::ops(),
        access_key::ops(),
        user::ops(),
        mfa_otp::ops(),
        app::ops(),
        security_settings::ops(),
        login::ops(),
        mfa_factor::ops(),
        message::ops(),
        oidc::ops(),
        public_info::ops(),
    ];
    lists.into_iter().flatten().collect()
}
