//! What we hand out to be recognised by: management tokens, access and ID tokens, refresh tokens, MFA tokens.

mod access;
mod draft;
mod introspect;
mod revoke;

use serde_json::{Value, json};
use watchword_crypto::hash;
use watchword_crypto::jose;
use watchword_kit::{Error, Millis, Result, codes};
use watchword_store::Tx;
use watchword_store::access_key::AccessKey;
use watchword_store::mfa_transaction::{self, MfaTransaction};

use crate::ctx::Ctx;
use crate::services::Services;

pub use access::{AccessClaims, IdClaims, read_access, read_id, validate};
pub(crate) use draft::sign_id;
pub use draft::{Draft, Extras, Front, draft, for_client};
pub use introspect::introspect;
pub use revoke::revoke;

/// Seconds that a management token lives; clients renew without margin, so it is exactly this.
pub const MANAGEMENT_LIFETIME: i64 = 7200;
/// How long a sign-in may wait for its second factor.
pub const MFA_LIFETIME: Millis = Millis::minutes(5);

const MANAGEMENT: &str = "management+jwt";
const MFA: &str = "mfa+jwt";
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

/// Begins a sign-in that waits for its second factor, and names it by an mfaToken.
pub async fn begin_mfa(tx: &mut Tx, ctx: &Ctx, transaction: &MfaTransaction) -> Result<String> {
    mfa_transaction::TABLE.insert_later(tx, transaction).await?;
    Ok(mfa_token(ctx, transaction))
}

fn mfa_token(ctx: &Ctx, transaction: &MfaTransaction) -> String {
    let (pool, user) = (&transaction.pool_id, &transaction.user_id);
    let claims = json!({
        "data": { "userPoolId": pool, "userId": user, "arn": format!("arn:cn:authing:{pool}:user:{user}"), "stage": 1 },
        "aud": transaction.app_id,
        "iss": ctx.settings.issuer(),
        "jti": transaction.id,
        "iat": transaction.created_at.as_seconds(),
        "exp": transaction.expires_at.as_seconds(),
    });
    jose::sign_hs256(&ctx.keys.mfa_mac, MFA, &claims)
}

/// What an mfaToken says about itself; whether it can still be used, the database knows.
pub struct MfaClaims {
    pub pool: String,
    pub id: String,
    pub issued_at: i64,
    pub expires_at: i64,
}

pub fn read_mfa(services: &Services, token: &str, now: Millis) -> Option<MfaClaims> {
    let claims = jose::verify_hs256_as(token, MFA, &services.keys.mfa_mac).ok()?;
    let expires_at = jose::numeric(&claims, "exp")?;
    if expires_at <= now.as_seconds() {
        return None;
    }
    Some(MfaClaims {
        pool: text(claims.get("data")?, "userPoolId")?,
        id: text(&claims, "jti")?,
        issued_at: jose::numeric(&claims, "iat")?,
        expires_at,
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
