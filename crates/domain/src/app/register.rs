//! Applications that register themselves (RFC 7591) and look after their registration (RFC 7592).
//!
//! A pool allows it by `dynamicRegistration`. The initial access token is the management token of an access key with the
//! right `application:register`: whoever should register gets such a key and nothing else.

use serde_json::{Value, json};
use watchword_api::app::AppType;
use watchword_api::common::Object;
use watchword_crypto::hash;
use watchword_kit::{Error, PoolId, Result, codes, text};
use watchword_store::app::{Application, TABLE};
use watchword_store::registration::{self as store, ClientRegistration};

use super::{client, fresh, load, manage, rules, secret, settings};
use crate::ctx::{Actor, Ctx};
use crate::pool;
use crate::token::oauth;

/// Metadata that becomes `oidcConfig` under its own name.
const SETTINGS: &[&str] = &[
    "grant_types",
    "response_types",
    "token_endpoint_auth_method",
    "jwks",
    "jwks_uri",
    "scope",
    "id_token_signed_response_alg",
    "require_pushed_authorization_requests",
    "dpop_bound_access_tokens",
];
/// Set with `token_endpoint_auth_method`.
const LIKE_TOKEN_AUTH: &[&str] = &["introspection_endpoint_auth_method", "revocation_endpoint_auth_method"];
/// Grants in which nobody asks the user: no stranger registers for them.
const NOT_FOR_STRANGERS: &[&str] = &["password", "client_credentials", client::TOKEN_EXCHANGE, "implicit"];

/// `POST /oidc/register`. Metadata that this server does not know is left out of the answer, which tells what was
/// registered. Users are always asked to consent.
///
/// # Errors
/// 403 where the pool does not allow it; `invalid_redirect_uri`, `invalid_client_metadata`.
pub async fn register(ctx: &Ctx, given: Object) -> Result<Object> {
    if !pool::settings(&mut ctx.read().await?, ctx.pool()).await?.dynamic_registration {
        return Err(Error::new(codes::FORBIDDEN).because(text!(
            "this user pool does not let applications register themselves",
            "此用户池未开启应用动态注册"
        )));
    }
    let (mut app, plain) = fresh(ctx, "Registered application")?;
    let mut config = settings(&app)?;
    config.oidc.insert("skip_consent".into(), false.into());
    app.config = serde_json::to_string(&config).map_err(Error::internal)?;
    apply(&mut app, &given)?;
    let token = hash::token(&ctx.entropy, 32);
    let row = ClientRegistration {
        pool_id: ctx.pool().to_string(),
        id: app.id.clone(),
        token: hash::token_hash(&token),
        created_at: ctx.now(),
    };
    let mut tx = ctx.write().await?;
    TABLE.insert(&mut tx, &app).await?;
    store::TABLE.insert(&mut tx, &row).await?;
    ctx.commit(tx, json!({ "appId": app.id, "name": app.name })).await?;
    let mut told = shown(ctx, &app, &token)?;
    told.insert("client_id_issued_at".into(), ctx.now().as_seconds().into());
    if !super::client_settings(&app)?.is_public() {
        told.insert("client_secret".into(), plain.reveal().clone().into());
        told.insert("client_secret_expires_at".into(), 0.into());
    }
    Ok(told)
}

/// `GET /oidc/register/{client_id}`.
///
/// # Errors
/// 401 `invalid_token`, the same for an unknown application and a wrong token.
pub async fn read_registration(ctx: &Ctx, id: &str) -> Result<Object> {
    let (app, token) = registered(ctx, id).await?;
    shown(ctx, &app, &token)
}

/// `PUT /oidc/register/{client_id}`: what is left out gets its default, as at registration. What registration cannot set
/// (lifetimes, resources, consent) stays as an administrator has left it.
///
/// # Errors
/// As [`register`] and [`read_registration`]; `invalid_client_metadata` where `client_secret` is not the application's.
pub async fn change_registration(ctx: &Ctx, mut given: Object) -> Result<Object> {
    let id = ctx.request().path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let (app, token) = registered(ctx, id).await?;
    if given.remove("client_id").is_some_and(|named| named != app.id) {
        return Err(metadata(text!("client_id names another application", "client_id 与路径不符")));
    }
    if let Some(given) = given.get("client_secret") {
        let own = secret(ctx, &app)?;
        if !given.as_str().is_some_and(|s| hash::ct_eq(s, own.reveal())) {
            return Err(metadata(text!("client_secret is not the application's", "client_secret 不正确")));
        }
    }
    let ctx = ctx.rebind(PoolId::new(&app.pool_id), Actor::Anonymous);
    let mut tx = ctx.write().await?;
    // As it is now, whatever an administrator has changed meanwhile.
    let held = TABLE.hold(&mut tx, ctx.pool(), &app.id, "updated_at", ctx.now()).await?;
    let mut app = held.ok_or_else(wrong_token)?;
    apply(&mut app, &given)?;
    if !TABLE.update(&mut tx, &app).await? {
        return Err(wrong_token());
    }
    ctx.commit(tx, json!({ "appId": app.id, "name": app.name })).await?;
    shown(&ctx, &app, &token)
}

/// `DELETE /oidc/register/{client_id}`: with everything that was begun through the application.
///
/// # Errors
/// As [`read_registration`].
pub async fn end_registration(ctx: &Ctx, id: &str) -> Result<()> {
    let (app, _) = registered(ctx, id).await?;
    let ctx = ctx.rebind(PoolId::new(&app.pool_id), Actor::Anonymous);
    let mut tx = ctx.write().await?;
    let (app, sessions) = manage::remove(&mut tx, &ctx, &app.id).await.map_err(|_| wrong_token())?;
    ctx.commit(tx, json!({ "appId": app.id, "name": app.name, "sessions": sessions })).await
}

/// The application, if the request has its registration access token; and that token.
async fn registered(ctx: &Ctx, id: &str) -> Result<(Application, String)> {
    let token = ctx.request().token.as_ref().ok_or_else(wrong_token)?.reveal().clone();
    let app = super::find(ctx, id).await.map_err(|_| wrong_token())?;
    let pool = PoolId::new(&app.pool_id);
    let row = store::TABLE.get(&mut ctx.read().await?, &pool, &app.id).await?.ok_or_else(wrong_token)?;
    if !hash::ct_eq(row.token, hash::token_hash(&token)) {
        return Err(wrong_token());
    }
    // As it is now, and in its pool.
    Ok((load(&mut ctx.read().await?, &pool, &app.id).await.map_err(|_| wrong_token())?, token))
}

fn wrong_token() -> Error {
    Error::new(codes::UNAUTHENTICATED)
        .because(text!("wrong registration access token", "registration access token 错误"))
}

fn metadata(detail: watchword_kit::Text) -> Error {
    oauth("invalid_client_metadata").because(detail)
}

/// Puts client metadata (RFC 7591 §2) into the application.
fn apply(app: &mut Application, given: &Object) -> Result<()> {
    let told = |e: Error| {
        let said = |lang| e.message(lang);
        let (en, zh) = (said(watchword_kit::Lang::En), said(watchword_kit::Lang::Zh));
        metadata(text!("{en}", "{zh}"))
    };
    let kind = match given.get("application_type").and_then(Value::as_str) {
        None | Some("web") => AppType::Web,
        Some("native") => AppType::Native,
        Some(_) => {
            return Err(metadata(text!("application_type is web or native", "application_type 应为 web 或 native")));
        }
    };
    app.app_type = kind.as_str().into();
    if let Some(name) = given.get("client_name") {
        let name = rules::name(name.as_str().unwrap_or_default()).map_err(told)?;
        app.name_key = watchword_kit::unicode::fold(&name);
        app.name = name;
    }
    if let Some(uri) = given.get("logo_uri") {
        let uri = uri.as_str().unwrap_or_default();
        rules::web_address("logo_uri", uri).map_err(told)?;
        uri.clone_into(&mut app.logo);
    }
    app.redirect_uris = addresses(given, "redirect_uris", kind)?;
    app.logout_redirect_uris = addresses(given, "post_logout_redirect_uris", kind)?;
    let mut config = settings(app)?;
    let mut members = std::mem::take(&mut config.oidc);
    members.retain(|name, _| !SETTINGS.contains(&name.as_str()) && !LIKE_TOKEN_AUTH.contains(&name.as_str()));
    members.extend(SETTINGS.iter().filter_map(|name| Some(((*name).to_owned(), given.get(*name)?.clone()))));
    if let Some(method) = members.get("token_endpoint_auth_method").cloned() {
        members.extend(LIKE_TOKEN_AUTH.iter().map(|name| ((*name).to_owned(), method.clone())));
    }
    // A client that is no contract's client: RFC 7591's and OpenID Connect's defaults.
    members.entry("grant_types").or_insert_with(|| json!(["authorization_code"]));
    members.entry("id_token_signed_response_alg").or_insert_with(|| json!("RS256"));
    let grants = members["grant_types"].as_array().cloned().unwrap_or_default();
    if let Some(grant) = grants.iter().filter_map(Value::as_str).find(|g| NOT_FOR_STRANGERS.contains(g)) {
        return Err(metadata(text!("{grant} is not for registered clients", "动态注册的应用不能使用 {grant}")));
    }
    let needs_address = grants.iter().any(|g| g == "authorization_code");
    if needs_address && app.redirect_uris == "[]" {
        return Err(oauth("invalid_redirect_uri").because(text!("redirect_uris is required", "缺少 redirect_uris")));
    }
    config.set_client(members).map_err(told)?;
    app.config = serde_json::to_string(&config).map_err(Error::internal)?;
    Ok(())
}

fn addresses(given: &Object, name: &str, kind: AppType) -> Result<String> {
    let wrong =
        || oauth("invalid_redirect_uri").because(text!("{name} is not a list of addresses", "{name} 不是地址列表"));
    let uris: Vec<String> = match given.get(name) {
        None => Vec::new(),
        Some(list) => serde_json::from_value(list.clone()).map_err(|_| wrong())?,
    };
    rules::redirect_uris(name, &uris, kind).map_err(|_| wrong())?;
    serde_json::to_string(&uris).map_err(Error::internal)
}

/// What is registered (RFC 7591 §3.2.1). The secret is told once.
fn shown(ctx: &Ctx, app: &Application, token: &str) -> Result<Object> {
    let list = |json: &str| serde_json::from_str::<Value>(json).map_err(Error::internal);
    let mut out = Object::new();
    out.insert("client_id".into(), app.id.clone().into());
    out.insert("client_name".into(), app.name.clone().into());
    out.insert("application_type".into(), app.app_type.clone().into());
    out.insert("redirect_uris".into(), list(&app.redirect_uris)?);
    out.insert("post_logout_redirect_uris".into(), list(&app.logout_redirect_uris)?);
    if !app.logo.is_empty() {
        out.insert("logo_uri".into(), app.logo.clone().into());
    }
    let stored = settings(app)?.oidc;
    for name in SETTINGS {
        if let Some(value) = stored.get(*name).filter(|v| !v.is_null()) {
            out.insert((*name).to_owned(), value.clone());
        }
    }
    out.insert("registration_access_token".into(), token.into());
    let address = format!("{}/oidc/register/{}", ctx.settings.public_url, app.id);
    out.insert("registration_client_uri".into(), address.into());
    Ok(out)
}
