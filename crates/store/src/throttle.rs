//! Counters of failed guesses, one row per guessed secret.
//!
//! Whoever writes both tables writes `throttle_days` first, and holds the user before where it writes what is the user's,
//! too: not everybody holds the counter, and two who lock the same rows in opposite orders wait for each other («Lock
//! order» in ARCHITECTURE.md).

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, row, sql, vals};

row! {
    #[derive(Default)]
    pub struct Throttle {
        /// Failures since the last success.
        pub straight: i64,
        pub blocked_until: Millis,
        /// Closed for good: only another way in or an administrator helps.
        pub locked: bool,
    }
}

/// Reads the counter and keeps everyone else from it until this transaction ends, so that no two guesses are judged
/// at once.
pub async fn hold(tx: &mut Tx, pool: &PoolId, bucket: &str) -> Result<Throttle> {
    tx.hold(pool, bucket).await?;
    Ok(peek(tx, pool, bucket).await?.unwrap_or_default())
}

/// Reads the counter without holding it, for a first look.
pub async fn peek(tx: &mut Tx, pool: &PoolId, bucket: &str) -> Result<Option<Throttle>> {
    let sql = sql!("SELECT straight, blocked_until, locked FROM throttles WHERE pool_id = $1 AND bucket = $2");
    tx.maybe(sql, vals![pool, bucket]).await
}

pub async fn set(tx: &mut Tx, pool: &PoolId, bucket: &str, to: &Throttle, now: Millis) -> Result<()> {
    let sql = sql!(
        "INSERT INTO throttles (pool_id, bucket, straight, blocked_until, locked, touched_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (pool_id, bucket) DO UPDATE SET straight = excluded.straight,
             blocked_until = excluded.blocked_until, locked = excluded.locked, touched_at = excluded.touched_at"
    );
    tx.later(sql, vals![pool, bucket, to.straight, to.blocked_until, to.locked, now]).await
}

/// Counts a failure of the day and answers how many there were since `since_day`, it included.
pub async fn count_failure(tx: &mut Tx, pool: &PoolId, bucket: &str, day: i64, since_day: i64) -> Result<i64> {
    let sql = sql!(
        "INSERT INTO throttle_days (pool_id, bucket, day, failures) VALUES ($1, $2, $3, 1)
         ON CONFLICT (pool_id, bucket, day) DO UPDATE SET failures = throttle_days.failures + 1"
    );
    tx.run(sql, vals![pool, bucket, day]).await?;
    let sql = sql!(
        "SELECT CAST(COALESCE(SUM(failures), 0) AS BIGINT) AS failures FROM throttle_days
         WHERE pool_id = $1 AND bucket = $2 AND day >= $3"
    );
    Ok(tx.one::<(i64,)>(sql, vals![pool, bucket, since_day]).await?.0)
}

/// Takes one counted failure of the day back.
pub async fn uncount_failure(tx: &mut Tx, pool: &PoolId, bucket: &str, day: i64) -> Result<()> {
    let sql = sql!(
        "UPDATE throttle_days SET failures = failures - 1
         WHERE pool_id = $1 AND bucket = $2 AND day = $3 AND failures > 0"
    );
    tx.run(sql, vals![pool, bucket, day]).await.map(drop)
}

/// Forgets a counter and its history, as an administrator's reset does.
pub async fn clear(tx: &mut Tx, pool: &PoolId, bucket: &str) -> Result<()> {
    tx.hold(pool, bucket).await?;
    tx.run(sql!("DELETE FROM throttle_days WHERE pool_id = $1 AND bucket = $2"), vals![pool, bucket]).await?;
    tx.run(sql!("DELETE FROM throttles WHERE pool_id = $1 AND bucket = $2"), vals![pool, bucket]).await?;
    Ok(())
}

/// Forgets every counter whose bucket begins so.
pub async fn clear_all(tx: &mut Tx, pool: &PoolId, prefix: &str) -> Result<()> {
    let pattern = format!("{}%", crate::table::escape_like(prefix));
    let sql = sql!("DELETE FROM throttle_days WHERE pool_id = $1 AND bucket LIKE $2 ESCAPE '\\'");
    tx.run(sql, vals![pool, &pattern]).await?;
    let sql = sql!("DELETE FROM throttles WHERE pool_id = $1 AND bucket LIKE $2 ESCAPE '\\'");
    tx.run(sql, vals![pool, &pattern]).await?;
    Ok(())
}
