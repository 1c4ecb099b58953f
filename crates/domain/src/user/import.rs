//! Users from a file or a list: a chunk at a time, each one transaction, no row twice.
//!
//! A chunk is read and judged first (`item`, `place`, `plan`, `value`): what can be wrong with a row is known before the
//! writer is taken, and costs a dozen statements at most, however many rows there are. Then `write` inserts and changes
//! what is left. When somebody was faster with a name, the chunk is judged again and the row reported. `seen` knows what
//! the rows before had, so that a dry run tells what the real one does.

mod item;
mod place;
mod plan;
mod seen;
mod value;
mod write;

use serde::{Deserialize, Serialize};
use watchword_api::custom_field::TargetType;
use watchword_api::job::{ImportExisting, ImportMatch};
use watchword_api::user::DepartmentIdType;
use watchword_kit::{Error, Result, codes, text};
use watchword_transfer::Entry;

pub use self::seen::Seen;

use self::item::Item;
use crate::ctx::Ctx;
use crate::custom_field::Fields;
use crate::job::{Counts, Problem, Running};
use crate::pool;
use crate::security_settings::password::PasswordRules;

/// Rows of one transaction.
pub const CHUNK: usize = 1_000;
/// Rows of an import that is all or nothing, and so one transaction.
pub const MAX_ATOMIC: usize = 10_000;
/// How often a chunk is judged when others take its names meanwhile.
const ATTEMPTS: usize = 5;

/// How an import treats its rows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Options {
    pub existing: ImportExisting,
    /// Empty: the id, then the first name that the row has.
    pub match_by: Vec<ImportMatch>,
    /// What the rows' departments are named by.
    pub department_id_type: DepartmentIdType,
    pub keep_user_ids: bool,
    pub overwrite_passwords: bool,
    pub all_or_nothing: bool,
}

impl Options {
    pub fn chunk_size(&self) -> usize {
        if self.all_or_nothing { MAX_ATOMIC } else { CHUNK }
    }
}

/// Where the outcome of a chunk goes.
pub enum Target<'a> {
    /// Nowhere: nothing is written.
    Dry,
    /// With the chunk into its job, which is advanced.
    Job(&'a mut Running),
}

/// What became of a chunk.
#[derive(Debug, Default)]
pub struct Done {
    pub counts: Counts,
    pub problems: Vec<Problem>,
    /// Nothing was written, because the import is all or nothing and a row could not be. The job is over.
    pub refused: bool,
}

/// Imports the next rows. `seen` knows the rows before.
///
/// # Errors
/// 409 when the job was cancelled or taken over, 413 for too many rows of an import that is all or nothing; what is
/// wrong with a row is no error.
pub async fn chunk(
    ctx: &Ctx,
    options: &Options,
    seen: &mut Seen,
    rows: Vec<Entry>,
    target: Target<'_>,
) -> Result<Done> {
    if rows.len() > options.chunk_size() {
        let many = text!("at most {MAX_ATOMIC} rows when all or none", "全部成功或全部失败时最多 {MAX_ATOMIC} 行");
        return Err(Error::new(codes::TOO_LARGE).because(many).at("rows"));
    }
    let (settings, fields) = {
        let mut tx = ctx.read().await?;
        let settings = pool::settings(&mut tx, ctx.pool()).await?;
        (settings, Fields::load(&mut tx, ctx, TargetType::User).await?)
    };
    let rules = PasswordRules::of(&settings)?;
    let (mut items, mut problems) = read(ctx, &rules, seen, rows);
    let mut plan = plan::judge(ctx, options, &fields, seen, &items).await?;
    match target {
        Target::Dry => {
            seen.done(&plan, &items, true);
            let counts = plan.counts();
            problems.append(&mut plan.problems);
            Ok(finish(options, counts, problems))
        }
        Target::Job(running) => {
            for _ in 0..ATTEMPTS {
                let doomed = options.all_or_nothing && !(problems.is_empty() && plan.problems.is_empty());
                if !doomed {
                    plan::hash_passwords(ctx, &plan, &mut items, &rules).await?;
                }
                let counts = plan.counts();
                let all: Vec<Problem> = problems.iter().chain(&plan.problems).cloned().collect();
                let done = finish(options, counts, all);
                if done.refused {
                    write::refuse(ctx, running, &done).await?;
                    return Ok(done);
                }
                if write::all(ctx, running, &fields, &plan, &items, &done).await? {
                    seen.done(&plan, &items, false);
                    return Ok(done);
                }
                plan = plan::judge(ctx, options, &fields, seen, &items).await?;
            }
            Err(Error::internal("others kept taking the names of an import"))
        }
    }
}

/// Notes the names of rows that an earlier run has done. Whom they meant and which names they freed is not known any
/// more, so a later row that has to do with those is done, not reported.
pub fn skip(ctx: &Ctx, seen: &mut Seen, rows: Vec<Entry>) {
    drop(read(ctx, &PasswordRules::default(), seen, rows));
}

fn read(ctx: &Ctx, rules: &PasswordRules, seen: &mut Seen, rows: Vec<Entry>) -> (Vec<Item>, Vec<Problem>) {
    let (mut items, mut problems) = (Vec::with_capacity(rows.len()), Vec::new());
    for Entry { line, fields } in rows {
        match fields.and_then(|fields| Item::read(ctx, line, fields, rules)) {
            Err(e) => problems.push(Problem::of(line, &e)),
            Ok(item) => match seen.note(&item) {
                None => items.push(item),
                Some(field) => {
                    let twice = Error::invalid(field, text!("a row before has it already", "前面的行已使用该值"));
                    problems.push(Problem::of(line, &twice));
                }
            },
        }
    }
    (items, problems)
}

fn finish(options: &Options, mut counts: Counts, mut problems: Vec<Problem>) -> Done {
    problems.sort_by_key(|p| p.line);
    let refused = options.all_or_nothing && !problems.is_empty();
    if refused {
        counts = Counts::default();
    }
    counts.failed = problems.len() as u64;
    Done { counts, problems, refused }
}
