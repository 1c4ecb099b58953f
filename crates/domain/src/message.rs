//! Codes by SMS and e-mail: who may have one sent where, how many, and whether a given one is right.
//!
//! # Layout
//! - [`address`]: the one form of a phone number and of an e-mail address
//! - [`code`]: limits on sending, codes issued and checked
//! - `check`: the operation pre-check-code
//! - [`send`]: the operations send-sms and send-email
//! - [`provider`]: how a pool sends
//! - [`text`]: what the messages say; [`template`]: what a pool's e-mails say instead
//! - [`email_provider`]: a pool's mail server, as the API says it
//!
//! # Seams
//! `issue_code` and `check_code` work inside the caller's unit of work; the caller commits, also after a wrong code.

pub mod address;
mod check;
pub mod code;
pub mod email_provider;
pub mod provider;
pub mod send;
pub mod template;
pub mod text;

pub use address::{normalise_email, normalise_phone};
pub use check::pre_check;
pub(crate) use code::{charge_own, charge_shared, send_link};
pub use code::{charge_target, check_code, code_hash, draw_code, enqueue_code, issue_code, lifetime};
pub use send::{confirm_email, send_email, send_sms};

/// By what a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Medium {
    Sms,
    Email,
}

impl Medium {
    /// The name in the store and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Medium::Sms => "sms",
            Medium::Email => "email",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Medium::Sms, Medium::Email].into_iter().find(|m| m.as_str() == name)
    }
}
