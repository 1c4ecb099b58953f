//! A fresh database per test, made from a template that is migrated and given its keys once per process.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;
use watchword_crypto::vault::MasterKey;
use watchword_domain::{Services, Settings};
use watchword_kit::{Clock, Millis};
use watchword_store::{Db, Options};

/// The master key of every test.
pub const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// 2026-01-01T00:00:00Z, when every test begins.
pub const START: Millis = Millis::seconds(1_767_225_600);

static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
static COUNTER: AtomicU32 = AtomicU32::new(0);

enum Template {
    Sqlite(PathBuf),
    Postgres { admin: String, name: String },
}

/// A database that is dropped with this value.
pub struct Database {
    pub url: String,
    dropped: Dropped,
}

enum Dropped {
    Folder(PathBuf),
    Postgres { admin: String, name: String },
}

impl Database {
    pub async fn fresh() -> Database {
        let template = TEMPLATE.get_or_init(make_template).await;
        let n = COUNTER.fetch_add(1, Ordering::SeqCst);
        match template {
            Template::Sqlite(file) => {
                let folder = scratch(&format!("db-{n}"));
                let path = folder.join("watchword.db");
                std::fs::copy(file, &path).expect("the template is copied");
                Database { url: format!("sqlite:{}", path.display()), dropped: Dropped::Folder(folder) }
            }
            Template::Postgres { admin, name } => {
                let fresh = format!("ww_{}_{n}", std::process::id());
                run_sql(admin, &format!("CREATE DATABASE {fresh} TEMPLATE {name}")).await;
                let url = with_database(admin, &fresh);
                Database { url, dropped: Dropped::Postgres { admin: admin.clone(), name: fresh } }
            }
        }
    }

    pub async fn open(&self, clock: &Clock) -> Db {
        Db::open(&Options { url: self.url.clone(), connections: 8, frugal: false }, clock)
            .await
            .expect("the database opens")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match &self.dropped {
            Dropped::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Dropped::Postgres { admin, name } => {
                let (admin, sql) = (admin.clone(), format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
                let thread = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    runtime.expect("a runtime").block_on(run_sql(&admin, &sql));
                });
                drop(thread.join());
            }
        }
    }
}

/// The PostgreSQL server on which tests run; without one they run on SQLite.
pub fn postgres() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the test runner says which engine")]
    let url = std::env::var("WATCHWORD_TEST_DATABASE").ok();
    url.filter(|url| !url.is_empty())
}

async fn make_template() -> Template {
    let clock = Clock::frozen(START);
    let master = MasterKey::parse(MASTER_KEY).expect("a key");
    let Some(url) = postgres() else {
        let file = scratch("template").join("watchword.db");
        let db = Db::open(&Options::sqlite(&file), &clock).await.expect("the template opens");
        Services::start(db.clone(), clock, &master, Settings::default()).await.expect("keys are made");
        db.checkpoint().await.expect("the log is folded in");
        return Template::Sqlite(file);
    };
    let name = format!("ww_template_{}", std::process::id());
    run_sql(&url, &format!("CREATE DATABASE {name}")).await;
    let db = Db::open(&Options { url: with_database(&url, &name), connections: 2, frugal: false }, &clock)
        .await
        .expect("it opens");
    Services::start(db.clone(), clock, &master, Settings::default()).await.expect("keys are made");
    drop(db);
    // A template must have no connections; dropped ones take a moment to close.
    run_sql(&url, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    Template::Postgres { admin: url, name }
}

/// A folder of this process's own.
pub fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("watchword-test-{}", std::process::id())).join(name);
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}

fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, String::new()), |(b, q)| (b, format!("?{q}")));
    let base = base.rsplit_once('/').map_or(base, |(b, _)| b);
    format!("{base}/{name}{query}")
}

async fn run_sql(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("PostgreSQL answers");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("the statement runs");
    drop(client);
    drop(driver.await);
}
