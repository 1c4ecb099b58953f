//! What we hand out to be recognised by: management tokens, access and ID tokens, refresh tokens, MFA tokens.

mod access;
mod draft;
mod introspect;
mod mfa_token;
mod revoke;

use serde_json::{Value, json};
use watchword_crypto::hash;
use watchword_crypto::jose;
use watchword_kit::{Error, Millis, codes};
use watchword_store::access_key::AccessKey;

use crate::services::Services;

pub use access::{AccessClaims, IdClaims, read_access, read_id, validate};
pub(crate) use draft::sign_id;
pub use draft::{Draft, Extras, Front, draft, for_client};
pub use introspect::introspect;
pub use mfa_token::{begin_mfa, introspect_mfa, read_mfa};
pub use revoke::revoke;

/// Seconds that a management token lives; clients renew without margin, so it is exactly this.
pub const MANAGEMENT_LIFETIME: i64 = 7200;
/// How long a sign-in may wait for its second factor.
pub const MFA_LIFETIME: Millis = Millis::minutes(5);

const MANAGEMENT: &str = "management+jwt";
const ACCESS: &str = "at+jwt";
const ID: &str = "JWT";

/// A token for the management API. Clients read `scoped_userpool_id` from it without checking anything.
pub fn issue_management(services: &Services, key: &AccessKey, now: Millis) -> String {
    let claims = json!({
        "scoped_userpool_id": key.pool_id,
        "access_key_id": key.id,
        "secret": secret_mark(key),
        "iss": services.settings.issuer(),
        "iat": now.as_seconds(),
        "exp": now.as_seconds() + MANAGEMENT_LIFETIME,
        "jti": services.entropy.hex(8),
    });
    jose::sign_hs256(&services.keys.management_mac, MANAGEMENT, &claims)
}

/// Tells one secret of a key from the next, and nothing about either.
pub(crate) fn secret_mark(key: &AccessKey) -> String {
    hash::sha256_hex(&key.secret_sealed)[..16].to_owned()
}

/// What a management token says.
pub struct ManagementClaims {
    pub pool: String,
    pub access_key: String,
    pub secret_mark: String,
}

/// The claims of a management token, while it is valid; whether its key still is, the database knows.
pub fn read_management(services: &Services, token: &str, now: Millis) -> Option<ManagementClaims> {
    let claims = jose::verify_hs256_as(token, MANAGEMENT, &services.keys.management_mac).ok()?;
    if jose::numeric(&claims, "exp")? <= now.as_seconds() {
        return None;
    }
    Some(ManagementClaims {
        pool: text(&claims, "scoped_userpool_id")?,
        access_key: text(&claims, "access_key_id")?,
        secret_mark: text(&claims, "secret")?,
    })
}

/// A refusal of `/oidc/token` and its like: `error` is RFC 6749's word for it.
pub fn oauth(error: &'static str) -> Error {
    Error::new(codes::INVALID).with_data(json!({ "error": error }))
}

fn text(claims: &Value, name: &str) -> Option<String> {
    claims.get(name)?.as_str().map(str::to_owned)
}

/// Whether the text is an RSA public key of 2048 bits or more as PEM: `POST /api/v2/oidc/validate_pem_key`. ID tokens are
/// not encrypted here; the question is answered all the same.
pub fn is_rsa_pem(text: &str) -> bool {
    jose::VerifyKey::check_pem(text).is_ok()
}
