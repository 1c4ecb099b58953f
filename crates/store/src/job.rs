//! Jobs: work in many transactions that goes on where it was broken off.

use watchword_kit::{Millis, PoolId};

use crate::{Record, Result, Table, Tx, Val, row, sql, vals};

row! {
    /// One job and how far it is.
    pub struct Job {
        pub pool_id: String,
        pub id: String,
        pub kind: String,
        /// `running`, `done`, `failed`, `cancelled`.
        pub state: String,
        /// `worker` or `cli`.
        pub runner: String,
        pub source: String,
        pub digest: String,
        /// JSON object.
        pub options: String,
        /// Rows that are done.
        pub position: i64,
        pub total: Option<i64>,
        /// JSON object.
        pub counts: String,
        pub last_error: Option<String>,
        /// Whoever has an older number does nothing more.
        pub attempts: i64,
        pub claimed_until: Millis,
        pub created_at: Millis,
        pub updated_at: Millis,
        pub finished_at: Option<Millis>,
        pub expires_at: Millis,
    }
}

row! {
    /// A row that could not be.
    pub struct Problem {
        pub pool_id: String,
        pub job_id: String,
        pub line: i64,
        pub field: String,
        pub message_en: String,
        pub message_zh: String,
        pub expires_at: Millis,
    }
}

row! {
    /// Rows that wait for the worker.
    pub struct Chunk {
        pub pool_id: String,
        pub job_id: String,
        pub n: i64,
        pub position: i64,
        pub rows_sealed: Vec<u8>,
        pub expires_at: Millis,
    }
}

pub static TABLE: Table<Job> = Table::new("jobs");

/// The newest job over the same content with the same options that is not over.
pub async fn unfinished(tx: &mut Tx, pool: &PoolId, kind: &str, digest: &str) -> Result<Option<Job>> {
    let sql = sql!(
        "SELECT pool_id, id, kind, state, runner, source, digest, options, position, total, counts, last_error,
                attempts, claimed_until, created_at, updated_at, finished_at, expires_at
         FROM jobs WHERE pool_id = $1 AND digest = $3 AND kind = $2 AND runner = 'cli' AND state = 'running'
         ORDER BY created_at DESC, id DESC LIMIT 1"
    );
    tx.maybe(sql, vals![pool, kind, digest]).await
}

/// Jobs of any pool that the worker may begin or go on with.
pub async fn due(tx: &mut Tx, now: Millis, limit: i64) -> Result<Vec<Job>> {
    let sql = sql!(
        "SELECT pool_id, id, kind, state, runner, source, digest, options, position, total, counts, last_error,
                attempts, claimed_until, created_at, updated_at, finished_at, expires_at
         FROM jobs WHERE state = 'running' AND runner = 'worker' AND claimed_until <= $1
         ORDER BY claimed_until, id LIMIT $2"
    );
    tx.all(sql, vals![now, limit]).await
}

/// Takes a job as `attempts` shows it; `false` when somebody was faster or it is over.
pub async fn claim(tx: &mut Tx, job: &Job, until: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE jobs SET attempts = attempts + 1, claimed_until = $4
         WHERE pool_id = $1 AND id = $2 AND attempts = $3 AND state = 'running'"
    );
    Ok(tx.run(sql, vals![&job.pool_id, &job.id, job.attempts, until]).await? == 1)
}

/// Writes how far the job is, unless it was cancelled, or somebody else went on with it.
pub async fn advance(tx: &mut Tx, from: i64, job: &Job) -> Result<bool> {
    let sql = sql!(
        "UPDATE jobs SET state = $5, position = $6, total = $7, counts = $8, last_error = $9, claimed_until = $10,
                updated_at = $11, finished_at = $12
         WHERE pool_id = $1 AND id = $2 AND attempts = $3 AND position = $4 AND state = 'running'"
    );
    let vals = vals![
        &job.pool_id,
        &job.id,
        job.attempts,
        from,
        &job.state,
        job.position,
        &job.total,
        &job.counts,
        &job.last_error,
        job.claimed_until,
        job.updated_at,
        &job.finished_at
    ];
    Ok(tx.run(sql, vals).await? == 1)
}

/// Ends a job that runs; `false` when it was over.
pub async fn cancel(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE jobs SET state = 'cancelled', updated_at = $3, finished_at = $3
         WHERE pool_id = $1 AND id = $2 AND state = 'running'"
    );
    Ok(tx.run(sql, vals![pool, id, now]).await? == 1)
}

pub async fn add_problems(tx: &mut Tx, problems: &[Problem]) -> Result<()> {
    let sql = sql!(
        "INSERT INTO job_problems (pool_id, job_id, line, field, message_en, message_zh, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)"
    );
    tx.insert_many(sql, problems.iter().map(Record::values).collect()).await.map(drop)
}

/// The first problems of a job, in the order of the file.
pub async fn problems(tx: &mut Tx, pool: &PoolId, job: &str, limit: i64) -> Result<Vec<Problem>> {
    let sql = sql!(
        "SELECT pool_id, job_id, line, field, message_en, message_zh, expires_at
         FROM job_problems WHERE pool_id = $1 AND job_id = $2 ORDER BY line LIMIT $3"
    );
    tx.all(sql, vals![pool, job, limit]).await
}

pub async fn add_chunks(tx: &mut Tx, chunks: &[Chunk]) -> Result<()> {
    let sql = sql!(
        "INSERT INTO job_chunks (pool_id, job_id, n, position, rows_sealed, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)"
    );
    let rows: Vec<Vec<Val>> = chunks.iter().map(Record::values).collect();
    tx.insert_many(sql, rows).await.map(drop)
}

pub async fn chunk(tx: &mut Tx, pool: &PoolId, job: &str, n: i64) -> Result<Option<Chunk>> {
    let sql = sql!(
        "SELECT pool_id, job_id, n, position, rows_sealed, expires_at
         FROM job_chunks WHERE pool_id = $1 AND job_id = $2 AND n = $3"
    );
    tx.maybe(sql, vals![pool, job, n]).await
}

/// Forgets the rows of a job that is over.
pub async fn drop_chunks(tx: &mut Tx, pool: &PoolId, job: &str) -> Result<u64> {
    tx.run(sql!("DELETE FROM job_chunks WHERE pool_id = $1 AND job_id = $2"), vals![pool, job]).await
}
