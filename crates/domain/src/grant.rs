//! Grants of the token endpoint, a file each.

pub mod authorization_code;
