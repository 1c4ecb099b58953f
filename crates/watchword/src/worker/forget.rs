//! Forgets what is over: spent nonces, dead codes, old sessions, the trail beyond its retention.

use tracing::{debug, warn};
use watchword_domain::Services;
use watchword_kit::{Millis, PoolId, Result};
use watchword_store::housekeeping::{self, BATCH, Leftover};

use super::pools;

/// Batches per kind of row and round; what is left waits for the next round.
const BATCHES: usize = 40;
/// Days of failure counts that the throttle looks at, and one more.
const THROTTLE_DAYS: i64 = 31;

/// One round over everything. Each batch is a transaction of its own, so that requests come in between.
pub(super) async fn all(services: &Services) {
    let now = services.clock.now();
    let mut jobs: Vec<Job> = housekeeping::leftovers().into_iter().map(|l| Job::Leftover(l, now)).collect();
    jobs.push(Job::ThrottleDays(now.0.div_euclid(Millis::days(1).0) - THROTTLE_DAYS));
    jobs.push(Job::Logins(now - services.settings.login_retention));
    match pools(services).await {
        Ok(pools) => {
            jobs.extend(pools.into_iter().map(|pool| Job::Audit(pool, now - services.settings.audit_retention)));
        }
        Err(e) => warn!(error = %e, "the audit trail could not be shortened"),
    }
    for job in jobs {
        match repeat(services, &job).await {
            Ok(0) => {}
            Ok(rows) => debug!(table = job.table(), rows, "forgotten"),
            Err(e) => warn!(table = job.table(), error = %e, "housekeeping failed; trying again later"),
        }
    }
}

enum Job {
    Leftover(Leftover, Millis),
    /// Counts from before this day.
    ThrottleDays(i64),
    /// Sign-ins from before.
    Logins(Millis),
    /// Rows of this pool from before.
    Audit(PoolId, Millis),
}

impl Job {
    fn table(&self) -> &'static str {
        match self {
            Job::Leftover(leftover, _) => leftover.table,
            Job::ThrottleDays(_) => "throttle_days",
            Job::Logins(_) => "user_logins",
            Job::Audit(..) => "audit_logs",
        }
    }

    async fn batch(&self, services: &Services) -> Result<u64> {
        let mut tx = services.db.write().await?;
        let rows = match self {
            Job::Leftover(leftover, now) => leftover.forget(&mut tx, *now).await?,
            Job::ThrottleDays(before) => housekeeping::forget_throttle_days(&mut tx, *before).await?,
            Job::Logins(before) => housekeeping::forget_logins(&mut tx, *before).await?,
            Job::Audit(pool, before) => housekeeping::forget_audit(&mut tx, pool, *before).await?,
        };
        tx.commit().await?;
        Ok(rows)
    }
}

async fn repeat(services: &Services, job: &Job) -> Result<u64> {
    let mut total = 0;
    for _ in 0..BATCHES {
        let rows = job.batch(services).await?;
        total += rows;
        if rows < BATCH.unsigned_abs() {
            break;
        }
    }
    Ok(total)
}
