//! Access and ID tokens, read.

use serde_json::Value;
use watchword_api::oidc::ValidateTokenQuery;
use watchword_crypto::jose;
use watchword_kit::{Error, PoolId, Result, codes, text as said};
use watchword_store::app::Application;
use watchword_store::{Tx, access_key, session, token as store};

use super::{ACCESS, ID, text};
use crate::ctx::Ctx;
use crate::services::Services;
use crate::{app, caller};

/// What an access token says; whether it has been revoked, the database knows.
#[derive(Clone, Debug, Default)]
pub struct AccessClaims {
    pub pool: String,
    /// The session of a user; `None`: the client has it in its own name.
    pub session: Option<String>,
    /// The user, or the client in its own name.
    pub subject: String,
    /// Who was given the token.
    pub client: String,
    /// Whom it is meant for: the client's own id, or resources (RFC 8707).
    pub audience: Vec<String>,
    pub scope: String,
    pub jti: String,
    /// Seconds since 1970.
    pub issued_at: i64,
    pub expires_at: i64,
    /// Thumbprint of the key that must be proven with it (RFC 9449).
    pub jkt: Option<String>,
}

impl AccessClaims {
    /// Whether it is meant for this server's own API.
    pub fn is_for_us(&self) -> bool {
        self.audience.contains(&self.client)
    }

    /// Whether nobody has revoked it. Ended sessions, deleted and suspended users and deleted clients revoke it, too.
    pub(crate) async fn alive(&self, tx: &mut Tx, services: &Services) -> Result<bool> {
        let (pool, now) = (PoolId::new(&self.pool), services.clock.now());
        match &self.session {
            Some(id) => {
                let live = session::live(tx, &pool, id, now).await?;
                Ok(live.is_some_and(|s| s.app_id == self.client && s.user_id == self.subject))
            }
            None => {
                let client = app::load(tx, &pool, &self.client).await.is_ok() || {
                    let key = access_key::TABLE.get(tx, &pool, &self.client).await?;
                    caller::usable(tx, key, now).await?.is_some()
                };
                Ok(client && !store::is_revoked(tx, &pool, &self.jti).await?)
            }
        }
    }
}

/// The claims of an access token of ours, while it lasts.
pub fn read_access(services: &Services, token: &str, now: watchword_kit::Millis) -> Option<AccessClaims> {
    let verify = || {
        let claims = jose::verify_as(token, ACCESS, &services.keys.signing.verifying()).ok()?;
        if text(&claims, "iss")? != services.settings.issuer() {
            return None;
        }
        let (session, subject, client) = (text(&claims, "sid"), text(&claims, "sub")?, text(&claims, "client_id")?);
        // Without a session there is nobody but the client.
        if session.is_none() && subject != client {
            return None;
        }
        Some(AccessClaims {
            pool: text(&claims, "userpool_id")?,
            session,
            subject,
            client,
            audience: texts(claims.get("aud")?),
            scope: text(&claims, "scope").unwrap_or_default(),
            jti: text(&claims, "jti")?,
            issued_at: jose::numeric(&claims, "iat")?,
            expires_at: jose::numeric(&claims, "exp")?,
            jkt: claims.get("cnf").and_then(|cnf| text(cnf, "jkt")),
        })
    };
    services.verified.claims(token, verify).filter(|claims| claims.expires_at > now.as_seconds())
}

/// What an ID token says.
pub struct IdClaims {
    pub session: String,
    pub subject: String,
    pub expires_at: i64,
    pub issued_at: i64,
    /// All of them.
    pub all: Value,
}

/// The claims of an ID token that this application was given. One that has expired is read, too: at a sign-out it
/// still says who is meant.
///
/// # Errors
/// Only what is our fault.
pub fn read_id(services: &Services, app: &Application, token: &str) -> Result<Option<IdClaims>> {
    let signed = jose::verify_as(token, ID, &services.keys.signing.verifying());
    let claims = match signed {
        Ok(claims) => Some(claims),
        Err(_) => jose::verify_hs256_as(token, ID, app::secret(services, app)?.reveal().as_bytes()).ok(),
    };
    Ok(claims.and_then(|all| {
        let ours = text(&all, "iss")? == services.settings.issuer() && texts(all.get("aud")?) == [app.id.as_str()];
        let session = text(&all, "sid").filter(|_| ours)?;
        let (subject, expires_at) = (text(&all, "sub")?, jose::numeric(&all, "exp")?);
        Some(IdClaims { session, subject, expires_at, issued_at: jose::numeric(&all, "iat")?, all })
    }))
}

/// `GET /api/v2/oidc/validate_token`: the claims of an access or ID token of ours that is valid now. Whoever has the
/// token can read them anyway.
///
/// # Errors
/// 400 unless exactly one token is given; 401 for one that is not valid, whatever the reason.
pub async fn validate(ctx: &Ctx, query: ValidateTokenQuery) -> Result<Value> {
    let refuse = || Error::new(codes::UNAUTHENTICATED).because(said!("the token is not valid", "token 无效"));
    match (query.access_token, query.id_token) {
        (Some(token), None) => {
            let claims = read_access(ctx, token.reveal(), ctx.now()).ok_or_else(refuse)?;
            if !claims.alive(&mut ctx.read().await?, ctx).await? {
                return Err(refuse());
            }
            jose::unverified_claims(token.reveal()).map_err(|_| refuse())
        }
        (None, Some(token)) => {
            let named = jose::unverified_claims(token.reveal()).ok();
            let aud = named.and_then(|claims| text(&claims, "aud")).ok_or_else(refuse)?;
            let app = app::find(ctx, &aud).await.map_err(|_| refuse())?;
            let claims = read_id(ctx, &app, token.reveal())?.filter(|c| c.expires_at > ctx.now().as_seconds());
            let claims = claims.ok_or_else(refuse)?;
            let pool = PoolId::new(&app.pool_id);
            let live = session::live(&mut ctx.read().await?, &pool, &claims.session, ctx.now()).await?;
            live.filter(|s| s.app_id == app.id).ok_or_else(refuse)?;
            Ok(claims.all)
        }
        _ => Err(Error::invalid(
            "access_token",
            said!("give either access_token or id_token", "请提供 access_token 或 id_token 之一"),
        )),
    }
}

/// A text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
