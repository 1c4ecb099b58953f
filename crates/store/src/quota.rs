//! A number of events within a span of time, counted in the database so that nodes share it.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, sql, vals};

/// When the quota's window ends, if it is used up; nothing is counted.
pub async fn used_up(tx: &mut Tx, pool: &PoolId, bucket: &str, limit: i64, now: Millis) -> Result<Option<Millis>> {
    let sql = sql!(
        "SELECT expires_at FROM rate_counters WHERE pool_id = $1 AND bucket = $2 AND used >= $3 AND expires_at > $4"
    );
    Ok(tx.maybe::<(Millis,)>(sql, vals![pool, bucket, limit, now]).await?.map(|(at,)| at))
}
