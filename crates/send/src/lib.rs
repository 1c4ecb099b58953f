//! Effects: e-mail by SMTP and SMS by three drivers. The worker calls it with a message already rendered.
//!
//! # Layout
//! - [`email`]: one mail to one recipient over SMTP, with STARTTLS or TLS
//! - [`sms`]: one text message, by Twilio, Alibaba Cloud or a receiver of one's own
//! - [`fetch`]: the one HTTP client, which refuses private addresses, redirects and long replies
//! - `testing` (feature `testing`): servers on loopback that record what they are sent
//!
//! # Not here
//! No queue, no retry, no template, no store, no rate limit. Nothing here runs inside a database transaction:
//! a call may take as long as its timeouts allow.

pub mod email;
pub mod fetch;
pub mod sms;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

use watchword_kit::{Code, Lang, Text, codes};

pub use email::{Email, Security, SmtpConfig};
pub use fetch::Fetch;
pub use sms::{Sms, SmsConfig};

/// One fault of a configuration: the member's path in camelCase (`headers.Host`) and what would be right.
pub type Problem = (String, Text);

/// What became of one message. `inside` is for the log: it may name the provider and the recipient, but holds
/// neither the message nor a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took charge of the message. That is no proof of delivery.
    Sent {
        /// The provider's own name for the message, when it gave one.
        provider_id: Option<String>,
    },
    /// The provider, or a check before it, said no. `permanent` when the same message would be refused again.
    Refused { inside: String, permanent: bool },
    /// No usable answer: no connection, no safe channel, a timeout. The message may nevertheless have left.
    Unreachable { inside: String },
}

impl Outcome {
    /// The code the API shows for a failure: 602 refused, 601 unreachable.
    pub fn code(&self) -> Option<&'static Code> {
        match self {
            Outcome::Sent { .. } => None,
            Outcome::Refused { .. } => Some(codes::PROVIDER_REFUSED),
            Outcome::Unreachable { .. } => Some(codes::PROVIDER_FAILED),
        }
    }

    /// Whether trying again later can help.
    pub fn may_retry(&self) -> bool {
        matches!(self, Outcome::Unreachable { .. } | Outcome::Refused { permanent: false, .. })
    }

    pub(crate) fn refused(inside: impl AsRef<str>) -> Self {
        Outcome::Refused { inside: one_line(inside.as_ref()), permanent: true }
    }

    pub(crate) fn refused_for_now(inside: impl AsRef<str>) -> Self {
        Outcome::Refused { inside: one_line(inside.as_ref()), permanent: false }
    }

    pub(crate) fn unreachable(inside: impl AsRef<str>) -> Self {
        Outcome::Unreachable { inside: one_line(inside.as_ref()) }
    }

    /// A message is not tried with a configuration that would not be accepted today.
    pub(crate) fn misconfigured(problems: &[Problem]) -> Option<Self> {
        let (field, text) = problems.first()?;
        Some(Outcome::refused(format!("configuration: {field}: {}", text.get(Lang::En))))
    }
}

/// Longest text kept from a provider's reply, in characters.
const ONE_LINE: usize = 300;

/// Makes a foreign text fit for one line of a log: no control characters, bounded length.
pub(crate) fn one_line(s: &str) -> String {
    s.chars().take(ONE_LINE).map(|c| if watchword_kit::unicode::is_plain(c) { c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_map_to_601_and_602_and_only_some_are_tried_again() {
        let sent = Outcome::Sent { provider_id: None };
        assert_eq!((sent.code(), sent.may_retry()), (None, false));
        let row = |o: Outcome| (o.code().map(|c| c.status), o.may_retry());
        assert_eq!(row(Outcome::unreachable("x")), (Some(601), true));
        assert_eq!(row(Outcome::refused("x")), (Some(602), false));
        assert_eq!(row(Outcome::refused_for_now("x")), (Some(602), true));
    }

    #[test]
    fn a_reply_cannot_forge_a_second_log_line() {
        let line = one_line(&format!("550 no\r\n2026 ERROR forged\u{1b}[31m{}", "x".repeat(1000)));
        assert!(!line.contains(['\r', '\n', '\u{1b}']));
        assert_eq!(line.chars().count(), 300);
    }
}
