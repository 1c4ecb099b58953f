//! Pushed authorization requests.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    pub struct PushedRequest {
        pub pool_id: String,
        pub id: String,
        pub app_id: String,
        /// JSON object.
        pub params: String,
        pub created_at: Millis,
        pub expires_at: Millis,
    }
}

pub static TABLE: Table<PushedRequest> = Table::new("pushed_requests");

/// The parameters of a request that this application pushed, which is gone then.
pub async fn take(tx: &mut Tx, pool: &PoolId, id: &str, app: &str, now: Millis) -> Result<Option<String>> {
    let sql = sql!(
        "DELETE FROM pushed_requests WHERE pool_id = $1 AND id = $2 AND app_id = $3 AND expires_at > $4
         RETURNING params"
    );
    Ok(tx.maybe::<(String,)>(sql, vals![pool, id, app, now]).await?.map(|(params,)| params))
}
