//! What administrators do with applications.

use serde_json::json;
use watchword_api::app::{
    AppIdQuery, AppIdReq, Application as Shown, ApplicationSecret, ApplicationSimpleInfo, CreateApplicationReq,
    ListApplicationsQuery, UpdateApplicationMfaSettingsReq,
};
use watchword_api::common::{FactorType, Page, Success};
use watchword_api::security_settings::MfaSettings;
use watchword_kit::{Error, Result, codes, text, unicode};
use watchword_store::app::{self as store, Application, TABLE};
use watchword_store::{Filter, StoreError, Tx, table};

use super::config::{self, AppConfig, Elsewhere};
use super::{client, fresh, load, mfa_factors, new_secret, rules, secret, shown, shown_simply};
use crate::ctx::Ctx;
use crate::custom_field;
use crate::permission::Permission;
use crate::{pool, role, security_settings};

/// Makes an application.
///
/// # Errors
/// 400 with the member's path; 409/2039 when the identifier is taken; 501 for what this server does not have yet.
pub async fn create(ctx: &Ctx, req: CreateApplicationReq) -> Result<Shown> {
    refuse_unserved(&req)?;
    let name = rules::name(&req.app_name)?;
    let (mut app, _) = fresh(ctx, &name)?;
    if let Some(identifier) = req.app_identifier.filter(|i| !i.is_empty()) {
        rules::identifier(&identifier)?;
        app.identifier = identifier;
    }
    if let Some(logo) = req.app_logo.filter(|l| !l.is_empty()) {
        rules::web_address("appLogo", &logo)?;
        app.logo = logo;
    }
    if let Some(text) = &req.app_description {
        rules::description(text)?;
    }
    app.description = req.app_description;
    let app_type = req.app_type.unwrap_or_default();
    app.app_type = app_type.as_str().into();
    let uris = req.redirect_uris.unwrap_or_default();
    rules::redirect_uris("redirectUris", &uris, app_type)?;
    app.redirect_uris = serde_json::to_string(&uris).map_err(Error::internal)?;
    let uris = req.logout_redirect_uris.unwrap_or_default();
    rules::redirect_uris("logoutRedirectUris", &uris, app_type)?;
    app.logout_redirect_uris = serde_json::to_string(&uris).map_err(Error::internal)?;
    if let Some(uri) = req.init_login_uri.filter(|u| !u.is_empty()) {
        rules::web_address("initLoginUri", &uri)?;
        app.init_login_uri = uri;
    }
    app.sso_enabled = req.sso_enabled.unwrap_or(false);
    app.sso_enabled_at = app.sso_enabled.then(|| ctx.now());
    app.mfa_on_api_signin = req.mfa_on_api_signin.unwrap_or_default().as_str().into();
    let mut settings = AppConfig::default();
    if let Some(given) = req.oidc_config {
        settings.oidc = client::given(given)?;
    }
    config::oauth(req.oauth_config, &settings.oidc)?;
    if let Some(given) = req.login_config {
        settings.login = config::login(given)?;
    }
    if let Some(given) = req.register_config {
        settings.register = config::register(given);
    }
    if let Some(given) = req.branding_config {
        settings.branding = config::branding(given)?;
        settings.own_branding = true;
    }
    app.config = serde_json::to_string(&settings).map_err(Error::internal)?;
    let mut tx = ctx.write().await?;
    TABLE.insert(&mut tx, &app).await.map_err(taken)?;
    ctx.commit(tx, json!({ "appId": app.id, "name": app.name, "mfaOnApiSignin": app.mfa_on_api_signin })).await?;
    shown(&app)
}

/// Protocols and templates that this server does not have.
fn refuse_unserved(req: &CreateApplicationReq) -> Result<()> {
    if req.template.as_ref().is_some_and(|t| !t.is_empty()) {
        return Err(config::no_templates().at("template"));
    }
    Elsewhere {
        template_data: req.template_data.as_ref(),
        default_protocol: req.default_protocol,
        saml: req.saml_provider_enabled,
        oauth: req.oauth_provider_enabled,
        cas: req.cas_provider_enabled,
        saml_config: req.saml_config.as_ref(),
        cas_config: req.cas_config.as_ref(),
    }
    .refuse()
}

pub(super) fn taken(e: StoreError) -> Error {
    match e.unique() {
        Some("applications_identifier") => Error::new(codes::APP_IDENTIFIER_TAKEN).at("appIdentifier"),
        _ => e.into(),
    }
}

/// One application. Errors: 404/2011.
pub async fn get(ctx: &Ctx, query: AppIdQuery) -> Result<Shown> {
    shown(&load(&mut ctx.read().await?, ctx.pool(), &query.app_id).await?)
}

/// One application in short. Errors: 404/2011.
pub async fn simple_info(ctx: &Ctx, query: AppIdQuery) -> Result<ApplicationSimpleInfo> {
    Ok(shown_simply(&load(&mut ctx.read().await?, ctx.pool(), &query.app_id).await?))
}

/// The pool's applications, newest first.
pub async fn list(ctx: &Ctx, query: ListApplicationsQuery) -> Result<Page<Shown>> {
    let (total_count, rows) = find_all(ctx, query).await?;
    Ok(Page { total_count, list: rows.iter().map(shown).collect::<Result<_>>()? })
}

/// The pool's applications in short, newest first.
pub async fn list_simple_info(ctx: &Ctx, query: ListApplicationsQuery) -> Result<Page<ApplicationSimpleInfo>> {
    let (total_count, rows) = find_all(ctx, query).await?;
    Ok(Page { total_count, list: rows.iter().map(shown_simply).collect() })
}

async fn find_all(ctx: &Ctx, query: ListApplicationsQuery) -> Result<(i64, Vec<Application>)> {
    let page = page(query.page, query.limit)?;
    let mut filter = Filter::pool(ctx.pool());
    let (integrated, own) = (query.is_integrate_app == Some(true), query.is_self_built_app == Some(true));
    if integrated != own {
        filter = filter.and("is_integrate", "=", integrated);
    }
    if query.sso_enabled == Some(true) {
        filter = filter.and("sso_enabled", "=", true);
    }
    if let Some(words) = query.keywords {
        rules::at_most("keywords", &words, 200)?;
        filter = filter.and_any_contains(&["name_key", "identifier"], &unicode::fold(&words));
    }
    Ok(TABLE.page(&mut ctx.read().await?, &filter, "created_at DESC", page).await?)
}

fn page(page: Option<i64>, limit: Option<i64>) -> Result<table::Page> {
    let (page, limit) = (page.unwrap_or(1), limit.unwrap_or(10));
    if !(1..=1_000_000).contains(&page) {
        return Err(Error::invalid("page", text!("1 or more", "应为大于等于 1 的整数")));
    }
    if !(1..=50).contains(&limit) {
        return Err(Error::invalid("limit", text!("1 to 50", "应为 1 到 50")));
    }
    Ok(table::Page { limit, offset: (page - 1) * limit })
}

/// Deletes the application and everything that was begun through it: its tokens are good for nothing from now on.
///
/// # Errors
/// 404/2011.
pub async fn delete(ctx: &Ctx, req: AppIdReq) -> Result<Success> {
    let mut tx = ctx.write().await?;
    let (app, sessions) = remove(&mut tx, ctx, &req.app_id).await?;
    ctx.commit(tx, json!({ "appId": app.id, "name": app.name, "sessions": sessions })).await?;
    Ok(Success { success: true })
}

/// Deletes it inside a unit of work that the caller commits; answers what it was, and how many sessions that ended.
pub(super) async fn remove(tx: &mut Tx, ctx: &Ctx, id: &str) -> Result<(Application, u64)> {
    let app = load(tx, ctx.pool(), id).await?;
    let sessions = store::delete_traces(tx, ctx.pool(), &app.id).await?;
    custom_field::define::app_gone(tx, ctx, &app.id).await?;
    if !TABLE.delete(tx, ctx.pool(), &app.id).await? {
        return Err(Error::new(codes::APP_NOT_FOUND));
    }
    role::forget_space(tx, ctx, &app.id).await?;
    Ok((app, sessions))
}

/// The application's secret; reading it leaves a row in the trail.
pub async fn read_secret(ctx: &Ctx, query: AppIdQuery) -> Result<ApplicationSecret> {
    let app = load(&mut ctx.read().await?, ctx.pool(), &query.app_id).await?;
    let secret = secret(ctx, &app)?;
    let tx = ctx.write().await?;
    ctx.commit(tx, json!({ "appId": app.id })).await?;
    Ok(ApplicationSecret { secret: secret.reveal().clone() })
}

/// Replaces the application's secret; the old one is worth nothing from now on.
///
/// # Errors
/// 403 for whoever may not read secrets, because the answer is one; 404/2011.
pub async fn refresh_secret(ctx: &Ctx, req: AppIdReq) -> Result<ApplicationSecret> {
    if !ctx.may(Permission::ApplicationReadSecret) {
        let name = Permission::ApplicationReadSecret.as_str();
        return Err(Error::new(codes::FORBIDDEN)
            .because(text!("this access key lacks the permission {name}", "该 AccessKey 缺少权限 {name}")));
    }
    let (secret, sealed) = new_secret(ctx, &req.app_id);
    let mut tx = ctx.write().await?;
    if !store::set_secret(&mut tx, ctx.pool(), &req.app_id, sealed, ctx.now()).await? {
        return Err(Error::new(codes::APP_NOT_FOUND));
    }
    ctx.commit(tx, json!({ "appId": req.app_id })).await?;
    Ok(ApplicationSecret { secret: secret.reveal().clone() })
}

/// Switches second factors of one application on and off; the first change begins with what the pool asks for. An
/// application whose own list becomes empty has none of its own: what the pool asks for then holds.
///
/// # Errors
/// 400 for a factor in both lists; 404/2011; 409 when somebody else changed them at the same moment; 422 for switching
/// off what the pool would go on asking for; 501 for FACE.
pub async fn update_mfa_settings(ctx: &Ctx, req: UpdateApplicationMfaSettingsReq) -> Result<MfaSettings> {
    let (on, off) = (req.enabled_factors.unwrap_or_default(), req.disabled_factors.unwrap_or_default());
    security_settings::refuse_unavailable("enabledFactors", &on)?;
    if let Some(i) = off.iter().position(|f| on.contains(f)) {
        return Err(Error::invalid(format!("disabledFactors[{i}]"), text!("also enabled", "同时出现在开启列表中")));
    }
    let mut tx = ctx.write().await?;
    let app = load(&mut tx, ctx.pool(), &req.app_id).await?;
    let pools = pool::settings(&mut tx, ctx.pool()).await?.mfa_factors;
    let own = mfa_factors(&app)?;
    let changed = if on.is_empty() && off.is_empty() { own } else { merged(own, &pools, &on, &off) };
    let next = store::MfaSettings {
        factors: changed.as_ref().map(serde_json::to_string).transpose().map_err(Error::internal)?,
        on_api_signin: req.mfa_on_api_signin.map_or(app.mfa_on_api_signin.clone(), |m| m.as_str().into()),
    };
    let enabled_factors = changed.unwrap_or(pools);
    if let Some(i) = off.iter().position(|f| enabled_factors.contains(f)) {
        return Err(Error::new(codes::UNPROCESSABLE).at(format!("disabledFactors[{i}]")).because(text!(
            "the user pool asks for this factor, and an application without factors of its own follows the pool",
            "用户池要求该要素，未单独配置要素的应用遵循用户池的配置"
        )));
    }
    if !store::set_mfa(&mut tx, &app, &next, ctx.now()).await? {
        return Err(Error::new(codes::CONFLICT));
    }
    let details = json!({
        "appId": app.id, "enabledFactors": enabled_factors, "mfaOnApiSignin": next.on_api_signin,
    });
    ctx.commit(tx, details).await?;
    Ok(MfaSettings { enabled_factors })
}

/// The application's own factors after the change.
fn merged(
    own: Option<Vec<FactorType>>,
    pools: &[FactorType],
    on: &[FactorType],
    off: &[FactorType],
) -> Option<Vec<FactorType>> {
    let before = own.unwrap_or_else(|| pools.to_vec());
    let stays = |f: &FactorType| on.contains(f) || (before.contains(f) && !off.contains(f));
    let after: Vec<FactorType> = FactorType::ALL.iter().copied().filter(stays).collect();
    (!after.is_empty()).then_some(after)
}
