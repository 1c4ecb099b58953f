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
