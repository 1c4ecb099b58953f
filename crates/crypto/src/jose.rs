//! Signed tokens: RS256 and HS256 in the compact form (RFC 7515, RFC 7519), and the public key set (RFC 7517).
//!
//! Expiry, audience and issuer are the caller's to check; [`numeric`] reads the times. Every segment this module
//! writes decodes with plain base64 too: claims are written in ASCII with `>`, `?`, `~` and DEL escaped, which leaves
//! no group of six bits that base64url writes as `-` or `_`. One official client decodes the payload so.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::{Value, json};
use watchword_kit::Secret;

use crate::hash::{ct_eq, hmac_sha256, sha256};

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

/// An RSA key that signs, held ready: parsing it for every token would cost more than signing. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey(Arc<Ready>);

struct Ready {
    pair: RsaKeyPair,
    verify: VerifyKey,
    n: String,
    e: String,
}

impl SigningKey {
    /// Draws a key from the library's own generator. Takes up to a second.
    pub fn generate(size: RsaSize) -> Result<Self, JoseError> {
        Self::from_pair(RsaKeyPair::generate(size.key_size()).map_err(|_| JoseError::Key)?)
    }

    /// Reads what [`to_pkcs8`](Self::to_pkcs8) wrote. 2048 to 8192 bits.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, JoseError> {
        Self::from_pair(RsaKeyPair::from_pkcs8(der).map_err(|_| JoseError::Key)?)
    }

    /// PKCS#8 DER, to be sealed.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, JoseError> {
        let der: Pkcs8V1Der<'_> = self.0.pair.as_der().map_err(|_| JoseError::Key)?;
        Ok(Secret::new(der.as_ref().to_vec()))
    }

    /// The RFC 7638 thumbprint of the public key: SHA-256, base64url.
    pub fn kid(&self) -> &str {
        self.0.verify.kid()
    }

    /// The public key for the key set: `kty`, `use`, `alg`, `kid`, `n`, `e`.
    pub fn public_jwk(&self) -> Value {
        let Ready { n, e, .. } = &*self.0;
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid(), "n": n, "e": e })
    }

    pub fn verify_key(&self) -> VerifyKey {
        self.0.verify.clone()
    }

    /// A compact token with `alg`, `typ` and `kid` in its header.
    pub fn sign_rs256(&self, claims: &Value, typ: &str) -> Result<String, JoseError> {
        let header = json!({ "alg": "RS256", "typ": typ, "kid": self.kid() });
        let mut token = signing_input(&header, claims);
        let mut signature = vec![0; self.0.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.0.pair.sign(&RSA_PKCS1_SHA256, &random, token.as_bytes(), &mut signature).map_err(|_| JoseError::Key)?;
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        Ok(token)
    }

    fn from_pair(pair: RsaKeyPair) -> Result<Self, JoseError> {
        let public = pair.public_key();
        let n = BASE64URL_NOPAD.encode(public.modulus().big_endian_without_leading_zero());
        let e = BASE64URL_NOPAD.encode(public.exponent().big_endian_without_leading_zero());
        let kid = BASE64URL_NOPAD.encode(&sha256(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#).as_bytes()));
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.as_ref()).map_err(|_| JoseError::Key)?;
        let verify = VerifyKey(Arc::new(Public { kid, key }));
        Ok(SigningKey(Arc::new(Ready { pair, verify, n, e })))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid())
    }
}

/// The public half of a [`SigningKey`]. Cheap to clone.
#[derive(Clone)]
pub struct VerifyKey(Arc<Public>);

struct Public {
    kid: String,
    key: ParsedPublicKey,
}

impl VerifyKey {
    pub fn kid(&self) -> &str {
        &self.0.kid
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyKey({})", self.kid())
    }
}

/// The claims of an RS256 token that one of `keys`, named by `kid`, signed. Key material inside the token (`jwk`,
/// `jku`, `x5u`, `x5c`) is never looked at.
pub fn verify_rs256(token: &str, keys: &[VerifyKey]) -> Result<Value, JoseError> {
    verify_with_rsa(&Parts::read(token, "RS256")?, keys)
}

/// As [`verify_rs256`], and the header's `typ` must be this one (RFC 8725 §3.11), so that one kind of token cannot
/// stand for another.
pub fn verify_rs256_as(token: &str, typ: &str, keys: &[VerifyKey]) -> Result<Value, JoseError> {
    let parts = Parts::read(token, "RS256")?;
    parts.must_be(typ)?;
    verify_with_rsa(&parts, keys)
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
    verify_with_mac(&Parts::read(token, "HS256")?, key)
}

/// As [`verify_hs256`], and the header's `typ` must be this one.
pub fn verify_hs256_as(token: &str, typ: &str, key: &[u8]) -> Result<Value, JoseError> {
    let parts = Parts::read(token, "HS256")?;
    parts.must_be(typ)?;
    verify_with_mac(&parts, key)
}

/// The claims of a token of which nothing has been verified: to find out which key to try, and for nothing else.
pub fn peek(token: &str) -> Option<Value> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let mut segments = token.split('.');
    let (_, claims) = (segments.next()?, segments.next()?);
    serde_json::from_slice(&decode(claims).ok()?).ok()
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
}

struct Parts<'a> {
    header: Header,
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn read(token: &'a str, alg: &str) -> Result<Self, JoseError> {
        if token.len() > MAX_TOKEN {
            return Err(JoseError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JoseError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(JoseError::Malformed)?;
        if claims.contains('.') {
            return Err(JoseError::Malformed);
        }
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| JoseError::Malformed)?;
        if header.alg != alg || header.crit.is_some() || header.b64.is_some() {
            return Err(JoseError::Algorithm);
        }
        Ok(Parts { header, signed, claims, signature: decode(signature)? })
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

fn verify_with_rsa(parts: &Parts<'_>, keys: &[VerifyKey]) -> Result<Value, JoseError> {
    let kid = parts.header.kid.as_deref().ok_or(JoseError::UnknownKey)?;
    let key = keys.iter().find(|k| k.kid() == kid).ok_or(JoseError::UnknownKey)?;
    key.0.key.verify_sig(parts.signed.as_bytes(), &parts.signature).map_err(|_| JoseError::Signature)?;
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
