//! From a configuration to an open database and ready services.

use std::path::Path;
use std::sync::Arc;

use watchword_crypto::vault::MasterKey;
use watchword_domain::passwords::Argon;
use watchword_domain::{Services, Settings};
use watchword_kit::{Clock, Entropy, Millis};
use watchword_store::{Db, Options, server_key};

use crate::cli::failure::{Failure, Outcome};
use crate::config::Config;
use crate::data::{self, KeySource};

/// Opens the database and brings its schema up to date.
pub async fn database(config: &Config, clock: &Clock) -> Outcome<Db> {
    open(config, clock, false).await
}

async fn open(config: &Config, clock: &Clock, frugal: bool) -> Outcome<Db> {
    let url = config.database_url();
    if let Some(path) = url.strip_prefix("sqlite:") {
        data::prepare(&config.data_dir).map_err(Failure::server)?;
        data::own_database(Path::new(path)).map_err(Failure::server)?;
    }
    let options = Options { url, connections: config.database_connections, frugal };
    Db::open(&options, clock).await.map_err(|e| Failure::server(format!("{e}")))
}

/// Opens everything; makes the master key when there is neither a key nor anything sealed.
pub async fn services(config: &Config, clock: Clock) -> Outcome<Arc<Services>> {
    let db = database(config, &clock).await?;
    ready(db, config, clock).await
}

/// As [`services`], for a command of the operator: many of them pass over all data once.
pub async fn for_command(config: &Config, clock: Clock) -> Outcome<Arc<Services>> {
    let db = open(config, &clock, true).await?;
    ready(db, config, clock).await
}

async fn ready(db: Db, config: &Config, clock: Clock) -> Outcome<Arc<Services>> {
    let source = KeySource::of(config).map_err(Failure::server)?;
    let master = master_key(&db, &source).await?;
    Services::start(db, clock, &master, settings(config)).await.map_err(Failure::from)
}

/// The key that opens this database, or on first start a new one.
///
/// # Errors
/// When something is sealed already and its key is missing or another one: a new key would not open it.
pub async fn master_key(db: &Db, source: &KeySource) -> Outcome<MasterKey> {
    let mut candidates = source.candidates().map_err(Failure::server)?;
    let stored = server_key::data_keys(&mut db.read().await?).await?;
    if let (true, KeySource::Own(dir)) = (candidates.is_empty(), source) {
        if !stored.is_empty() {
            return Err(Failure::server(format!(
                "the database is sealed, and {}/master.key is missing: put the key back, or name where it is with \
                 master_key_file, master_key_command or WATCHWORD_MASTER_KEY",
                dir.display()
            )));
        }
        data::prepare(dir).map_err(Failure::server)?;
        return data::generate_key(dir, &Entropy).map_err(Failure::server);
    }
    // A change of the master key that was broken off leaves two; the one that opens the database is the right one.
    if let (2, KeySource::Own(dir)) = (candidates.len(), source)
        && !watchword_domain::keys::fits(&candidates[0], &stored)
        && watchword_domain::keys::fits(&candidates[1], &stored)
    {
        data::settle_key(dir).map_err(Failure::server)?;
        return Ok(candidates.remove(1));
    }
    Ok(candidates.remove(0))
}

fn settings(config: &Config) -> Settings {
    let default = Settings::default();
    Settings {
        public_url: config.public_url(),
        demo: config.demo,
        argon: Argon {
            m_kib: u32::try_from(config.passwords_memory.0 / 1024).unwrap_or(u32::MAX),
            t: config.passwords_passes,
            p: config.passwords_lanes,
        },
        password_workers: match config.passwords_workers {
            0 => default.password_workers,
            n => n,
        },
        password_queue: config.passwords_queue,
        audit_retention: days(config.audit_retention_days),
        login_retention: days(config.logins_retention_days),
        allow_private_networks: config.allow_private_networks,
    }
}

/// 0: for ever.
fn days(n: u32) -> Millis {
    if n == 0 { Millis(i64::MAX) } else { Millis::days(i64::from(n)) }
}
