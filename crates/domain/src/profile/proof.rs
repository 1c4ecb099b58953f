//! Codes as requests give them.

use watchword_api::profile::{ProvenByEmail, ProvenByPhone};
use watchword_kit::{Error, Result, Secret, text};
use watchword_store::Tx;
use watchword_store::user::User;

use crate::ctx::Ctx;
use crate::message::{self, Medium};

/// A code and where it was sent, as yet unjudged.
pub(super) struct Given {
    pub medium: Medium,
    /// Normalised.
    pub target: String,
    code: Secret<String>,
}

impl Given {
    pub fn new(medium: Medium, target: String, code: Secret<String>) -> Given {
        Given { medium, target, code }
    }

    pub fn by_phone(payload: Option<ProvenByPhone>) -> Result<Given> {
        let payload = payload.ok_or_else(|| needed("phonePassCodePayload"))?;
        let target = message::normalise_phone(&payload.phone_number, payload.phone_country_code.as_deref());
        let target = target.map_err(|e| e.at("phonePassCodePayload.phoneNumber"))?;
        Ok(Given::new(Medium::Sms, target, payload.pass_code))
    }

    /// `own`: the address that is meant where the payload names none.
    pub fn by_email(payload: Option<ProvenByEmail>, own: Option<&str>) -> Result<Given> {
        let payload = payload.ok_or_else(|| needed("emailPassCodePayload"))?;
        let target = match payload.email.as_deref().or(own) {
            Some(email) => message::normalise_email(email).map_err(|e| e.at("emailPassCodePayload.email"))?,
            None => return Err(needed("emailPassCodePayload.email")),
        };
        Ok(Given::new(Medium::Email, target, payload.pass_code))
    }

    /// Whether it is the live code of this channel; right or wrong, the caller commits.
    pub async fn is_right(&self, tx: &mut Tx, ctx: &Ctx, channel: &str) -> Result<bool> {
        message::check_code(tx, ctx, self.medium, &self.target, channel, self.code.reveal()).await
    }

    /// Whether it was sent to what this user has.
    pub fn is_of(&self, user: &User) -> bool {
        key(user, self.medium) == Some(self.target.as_str())
    }
}

/// The user's address or number, in the form in which it is compared.
pub(super) fn key(user: &User, medium: Medium) -> Option<&str> {
    match medium {
        Medium::Email => user.email_key.as_deref(),
        Medium::Sms => user.phone_key.as_deref(),
    }
}

pub(super) fn needed(field: &str) -> Error {
    Error::invalid(field, text!("required", "必填"))
}
