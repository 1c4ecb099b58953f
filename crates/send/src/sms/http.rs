//! A receiver of one's own: one signed POST per message.
//!
//! # For receivers
//! The request is `POST` to the configured URL with `content-type: application/json` and the body
//! ```json
//! {"to":"+8613800138000","text":"...","code":"012345","purpose":"login","messageId":"..."}
//! ```
//! `code` is `null` when the text holds none. Two headers prove where it comes from:
//! - [`TIMESTAMP_HEADER`]: when the request was made, in whole seconds since 1970
//! - [`SIGNATURE_HEADER`]: `v1=` and, in lower-case hex, HMAC-SHA-256 keyed with the configured secret over the
//!   timestamp, one full stop, and the body's bytes as received
//!
//! A receiver reads the raw body, computes the same HMAC, compares in constant time, and rejects a timestamp more
//! than [`MAX_AGE_SECONDS`] off its own clock. `messageId` is the same for every attempt: a receiver that has
//! taken a message answers a repetition with success and sends nothing.
//!
//! Any status from 200 to 299 means that the receiver took charge; if the body is a JSON object, its string member
//! `id` is kept as the provider's name for the message. 408, 425, 429 and 500 upwards ask for another attempt.
//! Every other status is final. Redirects are not followed.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use reqwest::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use watchword_kit::{Millis, Secret, text};

use super::{Faults, Request, Sms, by_status, header};
use crate::Outcome;
use crate::fetch::Reply;

/// Unix seconds at which the request was signed.
pub const TIMESTAMP_HEADER: &str = "x-watchword-timestamp";
/// `v1=<64 hex digits>`.
pub const SIGNATURE_HEADER: &str = "x-watchword-signature";
/// How old, or how far ahead, a receiver should let a request be.
pub const MAX_AGE_SECONDS: i64 = 300;

/// A receiver of one's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Http {
    /// `https`, unless the operator allows private networks.
    pub url: String,
    /// Shared with the receiver, 16 bytes or more.
    pub secret: Secret<String>,
    /// Sent along, for gateways that want a key of their own.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret<String>>,
}

impl Http {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.url("url", &self.url);
        if self.secret.reveal().len() < 16 {
            faults.add("secret", text!("16 bytes or more", "至少 16 个字节"));
        }
        for (name, value) in &self.headers {
            let field = format!("headers.{}", crate::one_line(name));
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                faults.add(&field, text!("not the name of an HTTP header", "不是合法的 HTTP 请求头名称"));
            } else if is_reserved(name) {
                faults.add(&field, text!("this header is set by the server", "该请求头由服务器设置"));
            } else if HeaderValue::from_str(value.reveal()).is_err() {
                faults.add(&field, text!("visible characters only", "只能包含可见字符"));
            }
        }
    }

    pub(super) fn request(&self, sms: &Sms, now: Millis) -> Request {
        let body = Body {
            to: &sms.to,
            text: &sms.text,
            code: sms.code.as_deref(),
            purpose: &sms.purpose,
            message_id: &sms.message_id,
        };
        // A structure of strings always serialises.
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let timestamp = now.as_seconds().to_string();
        let signature = sign(self.secret.reveal().as_bytes(), &timestamp, &body);
        let mut headers: Vec<_> = self.headers.iter().map(|(n, v)| header(n, v.reveal().clone())).collect();
        headers.push(header("content-type", "application/json"));
        headers.push(header(TIMESTAMP_HEADER, timestamp));
        headers.push(header(SIGNATURE_HEADER, signature));
        Request { url: self.url.clone(), headers, body }
    }
}

/// The value of [`SIGNATURE_HEADER`] for a request.
pub fn sign(secret: &[u8], timestamp: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    format!("v1={}", HEXLOWER.encode(context.sign().as_ref()))
}

pub(super) fn read(reply: &Reply) -> Outcome {
    if (200..300).contains(&reply.status) {
        let said: Said = serde_json::from_slice(&reply.body).unwrap_or_default();
        return Outcome::Sent { provider_id: said.id.map(|id| crate::one_line(&id)) };
    }
    let said = String::from_utf8_lossy(&reply.body);
    by_status(reply, format!("receiver: HTTP {} {said}", reply.status))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    to: &'a str,
    text: &'a str,
    code: Option<&'a str>,
    purpose: &'a str,
    message_id: &'a str,
}

#[derive(Default, Deserialize)]
struct Said {
    id: Option<String>,
}

fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("x-watchword-")
        || ["host", "content-length", "content-type", "connection", "transfer-encoding", "upgrade", "te", "trailer"]
            .contains(&name.as_str())
}
