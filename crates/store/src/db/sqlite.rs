//! SQLite in WAL mode: many readers, one writer with group commit, statements run in place.
//!
//! A unit of work is a SAVEPOINT inside an outer transaction. Whoever commits while others wait for the writer leaves
//! the outer transaction open and waits; the last one (or the one that fills the group) commits for all. Nobody is
//! told of success before the outer COMMIT is on disk.
//!
//! The first unit of a transaction needs no savepoint: to undo it is to undo everything. For large units that is much
//! cheaper, since inside a savepoint SQLite keeps a copy of every page that is changed, and walks along all copies
//! after every statement that fires a trigger.

mod planner;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot};

use crate::statement::Sql;
use crate::{FromRow, Result, Row, StoreError, Val};

/// Units that one disk write may carry; bounds how long the first of a group waits.
const MAX_GROUP: usize = 512;
/// How long to wait for another process (a command-line tool) that holds the write lock.
const BUSY_PATIENCE: Duration = Duration::from_secs(5);
const BUSY_PAUSE: Duration = Duration::from_millis(2);
const STATEMENT_CACHE: usize = 512;
/// Size of the log, in pages of 4 KiB, at which a commit moves it into the database file. A group of small units writes
/// hundreds of pages, mostly those of the group before: at SQLite's 1,000 every third group would move them.
const CHECKPOINT_PAGES: u32 = 8_000;
/// Bytes of the database file that are read where the kernel has them. A reader's own pages are void after every
/// commit of the writer; copying them in again was an eighth of a read's cost. This is the most that SQLite maps.
const MAPPED: i64 = 0x7fff_0000;

#[derive(Clone)]
pub struct Sqlite {
    writer: Arc<Writer>,
    readers: Arc<Readers>,
}

impl Sqlite {
    pub fn open(path: &Path, readers: usize, frugal: bool) -> Result<Self> {
        let conn = Connection::open(path).map_err(broken)?;
        let mapped = if frugal { 0 } else { MAPPED };
        set_up(&conn, mapped)?;
        conn.busy_timeout(BUSY_PATIENCE).map_err(broken)?;
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;
             PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;",
        )
        .and_then(|()| conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES))
        .map_err(broken)?;
        conn.busy_timeout(Duration::ZERO).map_err(broken)?;
        let slot = Slot { conn, open: false, group: Vec::new() };
        Ok(Sqlite {
            writer: Arc::new(Writer { slot: Arc::new(tokio::sync::Mutex::new(slot)), waiting: AtomicUsize::new(0) }),
            readers: Arc::new(Readers {
                path: path.to_owned(),
                mapped,
                idle: Mutex::new(Vec::new()),
                permits: Arc::new(Semaphore::new(readers.max(1))),
            }),
        })
    }

    pub async fn read(&self, long: bool) -> Result<ReadTx> {
        let permit = self.readers.permits.clone().acquire_owned().await.map_err(broken)?;
        let idle = self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => self.readers.connect()?,
        };
        Ok(ReadTx { conn: Some(conn), readers: self.readers.clone(), begun: false, long, _permit: permit })
    }

    pub async fn write(&self) -> Result<WriteTx> {
        let asked = tokio::time::Instant::now();
        let waiting = Waiting::start(&self.writer);
        let slot = self.writer.slot.clone().lock_owned().await;
        waiting.served();
        let mut tx = WriteTx { writer: self.writer.clone(), slot: Some(slot), first: false, failed: false };
        // Patience counts from the request on: while another process holds the lock, a queue must not wait in turn.
        tx.begin(BUSY_PATIENCE.saturating_sub(asked.elapsed())).await?;
        Ok(tx)
    }

    pub async fn migrate(&self, steps: &[crate::migrate::Step], now: i64) -> Result<()> {
        let slot = self.writer.slot.lock().await;
        for step in steps {
            slot.conn.busy_timeout(BUSY_PATIENCE).map_err(broken)?;
            slot.conn.execute_batch("BEGIN IMMEDIATE").map_err(broken)?;
            let done = (|| {
                let applied: i64 = slot
                    .conn
                    .query_row("SELECT COUNT(*) FROM schema_migrations WHERE version = ?1", [step.version], |r| {
                        r.get(0)
                    })
                    .unwrap_or(0);
                if applied == 0 {
                    slot.conn.execute_batch(&step.for_sqlite())?;
                    slot.conn.execute(
                        "INSERT INTO schema_migrations (version, name, applied_at) VALUES (?1, ?2, ?3)",
                        (step.version, step.name, now),
                    )?;
                }
                slot.conn.execute_batch("COMMIT")
            })();
            slot.conn.busy_timeout(Duration::ZERO).map_err(broken)?;
            if let Err(e) = done {
                let _ = slot.conn.execute_batch("ROLLBACK");
                return Err(StoreError::Broken(format!("migration {}: {e}", step.name)));
            }
        }
        slot.conn.busy_timeout(BUSY_PATIENCE).map_err(broken)?;
        let informed = planner::inform(&slot.conn);
        slot.conn.busy_timeout(Duration::ZERO).map_err(broken)?;
        informed.map_err(broken)
    }

    pub async fn describe(&self, sql: Sql<'_>) -> Result<(usize, Vec<String>)> {
        let slot = self.writer.slot.lock().await;
        sql.for_sqlite(|text| {
            let stmt = slot.conn.prepare(text).map_err(broken)?;
            Ok((stmt.parameter_count(), stmt.column_names().map(str::to_owned).collect()))
        })
    }

    pub async fn checkpoint(&self) -> Result<()> {
        let slot = self.writer.slot.clone().lock_owned().await;
        if slot.open {
            return Ok(());
        }
        tokio::task::spawn_blocking(move || slot.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)"))
            .await
            .map_err(broken)?
            .map_err(broken)
    }
}

/// What holds for the writer and for readers.
fn set_up(conn: &Connection, mapped: i64) -> Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    conn.pragma_update(None, "mmap_size", mapped).map_err(broken)?;
    // Plans do not look at values. Otherwise a statement with a literal may be compiled anew whenever its values change.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop).map_err(broken)
}

struct Readers {
    path: PathBuf,
    mapped: i64,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    fn connect(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags).map_err(broken)?;
        set_up(&conn, self.mapped)?;
        conn.busy_timeout(BUSY_PATIENCE).map_err(broken)?;
        conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY;")
            .map_err(broken)?;
        Ok(conn)
    }
}

/// One moment of the database, seen by one reader.
pub struct ReadTx {
    conn: Option<Connection>,
    readers: Arc<Readers>,
    begun: bool,
    long: bool,
    _permit: OwnedSemaphorePermit,
}

impl ReadTx {
    pub fn all<T: FromRow>(&mut self, sql: Sql<'_>, vals: &[Val]) -> Result<Vec<T>> {
        let Some(conn) = &self.conn else { return Err(gone()) };
        if !self.begun {
            control(conn, "BEGIN")?;
            self.begun = true;
        }
        let may_block = tokio::runtime::Handle::try_current()
            .is_ok_and(|h| h.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread);
        if self.long && may_block {
            tokio::task::block_in_place(|| query(conn, sql, vals))
        } else {
            query(conn, sql, vals)
        }
    }
}

impl Drop for ReadTx {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take()
            && (!self.begun || control(&conn, "COMMIT").is_ok())
        {
            self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        }
    }
}

struct Writer {
    slot: Arc<tokio::sync::Mutex<Slot>>,
    /// Tasks between asking for the writer and getting it.
    waiting: AtomicUsize,
}

struct Slot {
    conn: Connection,
    /// Whether the outer transaction is open.
    open: bool,
    /// Units whose savepoint is released and who wait for the outer COMMIT.
    group: Vec<oneshot::Sender<Result<()>>>,
}

impl Slot {
    /// Ends the outer transaction and tells everyone in the group how it went.
    fn flush(&mut self) {
        if !self.open {
            return;
        }
        let outcome = if self.conn.is_autocommit() {
            Err(StoreError::Unavailable("SQLite rolled the transaction back".into()))
        } else {
            let committed = control(&self.conn, "COMMIT");
            if committed.is_err() {
                let _ = control(&self.conn, "ROLLBACK");
            }
            committed
        };
        self.open = false;
        for waiter in self.group.drain(..) {
            let _ = waiter.send(outcome.clone());
        }
    }
}

/// Counts a task as waiting for the writer; if it gives up, nobody else may be left to commit the group.
struct Waiting<'a>(&'a Arc<Writer>, bool);

impl<'a> Waiting<'a> {
    fn start(writer: &'a Arc<Writer>) -> Self {
        writer.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(writer, false)
    }

    fn served(mut self) {
        self.1 = true;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let last = self.0.waiting.fetch_sub(1, Ordering::SeqCst) == 1;
        if last && !self.1 {
            let writer = self.0.clone();
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(async move {
                    let slot = writer.slot.clone().lock_owned().await;
                    writer.pass_on(slot);
                })),
                // Whoever holds the writer now will see that nobody waits.
                Err(_) => {
                    if let Ok(slot) = writer.slot.clone().try_lock_owned() {
                        writer.pass_on(slot);
                    }
                }
            }
        }
    }
}

impl Writer {
    /// Gives the writer away: commits the group unless the next in line will do so.
    fn pass_on(&self, mut slot: OwnedMutexGuard<Slot>) {
        let idle = self.waiting.load(Ordering::SeqCst) == 0;
        if !slot.open || !(idle || slot.group.len() >= MAX_GROUP || slot.conn.is_autocommit()) {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn_blocking(move || slot.flush());
            }
            Err(_) => slot.flush(),
        }
    }
}

/// One unit of work on the writer.
pub struct WriteTx {
    writer: Arc<Writer>,
    slot: Option<OwnedMutexGuard<Slot>>,
    /// Whether the outer transaction was begun for this unit, which then has no savepoint.
    first: bool,
    failed: bool,
}

impl WriteTx {
    async fn begin(&mut self, mut patience: Duration) -> Result<()> {
        let Some(slot) = &mut self.slot else { return Err(gone()) };
        if slot.open && slot.conn.is_autocommit() {
            slot.flush();
        }
        if !slot.open {
            // Left over when neither COMMIT nor ROLLBACK could be written.
            if !slot.conn.is_autocommit() {
                control(&slot.conn, "ROLLBACK")?;
            }
            while let Err(e) = control(&slot.conn, "BEGIN IMMEDIATE") {
                if patience.is_zero() || !matches!(e, StoreError::Unavailable(_)) {
                    return Err(e);
                }
                let pause = BUSY_PAUSE.min(patience);
                tokio::time::sleep(pause).await;
                patience -= pause;
            }
            slot.open = true;
            self.first = true;
            return Ok(());
        }
        control(&slot.conn, "SAVEPOINT unit")
    }

    pub fn all<T: FromRow>(&mut self, sql: Sql<'_>, vals: &[Val]) -> Result<Vec<T>> {
        let done = query(self.conn()?, sql, vals);
        self.failed |= done.is_err();
        done
    }

    pub fn run(&mut self, sql: Sql<'_>, vals: &[Val]) -> Result<u64> {
        self.run_each(sql, [vals])
    }

    /// The statement once for each row of values; answers the changed rows of all.
    pub fn run_each<R: AsRef<[Val]>>(&mut self, sql: Sql<'_>, rows: impl IntoIterator<Item = R>) -> Result<u64> {
        let conn = self.conn()?;
        let done = sql.for_sqlite(|text| {
            let mut stmt = conn.prepare_cached(text).map_err(classify)?;
            if stmt.column_count() > 0 {
                return Err(StoreError::Broken(format!("run() drops the rows of {text}")));
            }
            let mut changed = 0;
            for vals in rows {
                bind(&mut stmt, vals.as_ref(), text)?;
                changed += stmt.raw_execute().map_err(classify)? as u64;
            }
            Ok(changed)
        });
        self.failed |= done.is_err();
        done
    }

    pub async fn commit(mut self) -> Result<()> {
        if self.failed {
            return Err(StoreError::Broken("commit after a failed statement".into()));
        }
        let Some(mut slot) = self.slot.take() else { return Err(gone()) };
        if !self.first
            && let Err(e) = control(&slot.conn, "RELEASE unit")
        {
            self.slot = Some(slot);
            return Err(e);
        }
        let (tell, told) = oneshot::channel();
        slot.group.push(tell);
        self.writer.pass_on(slot);
        told.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the commit was abandoned".into())))
    }

    /// The connection, unless a statement has failed: SQLite may have ended the transaction with it, and what ran then
    /// would be durable at once.
    fn conn(&self) -> Result<&Connection> {
        if self.failed {
            return Err(StoreError::Broken("a statement after a failed one".into()));
        }
        self.slot.as_deref().map(|slot| &slot.conn).ok_or_else(gone)
    }
}

impl Drop for WriteTx {
    fn drop(&mut self) {
        if let Some(mut slot) = self.slot.take() {
            if self.first {
                // Where this fails, whoever comes next tries again before anything else.
                let _ = control(&slot.conn, "ROLLBACK");
                slot.open = false;
                return;
            }
            let undo = || control(&slot.conn, "ROLLBACK TO unit").and_then(|()| control(&slot.conn, "RELEASE unit"));
            if slot.open && !slot.conn.is_autocommit() && undo().is_err() {
                // What cannot be undone alone is undone with its group, which then learns that it failed.
                let _ = control(&slot.conn, "ROLLBACK");
            }
            self.writer.pass_on(slot);
        }
    }
}

fn query<T: FromRow>(conn: &Connection, sql: Sql<'_>, vals: &[Val]) -> Result<Vec<T>> {
    sql.for_sqlite(|text| {
        let mut stmt = conn.prepare_cached(text).map_err(classify)?;
        bind(&mut stmt, vals, text)?;
        let mut rows = stmt.raw_query();
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(classify)? {
            out.push(T::from_row(&Row::Sqlite(row))?);
        }
        Ok(out)
    })
}

fn bind(stmt: &mut rusqlite::Statement<'_>, vals: &[Val], text: &str) -> Result<()> {
    if stmt.parameter_count() != vals.len() {
        return Err(StoreError::Broken(format!(
            "{} values for {} parameters: {text}",
            vals.len(),
            stmt.parameter_count()
        )));
    }
    for (i, val) in vals.iter().enumerate() {
        stmt.raw_bind_parameter(i + 1, val).map_err(classify)?;
    }
    Ok(())
}

/// BEGIN, SAVEPOINT and the like.
fn control(conn: &Connection, sql: &str) -> Result<()> {
    conn.prepare_cached(sql).and_then(|mut stmt| stmt.raw_execute()).map(drop).map_err(classify)
}

fn classify(e: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode;
    let rusqlite::Error::SqliteFailure(code, message) = &e else { return broken(e) };
    match code.code {
        ErrorCode::ConstraintViolation => match message.as_deref().and_then(unique_key) {
            Some(key) => StoreError::Unique(key),
            None => broken(e),
        },
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull | ErrorCode::SystemIoFailure => {
            StoreError::Unavailable(e.to_string())
        }
        _ => broken(e),
    }
}

/// `UNIQUE constraint failed: users.pool_id, users.username_key` names the key `users_username_key`.
fn unique_key(message: &str) -> Option<String> {
    let columns = message.strip_prefix("UNIQUE constraint failed: ")?;
    Some(columns.rsplit(", ").next()?.trim().replace('.', "_"))
}

fn broken(e: impl std::fmt::Display) -> StoreError {
    StoreError::broken(e)
}

fn gone() -> StoreError {
    StoreError::Broken("the transaction is over".into())
}

#[cfg(test)]
mod tests;
