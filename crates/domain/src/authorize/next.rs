//! What is still owed before a request can be answered. One place for every way there: first request, sign-in page,
//! another tab, a page opened again.

use serde_json::json;
use watchword_api::common::FactorType;
use watchword_kit::{Error, Millis, Result};
use watchword_store::app::Application;
use watchword_store::interaction::Interaction;
use watchword_store::sso_session::SsoSession;
use watchword_store::{Tx, consent};

use super::client::Client;
use super::request::Request;
use crate::app;
use crate::ctx::Ctx;
use crate::demand::Demand;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Somebody must sign in.
    Login,
    /// Who is signed in must prove a second factor.
    SecondFactor,
    /// Who is signed in must be asked who signs in.
    Select,
    /// Who is signed in must agree to these scopes.
    Consent(Vec<String>),
    Ready,
    /// The client gets this error, whatever the user does.
    Refused((&'static str, &'static str)),
}

impl Next {
    /// What `prompt=none` is told (OpenID Connect Core §3.1.2.6).
    pub fn unmet(&self) -> (&'static str, &'static str) {
        match self {
            Next::Login => ("login_required", "nobody is signed in as asked"),
            Next::SecondFactor => ("interaction_required", "a second factor is needed"),
            Next::Select => ("account_selection_required", "the user has to choose"),
            Next::Consent(_) => ("consent_required", "the user has not agreed yet"),
            Next::Ready => ("server_error", "nothing is owed"),
            Next::Refused(told) => *told,
        }
    }
}

/// # Errors
/// Of the database only.
pub async fn next(
    tx: &mut Tx,
    ctx: &Ctx,
    app: &Application,
    wish: &Request,
    waiting: Option<&Interaction>,
    sso: Option<&SsoSession>,
) -> Result<Next> {
    let Some(sso) = sso else { return Ok(Next::Login) };
    // Signed in during this very interaction.
    let fresh = waiting.is_some_and(|i| i.user_id.as_deref() == Some(&sso.user_id));
    if wish.user_id.as_ref().is_some_and(|hinted| *hinted != sso.user_id) {
        return Ok(if fresh {
            Next::Refused(("login_required", "another user signed in than the one asked for"))
        } else {
            Next::Login
        });
    }
    if (wish.prompt.login && !fresh) || too_old(wish, sso, ctx.now(), fresh) {
        return Ok(Next::Login);
    }
    // A sign-on at another application does not open this one.
    if !app::access::allowed(tx, ctx, app, &sso.user_id).await? {
        return Ok(Next::Refused(("access_denied", "the user may not use this application")));
    }
    let proven = Proven { user: &sso.user_id, amr: &sso.amr, mfa_at: sso.mfa_at };
    if owes_second_factor(tx, ctx, app, wish.two_factors, proven).await? {
        return Ok(Next::SecondFactor);
    }
    if wish.prompt.select_account && !fresh && !waiting.is_some_and(|i| i.selected) {
        return Ok(Next::Select);
    }
    let scopes = unagreed(tx, ctx, app, wish, &sso.user_id).await?;
    Ok(if scopes.is_empty() { Next::Ready } else { Next::Consent(scopes) })
}

fn too_old(wish: &Request, sso: &SsoSession, now: Millis, fresh: bool) -> bool {
    // `max_age=0` asks for what `prompt=login` asks for.
    let old = |seconds: i64| seconds == 0 || now - sso.auth_time > Millis::seconds(seconds.min(1 << 40));
    !fresh && wish.max_age.is_some_and(old)
}

/// What a sign-on or a session knows of its user.
#[derive(Clone, Copy)]
pub(crate) struct Proven<'a> {
    pub user: &'a str,
    /// JSON list (RFC 8176), the first factor first.
    pub amr: &'a str,
    pub mfa_at: Option<Millis>,
}

/// Whether the application, the pool, the user's own factors or the request (`two_factors`) ask for a second factor that
/// was not proven.
pub(crate) async fn owes_second_factor(
    tx: &mut Tx,
    ctx: &Ctx,
    app: &Application,
    two_factors: bool,
    proven: Proven<'_>,
) -> Result<bool> {
    let demand = Demand::load(tx, ctx, Some(app), proven.user).await?;
    if demand.code().is_none() && !two_factors {
        return Ok(false);
    }
    if proven.mfa_at.is_none() {
        return Ok(true);
    }
    let amr: Vec<String> = serde_json::from_str(proven.amr).map_err(Error::internal)?;
    // A recovery code stands for any factor; the first entry is the first factor and none of these.
    let proven = amr.iter().skip(1).any(|method| match method.as_str() {
        "rc" => true,
        "otp" => demand.satisfied_by(FactorType::Otp),
        "sms" => demand.satisfied_by(FactorType::Sms),
        "email" => demand.satisfied_by(FactorType::Email),
        _ => false,
    });
    Ok(!proven)
}

/// Scopes that the user has yet to agree to; all of them where the client wants the user asked anew. An application
/// that skips consent is asked about all the same where it says `prompt=consent`, but for `offline_access`: OpenID
/// Connect Core §11 makes every client say that for a refresh token, and the Node SDK does.
///
/// Whoever signs a device in is asked in any case: the code may have come from somebody else (RFC 8628 §5.4).
pub(crate) async fn unagreed(
    tx: &mut Tx,
    ctx: &Ctx,
    app: &Application,
    wish: &Request,
    user_id: &str,
) -> Result<Vec<String>> {
    let asks = Client::of(app)?.asks_consent;
    let asked = wish.tells().into_iter().map(str::to_owned);
    if wish.device.is_some() || (wish.prompt.consent && (asks || !wish.has_scope("offline_access"))) {
        return Ok(asked.collect());
    }
    if !asks {
        return Ok(Vec::new());
    }
    let given = consent::TABLE.get(tx, ctx.pool(), &consent::id(user_id, &app.id)).await?;
    let given = given.map(|c| c.scope).unwrap_or_default();
    Ok(asked.filter(|scope| !given.split(' ').any(|g| g == scope)).collect())
}

/// Notes that the user agrees to what is asked for now, beside what was agreed before.
pub(crate) async fn agree(tx: &mut Tx, ctx: &Ctx, app: &Application, wish: &Request, user_id: &str) -> Result<()> {
    let id = consent::id(user_id, &app.id);
    let before = consent::TABLE.get(tx, ctx.pool(), &id).await?.map(|c| c.scope).unwrap_or_default();
    let mut scopes: Vec<&str> = before.split_ascii_whitespace().collect();
    for scope in wish.tells() {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    let row = consent::Consent {
        pool_id: ctx.pool().to_string(),
        id,
        user_id: user_id.to_owned(),
        app_id: app.id.clone(),
        scope: scopes.join(" "),
        granted_at: ctx.now(),
    };
    Ok(consent::put(tx, &row).await?)
}

/// What the trail keeps of an answer.
pub(crate) fn about(sso: &SsoSession, app: &Application) -> serde_json::Value {
    json!({ "userId": sso.user_id, "appId": app.id })
}
