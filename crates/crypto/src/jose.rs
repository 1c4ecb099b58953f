//! Signed tokens: RS256, ES256, EdDSA and HS256 in the compact form (RFC 7515, RFC 7519), and public keys (RFC 7517).
//!
//! Expiry, audience and issuer are the caller's to check; [`numeric`] reads the times. Every segment this module
//! writes decodes with plain base64 too: claims are written in ASCII with `>`, `?`, `~` and DEL escaped, which leaves
//! no group of six bits that base64url writes as `-` or `_`. One official client decodes the payload so.

mod key;

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::rsa::KeySize;
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::hash::{ct_eq, hmac_sha256};

pub use key::{Alg, SigningKey, VerifyKey};

/// Longer tokens are refused unread.
const MAX_TOKEN: usize = 16 * 1024;

/// The sizes of RSA keys that are made here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RsaSize {
    #[default]
    Rsa2048,
    Rsa3072,
}

impl RsaSize {
    pub(crate) fn key_size(self) -> KeySize {
        match self {
            RsaSize::Rsa2048 => KeySize::Rsa2048,
            RsaSize::Rsa3072 => KeySize::Rsa3072,
        }
    }
}

/// Why a token or key is refused. For the log: a caller learns only that the token is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoseError {
    /// Not three canonical base64url segments of the right JSON.
    Malformed,
    /// `alg` is not the one asked for, or the header demands an extension (`crit`).
    Algorithm,
    /// `typ` is not the one asked for.
    Type,
    /// `kid` is absent or names no key given.
    UnknownKey,
    Signature,
    /// A private key could not be made, read, written or used.
    Key,
}

impl fmt::Display for JoseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JoseError::Malformed => "the token is malformed",
            JoseError::Algorithm => "the token's algorithm is not accepted",
            JoseError::Type => "the token's type is not accepted",
            JoseError::UnknownKey => "the token names an unknown key",
            JoseError::Signature => "the token's signature is wrong",
            JoseError::Key => "the key cannot be used",
        })
    }
}

impl std::error::Error for JoseError {}

/// The claims of a token that one of `keys`, named by `kid`, signed. The key decides the algorithm, not the token. Key
/// material inside the token (`jwk`, `jku`, `x5u`, `x5c`) is never looked at.
pub fn verify(token: &str, keys: &[VerifyKey]) -> Result<Value, JoseError> {
    verify_by_name(&Parts::signed_by_one_of(token, keys)?, keys)
}

/// As [`verify`], and the header's `typ` must be this one (RFC 8725 §3.11), so that one kind of token cannot stand for
/// another.
pub fn verify_as(token: &str, typ: &str, keys: &[VerifyKey]) -> Result<Value, JoseError> {
    let parts = Parts::signed_by_one_of(token, keys)?;
    parts.must_be(typ)?;
    verify_by_name(&parts, keys)
}

/// As [`verify`], for the keys of somebody who may leave `kid` out: then any of theirs of that algorithm will do.
pub fn verify_by_any(token: &str, keys: &[VerifyKey]) -> Result<Value, JoseError> {
    let parts = Parts::signed_by_one_of(token, keys)?;
    let named = |key: &&VerifyKey| parts.header.kid.as_deref().is_none_or(|kid| kid == key.kid());
    let mut fitting = keys.iter().filter(named).filter(|key| parts.is_of(key)).peekable();
    fitting.peek().ok_or(JoseError::UnknownKey)?;
    if fitting.any(|key| key.verifies(parts.signed, &parts.signature).is_ok()) {
        return parts.claims();
    }
    Err(JoseError::Signature)
}

/// The claims of a token whose signature proves possession of the public key in its own header (RFC 9449 §4.3), and that
/// key. It says nothing about whose key it is.
pub fn verify_possession(token: &str, typ: &str) -> Result<(Value, VerifyKey), JoseError> {
    let parts = Parts::read(token, |alg| Alg::parse(alg).is_some())?;
    parts.must_be(typ)?;
    let key = VerifyKey::from_jwk(parts.header.jwk.as_ref().ok_or(JoseError::UnknownKey)?)?;
    if !parts.is_of(&key) {
        return Err(JoseError::Algorithm);
    }
    key.verifies(parts.signed, &parts.signature)?;
    Ok((parts.claims()?, key))
}

/// What a token says before anybody has checked who says it: good for finding the key, and for nothing else.
pub fn unverified_claims(token: &str) -> Result<Value, JoseError> {
    Parts::read(token, |_| true)?.claims()
}

/// `at_hash` and `c_hash` (OpenID Connect Core §3.1.3.6, §3.3.2.11): the left half of the hash that the ID token's
/// algorithm uses; with Ed25519 that is SHA-512.
pub fn half_hash(alg: &str, text: &str) -> String {
    let algorithm = if alg == "EdDSA" { &digest::SHA512 } else { &digest::SHA256 };
    let hash = digest::digest(algorithm, text.as_bytes());
    BASE64URL_NOPAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

/// A compact token under a shared key of 32 bytes or more (RFC 7518 §3.2).
pub fn sign_hs256(key: &[u8], typ: &str, claims: &Value) -> String {
    let mut token = signing_input(&json!({ "alg": "HS256", "typ": typ }), claims);
    let tag = hmac_sha256(key, token.as_bytes());
    token.push('.');
    BASE64URL_NOPAD.encode_append(&tag, &mut token);
    token
}

/// The claims of an HS256 token under this key. `kid` is not looked at.
pub fn verify_hs256(token: &str, key: &[u8]) -> Result<Value, JoseError> {
    verify_with_mac(&Parts::read(token, |alg| alg == "HS256")?, key)
}

/// As [`verify_hs256`], and the header's `typ` must be this one.
pub fn verify_hs256_as(token: &str, typ: &str, key: &[u8]) -> Result<Value, JoseError> {
    let parts = Parts::read(token, |alg| alg == "HS256")?;
    parts.must_be(typ)?;
    verify_with_mac(&parts, key)
}

/// The member as whole seconds (RFC 7519 §2, NumericDate); a fraction is cut off.
pub fn numeric(claims: &Value, name: &str) -> Option<i64> {
    let value = claims.get(name)?;
    value.as_i64().or_else(|| {
        let seconds = value.as_f64()?.floor();
        // Within ±2^53 every whole f64 is an exact i64.
        (seconds.abs() < 9_007_199_254_740_992.0).then_some(seconds as i64)
    })
}

/// Unknown members, among them all that could carry keys, are ignored; a repeated member is an error.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
    b64: Option<Value>,
    /// Looked at by [`verify_possession`] only.
    jwk: Option<Value>,
}

struct Parts<'a> {
    header: Header,
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn signed_by_one_of(token: &'a str, keys: &[VerifyKey]) -> Result<Self, JoseError> {
        // Where there is no key the algorithm is not what is wrong.
        Parts::read(token, |alg| match keys {
            [] => Alg::parse(alg).is_some(),
            keys => keys.iter().any(|key| key.alg().as_str() == alg),
        })
    }

    fn read(token: &'a str, accepted: impl Fn(&str) -> bool) -> Result<Self, JoseError> {
        if token.len() > MAX_TOKEN {
            return Err(JoseError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JoseError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(JoseError::Malformed)?;
        if claims.contains('.') {
            return Err(JoseError::Malformed);
        }
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| JoseError::Malformed)?;
        if !accepted(&header.alg) || header.crit.is_some() || header.b64.is_some() {
            return Err(JoseError::Algorithm);
        }
        Ok(Parts { header, signed, claims, signature: decode(signature)? })
    }

    fn is_of(&self, key: &VerifyKey) -> bool {
        self.header.alg == key.alg().as_str()
    }

    /// RFC 7515 §4.1.9: case does not count, nor does the prefix `application/`.
    fn must_be(&self, typ: &str) -> Result<(), JoseError> {
        let plain = |t: &str| t.to_ascii_lowercase().trim_start_matches("application/").to_owned();
        match &self.header.typ {
            Some(given) if plain(given) == plain(typ) => Ok(()),
            _ => Err(JoseError::Type),
        }
    }

    /// Called only once the signature is right.
    fn claims(&self) -> Result<Value, JoseError> {
        let claims: Value = serde_json::from_slice(&decode(self.claims)?).map_err(|_| JoseError::Malformed)?;
        if claims.is_object() { Ok(claims) } else { Err(JoseError::Malformed) }
    }
}

fn verify_by_name(parts: &Parts<'_>, keys: &[VerifyKey]) -> Result<Value, JoseError> {
    let kid = parts.header.kid.as_deref().ok_or(JoseError::UnknownKey)?;
    let key = keys.iter().find(|k| k.kid() == kid).ok_or(JoseError::UnknownKey)?;
    if !parts.is_of(key) {
        return Err(JoseError::Algorithm);
    }
    key.verifies(parts.signed, &parts.signature)?;
    parts.claims()
}

fn verify_with_mac(parts: &Parts<'_>, key: &[u8]) -> Result<Value, JoseError> {
    if !ct_eq(hmac_sha256(key, parts.signed.as_bytes()), &parts.signature) {
        return Err(JoseError::Signature);
    }
    parts.claims()
}

/// Strict: no padding, no white space, no dot, no bits to spare.
fn decode(segment: &str) -> Result<Vec<u8>, JoseError> {
    BASE64URL_NOPAD.decode(segment.as_bytes()).map_err(|_| JoseError::Malformed)
}

fn signing_input(header: &Value, claims: &Value) -> String {
    let mut out = BASE64URL_NOPAD.encode(plain_ascii(header).as_bytes());
    out.push('.');
    BASE64URL_NOPAD.encode_append(plain_ascii(claims).as_bytes(), &mut out);
    out
}

/// JSON in ASCII without `>`, `?`, `~` and DEL, all of which can occur in strings only and are escaped there.
fn plain_ascii(value: &Value) -> String {
    let json = value.to_string();
    let plain = |c: char| c.is_ascii() && !matches!(c, '>' | '?' | '~' | '\u{7f}');
    if json.chars().all(plain) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if plain(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
