//! A fresh database per test, made from a template that is migrated and given its keys once per process. PostgreSQL takes
//! long to make a database and longer to drop one, so there those of tests that are over are emptied and used again.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::OnceCell;
use watchword_crypto::vault::MasterKey;
use watchword_domain::{Services, Settings};
use watchword_kit::{Clock, Millis};
use watchword_store::{Db, Options};

use crate::postgres::{self, connect, run_sql, with_database};

/// The master key of every test.
pub const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// 2026-01-01T00:00:00Z, when every test begins.
pub const START: Millis = Millis::seconds(1_767_225_600);

static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
static COUNTER: AtomicU32 = AtomicU32::new(0);
/// PostgreSQL databases whose tests are over.
static SPARE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Tables of the installation, which a first start fills.
const FILLED: [&str; 3] = ["schema_migrations", "data_keys", "server_keys"];

/// Keeps what a first start has put into the tables of the installation.
const KEEP: &str = "CREATE SCHEMA first_start;
    CREATE TABLE first_start.schema_migrations AS TABLE schema_migrations;
    CREATE TABLE first_start.data_keys AS TABLE data_keys;
    CREATE TABLE first_start.server_keys AS TABLE server_keys";

/// Empties every table, without triggers, and puts back what was kept. A table that was never written to has no page,
/// and a large one would leave its dead rows behind.
const EMPTY: &str = "DO $$
DECLARE t regclass;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
        IF pg_relation_size(t) > 1000000 THEN
            EXECUTE format('TRUNCATE %s', t);
        ELSIF pg_relation_size(t) > 0 THEN
            EXECUTE format('DELETE FROM %s', t);
        END IF;
    END LOOP;
    INSERT INTO schema_migrations SELECT * FROM first_start.schema_migrations;
    INSERT INTO data_keys SELECT * FROM first_start.data_keys;
    INSERT INTO server_keys SELECT * FROM first_start.server_keys;
END $$";

enum Template {
    Sqlite(PathBuf),
    Postgres { admin: String, name: String },
}

/// A database of one test.
pub struct Database {
    pub url: String,
    place: Place,
}

enum Place {
    Folder(PathBuf),
    Postgres(String),
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
                Database { url: format!("sqlite:{}", path.display()), place: Place::Folder(folder) }
            }
            Template::Postgres { admin, name } => {
                let fresh = format!("ww_{}_{n}", std::process::id());
                let url = with_database(admin, &fresh);
                let spare = SPARE.lock().expect("a list").pop();
                match spare {
                    Some(old) => {
                        rename(admin, &old, &fresh).await;
                        run_sql(&url, EMPTY).await;
                    }
                    None => run_sql(admin, &format!("CREATE DATABASE {fresh} TEMPLATE {name}")).await,
                }
                Database { url, place: Place::Postgres(fresh) }
            }
        }
    }

    pub async fn open(&self, clock: &Clock) -> Db {
        Db::open(&Options { url: self.url.clone(), connections: 8, frugal: false }, clock)
            .await
            .expect("the database opens")
    }

    /// Leaves what a first start leaves. `db` is this database, open.
    pub async fn empty(&self, db: &Db) {
        if let Place::Postgres(_) = self.place {
            return run_sql(&self.url, EMPTY).await;
        }
        let tables = String::from("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
        let mut tx = db.write().await.expect("a unit");
        let tables: Vec<(String,)> = tx.all(&tables, &[]).await.expect("the tables");
        let emptied = tables.iter().filter(|(table,)| !FILLED.contains(&table.as_str()));
        // Twice, since triggers write down what has gone.
        for (table,) in emptied.clone().chain(emptied) {
            tx.run(&format!("DELETE FROM {table}"), &[]).await.expect("the rows go");
        }
        tx.commit().await.expect("a commit");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match &self.place {
            Place::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Place::Postgres(name) => SPARE.lock().expect("a list").push(name.clone()),
        }
    }
}

async fn make_template() -> Template {
    let clock = Clock::frozen(START);
    let master = MasterKey::parse(MASTER_KEY).expect("a key");
    let Some(url) = postgres::url() else {
        let file = scratch("template").join("watchword.db");
        let db = Db::open(&Options::sqlite(&file), &clock).await.expect("the template opens");
        Services::start(db.clone(), clock, &master, Settings::default()).await.expect("keys are made");
        db.checkpoint().await.expect("the log is folded in");
        return Template::Sqlite(file);
    };
    drop_left_behind(&url).await;
    let name = format!("ww_template_{}", std::process::id());
    run_sql(&url, &format!("CREATE DATABASE {name}")).await;
    let own = with_database(&url, &name);
    let db = Db::open(&Options { url: own.clone(), connections: 2, frugal: false }, &clock).await.expect("it opens");
    Services::start(db.clone(), clock, &master, Settings::default()).await.expect("keys are made");
    drop(db);
    run_sql(&own, KEEP).await;
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

/// Gives a database another name, which takes it from whatever is left of its test: connections that exist are ended,
/// and new ones do not find it.
async fn rename(admin: &str, old: &str, new: &str) {
    let (client, _driver) = connect(admin).await;
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{old}'");
    for _ in 0..1000 {
        if client.query(&end, &[]).await.expect("the statement runs").is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    client.batch_execute(&format!("ALTER DATABASE {old} RENAME TO {new}")).await.expect("nobody is connected");
}

/// Drops the databases of processes of this machine that have ended.
async fn drop_left_behind(admin: &str) {
    if !Path::new("/proc/self").exists() {
        return;
    }
    let (client, _driver) = connect(admin).await;
    let names = "SELECT datname FROM pg_database WHERE datname ~ '^ww_(template_)?[0-9]+(_[0-9]+)?$'";
    for row in client.query(names, &[]).await.expect("the databases") {
        let name: String = row.get(0);
        let process = name.split('_').find(|part| part.bytes().all(|b| b.is_ascii_digit())).unwrap_or_default();
        if !Path::new("/proc").join(process).exists() {
            // Another process may be about the same.
            drop(client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await);
        }
    }
}
