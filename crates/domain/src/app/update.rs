//! Changing an application after it was made.

use serde_json::json;
use watchword_api::app::{
    AppType, Application as Shown, BrandingConfigReq, CheckDomainReq, DomainAvailable, LoginConfigReq,
    UpdateApplicationReq,
};
use watchword_kit::{Error, Result, Text, text, unicode};
use watchword_store::app::{Application, TABLE, identifier_taken};

use super::config::{self, AppConfig, Elsewhere, unsupported};
use super::{client, rules, settings, shown};
use crate::ctx::Ctx;

/// `POST /api/v3/update-application`. What is absent stays as it is, inside of the settings' objects, too.
///
/// # Errors
/// 400 with the member's path; 404/2011; 409/2039 when the identifier is taken; 501 for what this server does not
/// have; nothing is changed then.
pub async fn update(ctx: &Ctx, req: UpdateApplicationReq) -> Result<Shown> {
    refuse_unserved(&req)?;
    let mut tx = ctx.write().await?;
    let held = TABLE.hold(&mut tx, ctx.pool(), &req.app_id, "updated_at", ctx.now()).await?;
    let mut app = held.ok_or_else(|| Error::new(watchword_kit::codes::APP_NOT_FOUND).at("appId"))?;
    let mut changed = Vec::new();
    let mut config = settings(&app)?;
    apply(ctx, req, &mut app, &mut config, &mut changed)?;
    app.config = serde_json::to_string(&config).map_err(Error::internal)?;
    TABLE.update(&mut tx, &app).await.map_err(super::manage::taken)?;
    ctx.commit(tx, json!({ "appId": app.id, "changed": changed })).await?;
    shown(&app)
}

fn apply(
    ctx: &Ctx,
    req: UpdateApplicationReq,
    app: &mut Application,
    config: &mut AppConfig,
    changed: &mut Vec<&'static str>,
) -> Result<()> {
    let app_type = AppType::parse(&app.app_type).unwrap_or_default();
    if let Some(name) = &req.app_name {
        app.name = rules::name(name)?;
        app.name_key = unicode::fold(&app.name);
        changed.push("appName");
    }
    if let Some(identifier) = req.app_identifier.filter(|i| !i.is_empty()) {
        rules::identifier(&identifier)?;
        app.identifier = identifier;
        changed.push("appIdentifier");
    }
    if let Some(logo) = req.app_logo {
        if !logo.is_empty() {
            rules::web_address("appLogo", &logo)?;
        }
        app.logo = logo;
        changed.push("appLogo");
    }
    if let Some(text) = req.app_description {
        rules::description(&text)?;
        app.description = Some(text);
        changed.push("appDescription");
    }
    if let Some(uris) = req.redirect_uris {
        rules::redirect_uris("redirectUris", &uris, app_type)?;
        app.redirect_uris = serde_json::to_string(&uris).map_err(Error::internal)?;
        changed.push("redirectUris");
    }
    if let Some(uris) = req.logout_redirect_uris {
        rules::redirect_uris("logoutRedirectUris", &uris, app_type)?;
        app.logout_redirect_uris = serde_json::to_string(&uris).map_err(Error::internal)?;
        changed.push("logoutRedirectUris");
    }
    if let Some(uri) = req.init_login_uri {
        if !uri.is_empty() {
            rules::web_address("initLoginUri", &uri)?;
        }
        app.init_login_uri = uri;
        changed.push("initLoginUri");
    }
    if let Some(on) = req.sso_enabled {
        app.sso_enabled_at = on.then(|| app.sso_enabled_at.unwrap_or_else(|| ctx.now()));
        app.sso_enabled = on;
        changed.push("ssoEnabled");
    }
    if let Some(given) = req.oidc_config {
        let mut whole = config.oidc.clone();
        whole.extend(given);
        config.oidc = client::given(whole)?;
        changed.push("oidcConfig");
    }
    config::oauth(req.oauth_config, &config.oidc)?;
    if let Some(given) = req.login_config {
        config.login = config::login(over(given, config))?;
        changed.push("loginConfig");
    }
    if let Some(given) = req.register_config {
        config.register = config::register(given);
        changed.push("registerConfig");
    }
    if let Some(given) = req.branding_config {
        config.branding = config::branding(look_over(given, config))?;
        config.own_branding = true;
        changed.push("brandingConfig");
    }
    Ok(())
}

/// The given members, and the present ones for those that are absent.
fn over(given: LoginConfigReq, config: &AppConfig) -> LoginConfigReq {
    let now = &config.login;
    LoginConfigReq {
        merge_login_and_register_page: given.merge_login_and_register_page.or(Some(now.merge_login_and_register_page)),
        enabled_basic_login_methods: given
            .enabled_basic_login_methods
            .or_else(|| Some(now.enabled_basic_login_methods.clone())),
        default_login_method: given.default_login_method.or_else(|| Some(config::as_given(&now.default_login_method))),
        ..given
    }
}

fn look_over(given: BrandingConfigReq, config: &AppConfig) -> BrandingConfigReq {
    let now = &config.branding;
    BrandingConfigReq {
        show_change_language_button: given.show_change_language_button.or(Some(now.show_change_language_button)),
        default_language: given.default_language.or(Some(now.default_language)),
        show_forget_password_button: given.show_forget_password_button.or(Some(now.show_forget_password_button)),
        show_enterprise_connections: given.show_enterprise_connections.or(Some(now.show_enterprise_connections)),
        show_social_connections: given.show_social_connections.or(Some(now.show_social_connections)),
        ..given
    }
}

/// Protocols and pages that this server does not have.
fn refuse_unserved(req: &UpdateApplicationReq) -> Result<()> {
    let refuse = |field: &str, detail: Text| Err(unsupported(detail).at(field));
    Elsewhere {
        template_data: req.template_data.as_ref(),
        default_protocol: req.default_protocol,
        saml: req.saml_provider_enabled,
        oauth: req.oauth_provider_enabled,
        cas: req.cas_provider_enabled,
        saml_config: req.saml_config.as_ref(),
        cas_config: req.cas_config.as_ref(),
    }
    .refuse()?;
    if req.sso_show_launchpad == Some(true) {
        return refuse("ssoShowLaunchpad", text!("there is no application panel", "暂不支持应用面板"));
    }
    if req.enable_permission_apply == Some(true) {
        let detail = text!("users cannot apply for access", "暂不支持申请应用访问权限");
        return refuse("enablePermissionApply", detail);
    }
    Ok(())
}

/// `POST /api/v3/check-domain-available`: whether an application of the pool may have this identifier.
pub async fn check_domain(ctx: &Ctx, req: CheckDomainReq) -> Result<DomainAvailable> {
    let sound = rules::identifier(&req.domain).is_ok();
    let taken = identifier_taken(&mut ctx.read().await?, ctx.pool(), &req.domain).await?;
    Ok(DomainAvailable { available: sound && !taken })
}
