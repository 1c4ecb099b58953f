//! Applications.

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
