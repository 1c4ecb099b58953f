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
    if owes_second_factor(tx, ctx, app, wish, sso).await? {
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

/// Whether the application, the pool, the user's own factors or the request ask for a second factor that this sign-on
/// has not proven.
async fn owes_second_factor(
    tx: &mut Tx,
    ctx: &Ctx,
    app: &Application,
    wish: &Request,
    sso: &SsoSession,
) -> Result<bool> {
    let demand = Demand::load(tx, ctx, Some(app), &sso.user_id).await?;
    if demand.code().is_none() && !wish.two_factors {
        return Ok(false);
    }
    if sso.mfa_at.is_none() {
        return Ok(true);
    }
    let amr: Vec<String> = serde_json::from_str(&sso.amr).map_err(Error::internal)?;
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

/// Scopes that the user has yet to agree to; all of them where the client wants the user asked anew.
async fn unagreed(tx: &mut Tx, ctx: &Ctx, app: &Application, wish: &Request, user_id: &str) -> Result<Vec<String>> {
    if !Client::of(app)?.asks_consent {
        return Ok(Vec::new());
    }
    let asked = wish.scope.split(' ').map(str::to_owned);
    if wish.prompt.consent {
        return Ok(asked.collect());
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
    for scope in wish.scope.split(' ') {
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

/// `acr` of what was proven.
pub(crate) fn acr(sso: &SsoSession) -> String {
    if sso.mfa_at.is_some() { super::TWO_FACTORS } else { super::ONE_FACTOR }.to_owned()
}

/// What the trail keeps of an answer.
pub(crate) fn about(sso: &SsoSession, app: &Application) -> serde_json::Value {
    json!({ "userId": sso.user_id, "appId": app.id })
}
