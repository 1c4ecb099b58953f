//! OpenID Connect Back-Channel Logout 1.0: an application with `backchannel_logout_uri` is told of every session of its
//! that ends before its time. The notice is a row in the outbox, written with the change; the logout token is signed
//! when it is sent, so that it is fresh at every attempt.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use watchword_kit::{Error, Millis, PoolId, Result};
use watchword_store::Tx;
use watchword_store::app::{Application, TABLE as APPS};
use watchword_store::outbox::Message;
use watchword_store::session::{self, Session};

use crate::app;
use crate::ctx::Ctx;
use crate::outbox;
use crate::services::Services;
use crate::token;

/// `kind` of such rows, followed by the application's id: one application that hangs holds up no other.
pub const KIND: &str = "logout:";
/// After this the application has to find out by itself.
const LIFETIME: Millis = Millis::hours(24);
/// Seconds that one logout token is valid, as the specification recommends.
const TOKEN_LIFETIME: i64 = 120;

#[derive(Serialize, Deserialize)]
struct Notice {
    sub: String,
    sid: String,
}

/// Notes that these sessions are about to end.
pub(crate) async fn announce(tx: &mut Tx, ctx: &Ctx, sessions: &[Session]) -> Result<()> {
    if sessions.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<String> = sessions.iter().map(|s| s.app_id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut told = Vec::new();
    for app in APPS.get_many(tx, ctx.pool(), &ids).await? {
        if let Some(uri) = uri(&app)? {
            told.push((app.id, uri));
        }
    }
    for session in sessions {
        let Some((app, uri)) = told.iter().find(|(app, _)| *app == session.app_id) else { continue };
        let notice = Notice { sub: session.user_id.clone(), sid: session.id.clone() };
        let body = serde_json::to_vec(&notice).map_err(Error::internal)?;
        outbox::put_raw(tx, ctx, &format!("{KIND}{app}"), uri, body, ctx.now() + LIFETIME).await?;
    }
    Ok(())
}

/// Notes that a user's sessions are about to end, of every application or of those named; but `spared` goes on.
pub(crate) async fn announce_user(
    tx: &mut Tx,
    ctx: &Ctx,
    user: &str,
    apps: Option<&[String]>,
    spared: Option<&str>,
) -> Result<()> {
    let mut live = session::of_user(tx, ctx.pool(), user, ctx.now()).await?;
    live.retain(|s| apps.is_none_or(|apps| apps.contains(&s.app_id)) && spared != Some(s.id.as_str()));
    announce(tx, ctx, &live).await
}

fn uri(app: &Application) -> Result<Option<String>> {
    let given = app::settings(app)?.oidc.get("backchannel_logout_uri").and_then(Value::as_str).map(str::to_owned);
    Ok(given.filter(|uri| !uri.is_empty()))
}

/// Where a notice goes now and its logout token (§2.4); `None` when the application wants none any more.
pub async fn render(services: &Services, message: &Message) -> Result<Option<(String, String)>> {
    let app_id = message.kind.strip_prefix(KIND).unwrap_or_default();
    let pool = PoolId::new(&message.pool_id);
    let Some(app) = APPS.get(&mut services.db.read().await?, &pool, app_id).await? else { return Ok(None) };
    let Some(uri) = uri(&app)? else { return Ok(None) };
    let notice: Notice = serde_json::from_slice(outbox::open_raw(services, message)?.reveal())
        .map_err(|_| Error::internal(format!("message {}: broken", message.id)))?;
    let now = services.clock.now().as_seconds();
    let claims = json!({
        "iss": services.settings.issuer(),
        "sub": notice.sub,
        "aud": app.id,
        "iat": now,
        "exp": now + TOKEN_LIFETIME,
        // The same at every attempt, so that a repetition is recognised.
        "jti": message.id,
        "sid": notice.sid,
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    Ok(Some((uri, token::sign_id(services, &app, &claims, "logout+jwt")?)))
}
