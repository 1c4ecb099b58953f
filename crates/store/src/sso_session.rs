//! Sign-on of browsers.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    /// `id` is the SHA-256 of the cookie.
    pub struct SsoSession {
        pub pool_id: String,
        pub id: String,
        /// The pool for applications that share sign-on, otherwise the application.
        pub realm: String,
        pub user_id: String,
        /// JSON list of authentication methods (RFC 8176), the first factor first.
        pub amr: String,
        pub auth_time: Millis,
        /// When a second factor was last proven.
        pub mfa_at: Option<Millis>,
        pub recovery_until: Option<Millis>,
        pub ip: Option<String>,
        pub user_agent: Option<String>,
        pub created_at: Millis,
        /// Pushed on by use, never beyond `expires_at`.
        pub idle_until: Millis,
        pub expires_at: Millis,
    }
}

pub static TABLE: Table<SsoSession> = Table::new("sso_sessions");

/// A live sign-on of an active user.
pub async fn live(tx: &mut Tx, pool: &PoolId, id: &str, realm: &str, now: Millis) -> Result<Option<SsoSession>> {
    let sql = sql!(
        "SELECT s.pool_id, s.id, s.realm, s.user_id, s.amr, s.auth_time, s.mfa_at, s.recovery_until, s.ip, s.user_agent,
                s.created_at, s.idle_until, s.expires_at
         FROM sso_sessions s JOIN users u ON u.pool_id = s.pool_id AND u.id = s.user_id
         WHERE s.pool_id = $1 AND s.id = $2 AND s.realm = $3 AND s.idle_until > $4 AND s.expires_at > $4
           AND u.status = 'Activated' AND (u.suspend_at IS NULL OR u.suspend_at > $4)"
    );
    tx.maybe(sql, vals![pool, id, realm, now]).await
}

/// Notes a use; `false` means that it has ended meanwhile.
pub async fn touch(tx: &mut Tx, pool: &PoolId, id: &str, idle_until: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE sso_sessions SET idle_until = CASE WHEN expires_at < $3 THEN expires_at ELSE $3 END
         WHERE pool_id = $1 AND id = $2"
    );
    Ok(tx.run(sql, vals![pool, id, idle_until]).await? == 1)
}

/// The sessions at applications that `old` opened belong to `new` from now on, and `old` is no more; `false` means that
/// it was none before.
pub async fn succeed(tx: &mut Tx, pool: &PoolId, old: &str, new: &str) -> Result<bool> {
    let gone = TABLE.delete(tx, pool, old).await?;
    if gone {
        let sql = sql!("UPDATE sessions SET sso_session_id = $3 WHERE pool_id = $1 AND sso_session_id = $2");
        tx.run(sql, vals![pool, old, new]).await?;
    }
    Ok(gone)
}

/// Ends what a sign-on opened: sessions at applications and their refresh tokens. The sign-on is deleted before, so that
/// none is opened meanwhile, and its user is held.
pub async fn end_sessions(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<u64> {
    let sql = sql!(
        "DELETE FROM refresh_tokens WHERE pool_id = $1 AND session_id IN
             (SELECT id FROM sessions WHERE pool_id = $1 AND sso_session_id = $2)"
    );
    tx.run(sql, vals![pool, id]).await?;
    let sql =
        sql!("UPDATE sessions SET revoked_at = $3 WHERE pool_id = $1 AND sso_session_id = $2 AND revoked_at IS NULL");
    tx.run(sql, vals![pool, id, now]).await
}
