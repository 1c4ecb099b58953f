//! Applications.

use watchword_kit::{Error, PoolId, Result, codes};
use watchword_store::Tx;
use watchword_store::app::{Application, TABLE};

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
pub async fn find(services: &crate::Services, id: &str) -> Result<Application> {
    let found = watchword_store::app::find(&mut services.db.read().await?, id).await?;
    found.ok_or_else(|| Error::new(codes::APP_NOT_FOUND))
}

/// What the token endpoint needs to know of an application, from its `oidcConfig`. Lifetimes in seconds.
pub struct OidcSettings {
    pub access_token_expire: i64,
    pub id_token_expire: i64,
    pub refresh_token_expire: i64,
    pub id_token_rs256: bool,
}

pub fn oidc_settings(_app: &Application) -> Result<OidcSettings> {
    Ok(OidcSettings {
        access_token_expire: 1_209_600,
        id_token_expire: 1_209_600,
        refresh_token_expire: 2_592_000,
        id_token_rs256: false,
    })
}

/// The application's secret.
pub fn secret(ctx: &crate::Ctx, app: &Application) -> Result<watchword_kit::Secret<String>> {
    use watchword_crypto::vault::{Aad, Class};
    let aad = Aad { pool: &app.pool_id, row: &app.id, column: "applications.secret_sealed" };
    let plain = ctx
        .vault
        .open_blob(Class::AppSecret, &aad, &app.secret_sealed)
        .map_err(|e| Error::internal(format!("{e:?}")))?;
    String::from_utf8(plain.reveal().clone()).map(watchword_kit::Secret::new).map_err(Error::internal)
}

/// A new application with defaults, not yet stored, and its secret: 32 hex digits, 128 bits.
pub fn fresh(ctx: &crate::Ctx, name: &str) -> Result<(Application, watchword_kit::Secret<String>)> {
    use watchword_crypto::vault::{Aad, Class};
    let id = ctx.new_id();
    let secret = watchword_kit::Secret::new(ctx.entropy.hex(16));
    let aad = Aad { pool: ctx.pool().as_str(), row: &id, column: "applications.secret_sealed" };
    let app = Application {
        pool_id: ctx.pool().to_string(),
        identifier: format!("app-{id}"),
        name: name.to_owned(),
        name_key: watchword_kit::unicode::fold(name),
        logo: String::new(),
        description: None,
        app_type: "web".into(),
        default_protocol: "oidc".into(),
        is_integrate: false,
        template: None,
        redirect_uris: "[]".into(),
        logout_redirect_uris: "[]".into(),
        init_login_uri: String::new(),
        sso_enabled: false,
        sso_enabled_at: None,
        secret_sealed: ctx.vault.seal(Class::AppSecret, &aad, secret.reveal().as_bytes(), &ctx.entropy),
        config: "{}".into(),
        mfa_factors: None,
        mfa_on_api_signin: "enforce".into(),
        created_at: ctx.now(),
        updated_at: ctx.now(),
        id,
    };
    Ok((app, secret))
}

/// The application's own second factors; `None`: it has none.
pub fn mfa_factors(app: &Application) -> Result<Option<Vec<watchword_api::common::FactorType>>> {
    app.mfa_factors.as_deref().map(serde_json::from_str).transpose().map_err(Error::internal)
}

/// Whether the application keeps no secret (`token_endpoint_auth_method: none`).
pub fn is_public_client(app: &Application) -> Result<bool> {
    let config: serde_json::Value = serde_json::from_str(&app.config).map_err(Error::internal)?;
    Ok(config["oidcConfig"]["token_endpoint_auth_method"] == "none")
}
