//! What names, identifiers and addresses of applications may be.

use serde_json::Value;
use url::Url;
use watchword_api::app::AppType;
use watchword_kit::unicode::is_plain;
use watchword_kit::{Error, Result, codes, text};

/// Longest address, in bytes.
pub(super) const MAX_URI: usize = 2048;
/// Addresses in one list.
const MAX_URIS: usize = 100;
const MAX_NAME: usize = 100;
const MAX_DESCRIPTION: usize = 1000;

/// Schemes that mean something to a browser or reader other than "open this app".
const NOT_AN_APP: &[&str] = &[
    "javascript",
    "vbscript",
    "data",
    "blob",
    "file",
    "filesystem",
    "about",
    "view-source",
    "ws",
    "wss",
    "ftp",
    "mailto",
    "tel",
    "sms",
    "intent",
];

/// 1 to 100 characters, none of them invisible.
pub(super) fn name(given: &str) -> Result<String> {
    let name = given.trim();
    let plain = name.chars().all(is_plain);
    if name.is_empty() || name.chars().count() > MAX_NAME || !plain {
        return Err(Error::invalid(
            "appName",
            text!("1 to {MAX_NAME} characters without control characters", "应为 1 到 {MAX_NAME} 个字符，不含控制字符"),
        ));
    }
    Ok(name.to_owned())
}

/// A part of a host name: 4 to 63 lower-case letters, digits and inner hyphens.
pub(super) fn identifier(given: &str) -> Result<()> {
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let right =
        (4..=63).contains(&given.len()) && given.bytes().all(known) && !given.starts_with('-') && !given.ends_with('-');
    if right {
        return Ok(());
    }
    Err(Error::invalid(
        "appIdentifier",
        text!("4 to 63 of a-z, 0-9 and inner hyphens", "应为 4 到 63 个小写字母、数字或连字符，且不以连字符开头或结尾"),
    ))
}

pub(super) fn description(given: &str) -> Result<()> {
    at_most("appDescription", given, MAX_DESCRIPTION)
}

pub(super) fn at_most(field: &str, given: &str, max: usize) -> Result<()> {
    if given.chars().count() > max {
        return Err(Error::invalid(field, text!("at most {max} characters", "最多 {max} 个字符")));
    }
    Ok(())
}

/// An address on the web.
pub(super) fn web_address(field: &str, given: &str) -> Result<()> {
    match parse(given) {
        Some(url) if is_web(&url) => Ok(()),
        _ => Err(Error::invalid(
            field,
            text!(
                "an http or https address of at most {MAX_URI} bytes, without user name and password",
                "应为 http 或 https 地址，最长 {MAX_URI} 字节，不含用户名和密码"
            ),
        )),
    }
}

/// Where this server tells an application of sign-outs: by HTTPS, or on this machine; null: nowhere.
pub(super) fn back_channel(given: Value) -> Result<Value> {
    let right = |uri: &str| {
        parse(uri).is_some_and(|url| {
            let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            url.fragment().is_none() && is_web(&url) && (url.scheme() == "https" || local)
        })
    };
    if given.is_null() || given.as_str().is_some_and(right) {
        return Ok(given);
    }
    let detail = text!("an https address without fragment, or null", "应为不含 fragment 的 https 地址，或 null");
    Err(Error::new(codes::INVALID).because(detail))
}

/// Addresses to which a browser may be sent back (RFC 6749 §3.1.2, RFC 8252 §7.1): absolute and without fragment; a
/// native application may have a scheme of its own.
pub(super) fn redirect_uris(field: &str, given: &[String], app_type: AppType) -> Result<()> {
    if given.len() > MAX_URIS {
        return Err(Error::invalid(field, text!("at most {MAX_URIS} addresses", "最多 {MAX_URIS} 个地址")));
    }
    for (i, uri) in given.iter().enumerate() {
        if !is_redirect_uri(uri, app_type) {
            return Err(Error::invalid(
                format!("{field}[{i}]"),
                text!(
                    "an absolute address of at most {MAX_URI} bytes, http or https (for appType native also a scheme \
                     of its own), without fragment, wildcard, user name and password",
                    "应为完整地址，最长 {MAX_URI} 字节，http 或 https（native 应用可用自定义 scheme），不含 fragment、通配符、\
                     用户名和密码"
                ),
            ));
        }
    }
    Ok(())
}

fn is_redirect_uri(uri: &str, app_type: AppType) -> bool {
    let Some(url) = parse(uri) else { return false };
    if url.fragment().is_some() || url.host_str().is_some_and(|h| h.contains('*')) {
        return false;
    }
    is_web(&url) || (app_type == AppType::Native && !NOT_AN_APP.contains(&url.scheme()) && !is_http(&url))
}

/// An absolute address that names a resource (RFC 8707 §2).
pub(super) fn is_resource(given: &str) -> bool {
    let tidy = given.len() <= MAX_URI && given.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    tidy && Url::parse(given).is_ok_and(|url| url.fragment().is_none())
}

/// Written as it will be compared: nothing that a parser would trim or turn around.
fn parse(given: &str) -> Option<Url> {
    let tidy = given.len() <= MAX_URI && given.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let url = Url::parse(given).ok().filter(|_| tidy)?;
    // `https:host` and `https:///host` read as addresses, too, but not by everyone as the same.
    let authority = given.get(url.scheme().len()..).and_then(|rest| rest.strip_prefix("://"));
    if is_http(&url) && authority.is_none_or(|rest| rest.starts_with('/')) {
        return None;
    }
    (url.username().is_empty() && url.password().is_none()).then_some(url)
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn is_web(url: &Url) -> bool {
    is_http(url) && url.host_str().is_some_and(|h| !h.is_empty())
}

/// The list without repetitions, in its order.
pub(super) fn distinct<T: PartialEq>(list: Vec<T>) -> Vec<T> {
    let mut out: Vec<T> = Vec::with_capacity(list.len().min(16));
    for item in list {
        if !out.contains(&item) {
            out.push(item);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_addresses_without_tricks_are_redirect_uris() {
        let web = |uri: &str| is_redirect_uri(uri, AppType::Web);
        for right in
            ["https://app.example.com/cb", "http://localhost:3000", "https://a.example/cb?x=1", "http://[::1]/"]
        {
            assert!(web(right), "{right}");
        }
        for wrong in [
            "",
            "/cb",
            "app.example.com/cb",
            "//app.example.com",
            "https://",
            "https:app.example.com",
            "https:///app.example.com",
            "https://a.example/#",
            "https://a.example/#x",
            "https://u@a.example/",
            "https://u:p@a.example/",
            "https://*.example.com/",
            "https://a.example\\@b.example/",
            " https://a.example",
            "https://a.example/\n",
            "https://bücher.example/",
            "myapp://cb",
            "javascript:alert(1)",
        ] {
            assert!(!web(wrong), "{wrong}");
        }
    }

    #[test]
    fn only_native_applications_have_schemes_of_their_own() {
        let native = |uri: &str| is_redirect_uri(uri, AppType::Native);
        assert!(native("com.example.app:/cb") && native("myapp://cb") && native("http://127.0.0.1:7777/cb"));
        for wrong in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "myapp://cb#x", "JAVASCRIPT:0"] {
            assert!(!native(wrong), "{wrong}");
        }
    }

    #[test]
    fn identifiers_are_parts_of_host_names() {
        assert!(identifier("my-app").is_ok() && identifier(&"a".repeat(63)).is_ok() && identifier("abcd").is_ok());
        for wrong in ["abc", "My-app", "my_app", "-app", "app-", "my app", "我的应用"] {
            assert!(identifier(wrong).is_err(), "{wrong}");
        }
        assert!(identifier(&"a".repeat(64)).is_err());
    }
}
