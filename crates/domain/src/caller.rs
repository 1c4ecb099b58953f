//! Who is asking: signed requests and management tokens of keys, access and MFA tokens of users.

use watchword_crypto::signature;
pub use watchword_crypto::signature::{Signed, parse_authorization};
use watchword_crypto::vault::{Aad, Class};
use watchword_kit::{Error, Millis, PoolId, Result, Secret, codes, text};
use watchword_store::access_key::{self, AccessKey};
use watchword_store::session::{self, Session};
use watchword_store::{Tx, mfa_transaction};

use crate::ctx::{Actor, KeyActor, Request};
use crate::services::Services;
use crate::token::{self, AccessClaims};
use crate::{app, dpop};

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
pub(crate) async fn usable(tx: &mut Tx, found: Option<AccessKey>, now: Millis) -> Result<Option<AccessKey>> {
    let Some(key) = found.filter(|k| k.enabled) else { return Ok(None) };
    let owned = !key.user_id.is_empty();
    let usable = !owned || access_key::owner_is_active(tx, &PoolId::new(&key.pool_id), &key.user_id, now).await?;
    Ok(usable.then_some(key))
}

/// A token as it was sent.
pub struct Presented<'a> {
    pub token: &'a str,
    /// Whether it came under the scheme `DPoP`.
    pub as_dpop: bool,
    /// The header `DPoP`.
    pub proof: Option<&'a str>,
    pub method: &'a str,
    /// Without query.
    pub path: &'a str,
}

impl<'a> Presented<'a> {
    /// The token that a public operation was sent, where it was sent one.
    pub fn in_request(request: &'a Request) -> Option<Presented<'a>> {
        Some(Presented {
            token: request.token.as_ref()?.reveal(),
            as_dpop: request.as_dpop,
            proof: request.dpop.as_deref(),
            method: &request.method,
            path: &request.path,
        })
    }
}

/// Recognises the access token of an end user. A token that is bound to a key is worth nothing without a fresh proof of
/// that key (RFC 9449 §7.1), and not as a bearer token.
///
/// # Errors
/// 401/2020.
pub async fn by_access_token(services: &Services, given: &Presented<'_>) -> Result<(PoolId, Actor)> {
    let now = services.clock.now();
    let refuse = || Error::new(codes::NOT_SIGNED_IN);
    let claims = token::read_access(services, given.token, now).filter(AccessClaims::is_for_us).ok_or_else(refuse)?;
    let id = claims.session.as_deref().ok_or_else(refuse)?;
    let pool = PoolId::new(&claims.pool);
    let found = session::live(&mut services.db.read().await?, &pool, id, now).await?;
    let mut session = found.filter(|s| s.app_id == claims.client).ok_or_else(refuse)?;
    match (&claims.jkt, given.as_dpop) {
        (None, false) => {}
        (Some(jkt), true) => {
            let proven = dpop::of_token(services, &pool, given).await?;
            if proven != *jkt {
                return Err(refuse());
            }
        }
        _ => return Err(refuse()),
    }
    // What this token may be used for, which may be less than the session was granted.
    session.scope = claims.scope;
    Ok((pool, Actor::User(Box::new(session))))
}

/// The refusal of a session whose application asks its users for consent (`skip_consent` false, as of every application
/// that has registered itself), where an operation is for the pool's own applications.
///
/// # Errors
/// Of the database only.
pub async fn third_party(services: &Services, session: &Session) -> Result<Option<Error>> {
    let pool = PoolId::new(&session.pool_id);
    let app = app::load(&mut services.db.read().await?, &pool, &session.app_id).await?;
    let refusal = || {
        Error::new(codes::FORBIDDEN).because(text!(
            "an application that asks its users for consent may read userinfo and get-profile within its scopes, and \
             nothing else",
            "需要用户授权的应用只能在其 scope 内读取用户信息（userinfo、get-profile）"
        ))
    };
    Ok((!app::client_settings(&app)?.skip_consent).then(refusal))
}

/// Recognises an access token, or the mfaToken of a sign-in that waits for its second factor.
///
/// # Errors
/// 401/2020, or 401/2021 for an mfaToken that is over.
pub async fn by_user_or_mfa_token(services: &Services, given: &Presented<'_>) -> Result<(PoolId, Actor)> {
    let now = services.clock.now();
    let Some(claims) = token::read_mfa(services, given.token, now).filter(|_| !given.as_dpop) else {
        return by_access_token(services, given).await;
    };
    let pool = PoolId::new(claims.pool);
    let found = mfa_transaction::live(&mut services.db.read().await?, &pool, &claims.id, now).await?;
    let transaction = found.ok_or_else(|| Error::new(codes::MFA_TOKEN_INVALID))?;
    Ok((pool, Actor::Pending(Box::new(transaction))))
}

/// The pool of this access key, whichever it is: a request names the key before anyone knows the pool.
pub async fn pool_of_key(services: &Services, id: &str) -> Result<Option<String>> {
    Ok(access_key::find(&mut services.db.read().await?, id).await?.map(|key| key.pool_id))
}

/// The client that an assertion says it is from (RFC 7523 §3), before anything is proven.
pub fn sender_of_assertion(assertion: &str) -> Option<String> {
    let claims = watchword_crypto::jose::unverified_claims(assertion).ok()?;
    claims.get("sub")?.as_str().map(str::to_owned)
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
