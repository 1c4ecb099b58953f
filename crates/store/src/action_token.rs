//! Changes in two steps: the token between the first and the second.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    /// `id` is the SHA-256 of the token.
    pub struct ActionToken {
        pub pool_id: String,
        pub id: String,
        pub user_id: String,
        pub step: String,
        pub channel: String,
        pub app_id: String,
        /// Empty where nobody was signed in.
        pub session_id: String,
        /// The new address or number.
        pub target: Option<String>,
        pub target_country_code: Option<String>,
        /// What the account had when the step began.
        pub seen: String,
        pub created_at: Millis,
        pub expires_at: Millis,
    }
}

pub static TABLE: Table<ActionToken> = Table::new("action_tokens");

/// Uses a token up; `false` means that it was used or voided, or is over.
pub async fn consume(tx: &mut Tx, pool: &PoolId, id: &str, step: &str, now: Millis) -> Result<bool> {
    let sql = sql!("DELETE FROM action_tokens WHERE pool_id = $1 AND id = $2 AND step = $3 AND expires_at > $4");
    Ok(tx.run(sql, vals![pool, id, step, now]).await? == 1)
}

/// Makes the user's tokens for this step useless.
pub async fn void_step(tx: &mut Tx, pool: &PoolId, user: &str, step: &str) -> Result<()> {
    let sql = sql!("DELETE FROM action_tokens WHERE pool_id = $1 AND user_id = $2 AND step = $3");
    tx.run(sql, vals![pool, user, step]).await.map(drop)
}

/// Makes every token of the user useless.
pub async fn void(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<()> {
    let sql = sql!("DELETE FROM action_tokens WHERE pool_id = $1 AND user_id = $2");
    tx.run(sql, vals![pool, user]).await.map(drop)
}
