//! Sign-on of a browser: one sign-in that serves every application that shares it.
//!
//! Applications with `ssoEnabled` share the sign-on of their pool; any other has one of its own. The cookie is renewed
//! at every sign-in and at every rise of assurance, so that a cookie known from before is worth nothing after.

use serde_json::json;
use watchword_crypto::hash;
use watchword_kit::{Millis, Result, Secret};
use watchword_store::app::Application;
use watchword_store::sso_session::{self as store, SsoSession, TABLE};
use watchword_store::user::{TABLE as USERS, User};
use watchword_store::{Tx, session};

use crate::ctx::Ctx;
use crate::logout::back_channel;
use crate::{pool, user};

/// Random bytes in a cookie.
const BYTES: usize = 32;

/// What the browser keeps.
#[derive(Clone, Debug)]
pub struct Cookie {
    pub realm: String,
    pub token: Secret<String>,
    /// Seconds for which the browser keeps it; `None`: until it is closed.
    pub max_age: Option<i64>,
}

/// What was proven, and when.
pub(crate) struct Proof<'a> {
    /// RFC 8176, the first factor first.
    pub amr: &'a [&'a str],
    pub auth_time: Millis,
    pub recovery_until: Option<Millis>,
}

/// With which applications the application shares sign-on.
pub fn realm(app: &Application) -> &str {
    if app.sso_enabled { &app.pool_id } else { &app.id }
}

/// The live sign-on that the request's cookie stands for.
pub(crate) async fn current(tx: &mut Tx, ctx: &Ctx, app: &Application) -> Result<Option<SsoSession>> {
    let realm = realm(app);
    match id(ctx, realm) {
        Some(id) => Ok(store::live(tx, ctx.pool(), &id, realm, ctx.now()).await?),
        None => Ok(None),
    }
}

/// Holds the user who is about to sign in, and whoever this browser is signed on as, since that sign-on may end by it;
/// in the order of their ids.
///
/// # Errors
/// 404/2004 when the user is no more.
pub(crate) async fn hold(tx: &mut Tx, ctx: &Ctx, app: &Application, user_id: &str) -> Result<User> {
    let other = present(tx, ctx, realm(app)).await?.map(|sso| sso.user_id).filter(|other| other != user_id);
    if let Some(other) = other.as_ref().filter(|other| other.as_str() < user_id) {
        USERS.keep(tx, ctx.pool(), other).await?;
    }
    let user = user::hold(tx, ctx.pool(), user_id).await?;
    if let Some(other) = other.as_ref().filter(|other| other.as_str() > user_id) {
        USERS.keep(tx, ctx.pool(), other).await?;
    }
    Ok(user)
}

/// What the request's cookie stands for, live or not.
async fn present(tx: &mut Tx, ctx: &Ctx, realm: &str) -> Result<Option<SsoSession>> {
    match id(ctx, realm) {
        Some(id) => Ok(TABLE.get(tx, ctx.pool(), &id).await?.filter(|sso| sso.realm == realm)),
        None => Ok(None),
    }
}

fn id(ctx: &Ctx, realm: &str) -> Option<String> {
    let mut all = ctx.request().browser.sign_ons.iter();
    all.find(|(name, _)| name == realm).map(|(_, token)| hash::token_hash(token.reveal()))
}

/// Signs the browser on; [`hold`] was called before. What it was signed on as before goes over to the new sign-on if it
/// was the same user, and ends otherwise.
pub(crate) async fn open(tx: &mut Tx, ctx: &Ctx, app: &Application, user_id: &str, proof: Proof<'_>) -> Result<Cookie> {
    let (realm, token) = (realm(app).to_owned(), Secret::new(hash::token(&ctx.entropy, BYTES)));
    // How long a browser stays signed in, the pool says.
    let settings = pool::settings(tx, ctx.pool()).await?;
    let lasts = settings.security.cookie;
    let expires_at = ctx.now() + Millis::seconds(lasts.cookie_expires_in);
    let row = SsoSession {
        pool_id: ctx.pool().to_string(),
        id: hash::token_hash(token.reveal()),
        realm: realm.clone(),
        user_id: user_id.to_owned(),
        amr: json!(proof.amr).to_string(),
        auth_time: proof.auth_time,
        mfa_at: proof.amr.contains(&"mfa").then(|| ctx.now()),
        recovery_until: proof.recovery_until,
        ip: ctx.request().ip.clone(),
        user_agent: ctx.request().user_agent.clone(),
        created_at: ctx.now(),
        idle_until: (ctx.now() + Millis::seconds(settings.sign_on_idle_seconds)).min(expires_at),
        expires_at,
    };
    TABLE.insert(tx, &row).await?;
    match present(tx, ctx, &realm).await? {
        Some(old) if old.user_id == user_id => drop(store::succeed(tx, ctx.pool(), &old.id, &row.id).await?),
        Some(old) => end(tx, ctx, &old).await?,
        None => {}
    }
    let max_age = (!lasts.cookie_expires_on_browser_session).then_some(lasts.cookie_expires_in);
    Ok(Cookie { realm, token, max_age })
}

/// Ends a sign-on, whose user is held, with everything that it opened, and tells the applications.
///
/// The sign-on goes first: an application that is opened at the same moment either finds it gone or is ended with it.
pub(crate) async fn end(tx: &mut Tx, ctx: &Ctx, sso: &SsoSession) -> Result<()> {
    TABLE.delete(tx, ctx.pool(), &sso.id).await?;
    let opened = session::of_sso(tx, ctx.pool(), &sso.id, ctx.now()).await?;
    back_channel::announce(tx, ctx, &opened).await?;
    store::end_sessions(tx, ctx.pool(), &sso.id, ctx.now()).await?;
    Ok(())
}
