//! Whence users have signed in.

use watchword_kit::{Millis, PoolId};

use crate::table::Page;
use crate::{Record, Result, Tx, row, sql, vals};

row! {
    /// A user agent of a user.
    pub struct Device {
        pub pool_id: String,
        pub user_id: String,
        pub id: String,
        /// Empty where the client sends none.
        pub user_agent: String,
        pub last_ip: Option<String>,
        pub created_at: Millis,
        pub last_login_at: Millis,
    }
}

row! {
    /// A device, and whether somebody is signed in there.
    pub struct Shown {
        pub id: String,
        pub user_agent: String,
        pub last_ip: Option<String>,
        pub last_login_at: Millis,
        pub online: bool,
    }
}

/// Notes a sign-in from a device.
pub async fn seen(tx: &mut Tx, device: &Device) -> Result<()> {
    let sql = sql!(
        "INSERT INTO user_devices (pool_id, user_id, id, user_agent, last_ip, created_at, last_login_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (pool_id, user_id, id) DO UPDATE SET
             last_ip = excluded.last_ip, last_login_at = excluded.last_login_at"
    );
    tx.later(sql, &device.values()).await
}

/// A page of a user's devices, the one used last first.
pub async fn list(tx: &mut Tx, pool: &PoolId, user: &str, page: Page, now: Millis) -> Result<Vec<Shown>> {
    let sql = sql!(
        "SELECT d.id, d.user_agent, d.last_ip, d.last_login_at, EXISTS (
             SELECT 1 FROM sessions s
             WHERE s.pool_id = d.pool_id AND s.user_id = d.user_id AND COALESCE(s.user_agent, '') = d.user_agent
               AND s.revoked_at IS NULL AND s.expires_at > $3
         ) AS online
         FROM user_devices d WHERE d.pool_id = $1 AND d.user_id = $2
         ORDER BY d.last_login_at DESC, d.id LIMIT $4 OFFSET $5"
    );
    tx.all(sql, vals![pool, user, now, page.limit, page.offset]).await
}

/// The user agent of a user's device.
pub async fn agent(tx: &mut Tx, pool: &PoolId, user: &str, id: &str) -> Result<Option<String>> {
    let sql = sql!("SELECT user_agent FROM user_devices WHERE pool_id = $1 AND user_id = $2 AND id = $3");
    Ok(tx.maybe::<(String,)>(sql, vals![pool, user, id]).await?.map(|(agent,)| agent))
}

/// Ends the user's sign-ons and sessions on a device and makes their refresh tokens useless; answers how many sessions
/// there were. The user is held.
pub async fn end_sessions(tx: &mut Tx, pool: &PoolId, user: &str, agent: &str, now: Millis) -> Result<u64> {
    let sign_ons =
        sql!("DELETE FROM sso_sessions WHERE pool_id = $1 AND user_id = $2 AND COALESCE(user_agent, '') = $3");
    tx.run(sign_ons, vals![pool, user, agent]).await?;
    let tokens = sql!(
        "DELETE FROM refresh_tokens WHERE pool_id = $1 AND user_id = $2 AND session_id IN
             (SELECT id FROM sessions WHERE pool_id = $1 AND user_id = $2 AND COALESCE(user_agent, '') = $3)"
    );
    tx.run(tokens, vals![pool, user, agent]).await?;
    let sessions = sql!(
        "UPDATE sessions SET revoked_at = $4
         WHERE pool_id = $1 AND user_id = $2 AND COALESCE(user_agent, '') = $3 AND revoked_at IS NULL"
    );
    tx.run(sessions, vals![pool, user, agent, now]).await
}

/// Forgets a device; `false` means that the user has none with this id.
pub async fn forget(tx: &mut Tx, pool: &PoolId, user: &str, id: &str) -> Result<bool> {
    let sql = sql!("DELETE FROM user_devices WHERE pool_id = $1 AND user_id = $2 AND id = $3");
    Ok(tx.run(sql, vals![pool, user, id]).await? == 1)
}

/// The applications at which the user has a live session.
pub async fn live_apps(tx: &mut Tx, pool: &PoolId, user: &str, now: Millis) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT DISTINCT app_id FROM sessions
         WHERE pool_id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3"
    );
    Ok(tx.all::<(String,)>(sql, vals![pool, user, now]).await?.into_iter().map(|(id,)| id).collect())
}
