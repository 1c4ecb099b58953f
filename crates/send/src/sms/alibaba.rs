//! Alibaba Cloud SMS: operation SendSms, version 2017-05-25, signed with ACS3-HMAC-SHA256 (request signature V3).

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use watchword_kit::{Millis, Secret, text};

use super::{Faults, Request, Sms, by_status, header, pairs};
use crate::Outcome;
use crate::fetch::Reply;

/// An access key of Alibaba Cloud, with a signature and a template the provider has approved.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Alibaba {
    pub access_key_id: String,
    pub access_key_secret: Secret<String>,
    pub sign_name: String,
    pub template_code: String,
    /// Scheme and host, when not `https://dysmsapi.aliyuncs.com`; regions outside mainland China have their own.
    #[serde(default)]
    pub endpoint: Option<String>,
}

impl Alibaba {
    pub(super) fn check(&self, faults: &mut Faults) {
        faults.token("accessKeyId", &self.access_key_id);
        faults.token("accessKeySecret", self.access_key_secret.reveal());
        if self.sign_name.trim().is_empty() {
            faults.add("signName", text!("the approved signature", "应为已审核通过的签名"));
        }
        faults.token("templateCode", &self.template_code);
        if let Some(endpoint) = &self.endpoint {
            faults.origin("endpoint", endpoint);
        }
    }

    pub(super) fn request(&self, sms: &Sms, now: Millis, nonce: &str) -> Request {
        let endpoint = self.endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT).trim().trim_end_matches('/');
        let params = template_params(sms);
        // In the order of their names, as the signature wants them.
        let query = pairs(&[
            ("PhoneNumbers", phone_number(&sms.to)),
            ("SignName", &self.sign_name),
            ("TemplateCode", &self.template_code),
            ("TemplateParam", &params),
        ]);
        let signed = [
            header("host", host_of(endpoint)),
            header("x-acs-action", "SendSms"),
            header("x-acs-content-sha256", sha256(b"")),
            header("x-acs-date", seconds_iso(now)),
            header("x-acs-signature-nonce", nonce),
            header("x-acs-version", "2017-05-25"),
        ];
        let authorization = self.authorization(&query, &signed);
        // The client writes Host itself, from the same URL.
        let mut headers: Vec<_> = signed.into_iter().filter(|(name, _)| name != "host").collect();
        headers.push(header("authorization", authorization));
        headers.push(header("accept", "application/json"));
        Request { url: format!("{endpoint}/?{query}"), headers, body: Vec::new() }
    }

    /// `signed` must be sorted by name, names in lower case.
    fn authorization(&self, query: &str, signed: &[(String, String)]) -> String {
        let lines: String = signed.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let names = signed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
        let canonical = format!("POST\n/\n{query}\n{lines}\n{names}\n{}", sha256(b""));
        let to_sign = format!("{ALGORITHM}\n{}", sha256(canonical.as_bytes()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.access_key_secret.reveal().as_bytes());
        let signature = HEXLOWER.encode(hmac::sign(&key, to_sign.as_bytes()).as_ref());
        format!("{ALGORITHM} Credential={},SignedHeaders={names},Signature={signature}", self.access_key_id)
    }
}

const ALGORITHM: &str = "ACS3-HMAC-SHA256";
const DEFAULT_ENDPOINT: &str = "https://dysmsapi.aliyuncs.com";

/// Codes with which the provider says "not now": its own faults, and its limits per number and per second.
const PASSING: [&str; 6] = [
    "isv.BUSINESS_LIMIT_CONTROL",
    "isp.SYSTEM_ERROR",
    "isp.GATEWAY_ERROR",
    "InternalError",
    "ServiceUnavailable",
    "SystemError",
];

pub(super) fn read(reply: &Reply) -> Outcome {
    let said: Said = serde_json::from_slice(&reply.body).unwrap_or_default();
    let code = said.code.as_deref().unwrap_or_default();
    let inside = format!("Alibaba Cloud: HTTP {} {code} {}", reply.status, said.message.unwrap_or_default());
    match reply.status {
        200..=299 if code == "OK" => Outcome::Sent { provider_id: said.biz_id },
        _ if code.is_empty() && reply.status < 300 => Outcome::refused_for_now(format!("{inside}(not readable)")),
        _ if code.starts_with("Throttling") || PASSING.contains(&code) => Outcome::refused_for_now(inside),
        _ => by_status(reply, inside),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Said {
    code: Option<String>,
    message: Option<String>,
    biz_id: Option<String>,
}

/// Mainland numbers go without a country code, all others with its digits and no plus sign.
fn phone_number(e164: &str) -> &str {
    match e164.strip_prefix("+86") {
        Some(national) if national.len() == 11 && national.starts_with('1') => national,
        _ => e164.trim_start_matches('+'),
    }
}

fn template_params(sms: &Sms) -> String {
    if !sms.template_params.is_empty() {
        return serde_json::json!(sms.template_params).to_string();
    }
    match &sms.code {
        Some(code) => serde_json::json!({ "code": code }).to_string(),
        None => String::from("{}"),
    }
}

/// Host and, when it is not the scheme's own, port: what the client will write into Host.
fn host_of(endpoint: &str) -> String {
    match reqwest::Url::parse(endpoint) {
        Ok(url) => match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        },
        Err(_) => String::new(),
    }
}

/// `2026-11-20T04:17:47Z`: the signature allows no fraction of a second.
fn seconds_iso(now: Millis) -> String {
    Millis::seconds(now.as_seconds()).iso().replace(".000Z", "Z")
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}
