//! User pools.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, row, sql, vals};

row! {
    pub struct Pool {
        pub pool_id: String,
        pub name: String,
        /// JSON of `domain::pool::PoolSettings`.
        pub settings: String,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

pub async fn get(tx: &mut Tx, pool: &PoolId) -> Result<Option<Pool>> {
    let sql = sql!("SELECT pool_id, name, settings, created_at, updated_at FROM pools WHERE pool_id = $1");
    tx.maybe(sql, vals![pool]).await
}

/// Every pool, oldest first; for the operator's tools and for background work.
pub async fn all(tx: &mut Tx) -> Result<Vec<Pool>> {
    let sql = sql!("SELECT pool_id, name, settings, created_at, updated_at FROM pools ORDER BY created_at, pool_id");
    tx.all(sql, &[]).await
}

pub async fn insert(tx: &mut Tx, pool: &Pool) -> Result<()> {
    let sql = sql!("INSERT INTO pools (pool_id, name, settings, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)");
    let vals = vals![&pool.pool_id, &pool.name, &pool.settings, pool.created_at, pool.updated_at];
    tx.run(sql, vals).await.map(drop)
}

/// Writes the settings if nobody has written them since `seen`: `false` means read again.
pub async fn update_settings(tx: &mut Tx, pool: &PoolId, settings: &str, seen: &str, now: Millis) -> Result<bool> {
    let sql = sql!("UPDATE pools SET settings = $2, updated_at = $4 WHERE pool_id = $1 AND settings = $3");
    Ok(tx.run(sql, vals![pool, settings, seen, now]).await? == 1)
}

/// Keeps every other unit that calls this for the pool waiting until this one ends: batches of one pool take turns.
///
/// A name is held, not the pool's row: the row is only read and written for its settings, which are compared when they
/// are written, and a row that every batch updates leaves a dead one behind for each, which every reader steps over.
pub async fn hold(tx: &mut Tx, pool: &PoolId) -> Result<()> {
    tx.hold(pool, "batches").await
}
