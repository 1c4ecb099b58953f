//! Pictures that were shown, until they are used or over.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    /// `id` is the SHA-256 of the token.
    pub struct Captcha {
        pub pool_id: String,
        pub id: String,
        pub asker: String,
        /// HMAC; never the text.
        pub code_hash: String,
        /// Wrong tries.
        pub attempts: i64,
        pub created_at: Millis,
        pub expires_at: Millis,
    }
}

pub static TABLE: Table<Captcha> = Table::new("captchas");

/// The newest live pictures of one asker.
pub async fn of_asker(tx: &mut Tx, pool: &PoolId, asker: &str, tries: i64, now: Millis) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT id FROM captchas WHERE pool_id = $1 AND asker = $2 AND expires_at > $3 AND attempts < $4
         ORDER BY created_at DESC, id LIMIT 5"
    );
    Ok(tx.all::<(String,)>(sql, vals![pool, asker, now, tries]).await?.into_iter().map(|(id,)| id).collect())
}

/// Uses a picture up if the text is right; of parallel tries one at most succeeds.
pub async fn consume(tx: &mut Tx, pool: &PoolId, id: &str, code_hash: &str, tries: i64, now: Millis) -> Result<bool> {
    let sql = sql!(
        "DELETE FROM captchas WHERE pool_id = $1 AND id = $2 AND code_hash = $3 AND expires_at > $4 AND attempts < $5"
    );
    Ok(tx.run(sql, vals![pool, id, code_hash, now, tries]).await? == 1)
}

/// Counts a wrong text against these pictures.
pub async fn count_wrong(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<()> {
    let sql = sql!("UPDATE captchas SET attempts = attempts + 1 WHERE pool_id = $1 AND id IN ANY_OF($2)");
    tx.run(sql, vals![pool, ids]).await.map(drop)
}
