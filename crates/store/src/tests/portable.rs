//! The rules of docs/sql.md, each with the test that it names.

use std::collections::BTreeSet;

use super::{Place, places, sources, sqlite};
use crate::{Statement, Val, vals};

#[test]
fn every_rule_of_the_page_names_a_test_that_exists() {
    let page = include_str!("../../../../docs/sql.md");
    let tests: BTreeSet<String> = sources()
        .iter()
        .flat_map(|(_, code)| {
            code.split("fn ").skip(1).filter_map(|rest| rest.split('(').next()).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let rules: Vec<&str> = page.lines().filter(|line| line.starts_with("- ")).collect();
    assert!(rules.len() > 20);
    for rule in rules {
        let named = rule.rsplit_once("(`").and_then(|(_, rest)| rest.strip_suffix("`)"));
        assert!(named.is_some_and(|name| tests.contains(name)), "no such test: {rule}");
    }
}

#[test]
fn no_statement_uses_what_only_one_engine_has() {
    const NEVER: &[&str] = &[
        "NOW()",
        "CURRENT_",
        "RANDOM()",
        "ILIKE",
        "FOR UPDATE",
        "FOR SHARE",
        "ARRAY[",
        "::",
        "INSERT OR ",
        "IFNULL(",
        "DATETIME(",
        "STRFTIME(",
        "JSON_",
        "->>",
        "DISTINCT ON",
        "GLOB ",
        "REGEXP",
        "SIMILAR TO",
        "ROWID",
        "AUTOINCREMENT",
        "PRAGMA",
        "\"",
    ];
    for statement in Statement::all() {
        let upper = statement.sql.to_uppercase();
        for word in NEVER {
            assert!(!upper.contains(word), "{}:{} uses {word}", statement.file, statement.line);
        }
    }
}

#[tokio::test]
async fn every_order_of_a_nullable_column_says_where_nulls_go() {
    let place = sqlite().await;
    let nullable: Vec<(String, String)> = place
        .rows(
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.\"notnull\" = 0",
            &[],
        )
        .await;
    for statement in Statement::all() {
        let Some((_, order)) = statement.sql.split_once("ORDER BY") else { continue };
        let words: BTreeSet<&str> = statement.sql.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for part in order.split("LIMIT").next().unwrap_or_default().split(',') {
            let column = part.split_whitespace().next().unwrap_or_default();
            let column = column.rsplit('.').next().unwrap_or_default();
            assert!(
                !nullable.iter().any(|(table, name)| name == column && words.contains(table.as_str()))
                    || part.contains("NULLS "),
                "{}:{}: {column} may be null: say NULLS FIRST or LAST",
                statement.file,
                statement.line
            );
        }
    }
}

/// SQLite changes the order of other joins by what it is told of the tables, and can take minutes for a wrong one.
#[tokio::test]
async fn cross_joined_tables_are_read_in_the_order_in_which_they_are_written() {
    let place = sqlite().await;
    let mut seen = 0;
    for statement in Statement::all() {
        let Some((_, from)) = statement.sql.split_once("FROM ").filter(|(_, from)| from.contains("CROSS JOIN")) else {
            continue;
        };
        let from = from.split("WHERE").next().unwrap_or_default();
        let aliases: Vec<&str> = from.split("CROSS JOIN").filter_map(|t| t.split_whitespace().last()).collect();
        let (count, _) = place.db.describe(statement.into()).await.unwrap();
        let mut tx = place.db.write().await.unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let plan: Vec<(i64, i64, i64, String)> = tx.all(&sql, &vec![Val::Null; count]).await.unwrap();
        let read: Vec<&str> = plan
            .iter()
            .filter_map(|(.., step)| step.strip_prefix("SEARCH ")?.split_whitespace().next())
            .filter(|alias| aliases.contains(alias))
            .collect();
        assert_eq!(read, aliases, "{}:{}", statement.file, statement.line);
        seen += 1;
    }
    assert!(seen > 0);
}

async fn with_rows(rows: &[(i64, Option<&str>)]) -> Vec<Place> {
    let places = places().await;
    for place in &places {
        for (n, name) in rows {
            let sql = "INSERT INTO recovery_codes (pool_id, user_id, hash, created_at) VALUES ('p', $1, $2, $3)";
            place.exec(sql, vals![n.to_string(), name.unwrap_or_default(), *n]).await.unwrap();
        }
    }
    places
}

#[tokio::test]
async fn booleans_are_conditions() {
    for place in &places().await {
        let sql = "INSERT INTO throttles (pool_id, bucket, straight, blocked_until, locked, touched_at)
                   VALUES ('p', 'a', 0, 0, TRUE, 0), ('p', 'b', 0, 0, FALSE, 0)";
        place.exec(sql, &[]).await.unwrap();
        let found: Vec<(String,)> = place.rows("SELECT bucket FROM throttles WHERE NOT locked", &[]).await;
        assert_eq!(found, [("b".to_owned(),)]);
        let found: Vec<(bool,)> = place.rows("SELECT locked FROM throttles WHERE locked = $1", vals![true]).await;
        assert_eq!(found, [(true,)], "{}", place.db.engine());
    }
}

#[tokio::test]
async fn a_null_parameter_takes_the_type_of_its_column() {
    for place in &places().await {
        let sql = "INSERT INTO server_keys (kind, id, sealed, created_at, signs_from, retired_at) VALUES ('k', 'i', $1, 0, 0, $2)";
        place.exec(sql, &[Val::Bytes(vec![1]), Val::Null]).await.unwrap();
        let found: Vec<(Option<i64>,)> = place.rows("SELECT retired_at FROM server_keys", &[]).await;
        assert_eq!(found, [(None,)], "{}", place.db.engine());
    }
}

#[tokio::test]
async fn a_sum_is_cast() {
    for place in &with_rows(&[(1, None), (2, None)]).await {
        let sql = "SELECT CAST(SUM(created_at) AS BIGINT) AS total FROM recovery_codes";
        assert_eq!(place.count(sql, &[]).await, 3);
        let none =
            "SELECT CAST(COALESCE(SUM(created_at), 0) AS BIGINT) AS total FROM recovery_codes WHERE user_id = 'x'";
        assert_eq!(place.count(none, &[]).await, 0, "{}", place.db.engine());
    }
}

#[tokio::test]
async fn division_rounds_towards_zero() {
    for place in &with_rows(&[(-7, None)]).await {
        assert_eq!(place.count("SELECT created_at / 2 AS half FROM recovery_codes", &[]).await, -3);
    }
}

#[tokio::test]
async fn a_parameter_may_be_used_twice_and_in_any_order() {
    for place in &with_rows(&[(1, Some("1")), (2, Some("1"))]).await {
        let sql = "SELECT created_at FROM recovery_codes WHERE user_id = $2 AND hash = $1 AND user_id = $2";
        let found: Vec<(i64,)> = place.rows(sql, vals!["1", "2"]).await;
        assert_eq!(found, [(2,)], "{}", place.db.engine());
    }
}

#[tokio::test]
async fn a_list_matches_its_members_and_an_empty_one_nothing() {
    for place in &with_rows(&[(1, None), (2, None), (3, None)]).await {
        let sql = "SELECT COUNT(*) FROM recovery_codes WHERE user_id IN ANY_OF($1)";
        let list = |items: &[&str]| vec![Val::Texts(items.iter().map(|s| (*s).to_owned()).collect())];
        assert_eq!(place.count(sql, &list(&["1", "3", "9", "\"", "3"])).await, 2);
        assert_eq!(place.count(sql, &list(&[])).await, 0, "{}", place.db.engine());
        let not = "SELECT COUNT(*) FROM recovery_codes WHERE NOT (user_id IN ANY_OF($1))";
        assert_eq!(place.count(not, &list(&["1"])).await, 2, "{}", place.db.engine());
    }
}

#[tokio::test]
async fn an_upsert_sees_the_old_row_and_the_new() {
    for place in &with_rows(&[(1, Some("old"))]).await {
        let sql = "INSERT INTO recovery_codes (pool_id, user_id, hash, created_at) VALUES ('p', '1', 'new', 10)
                   ON CONFLICT (pool_id, user_id)
                   DO UPDATE SET created_at = recovery_codes.created_at + 1, hash = excluded.hash";
        assert_eq!(place.exec(sql, &[]).await.unwrap(), 1);
        let found: Vec<(i64, String)> = place.rows("SELECT created_at, hash FROM recovery_codes", &[]).await;
        assert_eq!(found, [(2, "new".to_owned())], "{}", place.db.engine());
    }
}

#[tokio::test]
async fn a_conflict_that_does_nothing_counts_nothing() {
    for place in &with_rows(&[(1, Some("old"))]).await {
        let sql = "INSERT INTO recovery_codes (pool_id, user_id, hash, created_at) VALUES ('p', '1', 'new', 10)
                   ON CONFLICT (pool_id, user_id) DO NOTHING";
        assert_eq!(place.exec(sql, &[]).await.unwrap(), 0);
        assert_eq!(place.count("SELECT created_at FROM recovery_codes", &[]).await, 1, "{}", place.db.engine());
    }
}

#[tokio::test]
async fn nulls_are_ordered_where_we_say() {
    for place in &places().await {
        let sql = "INSERT INTO server_keys (kind, id, sealed, created_at, signs_from, retired_at) VALUES ('k', $1, $2, 0, 0, $3)";
        for (id, retired) in [("a", Val::Int(5)), ("b", Val::Null), ("c", Val::Int(4))] {
            place.exec(sql, &[id.into(), Val::Bytes(vec![]), retired]).await.unwrap();
        }
        let order = async |by: &str| -> String {
            let sql = format!("SELECT id FROM server_keys ORDER BY retired_at {by}");
            place.rows::<(String,)>(&sql, &[]).await.into_iter().map(|(id,)| id).collect()
        };
        assert_eq!(order("NULLS FIRST").await, "bca");
        assert_eq!(order("NULLS LAST").await, "cab");
        assert_eq!(order("DESC NULLS FIRST").await, "bac");
        assert_eq!(order("DESC NULLS LAST").await, "acb", "{}", place.db.engine());
    }
}

#[tokio::test]
async fn text_is_ordered_by_its_bytes() {
    let names = ["a", "B", "_", "ä", "Z", "z", "中", "-", "", "10", "9"];
    let mut expected: Vec<&str> = names.to_vec();
    expected.sort_unstable();
    for place in &places().await {
        for (n, name) in names.iter().enumerate() {
            let sql = "INSERT INTO recovery_codes (pool_id, user_id, hash, created_at) VALUES ('p', $1, $2, 0)";
            place.exec(sql, vals![n.to_string(), *name]).await.unwrap();
        }
        let found: Vec<(String,)> = place.rows("SELECT hash FROM recovery_codes ORDER BY hash", &[]).await;
        assert_eq!(found.iter().map(|(s,)| s.as_str()).collect::<Vec<_>>(), expected, "{}", place.db.engine());
    }
}

#[tokio::test]
async fn a_search_takes_the_wildcards_literally() {
    for place in
        &with_rows(&[(1, Some("100%")), (2, Some("1000")), (3, Some("a_b")), (4, Some("axb")), (5, Some("\\"))]).await
    {
        let find = async |text: &str| -> Vec<i64> {
            let pattern = format!("%{}%", crate::table::escape_like(text));
            let sql = "SELECT created_at FROM recovery_codes WHERE hash LIKE $1 ESCAPE '\\' ORDER BY created_at";
            place.rows::<(i64,)>(sql, vals![pattern]).await.into_iter().map(|(n,)| n).collect()
        };
        assert_eq!(find("0%").await, [1]);
        assert_eq!(find("a_").await, [3]);
        assert_eq!(find("\\").await, [5]);
        assert_eq!(find("").await, [1, 2, 3, 4, 5], "{}", place.db.engine());
    }
}

#[tokio::test]
async fn nulls_do_not_collide_in_a_unique_key() {
    for place in &places().await {
        let mut tx = place.db.write().await.unwrap();
        for id in ["a", "b"] {
            let nobody = crate::user::User {
                id: id.into(),
                username_key: None,
                email_key: None,
                phone_key: None,
                external_id_key: None,
                ..crate::Record::sample()
            };
            crate::user::TABLE.insert(&mut tx, &nobody).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(place.count("SELECT COUNT(*) FROM users WHERE username_key IS NULL", &[]).await, 2);
        assert_eq!(place.count("SELECT COUNT(*) FROM users WHERE username_key = $1", &[Val::Null]).await, 0);
    }
}
