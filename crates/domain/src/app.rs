//! Applications.

pub mod access;
mod client;
mod config;
mod manage;
mod register;
mod rules;
mod tenant;
mod update;

use watchword_api::app::{
    AppProtocol, AppType, Application as Shown, ApplicationSimpleInfo, MfaOnApiSignin, PermissionStrategy,
};
use watchword_api::common::FactorType;
use watchword_crypto::vault::{Aad, Class};
use watchword_kit::{Error, PoolId, Result, Secret, codes, unicode};
use watchword_store::Tx;
use watchword_store::app::{Application, TABLE};

use crate::ctx::Ctx;
use crate::services::Services;

pub use client::{AUTHING_TOKEN, AuthMethod, ClientSettings, DEVICE_CODE, IdTokenAlg, TOKEN_EXCHANGE, client_settings};
pub use config::AppConfig;
pub use manage::{
    create, delete, get, list, list_simple_info, read_secret, refresh_secret, simple_info, update_mfa_settings,
};
pub use register::{change_registration, end_registration, read_registration, register};
pub use tenant::{no_login_page, no_tenant_apps};

pub use crate::rules::tenants as no_tenants;
pub use update::{check_domain, update};

/// The application, in this pool.
///
/// # Errors
/// 404/2011, the same for unknown and foreign ones.
pub async fn load(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<Application> {
    TABLE.get(tx, pool, id).await?.ok_or_else(|| Error::new(codes::APP_NOT_FOUND))
}

/// The application with this id, whichever pool it lives in.
///
/// # Errors
/// 404/2011.
pub async fn find(services: &Services, id: &str) -> Result<Application> {
    let found = watchword_store::app::find(&mut services.db.read().await?, id).await?;
    found.ok_or_else(|| Error::new(codes::APP_NOT_FOUND))
}

/// How users sign in and register, how the login page looks, what the protocols are set to.
pub fn settings(app: &Application) -> Result<AppConfig> {
    serde_json::from_str(&app.config).map_err(Error::internal)
}

/// The application's own second factors; `None`: it has none of its own, so that the pool's apply.
pub fn mfa_factors(app: &Application) -> Result<Option<Vec<FactorType>>> {
    let stored: Option<Vec<FactorType>> =
        app.mfa_factors.as_deref().map(serde_json::from_str).transpose().map_err(Error::internal)?;
    Ok(stored.filter(|own| !own.is_empty()))
}

/// What a sign-in by API does when a second factor is due. Anything unreadable enforces.
pub fn mfa_on_api_signin(app: &Application) -> MfaOnApiSignin {
    MfaOnApiSignin::parse(&app.mfa_on_api_signin).unwrap_or_default()
}

/// The application's secret.
pub fn secret(services: &Services, app: &Application) -> Result<Secret<String>> {
    let plain = services
        .vault
        .open_blob(Class::AppSecret, &aad(&app.pool_id, &app.id), &app.secret_sealed)
        .map_err(|e| Error::internal(format!("{e:?}")))?;
    String::from_utf8(plain.reveal().clone()).map(Secret::new).map_err(Error::internal)
}

/// A new application with defaults, not yet stored, and its secret: 32 hex digits, 128 bits.
pub fn fresh(ctx: &Ctx, name: &str) -> Result<(Application, Secret<String>)> {
    let id = ctx.new_id();
    let (secret, secret_sealed) = new_secret(ctx, &id);
    let app = Application {
        pool_id: ctx.pool().to_string(),
        identifier: format!("app-{id}"),
        name: name.to_owned(),
        name_key: unicode::fold(name),
        logo: String::new(),
        description: None,
        app_type: AppType::Web.as_str().into(),
        default_protocol: AppProtocol::Oidc.as_str().into(),
        is_integrate: false,
        template: None,
        redirect_uris: "[]".into(),
        logout_redirect_uris: "[]".into(),
        init_login_uri: String::new(),
        sso_enabled: false,
        sso_enabled_at: None,
        secret_sealed,
        config: serde_json::to_string(&AppConfig::default()).map_err(Error::internal)?,
        mfa_factors: None,
        mfa_on_api_signin: MfaOnApiSignin::Enforce.as_str().into(),
        permission_strategy: PermissionStrategy::AllowAll.as_str().into(),
        created_at: ctx.now(),
        updated_at: ctx.now(),
        id,
    };
    Ok((app, secret))
}

fn new_secret(ctx: &Ctx, app_id: &str) -> (Secret<String>, Vec<u8>) {
    let secret = Secret::new(ctx.entropy.hex(16));
    let aad = aad(ctx.pool().as_str(), app_id);
    let sealed = ctx.vault.seal(Class::AppSecret, &aad, secret.reveal().as_bytes(), &ctx.entropy);
    (secret, sealed)
}

fn aad<'a>(pool: &'a str, id: &'a str) -> Aad<'a> {
    Aad { pool, row: id, column: "applications.secret_sealed" }
}

/// Where users sign in to the application.
pub fn login_address(ctx: &Ctx, app: &Application) -> String {
    if app.init_login_uri.is_empty() { ctx.settings.public_url.clone() } else { app.init_login_uri.clone() }
}

/// The application as the API shows it.
fn shown(app: &Application) -> Result<Shown> {
    let config = settings(app)?;
    let (simple, oidc) = (shown_simply(app), config.oidc);
    Ok(Shown {
        app_id: simple.app_id,
        app_identifier: simple.app_identifier,
        app_name: simple.app_name,
        app_logo: simple.app_logo,
        app_description: simple.app_description,
        app_type: simple.app_type,
        user_pool_id: app.pool_id.clone(),
        is_integrate_app: app.is_integrate,
        default_protocol: AppProtocol::parse(&app.default_protocol).unwrap_or_default(),
        redirect_uris: serde_json::from_str(&app.redirect_uris).map_err(Error::internal)?,
        logout_redirect_uris: serde_json::from_str(&app.logout_redirect_uris).map_err(Error::internal)?,
        init_login_uri: app.init_login_uri.clone(),
        sso_enabled: app.sso_enabled,
        sso_enabled_at: app.sso_enabled_at.map(watchword_kit::Millis::iso),
        login_config: config.login,
        register_config: config.register,
        branding_config: config.branding,
        oidc_config: oidc.clone(),
        // What cannot be switched on is off.
        saml_provider_enabled: false,
        saml_config: config.saml,
        oauth_provider_enabled: false,
        oauth_config: Some(config::as_oauth(&oidc)),
        cas_provider_enabled: false,
        cas_config: config.cas,
        custom_branding_enabled: config.own_branding,
        custom_security_enabled: app.mfa_factors.is_some(),
        template: app.template.clone(),
        mfa_on_api_signin: mfa_on_api_signin(app),
    })
}

pub(crate) fn shown_simply(app: &Application) -> ApplicationSimpleInfo {
    ApplicationSimpleInfo {
        app_id: app.id.clone(),
        app_identifier: app.identifier.clone(),
        app_name: app.name.clone(),
        app_logo: app.logo.clone(),
        app_description: app.description.clone(),
        app_type: AppType::parse(&app.app_type).unwrap_or_default(),
        is_integrate_app: app.is_integrate,
    }
}

/// Whether the application keeps no secret (`token_endpoint_auth_method: none`).
pub fn is_public_client(app: &Application) -> Result<bool> {
    Ok(client_settings(app)?.is_public())
}
