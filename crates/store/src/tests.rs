//! Proofs about the store: on SQLite always, on PostgreSQL too when `WATCHWORD_TEST_DATABASE` names one.
//!
//! They live inside the crate because a linker may drop what nobody references, and the register of statements with it.

mod engines;
mod model;
mod portable;
mod search;
#[path = "../../testkit/src/postgres.rs"]
pub mod server;
mod units;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use watchword_kit::{Clock, Millis};

use self::server::run_sql;
use crate::{Db, FromRow, Options, Result, Val};

pub const NOW: Millis = Millis::seconds(1_767_225_600);

/// A migrated database of its own, gone with this value.
pub struct Place {
    pub db: Db,
    pub url: String,
    gone: Gone,
}

enum Gone {
    Folder(PathBuf),
    Database { admin: String, name: String },
}

/// One database per engine under test.
pub async fn places() -> Vec<Place> {
    let mut places = vec![sqlite().await];
    places.extend(postgres(8).await);
    places
}

pub async fn sqlite() -> Place {
    let folder = scratch();
    let url = format!("sqlite:{}", folder.join("store.db").display());
    let db = open(&url, 8).await;
    Place { db, url, gone: Gone::Folder(folder) }
}

/// `None` when no PostgreSQL is named.
pub async fn postgres(connections: usize) -> Option<Place> {
    let admin = server::url()?;
    let name = format!("ww_store_{}_{}", std::process::id(), next());
    run_sql(&admin, &format!("CREATE DATABASE {name}")).await;
    let url = server::with_database(&admin, &name);
    let db = open(&url, connections).await;
    Some(Place { db, url, gone: Gone::Database { admin, name } })
}

pub async fn open(url: &str, connections: usize) -> Db {
    Db::open(&Options { url: url.into(), connections, frugal: false }, &Clock::frozen(NOW))
        .await
        .expect("the database opens")
}

fn next() -> u32 {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    COUNTER.fetch_add(1, Ordering::SeqCst)
}

fn scratch() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("watchword-store-{}-{}", std::process::id(), next()));
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}

impl Drop for Place {
    fn drop(&mut self) {
        match &self.gone {
            Gone::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Gone::Database { admin, name } => {
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

impl Place {
    /// Rows of any statement, for looking at the database from outside the code under test.
    pub async fn rows<T: FromRow>(&self, sql: &str, vals: &[Val]) -> Vec<T> {
        let sql = sql.to_owned();
        self.db.read().await.expect("a reader").all(&sql, vals).await.expect("the statement runs")
    }

    pub async fn count(&self, sql: &str, vals: &[Val]) -> i64 {
        self.rows::<(i64,)>(sql, vals).await[0].0
    }

    /// One statement in a unit of its own.
    pub async fn exec(&self, sql: &str, vals: &[Val]) -> Result<u64> {
        let sql = sql.to_owned();
        let mut tx = self.db.write().await?;
        let changed = tx.run(&sql, vals).await?;
        tx.commit().await?;
        Ok(changed)
    }
}

/// The sources of this crate, with the lines that are comments left out.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                found.push((path, code.join("\n")));
            }
        }
    }
    found
}

/// A future that is dropped after it was polled `left + 1` times without finishing.
pub struct Cancelled<F> {
    left: usize,
    inner: Pin<Box<F>>,
}

pub fn cancelled_after<F: Future>(polls: usize, inner: F) -> Cancelled<F> {
    Cancelled { left: polls, inner: Box::pin(inner) }
}

impl<F: Future> Future for Cancelled<F> {
    /// `None`: dropped unfinished.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.inner.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => {
                self.left -= 1;
                Poll::Pending
            }
        }
    }
}
