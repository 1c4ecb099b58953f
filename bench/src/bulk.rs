//! Rows in one durable transaction by the fastest way the engine has, in tables without triggers.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::pin_mut;
use rusqlite::Connection;
use tokio_postgres::NoTls;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use watchword_kit::Clock;
use watchword_store::{Db, Options, Record, Val};

use crate::{Plan, Result, said};

/// Rows of one table.
pub struct Rows {
    table: &'static str,
    columns: String,
    marks: String,
    values: Vec<Vec<Val>>,
}

impl Rows {
    pub fn of<T: Record>(table: &'static str, rows: &[T]) -> Rows {
        let values = rows.iter().map(Record::values).collect();
        Rows { table, columns: T::COLUMNS.join(", "), marks: vec!["?"; T::COLUMNS.len()].join(", "), values }
    }
}

/// How long it takes to write these rows into empty tables.
pub async fn insert(plan: &Plan, sets: Vec<Rows>) -> Result<Duration> {
    match &plan.database {
        Some(url) => postgres(url, &sets).await,
        None => {
            let path = plan.data.join("bulk.db");
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(plan.data.join(format!("bulk.db{suffix}")));
            }
            drop(Db::open(&Options::sqlite(&path), &Clock::system()).await.map_err(said)?);
            tokio::task::spawn_blocking(move || sqlite(&path, &sets)).await.map_err(said)?
        }
    }
}

fn sqlite(path: &Path, sets: &[Rows]) -> Result<Duration> {
    let conn = Connection::open(path).map_err(said)?;
    // What triggers would write is among the rows.
    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192;
        DROP TRIGGER users_inserted;";
    conn.execute_batch(setup).map_err(said)?;
    let started = Instant::now();
    conn.execute_batch("BEGIN IMMEDIATE").map_err(said)?;
    for Rows { table, columns, marks, values } in sets {
        let sql = format!("INSERT INTO {table} ({columns}) VALUES ({marks})");
        let mut insert = conn.prepare(&sql).map_err(said)?;
        for row in values {
            insert.execute(rusqlite::params_from_iter(row)).map_err(said)?;
        }
    }
    conn.execute_batch("COMMIT").map_err(said)?;
    Ok(started.elapsed())
}

async fn postgres(url: &str, sets: &[Rows]) -> Result<Duration> {
    let client = connect(url).await?;
    for Rows { table, .. } in sets {
        let empty =
            format!("DROP TABLE IF EXISTS bulk_{table}; CREATE TABLE bulk_{table} (LIKE {table} INCLUDING ALL)");
        client.batch_execute(&empty).await.map_err(said)?;
    }
    let started = Instant::now();
    client.batch_execute("BEGIN").await.map_err(said)?;
    for rows in sets {
        copy(&client, rows).await?;
    }
    client.batch_execute("COMMIT").await.map_err(said)?;
    Ok(started.elapsed())
}

async fn copy(client: &tokio_postgres::Client, rows: &Rows) -> Result {
    let Rows { table, columns, values, .. } = rows;
    let shape = client.prepare(&format!("SELECT {columns} FROM bulk_{table}")).await.map_err(said)?;
    let types: Vec<Type> = shape.columns().iter().map(|c| c.type_().clone()).collect();
    let copy = format!("COPY bulk_{table} ({columns}) FROM STDIN (FORMAT binary)");
    let writer = BinaryCopyInWriter::new(client.copy_in(&copy).await.map_err(said)?, &types);
    pin_mut!(writer);
    for row in values {
        let row: Vec<&(dyn ToSql + Sync)> = row.iter().map(|v| v as _).collect();
        writer.as_mut().write(&row).await.map_err(said)?;
    }
    writer.finish().await.map(drop).map_err(said)
}

pub async fn connect(url: &str) -> Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(said)?;
    tokio::spawn(connection);
    Ok(client)
}
