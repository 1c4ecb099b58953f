//! What the query planner is told of the tables.
//!
//! Left alone, SQLite takes any search by the first column of an index to find ten rows. Every index of a tenant table
//! begins with the pool, so a search of the primary key by pool alone, which reads the whole pool, looks as good as one
//! by pool and user in another index, and wins for it needs no second look-up. Measured: 2 ms for a user's factors
//! among 60,000. These estimates do not depend on the data, so plans are the same on every installation.

use rusqlite::Connection;

/// Rows of a pool, and of a table.
const MANY: u32 = 1_000_000;
/// Rows that have one value in the first column after the pool, in the first two, in more.
const FEW: [u32; 3] = [10, 5, 2];

/// Writes the estimates where they are not there yet, and has this connection use them. Connections opened afterwards
/// find them.
pub fn inform(conn: &Connection) -> rusqlite::Result<()> {
    let (wanted, present) = (estimates(conn)?, present(conn)?);
    if wanted == present {
        return Ok(());
    }
    // Analysing the schema table makes `sqlite_stat1` where it is missing, and reads it.
    conn.execute_batch("BEGIN IMMEDIATE; ANALYZE sqlite_schema; DELETE FROM sqlite_stat1;")?;
    let written = (|| {
        let mut insert = conn.prepare("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?1, ?2, ?3)")?;
        wanted.iter().try_for_each(|row| insert.execute((&row.0, &row.1, &row.2)).map(drop))
    })();
    conn.execute_batch(if written.is_ok() { "COMMIT; ANALYZE sqlite_schema" } else { "ROLLBACK" })?;
    written
}

/// Table, index, and how many rows the index has in all and for one value of its first column, its first two, ….
type Estimate = (String, String, String);

fn estimates(conn: &Connection) -> rusqlite::Result<Vec<Estimate>> {
    let sql = "SELECT m.name, l.name, l.\"unique\", l.origin = 'pk',
                (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno))
         FROM sqlite_master m JOIN pragma_index_list(m.name) l
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'";
    let mut indexes = conn.prepare(sql)?;
    let rows = indexes.query_map([], |row| {
        let (table, name): (String, String) = (row.get(0)?, row.get(1)?);
        let (unique, primary, columns): (bool, bool, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
        // The primary key of a table without row ids goes by the table's name.
        let name = if primary { table.clone() } else { name };
        Ok((table, name, stat(&columns, unique)))
    })?;
    let mut all: Vec<Estimate> = rows.collect::<rusqlite::Result<_>>()?;
    all.sort();
    Ok(all)
}

fn stat(columns: &str, unique: bool) -> String {
    let columns: Vec<&str> = columns.split(',').collect();
    let mut others = FEW.into_iter().chain(std::iter::repeat(FEW[2]));
    let mut stat = MANY.to_string();
    for (n, column) in columns.iter().enumerate() {
        let rows = match *column {
            _ if unique && n + 1 == columns.len() => 1,
            "pool_id" => MANY,
            _ => others.next().unwrap_or(1),
        };
        stat.push_str(&format!(" {rows}"));
    }
    stat
}

fn present(conn: &Connection) -> rusqlite::Result<Vec<Estimate>> {
    let there = conn.prepare("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")?.exists([])?;
    if !there {
        return Ok(Vec::new());
    }
    let mut rows = conn.prepare("SELECT tbl, idx, stat FROM sqlite_stat1")?;
    let rows =
        rows.query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default(), row.get(2)?)))?;
    let mut all: Vec<Estimate> = rows.collect::<rusqlite::Result<_>>()?;
    all.sort();
    Ok(all)
}
