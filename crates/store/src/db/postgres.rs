//! PostgreSQL through a pool of connections, statements prepared once per connection, round trips shared where possible.

use std::pin::pin;
use std::sync::Arc;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts,
};
use futures_util::future::{join, join_all, try_join, try_join_all, try_join3};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::statement::Sql;
use crate::{FromRow, Result, Row, StoreError, Val};

/// Seconds to wait for a connection before answering 503.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// Any number, the same in every watchword: nodes that start together migrate one after the other.
const MIGRATION_LOCK: i64 = 0x7761_7463_6877_6f72;

/// Statements that wait to be sent with the next one. Joined futures are polled in order up to 30 of them.
const MOST_LATER: usize = 16;

/// Statements that one connection keeps prepared: those of the source, and those that searches are built into.
const MOST_STATEMENTS: usize = 2_000;

const HOLD: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
const SHARE: &str = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))";

pub type Client = Object;

#[derive(Clone)]
pub struct Postgres {
    pool: Pool,
}

impl Postgres {
    pub async fn open(url: &str, connections: usize) -> Result<Self> {
        let mut config: tokio_postgres::Config = url.parse().map_err(broken)?;
        if config.get_application_name().is_none() {
            config.application_name("watchword");
        }
        config.connect_timeout(PATIENCE);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match config.get_ssl_mode() {
            SslMode::Require => Manager::from_config(config, tls()?, recycling),
            _ => Manager::from_config(config, NoTls, recycling),
        };
        let pool = Pool::builder(manager)
            .max_size(connections.max(2))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(|client, _| Box::pin(set_up(client))))
            .timeouts(Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) })
            .build()
            .map_err(broken)?;
        let postgres = Postgres { pool };
        drop(postgres.client().await?);
        Ok(postgres)
    }

    pub async fn client(&self) -> Result<Client> {
        self.pool.get().await.map_err(|e| StoreError::Unavailable(e.to_string()))
    }

    pub async fn write(&self) -> Result<WriteTx> {
        Ok(WriteTx { client: Some(self.client().await?), begun: false, failed: false, later: Vec::new() })
    }

    pub async fn vacuum(&self, tables: &[&'static str]) -> Result<()> {
        let client = self.client().await?;
        let text = format!("VACUUM (ANALYZE) {}", tables.join(", "));
        client.batch_execute(&text).await.map_err(classify)
    }

    pub async fn migrate(&self, steps: &[crate::migrate::Step], now: i64) -> Result<()> {
        let mut client = self.client().await?;
        client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await.map_err(classify)?;
        let mut done = Ok(());
        for step in steps {
            done = migrate_step(&mut client, step, now).await;
            if done.is_err() {
                break;
            }
        }
        client.execute("SELECT pg_advisory_unlock($1)", &[&MIGRATION_LOCK]).await.map_err(classify)?;
        done
    }

    pub async fn describe(&self, sql: Sql<'_>) -> Result<(usize, Vec<String>)> {
        let client = self.client().await?;
        let stmt = client.prepare(&sql.for_postgres()).await.map_err(classify)?;
        Ok((stmt.params().len(), stmt.columns().iter().map(|c| c.name().to_owned()).collect()))
    }
}

/// Statements here answer in milliseconds; compiling one, as PostgreSQL does when it expects much work, takes 50 to 500.
async fn set_up(client: &mut ClientWrapper) -> std::result::Result<(), HookError> {
    client.batch_execute("SET jit = off").await.map_err(HookError::Backend)
}

/// TLS 1.2 or 1.3 with the server's certificate checked against Mozilla's roots: what `sslmode=require` in the URL
/// asks for. Any other mode speaks plainly, since PostgreSQL's own certificates are self-signed more often than not.
fn tls() -> Result<MakeRustlsConnect> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(broken)?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

async fn migrate_step(client: &mut Client, step: &crate::migrate::Step, now: i64) -> Result<()> {
    let named = |e: tokio_postgres::Error| StoreError::Broken(format!("migration {}: {}", step.name, explain(&e)));
    let tx = client.transaction().await.map_err(classify)?;
    let ready = tx.query_one("SELECT to_regclass('schema_migrations') IS NOT NULL", &[]).await.map_err(named)?;
    if ready.get::<_, bool>(0) {
        let sql = "SELECT COUNT(*) FROM schema_migrations WHERE version = $1";
        if tx.query_one(sql, &[&step.version]).await.map_err(named)?.get::<_, i64>(0) > 0 {
            return Ok(());
        }
    }
    tx.batch_execute(&step.for_postgres()).await.map_err(named)?;
    let sql = "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)";
    tx.execute(sql, &[&step.version, &step.name, &now]).await.map_err(named)?;
    tx.commit().await.map_err(named)
}

/// A transaction that begins together with its first statement.
pub struct WriteTx {
    client: Option<Client>,
    begun: bool,
    failed: bool,
    /// Waits to be sent with the next statement.
    later: Vec<(Statement, Vec<Val>)>,
}

/// What goes out before a statement, in the same write.
struct Ahead {
    begin: bool,
    later: Vec<(Statement, Vec<Val>)>,
}

impl Ahead {
    /// Futures that are joined are polled in order, and the driver queues a statement at the first poll: what is
    /// joined after this one runs after it, and not at all once one of these has failed.
    async fn send(&self, client: &Client) -> Result<()> {
        let begin = async {
            match self.begin {
                true => client.batch_execute("BEGIN").await.map_err(classify),
                false => Ok(()),
            }
        };
        let later = self
            .later
            .iter()
            .map(|(stmt, vals)| async move { client.execute(stmt, &refs(vals)).await.map(drop).map_err(classify) });
        try_join(begin, try_join_all(later)).await.map(drop)
    }
}

impl WriteTx {
    pub async fn all<T: FromRow>(&mut self, sql: Sql<'_>, vals: &[Val]) -> Result<Vec<T>> {
        let (client, ahead) = self.parts()?;
        let done = async {
            let stmt = prepare(client, sql, vals).await?;
            let params = refs(vals);
            let query = async { client.query(&stmt, &params).await.map_err(classify) };
            let (_, rows) = try_join(ahead.send(client), query).await?;
            rows.iter().map(|row| T::from_row(&Row::Postgres(row))).collect()
        };
        let done = done.await;
        self.settle(done)
    }

    pub async fn both<A: FromRow, B: FromRow>(
        &mut self,
        first: (Sql<'_>, &[Val]),
        second: (Sql<'_>, &[Val]),
    ) -> Result<(Vec<A>, Vec<B>)> {
        let (client, ahead) = self.parts()?;
        let done = async {
            let (a, b) = (prepare(client, first.0, first.1).await?, prepare(client, second.0, second.1).await?);
            let (a_params, b_params) = (refs(first.1), refs(second.1));
            let a = async { client.query(&a, &a_params).await.map_err(classify) };
            let b = async { client.query(&b, &b_params).await.map_err(classify) };
            let (_, a, b) = try_join3(ahead.send(client), a, b).await?;
            let a = a.iter().map(|row| A::from_row(&Row::Postgres(row))).collect::<Result<_>>()?;
            Ok((a, b.iter().map(|row| B::from_row(&Row::Postgres(row))).collect::<Result<_>>()?))
        };
        let done = done.await;
        self.settle(done)
    }

    /// Names that happen to have the same hash wait for each other; that is all.
    pub async fn hold(&mut self, name: &str, alone: bool) -> Result<()> {
        self.make_room().await?;
        let client = self.client.as_ref().ok_or_else(over)?;
        let stmt = client.prepare_cached(if alone { HOLD } else { SHARE }).await.map_err(classify);
        let stmt = self.settle(stmt)?;
        self.later.push((stmt, vec![Val::from(name)]));
        Ok(())
    }

    pub async fn later(&mut self, sql: Sql<'_>, vals: &[Val]) -> Result<()> {
        self.make_room().await?;
        let client = self.client.as_ref().ok_or_else(over)?;
        let stmt = prepare_rowless(client, sql, vals).await;
        let stmt = self.settle(stmt)?;
        self.later.push((stmt, vals.to_vec()));
        Ok(())
    }

    /// Sends what waits if that is much, and counts the unit as failed until [`WriteTx::settle`].
    async fn make_room(&mut self) -> Result<()> {
        if self.later.len() >= MOST_LATER {
            let (client, ahead) = self.parts()?;
            let sent = ahead.send(client).await;
            self.settle(sent)?;
        }
        if std::mem::replace(&mut self.failed, true) {
            return Err(StoreError::Broken("a statement after a failed one".into()));
        }
        Ok(())
    }

    pub async fn run(&mut self, sql: Sql<'_>, vals: &[Val]) -> Result<u64> {
        let (client, ahead) = self.parts()?;
        let done = async {
            let stmt = prepare_rowless(client, sql, vals).await?;
            let params = refs(vals);
            let execute = async { client.execute(&stmt, &params).await.map_err(classify) };
            Ok(try_join(ahead.send(client), execute).await?.1)
        };
        let done = done.await;
        self.settle(done)
    }

    pub async fn run_together(&mut self, list: &[(Sql<'_>, &[Val])]) -> Result<Vec<u64>> {
        let (client, ahead) = self.parts()?;
        let done = async {
            let mut prepared = Vec::with_capacity(list.len());
            for (sql, vals) in list {
                prepared.push((prepare(client, *sql, vals).await?, refs(vals)));
            }
            let all = join_all(
                prepared
                    .iter()
                    .map(|(stmt, params)| async move { client.execute(stmt, params).await.map_err(classify) }),
            );
            let (sent, counts) = join(ahead.send(client), all).await;
            sent?;
            counts.into_iter().collect()
        };
        let done = done.await;
        self.settle(done)
    }

    pub async fn insert_many(&mut self, sql: Sql<'_>, rows: Vec<Vec<Val>>) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        let text = sql.for_postgres();
        let (client, ahead) = self.parts()?;
        let done = async {
            let single = client.prepare_cached(&text).await.map_err(classify)?;
            match copied(&text) {
                Some(copy) => {
                    let copying = copy_in(client, &copy, single.params(), &rows);
                    Ok(try_join(ahead.send(client), copying).await?.1)
                }
                None => {
                    let bulk = unnested(&text, single.params())?;
                    let stmt = client.prepare_cached(&bulk).await.map_err(classify)?;
                    let columns = transpose(rows, single.params())?;
                    let params: Vec<&(dyn ToSql + Sync)> =
                        columns.iter().map(|c| &**c as &(dyn ToSql + Sync)).collect();
                    let execute = async { client.execute(&stmt, &params).await.map_err(classify) };
                    Ok(try_join(ahead.send(client), execute).await?.1)
                }
            }
        };
        let done = done.await;
        self.settle(done)
    }

    pub async fn commit(mut self) -> Result<()> {
        if self.failed {
            return Err(StoreError::Broken("commit after a failed statement".into()));
        }
        if self.begun || !self.later.is_empty() {
            let (client, ahead) = self.parts()?;
            // COMMIT after a failed statement rolls back and says nothing, but the statement's own failure is told.
            let commit = async { client.batch_execute("COMMIT").await.map_err(classify) };
            let done = try_join(ahead.send(client), commit).await;
            self.settle(done)?;
        }
        self.begun = false;
        Ok(())
    }

    /// The connection and what goes out first. Until [`WriteTx::settle`] the unit counts as failed: the
    /// outcome of a statement whose future was dropped is not known, and COMMIT would not tell.
    fn parts(&mut self) -> Result<(&Client, Ahead)> {
        if std::mem::replace(&mut self.failed, true) {
            return Err(StoreError::Broken("a statement after a failed one".into()));
        }
        let ahead = Ahead { begin: !std::mem::replace(&mut self.begun, true), later: std::mem::take(&mut self.later) };
        self.client.as_ref().map(|c| (c, ahead)).ok_or_else(over)
    }

    fn settle<T>(&mut self, done: Result<T>) -> Result<T> {
        self.failed = done.is_err();
        done
    }
}

impl Drop for WriteTx {
    fn drop(&mut self) {
        let (true, Some(client)) = (self.begun, self.client.take()) else { return };
        match tokio::runtime::Handle::try_current() {
            // The connection returns to the pool after its ROLLBACK, or is closed when that fails.
            Ok(runtime) => drop(runtime.spawn(async move {
                if client.batch_execute("ROLLBACK").await.is_err() {
                    drop(Object::take(client));
                }
            })),
            Err(_) => drop(Object::take(client)),
        }
    }
}

pub async fn all<T: FromRow>(client: &Client, sql: Sql<'_>, vals: &[Val]) -> Result<Vec<T>> {
    if let Sql::Once(_) = sql {
        let typed: Vec<_> = vals.iter().map(|v| (v as &(dyn ToSql + Sync), type_of(v))).collect();
        let rows = client.query_typed(&sql.for_postgres(), &typed).await.map_err(classify)?;
        return rows.iter().map(|row| T::from_row(&Row::Postgres(row))).collect();
    }
    let stmt = prepare(client, sql, vals).await?;
    let rows = client.query(&stmt, &refs(vals)).await.map_err(classify)?;
    rows.iter().map(|row| T::from_row(&Row::Postgres(row))).collect()
}

/// The type of a parameter that the server is not asked about.
fn type_of(val: &Val) -> Type {
    match val {
        Val::Null | Val::Text(_) => Type::TEXT,
        Val::Int(_) => Type::INT8,
        Val::Bool(_) => Type::BOOL,
        Val::Bytes(_) => Type::BYTEA,
        Val::Texts(_) => Type::TEXT_ARRAY,
        Val::Ints(_) => Type::INT8_ARRAY,
    }
}

async fn prepare(client: &Client, sql: Sql<'_>, vals: &[Val]) -> Result<Statement> {
    let text = sql.for_postgres();
    if matches!(sql, Sql::Built(_)) && client.statement_cache.size() >= MOST_STATEMENTS {
        client.statement_cache.clear();
    }
    let stmt = client.prepare_cached(&text).await.map_err(classify)?;
    if stmt.params().len() != vals.len() {
        return Err(StoreError::Broken(format!(
            "{} values for {} parameters: {text}",
            vals.len(),
            stmt.params().len()
        )));
    }
    Ok(stmt)
}

async fn prepare_rowless(client: &Client, sql: Sql<'_>, vals: &[Val]) -> Result<Statement> {
    let stmt = prepare(client, sql, vals).await?;
    if !stmt.columns().is_empty() {
        return Err(StoreError::Broken(format!("run() drops the rows of {}", sql.for_postgres())));
    }
    Ok(stmt)
}

fn refs(vals: &[Val]) -> Vec<&(dyn ToSql + Sync)> {
    vals.iter().map(|v| v as &(dyn ToSql + Sync)).collect()
}

/// A plain `INSERT INTO t (a, b) VALUES ($1, $2)` as COPY, which is faster and knows no `ON CONFLICT`.
fn copied(sql: &str) -> Option<String> {
    let (table_and_columns, values) = sql.trim().strip_prefix("INSERT INTO ")?.split_once(" VALUES (")?;
    let plain = values.strip_suffix(')')?.split(", ").enumerate().all(|(i, v)| v == format!("${}", i + 1));
    plain.then(|| format!("COPY {table_and_columns} FROM STDIN BINARY"))
}

async fn copy_in(client: &Client, copy: &str, types: &[Type], rows: &[Vec<Val>]) -> Result<u64> {
    let sink = client.copy_in(copy).await.map_err(classify)?;
    let writer = BinaryCopyInWriter::new(sink, types);
    let mut writer = pin!(writer);
    for row in rows {
        if row.len() != types.len() {
            return Err(StoreError::Broken(format!("{} values for {} columns", row.len(), types.len())));
        }
        writer.as_mut().write(&refs(row)).await.map_err(classify)?;
    }
    writer.finish().await.map_err(classify)
}

/// `VALUES ($1, $2)` becomes `SELECT * FROM UNNEST($1::text[], $2::int8[])`: one array per column.
fn unnested(sql: &str, types: &[Type]) -> Result<String> {
    let bad = || StoreError::Broken(format!("insert_many needs VALUES ($1, …, $n): {sql}"));
    let (head, rest) = sql.split_once("VALUES (").ok_or_else(bad)?;
    let (_, tail) = rest.split_once(')').ok_or_else(bad)?;
    let arrays: Vec<String> = types.iter().enumerate().map(|(i, ty)| format!("${}::{}[]", i + 1, ty.name())).collect();
    // SELECT … WHERE TRUE: without it ON CONFLICT after a SELECT would read as a join condition on SQLite's grammar,
    // and both engines accept the longer form.
    Ok(format!("{head}SELECT * FROM UNNEST({}) WHERE TRUE{tail}", arrays.join(", ")))
}

fn transpose(rows: Vec<Vec<Val>>, types: &[Type]) -> Result<Vec<Box<dyn ToSql + Sync + Send>>> {
    let mut columns: Vec<Vec<Val>> = types.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        if row.len() != columns.len() {
            return Err(StoreError::Broken(format!("{} values for {} columns", row.len(), columns.len())));
        }
        for (column, val) in columns.iter_mut().zip(row) {
            column.push(val);
        }
    }
    columns.into_iter().zip(types).map(|(column, ty)| array(column, ty)).collect()
}

fn array(column: Vec<Val>, ty: &Type) -> Result<Box<dyn ToSql + Sync + Send>> {
    let odd = || StoreError::Broken(format!("a {} column got a value of another type", ty.name()));
    macro_rules! typed {
        ($variant:ident, $t:ty) => {{
            let mut out: Vec<Option<$t>> = Vec::with_capacity(column.len());
            for val in column {
                match val {
                    Val::$variant(v) => out.push(Some(v)),
                    Val::Null => out.push(None),
                    _ => return Err(odd()),
                }
            }
            Ok(Box::new(out))
        }};
    }
    match *ty {
        Type::TEXT | Type::VARCHAR => typed!(Text, String),
        Type::INT8 => typed!(Int, i64),
        Type::BOOL => typed!(Bool, bool),
        Type::BYTEA => typed!(Bytes, Vec<u8>),
        _ => Err(StoreError::Broken(format!("insert_many knows no type {}", ty.name()))),
    }
}

fn classify(e: tokio_postgres::Error) -> StoreError {
    let Some(db) = e.as_db_error() else {
        return if is_ours(&e) { broken(explain(&e)) } else { StoreError::Unavailable(explain(&e)) };
    };
    let class = db.code().code().get(..2).unwrap_or_default();
    if *db.code() == SqlState::UNIQUE_VIOLATION {
        StoreError::Unique(unique_key(db))
    } else if matches!(class, "08" | "40" | "53" | "57" | "58") {
        StoreError::Unavailable(explain(&e))
    } else {
        StoreError::Broken(explain(&e))
    }
}

/// Whether the driver refused our values, as opposed to a connection that broke.
fn is_ours(e: &tokio_postgres::Error) -> bool {
    let said = e.to_string();
    ["error serializing", "error deserializing", "invalid column", "expected "].iter().any(|s| said.starts_with(s))
}

/// `{table}_{last column}`. An index is named so by its migration; the name of a primary key is PostgreSQL's own, but
/// the detail `Key (pool_id, id)=(…) already exists.` lists the columns, in every language.
fn unique_key(db: &tokio_postgres::error::DbError) -> String {
    let name = db.constraint().unwrap_or_default();
    let columns = db.detail().and_then(|d| Some(d.split_once('(')?.1.split_once(")=(")?.0));
    match (name.strip_suffix("_pkey"), columns.and_then(|c| c.rsplit(", ").next())) {
        (Some(table), Some(column)) => format!("{table}_{column}"),
        _ => name.to_owned(),
    }
}

/// The server's own words; the driver's `Display` hides them.
fn explain(e: &tokio_postgres::Error) -> String {
    match e.as_db_error() {
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => e.to_string(),
    }
}

fn over() -> StoreError {
    StoreError::Broken("the transaction is over".into())
}

fn broken(e: impl std::fmt::Display) -> StoreError {
    StoreError::broken(e)
}

#[cfg(test)]
mod tests;
