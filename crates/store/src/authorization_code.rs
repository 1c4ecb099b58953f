//! Authorization codes.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    /// `id` is the SHA-256 of the code.
    pub struct AuthorizationCode {
        pub pool_id: String,
        pub id: String,
        pub app_id: String,
        pub user_id: String,
        /// Opened with the code; it lives as long as the code until the code is exchanged.
        pub session_id: String,
        pub redirect_uri: String,
        /// PKCE, S256.
        pub code_challenge: Option<String>,
        /// JSON of what the request adds to the ID token.
        pub extras: String,
        pub created_at: Millis,
        pub expires_at: Millis,
        pub used_at: Option<Millis>,
    }
}

pub static TABLE: Table<AuthorizationCode> = Table::new("authorization_codes");

/// Spends a code; `false` means that it was spent before.
pub async fn spend(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<bool> {
    let sql = sql!("UPDATE authorization_codes SET used_at = $3 WHERE pool_id = $1 AND id = $2 AND used_at IS NULL");
    Ok(tx.run(sql, vals![pool, id, now]).await? == 1)
}
