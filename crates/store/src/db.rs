//! The database: embedded SQLite or PostgreSQL, chosen by URL; the only place that names an engine.

mod postgres;
mod sqlite;

use std::path::PathBuf;

use watchword_kit::{Clock, Error, PoolId};

use crate::statement::Sql;
use crate::{FromRow, Result, StoreError, Val};

/// How to open a database.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite:PATH` or `postgres://…` / `postgresql://…`.
    pub url: String,
    /// Connections to PostgreSQL, or readers of SQLite.
    pub connections: usize,
    /// Keeps memory small: SQLite's file is not mapped. For commands that pass over much data once.
    pub frugal: bool,
}

impl Options {
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Options { url: format!("sqlite:{}", path.into().display()), connections: 8, frugal: false }
    }
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub enum Db {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Db {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// When the URL names no engine, the database cannot be reached, or its schema is newer than this program.
    pub async fn open(options: &Options, clock: &Clock) -> Result<Db> {
        let db = Db::connect(options).await?;
        crate::migrate::run(&db, clock.now()).await?;
        Ok(db)
    }

    /// Opens the database as it is.
    pub async fn connect(options: &Options) -> Result<Db> {
        if let Some(path) = options.url.strip_prefix("sqlite:") {
            Ok(Db::Sqlite(sqlite::Sqlite::open(path.as_ref(), options.connections, options.frugal)?))
        } else if options.url.starts_with("postgres://") || options.url.starts_with("postgresql://") {
            Ok(Db::Postgres(postgres::Postgres::open(&options.url, options.connections).await?))
        } else {
            Err(StoreError::Broken("a database URL begins with sqlite: or postgres://".into()))
        }
    }

    pub fn engine(&self) -> &'static str {
        match self {
            Db::Sqlite(_) => "sqlite",
            Db::Postgres(_) => "postgres",
        }
    }

    /// A transaction that only reads. On SQLite all its statements see one moment; on PostgreSQL each sees its own.
    pub async fn read(&self) -> Result<Tx> {
        Ok(Tx(match self {
            Db::Sqlite(s) => Inner::SqliteRead(s.read(false).await?),
            Db::Postgres(p) => Inner::PostgresRead(p.client().await?),
        }))
    }

    /// A read that may take long (an export, a search without an index): on SQLite it does not hold up a worker thread.
    pub async fn scan(&self) -> Result<Tx> {
        Ok(Tx(match self {
            Db::Sqlite(s) => Inner::SqliteRead(s.read(true).await?),
            Db::Postgres(p) => Inner::PostgresRead(p.client().await?),
        }))
    }

    /// A unit of work. Nothing of it stays unless [`Tx::commit`] returns `Ok`.
    pub async fn write(&self) -> Result<Tx> {
        Ok(Tx(match self {
            Db::Sqlite(s) => Inner::SqliteWrite(s.write().await?),
            Db::Postgres(p) => Inner::PostgresWrite(p.write().await?),
        }))
    }

    /// Runs a script of several statements outside any transaction of ours; for migrations only.
    pub(crate) async fn migrate(&self, steps: &[crate::migrate::Step], now: i64) -> Result<()> {
        match self {
            Db::Sqlite(s) => s.migrate(steps, now).await,
            Db::Postgres(p) => p.migrate(steps, now).await,
        }
    }

    /// Parameter count and column names of a statement, as the engine sees them.
    pub async fn describe(&self, sql: Sql<'_>) -> Result<(usize, Vec<String>)> {
        match self {
            Db::Sqlite(s) => s.describe(sql).await,
            Db::Postgres(p) => p.describe(sql).await,
        }
    }

    /// Clears away what changed rows of these tables have left, and lets the planner look at them anew (PostgreSQL, which
    /// else does so when it finds the time); nothing to do on SQLite.
    pub async fn vacuum(&self, tables: &[&'static str]) -> Result<()> {
        match self {
            Db::Sqlite(_) => Ok(()),
            Db::Postgres(p) => p.vacuum(tables).await,
        }
    }

    /// Moves what the write-ahead log holds into the database file (SQLite); nothing to do on PostgreSQL.
    pub async fn checkpoint(&self) -> Result<()> {
        match self {
            Db::Sqlite(s) => s.checkpoint().await,
            Db::Postgres(_) => Ok(()),
        }
    }
}

/// A transaction. Dropped without [`Tx::commit`], also when its request is cancelled, it leaves no trace.
///
/// After a statement has failed the transaction cannot be committed, on either engine.
pub struct Tx(Inner);

enum Inner {
    SqliteRead(sqlite::ReadTx),
    SqliteWrite(sqlite::WriteTx),
    PostgresRead(postgres::Client),
    PostgresWrite(postgres::WriteTx),
}

impl Tx {
    /// Every row of the answer.
    pub async fn all<T: FromRow>(&mut self, sql: impl Into<Sql<'_>>, vals: &[Val]) -> Result<Vec<T>> {
        let sql = sql.into();
        if matches!(self.0, Inner::SqliteRead(_) | Inner::PostgresRead(_)) && !sql.only_reads() {
            return Err(StoreError::Broken("a read transaction cannot write".into()));
        }
        match &mut self.0 {
            Inner::SqliteRead(t) => t.all(sql, vals),
            Inner::SqliteWrite(t) => t.all(sql, vals),
            Inner::PostgresRead(c) => postgres::all(c, sql, vals).await,
            Inner::PostgresWrite(t) => t.all(sql, vals).await,
        }
    }

    /// The first row of the answer, if there is one.
    pub async fn maybe<T: FromRow>(&mut self, sql: impl Into<Sql<'_>>, vals: &[Val]) -> Result<Option<T>> {
        Ok(self.all(sql, vals).await?.into_iter().next())
    }

    /// The only row of the answer.
    pub async fn one<T: FromRow>(&mut self, sql: impl Into<Sql<'_>>, vals: &[Val]) -> Result<T> {
        self.maybe(sql, vals).await?.ok_or_else(|| StoreError::Broken("a row was expected".into()))
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn run(&mut self, sql: impl Into<Sql<'_>>, vals: &[Val]) -> Result<u64> {
        let sql = sql.into();
        match &mut self.0 {
            Inner::SqliteWrite(t) => t.run(sql, vals),
            Inner::PostgresWrite(t) => t.run(sql, vals).await,
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => {
                Err(StoreError::Broken("a read transaction cannot write".into()))
            }
        }
    }

    /// Keeps every other unit that holds this name waiting until this one ends; what is read after it, on this or any
    /// other node, is what the units before have left. Costs no row. On SQLite a unit is alone as it is; on PostgreSQL
    /// it is an advisory lock that travels with the next statement.
    pub async fn hold(&mut self, pool: &PoolId, name: &str) -> Result<()> {
        self.hold_name(pool, name, true).await
    }

    /// Whether no other unit of work runs until this one ends, so that what it reads stays without being held.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self.0, Inner::SqliteWrite(_))
    }

    /// What a SELECT ends with that keeps every other writer from its rows until this unit ends. On SQLite a unit is
    /// alone as it is.
    pub(crate) fn row_lock(&self) -> Result<&'static str> {
        match self.0 {
            Inner::SqliteWrite(_) => Ok(""),
            Inner::PostgresWrite(_) => Ok(" FOR NO KEY UPDATE"),
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => {
                Err(StoreError::Broken("a read transaction holds nothing".into()))
            }
        }
    }

    /// As [`Tx::hold`], but waits only for units that hold the name alone, and keeps only those waiting.
    pub async fn share(&mut self, pool: &PoolId, name: &str) -> Result<()> {
        self.hold_name(pool, name, false).await
    }

    async fn hold_name(&mut self, pool: &PoolId, name: &str, alone: bool) -> Result<()> {
        match &mut self.0 {
            Inner::SqliteWrite(_) => Ok(()),
            Inner::PostgresWrite(t) => t.hold(&format!("{pool}/{name}"), alone).await,
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => {
                Err(StoreError::Broken("a read transaction holds nothing".into()))
            }
        }
    }

    /// Two queries, the second run after the first; on PostgreSQL they share one round trip.
    pub async fn both<A: FromRow, B: FromRow>(
        &mut self,
        first: (impl Into<Sql<'_>>, &[Val]),
        second: (impl Into<Sql<'_>>, &[Val]),
    ) -> Result<(Vec<A>, Vec<B>)> {
        let (first, second) = ((first.0.into(), first.1), (second.0.into(), second.1));
        match &mut self.0 {
            Inner::PostgresWrite(t) => t.both(first, second).await,
            _ => Ok((self.all(first.0, first.1).await?, self.all(second.0, second.1).await?)),
        }
    }

    /// Runs a statement whose changed rows nobody asks for. On PostgreSQL it travels with the next statement or with
    /// the commit, and its failure is theirs.
    pub async fn later(&mut self, sql: impl Into<Sql<'_>>, vals: &[Val]) -> Result<()> {
        let sql = sql.into();
        match &mut self.0 {
            Inner::PostgresWrite(t) => t.later(sql, vals).await,
            _ => self.run(sql, vals).await.map(drop),
        }
    }

    /// Runs statements that do not depend on each other; on PostgreSQL they share one round trip.
    /// Answers the changed rows of each.
    pub async fn run_together(&mut self, list: &[(Sql<'_>, &[Val])]) -> Result<Vec<u64>> {
        match &mut self.0 {
            Inner::SqliteWrite(t) => list.iter().map(|(sql, vals)| t.run(*sql, vals)).collect(),
            Inner::PostgresWrite(t) => t.run_together(list).await,
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => {
                Err(StoreError::Broken("a read transaction cannot write".into()))
            }
        }
    }

    /// Inserts many rows with one statement's text (`INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT …`).
    /// SQLite runs it row by row; PostgreSQL gets a COPY, or with `ON CONFLICT` one array per column. A column must not
    /// mix types.
    /// Answers the changed rows.
    pub async fn insert_many(&mut self, sql: impl Into<Sql<'_>>, rows: Vec<Vec<Val>>) -> Result<u64> {
        let sql = sql.into();
        match &mut self.0 {
            Inner::SqliteWrite(t) => {
                let mut changed = 0;
                for part in rows.chunks(1024) {
                    changed += t.run_each(sql, part)?;
                    tokio::task::yield_now().await;
                }
                Ok(changed)
            }
            Inner::PostgresWrite(t) => t.insert_many(sql, rows).await,
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => {
                Err(StoreError::Broken("a read transaction cannot write".into()))
            }
        }
    }

    /// Makes the unit durable. `Ok` means that it is on disk; an error means that no trace of it is left, or, when
    /// the connection broke during the commit itself, that nobody knows.
    pub async fn commit(self) -> Result<()> {
        match self.0 {
            Inner::SqliteWrite(t) => t.commit().await,
            Inner::PostgresWrite(t) => t.commit().await,
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => Ok(()),
        }
    }
}

/// For `?` in tests and tools that speak [`watchword_kit::Result`].
pub async fn ping(db: &Db) -> std::result::Result<(), Error> {
    let mut tx = db.read().await?;
    tx.one::<(i64,)>(crate::sql!("SELECT CAST(1 AS BIGINT) AS one"), &[]).await?;
    Ok(())
}
