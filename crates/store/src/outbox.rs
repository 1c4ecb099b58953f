//! Messages waiting to be sent, and the development inbox.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    /// One message to one recipient.
    pub struct Message {
        pub pool_id: String,
        pub id: String,
        /// `sms` or `email`.
        pub kind: String,
        pub target: String,
        /// What is sent, sealed; empty once the message is settled.
        pub body_sealed: Vec<u8>,
        /// Attempts begun.
        pub attempts: i64,
        /// `pending`; settled: `sent`, `failed`, `expired`, or `withheld` from the first.
        pub state: String,
        pub last_error: Option<String>,
        pub created_at: Millis,
        /// When the next attempt is due.
        pub next_at: Millis,
        /// After this moment the message is worthless.
        pub expires_at: Millis,
        /// Until then a worker is at it, unless it died.
        pub claimed_until: Millis,
    }
}

row! {
    /// A message that demo mode shows instead of sending it.
    pub struct Shown {
        pub pool_id: String,
        pub id: String,
        pub at: Millis,
        /// `sms` or `email`.
        pub kind: String,
        pub target: String,
        pub subject: String,
        pub body: String,
    }
}

pub static TABLE: Table<Message> = Table::new("outbox");
pub static INBOX: Table<Shown> = Table::new("dev_inbox");

/// Pending messages that are due, oldest first. `busy` lists `POOL:KIND` of providers that have enough to do.
pub async fn due(tx: &mut Tx, now: Millis, busy: &[String], limit: i64) -> Result<Vec<Message>> {
    let sql = sql!(
        "SELECT pool_id, id, kind, target, body_sealed, attempts, state, last_error, created_at, next_at, expires_at,
                claimed_until
         FROM outbox
         WHERE state = 'pending' AND next_at <= $1 AND claimed_until <= $1 AND NOT (pool_id || ':' || kind IN ANY_OF($2))
         ORDER BY next_at, id LIMIT $3"
    );
    tx.all(sql, vals![now, busy, limit]).await
}

/// Takes a message for one attempt; `false` when another worker was faster.
pub async fn claim(tx: &mut Tx, message: &Message, now: Millis, until: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE outbox SET claimed_until = $4, attempts = attempts + 1
         WHERE pool_id = $1 AND id = $2 AND state = 'pending' AND attempts = $5 AND claimed_until <= $3"
    );
    let vals = vals![&message.pool_id, &message.id, now, until, message.attempts];
    Ok(tx.run(sql, vals).await? == 1)
}

/// Ends a message's life in `state` and forgets what it said. `attempts` is the number of the attempt that settles
/// it: a worker that was given up for dead settles nothing.
pub async fn settle(
    tx: &mut Tx,
    pool: &PoolId,
    id: &str,
    attempts: i64,
    state: &str,
    error: Option<&str>,
) -> Result<bool> {
    let sql = sql!(
        "UPDATE outbox SET state = $4, last_error = $5, body_sealed = $6, claimed_until = 0
         WHERE pool_id = $1 AND id = $2 AND state = 'pending' AND attempts = $3"
    );
    Ok(tx.run(sql, vals![pool, id, attempts, state, error, Vec::<u8>::new()]).await? == 1)
}

/// Puts a message back for another attempt.
pub async fn postpone(
    tx: &mut Tx,
    pool: &PoolId,
    id: &str,
    attempts: i64,
    next_at: Millis,
    error: &str,
) -> Result<bool> {
    let sql = sql!(
        "UPDATE outbox SET next_at = $4, last_error = $5, claimed_until = 0
         WHERE pool_id = $1 AND id = $2 AND state = 'pending' AND attempts = $3"
    );
    Ok(tx.run(sql, vals![pool, id, attempts, next_at, error]).await? == 1)
}

/// Shows a message in the pool's inbox and drops all but the newest `keep`.
pub async fn show(tx: &mut Tx, shown: &Shown, keep: i64) -> Result<()> {
    INBOX.insert(tx, shown).await?;
    let sql = sql!(
        "DELETE FROM dev_inbox WHERE pool_id = $1 AND id NOT IN
             (SELECT id FROM dev_inbox WHERE pool_id = $1 ORDER BY at DESC, id DESC LIMIT $2)"
    );
    tx.run(sql, vals![&shown.pool_id, keep]).await.map(drop)
}

/// What demo mode shows, newest first, of every pool.
pub async fn shown(tx: &mut Tx, limit: i64) -> Result<Vec<Shown>> {
    let sql =
        sql!("SELECT pool_id, id, at, kind, target, subject, body FROM dev_inbox ORDER BY at DESC, id DESC LIMIT $1");
    tx.all(sql, vals![limit]).await
}
