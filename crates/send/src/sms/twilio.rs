//! Twilio's Messages resource, API version 2010-04-01.

use data_encoding::BASE64;
use serde::Deserialize;
use watchword_kit::{Secret, text};

use super::{Faults, Request, Sms, by_status, header, is_e164, pairs};
use crate::Outcome;
use crate::fetch::Reply;

/// An account at Twilio. Exactly one of `from` and `messaging_service_sid` names the sender.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Twilio {
    /// `AC` and 32 hex digits.
    pub account_sid: String,
    pub auth_token: Secret<String>,
    /// A number in E.164, or an alphanumeric sender of up to 11 characters.
    #[serde(default)]
    pub from: Option<String>,
    /// `MG` and 32 hex digits.
    #[serde(default)]
    pub messaging_service_sid: Option<String>,
    /// Scheme and host, when not `https://api.twilio.com`.
    #[serde(default)]
    pub endpoint: Option<String>,
}

impl Twilio {
    pub(super) fn check(&self, faults: &mut Faults) {
        if !is_sid(&self.account_sid, "AC") {
            faults.add("accountSid", text!("AC and 32 hex digits", "应为 AC 加 32 位十六进制数字"));
        }
        faults.token("authToken", self.auth_token.reveal());
        match (&self.from, &self.messaging_service_sid) {
            (Some(from), None) if !is_sender(from) => {
                faults.add("from", text!("an E.164 number or a sender name", "应为 E.164 号码或发送者名称"));
            }
            (None, Some(sid)) if !is_sid(sid, "MG") => {
                faults.add("messagingServiceSid", text!("MG and 32 hex digits", "应为 MG 加 32 位十六进制数字"));
            }
            (Some(_), None) | (None, Some(_)) => {}
            _ => faults.add(
                "from",
                text!("exactly one of from and messagingServiceSid", "from 与 messagingServiceSid 必须且只能填写一个"),
            ),
        }
        if let Some(endpoint) = &self.endpoint {
            faults.origin("endpoint", endpoint);
        }
    }

    pub(super) fn request(&self, sms: &Sms) -> Request {
        let sender = match (&self.messaging_service_sid, &self.from) {
            (Some(sid), _) => ("MessagingServiceSid", sid.as_str()),
            (None, from) => ("From", from.as_deref().unwrap_or_default()),
        };
        let endpoint = self.endpoint.as_deref().unwrap_or("https://api.twilio.com").trim().trim_end_matches('/');
        let login = format!("{}:{}", self.account_sid, self.auth_token.reveal());
        Request {
            url: format!("{endpoint}/2010-04-01/Accounts/{}/Messages.json", self.account_sid),
            headers: vec![
                header("authorization", format!("Basic {}", BASE64.encode(login.as_bytes()))),
                header("content-type", "application/x-www-form-urlencoded"),
                header("accept", "application/json"),
            ],
            body: pairs(&[("To", &sms.to), sender, ("Body", &sms.text)]).into_bytes(),
        }
    }
}

pub(super) fn read(reply: &Reply) -> Outcome {
    let said: Said = serde_json::from_slice(&reply.body).unwrap_or_default();
    match reply.status {
        200..=299 => Outcome::Sent { provider_id: said.sid },
        status => {
            let code = said.code.map(|c| format!(" code {c}")).unwrap_or_default();
            by_status(reply, format!("Twilio: HTTP {status}{code} {}", said.message.unwrap_or_default()))
        }
    }
}

#[derive(Default, Deserialize)]
struct Said {
    sid: Option<String>,
    code: Option<i64>,
    message: Option<String>,
}

fn is_sid(s: &str, prefix: &str) -> bool {
    s.strip_prefix(prefix).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_sender(s: &str) -> bool {
    let named = (1..=11).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ');
    is_e164(s) || named
}
