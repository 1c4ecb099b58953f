//! What we hand out to be recognised by: management tokens, access and ID tokens, refresh tokens, MFA tokens.

use serde_json::{Value, json};
use watchword_api::login::TokenSet;
use watchword_crypto::hash;
use watchword_crypto::jose;
use watchword_kit::{Error, Millis, Result, Secret, codes};
use watchword_store::Tx;
use watchword_store::access_key::AccessKey;
use watchword_store::app::Application;
use watchword_store::mfa_transaction::{self, MfaTransaction};
use watchword_store::session::{REFRESH_TOKENS, RefreshToken, Session};
use watchword_store::user::User;

use crate::app;
use crate::ctx::Ctx;
use crate::services::Services;
use crate::user;

/// Seconds that a management token lives; clients renew without margin, so it is exactly this.
pub const MANAGEMENT_LIFETIME: i64 = 7200;
/// How long a sign-in may wait for its second factor.
pub const MFA_LIFETIME: Millis = Millis::minutes(5);

const MANAGEMENT: &str = "management+jwt";
const MFA: &str = "mfa+jwt";
const ACCESS: &str = "at+jwt";

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

/// What an access token says; whether its session still lives, the database knows.
#[derive(Clone, Debug)]
pub struct AccessClaims {
    pub pool: String,
    pub session: String,
    pub app: String,
    /// Seconds since 1970.
    pub expires_at: i64,
}

pub fn read_access(services: &Services, token: &str, now: Millis) -> Option<AccessClaims> {
    let verify = || {
        let claims = jose::verify_rs256_as(token, ACCESS, &services.keys.verifying).ok()?;
        if text(&claims, "iss")? != services.settings.issuer() {
            return None;
        }
        Some(AccessClaims {
            pool: text(&claims, "userpool_id")?,
            session: text(&claims, "sid")?,
            app: text(&claims, "aud")?,
            expires_at: jose::numeric(&claims, "exp")?,
        })
    };
    services.verified.claims(token, verify).filter(|claims| claims.expires_at > now.as_seconds())
}

/// Tokens decided inside a unit of work, to be signed after its commit: signing is slow.
pub struct Draft {
    access_claims: Value,
    id_claims: Option<Value>,
    refresh_token: Option<String>,
    expires_in: i64,
    scope: String,
    /// The application's secret, where ID tokens are signed with it.
    hs256: Option<Secret<String>>,
}

/// What an authorization request adds to the tokens. A sign-in by API and a refresh add nothing.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// Returned in the ID token as it came (OpenID Connect Core §2).
    pub nonce: Option<String>,
    /// The authorization code that goes out beside the ID token: `c_hash` (§3.3.2.11).
    pub code: Option<Secret<String>>,
    /// Claims that the request asked for by name in `claims.id_token` (§5.5); what the user lacks is left out.
    pub claims: Vec<String>,
    /// The authentication context class that was reached, where one was asked for.
    pub acr: Option<String>,
}

/// Tokens for a session: access token, with scope `openid` an ID token, with `offline_access` a refresh token.
pub async fn draft(
    tx: &mut Tx,
    ctx: &Ctx,
    session: &Session,
    app: &Application,
    user: &User,
    extras: &Extras,
) -> Result<Draft> {
    let settings = app::oidc_settings(app)?;
    let now = ctx.now();
    let has = |scope: &str| session.scope.split(' ').any(|s| s == scope);
    let access_claims = json!({
        "iss": ctx.settings.issuer(),
        "sub": session.user_id,
        "aud": app.id,
        "client_id": app.id,
        "iat": now.as_seconds(),
        "exp": now.as_seconds() + settings.access_token_expire,
        "jti": ctx.entropy.hex(16),
        "scope": session.scope,
        "sid": session.id,
        "userpool_id": session.pool_id,
    });
    let refresh_token = if has("offline_access") {
        let token = hash::token(&ctx.entropy, 32);
        let row = RefreshToken {
            pool_id: session.pool_id.clone(),
            id: hash::token_hash(&token),
            session_id: session.id.clone(),
            user_id: session.user_id.clone(),
            app_id: app.id.clone(),
            created_at: now,
            expires_at: (now + Millis::seconds(settings.refresh_token_expire)).min(session.expires_at),
            used_at: None,
        };
        REFRESH_TOKENS.insert_later(tx, &row).await?;
        Some(token)
    } else {
        None
    };
    Ok(Draft {
        access_claims,
        id_claims: if has("openid") { Some(id_claims(ctx, session, app, user, &settings, extras)?) } else { None },
        refresh_token,
        expires_in: settings.access_token_expire,
        scope: session.scope.clone(),
        hs256: if settings.id_token_rs256 { None } else { Some(app::secret(ctx, app)?) },
    })
}

impl Draft {
    pub fn sign(self, ctx: &Ctx) -> Result<TokenSet> {
        let id_token = match (&self.id_claims, &self.hs256) {
            (None, _) => None,
            (Some(claims), Some(secret)) => Some(jose::sign_hs256(secret.reveal().as_bytes(), "JWT", claims)),
            (Some(claims), None) => Some(sign(ctx, claims, "JWT")?),
        };
        Ok(TokenSet {
            access_token: Some(sign(ctx, &self.access_claims, ACCESS)?),
            id_token,
            refresh_token: self.refresh_token,
            token_type: "Bearer".into(),
            expire_in: self.expires_in,
            expires_in: self.expires_in,
            scope: Some(self.scope),
        })
    }
}

fn id_claims(
    ctx: &Ctx,
    session: &Session,
    app: &Application,
    user: &User,
    settings: &app::OidcSettings,
    extras: &Extras,
) -> Result<Value> {
    let amr: Value = serde_json::from_str(&session.amr).map_err(Error::internal)?;
    let now = ctx.now().as_seconds();
    let mut claims = user::claims(user, &session.scope);
    claims.extend(user::requested_claims(user, &extras.claims));
    claims.insert("iss".into(), ctx.settings.issuer().into());
    claims.insert("sub".into(), session.user_id.clone().into());
    claims.insert("aud".into(), app.id.clone().into());
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), (now + settings.id_token_expire).into());
    claims.insert("auth_time".into(), session.auth_time.as_seconds().into());
    claims.insert("sid".into(), session.id.clone().into());
    claims.insert("amr".into(), amr);
    let code_hash = extras.code.as_ref().map(|code| hash::left_half(code.reveal()));
    for (name, value) in [("nonce", extras.nonce.clone()), ("acr", extras.acr.clone()), ("c_hash", code_hash)] {
        if let Some(value) = value {
            claims.insert(name.into(), value.into());
        }
    }
    Ok(Value::Object(claims))
}

fn sign(ctx: &Ctx, claims: &Value, typ: &str) -> Result<String> {
    let key = ctx.keys.signing.first().ok_or_else(|| Error::internal("no signing key"))?;
    key.sign_rs256(claims, typ).map_err(|e| Error::internal(format!("signing: {e:?}")))
}

/// A refusal of `/oidc/token` and its like: `error` is RFC 6749's word for it.
pub fn oauth(error: &'static str) -> Error {
    Error::new(codes::INVALID).with_data(json!({ "error": error }))
}

fn text(claims: &Value, name: &str) -> Option<String> {
    claims.get(name)?.as_str().map(str::to_owned)
}
