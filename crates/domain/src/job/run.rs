//! Jobs of the API: rows kept sealed until a worker of some node has done them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::{info, warn};
use watchword_api::job::{ImportJob, ImportUsersReq, JobState};
use watchword_crypto::hash::sha256_hex;
use watchword_crypto::vault::{Aad, Class};
use watchword_kit::{Error, PoolId, Result, Secret, codes, text};
use watchword_store::job::{self as store, Chunk, Job};
use watchword_transfer::hash::{Style, settle};
use watchword_transfer::mapping::{Mapping, Unknown};
use watchword_transfer::{Entry, Object};

use super::{Counts, MAX_PROBLEMS, New, Problem, Runner, Running, TABLE, report, row, told};
use crate::audit::Audit;
use crate::ctx::{Actor, Ctx, KeyActor, Request};
use crate::permission::{Grants, Permission};
use crate::services::Services;
use crate::user::import::{self, Options, Seen, Target};

/// Most rows of one request.
const MAX_ROWS: usize = 10_000;
/// Attempts at a job that fails for the server's own reasons.
const ATTEMPTS: i64 = 5;
const COLUMN: &str = "job_chunks.rows_sealed";

/// What a job of the API keeps beside its rows.
#[derive(Serialize, Deserialize)]
struct Kept {
    mapping: Vec<(String, String)>,
    unknown: String,
    options: Options,
    /// The access key that asked, and whether it may read masked values: what it may not see, it writes back masked.
    key: Option<(String, bool)>,
}

impl Kept {
    fn mapping(&self) -> Result<Mapping> {
        let unknown = match self.unknown.as_str() {
            "skip" => Unknown::Skip,
            "custom" => Unknown::Custom,
            _ => Unknown::Refuse,
        };
        let mapping = Mapping::new(&self.mapping, unknown);
        mapping.map_err(|e| Error::invalid("mapping", Problem::of(0, &e).message))
    }
}

/// `POST /api/v3/import-users`: puts the rows by for the worker, or in a dry run tells at once what would happen.
///
/// # Errors
/// 400 without rows or at the mapping, 413 for too many; 403 at the first row with departments for whom may not write
/// members.
pub async fn begin(ctx: &Ctx, req: ImportUsersReq) -> Result<ImportJob> {
    if req.rows.is_empty() {
        return Err(Error::invalid("rows", text!("at least one item", "至少需要一项")));
    }
    if req.rows.len() > MAX_ROWS {
        let many = text!("at most {MAX_ROWS} items in one call", "一次最多 {MAX_ROWS} 项");
        return Err(Error::new(codes::TOO_LARGE).because(many).at("rows"));
    }
    let kept = Kept {
        mapping: req.mapping.unwrap_or_default().into_iter().collect(),
        unknown: req.unknown.unwrap_or_default().as_str().into(),
        options: Options {
            existing: req.existing.unwrap_or_default(),
            match_by: req.match_by.unwrap_or_default(),
            department_id_type: req.department_id_type.unwrap_or_default(),
            keep_user_ids: req.keep_user_ids.unwrap_or_default(),
            overwrite_passwords: req.overwrite_passwords.unwrap_or_default(),
            all_or_nothing: req.all_or_nothing.unwrap_or_default(),
        },
        key: ctx.key_id().map(|id| (id.to_owned(), ctx.may(Permission::CustomDataReadPlain))),
    };
    let mapping = kept.mapping()?;
    may_name_departments(ctx, &mapping, &req.rows)?;
    if req.dry_run.unwrap_or_default() {
        return preview(ctx, &kept.options, &mapping, req.rows).await;
    }
    let total = i64::try_from(req.rows.len()).unwrap_or(i64::MAX);
    let options = serde_json::to_string(&kept).map_err(Error::internal)?;
    let digest = sha256_hex(options.as_bytes());
    let new = New { runner: Runner::Worker, source: "", digest: &digest, options, total: Some(total) };
    let job = row(ctx, new);
    let chunks = seal(ctx, &job, &req.rows, kept.options.chunk_size())?;
    let mut tx = ctx.write().await?;
    TABLE.insert(&mut tx, &job).await?;
    store::add_chunks(&mut tx, &chunks).await?;
    let details = json!({ "jobId": job.id, "rows": total });
    let shown = report(&mut tx, ctx, job).await?;
    ctx.commit(tx, details).await?;
    ctx.jobs.notify_one();
    Ok(shown)
}

/// Asked here, as the worker acts for a key whose permissions it does not know.
fn may_name_departments(ctx: &Ctx, mapping: &Mapping, rows: &[Object]) -> Result<()> {
    if ctx.may(Permission::DepartmentWriteMembers) {
        return Ok(());
    }
    let empty = |value: &Value| value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty);
    let names = |row: &Object| row.iter().any(|(name, value)| !empty(value) && mapping.means(name, "departmentIds"));
    match rows.iter().position(names) {
        None => Ok(()),
        Some(i) => Err(Error::new(codes::FORBIDDEN).at(format!("rows[{i}].departmentIds"))),
    }
}

async fn preview(ctx: &Ctx, options: &Options, mapping: &Mapping, rows: Vec<Object>) -> Result<ImportJob> {
    let (mut seen, mut counts, mut problems) = (Seen::default(), Counts::default(), Vec::new());
    let mut rows = entries(mapping, 0, rows);
    while !rows.is_empty() {
        let rest = rows.split_off(options.chunk_size().min(rows.len()));
        let part = std::mem::replace(&mut rows, rest);
        let done = import::chunk(ctx, options, &mut seen, part, Target::Dry).await?;
        counts = counts.plus(done.counts);
        problems.extend(done.problems.iter().map(|p| p.shown(ctx.request().lang)));
    }
    problems.truncate(MAX_PROBLEMS);
    let tx = ctx.write().await?;
    ctx.commit(tx, json!({ "dryRun": true, "rows": counts.rows() })).await?;
    Ok(told(counts, problems))
}

/// Rows under our names, numbered from 1.
fn entries(mapping: &Mapping, position: u64, rows: Vec<Object>) -> Vec<Entry> {
    let entry = |(line, fields): (u64, Object)| {
        let mut entry = mapping.apply(Entry { line, fields: Ok(fields) }, false);
        entry.fields = entry.fields.and_then(|mut fields| settle(&mut fields, &Style::Auto).map(|()| fields));
        entry
    };
    (position + 1..).zip(rows).map(entry).collect()
}

fn seal(ctx: &Ctx, job: &Job, rows: &[Object], size: usize) -> Result<Vec<Chunk>> {
    let mut chunks = Vec::new();
    for (n, part) in rows.chunks(size).enumerate() {
        let plain = Secret::new(serde_json::to_vec(part).map_err(Error::internal)?);
        let row = format!("{}:{n}", job.id);
        let aad = Aad { pool: ctx.pool().as_str(), row: &row, column: COLUMN };
        chunks.push(Chunk {
            pool_id: job.pool_id.clone(),
            job_id: job.id.clone(),
            n: i64::try_from(n).unwrap_or(i64::MAX),
            position: i64::try_from(n * size).unwrap_or(i64::MAX),
            rows_sealed: ctx.vault.seal(Class::Provider, &aad, plain.reveal(), &ctx.entropy),
            expires_at: job.expires_at,
        });
    }
    Ok(chunks)
}

fn open(services: &Services, chunk: &Chunk) -> Result<Vec<Object>> {
    let row = format!("{}:{}", chunk.job_id, chunk.n);
    let aad = Aad { pool: &chunk.pool_id, row: &row, column: COLUMN };
    let plain = services.vault.open_blob(Class::Provider, &aad, &chunk.rows_sealed);
    let plain = plain.map_err(|e| Error::internal(format!("rows of job {}: {e:?}", chunk.job_id)))?;
    serde_json::from_slice(plain.reveal()).map_err(|_| Error::internal("the rows of a job are broken"))
}

/// Does the jobs that are due, one after the other; a node that is faster gets them.
///
/// # Errors
/// When the database cannot be read.
pub async fn work(services: &Arc<Services>) -> Result<()> {
    let due = store::due(&mut services.db.read().await?, services.clock.now(), 16).await?;
    for job in due {
        let ctx = context(services, &job);
        let mut tx = services.db.write().await?;
        let Ok(mut running) = Running::take_over(&mut tx, &ctx, job).await else { continue };
        tx.commit().await?;
        match run(services, &mut running).await {
            Ok(()) => info!(job = running.id(), rows = running.counts().rows(), "an import is done"),
            // Cancelled, or another worker has it.
            Err(e) if e.code() == codes::CONFLICT => info!(job = running.id(), "an import was taken away"),
            Err(e) if e.code().status >= 500 && running.job.attempts < ATTEMPTS => {
                warn!(job = running.id(), error = %e, "an import broke off; trying again");
            }
            Err(e) => {
                warn!(job = running.id(), error = %e, "an import failed");
                give_up(services, &running, &e).await?;
            }
        }
    }
    Ok(())
}

async fn give_up(services: &Arc<Services>, running: &Running, e: &Error) -> Result<()> {
    let ctx = context(services, &running.job);
    let mut tx = ctx.write().await?;
    running.finish(&mut tx, &ctx, JobState::Failed, Some(e)).await?;
    ctx.commit(tx, json!({ "jobId": running.id(), "failed": true })).await
}

/// In the name of the key that asked.
fn context(services: &Arc<Services>, job: &Job) -> Ctx {
    let pool = PoolId::new(&job.pool_id);
    let asked = serde_json::from_str::<Kept>(&job.options).ok().and_then(|kept| kept.key);
    let Some((id, plain)) = asked else { return Ctx::system(services.clone(), pool, Audit::UserImport) };
    let grants = if plain { Grants::Only([Permission::CustomDataReadPlain].into()) } else { Grants::Nothing };
    let request = Request { id: services.entropy.hex(16), ..Request::default() };
    Ctx::new(services.clone(), pool, Actor::AccessKey(KeyActor { id, grants }), request, Some(Audit::UserImport))
}

async fn run(services: &Arc<Services>, running: &mut Running) -> Result<()> {
    let kept: Kept = serde_json::from_str(&running.job.options).map_err(Error::internal)?;
    let mapping = kept.mapping()?;
    let mut seen = Seen::default();
    for n in 0.. {
        let ctx = context(services, &running.job);
        let chunk = store::chunk(&mut ctx.read().await?, ctx.pool(), running.id(), n).await?;
        let Some(chunk) = chunk else { return running.end(&ctx, None).await };
        let position = u64::try_from(chunk.position).unwrap_or_default();
        let rows = entries(&mapping, position, open(services, &chunk)?);
        if position + rows.len() as u64 <= running.position() {
            import::skip(&ctx, &mut seen, rows);
            continue;
        }
        let done = import::chunk(&ctx, &kept.options, &mut seen, rows, Target::Job(running)).await?;
        if done.refused {
            break;
        }
    }
    Ok(())
}

impl Running {
    /// Ends the job in a transaction of its own; `broken` says why its rows could not be read to the end.
    ///
    /// # Errors
    /// 409 when the job was cancelled or taken over.
    pub async fn end(&mut self, ctx: &Ctx, broken: Option<&Error>) -> Result<()> {
        let state = if broken.is_none() { JobState::Done } else { JobState::Failed };
        let mut tx = ctx.write().await?;
        let next = self.finish(&mut tx, ctx, state, broken).await?;
        ctx.commit(tx, summary(&next)).await?;
        *self = next;
        Ok(())
    }
}

/// What the trail keeps of a job that is over.
fn summary(running: &Running) -> Value {
    let counts = running.counts();
    json!({ "jobId": running.id(), "created": counts.created, "updated": counts.updated, "unchanged": counts.unchanged,
        "kept": counts.kept, "failed": counts.failed })
}
