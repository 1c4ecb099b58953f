//! Applications.

pub mod access;

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    pub struct Application {
        pub pool_id: String,
        pub id: String,
        pub identifier: String,
        pub name: String,
        /// The folded name, for searches.
        pub name_key: String,
        pub logo: String,
        pub description: Option<String>,
        pub app_type: String,
        pub default_protocol: String,
        pub is_integrate: bool,
        pub template: Option<String>,
        /// JSON list.
        pub redirect_uris: String,
        /// JSON list.
        pub logout_redirect_uris: String,
        pub init_login_uri: String,
        pub sso_enabled: bool,
        pub sso_enabled_at: Option<Millis>,
        pub secret_sealed: Vec<u8>,
        /// JSON of `domain::app::AppConfig`.
        pub config: String,
        /// JSON list of factors, or `None`: the pool's apply.
        pub mfa_factors: Option<String>,
        /// `enforce` or `advisory`.
        pub mfa_on_api_signin: String,
        /// Of users whom no rule of `app_access` reaches: `ALLOW_ALL` or `DENY_ALL`.
        pub permission_strategy: String,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

pub static TABLE: Table<Application> = Table::new("applications");

/// The application with this id in whichever pool it lives: a request names it before anyone knows the pool.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Application>> {
    let Some((pool,)) =
        tx.maybe::<(String,)>(sql!("SELECT pool_id FROM applications WHERE id = $1"), vals![id]).await?
    else {
        return Ok(None);
    };
    TABLE.get(tx, &PoolId::new(pool), id).await
}

/// Deletes what was begun through the application; answers how many sessions that ended.
pub async fn delete_traces(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<u64> {
    tx.run(sql!("DELETE FROM app_access WHERE pool_id = $1 AND app_id = $2"), vals![pool, id]).await?;
    tx.run(sql!("DELETE FROM enrollments WHERE pool_id = $1 AND app_id = $2"), vals![pool, id]).await?;
    tx.run(sql!("DELETE FROM whitelist WHERE pool_id = $1 AND app_id = $2"), vals![pool, id]).await?;
    tx.run(sql!("DELETE FROM mfa_transactions WHERE pool_id = $1 AND app_id = $2"), vals![pool, id]).await?;
    tx.run(sql!("DELETE FROM refresh_tokens WHERE pool_id = $1 AND app_id = $2"), vals![pool, id]).await?;
    crate::consent::delete_of_app(tx, pool, id).await?;
    tx.run(sql!("DELETE FROM pushed_requests WHERE pool_id = $1 AND app_id = $2"), vals![pool, id]).await?;
    tx.run(sql!("DELETE FROM device_codes WHERE pool_id = $1 AND app_id = $2"), vals![pool, id]).await?;
    tx.run(sql!("DELETE FROM client_registrations WHERE pool_id = $1 AND id = $2"), vals![pool, id]).await?;
    tx.run(sql!("DELETE FROM sessions WHERE pool_id = $1 AND app_id = $2"), vals![pool, id]).await
}

/// Replaces the sealed secret; `false` means that there is no such application.
pub async fn set_secret(tx: &mut Tx, pool: &PoolId, id: &str, sealed: Vec<u8>, now: Millis) -> Result<bool> {
    let sql = sql!("UPDATE applications SET secret_sealed = $3, updated_at = $4 WHERE pool_id = $1 AND id = $2");
    Ok(tx.run(sql, vals![pool, id, sealed, now]).await? == 1)
}

/// Says what becomes of users whom no rule reaches; `false` means that there is no such application.
pub async fn set_permission_strategy(tx: &mut Tx, pool: &PoolId, id: &str, to: &str, now: Millis) -> Result<bool> {
    let sql = sql!("UPDATE applications SET permission_strategy = $3, updated_at = $4 WHERE pool_id = $1 AND id = $2");
    Ok(tx.run(sql, vals![pool, id, to, now]).await? == 1)
}

/// Whether an application of the pool has this identifier.
pub async fn identifier_taken(tx: &mut Tx, pool: &PoolId, identifier: &str) -> Result<bool> {
    let sql = sql!("SELECT id FROM applications WHERE pool_id = $1 AND identifier = $2");
    Ok(tx.maybe::<(String,)>(sql, vals![pool, identifier]).await?.is_some())
}

/// What an application asks of sign-ins, as it is stored.
pub struct MfaSettings {
    pub factors: Option<String>,
    pub on_api_signin: String,
}

/// Writes the settings if nobody has written them since `seen` was read: `false` means read again.
pub async fn set_mfa(tx: &mut Tx, seen: &Application, to: &MfaSettings, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE applications SET mfa_factors = $3, mfa_on_api_signin = $4, updated_at = $5
         WHERE pool_id = $1 AND id = $2 AND COALESCE(mfa_factors, '') = $6 AND mfa_on_api_signin = $7"
    );
    let factors = seen.mfa_factors.clone().unwrap_or_default();
    let vals = vals![&seen.pool_id, &seen.id, &to.factors, &to.on_api_signin, now, factors, &seen.mfa_on_api_signin,];
    Ok(tx.run(sql, vals).await? == 1)
}
