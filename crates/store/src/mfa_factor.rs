//! Bound second factors, recovery codes and the stored trigger data.

use watchword_kit::{Millis, PoolId};

use crate::statement::Sql;
use crate::throttle::Throttle;
use crate::{FromRow, Record, Result, Row, Table, Tx, row, sql, vals};

row! {
    pub struct MfaFactor {
        pub pool_id: String,
        pub id: String,
        pub user_id: String,
        /// `OTP`, `SMS`, `EMAIL` or `FACE`.
        pub kind: String,
        /// The one of its kind that the V3 operations know.
        pub is_primary: bool,
        pub enabled: bool,
        /// What the user calls this authenticator.
        pub name: Option<String>,
        /// E.164 number or e-mail address.
        pub target: Option<String>,
        pub target_country_code: Option<String>,
        pub secret_sealed: Option<Vec<u8>>,
        /// `totp` or `hotp`.
        pub otp_type: Option<String>,
        pub algorithm: Option<String>,
        pub digits: Option<i64>,
        /// Seconds.
        pub period: Option<i64>,
        /// HOTP: the next counter expected.
        pub counter: Option<i64>,
        /// TOTP: how many steps this authenticator's clock was last seen off.
        pub drift: Option<i64>,
        /// TOTP: codes of this step and before are used up.
        pub last_used_step: Option<i64>,
        /// Of a hardware token.
        pub serial: Option<String>,
        /// The secret has fewer than 128 bits.
        pub weak_seed: bool,
        /// `import`, `enroll` or `admin`.
        pub source: String,
        pub created_at: Millis,
        pub updated_at: Millis,
        pub last_used_at: Option<Millis>,
    }
}

row! {
    pub struct RecoveryCode {
        pub pool_id: String,
        pub user_id: String,
        pub hash: String,
        pub created_at: Millis,
    }
}

pub static TABLE: Table<MfaFactor> = Table::new("mfa_factors");
pub static RECOVERY_CODES: Table<RecoveryCode> = Table::new("recovery_codes");

/// A factor, and what governs how its codes are judged.
pub struct Governed {
    pub factor: MfaFactor,
    /// JSON object.
    pub settings: String,
    pub throttle: Throttle,
}

impl FromRow for Governed {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let after = MfaFactor::COLUMNS.len();
        let throttle =
            Throttle { straight: row.get(after + 1)?, blocked_until: row.get(after + 2)?, locked: row.get(after + 3)? };
        Ok(Governed { factor: MfaFactor::from_row(row)?, settings: row.get(after)?, throttle })
    }
}

/// Holds a counter as [`throttle::hold`] does and reads the user's factors, oldest first.
pub async fn hold_and_read(tx: &mut Tx, pool: &PoolId, bucket: &str, user: &str) -> Result<Vec<Governed>> {
    let sql = sql!(
        "SELECT f.pool_id, f.id, f.user_id, f.kind, f.is_primary, f.enabled, f.name, f.target, f.target_country_code,
                f.secret_sealed, f.otp_type, f.algorithm, f.digits, f.period, f.counter, f.drift, f.last_used_step,
                f.serial, f.weak_seed, f.source, f.created_at, f.updated_at, f.last_used_at, p.settings,
                COALESCE(t.straight, 0) AS straight, COALESCE(t.blocked_until, 0) AS blocked_until,
                COALESCE(t.locked, FALSE) AS locked
         FROM mfa_factors f JOIN pools p ON p.pool_id = f.pool_id
              LEFT JOIN throttles t ON t.pool_id = f.pool_id AND t.bucket = $3
         WHERE f.pool_id = $1 AND f.user_id = $2 ORDER BY f.created_at, f.id"
    );
    tx.hold(pool, bucket).await?;
    tx.all(sql, vals![pool, user, bucket]).await
}

/// The user's factors, oldest first.
pub async fn of_user(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<Vec<MfaFactor>> {
    let sql = sql!(
        "SELECT pool_id, id, user_id, kind, is_primary, enabled, name, target, target_country_code, secret_sealed,
                otp_type, algorithm, digits, period, counter, drift, last_used_step, serial, weak_seed, source,
                created_at, updated_at, last_used_at
         FROM mfa_factors WHERE pool_id = $1 AND user_id = $2 ORDER BY created_at, id"
    );
    tx.all(sql, vals![pool, user]).await
}

/// The primary factors of one kind of these users.
pub async fn primary_of_users(tx: &mut Tx, pool: &PoolId, users: &[String], kind: &str) -> Result<Vec<MfaFactor>> {
    let sql = sql!(
        "SELECT pool_id, id, user_id, kind, is_primary, enabled, name, target, target_country_code, secret_sealed,
                otp_type, algorithm, digits, period, counter, drift, last_used_step, serial, weak_seed, source,
                created_at, updated_at, last_used_at
         FROM mfa_factors WHERE pool_id = $1 AND user_id IN ANY_OF($2) AND kind = $3 AND is_primary"
    );
    tx.all(sql, vals![pool, users, kind]).await
}

/// Kind and whether enabled, of the user's primary factors; `None`: there is no such user.
pub async fn kinds_of_user(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<Option<Vec<(String, bool)>>> {
    let sql = sql!(
        "SELECT f.kind, f.enabled
         FROM users u LEFT JOIN mfa_factors f ON f.pool_id = u.pool_id AND f.user_id = u.id AND f.is_primary
         WHERE u.pool_id = $1 AND u.id = $2"
    );
    let rows: Vec<(Option<String>, Option<bool>)> = tx.all(sql, vals![pool, user]).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(rows.into_iter().filter_map(|(kind, enabled)| Some((kind?, enabled?))).collect()))
}

/// Binds primary factors, replacing those of the same user and kind.
pub async fn put_primary(tx: &mut Tx, factors: &[MfaFactor]) -> Result<()> {
    const REPLACE: &str = " ON CONFLICT (pool_id, user_id, kind) WHERE is_primary DO UPDATE SET id = excluded.id, \
        enabled = excluded.enabled, name = excluded.name, target = excluded.target, \
        target_country_code = excluded.target_country_code, secret_sealed = excluded.secret_sealed, \
        otp_type = excluded.otp_type, algorithm = excluded.algorithm, digits = excluded.digits, \
        period = excluded.period, counter = excluded.counter, drift = excluded.drift, \
        last_used_step = excluded.last_used_step, serial = excluded.serial, weak_seed = excluded.weak_seed, \
        source = excluded.source, created_at = excluded.created_at, updated_at = excluded.updated_at, \
        last_used_at = excluded.last_used_at";
    let sql = format!("{}{REPLACE}", TABLE.insert_sql());
    tx.insert_many(&sql, factors.iter().map(Record::values).collect()).await.map(drop)
}

/// Uses up a time step of a TOTP factor and all before it; `false` means that it was used up already.
pub async fn use_step(tx: &mut Tx, pool: &PoolId, id: &str, step: i64, drift: i64, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE mfa_factors SET last_used_step = $3, drift = $4, last_used_at = $5
         WHERE pool_id = $1 AND id = $2 AND enabled AND (last_used_step IS NULL OR last_used_step < $3)"
    );
    Ok(tx.run(sql, vals![pool, id, step, drift, now]).await? == 1)
}

/// Uses up a counter of an HOTP factor and all before it; `false` means that it was used up already.
pub async fn use_counter(tx: &mut Tx, pool: &PoolId, id: &str, counter: i64, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE mfa_factors SET counter = $3 + 1, last_used_at = $4
         WHERE pool_id = $1 AND id = $2 AND enabled AND counter <= $3"
    );
    Ok(tx.run(sql, vals![pool, id, counter, now]).await? == 1)
}

/// Turns the factors of a kind of these users on or off; answers how many there are.
pub async fn set_enabled(
    tx: &mut Tx,
    pool: &PoolId,
    users: &[String],
    kind: &str,
    enabled: bool,
    now: Millis,
) -> Result<u64> {
    let sql = sql!(
        "UPDATE mfa_factors SET enabled = $4, updated_at = $5
         WHERE pool_id = $1 AND user_id IN ANY_OF($2) AND kind = $3"
    );
    tx.run(sql, vals![pool, users, kind, enabled, now]).await
}

/// Unbinds the user's factors of a kind.
pub async fn delete_kind(tx: &mut Tx, pool: &PoolId, user: &str, kind: &str) -> Result<u64> {
    let sql = sql!("DELETE FROM mfa_factors WHERE pool_id = $1 AND user_id = $2 AND kind = $3");
    tx.run(sql, vals![pool, user, kind]).await
}

/// The hash of the user's recovery code.
pub async fn recovery_hash(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<Option<String>> {
    let sql = sql!("SELECT hash FROM recovery_codes WHERE pool_id = $1 AND user_id = $2");
    Ok(tx.maybe::<(String,)>(sql, vals![pool, user]).await?.map(|(hash,)| hash))
}

/// Stores recovery codes, replacing those of the same users.
pub async fn put_recovery(tx: &mut Tx, codes: &[RecoveryCode]) -> Result<()> {
    let sql = sql!(
        "INSERT INTO recovery_codes (pool_id, user_id, hash, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, user_id) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at"
    );
    tx.insert_many(Sql::from(sql), codes.iter().map(Record::values).collect()).await.map(drop)
}

/// Spends a recovery code and puts the next one in its place, in one step; `false` means that it was spent already.
pub async fn rotate_recovery(
    tx: &mut Tx,
    pool: &PoolId,
    user: &str,
    spent: &str,
    next: &str,
    now: Millis,
) -> Result<bool> {
    let sql =
        sql!("UPDATE recovery_codes SET hash = $4, created_at = $5 WHERE pool_id = $1 AND user_id = $2 AND hash = $3");
    Ok(tx.run(sql, vals![pool, user, spent, next, now]).await? == 1)
}

pub async fn delete_recovery(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<u64> {
    tx.run(sql!("DELETE FROM recovery_codes WHERE pool_id = $1 AND user_id = $2"), vals![pool, user]).await
}

pub async fn delete_recovery_of(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<u64> {
    let sql = sql!("DELETE FROM recovery_codes WHERE pool_id = $1 AND user_id IN ANY_OF($2)");
    tx.run(sql, vals![pool, users]).await
}

/// The trigger data that set-mfa-status stored: JSON list.
pub async fn application_mfa(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<Option<String>> {
    let sql = sql!("SELECT application_mfa FROM user_mfa_settings WHERE pool_id = $1 AND user_id = $2");
    Ok(tx.maybe::<(String,)>(sql, vals![pool, user]).await?.map(|(json,)| json))
}

pub async fn put_application_mfa(tx: &mut Tx, pool: &PoolId, user: &str, json: &str, now: Millis) -> Result<()> {
    let sql = sql!(
        "INSERT INTO user_mfa_settings (pool_id, user_id, application_mfa, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, user_id)
         DO UPDATE SET application_mfa = excluded.application_mfa, updated_at = excluded.updated_at"
    );
    tx.run(sql, vals![pool, user, json, now]).await.map(drop)
}
