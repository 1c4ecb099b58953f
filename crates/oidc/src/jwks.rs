//! The public keys (RFC 7517): RSA only, the one that signs first, as some clients look at no other.

use watchword_api::token::{Jwk, Jwks};
use watchword_domain::Services;
use watchword_kit::{Error, Result};

pub fn document(services: &Services) -> Result<Jwks> {
    let keys = services.keys.signing.iter().map(|key| {
        let jwk = key.public_jwk();
        let text = |name: &str| jwk.get(name).and_then(|v| v.as_str()).map(str::to_owned);
        let member = |name: &str| text(name).ok_or_else(|| Error::internal(format!("a public key without {name}")));
        Ok(Jwk {
            kty: member("kty")?,
            use_: "sig".into(),
            alg: "RS256".into(),
            kid: key.kid().to_owned(),
            n: member("n")?,
            e: member("e")?,
        })
    });
    Ok(Jwks { keys: keys.collect::<Result<_>>()? })
}
