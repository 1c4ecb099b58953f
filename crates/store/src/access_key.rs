//! Management access keys and the signed requests they have used.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    pub struct AccessKey {
        pub pool_id: String,
        pub id: String,
        /// The API's `type`. The pool's own key, with every permission, is the one whose id is the pool's.
        pub kind: String,
        /// Empty for a key that belongs to no user.
        pub user_id: String,
        pub tenant_id: Option<String>,
        pub secret_sealed: Vec<u8>,
        /// JSON list of permissions.
        pub permissions: String,
        pub enabled: bool,
        pub created_at: Millis,
        pub last_used_at: Option<Millis>,
    }
}

pub static TABLE: Table<AccessKey> = Table::new("access_keys");

/// The key with this id in whichever pool it lives: a signed request names only its key.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<AccessKey>> {
    let sql = sql!(
        "SELECT pool_id, id, kind, user_id, tenant_id, secret_sealed, permissions, enabled, created_at, last_used_at
         FROM access_keys WHERE id = $1"
    );
    tx.maybe(sql, vals![id]).await
}

/// Notes a use, at most once a minute, so that reading does not become writing.
pub async fn touch(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<()> {
    let sql = sql!(
        "UPDATE access_keys SET last_used_at = $3
         WHERE pool_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $4)"
    );
    tx.run(sql, vals![pool, id, now, now - Millis::minutes(1)]).await.map(drop)
}

/// Remembers a nonce; `false` means that it was used before.
pub async fn use_nonce(tx: &mut Tx, pool: &PoolId, key: &str, nonce: &str, expires: Millis) -> Result<bool> {
    let sql = sql!(
        "INSERT INTO request_nonces (pool_id, access_key_id, nonce, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, access_key_id, nonce) DO NOTHING"
    );
    Ok(tx.run(sql, vals![pool, key, nonce, expires]).await? == 1)
}

/// Whether the user to whom a key belongs may act.
pub async fn owner_is_active(tx: &mut Tx, pool: &PoolId, user: &str, now: Millis) -> Result<bool> {
    let sql = sql!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM users
         WHERE pool_id = $1 AND id = $2 AND status = 'Activated' AND (suspend_at IS NULL OR suspend_at > $3)"
    );
    Ok(tx.one::<(i64,)>(sql, vals![pool, user, now]).await?.0 == 1)
}

pub async fn count(tx: &mut Tx, pool: &PoolId) -> Result<i64> {
    let sql = sql!("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM access_keys WHERE pool_id = $1");
    Ok(tx.one::<(i64,)>(sql, vals![pool]).await?.0)
}

/// Writes what a key may do if nobody has written it since `seen` was read: `false` means read again.
pub async fn update(tx: &mut Tx, seen: &AccessKey, enabled: bool, permissions: &str) -> Result<bool> {
    let sql = sql!(
        "UPDATE access_keys SET enabled = $3, permissions = $4
         WHERE pool_id = $1 AND id = $2 AND permissions = $5 AND enabled = $6"
    );
    let vals = vals![&seen.pool_id, &seen.id, enabled, permissions, &seen.permissions, seen.enabled];
    Ok(tx.run(sql, vals).await? == 1)
}
