//! Signing out at the browser (OpenID Connect RP-Initiated Logout 1.0), and telling applications (Back-Channel Logout).

pub mod back_channel;

use std::sync::Arc;

use serde_json::json;
use watchword_crypto::hash;
use watchword_kit::{Error, PoolId, Result, codes, text};
use watchword_store::app::{Application, TABLE as APPS};
use watchword_store::sso_session::{SsoSession, TABLE};
use watchword_store::user::TABLE as USERS;
use watchword_store::{Tx, session};

use crate::audit::Audit;
use crate::authorize::Params;
use crate::authorize::hint::{self, Hint};
use crate::ctx::{Actor, Ctx};
use crate::services::Services;
use crate::{app, ctx, sso_session};

/// What the browser is told.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The user must say so first.
    Ask,
    /// Nobody is signed on any more; the realms whose cookies are to go, and where the browser goes.
    Done { realms: Vec<String>, redirect: Option<String> },
}

/// A request to end sign-ons. `redirect`: the parameter that names where the browser goes afterwards.
pub struct Wish<'a> {
    pub path_app: Option<&'a str>,
    pub params: &'a Params,
    pub redirect: &'static str,
    /// The user has confirmed it on our own page.
    pub confirmed: bool,
}

/// Ends the browser's sign-on with the application, or with every one where none is named.
///
/// # Errors
/// 400 for an address that is not registered and for a hint that this server did not make: both are shown here, and
/// the browser is sent nowhere.
pub async fn end(services: &Arc<Services>, request: ctx::Request, wish: Wish<'_>) -> Result<Answer> {
    let (app, hint) = who(services, &wish).await?;
    let get = |name: &'static str| wish.params.once(name).map_err(|_| twice(name));
    let state = get("state")?;
    let redirect = get(wish.redirect)?;
    let mut places = places(services, &request, app.as_ref()).await?;
    if let (Some(redirect), Some(app)) = (redirect, &app) {
        allowed(app, redirect)?;
    }
    let known = redirect.is_some() && app.is_some();
    let mut foreign = None;
    if let (Some(redirect), None) = (redirect, &app) {
        // No application is named: the address must belong to one at which this browser is signed in.
        foreign = Some(!belongs(services, &request, &places, redirect).await?);
    }
    if foreign == Some(true) && wish.redirect == "post_logout_redirect_uri" {
        let detail = text!("needs id_token_hint or client_id", "需要同时提供 id_token_hint 或 client_id");
        return Err(Error::invalid(wish.redirect, detail));
    }
    let signed_on = places.iter().any(|place| place.sso.is_some());
    let vouched = hint
        .as_ref()
        .is_some_and(|hint| places.iter().filter_map(|p| p.sso.as_ref()).all(|sso| sso.user_id == hint.user_id));
    if signed_on && !vouched && !wish.confirmed {
        return Ok(Answer::Ask);
    }
    let realms: Vec<String> = places.iter().map(|place| place.realm.clone()).collect();
    for place in &mut places {
        let named = hint.as_ref().filter(|_| app.as_ref().is_some_and(|a| a.pool_id == place.pool.as_str()));
        sign_out(services, &request, place, named).await?;
    }
    let redirect = redirect.filter(|_| known || foreign == Some(false)).map(|uri| with_state(uri, state));
    Ok(Answer::Done { realms, redirect })
}

/// A realm that the request is about.
struct Place {
    pool: PoolId,
    realm: String,
    sso: Option<SsoSession>,
}

async fn who(services: &Arc<Services>, wish: &Wish<'_>) -> Result<(Option<Application>, Option<Hint>)> {
    let get = |name: &'static str| wish.params.once(name).map_err(|_| twice(name));
    let wrong =
        || Error::invalid("id_token_hint", text!("not an ID token of this application", "不是该应用的 ID Token"));
    let (token, named) = (get("id_token_hint")?, get("client_id")?.or(get("app_id")?));
    let audience = token.map(|token| hint::audience(token).ok_or_else(wrong)).transpose()?;
    let mut ids = wish.path_app.into_iter().chain(named).chain(audience.as_deref());
    let Some(id) = ids.next() else { return Ok((None, None)) };
    if ids.any(|other| other != id) {
        let detail = text!("the request names two applications", "请求中指定了两个不同的应用");
        return Err(Error::invalid("client_id", detail));
    }
    let app = app::find(services, id).await.map_err(|e| e.at("client_id"))?;
    let hint = match token {
        Some(token) => Some(hint::read(services, &app, token)?.ok_or_else(wrong)?),
        None => None,
    };
    Ok((Some(app), hint))
}

/// The realm of the application, otherwise every realm of which the browser has a cookie.
async fn places(services: &Arc<Services>, request: &ctx::Request, app: Option<&Application>) -> Result<Vec<Place>> {
    let mut found = Vec::new();
    if let Some(app) = app {
        found.push((PoolId::new(&app.pool_id), sso_session::realm(app).to_owned()));
    } else {
        for (realm, _) in &request.browser.sign_ons {
            let pool = match app::find(services, realm).await {
                Ok(app) => app.pool_id,
                Err(_) => realm.clone(),
            };
            found.push((PoolId::new(pool), realm.clone()));
        }
    }
    let mut tx = services.db.read().await?;
    let mut places = Vec::with_capacity(found.len());
    for (pool, realm) in found {
        let token = request.browser.sign_ons.iter().find(|(name, _)| *name == realm).map(|(_, token)| token);
        let sso = match token {
            Some(token) => TABLE.get(&mut tx, &pool, &hash::token_hash(token.reveal())).await?,
            None => None,
        };
        let sso = sso.filter(|sso| sso.realm == realm);
        places.push(Place { pool, realm, sso });
    }
    Ok(places)
}

async fn belongs(services: &Arc<Services>, _request: &ctx::Request, places: &[Place], redirect: &str) -> Result<bool> {
    let mut tx = services.db.read().await?;
    for place in places {
        let Some(sso) = &place.sso else { continue };
        let opened = session::of_sso(&mut tx, &place.pool, &sso.id, services.clock.now()).await?;
        let mut ids: Vec<String> = opened.into_iter().map(|s| s.app_id).collect();
        ids.push(place.realm.clone());
        for app in APPS.get_many(&mut tx, &place.pool, &ids).await? {
            if allowed(&app, redirect).is_ok() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Exactly as registered.
fn allowed(app: &Application, redirect: &str) -> Result<()> {
    let registered: Vec<String> = serde_json::from_str(&app.logout_redirect_uris).map_err(Error::internal)?;
    if registered.iter().any(|uri| uri == redirect) {
        return Ok(());
    }
    let detail = text!("not an address that this application has registered", "不是该应用登记的登出回调地址");
    Err(Error::invalid("post_logout_redirect_uri", detail))
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    match state {
        None => uri.to_owned(),
        Some(state) => {
            let mark = if uri.contains('?') { '&' } else { '?' };
            let encoded: String = url::form_urlencoded::byte_serialize(state.as_bytes()).collect();
            format!("{uri}{mark}state={encoded}")
        }
    }
}

async fn sign_out(services: &Arc<Services>, request: &ctx::Request, place: &Place, hint: Option<&Hint>) -> Result<()> {
    let action = Some(Audit::SignOut);
    let ctx = Ctx::new(services.clone(), place.pool.clone(), Actor::Anonymous, request.clone(), action);
    let mut tx = ctx.write().await?;
    let mut users: Vec<&str> = place.sso.iter().map(|sso| sso.user_id.as_str()).collect();
    users.extend(hint.map(|hint| hint.user_id.as_str()));
    users.sort_unstable();
    users.dedup();
    for user in users {
        USERS.keep(&mut tx, ctx.pool(), user).await?;
    }
    let mut user = None;
    if let Some(sso) = &place.sso {
        sso_session::end(&mut tx, &ctx, sso).await?;
        user = Some(sso.user_id.clone());
    }
    if let Some((owner, id)) = hint.and_then(|h| Some((&h.user_id, h.session_id.as_deref()?)))
        && end_session(&mut tx, &ctx, owner, id).await?
    {
        user = Some(owner.clone());
    }
    match user {
        Some(user) => ctx.commit(tx, json!({ "userId": user })).await,
        // Nobody was signed in: nothing has changed.
        None => Ok(()),
    }
}

/// Ends the session that the hint names: a sign-in by API has no cookie.
async fn end_session(tx: &mut Tx, ctx: &Ctx, owner: &str, id: &str) -> Result<bool> {
    let live = session::live(tx, ctx.pool(), id, ctx.now()).await?.filter(|s| s.user_id == owner);
    let Some(live) = live else { return Ok(false) };
    back_channel::announce(tx, ctx, std::slice::from_ref(&live)).await?;
    Ok(session::end(tx, ctx.pool(), id, ctx.now()).await?)
}

fn twice(name: &'static str) -> Error {
    Error::new(codes::INVALID).because(text!("given more than once", "重复出现")).at(name)
}
