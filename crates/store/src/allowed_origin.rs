//! Origins whose pages may call a pool's interfaces: an index over what the pools' settings say.

use watchword_kit::PoolId;

use crate::{Result, Tx, sql, vals};

/// Replaces the pool's origins.
pub async fn set(tx: &mut Tx, pool: &PoolId, origins: &[String]) -> Result<()> {
    tx.run(sql!("DELETE FROM allowed_origins WHERE pool_id = $1"), vals![pool]).await?;
    for origin in origins {
        let sql = sql!("INSERT INTO allowed_origins (pool_id, origin) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        tx.run(sql, vals![pool, origin]).await?;
    }
    Ok(())
}

/// Whether the pool allows the origin.
pub async fn allowed(tx: &mut Tx, pool: &PoolId, origin: &str) -> Result<bool> {
    let sql = sql!("SELECT origin FROM allowed_origins WHERE pool_id = $1 AND origin = $2");
    Ok(tx.maybe::<(String,)>(sql, vals![pool, origin]).await?.is_some())
}

/// Whether any pool allows the origin: a browser asks before anyone knows the pool.
pub async fn known(tx: &mut Tx, origin: &str) -> Result<bool> {
    let sql = sql!("SELECT origin FROM allowed_origins WHERE origin = $1 LIMIT 1");
    Ok(tx.maybe::<(String,)>(sql, vals![origin]).await?.is_some())
}
