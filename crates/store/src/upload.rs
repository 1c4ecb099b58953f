//! Files of users.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    pub struct Upload {
        pub pool_id: String,
        /// 32 random hex digits.
        pub id: String,
        pub user_id: String,
        pub folder: String,
        pub media_type: String,
        pub is_private: bool,
        /// Bytes.
        pub size: i64,
        pub created_at: Millis,
        pub content: Vec<u8>,
    }
}

pub static TABLE: Table<Upload> = Table::new("uploads");

/// How many files a user has, and how many bytes.
pub async fn used(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<(i64, i64)> {
    let sql = sql!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS files, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM uploads
         WHERE pool_id = $1 AND user_id = $2"
    );
    tx.one(sql, vals![pool, user]).await
}
