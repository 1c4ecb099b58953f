//! A number of events within a span of time, counted in the database so that nodes share it.
//!
//! Rows that many share: they are written after users and counters of guesses («Lock order» in ARCHITECTURE.md).

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, sql, vals};

/// A number of events within a span of time that begins with the first of them.
#[derive(Clone, Copy, Debug)]
pub struct Quota<'a> {
    pub bucket: &'a str,
    pub limit: i64,
    pub window: Millis,
}

/// Counts one event unless the quota is used up: then answers when its window ends. Requests that race are counted
/// one after the other.
pub async fn charge(tx: &mut Tx, pool: &PoolId, quota: Quota<'_>, now: Millis) -> Result<Option<Millis>> {
    let sql = sql!(
        "INSERT INTO rate_counters (pool_id, bucket, window_start, used, expires_at) VALUES ($1, $2, $3, 1, $4)
         ON CONFLICT (pool_id, bucket) DO UPDATE SET
             used = CASE WHEN rate_counters.window_start <= $5 THEN 1 ELSE rate_counters.used + 1 END,
             expires_at = CASE WHEN rate_counters.window_start <= $5 THEN $4 ELSE rate_counters.expires_at END,
             window_start = CASE WHEN rate_counters.window_start <= $5 THEN $3 ELSE rate_counters.window_start END
         WHERE rate_counters.window_start <= $5 OR rate_counters.used < $6"
    );
    let over = now - quota.window;
    let vals = vals![pool, quota.bucket, now, now + quota.window, over, quota.limit];
    if tx.run(sql, vals).await? == 1 {
        return Ok(None);
    }
    let sql = sql!("SELECT expires_at FROM rate_counters WHERE pool_id = $1 AND bucket = $2");
    let ends: Option<(Millis,)> = tx.maybe(sql, vals![pool, quota.bucket]).await?;
    Ok(Some(ends.map_or(now, |(at,)| at)))
}

/// Forgets what was counted.
pub async fn clear(tx: &mut Tx, pool: &PoolId, bucket: &str) -> Result<()> {
    tx.run(sql!("DELETE FROM rate_counters WHERE pool_id = $1 AND bucket = $2"), vals![pool, bucket]).await.map(drop)
}

/// When the quota's window ends, if it is used up; nothing is counted.
pub async fn used_up(tx: &mut Tx, pool: &PoolId, bucket: &str, limit: i64, now: Millis) -> Result<Option<Millis>> {
    let sql = sql!(
        "SELECT expires_at FROM rate_counters WHERE pool_id = $1 AND bucket = $2 AND used >= $3 AND expires_at > $4"
    );
    Ok(tx.maybe::<(Millis,)>(sql, vals![pool, bucket, limit, now]).await?.map(|(at,)| at))
}
