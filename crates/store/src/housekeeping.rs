//! Forgetting what is over, in batches small enough not to hold others up.

use watchword_kit::{Millis, PoolId};

use crate::sql;
use crate::statement::Statement;
use crate::{Result, Tx, vals};

/// Rows that one statement deletes at most.
pub const BATCH: i64 = 500;

/// A kind of row that is over some time after a moment it names.
pub struct Leftover {
    pub table: &'static str,
    /// Deletes up to `$2` rows that were over before `$1`.
    statement: &'static Statement,
    /// How long they are kept beyond that moment.
    pub keep: Millis,
}

impl Leftover {
    /// Deletes one batch and answers its size.
    pub async fn forget(&self, tx: &mut Tx, now: Millis) -> Result<u64> {
        tx.run(self.statement, vals![now - self.keep, BATCH]).await
    }
}

/// Everything that is forgotten by its own date. The trail has its retention instead, see [`forget_audit`].
pub fn leftovers() -> Vec<Leftover> {
    let (none, day, week) = (Millis(0), Millis::days(1), Millis::days(7));
    vec![
        Leftover {
            table: "request_nonces",
            statement: sql!(
                "DELETE FROM request_nonces WHERE (pool_id, access_key_id, nonce) IN
                     (SELECT pool_id, access_key_id, nonce FROM request_nonces WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "verification_codes",
            statement: sql!(
                "DELETE FROM verification_codes WHERE (pool_id, medium, target, purpose) IN
                     (SELECT pool_id, medium, target, purpose FROM verification_codes WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "captchas",
            statement: sql!(
                "DELETE FROM captchas WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM captchas WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "rate_counters",
            statement: sql!(
                "DELETE FROM rate_counters WHERE (pool_id, bucket) IN
                     (SELECT pool_id, bucket FROM rate_counters WHERE expires_at < $1 LIMIT $2)
                   AND expires_at < $1"
            ),
            keep: none,
        },
        Leftover {
            table: "enrollments",
            statement: sql!(
                "DELETE FROM enrollments WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM enrollments WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: day,
        },
        Leftover {
            table: "mfa_transactions",
            statement: sql!(
                "DELETE FROM mfa_transactions WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM mfa_transactions WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: day,
        },
        Leftover {
            table: "refresh_tokens",
            statement: sql!(
                "DELETE FROM refresh_tokens WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM refresh_tokens WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: day,
        },
        Leftover {
            table: "sessions",
            statement: sql!(
                "DELETE FROM sessions WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM sessions WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: day,
        },
        Leftover {
            table: "sso_sessions",
            statement: sql!(
                "DELETE FROM sso_sessions WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM sso_sessions WHERE idle_until < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "interactions",
            statement: sql!(
                "DELETE FROM interactions WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM interactions WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "authorization_codes",
            statement: sql!(
                "DELETE FROM authorization_codes WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM authorization_codes WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: day,
        },
        Leftover {
            table: "password_resets",
            statement: sql!(
                "DELETE FROM password_resets WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM password_resets WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "action_tokens",
            statement: sql!(
                "DELETE FROM action_tokens WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM action_tokens WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        // A sign-in meanwhile keeps the device.
        Leftover {
            table: "user_devices",
            statement: sql!(
                "DELETE FROM user_devices WHERE (pool_id, user_id, id) IN
                     (SELECT pool_id, user_id, id FROM user_devices WHERE last_login_at < $1 LIMIT $2)
                   AND last_login_at < $1"
            ),
            keep: Millis::days(400),
        },
        // Never to be sent, they only hold a dead code.
        Leftover {
            table: "outbox",
            statement: sql!(
                "DELETE FROM outbox WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM outbox WHERE expires_at < $1 AND state = 'withheld' LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "outbox",
            statement: sql!(
                "DELETE FROM outbox WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM outbox WHERE expires_at < $1 AND state <> 'pending' LIMIT $2)"
            ),
            keep: week,
        },
        Leftover {
            table: "pushed_requests",
            statement: sql!(
                "DELETE FROM pushed_requests WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM pushed_requests WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "device_codes",
            statement: sql!(
                "DELETE FROM device_codes WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM device_codes WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "revoked_tokens",
            statement: sql!(
                "DELETE FROM revoked_tokens WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM revoked_tokens WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "jobs",
            statement: sql!(
                "DELETE FROM jobs WHERE (pool_id, id) IN
                     (SELECT pool_id, id FROM jobs WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "job_problems",
            statement: sql!(
                "DELETE FROM job_problems WHERE (pool_id, job_id, line) IN
                     (SELECT pool_id, job_id, line FROM job_problems WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "job_chunks",
            statement: sql!(
                "DELETE FROM job_chunks WHERE (pool_id, job_id, n) IN
                     (SELECT pool_id, job_id, n FROM job_chunks WHERE expires_at < $1 LIMIT $2)"
            ),
            keep: none,
        },
        Leftover {
            table: "throttles",
            statement: sql!(
                "DELETE FROM throttles WHERE (pool_id, bucket) IN
                     (SELECT pool_id, bucket FROM throttles WHERE touched_at < $1 AND NOT locked LIMIT $2)
                   AND touched_at < $1 AND NOT locked"
            ),
            keep: Millis::days(31),
        },
    ]
}

/// Deletes one batch of daily failure counts from before `before_day` (days since the epoch).
pub async fn forget_throttle_days(tx: &mut Tx, before_day: i64) -> Result<u64> {
    let sql = sql!(
        "DELETE FROM throttle_days WHERE (pool_id, bucket, day) IN
             (SELECT pool_id, bucket, day FROM throttle_days WHERE day < $1 LIMIT $2)"
    );
    tx.run(sql, vals![before_day, BATCH]).await
}

/// Deletes one batch of sign-ins from before `before`.
pub async fn forget_logins(tx: &mut Tx, before: Millis) -> Result<u64> {
    let sql = sql!(
        "DELETE FROM user_logins WHERE (pool_id, user_id, at, id) IN
             (SELECT pool_id, user_id, at, id FROM user_logins WHERE at < $1 LIMIT $2)"
    );
    tx.run(sql, vals![before, BATCH]).await
}

/// Deletes one batch of a pool's audit rows from before `before`.
pub async fn forget_audit(tx: &mut Tx, pool: &PoolId, before: Millis) -> Result<u64> {
    let sql = sql!(
        "DELETE FROM audit_logs WHERE pool_id = $1 AND id IN
             (SELECT id FROM audit_logs WHERE pool_id = $1 AND at < $2 LIMIT $3)"
    );
    tx.run(sql, vals![pool, before, BATCH]).await
}
