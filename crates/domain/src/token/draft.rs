//! Access, ID and refresh tokens, made.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use watchword_api::grant::TokenSet;
use watchword_crypto::hash;
use watchword_crypto::jose::{self, Alg};
use watchword_kit::{Error, Millis, PoolId, Result, Secret, text};
use watchword_store::Tx;
use watchword_store::app::Application;
use watchword_store::session::{REFRESH_TOKENS, RefreshToken, Session};
use watchword_store::user::User;

use super::{ACCESS, ID, oauth};
use crate::app::{ClientSettings, IdTokenAlg};
use crate::ctx::Ctx;
use crate::services::Services;
use crate::{app, authorize, user};

/// Tokens decided inside a unit of work, to be signed after its commit: signing is slow.
pub struct Draft {
    access_claims: Value,
    /// Whether the access token is handed out.
    access: bool,
    access_alg: Alg,
    id_claims: Option<Value>,
    id_alg: IdTokenAlg,
    refresh_token: Option<String>,
    expires_in: i64,
    scope: String,
    bound: bool,
    /// The application's secret, where ID tokens are signed with it.
    hs256: Option<Secret<String>>,
}

/// What a request adds to the tokens. A sign-in by API adds nothing.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// Returned in the ID token as it came (OpenID Connect Core §2).
    pub nonce: Option<String>,
    /// The authorization code that goes out beside the ID token: `c_hash` (§3.3.2.11).
    pub code: Option<Secret<String>>,
    /// Claims that the request asked for by name in `claims.id_token` (§5.5); what the user lacks is left out.
    pub claims: Vec<String>,
    /// Scopes of these tokens, where they are fewer than were granted.
    pub scope: Option<String>,
    /// Resources for which the access token is meant (RFC 8707); none: the client itself.
    pub resources: Vec<String>,
    /// Resources for which a refresh may ask: those granted.
    pub granted: Vec<String>,
    /// Thumbprint of the key that the client has proven (RFC 9449).
    pub jkt: Option<String>,
    /// Set where tokens go out through the browser: which ones. Never a refresh token.
    pub front: Option<Front>,
}

/// What of [`Extras`] outlives a wait for the second factor.
#[derive(Serialize, Deserialize)]
struct Waiting {
    resources: Vec<String>,
    jkt: Option<String>,
}

impl Extras {
    /// What a sign-in keeps while it waits for its second factor; `None` where there is nothing.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub(crate) fn kept(&self) -> Result<Option<String>> {
        if self.resources.is_empty() && self.jkt.is_none() {
            return Ok(None);
        }
        let waiting = Waiting { resources: self.resources.clone(), jkt: self.jkt.clone() };
        serde_json::to_string(&waiting).map(Some).map_err(Error::internal)
    }

    /// # Errors
    /// 500 for what [`Extras::kept`] has not written.
    pub(crate) fn of_kept(json: Option<&str>) -> Result<Extras> {
        let Some(json) = json else { return Ok(Extras::default()) };
        let Waiting { resources, jkt } = serde_json::from_str(json).map_err(Error::internal)?;
        Ok(Extras { granted: resources.clone(), resources, jkt, ..Extras::default() })
    }
}

/// Tokens of an authorization response (OpenID Connect Core §3.2, §3.3).
#[derive(Clone, Copy, Debug, Default)]
pub struct Front {
    pub access_token: bool,
    pub id_token: bool,
}

/// Tokens for a session: access token, with scope `openid` an ID token, with `offline_access` a refresh token.
///
/// # Errors
/// `invalid_dpop_proof` where the application's tokens are bound to a key and none was proven.
pub async fn draft(
    tx: &mut Tx,
    ctx: &Ctx,
    session: &Session,
    app: &Application,
    user: &User,
    extras: &Extras,
) -> Result<Draft> {
    let settings = app::client_settings(app)?;
    let now = ctx.now();
    let scope = extras.scope.as_deref().unwrap_or(&session.scope);
    let has = |list: &str, scope: &str| list.split(' ').any(|s| s == scope);
    let mut claims = base(ctx, &settings, &app.id, &session.user_id, &extras.resources, extras.jkt.as_deref())?;
    claims["scope"] = scope.into();
    claims["sid"] = session.id.clone().into();
    claims["userpool_id"] = session.pool_id.clone().into();
    let refresh_token = if has(&session.scope, "offline_access") && extras.front.is_none() {
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
            resources: json!(extras.granted).to_string(),
            // A confidential client proves itself anyway (RFC 9449 §5).
            jkt: extras.jkt.clone().filter(|_| settings.is_public()),
        };
        REFRESH_TOKENS.insert_later(tx, &row).await?;
        Some(token)
    } else {
        None
    };
    let access = extras.front.is_none_or(|front| front.access_token);
    let id_claims = match has(scope, "openid") && extras.front.is_none_or(|front| front.id_token) {
        true => Some(id_claims(ctx, session, app, user, (&settings, scope), extras)?),
        false => None,
    };
    Ok(Draft {
        access_claims: claims,
        access,
        access_alg: settings.access_token_alg,
        hs256: match settings.id_token_alg {
            IdTokenAlg::Hs256 if id_claims.is_some() => Some(app::secret(ctx, app)?),
            _ => None,
        },
        id_claims,
        id_alg: settings.id_token_alg,
        refresh_token,
        expires_in: settings.access_token_expire,
        scope: scope.to_owned(),
        bound: extras.jkt.is_some(),
    })
}

/// An access token that a client has in its own name.
///
/// # Errors
/// As [`draft`].
pub fn for_client(
    ctx: &Ctx,
    pool: &PoolId,
    client: (&str, &ClientSettings),
    scope: &str,
    resources: &[String],
    jkt: Option<&str>,
) -> Result<Draft> {
    let (id, settings) = client;
    let mut claims = base(ctx, settings, id, id, resources, jkt)?;
    claims["scope"] = scope.into();
    claims["userpool_id"] = pool.as_str().into();
    Ok(Draft {
        access_claims: claims,
        access: true,
        access_alg: settings.access_token_alg,
        id_claims: None,
        id_alg: settings.id_token_alg,
        refresh_token: None,
        expires_in: settings.access_token_expire,
        scope: scope.to_owned(),
        bound: jkt.is_some(),
        hs256: None,
    })
}

/// What every access token says (RFC 9068 §2.2).
fn base(
    ctx: &Ctx,
    settings: &ClientSettings,
    client: &str,
    subject: &str,
    resources: &[String],
    jkt: Option<&str>,
) -> Result<Value> {
    if settings.dpop && jkt.is_none() {
        return Err(oauth("invalid_dpop_proof").because(text!(
            "this application's tokens are bound to a key: send a DPoP proof to /oidc/token (RFC 9449)",
            "该应用的 token 须绑定密钥：请向 /oidc/token 发送 DPoP 证明（RFC 9449）"
        )));
    }
    let now = ctx.now().as_seconds();
    let mut claims = json!({
        "iss": ctx.settings.issuer(),
        "sub": subject,
        "aud": match resources {
            [] => json!(client),
            [one] => json!(one),
            many => json!(many),
        },
        "client_id": client,
        "iat": now,
        "exp": now + settings.access_token_expire,
        "jti": ctx.entropy.hex(16),
    });
    if let Some(jkt) = jkt {
        claims["cnf"] = json!({ "jkt": jkt });
    }
    Ok(claims)
}

impl Draft {
    /// Ends the access token no later than this, in Unix seconds.
    pub(crate) fn no_longer_than(mut self, ctx: &Ctx, expires_at: i64) -> Draft {
        let left = expires_at - ctx.now().as_seconds();
        if left < self.expires_in {
            self.expires_in = left;
            self.access_claims["exp"] = expires_at.into();
        }
        self
    }

    pub fn sign(mut self, ctx: &Ctx) -> Result<TokenSet> {
        let access_token = self.access.then(|| sign(ctx, self.access_alg, &self.access_claims, ACCESS)).transpose()?;
        if let (Some(claims), Some(token)) = (&mut self.id_claims, &access_token) {
            claims["at_hash"] = jose::half_hash(self.id_alg.as_str(), token).into();
        }
        let id_token = match (&self.id_claims, self.id_alg, &self.hs256) {
            (None, ..) => None,
            (Some(claims), IdTokenAlg::Pair(alg), _) => Some(sign(ctx, alg, claims, ID)?),
            (Some(claims), IdTokenAlg::Hs256, Some(secret)) => {
                Some(jose::sign_hs256(secret.reveal().as_bytes(), ID, claims))
            }
            (Some(_), IdTokenAlg::Hs256, None) => return Err(Error::internal("no secret to sign with")),
        };
        Ok(TokenSet {
            access_token,
            id_token,
            refresh_token: self.refresh_token,
            token_type: if self.bound { "DPoP" } else { "Bearer" }.into(),
            expire_in: self.expires_in,
            expires_in: self.expires_in,
            scope: Some(self.scope),
            issued_token_type: None,
        })
    }
}

fn id_claims(
    ctx: &Ctx,
    session: &Session,
    app: &Application,
    user: &User,
    (settings, scope): (&ClientSettings, &str),
    extras: &Extras,
) -> Result<Value> {
    let amr: Value = serde_json::from_str(&session.amr).map_err(Error::internal)?;
    let now = ctx.now().as_seconds();
    let mut claims = user::claims(user, scope);
    claims.extend(user::requested_claims(user, &extras.claims));
    claims.insert("iss".into(), ctx.settings.issuer().into());
    claims.insert("sub".into(), session.user_id.clone().into());
    claims.insert("aud".into(), app.id.clone().into());
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), (now + settings.id_token_expire).into());
    claims.insert("auth_time".into(), session.auth_time.as_seconds().into());
    claims.insert("sid".into(), session.id.clone().into());
    claims.insert("amr".into(), amr);
    let alg = settings.id_token_alg.as_str();
    let code_hash = extras.code.as_ref().map(|code| jose::half_hash(alg, code.reveal()));
    claims.insert("acr".into(), authorize::acr(session.mfa_at).into());
    for (name, value) in [("nonce", extras.nonce.clone()), ("c_hash", code_hash)] {
        if let Some(value) = value {
            claims.insert(name.into(), value.into());
        }
    }
    Ok(Value::Object(claims))
}

/// Signs as the application's ID tokens are signed.
pub(crate) fn sign_id(services: &Services, app: &Application, claims: &Value, typ: &str) -> Result<String> {
    match app::client_settings(app)?.id_token_alg {
        IdTokenAlg::Hs256 => {
            let secret = app::secret(services, app)?;
            Ok(jose::sign_hs256(secret.reveal().as_bytes(), typ, claims))
        }
        IdTokenAlg::Pair(alg) => {
            let key = services.keys.signing.signer(alg, services.clock.now())?;
            key.sign(claims, typ).map_err(|e| Error::internal(format!("signing: {e:?}")))
        }
    }
}

fn sign(ctx: &Ctx, alg: Alg, claims: &Value, typ: &str) -> Result<String> {
    let key = ctx.keys.signing.signer(alg, ctx.now())?;
    key.sign(claims, typ).map_err(|e| Error::internal(format!("signing: {e:?}")))
}
