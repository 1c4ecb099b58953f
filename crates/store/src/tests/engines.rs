//! Statements, schemas and rows mean the same on every engine.

use std::collections::{BTreeMap, BTreeSet};

use watchword_kit::PoolId;

use super::{Place, places, sources, sqlite};
use crate::{Record, Statement, StoreError, Table, Val};

#[tokio::test]
async fn every_statement_means_the_same_on_every_engine() {
    let written: usize = sources().iter().map(|(_, code)| code.matches(concat!("sql", "!(")).count()).sum();
    let all: Vec<&Statement> = Statement::all().collect();
    assert_eq!(all.len(), written, "statements registered, and occurrences in the sources");
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<(&str, u32, &str), (usize, Vec<String>)> = BTreeMap::new();
    for place in places().await {
        for statement in &all {
            let at = (statement.file, statement.line, statement.sql);
            match place.db.describe((*statement).into()).await {
                Err(e) => wrong.push(format!("{}:{}: {}: {e}", at.0, at.1, place.db.engine())),
                Ok(described) => {
                    let first = seen.entry(at).or_insert_with(|| described.clone());
                    if *first != described {
                        wrong.push(format!("{}:{}: SQLite {first:?}, PostgreSQL {described:?}", at.0, at.1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A statement that names a tenant's table without its pool would read across tenants.
#[tokio::test]
async fn every_statement_on_tenant_data_names_the_pool() {
    /// Statements that find out which pool a request is about, and background work over all pools.
    const ACROSS: &[&str] = &[
        "FROM access_keys WHERE id = $1",
        "FROM applications WHERE id = $1",
        "FROM interactions WHERE id = $1",
        "FROM device_codes WHERE user_code = $1",
        "FROM pools ORDER BY",
        "WHERE expires_at <",
        "WHERE at <",
        "WHERE idle_until <",
        "WHERE touched_at <",
        "WHERE last_login_at <",
        "WHERE day <",
        "FROM users WHERE suspend_at <=",
        "FROM users WHERE activate_at <=",
        "FROM outbox",
        "UPDATE outbox",
        "FROM dev_inbox",
        "FROM jobs WHERE state = 'running'",
        "FROM allowed_origins WHERE origin = $1",
    ];
    let place = sqlite().await;
    let tenant: Vec<(String,)> = place
        .rows("SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE c.name = 'pool_id'", &[])
        .await;
    assert!(tenant.len() > 10);
    for statement in Statement::all().filter(|s| !s.file.contains("tests")) {
        let words: BTreeSet<&str> = statement.sql.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let names_one = tenant.iter().any(|(table,)| words.contains(table.as_str()));
        let scoped = statement.sql.contains("pool_id = $1") || statement.sql.contains("VALUES ($1");
        let across = ACROSS.iter().any(|part| statement.sql.contains(part));
        assert!(
            !names_one || scoped || across,
            "{}:{} names no pool: {}",
            statement.file,
            statement.line,
            statement.sql
        );
    }
}

#[derive(Debug, Default, PartialEq)]
struct Schema {
    /// table, position, column, type, not null
    columns: BTreeSet<(String, i64, String, String, bool)>,
    /// table, columns of a key that no two rows share; with the condition of a partial one
    unique: BTreeSet<(String, String, bool)>,
    /// index, table, columns
    indexes: BTreeSet<(String, String, String, bool)>,
    /// trigger, table
    triggers: BTreeSet<(String, String)>,
}

async fn schema(place: &Place) -> Schema {
    let mut schema = Schema::default();
    let (columns, indexes, triggers) = if place.db.engine() == "sqlite" {
        (
            "SELECT m.name, c.cid, c.name, LOWER(c.type), c.\"notnull\" FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'",
            "SELECT l.name, m.name, (SELECT group_concat(i.name, ',') FROM (SELECT name FROM pragma_index_info(l.name)
                ORDER BY seqno) i), l.\"unique\", l.origin = 'pk', l.partial
             FROM sqlite_master m JOIN pragma_index_list(m.name) l WHERE m.type = 'table'",
            "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'",
        )
    } else {
        (
            "SELECT table_name::text, ordinal_position::bigint - 1, column_name::text,
                REPLACE(data_type::text, 'bytea', 'blob'), is_nullable = 'NO'
             FROM information_schema.columns WHERE table_schema = 'public'",
            "SELECT i.relname::text, t.relname::text,
                (SELECT string_agg(a.attname::text, ',' ORDER BY k.n) FROM unnest(x.indkey) WITH ORDINALITY AS k(c, n)
                 JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.c),
                x.indisunique, x.indisprimary, x.indpred IS NOT NULL
             FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
             JOIN pg_namespace s ON s.oid = t.relnamespace WHERE s.nspname = 'public'",
            "SELECT g.tgname::text, t.relname::text FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
             WHERE NOT g.tgisinternal",
        )
    };
    for row in place.rows::<Five>(columns, &[]).await {
        schema.columns.insert((row.0, row.1, row.2, row.3, row.4));
    }
    schema.triggers = place.rows(triggers, &[]).await.into_iter().collect();
    for Index { name, table, columns, unique, primary, partial } in place.rows::<Index>(indexes, &[]).await {
        if unique {
            schema.unique.insert((table.clone(), columns.clone(), partial));
        }
        if !primary {
            schema.indexes.insert((name, table, columns, unique));
        }
    }
    schema
}

struct Five(String, i64, String, String, bool);

impl crate::FromRow for Five {
    fn from_row(row: &crate::Row<'_>) -> crate::Result<Self> {
        Ok(Five(row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
    }
}

struct Index {
    name: String,
    table: String,
    columns: String,
    unique: bool,
    primary: bool,
    partial: bool,
}

impl crate::FromRow for Index {
    fn from_row(row: &crate::Row<'_>) -> crate::Result<Self> {
        Ok(Index {
            name: row.get(0)?,
            table: row.get(1)?,
            columns: row.get(2)?,
            unique: row.get(3)?,
            primary: row.get(4)?,
            partial: row.get(5)?,
        })
    }
}

#[tokio::test]
async fn the_migrated_schemas_are_alike() {
    let mut first: Option<Schema> = None;
    for place in places().await {
        let found = schema(&place).await;
        assert!(found.columns.len() > 100 && found.unique.len() > 20 && found.indexes.len() > 10, "{found:?}");
        for (index, table, columns, unique) in &found.indexes {
            let last = columns.rsplit(',').next().unwrap_or_default();
            assert!(
                !unique || *index == format!("{table}_{last}"),
                "the unique index {index} of {table} ({columns}) must be named {table}_{last}: that is how SQLite's \
                 error names it"
            );
        }
        match &first {
            None => first = Some(found),
            Some(first) => {
                let only = |a: &BTreeSet<_>, b: &BTreeSet<_>| a.symmetric_difference(b).cloned().collect::<Vec<_>>();
                assert_eq!(only(&first.columns, &found.columns), []);
                assert_eq!(first.triggers, found.triggers);
                assert_eq!(first.unique.symmetric_difference(&found.unique).collect::<Vec<_>>(), Vec::<&_>::new());
                assert_eq!(first.indexes.symmetric_difference(&found.indexes).collect::<Vec<_>>(), Vec::<&_>::new());
            }
        }
    }
}

/// Two unique keys of one table that end in the same column would have one name.
#[tokio::test]
async fn no_two_unique_keys_share_a_name_unless_they_mean_the_same_column() {
    let found = schema(&sqlite().await).await;
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (table, columns, _) in found.unique {
        let last = columns.rsplit(',').next().unwrap_or_default().to_owned();
        names.entry(format!("{table}_{last}")).or_default().push(columns);
    }
    for (name, keys) in names {
        // (id) and (pool_id, id) are both «this id is taken».
        let plain: BTreeSet<&str> = keys.iter().map(|k| k.strip_prefix("pool_id,").unwrap_or(k)).collect();
        assert_eq!(plain.len(), 1, "{name} could be any of {keys:?}");
    }
}

/// Every `Table`, once. A new one is added here; the test below counts.
macro_rules! for_every_table {
    ($check:ident, $place:expr) => {
        $check($place, &crate::access_key::TABLE).await;
        $check($place, &crate::action_token::TABLE).await;
        $check($place, &crate::app::TABLE).await;
        $check($place, &crate::app::access::TABLE).await;
        $check($place, &crate::audit::TABLE).await;
        $check($place, &crate::captcha::TABLE).await;
        $check($place, &crate::authorization_code::TABLE).await;
        $check($place, &crate::consent::TABLE).await;
        $check($place, &crate::interaction::TABLE).await;
        $check($place, &crate::sso_session::TABLE).await;
        $check($place, &crate::department::TABLE).await;
        $check($place, &crate::department::CUSTOM_VALUES).await;
        $check($place, &crate::department::SYNC_RELATIONS).await;
        $check($place, &crate::department::member::TABLE).await;
        $check($place, &crate::organization::TABLE).await;
        $check($place, &crate::mfa_transaction::TABLE).await;
        $check($place, &crate::session::TABLE).await;
        $check($place, &crate::session::REFRESH_TOKENS).await;
        $check($place, &crate::user::TABLE).await;
        $check($place, &crate::user::IDENTITIES).await;
        $check($place, &crate::user::CUSTOM_VALUES).await;
        $check($place, &crate::user::SYNC_RELATIONS).await;
        $check($place, &crate::user::reset_link::TABLE).await;
        $check($place, &crate::enrollment::TABLE).await;
        $check($place, &crate::mfa_factor::TABLE).await;
        $check($place, &crate::mfa_factor::RECOVERY_CODES).await;
        $check($place, &crate::outbox::TABLE).await;
        $check($place, &crate::outbox::INBOX).await;
        $check($place, &crate::post::TABLE).await;
        $check($place, &crate::role::TABLE).await;
        $check($place, &crate::role::ASSIGNMENTS).await;
        $check($place, &crate::role::NAMESPACES).await;
        $check($place, &crate::group::TABLE).await;
        $check($place, &crate::job::TABLE).await;
        $check($place, &crate::upload::TABLE).await;
        $check($place, &crate::par::TABLE).await;
        $check($place, &crate::device_code::TABLE).await;
        $check($place, &crate::registration::TABLE).await;
    };
}

#[tokio::test]
async fn every_row_type_is_written_and_read_on_every_engine() {
    let listed = include_str!("engines.rs").matches(concat!("$check($place, ", "&crate")).count();
    let declared: usize = sources().iter().map(|(_, code)| code.matches(concat!("= Table::", "new(\"")).count()).sum();
    assert_eq!(listed, declared, "a new Table is to be added to for_every_table! in store/src/tests/engines.rs");
    for place in &places().await {
        for_every_table!(round_trip, place);
    }
}

async fn round_trip<T: Record + Clone + PartialEq + std::fmt::Debug>(place: &Place, table: &Table<T>) {
    let (name, engine) = (table.name, place.db.engine());
    let columns: Vec<_> = schema(place).await.columns.into_iter().filter(|c| c.0 == name).collect();
    let names: Vec<&str> = columns.iter().map(|c| c.2.as_str()).collect();
    assert_eq!(names, T::COLUMNS, "{name}: the fields of the row are the columns, in their order");
    assert_eq!(names[0], "pool_id");

    let (pool, sample) = (PoolId::new("sample"), T::sample());
    let mut tx = place.db.write().await.unwrap();
    table.insert(&mut tx, &sample).await.unwrap();
    assert_eq!(table.get(&mut tx, &pool, "sample").await.unwrap(), Some(sample.clone()), "{name} on {engine}");
    assert_eq!(table.get(&mut tx, &PoolId::new("other"), "sample").await.unwrap(), None, "{name}: another pool");
    assert!(table.update(&mut tx, &sample).await.unwrap());
    assert_eq!(
        table.get_many(&mut tx, &pool, &["x".into(), "sample".into()]).await.unwrap(),
        std::slice::from_ref(&sample)
    );
    let page = crate::table::Page { limit: 5, offset: 0 };
    let found = table.page(&mut tx, &crate::Filter::pool(&pool), T::COLUMNS[1], page).await.unwrap();
    assert_eq!(found, (1, vec![sample.clone()]), "{name} on {engine}");
    assert!(!table.delete(&mut tx, &PoolId::new("other"), "sample").await.unwrap(), "{name}: another pool");
    assert!(table.delete(&mut tx, &pool, "sample").await.unwrap());
    table.insert_many(&mut tx, std::slice::from_ref(&sample)).await.unwrap();
    assert_eq!(table.get(&mut tx, &pool, "sample").await.unwrap(), Some(sample), "{name} on {engine}, in bulk");
    tx.commit().await.unwrap();

    // A column that may be null is an Option in the row, and only such a column.
    for (_, i, column, _, not_null) in columns.into_iter().skip(2) {
        let sql = format!("UPDATE {name} SET {column} = $1");
        let mut tx = place.db.write().await.unwrap();
        let nulled = tx.run(&sql, &[Val::Null]).await;
        assert_eq!(nulled.is_err(), not_null, "{name}.{column} on {engine}");
        if nulled.is_ok() {
            let read = table.get(&mut tx, &pool, "sample").await;
            assert!(read.is_ok(), "{name}.{column} may be null, so its field {i} must be an Option: {read:?}");
        }
    }
}

#[tokio::test]
async fn a_taken_key_has_the_same_name_on_every_engine() {
    for place in &places().await {
        let engine = place.db.engine();
        let base = crate::user::User::sample();
        let insert = async |change: &dyn Fn(&mut crate::user::User)| {
            let mut row = crate::user::User { id: "other".into(), ..base.clone() };
            row.username_key = None;
            row.email_key = None;
            row.phone_key = None;
            row.external_id_key = None;
            change(&mut row);
            let mut tx = place.db.write().await.unwrap();
            let outcome = crate::user::TABLE.insert(&mut tx, &row).await;
            let bulk = {
                drop(tx);
                let mut tx = place.db.write().await.unwrap();
                crate::user::TABLE.insert_many(&mut tx, &[row]).await
            };
            let name =
                |r: Result<(), StoreError>| r.err().and_then(|e| e.unique().map(str::to_owned)).unwrap_or_default();
            let (one, many) = (name(outcome), name(bulk));
            assert_eq!(one, many, "{engine}: one by one and in bulk");
            one
        };
        let mut tx = place.db.write().await.unwrap();
        crate::user::TABLE.insert(&mut tx, &base).await.unwrap();
        tx.commit().await.unwrap();
        let key = || Some(String::from("sample"));
        assert_eq!(insert(&|u| u.id = "sample".into()).await, "users_id", "{engine}");
        assert_eq!(insert(&|u| u.username_key = key()).await, "users_username_key", "{engine}");
        assert_eq!(insert(&|u| u.email_key = key()).await, "users_email_key", "{engine}");
        assert_eq!(insert(&|u| u.phone_key = key()).await, "users_phone_key", "{engine}");
        assert_eq!(insert(&|u| u.external_id_key = key()).await, "users_external_id_key", "{engine}");
        assert_eq!(insert(&|_| {}).await, "", "{engine}: nothing is taken");
    }
}

/// A search by pool alone reads the whole pool, a scan every pool: cheap on a laptop, not with a million users.
#[tokio::test]
async fn no_statement_reads_a_whole_pool_but_those_that_are_meant_to() {
    /// Small tables, background work, and what happens when an application or a user is deleted.
    const MEANT: &[&str] = &[
        "FROM pools",
        "FROM data_keys",
        "FROM server_keys",
        "FROM dev_inbox",
        "FROM access_keys",
        "FROM throttles",
        "FROM throttle_days",
        "FROM base_fields",
        "WHERE pool_id = $1 AND custom_data LIKE $2",
        "WHERE pool_id = $1 AND app_id = $2",
        "FROM allowed_origins WHERE pool_id = $1",
        "FROM email_templates",
        // A few rows per pool, one per 8,192 users, and 8,192 of those.
        "FROM user_counts",
        "FROM user_segments",
        "FROM user_texts_recent",
    ];
    let place = sqlite().await;
    let mut slow = Vec::new();
    for statement in Statement::all().filter(|s| !s.file.contains("tests")) {
        let (count, _) = place.db.describe(statement.into()).await.unwrap();
        let plan = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let mut tx = place.db.write().await.unwrap();
        let plan: Vec<Plan> = tx.all(&plan, &vec![Val::Null; count]).await.unwrap();
        let whole = |step: &str| {
            // The whole key of a pool, and lists that are parameters.
            let small = ["SEARCH pools ", "SEARCH p ", "SCAN json_each", "SCAN CONSTANT ROW", "SCAN (subquery"];
            let all = step.starts_with("SCAN ") || step.ends_with("(pool_id=?)");
            all && !small.iter().any(|known| step.starts_with(known))
        };
        if plan.iter().any(|p| whole(&p.0)) && !MEANT.iter().any(|meant| statement.sql.contains(meant)) {
            let steps: Vec<String> = plan.into_iter().map(|p| p.0).collect();
            slow.push(format!("{}:{}: {}", statement.file, statement.line, steps.join("; ")));
        }
    }
    assert!(slow.is_empty(), "\n{}", slow.join("\n"));
}

/// The fourth column tells in words what a step of the plan does.
pub struct Plan(pub String);

impl crate::FromRow for Plan {
    fn from_row(row: &crate::Row<'_>) -> crate::Result<Self> {
        Ok(Plan(row.get(3)?))
    }
}
