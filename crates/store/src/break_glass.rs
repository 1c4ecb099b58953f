//! Statements of the operator's emergency tools.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, sql, vals};

/// Ids of the users with this id or name; `key` is the folded name.
pub async fn named(tx: &mut Tx, pool: &PoolId, name: &str, key: &str) -> Result<Vec<(String,)>> {
    let sql = sql!(
        "SELECT id FROM users
         WHERE pool_id = $1 AND (id = $2 OR username_key = $3 OR email_key = $3 OR phone_key = $2)
         ORDER BY id"
    );
    tx.all(sql, vals![pool, name, key]).await
}

/// Every second factor of the user, of whichever kind.
pub async fn delete_factors(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<u64> {
    tx.run(sql!("DELETE FROM mfa_factors WHERE pool_id = $1 AND user_id = $2"), vals![pool, user]).await
}

/// Ends enrolments that the user has begun.
pub async fn end_enrollments(tx: &mut Tx, pool: &PoolId, user: &str, now: Millis) -> Result<u64> {
    let sql =
        sql!("UPDATE enrollments SET consumed_at = $3 WHERE pool_id = $1 AND user_id = $2 AND consumed_at IS NULL");
    tx.run(sql, vals![pool, user, now]).await
}
