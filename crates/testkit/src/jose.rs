//! Signs as a client with a key of its own does.

use serde_json::{Value, json};
use watchword_crypto::jose::SigningKey;

/// A token with the bare public key in its header: with the type `dpop+jwt` a proof of possession (RFC 9449 §4.2).
pub fn possession(key: &SigningKey, claims: &Value, typ: &str) -> String {
    let mut jwk = key.public_jwk();
    if let Some(jwk) = jwk.as_object_mut() {
        jwk.retain(|name, _| !["use", "alg", "kid"].contains(&name.as_str()));
    }
    let header = json!({ "alg": key.alg().as_str(), "typ": typ, "jwk": jwk });
    key.sign_under(&header, claims).expect("signed")
}
