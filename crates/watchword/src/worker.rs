//! The background work of a node: sends what is in the outbox, changes the state of users whose time has come, forgets
//! what is over, and keeps the search index.
//!
//! # Delivery
//! Any number of nodes share one outbox. A worker takes a message by a conditional update that holds it for
//! [`LEASE`]; when the worker dies, another one takes the message after that. So each message is sent at least once,
//! and twice only when a worker died, or lost the database, between the provider's yes and the note of it: the second
//! copy has the same Message-ID.
//!
//! At most [`AT_ONCE`] messages are under way on a node, at most [`PER_PROVIDER`] of them with one pool's provider,
//! and each for [`ATTEMPT_LIMIT`] at most: a provider that hangs holds up its own pool only.

mod deliver;
mod forget;
mod index;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tracing::warn;
use watchword_domain::Services;
use watchword_domain::message::Medium;
use watchword_kit::{Lang, Millis, PoolId, Result};
use watchword_send::{Fetch, Problem, SmsConfig, SmtpConfig};
use watchword_store::outbox::{self, Message};
use watchword_store::pool;

/// Messages under way on this node.
pub const AT_ONCE: usize = 32;
/// Messages under way with one pool's provider of one medium.
pub const PER_PROVIDER: usize = 8;
/// How long one attempt may take.
pub const ATTEMPT_LIMIT: Duration = Duration::from_secs(25);
/// How long a message is held for an attempt, by the server's clock; more than [`ATTEMPT_LIMIT`].
pub const LEASE: Millis = Millis::seconds(30);
/// Attempts before a message is given up.
pub const ATTEMPTS: i64 = 8;

/// How often the outbox is looked at without being told: for retries that have come due and for other nodes' rows.
const LOOK: Duration = Duration::from_secs(1);
/// How often what is over is forgotten.
const TIDY: Duration = Duration::from_secs(300);
/// How often the search index takes in what is new.
const INDEX: Duration = Duration::from_secs(30);
/// How often keys that were added or ended elsewhere are taken in.
const KEYS: Duration = Duration::from_secs(30);
/// Every how many rounds of the index its sparse parts are joined.
const THIN: u32 = 10;
/// How long messages under way may take to end after the signal to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// Works until `stop` completes, then lets the messages under way end.
pub async fn run(services: Arc<Services>, fetch: Fetch, stop: impl Future<Output = ()>) {
    let mut worker = Worker { services, fetch, tasks: JoinSet::new(), providers: HashMap::new() };
    tokio::pin!(stop);
    // Ends with this function, however it ends.
    let mut tidy = JoinSet::new();
    tidy.spawn(forget_forever(worker.services.clone()));
    tidy.spawn(index_forever(worker.services.clone()));
    tidy.spawn(keys_forever(worker.services.clone()));
    tidy.spawn(work_forever(worker.services.clone()));
    tidy.spawn(transitions_forever(worker.services.clone()));
    loop {
        let services = worker.services.clone();
        tokio::select! {
            () = &mut stop => break,
            () = services.outbox.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
            Some(ended) = worker.tasks.join_next_with_id() => worker.ended(ended),
        }
        if let Err(e) = worker.take_due().await {
            warn!(error = %e, "the outbox cannot be read; trying again");
        }
    }
    let _ = tokio::time::timeout(DRAIN, async { while worker.tasks.join_next().await.is_some() {} }).await;
}

/// Forgets whatever is over, once; [`run`] does so every few minutes.
pub async fn forget(services: &Services) {
    forget::all(services).await;
}

/// Brings the search index up to date, once, down to segments of `enough` users; [`run`] does so for whole segments.
pub async fn index(services: &Services, enough: usize) {
    index::all(services, enough, true).await;
}

async fn index_forever(services: Arc<Services>) {
    for round in 1_u32.. {
        tokio::time::sleep(INDEX).await;
        index::all(&services, watchword_store::user::search::segment::SEGMENT, round % THIN == 0).await;
    }
}

async fn keys_forever(services: Arc<Services>) {
    loop {
        tokio::time::sleep(KEYS).await;
        if let Err(e) = watchword_domain::keys::signing::refresh(&services).await {
            warn!(error = %e, "the signing keys cannot be read; trying again");
        }
    }
}

async fn forget_forever(services: Arc<Services>) {
    loop {
        tokio::time::sleep(TIDY).await;
        forget::all(&services).await;
    }
}

/// Does jobs as they come. What is broken off here goes on elsewhere, or after the next start.
async fn work_forever(services: Arc<Services>) {
    loop {
        if let Err(e) = watchword_domain::job::work(&services).await {
            warn!(error = %e, "jobs cannot be read; trying again");
        }
        tokio::select! {
            () = services.jobs.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn transitions_forever(services: Arc<Services>) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(e) = watchword_domain::user::life::transitions(&services).await {
            warn!(error = %e, "the states of users could not be changed; trying again");
        }
    }
}

/// Checks a provider's configuration as the worker will read it. Empty when it can be used. `allow_private` as in
/// [`Fetch::new`].
pub fn check_provider(medium: Medium, config: &str, allow_private: bool) -> Vec<Problem> {
    match medium {
        Medium::Sms => match serde_json::from_str::<SmsConfig>(config) {
            Ok(config) => config.validate(allow_private),
            Err(e) => vec![unreadable(&e)],
        },
        Medium::Email => match serde_json::from_str::<SmtpConfig>(config) {
            Ok(config) => config.validate(),
            Err(e) => vec![unreadable(&e)],
        },
    }
}

fn unreadable(e: &serde_json::Error) -> Problem {
    // The position only: the text may quote a secret.
    let (line, column) = (e.line(), e.column());
    let what = match e.classify() {
        serde_json::error::Category::Data => known_member(e),
        _ => watchword_kit::text!(
            "no JSON object, at line {line} column {column}",
            "第 {line} 行第 {column} 列不是合法的 JSON"
        ),
    };
    (String::from("config"), what)
}

/// serde's own words name members and types; values appear only for unknown variants, which are no secrets.
fn known_member(e: &serde_json::Error) -> watchword_kit::Text {
    let said = e.to_string();
    let quiet = if said.starts_with("invalid type") || said.starts_with("invalid value") {
        format!("a member of the wrong type, at line {} column {}", e.line(), e.column())
    } else {
        said
    };
    watchword_kit::text!("{quiet}", "{quiet}")
}

struct Worker {
    services: Arc<Services>,
    fetch: Fetch,
    tasks: JoinSet<()>,
    /// `POOL:KIND` of every task.
    providers: HashMap<Id, String>,
}

impl Worker {
    fn ended(&mut self, ended: std::result::Result<(Id, ()), tokio::task::JoinError>) {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(e) => {
                warn!(error = %e, "a delivery broke off");
                e.id()
            }
        };
        self.providers.remove(&id);
    }

    /// Starts what is due, as far as there is room.
    async fn take_due(&mut self) -> Result<()> {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.ended(ended);
        }
        let room = AT_ONCE - self.tasks.len();
        if room == 0 {
            return Ok(());
        }
        let now = self.services.clock.now();
        let mut load: HashMap<&str, usize> = HashMap::new();
        for provider in self.providers.values() {
            *load.entry(provider).or_default() += 1;
        }
        let busy: Vec<String> =
            load.iter().filter(|(_, n)| **n >= PER_PROVIDER).map(|(p, _)| String::from(*p)).collect();
        let limit = i64::try_from(AT_ONCE * 2).unwrap_or(i64::MAX);
        let due = outbox::due(&mut self.services.db.read().await?, now, &busy, limit).await?;
        if due.is_empty() {
            return Ok(());
        }
        let mut load: HashMap<String, usize> = load.into_iter().map(|(p, n)| (p.to_owned(), n)).collect();
        let mut chosen = Vec::new();
        for message in due {
            let n = load.entry(provider_of(&message)).or_default();
            if *n < PER_PROVIDER && chosen.len() < room {
                *n += 1;
                chosen.push(message);
            }
        }
        for message in deliver::claim(&self.services, chosen, now).await? {
            let provider = provider_of(&message);
            let (services, fetch) = (self.services.clone(), self.fetch.clone());
            let task = self.tasks.spawn(async move { deliver::one(&services, &fetch, message).await });
            self.providers.insert(task.id(), provider);
        }
        Ok(())
    }
}

fn provider_of(message: &Message) -> String {
    format!("{}:{}", message.pool_id, message.kind)
}

/// For log lines: what is wrong, in English.
fn english(problems: &[Problem]) -> String {
    let said: Vec<String> = problems.iter().map(|(field, text)| format!("{field}: {}", text.get(Lang::En))).collect();
    said.join("; ")
}

/// Every pool of the installation.
async fn pools(services: &Services) -> Result<Vec<PoolId>> {
    let pools = pool::all(&mut services.db.read().await?).await?;
    Ok(pools.into_iter().map(|p| PoolId::new(p.pool_id)).collect())
}
