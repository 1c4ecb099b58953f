//! The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3): what a request asks for, whether the browser's
//! sign-on answers it, and what goes back to the client.
//!
//! # Layout
//! - [`request`]: a request, checked; [`object`]: one that its client has signed; [`client`]: what the application may
//!   ask for; [`hint`]: ID tokens as hints
//! - [`next`]: what is still owed before the request can be answered
//! - [`issue`]: the answer: code, tokens, or an error

pub mod client;
pub mod hint;
pub mod issue;
pub mod next;
mod object;
pub mod request;

use std::sync::Arc;

use serde_json::json;
use watchword_crypto::hash;
use watchword_kit::{Error, Millis, PoolId, Result, codes, text};
use watchword_store::Tx;
use watchword_store::app::Application;
use watchword_store::interaction::{Interaction, TABLE};
use watchword_store::quota::{self, Quota};

use crate::audit::Audit;
use crate::ctx::{Actor, Ctx};
use crate::services::Services;
use crate::{app, ctx, par, sso_session};

pub use issue::Response;
pub use next::Next;
pub use request::{Mode, Params, Request};

/// Authentication context classes (`acr`): what one factor reaches, and what two do.
pub const ONE_FACTOR: &str = "urn:watchword:acr:one-factor";
pub const TWO_FACTORS: &str = "urn:watchword:acr:two-factor";

/// `acr` of a sign-on or session whose second factor was proven then, if ever.
pub fn acr(mfa_at: Option<Millis>) -> &'static str {
    if mfa_at.is_some() { TWO_FACTORS } else { ONE_FACTOR }
}

/// How long a user may take to sign in.
pub const PATIENCE: Millis = Millis::minutes(15);
/// Within what time [`crate::services::Settings::sign_in_pages`] is counted.
const WINDOW: Millis = Millis::minutes(10);

/// What the browser does next.
#[derive(Debug)]
pub enum Answer {
    /// Go to the page of this interaction.
    Interact(String),
    /// Go back to the client.
    Client(Box<Response>),
}

/// A request to an authorization endpoint. `path_app`: the application that the path names.
///
/// # Errors
/// What must be told to the user and never to the client: an unknown application, an address that is not registered.
pub async fn begin(
    services: &Arc<Services>,
    request: ctx::Request,
    path_app: Option<&str>,
    params: Params,
) -> Result<Answer> {
    let app = client_of(services, path_app, &params).await?;
    let pool = PoolId::new(&app.pool_id);
    let request = ctx::Request { app_id: Some(app.id.clone()), ..request };
    let ctx = Ctx::new(services.clone(), pool, Actor::Anonymous, request, Some(Audit::Authorize));
    let params = object::open(&ctx, &app, pushed(&ctx, &app, params).await?)?;
    let wish = match Request::read(&ctx, &app, &params)? {
        Ok(wish) => wish,
        Err(refusal) => return Ok(Answer::Client(Box::new(refusal))),
    };
    let mut tx = ctx.write().await?;
    let sso = sso_session::current(&mut tx, &ctx, &app).await?;
    let next = next::next(&mut tx, &ctx, &app, &wish, None, sso.as_ref()).await?;
    match (next, sso) {
        (Next::Ready, Some(sso)) => {
            let response = issue::issue(&ctx, tx, &app, &wish, &sso, None).await?;
            Ok(Answer::Client(Box::new(response)))
        }
        (Next::Refused(error), _) => Ok(Answer::Client(Box::new(wish.refuse(&ctx, error.0, error.1)))),
        (owed, _) if wish.prompt.none => {
            let (error, why) = owed.unmet();
            Ok(Answer::Client(Box::new(wish.refuse(&ctx, error, why))))
        }
        _ => Ok(Answer::Interact(interact(tx, &ctx, &app, &wish).await?)),
    }
}

/// Keeps the request until its user has signed in, and answers the key of its page.
///
/// # Errors
/// 429 for too many from one address.
pub(crate) async fn interact(mut tx: Tx, ctx: &Ctx, app: &Application, wish: &Request) -> Result<String> {
    let bucket = format!("authorize:{}", ctx.network());
    let quota = Quota { bucket: &bucket, limit: ctx.settings.sign_in_pages, window: WINDOW };
    if let Some(ends) = quota::charge(&mut tx, ctx.pool(), quota, ctx.now()).await? {
        return Err(crate::throttle::too_many(ends - ctx.now()));
    }
    let row = interaction(ctx, app, wish)?;
    TABLE.insert(&mut tx, &row).await?;
    // Nothing has been decided about anybody yet, so the trail has nothing to tell.
    tx.commit().await?;
    Ok(row.id)
}

/// The parameters that the client pushed, where the browser brings only their name (RFC 9126 §4). What else comes along
/// does not count.
///
/// # Errors
/// 400 for a name that is unknown, used or too old.
async fn pushed(ctx: &Ctx, app: &Application, params: Params) -> Result<Params> {
    let Some(uri) = params.once("request_uri").ok().flatten().filter(|uri| uri.starts_with(par::PREFIX)) else {
        return Ok(params);
    };
    let mut tx = ctx.write().await?;
    let found = par::take(&mut tx, ctx, app, uri).await?;
    tx.commit().await?;
    let gone = || Error::invalid("request_uri", text!("unknown, used or too old", "无效、已使用或已过期"));
    let members = found.ok_or_else(gone)?.into_iter();
    let members = members.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
    Ok(Params(members.collect(), request::Source::Pushed))
}

async fn client_of(services: &Arc<Services>, path_app: Option<&str>, params: &Params) -> Result<Application> {
    let unknown = || Error::new(codes::APP_NOT_FOUND).at("client_id");
    let named = params.once("client_id").map_err(|_| unknown())?;
    let id = match (named, path_app) {
        (Some(named), Some(path)) if named != path => return Err(unknown()),
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => return Err(unknown()),
    };
    app::find(services, id).await.map_err(|e| e.at("client_id"))
}

fn interaction(ctx: &Ctx, app: &Application, wish: &Request) -> Result<Interaction> {
    if ctx.request().browser.key.is_empty() {
        return Err(Error::internal("an interaction without a browser"));
    }
    Ok(Interaction {
        pool_id: ctx.pool().to_string(),
        id: hash::token(&ctx.entropy, 24),
        app_id: app.id.clone(),
        browser: ctx.request().browser.key.clone(),
        request: json!(wish).to_string(),
        user_id: None,
        password_user_id: None,
        mfa_id: None,
        selected: false,
        created_at: ctx.now(),
        expires_at: ctx.now() + PATIENCE,
        ended_at: None,
    })
}
