//! Sign-on of a browser: one sign-in that serves every application that shares it.
//!
//! Applications with `ssoEnabled` share the sign-on of their pool; any other has one of its own. The cookie is renewed
//! at every sign-in and at every rise of assurance, so that a cookie known from before is worth nothing after.

use serde_json::json;
use watchword_crypto::hash;
use watchword_kit::{Millis, Result, Secret};
use watchword_store::app::Application;
use watchword_store::sso_session::{self as store, SsoSession, TABLE};
use watchword_store::{Tx, session};

use crate::ctx::Ctx;
use crate::logout::back_channel;

/// A sign-on ends after this long without use.
pub const IDLE: Millis = Millis::days(1);
/// A sign-on ends after this long in any case.
pub const ABSOLUTE: Millis = Millis::days(14);
/// Random bytes in a cookie.
const BYTES: usize = 32;

/// What the browser keeps.
#[derive(Clone, Debug)]
pub struct Cookie {
    pub realm: String,
    pub token: Secret<String>,
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

fn id(ctx: &Ctx, realm: &str) -> Option<String> {
    let mut all = ctx.request().browser.sign_ons.iter();
    all.find(|(name, _)| name == realm).map(|(_, token)| hash::token_hash(token.reveal()))
}

/// Signs the browser on. What it was signed on as before goes over to the new sign-on if it was the same user, and ends
/// otherwise.
pub(crate) async fn open(tx: &mut Tx, ctx: &Ctx, app: &Application, user_id: &str, proof: Proof<'_>) -> Result<Cookie> {
    let (realm, token) = (realm(app).to_owned(), Secret::new(hash::token(&ctx.entropy, BYTES)));
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
        idle_until: ctx.now() + IDLE,
        expires_at: ctx.now() + ABSOLUTE,
    };
    TABLE.insert(tx, &row).await?;
    let old = match id(ctx, &realm) {
        Some(id) => TABLE.get(tx, ctx.pool(), &id).await?.filter(|old| old.realm == realm),
        None => None,
    };
    match old {
        Some(old) if old.user_id == user_id => drop(store::succeed(tx, ctx.pool(), &old.id, &row.id).await?),
        Some(old) => end(tx, ctx, &old).await?,
        None => {}
    }
    Ok(Cookie { realm, token })
}

/// Ends a sign-on with everything that it opened, and tells the applications.
pub(crate) async fn end(tx: &mut Tx, ctx: &Ctx, sso: &SsoSession) -> Result<()> {
    let opened = session::of_sso(tx, ctx.pool(), &sso.id, ctx.now()).await?;
    back_channel::announce(tx, ctx, &opened).await?;
    store::end_sessions(tx, ctx.pool(), &sso.id, ctx.now()).await?;
    TABLE.delete(tx, ctx.pool(), &sso.id).await?;
    Ok(())
}
