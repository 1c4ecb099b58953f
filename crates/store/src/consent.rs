//! What users let applications know.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    /// `id` is `USER:APPLICATION`.
    pub struct Consent {
        pub pool_id: String,
        pub id: String,
        pub user_id: String,
        pub app_id: String,
        /// Scopes, separated by spaces.
        pub scope: String,
        pub granted_at: Millis,
    }
}

pub static TABLE: Table<Consent> = Table::new("consents");

pub fn id(user: &str, app: &str) -> String {
    format!("{user}:{app}")
}

/// Puts the consent in the place of an earlier one.
pub async fn put(tx: &mut Tx, consent: &Consent) -> Result<()> {
    let sql = sql!(
        "INSERT INTO consents (pool_id, id, user_id, app_id, scope, granted_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (pool_id, id) DO UPDATE SET scope = excluded.scope, granted_at = excluded.granted_at"
    );
    let vals =
        vals![&consent.pool_id, &consent.id, &consent.user_id, &consent.app_id, &consent.scope, consent.granted_at];
    tx.run(sql, vals).await.map(drop)
}

/// Forgets what was let known to an application.
pub async fn delete_of_app(tx: &mut Tx, pool: &PoolId, app: &str) -> Result<()> {
    let sql = sql!("DELETE FROM consents WHERE pool_id = $1 AND app_id = $2");
    tx.run(sql, vals![pool, app]).await.map(drop)
}
