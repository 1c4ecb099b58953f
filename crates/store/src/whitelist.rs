//! Who may register.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, row, sql, vals};

row! {
    /// One entry.
    pub struct Entry {
        pub pool_id: String,
        /// Empty: the pool's.
        pub app_id: String,
        /// USERNAME, EMAIL or PHONE.
        pub kind: String,
        /// In the form in which the key of a user is.
        pub value_key: String,
        pub value: String,
        pub created_at: Millis,
    }
}

/// The entries of a kind, newest first.
pub async fn of(tx: &mut Tx, pool: &PoolId, app: &str, kind: &str) -> Result<Vec<Entry>> {
    let sql = sql!(
        "SELECT pool_id, app_id, kind, value_key, value, created_at FROM whitelist
         WHERE pool_id = $1 AND app_id = $2 AND kind = $3 ORDER BY created_at DESC, value_key"
    );
    tx.all(sql, vals![pool, app, kind]).await
}

pub async fn count(tx: &mut Tx, pool: &PoolId, app: &str, kind: &str) -> Result<i64> {
    let sql = sql!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS total FROM whitelist WHERE pool_id = $1 AND app_id = $2 AND kind = $3"
    );
    Ok(tx.one::<(i64,)>(sql, vals![pool, app, kind]).await?.0)
}

/// Adds an entry; `false`: it is there already and stays as it is.
pub async fn add(tx: &mut Tx, e: &Entry) -> Result<bool> {
    let sql = sql!(
        "INSERT INTO whitelist (pool_id, app_id, kind, value_key, value, created_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (pool_id, app_id, kind, value_key) DO NOTHING"
    );
    let vals = vals![&e.pool_id, &e.app_id, &e.kind, &e.value_key, &e.value, e.created_at];
    Ok(tx.run(sql, vals).await? == 1)
}

/// Deletes entries; answers how many there were.
pub async fn delete(tx: &mut Tx, pool: &PoolId, app: &str, kind: &str, keys: &[String]) -> Result<u64> {
    let sql =
        sql!("DELETE FROM whitelist WHERE pool_id = $1 AND app_id = $2 AND kind = $3 AND value_key IN ANY_OF($4)");
    tx.run(sql, vals![pool, app, kind, keys]).await
}

/// Which of these entries there are.
pub async fn among(tx: &mut Tx, pool: &PoolId, app: &str, kind: &str, keys: &[String]) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT value_key FROM whitelist
         WHERE pool_id = $1 AND app_id = $2 AND kind = $3 AND value_key IN ANY_OF($4) ORDER BY value_key"
    );
    Ok(tx.all::<(String,)>(sql, vals![pool, app, kind, keys]).await?.into_iter().map(|(key,)| key).collect())
}
