//! Devices that wait for their user.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    pub struct DeviceCode {
        pub pool_id: String,
        /// SHA-256 of the device code.
        pub id: String,
        /// Keyed hash of what the user types.
        pub user_code: String,
        pub app_id: String,
        pub scope: String,
        /// JSON list.
        pub resources: String,
        /// `pending`, `approved`, `denied` or `spent`.
        pub state: String,
        pub user_id: Option<String>,
        /// JSON list (RFC 8176).
        pub amr: Option<String>,
        pub auth_time: Option<Millis>,
        pub polled_at: Millis,
        /// Milliseconds between polls.
        pub pause: i64,
        pub created_at: Millis,
        pub expires_at: Millis,
    }
}

pub static TABLE: Table<DeviceCode> = Table::new("device_codes");

/// The device that shows this code and still waits.
pub async fn waiting(tx: &mut Tx, pool: &PoolId, user_code: &str, now: Millis) -> Result<Option<DeviceCode>> {
    let sql = sql!(
        "SELECT pool_id, id, user_code, app_id, scope, resources, state, user_id, amr, auth_time, polled_at, pause,
                created_at, expires_at
         FROM device_codes WHERE pool_id = $1 AND user_code = $2 AND state = 'pending' AND expires_at > $3"
    );
    tx.maybe(sql, vals![pool, user_code, now]).await
}

/// What a user has decided about a device.
pub struct Decision<'a> {
    /// `approved` or `denied`.
    pub state: &'static str,
    pub user: &'a str,
    pub amr: &'a str,
    pub auth_time: Millis,
}

/// Decides once; `false` means that somebody else has, or that it is too late.
pub async fn decide(tx: &mut Tx, pool: &PoolId, id: &str, to: &Decision<'_>, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE device_codes SET state = $3, user_id = $4, amr = $5, auth_time = $6
         WHERE pool_id = $1 AND id = $2 AND state = 'pending' AND expires_at > $7"
    );
    Ok(tx.run(sql, vals![pool, id, to.state, to.user, to.amr, to.auth_time, now]).await? == 1)
}

/// Notes a poll.
pub async fn polled(tx: &mut Tx, pool: &PoolId, id: &str, pause: i64, now: Millis) -> Result<()> {
    let sql = sql!("UPDATE device_codes SET polled_at = $3, pause = $4 WHERE pool_id = $1 AND id = $2");
    tx.run(sql, vals![pool, id, now, pause]).await.map(drop)
}

/// Uses the approval up; `false` means that it was used before.
pub async fn spend(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<bool> {
    let sql = sql!("UPDATE device_codes SET state = 'spent' WHERE pool_id = $1 AND id = $2 AND state = 'approved'");
    Ok(tx.run(sql, vals![pool, id]).await? == 1)
}

/// Devices that a user, who is held, has approved and that have not come for their tokens get none.
pub async fn void_approvals(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<()> {
    let sql =
        sql!("UPDATE device_codes SET state = 'spent' WHERE pool_id = $1 AND user_id = $2 AND state = 'approved'");
    tx.run(sql, vals![pool, user]).await.map(drop)
}
