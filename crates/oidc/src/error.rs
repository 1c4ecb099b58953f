//! Refusals as RFC 6749 §5.2 writes them.

use serde_json::{Value, json};
use watchword_kit::{Error, Lang, codes};

/// HTTP status and body of a refusal. The `error` word is the one the domain attached
/// (`domain::token::oauth`), or the one that fits the code.
pub fn problem(e: &Error, lang: Lang) -> (u16, Value) {
    let word = word(e);
    let status = match word {
        "invalid_client" | "invalid_token" => 401,
        "invalid_dpop_proof" if e.code() == codes::NOT_SIGNED_IN => 401,
        "insufficient_scope" | "mfa_required" => 403,
        "server_error" => 500,
        _ if e.code() == codes::TOO_MANY => 429,
        _ => 400,
    };
    let mut body = json!({ "error": word, "error_description": e.message(lang) });
    // What a client needs to go on with a second factor.
    if let (Some(more), Some(body)) = (e.data().and_then(Value::as_object), body.as_object_mut()) {
        for (name, value) in more.iter().filter(|(name, _)| *name != "error") {
            body.insert(name.clone(), value.clone());
        }
    }
    (status, body)
}

fn word(e: &Error) -> &str {
    let attached = e.data().and_then(|d| d.get("error")).and_then(Value::as_str);
    attached.unwrap_or(match e.code().status {
        _ if [codes::NOT_SIGNED_IN, codes::UNAUTHENTICATED].contains(&e.code()) => "invalid_token",
        // Unknown applications and wrong secrets are one refusal to the client.
        401 | 404 => "invalid_client",
        403 => "insufficient_scope",
        429 => "temporarily_unavailable",
        501 => "invalid_request",
        500..=599 => "server_error",
        _ => "invalid_request",
    })
}

/// The ways to authenticate that a refusal names (RFC 6750 §3, RFC 9449 §7.1, RFC 6749 §5.2).
pub fn challenges(e: &Error) -> Vec<&'static str> {
    match word(e) {
        "invalid_client" => vec!["Basic realm=\"watchword\""],
        "insufficient_scope" => vec!["Bearer error=\"insufficient_scope\", scope=\"openid\""],
        "invalid_dpop_proof" => vec!["DPoP error=\"invalid_dpop_proof\", algs=\"RS256 ES256 EdDSA\""],
        "invalid_token" => vec!["Bearer error=\"invalid_token\"", "DPoP algs=\"RS256 ES256 EdDSA\""],
        _ => Vec::new(),
    }
}
