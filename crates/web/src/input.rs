//! Bodies and queries, read strictly: what is wrong is said with its path, and nothing is guessed.

mod multipart;
mod query;
mod strict;

use serde::de::DeserializeOwned;
use watchword_kit::{Error, Result, text};

use crate::op::{Raw, Source};

pub use query::pairs;

/// Reads a request.
///
/// # Errors
/// 400 with the path of the first offending member (`list[3].otp.secret`), 413 for too many of something.
pub fn parse<T: DeserializeOwned>(raw: &Raw) -> Result<T> {
    match raw.source {
        Source::Query => query::parse(&format!("{}{}", raw.path, raw.query)),
        Source::Form if !looks_like_json(&raw.body) => {
            let body = std::str::from_utf8(&raw.body).map_err(|_| not_utf8())?;
            // What stands in the address is in logs and histories: secrets are read from the body alone (RFC 6749
            // §2.3.1), and nothing else from elsewhere but what the path names.
            query::parse(&format!("{body}&{}", raw.path))
        }
        Source::Multipart => multipart::parse(raw),
        Source::Form => json(&raw.body),
        Source::Json => {
            says_json(raw)?;
            json(&raw.body)
        }
    }
}

/// A page of another site sends forms and plain text without asking, so that neither passes for JSON. SDKs send requests
/// without members under any type.
fn says_json(raw: &Raw) -> Result<()> {
    let kind = raw.content_type.as_deref().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    if matches!(raw.body.trim_ascii(), b"" | b"null" | b"{}") {
        return Ok(());
    }
    Err(Error::invalid(
        "Content-Type",
        text!("application/json for a body of JSON", "JSON 请求体应为 application/json"),
    ))
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let text = std::str::from_utf8(body).map_err(|_| not_utf8())?;
    // SDKs send nothing, `null` or `{}` where a request has no members.
    let text = if matches!(text.trim(), "" | "null") { "{}" } else { text };
    strict::check(text)?;
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        let path = e.path().to_string();
        explain(&path, &e.into_inner().to_string())
    })
}

fn looks_like_json(body: &[u8]) -> bool {
    body.trim_ascii_start().first().is_none_or(|b| matches!(b, b'{' | b'[' | b'n'))
}

fn not_utf8() -> Error {
    Error::invalid("body", text!("not UTF-8", "不是有效的 UTF-8"))
}

/// Turns the decoder's message into a field error: a missing member is named, positions are dropped.
fn explain(path: &str, message: &str) -> Error {
    let message = message.split(" at line ").next().unwrap_or(message);
    let path = if path == "." { "" } else { path };
    let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(name) = message.strip_prefix("missing field `").and_then(|m| m.strip_suffix('`')) {
        return Error::invalid(join(name), text!("required", "必填"));
    }
    if let Some(name) = message.strip_prefix("duplicate field `").and_then(|m| m.strip_suffix('`')) {
        return Error::invalid(join(name), text!("given twice", "重复出现"));
    }
    let place = if path.is_empty() { "body" } else { path };
    if let Some((_, expected)) = message.split_once(", expected ") {
        let expected = expected.trim();
        let got = match message {
            m if m.starts_with("unknown variant") => "",
            m if m.starts_with("invalid type: null") => "null: ",
            _ => "",
        };
        return Error::invalid(place, text!("{got}must be {expected}", "{got}应为 {expected}"));
    }
    Error::invalid(place, text!("not acceptable", "不合法"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde::Deserialize;
    use watchword_kit::{Lang, Secret, codes};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read only to be refused")]
    #[serde(rename_all = "camelCase")]
    struct Outer {
        list: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read only to be refused")]
    #[serde(rename_all = "camelCase")]
    struct Inner {
        user_id: String,
        otp: Option<Otp>,
        flag: Option<bool>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read only to be refused")]
    struct Otp {
        secret: Secret<String>,
    }

    fn refuse(body: &str) -> String {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let content_type = Some("application/json; charset=UTF-8".to_owned());
        let raw = Raw { source: Source::Json, path: String::new(), query: String::new(), body, content_type };
        let e = parse::<Outer>(&raw).unwrap_err();
        assert!(e.code() == codes::INVALID || e.code() == codes::TOO_LARGE, "{e:?}");
        e.message(Lang::En)
    }

    #[test]
    fn the_path_of_the_offending_member_is_named() {
        assert_eq!(refuse(r#"{}"#), "list: required");
        assert_eq!(refuse(r#"{"list":[{"userId":"a"},{"otp":null}]}"#), "list[1].userId: required");
        assert_eq!(refuse(r#"{"list":[{"userId":"a","otp":{}}]}"#), "list[0].otp.secret: required");
        assert_eq!(refuse(r#"{"list":[{"userId":"a","otp":{"secret":7}}]}"#), "list[0].otp.secret: must be a string");
        assert_eq!(refuse(r#"{"list":[{"userId":"a","flag":"yes"}]}"#), "list[0].flag: must be a boolean");
        assert_eq!(refuse(r#"{"list":"a"}"#), "list: must be a sequence");
    }

    #[test]
    fn duplicates_depth_and_junk_are_refused() {
        assert_eq!(refuse(r#"{"list":[],"list":[]}"#), "list: given twice");
        assert_eq!(refuse(r#"{"list":[{"userId":"a","x":{"k":1,"k":2}}]}"#), "list[0].x.k: given twice");
        let deep = format!(r#"{{"list":[],"x":{}{}}}"#, "[".repeat(70), "]".repeat(70));
        assert!(refuse(&deep).ends_with("nested deeper than 64 levels"), "{}", refuse(&deep));
        assert!(refuse(&"[".repeat(100_000)).contains("nested deeper"));
        let members: Vec<String> = (0..10_001).map(|i| format!(r#""{i}":1"#)).collect();
        let wide = format!(r#"{{"list":[],"x":{{{}}}}}"#, members.join(","));
        assert_eq!(refuse(&wide), "x: more than 10000 members");
        assert!(refuse(r#"{"list":[]} x"#).starts_with("body:"));
        assert!(refuse(r#"{"list":[1e400]}"#).starts_with("body:") || refuse(r#"{"list":[1e400]}"#).contains("number"));
        assert!(refuse(r#"{"list":["\ud800"]}"#).starts_with("body:"));
        assert!(refuse(&format!(r#"{{"list":[],"s":"{}"}}"#, "a".repeat(70_000))).contains("65536"));
    }

    #[test]
    fn values_are_never_echoed() {
        assert!(!refuse(r#"{"list":[{"userId":"a","flag":"hunter2"}]}"#).contains("hunter2"));
    }
}
