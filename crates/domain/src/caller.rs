//! Who is asking: signed requests and management tokens of keys, access and MFA tokens of users.

use watchword_crypto::signature;
pub use watchword_crypto::signature::Signed;
use watchword_crypto::vault::{Aad, Class};
use watchword_kit::{Error, Millis, PoolId, Result, Secret, codes};
use watchword_store::access_key::{self, AccessKey};
use watchword_store::{Tx, mfa_transaction, session};

use crate::ctx::{Actor, KeyActor};
use crate::services::Services;
use crate::token;

/// How far a signed request's date may be off.
const SKEW: Millis = Millis::seconds(300);

/// What a request with `Authorization: authing KEY:SIGNATURE` says.
pub struct SignedRequest<'a> {
    pub key_id: &'a str,
    pub signature: &'a str,
    pub date: Option<&'a str>,
    pub nonce: Option<&'a str>,
    pub method: Option<&'a str>,
    pub version: Option<&'a str>,
    pub signed: Signed<'a>,
}

/// Checks a signed request (wire.md 1.2) and uses up its nonce.
///
/// # Errors
/// 401 with 1300 to 1306. An unknown key is told as a wrong signature.
pub async fn by_signature(services: &Services, request: &SignedRequest<'_>) -> Result<(PoolId, Actor)> {
    let now = services.clock.now();
    if request.method.is_some_and(|m| !m.eq_ignore_ascii_case("HMAC-SHA1")) {
        return Err(Error::new(codes::SIGNATURE_METHOD));
    }
    if request.version.is_some_and(|v| v != "1.0") {
        return Err(Error::new(codes::SIGNATURE_VERSION));
    }
    let date = request.date.ok_or_else(|| Error::new(codes::SIGNATURE_DATE_MISSING))?;
    let date = read_date(date).ok_or_else(|| Error::new(codes::SIGNATURE_DATE_FORMAT))?;
    if (date - now).0.abs() > SKEW.0 {
        return Err(Error::new(codes::SIGNATURE_SKEW));
    }
    let mut tx = services.db.read().await?;
    let found = access_key::find(&mut tx, request.key_id).await?;
    let Some(key) = usable(&mut tx, found, now).await? else {
        return Err(Error::new(codes::SIGNATURE_INVALID));
    };
    drop(tx);
    let secret = secret(services, &key)?;
    if !signature::verify(secret.reveal().as_bytes(), &request.signed, request.signature) {
        return Err(Error::new(codes::SIGNATURE_INVALID));
    }
    let nonce = request
        .nonce
        .filter(|n| !n.is_empty() && n.len() <= 128)
        .ok_or_else(|| Error::new(codes::SIGNATURE_INVALID))?;
    let pool = PoolId::new(&key.pool_id);
    let mut tx = services.db.write().await?;
    // A date may lie up to the skew in the future and is acceptable up to the skew after that.
    let fresh = access_key::use_nonce(&mut tx, &pool, &key.id, nonce, now + SKEW + SKEW + Millis::minutes(1)).await?;
    if !fresh {
        return Err(Error::new(codes::SIGNATURE_REPLAYED));
    }
    access_key::touch(&mut tx, &pool, &key.id, now).await?;
    tx.commit().await?;
    Ok((pool, actor(&key)))
}

/// Recognises a management token; a key that was deleted, disabled or rotated takes its tokens along.
///
/// # Errors
/// 401.
pub async fn by_management_token(services: &Services, given: &str) -> Result<(PoolId, Actor)> {
    let now = services.clock.now();
    let named = token::read_management(services, given, now);
    let named = named.ok_or_else(|| Error::new(codes::UNAUTHENTICATED))?;
    let pool = PoolId::new(&named.pool);
    let mut tx = services.db.read().await?;
    let found = access_key::TABLE.get(&mut tx, &pool, &named.access_key).await?;
    let found = found.filter(|key| token::secret_mark(key) == named.secret_mark);
    let key = usable(&mut tx, found, now).await?.ok_or_else(|| Error::new(codes::UNAUTHENTICATED))?;
    Ok((pool, actor(&key)))
}

/// Checks an access key and its secret, as get-management-token does. A wrong id takes as long as a wrong secret.
///
/// # Errors
/// 401, the same for both.
pub async fn by_secret(services: &Services, id: &str, given: &Secret<String>) -> Result<AccessKey> {
    let mut tx = services.db.read().await?;
    let found = access_key::find(&mut tx, id).await?;
    let known = match &found {
        Some(key) => secret(services, key)?,
        None => Secret::new(String::new()),
    };
    let right = watchword_crypto::hash::ct_eq(known.reveal(), given.reveal());
    let found = if right { usable(&mut tx, found, services.clock.now()).await? } else { None };
    found.ok_or_else(|| Error::new(codes::UNAUTHENTICATED))
}

/// The key, unless it is switched off or belongs to a user who is gone or suspended.
async fn usable(tx: &mut Tx, found: Option<AccessKey>, now: Millis) -> Result<Option<AccessKey>> {
    let Some(key) = found.filter(|k| k.enabled) else { return Ok(None) };
    let owned = !key.user_id.is_empty();
    let usable = !owned || access_key::owner_is_active(tx, &PoolId::new(&key.pool_id), &key.user_id, now).await?;
    Ok(usable.then_some(key))
}

/// Recognises the access token of an end user.
///
/// # Errors
/// 401/2020.
pub async fn by_access_token(services: &Services, given: &str) -> Result<(PoolId, Actor)> {
    let now = services.clock.now();
    let claims = token::read_access(services, given, now).ok_or_else(|| Error::new(codes::NOT_SIGNED_IN))?;
    let pool = PoolId::new(claims.pool);
    let found = session::live(&mut services.db.read().await?, &pool, &claims.session, now).await?;
    let session = found.filter(|s| s.app_id == claims.app).ok_or_else(|| Error::new(codes::NOT_SIGNED_IN))?;
    Ok((pool, Actor::User(Box::new(session))))
}

/// Recognises an access token, or the mfaToken of a sign-in that waits for its second factor.
///
/// # Errors
/// 401/2020, or 401/2021 for an mfaToken that is over.
pub async fn by_user_or_mfa_token(services: &Services, given: &str) -> Result<(PoolId, Actor)> {
    let now = services.clock.now();
    let Some(claims) = token::read_mfa(services, given, now) else {
        return by_access_token(services, given).await;
    };
    let pool = PoolId::new(claims.pool);
    let found = mfa_transaction::live(&mut services.db.read().await?, &pool, &claims.id, now).await?;
    let transaction = found.ok_or_else(|| Error::new(codes::MFA_TOKEN_INVALID))?;
    Ok((pool, Actor::Pending(Box::new(transaction))))
}

/// The secret of an access key.
pub fn secret(services: &Services, key: &AccessKey) -> Result<Secret<String>> {
    let aad = Aad { pool: &key.pool_id, row: &key.id, column: "access_keys.secret_sealed" };
    let plain = services
        .vault
        .open_blob(Class::AccessKey, &aad, &key.secret_sealed)
        .map_err(|e| Error::internal(format!("access key {}: {e:?}", key.id)))?;
    String::from_utf8(plain.reveal().clone()).map(Secret::new).map_err(|_| Error::internal("access key is not text"))
}

pub(crate) fn actor(key: &AccessKey) -> Actor {
    Actor::AccessKey(KeyActor { id: key.id.clone(), grants: crate::access_key::grants(key) })
}

/// An HTTP date, or Unix milliseconds as the published error text asks for.
fn read_date(value: &str) -> Option<Millis> {
    if value.len() >= 12 && value.bytes().all(|b| b.is_ascii_digit()) {
        return value.parse().ok().map(Millis);
    }
    Millis::parse_http(value)
}
