//! Codes by SMS and e-mail, counters of what was sent, and how a pool sends.

pub mod template;

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, row, sql, vals};

row! {
    /// The live code of one target and purpose.
    pub struct VerificationCode {
        pub pool_id: String,
        /// `sms` or `email`.
        pub medium: String,
        /// E.164, or a folded address.
        pub target: String,
        /// The API's channel.
        pub purpose: String,
        /// HMAC; never the code.
        pub code_hash: String,
        pub attempts: i64,
        pub max_attempts: i64,
        pub created_at: Millis,
        pub expires_at: Millis,
        pub consumed_at: Option<Millis>,
    }
}

row! {
    /// How a pool sends by one medium.
    pub struct Provider {
        pub pool_id: String,
        /// `sms` or `email`.
        pub kind: String,
        /// Which kind of provider; its configuration says it again.
        pub driver: String,
        /// JSON object, sealed.
        pub config_sealed: Vec<u8>,
        pub updated_at: Millis,
    }
}

/// Stores a code; the one it had for the same target and purpose is void.
pub async fn put_code(tx: &mut Tx, code: &VerificationCode) -> Result<()> {
    let sql = sql!(
        "INSERT INTO verification_codes
             (pool_id, medium, target, purpose, code_hash, attempts, max_attempts, created_at, expires_at, consumed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (pool_id, medium, target, purpose) DO UPDATE SET
             code_hash = excluded.code_hash, attempts = excluded.attempts, max_attempts = excluded.max_attempts,
             created_at = excluded.created_at, expires_at = excluded.expires_at, consumed_at = excluded.consumed_at"
    );
    tx.run(sql, &crate::Record::values(code)).await.map(drop)
}

/// Which code is tried.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'a> {
    pub medium: &'a str,
    pub target: &'a str,
    pub purpose: &'a str,
    pub code_hash: &'a str,
}

/// Uses the code up if it is the right one and still good; of parallel tries one at most succeeds.
pub async fn consume_code(tx: &mut Tx, pool: &PoolId, tried: Tried<'_>, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE verification_codes SET consumed_at = $6
         WHERE pool_id = $1 AND medium = $2 AND target = $3 AND purpose = $4 AND code_hash = $5
           AND consumed_at IS NULL AND expires_at > $6 AND attempts < max_attempts"
    );
    let vals = vals![pool, tried.medium, tried.target, tried.purpose, tried.code_hash, now];
    Ok(tx.run(sql, vals).await? == 1)
}

/// Counts a try against the live code and answers its hash, the row being held from then on: parallel tries are judged
/// one after the other, and none beyond the bound. `None`: there is no code that could be tried.
pub async fn try_code(tx: &mut Tx, pool: &PoolId, tried: Tried<'_>, now: Millis) -> Result<Option<String>> {
    let sql = sql!(
        "UPDATE verification_codes SET attempts = attempts + 1
         WHERE pool_id = $1 AND medium = $2 AND target = $3 AND purpose = $4
           AND consumed_at IS NULL AND expires_at > $5 AND attempts < max_attempts
         RETURNING code_hash"
    );
    let found = tx.maybe::<(String,)>(sql, vals![pool, tried.medium, tried.target, tried.purpose, now]).await?;
    Ok(found.map(|(hash,)| hash))
}

/// Uses up the code that was tried in this unit.
pub async fn spend_code(tx: &mut Tx, pool: &PoolId, tried: Tried<'_>, now: Millis) -> Result<()> {
    let sql = sql!(
        "UPDATE verification_codes SET consumed_at = $5
         WHERE pool_id = $1 AND medium = $2 AND target = $3 AND purpose = $4"
    );
    tx.run(sql, vals![pool, tried.medium, tried.target, tried.purpose, now]).await.map(drop)
}

/// Takes back the try that was counted in this unit.
pub async fn uncount_try(tx: &mut Tx, pool: &PoolId, tried: Tried<'_>) -> Result<()> {
    let sql = sql!(
        "UPDATE verification_codes SET attempts = attempts - 1
         WHERE pool_id = $1 AND medium = $2 AND target = $3 AND purpose = $4"
    );
    tx.run(sql, vals![pool, tried.medium, tried.target, tried.purpose]).await.map(drop)
}

pub async fn provider(tx: &mut Tx, pool: &PoolId, kind: &str) -> Result<Option<Provider>> {
    let sql = sql!(
        "SELECT pool_id, kind, driver, config_sealed, updated_at FROM message_providers
         WHERE pool_id = $1 AND kind = $2"
    );
    tx.maybe(sql, vals![pool, kind]).await
}

/// The driver of the pool's provider, without its configuration.
pub async fn driver(tx: &mut Tx, pool: &PoolId, kind: &str) -> Result<Option<String>> {
    let sql = sql!("SELECT driver FROM message_providers WHERE pool_id = $1 AND kind = $2");
    Ok(tx.maybe::<(String,)>(sql, vals![pool, kind]).await?.map(|(driver,)| driver))
}

pub async fn put_provider(tx: &mut Tx, provider: &Provider) -> Result<()> {
    let sql = sql!(
        "INSERT INTO message_providers (pool_id, kind, driver, config_sealed, updated_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (pool_id, kind) DO UPDATE SET
             driver = excluded.driver, config_sealed = excluded.config_sealed, updated_at = excluded.updated_at"
    );
    tx.run(sql, &crate::Record::values(provider)).await.map(drop)
}

pub async fn delete_provider(tx: &mut Tx, pool: &PoolId, kind: &str) -> Result<bool> {
    let sql = sql!("DELETE FROM message_providers WHERE pool_id = $1 AND kind = $2");
    Ok(tx.run(sql, vals![pool, kind]).await? == 1)
}

/// The user whose phone number this is.
pub async fn owner_of_phone(tx: &mut Tx, pool: &PoolId, phone_key: &str) -> Result<Option<String>> {
    let sql = sql!("SELECT id FROM users WHERE pool_id = $1 AND phone_key = $2");
    Ok(tx.maybe::<(String,)>(sql, vals![pool, phone_key]).await?.map(|(id,)| id))
}

/// The user whose e-mail address this is.
pub async fn owner_of_email(tx: &mut Tx, pool: &PoolId, email_key: &str) -> Result<Option<String>> {
    let sql = sql!("SELECT id FROM users WHERE pool_id = $1 AND email_key = $2");
    Ok(tx.maybe::<(String,)>(sql, vals![pool, email_key]).await?.map(|(id,)| id))
}

/// Notes that the user reads what is sent to the account's e-mail address.
pub async fn verify_email(tx: &mut Tx, pool: &PoolId, user: &str, now: Millis) -> Result<()> {
    let sql = sql!("UPDATE users SET email_verified = TRUE, updated_at = $3 WHERE pool_id = $1 AND id = $2");
    tx.run(sql, vals![pool, user, now]).await.map(drop)
}

/// Target and country code of the user's enabled factors of this kind.
pub async fn factor_targets(
    tx: &mut Tx,
    pool: &PoolId,
    user: &str,
    kind: &str,
) -> Result<Vec<(Option<String>, Option<String>)>> {
    let sql = sql!(
        "SELECT target, target_country_code FROM mfa_factors
         WHERE pool_id = $1 AND user_id = $2 AND kind = $3 AND enabled"
    );
    tx.all(sql, vals![pool, user, kind]).await
}
