//! Everything in the database, to tell whether anything has changed.

use std::collections::BTreeMap;

use watchword_store::Db;
use watchword_testkit::Server;

/// Rows as text, by table.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot(BTreeMap<String, Vec<String>>);

/// Tables that a refused request may write to.
pub const ASIDE: &[(&str, &str)] = &[
    ("audit_logs", "a refused write of a known caller leaves its row in the trail"),
    ("rate_counters", "a refused request counts"),
    ("throttles", "a failed guess counts"),
    ("throttle_days", "a failed guess counts"),
    ("request_nonces", "a signed request uses up its nonce before its right is judged"),
];

impl Snapshot {
    pub async fn of(server: &Server) -> Snapshot {
        Snapshot::of_db(&server.services.db).await
    }

    pub async fn of_db(db: &Db) -> Snapshot {
        let sqlite = db.engine() == "sqlite";
        let tables = if sqlite {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        } else {
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
        };
        let mut tx = db.scan().await.expect("a reader");
        let tables: Vec<(String,)> = tx.all(&tables.to_owned(), &[]).await.expect("the tables");
        let mut found = BTreeMap::new();
        for (table,) in tables {
            let sql = if sqlite {
                let columns = format!("SELECT name FROM pragma_table_info('{table}')");
                let columns: Vec<(String,)> = tx.all(&columns, &[]).await.expect("the columns");
                let columns: Vec<String> = columns.into_iter().map(|(c,)| format!("quote({c})")).collect();
                format!("SELECT {} AS row FROM {table} ORDER BY 1", columns.join(" || ',' || "))
            } else {
                format!("SELECT t::text AS row FROM {table} t ORDER BY 1")
            };
            let rows: Vec<(String,)> = tx.all(&sql, &[]).await.expect("the rows");
            found.insert(table, rows.into_iter().map(|(row,)| row).collect());
        }
        Snapshot(found)
    }

    pub fn all_text(&self) -> String {
        self.0.values().flatten().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// What differs, tables in `aside` left out.
    pub fn changes(&self, later: &Snapshot, aside: &[(&str, &str)]) -> Vec<String> {
        let mut out = Vec::new();
        for (table, rows) in &self.0 {
            if aside.iter().any(|(name, _)| name == table) {
                continue;
            }
            let now = &later.0[table];
            let gone = rows.iter().filter(|r| !now.contains(r)).map(|r| format!("{table}: gone {r}"));
            let come = now.iter().filter(|r| !rows.contains(r)).map(|r| format!("{table}: new {r}"));
            out.extend(gone.chain(come));
        }
        out
    }

    /// Only the rows that mention `text`.
    pub fn about(&self, text: &str) -> Snapshot {
        let keep = |rows: &Vec<String>| rows.iter().filter(|r| r.contains(text)).cloned().collect();
        Snapshot(self.0.iter().map(|(table, rows)| (table.clone(), keep(rows))).collect())
    }

    pub fn count(&self, table: &str) -> usize {
        self.0[table].len()
    }
}
