//! Reads tokens, and signs as a client with a key of its own does.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use watchword_crypto::jose::SigningKey;

/// The header of a token (0) or its claims (1), read as whoever does not check them.
pub fn part(token: &str, n: usize) -> Value {
    let part = token.split('.').nth(n).expect("three parts");
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url")).expect("JSON")
}

pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// A token with the bare public key in its header: with the type `dpop+jwt` a proof of possession (RFC 9449 §4.2).
pub fn possession(key: &SigningKey, claims: &Value, typ: &str) -> String {
    let mut jwk = key.public_jwk();
    if let Some(jwk) = jwk.as_object_mut() {
        jwk.retain(|name, _| !["use", "alg", "kid"].contains(&name.as_str()));
    }
    let header = json!({ "alg": key.alg().as_str(), "typ": typ, "jwk": jwk });
    key.sign_under(&header, claims).expect("signed")
}
