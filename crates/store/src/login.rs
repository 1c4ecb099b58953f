//! What signing in leaves at the user.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, sql, vals};

/// Counts a completed sign-in.
#[expect(clippy::too_many_arguments, reason = "the columns of one statement")]
pub async fn record(
    tx: &mut Tx,
    pool: &PoolId,
    user: &str,
    app: &str,
    ip: Option<&str>,
    user_agent: Option<&str>,
    mfa: bool,
    now: Millis,
) -> Result<()> {
    let sql = sql!(
        "UPDATE users SET logins_count = logins_count + 1, last_login_at = $3, last_login_ip = $4, last_login_app = $5,
                last_mfa_at = CASE WHEN $6 THEN $3 ELSE last_mfa_at END, browser = COALESCE($7, browser)
         WHERE pool_id = $1 AND id = $2"
    );
    tx.later(sql, vals![pool, user, now, ip, app, mfa, user_agent]).await
}

/// Notes a proof of a second factor outside a sign-in, to the minute: the row is wide, and a client that asks for a
/// code before each payment must not rewrite it each time. The exact time is in the session and at the factor.
pub async fn record_mfa(tx: &mut Tx, pool: &PoolId, user: &str, now: Millis) -> Result<()> {
    let sql = sql!(
        "UPDATE users SET last_mfa_at = $3
         WHERE pool_id = $1 AND id = $2 AND (last_mfa_at IS NULL OR last_mfa_at < $4)"
    );
    tx.later(sql, vals![pool, user, now, now - Millis::minutes(1)]).await
}

/// Replaces a password hash by one of present cost, unless the password was changed meanwhile.
pub async fn rehash(tx: &mut Tx, pool: &PoolId, user: &str, old: &str, new: &str) -> Result<bool> {
    let sql = sql!("UPDATE users SET password_hash = $4 WHERE pool_id = $1 AND id = $2 AND password_hash = $3");
    Ok(tx.run(sql, vals![pool, user, old, new]).await? == 1)
}
