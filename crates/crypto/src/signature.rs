//! The request signature of the official Node client: HMAC-SHA1 over a canonical string.
//!
//! The string is `METHOD\n`, then `name:value\n` for `date` and each `x-authing-*` header in order of names, then the
//! path and, where the client had a parameter object, `?` and its members as `k=v` joined by `&`, in order of UTF-16
//! code units and not encoded. The object is the query of a GET and the JSON body of anything else.
//!
//! Two things are lost on the way, so several strings may be right ([`candidates`]): an object whose members are all
//! undefined signs as `path?`, and a list of numbers in a query looks like a list of texts.
//!
//! The format itself does not separate members beyond `&` and `=`, nor `1` from `"1"`: requests that differ so share
//! a string. What makes that harmless is the caller's: a nonce is accepted once, and within minutes of its date.
//! The query of a DELETE is not signed at all; handlers must not read one.

mod parameters;

use aws_lc_rs::hmac;
use data_encoding::BASE64;

use crate::hash::ct_eq;
use parameters::Parameters;

/// A request as received.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// In upper case.
    pub method: &'a str,
    /// As on the wire, percent-encoded, without the query.
    pub path: &'a str,
    /// As on the wire, without `?`.
    pub query: Option<&'a str>,
    /// Names in lower case.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
}

/// Takes `authing <access key id>:<signature>` apart. The scheme's case does not count.
pub fn parse_authorization(value: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = value.split_once(' ')?;
    let (id, signature) = rest.split_once(':')?;
    let (id, signature) = (id.trim(), signature.trim());
    (scheme.eq_ignore_ascii_case("authing") && !id.is_empty()).then_some((id, signature))
}

/// The strings, at most two, one of which the client signed; none if it cannot have sent such a request: a signed
/// header or a parameter twice, a GET with a body, a body that is not JSON, a path that is not UTF-8.
pub fn candidates(request: &Signed<'_>) -> Vec<String> {
    let found = || {
        let head = format!("{}\n{}", request.method, canonical_headers(request.headers)?);
        let path = canonical_path(request)?;
        let resources = match parameters(request)? {
            Parameters::Absent => vec![path.clone(), path + "?"],
            Parameters::Present(forms) => forms.into_iter().map(|form| format!("{path}?{form}")).collect(),
        };
        Some(resources.into_iter().map(|resource| format!("{head}{resource}")).collect())
    };
    found().unwrap_or_default()
}

/// The signature of a string, in padded base64. `secret` is the access key secret as text.
pub fn sign(secret: &[u8], string: &str) -> String {
    BASE64.encode(tag(&key(secret), string).as_ref())
}

/// Whether the signature is right for this request. Every candidate is computed and compared in full.
pub fn verify(secret: &[u8], request: &Signed<'_>, given_base64: &str) -> bool {
    let Ok(given) = BASE64.decode(given_base64.as_bytes()) else { return false };
    let key = key(secret);
    candidates(request).iter().fold(false, |right, string| right | ct_eq(tag(&key, string), &given))
}

fn key(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret)
}

fn tag(key: &hmac::Key, string: &str) -> hmac::Tag {
    hmac::sign(key, string.as_bytes())
}

fn canonical_headers(headers: &[(String, String)]) -> Option<String> {
    let mut signed: Vec<&(String, String)> =
        headers.iter().filter(|(name, _)| name == "date" || name.starts_with("x-authing-")).collect();
    signed.sort();
    if signed.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return None;
    }
    let mut out = String::new();
    for (name, value) in signed {
        let value = value.replace(['\t', '\n', '\r', '\u{c}'], " ");
        out.push_str(&format!("{name}:{}\n", value.trim()));
    }
    Some(out)
}

/// The path is signed as the client wrote it, before encoding. A query that is not the parameter object is part of
/// what it wrote.
fn canonical_path(request: &Signed<'_>) -> Option<String> {
    let mut path = parameters::percent_decode(request.path)?;
    if let (false, Some(query)) = (matches!(request.method, "GET" | "DELETE"), request.query) {
        path.push('?');
        path.push_str(&parameters::percent_decode(query)?);
    }
    Some(path)
}

fn parameters(request: &Signed<'_>) -> Option<Parameters> {
    match (request.method, request.body) {
        ("GET", []) => parameters::of_query(request.query.unwrap_or_default()),
        ("GET", _) => None,
        (_, body) => parameters::of_body(body),
    }
}

#[cfg(test)]
mod tests;
