//! Sign-ins that wait for a second factor.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    pub struct MfaTransaction {
        pub pool_id: String,
        /// The `jti` of the mfaToken.
        pub id: String,
        pub user_id: String,
        pub app_id: String,
        pub scope: String,
        /// JSON list of the methods already used (RFC 8176).
        pub amr: String,
        /// `personal` or `application`; `trigger` and `step_up` where nobody signs in.
        pub demanded_by: String,
        pub ip: Option<String>,
        pub user_agent: Option<String>,
        pub created_at: Millis,
        pub expires_at: Millis,
        pub consumed_at: Option<Millis>,
        /// The interaction whose sign-in waits; the mfaToken of such a row is never handed out.
        pub interaction_id: Option<String>,
        /// JSON of what the request for tokens asked for beside the scope; none where it asked for nothing.
        pub extras: Option<String>,
    }
}

pub static TABLE: Table<MfaTransaction> = Table::new("mfa_transactions");

/// A sign-in by API that can still be completed.
pub async fn live(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<Option<MfaTransaction>> {
    let sql = sql!(
        "SELECT t.pool_id, t.id, t.user_id, t.app_id, t.scope, t.amr, t.demanded_by, t.ip, t.user_agent, t.created_at,
                t.expires_at, t.consumed_at, t.interaction_id, t.extras
         FROM mfa_transactions t JOIN users u ON u.pool_id = t.pool_id AND u.id = t.user_id
         JOIN applications a ON a.pool_id = t.pool_id AND a.id = t.app_id
         WHERE t.pool_id = $1 AND t.id = $2 AND t.interaction_id IS NULL AND t.consumed_at IS NULL AND t.expires_at > $3
           AND u.status = 'Activated' AND (u.suspend_at IS NULL OR u.suspend_at > $3)"
    );
    tx.maybe(sql, vals![pool, id, now]).await
}

/// As [`live`], of an interaction: it is recognised by the browser, never by an mfaToken.
pub async fn live_of(
    tx: &mut Tx,
    pool: &PoolId,
    id: &str,
    interaction: &str,
    now: Millis,
) -> Result<Option<MfaTransaction>> {
    let sql = sql!(
        "SELECT t.pool_id, t.id, t.user_id, t.app_id, t.scope, t.amr, t.demanded_by, t.ip, t.user_agent, t.created_at,
                t.expires_at, t.consumed_at, t.interaction_id, t.extras
         FROM mfa_transactions t JOIN users u ON u.pool_id = t.pool_id AND u.id = t.user_id
         JOIN applications a ON a.pool_id = t.pool_id AND a.id = t.app_id
         WHERE t.pool_id = $1 AND t.id = $2 AND t.interaction_id = $3 AND t.consumed_at IS NULL AND t.expires_at > $4
           AND u.status = 'Activated' AND (u.suspend_at IS NULL OR u.suspend_at > $4)"
    );
    tx.maybe(sql, vals![pool, id, interaction, now]).await
}

/// Completes it; `false` means that somebody else has.
pub async fn consume(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE mfa_transactions SET consumed_at = $3
         WHERE pool_id = $1 AND id = $2 AND consumed_at IS NULL AND expires_at > $3"
    );
    Ok(tx.run(sql, vals![pool, id, now]).await? == 1)
}

/// Ends every pending sign-in of these users.
pub async fn revoke_of_users(tx: &mut Tx, pool: &PoolId, users: &[String], now: Millis) -> Result<u64> {
    let sql = sql!(
        "UPDATE mfa_transactions SET consumed_at = $3
         WHERE pool_id = $1 AND user_id IN ANY_OF($2) AND consumed_at IS NULL"
    );
    tx.run(sql, vals![pool, users, now]).await
}

/// Ends a user's pending sign-ins to these applications.
pub async fn revoke_of_apps(tx: &mut Tx, pool: &PoolId, user: &str, apps: &[String], now: Millis) -> Result<u64> {
    let sql = sql!(
        "UPDATE mfa_transactions SET consumed_at = $4
         WHERE pool_id = $1 AND user_id = $2 AND app_id IN ANY_OF($3) AND consumed_at IS NULL"
    );
    tx.run(sql, vals![pool, user, apps, now]).await
}
