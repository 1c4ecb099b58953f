//! Refusals as RFC 6749 §5.2 writes them.

use serde_json::{Value, json};
use watchword_kit::{Error, Lang};

/// HTTP status and body of a refusal. The `error` word is the one the domain attached
/// (`domain::token::oauth`), or the one that fits the code.
pub fn problem(e: &Error, lang: Lang) -> (u16, Value) {
    let attached = e.data().and_then(|d| d.get("error")).and_then(Value::as_str);
    let word = attached.unwrap_or(match e.code().status {
        // Unknown applications and wrong secrets are one refusal to the client.
        401 | 404 => "invalid_client",
        403 => "access_denied",
        429 => "slow_down",
        500..=599 => "server_error",
        _ => "invalid_request",
    });
    let status = match word {
        "invalid_client" | "invalid_token" => 401,
        "server_error" => 500,
        "slow_down" => 429,
        _ => 400,
    };
    (status, json!({ "error": word, "error_description": e.message(lang) }))
}
