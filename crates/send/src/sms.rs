//! One text message, by one of three drivers.

pub mod alibaba;
pub mod http;
#[cfg(test)]
mod tests;
pub mod twilio;

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use watchword_kit::{Millis, Text, text};

use crate::fetch::{FetchError, Reply};
use crate::{Fetch, Outcome, Problem};

pub use alibaba::Alibaba;
pub use http::Http;
pub use twilio::Twilio;

/// Who carries text messages. The member `driver` says which: `twilio`, `alibaba` or `http`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "driver", rename_all = "camelCase")]
pub enum SmsConfig {
    Twilio(Twilio),
    Alibaba(Alibaba),
    Http(Http),
}

/// One text message, rendered.
#[derive(Clone)]
pub struct Sms {
    /// E.164 with its plus sign, `+8613800138000`.
    pub to: String,
    /// The whole text. Alibaba Cloud does not use it: its template makes the text.
    pub text: String,
    /// The code within the text, for drivers that fill a template.
    pub code: Option<String>,
    /// Why it is sent (`login`, `mfa`, ...), for receivers that choose a template by it.
    pub purpose: String,
    /// The template's variables. When empty, `code` alone is used.
    pub template_params: BTreeMap<String, String>,
    /// The same for every attempt, so that a receiver can drop duplicates.
    pub message_id: String,
}

impl fmt::Debug for Sms {
    /// Neither text, code nor variables: they hold codes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sms { purpose, message_id, .. } = self;
        f.debug_struct("Sms").field("message_id", message_id).field("purpose", purpose).finish_non_exhaustive()
    }
}

/// Hands `sms` to the provider. `now` dates the request and `nonce` makes its signature unique: a fresh one for
/// each attempt, 16 to 64 characters of `[A-Za-z0-9-]`.
pub async fn send(config: &SmsConfig, sms: &Sms, now: Millis, nonce: &str, fetch: &Fetch) -> Outcome {
    if let Some(refusal) = Outcome::misconfigured(&config.validate(fetch.allows_private())) {
        return refusal;
    }
    if !is_e164(&sms.to) {
        return Outcome::refused("the recipient is not an E.164 number");
    }
    let request = match config {
        SmsConfig::Twilio(c) => c.request(sms),
        SmsConfig::Alibaba(c) => c.request(sms, now, nonce),
        SmsConfig::Http(c) => c.request(sms, now),
    };
    let reply = match fetch.post(&request.url, &request.headers, request.body).await {
        Ok(reply) => reply,
        Err(FetchError::Forbidden(inside)) => return Outcome::refused(inside),
        Err(FetchError::Unreachable(inside)) => return Outcome::unreachable(inside),
    };
    let verdict = match config {
        SmsConfig::Twilio(_) => twilio::read(&reply),
        SmsConfig::Alibaba(_) => alibaba::read(&reply),
        SmsConfig::Http(_) => http::read(&reply),
    };
    without_message(verdict, sms)
}

impl SmsConfig {
    /// Every fault at once; empty when the configuration can be used. `allow_private` as in [`Fetch::new`].
    pub fn validate(&self, allow_private: bool) -> Vec<Problem> {
        let mut found = Faults { found: Vec::new(), allow_private };
        match self {
            SmsConfig::Twilio(c) => c.check(&mut found),
            SmsConfig::Alibaba(c) => c.check(&mut found),
            SmsConfig::Http(c) => c.check(&mut found),
        }
        found.found
    }
}

/// Whether `s` is `+` and 7 to 15 digits, the first not 0 (ITU-T E.164).
pub fn is_e164(s: &str) -> bool {
    let Some(digits) = s.strip_prefix('+') else { return false };
    (7..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
}

/// What a driver wants POSTed.
struct Request {
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// Collects the faults of a configuration.
struct Faults {
    found: Vec<Problem>,
    allow_private: bool,
}

impl Faults {
    fn add(&mut self, field: &str, text: Text) {
        self.found.push((field.to_owned(), text));
    }

    /// The value goes into a header or a signature: visible ASCII, 1 to 128 characters.
    fn token(&mut self, field: &str, value: &str) {
        if !(1..=128).contains(&value.len()) || !value.bytes().all(|b| b.is_ascii_graphic()) {
            self.add(field, text!("1 to 128 visible ASCII characters", "应为 1 到 128 个可见 ASCII 字符"));
        }
    }

    fn url(&mut self, field: &str, value: &str) {
        if let Err(text) = crate::fetch::check_url(value, self.allow_private) {
            self.add(field, text);
        }
    }

    /// A URL to which a path is added: scheme, host and port only.
    fn origin(&mut self, field: &str, value: &str) {
        match crate::fetch::check_url(value, self.allow_private) {
            Err(text) => self.add(field, text),
            Ok(url) if url.path() != "/" || url.query().is_some() || url.fragment().is_some() => {
                self.add(field, text!("scheme and host only", "只应包含协议与主机"));
            }
            Ok(_) => {}
        }
    }
}

/// RFC 3986 §2.3: everything but letters, digits and `-_.~` is escaped, a space as `%20`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// `a=1&b=2`, fit for a query, a form and a canonical request alike.
fn pairs(of: &[(&str, &str)]) -> String {
    let escape = |s| utf8_percent_encode(s, ESCAPED);
    of.iter().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect::<Vec<_>>().join("&")
}

/// The verdict of a bare HTTP status: whether a failure may pass by itself.
fn by_status(reply: &Reply, inside: String) -> Outcome {
    match reply.status {
        408 | 425 | 429 | 500.. => Outcome::refused_for_now(inside),
        _ => Outcome::refused(inside),
    }
}

/// A provider may echo the request in its refusal; the log must not keep the code.
fn without_message(outcome: Outcome, sms: &Sms) -> Outcome {
    let Outcome::Refused { mut inside, permanent } = outcome else { return outcome };
    let values = sms.template_params.values();
    for secret in std::iter::once(&sms.text).chain(&sms.code).chain(values).filter(|s| !s.is_empty()) {
        inside = inside.replace(secret.as_str(), "***");
    }
    Outcome::Refused { inside, permanent }
}
