//! Sessions of users and their refresh tokens.
//!
//! Whoever writes several of these tables writes `sso_sessions`, then `refresh_tokens`, then `sessions`, and whoever
//! writes many rows of a user holds the user before: two who lock the same rows in opposite orders wait for each other
//! («Lock order» in ARCHITECTURE.md).

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    pub struct Session {
        pub pool_id: String,
        pub id: String,
        pub user_id: String,
        pub app_id: String,
        pub scope: String,
        /// JSON list of authentication methods (RFC 8176).
        pub amr: String,
        pub auth_time: Millis,
        /// When a second factor was last proven in this session.
        pub mfa_at: Option<Millis>,
        /// After a sign-in by recovery code: until when the OTP factor may be reset without it.
        pub recovery_until: Option<Millis>,
        pub ip: Option<String>,
        pub user_agent: Option<String>,
        pub created_at: Millis,
        pub expires_at: Millis,
        pub revoked_at: Option<Millis>,
        /// The sign-on of a browser that opened it.
        pub sso_session_id: Option<String>,
        /// JSON list of claims that the authorization request asked for at userinfo.
        pub userinfo_claims: Option<String>,
    }
}

row! {
    /// `id` is the SHA-256 of the token.
    pub struct RefreshToken {
        pub pool_id: String,
        pub id: String,
        pub session_id: String,
        pub user_id: String,
        pub app_id: String,
        pub created_at: Millis,
        pub expires_at: Millis,
        pub used_at: Option<Millis>,
        /// JSON list of resources (RFC 8707).
        pub resources: String,
        /// Thumbprint of the key that must be proven (RFC 9449).
        pub jkt: Option<String>,
    }
}

pub static TABLE: Table<Session> = Table::new("sessions");
pub static REFRESH_TOKENS: Table<RefreshToken> = Table::new("refresh_tokens");

/// A live session of an active user and an application that still exists, in one statement: every request with a
/// token asks this.
pub async fn live(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<Option<Session>> {
    let sql = sql!(
        "SELECT s.pool_id, s.id, s.user_id, s.app_id, s.scope, s.amr, s.auth_time, s.mfa_at, s.recovery_until, s.ip,
                s.user_agent, s.created_at, s.expires_at, s.revoked_at, s.sso_session_id, s.userinfo_claims
         FROM sessions s JOIN users u ON u.pool_id = s.pool_id AND u.id = s.user_id
         JOIN applications a ON a.pool_id = s.pool_id AND a.id = s.app_id
         WHERE s.pool_id = $1 AND s.id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 AND u.status = 'Activated'
           AND (u.suspend_at IS NULL OR u.suspend_at > $3)"
    );
    tx.maybe(sql, vals![pool, id, now]).await
}

/// Marks a fresh proof of a second factor.
pub async fn step_up(tx: &mut Tx, pool: &PoolId, id: &str, amr: &str, now: Millis) -> Result<()> {
    let sql = sql!("UPDATE sessions SET mfa_at = $3, amr = $4 WHERE pool_id = $1 AND id = $2 AND revoked_at IS NULL");
    tx.later(sql, vals![pool, id, now, amr]).await
}

pub async fn revoke(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<bool> {
    let sql = sql!("UPDATE sessions SET revoked_at = $3 WHERE pool_id = $1 AND id = $2 AND revoked_at IS NULL");
    Ok(tx.run(sql, vals![pool, id, now]).await? == 1)
}

/// Ends the user's sessions, of every application or of those named, makes their refresh tokens useless, and ends
/// whatever browsers the user is signed in at; `except` spares the caller's own session and the browser that it belongs
/// to. Answers how many sessions there were. The user is held.
pub async fn end_of_user(
    tx: &mut Tx,
    pool: &PoolId,
    user: &str,
    apps: Option<&[String]>,
    except: Option<&str>,
    now: Millis,
) -> Result<u64> {
    let except = except.unwrap_or_default();
    let sql = sql!(
        "DELETE FROM sso_sessions
         WHERE pool_id = $1 AND user_id = $2 AND NOT EXISTS
             (SELECT 1 AS one FROM sessions s WHERE s.pool_id = $1 AND s.id = $3 AND s.sso_session_id = sso_sessions.id)"
    );
    tx.run(sql, vals![pool, user, except]).await?;
    match apps {
        None => {
            let sql = sql!("DELETE FROM refresh_tokens WHERE pool_id = $1 AND user_id = $2 AND session_id <> $3");
            tx.run(sql, vals![pool, user, except]).await?;
            let sql = sql!(
                "UPDATE sessions SET revoked_at = $3
                 WHERE pool_id = $1 AND user_id = $2 AND revoked_at IS NULL AND id <> $4 AND expires_at > $3"
            );
            tx.run(sql, vals![pool, user, now, except]).await
        }
        Some(apps) => {
            let sql = sql!(
                "DELETE FROM refresh_tokens
                 WHERE pool_id = $1 AND user_id = $2 AND session_id <> $3 AND app_id IN ANY_OF($4)"
            );
            tx.run(sql, vals![pool, user, except, apps]).await?;
            let sql = sql!(
                "UPDATE sessions SET revoked_at = $3
                 WHERE pool_id = $1 AND user_id = $2 AND revoked_at IS NULL AND id <> $4 AND app_id IN ANY_OF($5)
                   AND expires_at > $3"
            );
            tx.run(sql, vals![pool, user, now, except, apps]).await
        }
    }
}

/// Ends one session and makes its refresh tokens useless; `false` means that it was over. The user is held.
pub async fn end(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<bool> {
    tx.run(sql!("DELETE FROM refresh_tokens WHERE pool_id = $1 AND session_id = $2"), vals![pool, id]).await?;
    revoke(tx, pool, id, now).await
}

/// The sessions of these users, who are held, stay, but no longer count as proven by a second factor.
pub async fn drop_assurance(tx: &mut Tx, pool: &PoolId, users: &[String], except: Option<&str>) -> Result<u64> {
    unprove_sign_ons(tx, pool, users, except).await?;
    unprove_sessions(tx, pool, users, except).await
}

/// As [`drop_assurance`], and their refresh tokens are useless.
pub async fn drop_assurance_and_tokens(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<u64> {
    unprove_sign_ons(tx, pool, users, None).await?;
    tx.run(sql!("DELETE FROM refresh_tokens WHERE pool_id = $1 AND user_id IN ANY_OF($2)"), vals![pool, users]).await?;
    unprove_sessions(tx, pool, users, None).await
}

async fn unprove_sign_ons(tx: &mut Tx, pool: &PoolId, users: &[String], except: Option<&str>) -> Result<()> {
    let sql = sql!(
        "UPDATE sso_sessions SET mfa_at = NULL, recovery_until = NULL
         WHERE pool_id = $1 AND user_id IN ANY_OF($2) AND NOT EXISTS
             (SELECT 1 AS one FROM sessions s WHERE s.pool_id = $1 AND s.id = $3 AND s.sso_session_id = sso_sessions.id)"
    );
    tx.run(sql, vals![pool, users, except.unwrap_or_default()]).await.map(drop)
}

async fn unprove_sessions(tx: &mut Tx, pool: &PoolId, users: &[String], except: Option<&str>) -> Result<u64> {
    let sql = sql!(
        "UPDATE sessions SET mfa_at = NULL, recovery_until = NULL
         WHERE pool_id = $1 AND user_id IN ANY_OF($2) AND id <> $3"
    );
    tx.run(sql, vals![pool, users, except.unwrap_or_default()]).await
}

/// Keeps an opened session for longer, once its code has been exchanged; `false` means that it has ended.
pub async fn prolong(tx: &mut Tx, pool: &PoolId, id: &str, until: Millis, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE sessions SET expires_at = $3
         WHERE pool_id = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > $4"
    );
    Ok(tx.run(sql, vals![pool, id, until, now]).await? == 1)
}

/// The live sessions that a sign-on of a browser has opened.
pub async fn of_sso(tx: &mut Tx, pool: &PoolId, sso: &str, now: Millis) -> Result<Vec<Session>> {
    let sql = sql!(
        "SELECT pool_id, id, user_id, app_id, scope, amr, auth_time, mfa_at, recovery_until, ip, user_agent, created_at,
                expires_at, revoked_at, sso_session_id, userinfo_claims
         FROM sessions WHERE pool_id = $1 AND sso_session_id = $2 AND revoked_at IS NULL AND expires_at > $3"
    );
    tx.all(sql, vals![pool, sso, now]).await
}

/// The live sessions of a user.
pub async fn of_user(tx: &mut Tx, pool: &PoolId, user: &str, now: Millis) -> Result<Vec<Session>> {
    let sql = sql!(
        "SELECT pool_id, id, user_id, app_id, scope, amr, auth_time, mfa_at, recovery_until, ip, user_agent, created_at,
                expires_at, revoked_at, sso_session_id, userinfo_claims
         FROM sessions WHERE pool_id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3"
    );
    tx.all(sql, vals![pool, user, now]).await
}

/// Who has a live session of an application: how many users, and a page of them, the latest first.
pub async fn users_of_app(
    tx: &mut Tx,
    pool: &PoolId,
    app: &str,
    now: Millis,
    page: crate::table::Page,
) -> Result<(i64, Vec<String>)> {
    let sql = sql!(
        "SELECT CAST(COUNT(DISTINCT user_id) AS BIGINT) AS total FROM sessions
         WHERE pool_id = $1 AND app_id = $2 AND revoked_at IS NULL AND expires_at > $3"
    );
    let (total,): (i64,) = tx.one(sql, vals![pool, app, now]).await?;
    let sql = sql!(
        "SELECT user_id, MAX(created_at) AS latest FROM sessions
         WHERE pool_id = $1 AND app_id = $2 AND revoked_at IS NULL AND expires_at > $3
         GROUP BY user_id ORDER BY latest DESC NULLS LAST, user_id LIMIT $4 OFFSET $5"
    );
    let rows: Vec<(String, Millis)> = tx.all(sql, vals![pool, app, now, page.limit, page.offset]).await?;
    Ok((total, rows.into_iter().map(|(id, _)| id).collect()))
}

/// Spends a refresh token; `false` means that it was spent before.
pub async fn spend_refresh_token(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<bool> {
    let sql = sql!("UPDATE refresh_tokens SET used_at = $3 WHERE pool_id = $1 AND id = $2 AND used_at IS NULL");
    Ok(tx.run(sql, vals![pool, id, now]).await? == 1)
}

/// Says when the user of a session has proven who they are, where that was before it was opened.
pub async fn set_auth_time(tx: &mut Tx, pool: &PoolId, id: &str, at: Millis) -> Result<()> {
    let sql = sql!("UPDATE sessions SET auth_time = $3 WHERE pool_id = $1 AND id = $2");
    tx.run(sql, vals![pool, id, at]).await.map(drop)
}
