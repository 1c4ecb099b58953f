//! Access tokens without a session that were revoked before their time.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, sql, vals};

/// Revokes a token; once more changes nothing.
pub async fn revoke(tx: &mut Tx, pool: &PoolId, jti: &str, expires: Millis) -> Result<()> {
    let sql = sql!(
        "INSERT INTO revoked_tokens (pool_id, id, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (pool_id, id) DO NOTHING"
    );
    tx.run(sql, vals![pool, jti, expires]).await.map(drop)
}

pub async fn is_revoked(tx: &mut Tx, pool: &PoolId, jti: &str) -> Result<bool> {
    let sql = sql!("SELECT id FROM revoked_tokens WHERE pool_id = $1 AND id = $2");
    Ok(tx.maybe::<(String,)>(sql, vals![pool, jti]).await?.is_some())
}
