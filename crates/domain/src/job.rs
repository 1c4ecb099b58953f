//! Jobs: long work in chunks, each a transaction that also says how far the job is.
//!
//! Whoever goes on with a job takes it over by counting `attempts` up; each chunk is written on condition that the
//! count and the position are still its own. So a job that was broken off goes on where it stood, nothing is done
//! twice, and a worker that was given up for dead writes nothing more.

mod run;

use serde::{Deserialize, Serialize};
use watchword_api::job::{ImportJob, ImportProblem, JobState};
use watchword_kit::{Error, Lang, Millis, Result, Text, codes, text};
use watchword_store::Tx;
use watchword_store::job::{self as store, Job, TABLE};

use crate::ctx::Ctx;

pub use run::{begin, work};

/// Problems that a job keeps; of more it knows the number.
pub const MAX_PROBLEMS: usize = 1_000;
/// Kind of the job that imports users.
pub const USER_IMPORT: &str = "user.import";
/// How long a job and its report are kept.
const KEPT: Millis = Millis::days(30);
/// How long a chunk may take before another worker takes the job.
const LEASE: Millis = Millis::minutes(2);

/// How many rows ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub kept: u64,
    pub failed: u64,
}

impl Counts {
    #[must_use]
    pub fn plus(self, other: Counts) -> Counts {
        Counts {
            created: self.created + other.created,
            updated: self.updated + other.updated,
            unchanged: self.unchanged + other.unchanged,
            kept: self.kept + other.kept,
            failed: self.failed + other.failed,
        }
    }

    pub fn rows(self) -> u64 {
        self.created + self.updated + self.unchanged + self.kept + self.failed
    }
}

/// A row that could not be.
#[derive(Clone, Debug)]
pub struct Problem {
    pub line: u64,
    pub field: String,
    pub message: Text,
}

impl Problem {
    pub fn of(line: u64, e: &Error) -> Problem {
        let field = e.field().unwrap_or("row").to_owned();
        let said = |lang| {
            let said = e.message(lang);
            said.strip_prefix(&format!("{field}: ")).map_or(said.clone(), str::to_owned)
        };
        Problem { line, message: Text { en: said(Lang::En).into(), zh: said(Lang::Zh).into() }, field }
    }

    pub fn shown(&self, lang: Lang) -> ImportProblem {
        let (line, field) = (i64::try_from(self.line).unwrap_or(i64::MAX), self.field.clone());
        ImportProblem { line, field, message: self.message.get(lang).to_owned() }
    }
}

/// What a new job is about.
pub struct New<'a> {
    pub runner: Runner,
    /// The name of the file.
    pub source: &'a str,
    /// SHA-256 over content and options.
    pub digest: &'a str,
    /// JSON object.
    pub options: String,
    pub total: Option<i64>,
}

/// Who goes on with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    Worker,
    Cli,
}

/// A job in the hands of whoever does it.
#[derive(Clone, Debug)]
pub struct Running {
    job: Job,
    counts: Counts,
}

impl Running {
    /// Writes a new job that the caller does itself.
    pub async fn start(tx: &mut Tx, ctx: &Ctx, new: New<'_>) -> Result<Running> {
        let job = row(ctx, new);
        TABLE.insert(tx, &job).await?;
        Ok(Running { job, counts: Counts::default() })
    }

    /// Takes over a job as it stands.
    ///
    /// # Errors
    /// 409 when somebody was faster.
    pub async fn take_over(tx: &mut Tx, ctx: &Ctx, mut job: Job) -> Result<Running> {
        if !store::claim(tx, &job, ctx.now() + LEASE).await? {
            return Err(lost());
        }
        job.attempts += 1;
        let counts = serde_json::from_str(&job.counts).map_err(Error::internal)?;
        Ok(Running { job, counts })
    }

    pub fn id(&self) -> &str {
        &self.job.id
    }

    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.job.state != JobState::Running.as_str()
    }

    /// Rows that are done.
    pub fn position(&self) -> u64 {
        u64::try_from(self.job.position).unwrap_or_default()
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Writes into the transaction of a chunk that `delta` is done; answers the job as it is once that commits.
    ///
    /// # Errors
    /// 409 when the job was cancelled or taken over: the chunk must not be committed.
    pub async fn advance(&self, tx: &mut Tx, ctx: &Ctx, delta: Counts, problems: &[Problem]) -> Result<Running> {
        let mut next = self.clone();
        next.counts = self.counts.plus(delta);
        next.job.counts = serde_json::to_string(&next.counts).map_err(Error::internal)?;
        next.job.position += i64::try_from(delta.rows()).unwrap_or(i64::MAX);
        self.write(tx, ctx, &mut next).await?;
        let told = usize::try_from(self.counts.failed).unwrap_or(usize::MAX);
        let room = MAX_PROBLEMS.saturating_sub(told).min(problems.len());
        store::add_problems(tx, &problems[..room].iter().map(|p| self.problem(p)).collect::<Vec<_>>()).await?;
        Ok(next)
    }

    /// Ends the job.
    ///
    /// # Errors
    /// 409 when the job was cancelled or taken over.
    pub async fn finish(&self, tx: &mut Tx, ctx: &Ctx, state: JobState, error: Option<&Error>) -> Result<Running> {
        let mut next = self.clone();
        next.job.state = state.as_str().into();
        next.job.total = Some(next.job.position);
        next.job.last_error = error.map(|e| e.message(Lang::En));
        next.job.finished_at = Some(ctx.now());
        self.write(tx, ctx, &mut next).await?;
        store::drop_chunks(tx, ctx.pool(), &self.job.id).await?;
        Ok(next)
    }

    async fn write(&self, tx: &mut Tx, ctx: &Ctx, next: &mut Running) -> Result<()> {
        next.job.updated_at = ctx.now();
        next.job.claimed_until = ctx.now() + LEASE;
        if store::advance(tx, self.job.position, &next.job).await? { Ok(()) } else { Err(lost()) }
    }

    fn problem(&self, problem: &Problem) -> store::Problem {
        store::Problem {
            pool_id: self.job.pool_id.clone(),
            job_id: self.job.id.clone(),
            line: i64::try_from(problem.line).unwrap_or(i64::MAX),
            field: problem.field.clone(),
            message_en: problem.message.en.to_string(),
            message_zh: problem.message.zh.to_string(),
            expires_at: self.job.expires_at,
        }
    }

    /// The report so far.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn report(&self, tx: &mut Tx, ctx: &Ctx) -> Result<ImportJob> {
        report(tx, ctx, self.job.clone()).await
    }
}

fn row(ctx: &Ctx, new: New<'_>) -> Job {
    let New { runner, source, digest, options, total } = new;
    Job {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        kind: USER_IMPORT.into(),
        state: JobState::Running.as_str().into(),
        runner: if runner == Runner::Cli { "cli" } else { "worker" }.into(),
        source: source.into(),
        digest: digest.into(),
        options,
        position: 0,
        total,
        counts: "{\"created\":0,\"updated\":0,\"unchanged\":0,\"kept\":0,\"failed\":0}".into(),
        last_error: None,
        attempts: 0,
        claimed_until: Millis(0),
        created_at: ctx.now(),
        updated_at: ctx.now(),
        finished_at: None,
        expires_at: ctx.now() + KEPT,
    }
}

fn lost() -> Error {
    let detail = text!("the job was cancelled, or another run goes on with it", "任务已被取消，或已由另一个进程接手");
    Error::new(codes::CONFLICT).because(detail)
}

/// The unfinished job of the command line over the same content.
pub async fn unfinished(tx: &mut Tx, ctx: &Ctx, digest: &str) -> Result<Option<Job>> {
    Ok(store::unfinished(tx, ctx.pool(), USER_IMPORT, digest).await?)
}

/// `GET /api/v3/get-import-job`.
///
/// # Errors
/// 404.
pub async fn get(ctx: &Ctx, id: &str) -> Result<ImportJob> {
    let mut tx = ctx.read().await?;
    let job = TABLE.get(&mut tx, ctx.pool(), id).await?.ok_or_else(unknown)?;
    report(&mut tx, ctx, job).await
}

/// `POST /api/v3/cancel-import-job`: what is done stays done, the rest is left.
///
/// # Errors
/// 404; 422 when the job is over.
pub async fn cancel(ctx: &Ctx, id: &str) -> Result<ImportJob> {
    let mut tx = ctx.write().await?;
    TABLE.get(&mut tx, ctx.pool(), id).await?.ok_or_else(unknown)?;
    if !store::cancel(&mut tx, ctx.pool(), id, ctx.now()).await? {
        return Err(Error::new(codes::UNPROCESSABLE).because(text!("the job is over", "任务已结束")).at("jobId"));
    }
    store::drop_chunks(&mut tx, ctx.pool(), id).await?;
    let job = TABLE.get(&mut tx, ctx.pool(), id).await?.ok_or_else(unknown)?;
    let shown = report(&mut tx, ctx, job).await?;
    ctx.commit(tx, serde_json::json!({ "jobId": id })).await?;
    Ok(shown)
}

fn unknown() -> Error {
    Error::new(codes::NOT_FOUND).because(text!("no such job", "任务不存在")).at("jobId")
}

async fn report(tx: &mut Tx, ctx: &Ctx, job: Job) -> Result<ImportJob> {
    let counts: Counts = serde_json::from_str(&job.counts).map_err(Error::internal)?;
    let limit = i64::try_from(MAX_PROBLEMS).unwrap_or(i64::MAX);
    let problems = match counts.failed {
        0 => Vec::new(),
        _ => store::problems(tx, ctx.pool(), &job.id, limit).await?,
    };
    let problems = problems.into_iter().map(|p| ImportProblem {
        line: p.line,
        field: p.field,
        message: if ctx.request().lang == Lang::Zh { p.message_zh } else { p.message_en },
    });
    let shown = ImportJob {
        job_id: Some(job.id),
        state: JobState::parse(&job.state).unwrap_or(JobState::Failed),
        dry_run: false,
        source: job.source,
        total: job.total,
        processed: job.position,
        error: job.last_error,
        created_at: Some(job.created_at.iso()),
        finished_at: job.finished_at.map(Millis::iso),
        ..told(counts, problems.collect())
    };
    Ok(shown)
}

/// A report of counts and the problems that were kept.
pub fn told(counts: Counts, problems: Vec<ImportProblem>) -> ImportJob {
    let processed = i64::try_from(counts.rows()).unwrap_or(i64::MAX);
    ImportJob {
        job_id: None,
        state: JobState::Done,
        dry_run: true,
        source: String::new(),
        total: Some(processed),
        processed,
        created: counts.created,
        updated: counts.updated,
        unchanged: counts.unchanged,
        kept: counts.kept,
        failed: counts.failed,
        problems_omitted: counts.failed.saturating_sub(problems.len() as u64),
        problems,
        error: None,
        created_at: None,
        finished_at: None,
    }
}
