//! Enrolments begun and not finished.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    /// `id` is the SHA-256 of the token.
    pub struct Enrollment {
        pub pool_id: String,
        pub id: String,
        pub user_id: String,
        pub app_id: String,
        /// The session or MFA transaction that began it.
        pub bound_to: String,
        pub kind: String,
        pub target: Option<String>,
        pub target_country_code: Option<String>,
        pub secret_sealed: Option<Vec<u8>>,
        pub recovery_hash: Option<String>,
        pub code_hash: Option<String>,
        pub attempts: i64,
        pub created_at: Millis,
        pub expires_at: Millis,
        pub consumed_at: Option<Millis>,
    }
}

pub static TABLE: Table<Enrollment> = Table::new("enrollments");

/// Counts a try against a live token; `false` means that it is expired, spent or has no tries left.
pub async fn take_attempt(tx: &mut Tx, pool: &PoolId, id: &str, most: i64, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE enrollments SET attempts = attempts + 1
         WHERE pool_id = $1 AND id = $2 AND consumed_at IS NULL AND expires_at > $3 AND attempts < $4"
    );
    Ok(tx.run(sql, vals![pool, id, now, most]).await? == 1)
}

/// Spends the token; `false` means that somebody else has.
pub async fn consume(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE enrollments SET consumed_at = $3
         WHERE pool_id = $1 AND id = $2 AND consumed_at IS NULL AND expires_at > $3"
    );
    Ok(tx.run(sql, vals![pool, id, now]).await? == 1)
}

/// Voids what these users have begun for a kind.
pub async fn void(tx: &mut Tx, pool: &PoolId, users: &[String], kind: &str, now: Millis) -> Result<u64> {
    let sql = sql!(
        "UPDATE enrollments SET consumed_at = $4
         WHERE pool_id = $1 AND user_id IN ANY_OF($2) AND kind = $3 AND consumed_at IS NULL"
    );
    tx.run(sql, vals![pool, users, kind, now]).await
}
