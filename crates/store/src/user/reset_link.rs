//! Links by which somebody sets a new password.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    /// `id` is the SHA-256 of the token.
    pub struct PasswordReset {
        pub pool_id: String,
        pub id: String,
        pub user_id: String,
        /// Where the link went.
        pub email_key: String,
        pub created_at: Millis,
        pub expires_at: Millis,
    }
}

pub static TABLE: Table<PasswordReset> = Table::new("password_resets");

/// Uses a link up; `false` means that it was used, or is over.
pub async fn consume(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<bool> {
    let sql = sql!("DELETE FROM password_resets WHERE pool_id = $1 AND id = $2 AND expires_at > $3");
    Ok(tx.run(sql, vals![pool, id, now]).await? == 1)
}

/// Makes every link of a user useless.
pub async fn void(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<()> {
    let sql = sql!("DELETE FROM password_resets WHERE pool_id = $1 AND user_id = $2");
    tx.run(sql, vals![pool, user]).await.map(drop)
}
