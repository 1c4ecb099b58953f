//! What a unit of work promises, on every engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use watchword_kit::PoolId;

use super::{Place, cancelled_after, places};
use crate::session::{REFRESH_TOKENS, RefreshToken};
use crate::{Record, StoreError, Val, sql, vals};

fn token(pool: &str, id: &str) -> RefreshToken {
    RefreshToken { pool_id: pool.into(), id: id.into(), used_at: None, ..RefreshToken::sample() }
}

async fn tokens(place: &Place, pool: &str) -> i64 {
    place.count("SELECT COUNT(*) FROM refresh_tokens WHERE pool_id = $1", vals![pool]).await
}

#[tokio::test]
async fn a_committed_unit_is_seen_and_a_dropped_one_leaves_no_trace() {
    for place in &places().await {
        let mut tx = place.db.write().await.unwrap();
        REFRESH_TOKENS.insert(&mut tx, &token("p", "kept")).await.unwrap();
        assert_eq!(tokens(place, "p").await, 0, "{}: nobody else sees it before COMMIT", place.db.engine());
        tx.commit().await.unwrap();
        let mut tx = place.db.write().await.unwrap();
        REFRESH_TOKENS.insert(&mut tx, &token("p", "dropped")).await.unwrap();
        assert!(REFRESH_TOKENS.delete(&mut tx, &PoolId::new("p"), "kept").await.unwrap());
        drop(tx);
        let left: Vec<(String,)> = place.rows("SELECT id FROM refresh_tokens", &[]).await;
        assert_eq!(left, [("kept".to_owned(),)], "{}", place.db.engine());
    }
}

/// A request can be cancelled wherever it waits: until COMMIT has been asked for nothing may stay, and never a part.
#[tokio::test]
async fn a_unit_cancelled_at_any_await_leaves_all_or_nothing() {
    const ROWS: usize = 2500;
    for place in &places().await {
        let (mut before_commit, mut finished) = (0, false);
        for polls in 0..10_000 {
            let pool = format!("pool-{polls}");
            let asked = Arc::new(AtomicBool::new(false));
            let unit = async {
                let mut tx = place.db.write().await?;
                REFRESH_TOKENS.insert(&mut tx, &token(&pool, "first")).await?;
                let many: Vec<_> = (0..ROWS).map(|n| token(&pool, &format!("{n}"))).collect();
                REFRESH_TOKENS.insert_many(&mut tx, &many).await?;
                tx.run(sql!("UPDATE refresh_tokens SET used_at = 1 WHERE pool_id = $1"), vals![&pool]).await?;
                asked.store(true, Ordering::SeqCst);
                tx.commit().await
            };
            let outcome = cancelled_after(polls, unit).await;
            // On SQLite the next unit waits for whatever the cancelled one still had under way.
            drop(place.db.write().await.unwrap());
            let found = tokens(place, &pool).await;
            match outcome {
                Some(done) => {
                    done.unwrap();
                    assert_eq!(found, ROWS as i64 + 1);
                    finished = true;
                    break;
                }
                None if asked.load(Ordering::SeqCst) => assert!(found == 0 || found == ROWS as i64 + 1, "{found}"),
                None => {
                    before_commit += 1;
                    assert_eq!(found, 0, "{} cancelled at poll {polls}", place.db.engine());
                }
            }
        }
        assert!(finished && before_commit > 0, "{}: {before_commit}", place.db.engine());
    }
}

#[tokio::test]
async fn after_a_failed_statement_nothing_runs_and_nothing_is_committed() {
    for place in &places().await {
        let engine = place.db.engine();
        let mut tx = place.db.write().await.unwrap();
        REFRESH_TOKENS.insert(&mut tx, &token("p", "a")).await.unwrap();
        let taken = REFRESH_TOKENS.insert(&mut tx, &token("p", "a")).await.unwrap_err();
        assert_eq!(taken.unique(), Some("refresh_tokens_id"), "{engine}: {taken}");
        assert!(REFRESH_TOKENS.insert(&mut tx, &token("p", "b")).await.is_err(), "{engine}");
        assert!(REFRESH_TOKENS.get(&mut tx, &PoolId::new("p"), "a").await.is_err(), "{engine}");
        assert!(tx.commit().await.is_err(), "{engine}");
        assert_eq!(tokens(place, "p").await, 0, "{engine}");
        // The next unit on the same connection is not affected.
        for n in 0..20 {
            let mut tx = place.db.write().await.unwrap();
            REFRESH_TOKENS.insert(&mut tx, &token("q", &n.to_string())).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(tokens(place, "q").await, 20, "{engine}");
    }
}

#[tokio::test]
async fn a_wrong_number_of_values_is_refused() {
    for place in &places().await {
        let engine = place.db.engine();
        let wrong: [&[Val]; 3] = [&[], vals!["p"], vals!["p", "id", "more"]];
        for vals in wrong {
            let sql = "DELETE FROM refresh_tokens WHERE pool_id = $1 AND id = $2".to_owned();
            let read = "SELECT COUNT(*) FROM refresh_tokens WHERE pool_id = $1 AND id = $2".to_owned();
            let mut tx = place.db.write().await.unwrap();
            assert!(matches!(tx.run(&sql, vals).await, Err(StoreError::Broken(_))), "{engine}");
            drop(tx);
            let mut tx = place.db.write().await.unwrap();
            assert!(matches!(tx.run_together(&[((&sql).into(), vals)]).await, Err(StoreError::Broken(_))), "{engine}");
            drop(tx);
            let mut tx = place.db.read().await.unwrap();
            assert!(matches!(tx.all::<(i64,)>(&read, vals).await, Err(StoreError::Broken(_))), "{engine}");
        }
        let mut tx = place.db.write().await.unwrap();
        let short = tx.insert_many(REFRESH_TOKENS.insert_sql(), vec![vec![Val::Null]]).await;
        assert!(matches!(short, Err(StoreError::Broken(_))), "{engine}: {short:?}");
    }
}

#[tokio::test]
async fn a_statement_with_rows_is_not_run_for_its_count() {
    for place in &places().await {
        let mut tx = place.db.write().await.unwrap();
        let sql = "DELETE FROM refresh_tokens WHERE pool_id = $1 RETURNING id".to_owned();
        assert!(tx.run(&sql, vals!["p"]).await.is_err(), "{}", place.db.engine());
    }
}

#[tokio::test]
async fn a_read_cannot_write() {
    for place in &places().await {
        let engine = place.db.engine();
        place.exec("INSERT INTO schema_migrations (version, name, applied_at) VALUES (99, 'x', 0)", &[]).await.unwrap();
        let delete = "DELETE FROM schema_migrations WHERE version = 99".to_owned();
        let returning = format!("{delete} RETURNING version");
        let hidden = format!("WITH gone AS ({returning}) SELECT version FROM gone");
        for long in [false, true] {
            let mut tx = if long { place.db.scan().await.unwrap() } else { place.db.read().await.unwrap() };
            assert!(tx.run(&delete, &[]).await.is_err(), "{engine}");
            assert!(tx.run_together(&[((&delete).into(), &[])]).await.is_err(), "{engine}");
            assert!(tx.insert_many(&delete, vec![vec![]]).await.is_err(), "{engine}");
            assert!(tx.all::<(i64,)>(&returning, &[]).await.is_err(), "{engine}");
            assert!(tx.all::<(i64,)>(&hidden, &[]).await.is_err(), "{engine}");
            tx.commit().await.unwrap();
        }
        assert_eq!(place.count("SELECT COUNT(*) FROM schema_migrations WHERE version = 99", &[]).await, 1, "{engine}");
    }
}

#[tokio::test]
async fn statements_run_together_answer_each_count_and_fail_as_one() {
    for place in &places().await {
        let engine = place.db.engine();
        let insert = REFRESH_TOKENS.insert_sql();
        let (a, b) = (token("p", "a").values(), token("p", "b").values());
        let all = "UPDATE refresh_tokens SET used_at = 7 WHERE pool_id = $1".to_owned();
        let mut tx = place.db.write().await.unwrap();
        let list = [(insert.into(), &a[..]), (insert.into(), &b[..]), ((&all).into(), vals!["p"])];
        assert_eq!(tx.run_together(&list).await.unwrap(), [1, 1, 2], "{engine}");
        tx.commit().await.unwrap();
        let c = token("p", "c").values();
        let mut tx = place.db.write().await.unwrap();
        assert!(tx.run_together(&[(insert.into(), &c), (insert.into(), &a)]).await.is_err(), "{engine}");
        assert!(tx.commit().await.is_err(), "{engine}");
        assert_eq!(tokens(place, "p").await, 2, "{engine}");
    }
}

#[tokio::test]
async fn what_is_put_off_is_seen_by_what_follows_and_part_of_the_unit() {
    for place in places().await {
        let mut tx = place.db.write().await.unwrap();
        // More than one write carries.
        for n in 0..40 {
            REFRESH_TOKENS.insert_later(&mut tx, &token("p", &n.to_string())).await.unwrap();
        }
        let count = String::from("SELECT COUNT(*) FROM refresh_tokens WHERE pool_id = $1");
        assert_eq!(tx.one::<(i64,)>(&count, &["p".into()]).await.unwrap().0, 40);
        REFRESH_TOKENS.insert_later(&mut tx, &token("p", "last")).await.unwrap();
        drop(tx);
        assert_eq!(tokens(&place, "p").await, 0);
        let mut tx = place.db.write().await.unwrap();
        REFRESH_TOKENS.insert_later(&mut tx, &token("p", "only")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(tokens(&place, "p").await, 1);
    }
}

#[tokio::test]
async fn a_failure_of_what_was_put_off_leaves_nothing_of_the_unit() {
    for place in places().await {
        for then_read in [false, true] {
            let mut tx = place.db.write().await.unwrap();
            REFRESH_TOKENS.insert(&mut tx, &token("p", "1")).await.unwrap();
            let twice = async {
                REFRESH_TOKENS.insert_later(&mut tx, &token("p", "1")).await?;
                if then_read {
                    REFRESH_TOKENS.get(&mut tx, &PoolId::new("p"), "1").await?;
                }
                tx.commit().await
            };
            let error = twice.await.unwrap_err();
            assert_eq!(error.unique(), Some("refresh_tokens_id"), "{error:?}");
            assert_eq!(tokens(&place, "p").await, 0);
        }
    }
}

#[tokio::test]
async fn the_second_of_two_queries_sees_what_the_first_wrote() {
    for place in places().await {
        let mut tx = place.db.write().await.unwrap();
        let insert = format!("{} RETURNING id", REFRESH_TOKENS.insert_sql());
        let count = String::from("SELECT COUNT(*) FROM refresh_tokens WHERE pool_id = $1");
        let values = token("p", "1").values();
        let (made, seen): (Vec<(String,)>, Vec<(i64,)>) =
            tx.both((&insert, &values), (&count, &["p".into()])).await.unwrap();
        assert_eq!((made[0].0.as_str(), seen[0].0), ("1", 1));
        let again = tx.both::<(String,), (i64,)>((&insert, &values), (&count, &["p".into()])).await;
        assert!(again.is_err());
        assert!(tx.commit().await.is_err());
        assert_eq!(tokens(&place, "p").await, 0);
    }
}

#[tokio::test]
async fn rows_in_bulk_are_the_same_with_conflicts_nulls_and_bytes() {
    let mut first: Option<(u64, Vec<crate::user::Identity>)> = None;
    for place in &places().await {
        let row = |n: usize| crate::user::Identity {
            id: format!("{n:04}"),
            user_id_in_idp: n.to_string(),
            access_token_sealed: (!n.is_multiple_of(3)).then(|| vec![0, 255, n as u8]),
            refresh_token_sealed: n.is_multiple_of(2).then(Vec::new),
            user_info_in_idp: format!("{{\"名\":\"{n}', \\\"\"}}"),
            ..crate::user::Identity::sample()
        };
        let table = &crate::user::IDENTITIES;
        let mut tx = place.db.write().await.unwrap();
        table.insert_many(&mut tx, &(0..10).map(row).collect::<Vec<_>>()).await.unwrap();
        let sql = format!("{} ON CONFLICT (pool_id, id) DO NOTHING", table.insert_sql());
        let again = (5..1500).map(|n| row(n).values()).collect();
        let changed = tx.insert_many(&sql, again).await.unwrap();
        assert_eq!(changed, 1490, "{}", place.db.engine());
        assert_eq!(tx.insert_many(&sql, vec![]).await.unwrap(), 0);
        tx.commit().await.unwrap();
        let mut tx = place.db.read().await.unwrap();
        let page = crate::table::Page { limit: 2000, offset: 0 };
        let (_, rows) =
            table.page(&mut tx, &crate::Filter::pool(&PoolId::new("sample")), "created_at", page).await.unwrap();
        assert_eq!(rows.len(), 1500);
        assert_eq!(rows[1], row(1), "{}", place.db.engine());
        match &first {
            None => first = Some((changed, rows)),
            Some(first) => assert!(*first == (changed, rows), "the engines differ"),
        }
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_not_shown_in_the_error() {
    for place in &places().await {
        if place.db.engine() == "sqlite" {
            continue; // SQLite takes any type in any column.
        }
        let mut values = token("p", "a").values();
        values[6] = Val::Text("hunter2".into());
        let mut tx = place.db.write().await.unwrap();
        let bulk = tx.insert_many(REFRESH_TOKENS.insert_sql(), vec![values.clone()]).await.unwrap_err();
        let mut tx = place.db.write().await.unwrap();
        let one = tx.run(REFRESH_TOKENS.insert_sql(), &values).await.unwrap_err();
        for e in [bulk, one] {
            assert!(matches!(&e, StoreError::Broken(why) if !why.contains("hunter2")), "{e}");
        }
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    for place in &places().await {
        let sql = "INSERT INTO schema_migrations (version, name, applied_at) VALUES (999, 'future', 0)";
        place.exec(sql, &[]).await.unwrap();
        let options = crate::Options { url: place.url.clone(), connections: 2, frugal: false };
        let refused = crate::Db::open(&options, &watchword_kit::Clock::frozen(super::NOW)).await;
        assert!(refused.is_err_and(|e| e.to_string().contains("999")), "{}", place.db.engine());
    }
}

#[tokio::test]
async fn nodes_that_start_together_migrate_once() {
    for place in &places().await {
        let again = futures_util::future::join_all((0..4).map(|_| super::open(&place.url, 2))).await;
        assert_eq!(again.len(), 4);
        let applied = place.count("SELECT COUNT(*) FROM schema_migrations", &[]).await;
        assert_eq!(applied, crate::migrate::STEPS.len() as i64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_holds_a_name_reads_what_the_holder_before_has_left() {
    const TASKS: usize = 8;
    const TURNS: usize = 20;
    for place in &places().await {
        let pool = PoolId::new("p");
        let turn = |_| {
            let (db, pool) = (place.db.clone(), pool.clone());
            async move {
                let mut tx = db.write().await?;
                tx.hold(&pool, "counter").await?;
                let sql = "SELECT COUNT(*) AS n FROM refresh_tokens WHERE pool_id = 'p'".to_owned();
                let (seen,): (i64,) = tx.one(&sql, &[]).await?;
                // Two who have read the same number would write the same row.
                REFRESH_TOKENS.insert(&mut tx, &token("p", &format!("{seen}"))).await?;
                tx.commit().await
            }
        };
        for _ in 0..TURNS {
            for done in futures_util::future::join_all((0..TASKS).map(turn)).await {
                done.unwrap_or_else(|e| panic!("{}: {e}", place.db.engine()));
            }
        }
        assert_eq!(tokens(place, "p").await, (TASKS * TURNS) as i64, "{}", place.db.engine());
        let mut reading = place.db.read().await.unwrap();
        assert!(reading.hold(&pool, "counter").await.is_err(), "a read holds nothing");
    }
}
