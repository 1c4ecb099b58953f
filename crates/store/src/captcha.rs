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

/// Counts a try of a live picture and answers how its text is stored; `None`: it is over, used, or was tried too often.
pub async fn try_one(tx: &mut Tx, pool: &PoolId, id: &str, tries: i64, now: Millis) -> Result<Option<String>> {
    let sql = sql!(
        "UPDATE captchas SET attempts = attempts + 1
         WHERE pool_id = $1 AND id = $2 AND expires_at > $3 AND attempts < $4 RETURNING code_hash"
    );
    Ok(tx.maybe::<(String,)>(sql, vals![pool, id, now, tries]).await?.map(|(hash,)| hash))
}

/// Takes the try of these pictures back: another one was meant.
pub async fn uncount(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<()> {
    let sql = sql!("UPDATE captchas SET attempts = attempts - 1 WHERE pool_id = $1 AND id IN ANY_OF($2)");
    tx.run(sql, vals![pool, ids]).await.map(drop)
}
