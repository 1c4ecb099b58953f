//! The public keys (RFC 7517): RSA first, and of them the one that signs, as some clients look at no other.
//!
//! The key set of the installation is RSA only: the official SDKs refuse a set in which any other key is. Applications
//! that have chosen ES256 or EdDSA find those keys in the set at their own path, behind the RSA keys.

use watchword_api::oidc::{Jwk, Jwks};
use watchword_crypto::jose::{Alg, SigningKey};
use watchword_domain::{Services, app};
use watchword_kit::{Error, Result};

/// The keys that every client knows.
pub fn document(services: &Services) -> Result<Jwks> {
    of(services, &[Alg::Rs256])
}

/// The keys that sign an application's tokens. An unknown application has those of all.
pub async fn of_app(services: &Services, id: &str) -> Result<Jwks> {
    let own = match app::find(services, id).await {
        Ok(app) => app::client_settings(&app)?.own_algs(),
        Err(_) => Vec::new(),
    };
    of(services, &[&[Alg::Rs256], own.as_slice()].concat())
}

fn of(services: &Services, algs: &[Alg]) -> Result<Jwks> {
    let now = services.clock.now();
    let keys = algs.iter().flat_map(|alg| services.keys.signing.published(*alg, now));
    Ok(Jwks { keys: keys.map(|key| jwk(&key)).collect::<Result<_>>()? })
}

fn jwk(key: &SigningKey) -> Result<Jwk> {
    let jwk = key.public_jwk();
    let text = |name: &str| jwk.get(name).and_then(|v| v.as_str()).map(str::to_owned);
    Ok(Jwk {
        kty: text("kty").ok_or_else(|| Error::internal("a public key without kty"))?,
        use_: "sig".into(),
        alg: key.alg().as_str().into(),
        kid: key.kid().to_owned(),
        n: text("n"),
        e: text("e"),
        crv: text("crv"),
        x: text("x"),
        y: text("y"),
    })
}
