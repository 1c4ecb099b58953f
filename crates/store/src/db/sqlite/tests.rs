//! Group commit, looked at from outside: what the log file holds, what another connection sees, who is told what.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::*;
use crate::session::{REFRESH_TOKENS, RefreshToken};
use crate::tests::{Place, sqlite};
use crate::{Db, Record, Tx};

const LONG: Duration = Duration::from_secs(30);

fn token(id: impl ToString) -> RefreshToken {
    RefreshToken { id: id.to_string(), ..RefreshToken::sample() }
}

async fn insert(db: &Db, id: impl ToString) -> Result<()> {
    let mut tx = db.write().await?;
    REFRESH_TOKENS.insert(&mut tx, &token(id)).await?;
    tx.commit().await
}

fn file(place: &Place) -> PathBuf {
    PathBuf::from(place.url.strip_prefix("sqlite:").unwrap())
}

/// Whether a connection that has nothing to do with us sees the row.
fn visible(path: &Path, id: &str) -> bool {
    let conn = Connection::open(path).unwrap();
    let sql = "SELECT COUNT(*) FROM refresh_tokens WHERE id = ?1";
    conn.query_row(sql, [id], |row| row.get::<_, i64>(0)).unwrap() == 1
}

/// Transactions in the write-ahead log: frames that end one carry the database's size (sqlite.org/fileformat2.html §4.1).
/// With synchronous=FULL each of them is one sync of the log.
fn commits(path: &Path) -> usize {
    let log = std::fs::read(format!("{}-wal", path.display())).unwrap_or_default();
    let word = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    if log.len() < 32 {
        return 0;
    }
    let page = word(8) as usize;
    let frames = (32..log.len()).step_by(24 + page).filter(|at| at + 24 <= log.len());
    frames.filter(|at| log[at + 8..at + 16] == log[16..24] && word(at + 4) != 0).count()
}

async fn let_others_run() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

fn raw(tx: &Tx) -> &Connection {
    match &tx.0 {
        crate::db::Inner::SqliteWrite(tx) => &tx.slot.as_deref().unwrap().conn,
        _ => panic!("not a unit on SQLite"),
    }
}

#[tokio::test]
async fn units_that_wait_for_the_writer_share_one_commit() {
    let place = sqlite().await;
    let before = commits(&file(&place));
    let mut first = place.db.write().await.unwrap();
    let others: Vec<_> = (0..64)
        .map(|n| {
            tokio::spawn({
                let db = place.db.clone();
                async move { insert(&db, n).await }
            })
        })
        .collect();
    let_others_run().await;
    REFRESH_TOKENS.insert(&mut first, &token("first")).await.unwrap();
    assert_eq!(commits(&file(&place)), before, "nothing is written before anyone commits");
    first.commit().await.unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(commits(&file(&place)) - before, 1, "65 units, one commit");
    assert_eq!(place.count("SELECT COUNT(*) FROM refresh_tokens", &[]).await, 65);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn busy_writers_commit_in_far_fewer_transactions_than_units() {
    let place = sqlite().await;
    let before = commits(&file(&place));
    let tasks = (0..64).map(|task| {
        let db = place.db.clone();
        tokio::spawn(async move {
            for n in 0..4 {
                insert(&db, task * 100 + n).await.unwrap();
            }
        })
    });
    for done in join_all(tasks).await {
        done.unwrap();
    }
    let made = commits(&file(&place)) - before;
    assert_eq!(place.count("SELECT COUNT(*) FROM refresh_tokens", &[]).await, 256);
    assert!((1..=128).contains(&made), "{made} commits for 256 units");
}

#[tokio::test]
async fn a_group_is_bounded() {
    let place = sqlite().await;
    let before = commits(&file(&place));
    let first = place.db.write().await.unwrap();
    let others: Vec<_> = (0..MAX_GROUP * 2)
        .map(|n| {
            let db = place.db.clone();
            tokio::spawn(async move { insert(&db, n).await })
        })
        .collect();
    let_others_run().await;
    first.commit().await.unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert!(commits(&file(&place)) - before >= 2, "nobody waits for more than {MAX_GROUP} others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_told_of_success_is_seen_by_everyone() {
    let place = sqlite().await;
    let path = Arc::new(file(&place));
    let tasks = (0..96).map(|n: i32| {
        let (db, path) = (place.db.clone(), path.clone());
        tokio::spawn(async move {
            insert(&db, n).await.unwrap();
            assert!(visible(&path, &n.to_string()), "unit {n} was told of success before COMMIT");
        })
    });
    for done in join_all(tasks).await {
        done.unwrap();
    }
}

#[tokio::test]
async fn a_failing_unit_does_not_hurt_its_group() {
    let place = sqlite().await;
    insert(&place.db, "taken").await.unwrap();
    let first = place.db.write().await.unwrap();
    let tasks: Vec<_> = (0..60)
        .map(|n| {
            let db = place.db.clone();
            tokio::spawn(async move {
                match n % 4 {
                    0 | 1 => insert(&db, n).await.is_ok(),
                    // A statement fails.
                    2 => {
                        let mut tx = db.write().await.unwrap();
                        REFRESH_TOKENS.insert(&mut tx, &token(n)).await.unwrap();
                        assert!(REFRESH_TOKENS.insert(&mut tx, &token("taken")).await.is_err());
                        tx.commit().await.is_ok()
                    }
                    // Dropped in the middle.
                    _ => {
                        let mut tx = db.write().await.unwrap();
                        REFRESH_TOKENS.insert(&mut tx, &token(n)).await.unwrap();
                        tokio::task::yield_now().await;
                        false
                    }
                }
            })
        })
        .collect();
    let_others_run().await;
    first.commit().await.unwrap();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), n % 4 < 2, "unit {n}");
        assert_eq!(visible(&file(&place), &n.to_string()), n % 4 < 2, "unit {n}");
    }
}

/// The group waits for the next in line to commit; if that one gives up, somebody else has to.
#[tokio::test]
async fn a_cancelled_waiter_does_not_strand_the_group() {
    let place = sqlite().await;
    // Cancelled while it waits for the writer, before and after the writer was handed to it, and holding it.
    for moment in 0..3 {
        let mut first = place.db.write().await.unwrap();
        REFRESH_TOKENS.insert(&mut first, &token(format!("first{moment}"))).await.unwrap();
        let db = place.db.clone();
        let waiter = tokio::spawn(async move {
            let _held = db.write().await.unwrap();
            std::future::pending::<()>().await;
        });
        let_others_run().await;
        let mut commit = Box::pin(first.commit());
        if moment == 0 {
            waiter.abort();
        }
        if moment > 0 {
            assert!((&mut commit).now_or_never().is_none(), "the first leaves the commit to the next in line");
            assert!(!visible(&file(&place), &format!("first{moment}")));
        }
        if moment == 2 {
            let_others_run().await;
        }
        waiter.abort();
        tokio::time::timeout(LONG, commit).await.expect("the group is committed").unwrap();
        assert!(visible(&file(&place), &format!("first{moment}")));
    }
}

#[tokio::test]
async fn a_group_whose_every_waiter_gives_up_is_committed_all_the_same() {
    let place = sqlite().await;
    let mut first = place.db.write().await.unwrap();
    REFRESH_TOKENS.insert(&mut first, &token("first")).await.unwrap();
    let waiters: Vec<_> = (0..20)
        .map(|n| {
            let db = place.db.clone();
            tokio::spawn(async move { insert(&db, n).await })
        })
        .collect();
    let_others_run().await;
    let mut commit = Box::pin(first.commit());
    assert!((&mut commit).now_or_never().is_none());
    waiters.iter().for_each(tokio::task::JoinHandle::abort);
    tokio::time::timeout(LONG, commit).await.expect("the group is committed").unwrap();
    // The writer is free again.
    tokio::time::timeout(LONG, insert(&place.db, "after")).await.expect("the writer is free").unwrap();
}

/// Cancelled after COMMIT was asked for: whether it happened is open, but the others are told.
#[tokio::test]
async fn a_member_that_stops_listening_does_not_disturb_the_group() {
    let place = sqlite().await;
    let first = place.db.write().await.unwrap();
    let others: Vec<_> = (0..10)
        .map(|n| {
            let db = place.db.clone();
            tokio::spawn(async move { insert(&db, n).await })
        })
        .collect();
    let_others_run().await;
    let mut commit = Box::pin(first.commit());
    assert!((&mut commit).now_or_never().is_none());
    drop(commit);
    for other in others {
        tokio::time::timeout(LONG, other).await.expect("told").unwrap().unwrap();
    }
}

#[tokio::test]
async fn when_the_outer_transaction_is_lost_every_member_is_told() {
    let place = sqlite().await;
    let mut first = place.db.write().await.unwrap();
    REFRESH_TOKENS.insert(&mut first, &token("first")).await.unwrap();
    let (db, (give, take)) = (place.db.clone(), oneshot::channel());
    let second = tokio::spawn(async move {
        let mut tx = db.write().await.unwrap();
        REFRESH_TOKENS.insert(&mut tx, &token("second")).await.unwrap();
        // As SQLite itself does when the disk is full.
        raw(&tx).execute_batch("ROLLBACK").unwrap();
        let _ = give.send(());
        tx.commit().await
    });
    let_others_run().await;
    let outcome = first.commit().await;
    take.await.unwrap();
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    assert!(second.await.unwrap().is_err());
    assert_eq!(place.count("SELECT COUNT(*) FROM refresh_tokens", &[]).await, 0);
    insert(&place.db, "after").await.unwrap();
    assert!(visible(&file(&place), "after"));
}

/// A full disk in the middle of a group: whoever was told of success is there, whoever was told of failure is not.
#[tokio::test]
async fn a_full_disk_is_told_to_those_who_lost_their_writes() {
    let place = sqlite().await;
    let first = place.db.write().await.unwrap();
    let pages: i64 = raw(&first).query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    raw(&first).query_row(&format!("PRAGMA max_page_count = {}", pages + 2), [], |_| Ok(())).unwrap();
    let tasks: Vec<_> = (0..12)
        .map(|n| {
            let db = place.db.clone();
            tokio::spawn(async move {
                let mut tx = db.write().await?;
                let size = if n == 5 { 100_000 } else { 1 };
                let row = RefreshToken { session_id: "x".repeat(size), ..token(n) };
                REFRESH_TOKENS.insert(&mut tx, &row).await?;
                tx.commit().await
            })
        })
        .collect();
    let_others_run().await;
    drop(first.commit().await);
    let mut failed = 0;
    for (n, task) in tasks.into_iter().enumerate() {
        let told = tokio::time::timeout(LONG, task).await.expect("everyone is told").unwrap();
        failed += usize::from(told.is_err());
        assert_eq!(told.is_ok(), visible(&file(&place), &n.to_string()), "unit {n} was told {told:?}");
        assert!(told.as_ref().err().is_none_or(|e| matches!(e, StoreError::Unavailable(_))), "{told:?}");
    }
    assert!((1..12).contains(&failed), "{failed} failed");
}

#[tokio::test(start_paused = true)]
async fn patience_with_another_process_is_counted_once_for_a_queue() {
    let place = sqlite().await;
    let other = Connection::open(file(&place)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = tokio::time::Instant::now();
    let queue: Vec<_> = (0..10)
        .map(|n| {
            let db = place.db.clone();
            tokio::spawn(async move { insert(&db, n).await })
        })
        .collect();
    for unit in queue {
        let told = unit.await.unwrap();
        assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    }
    assert!(began.elapsed() < BUSY_PATIENCE * 2, "{:?}", began.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    insert(&place.db, "after").await.unwrap();
}

#[tokio::test]
async fn a_reader_sees_one_moment() {
    let place = sqlite().await;
    insert(&place.db, 1).await.unwrap();
    let mut tx = place.db.read().await.unwrap();
    let sql = "SELECT COUNT(*) AS n FROM refresh_tokens".to_owned();
    assert_eq!(tx.one::<(i64,)>(&sql, &[]).await.unwrap(), (1,));
    insert(&place.db, 2).await.unwrap();
    assert_eq!(tx.one::<(i64,)>(&sql, &[]).await.unwrap(), (1,));
    drop(tx);
    assert_eq!(place.count(&sql, &[]).await, 2);
}

#[tokio::test]
async fn a_statement_is_compiled_once_whatever_its_values() {
    let place = sqlite().await;
    let Db::Sqlite(db) = &place.db else { unreachable!("it is SQLite") };
    let slot = db.writer.slot.lock().await;
    let mut again = Vec::new();
    for statement in crate::Statement::all().filter(|s| s.sql.trim_start().starts_with("SELECT")) {
        Sql::from(statement).for_sqlite(|text| {
            let mut stmt = slot.conn.prepare(text).unwrap();
            for round in ["1", "2", "3"] {
                for n in 1..=stmt.parameter_count() {
                    stmt.raw_bind_parameter(n, round).unwrap();
                }
                // A value of the wrong type fails, and that is as good.
                let _ = stmt.raw_query().next();
            }
            if stmt.get_status(rusqlite::StatementStatus::RePrepare) > 0 {
                again.push(format!("{}:{}", statement.file, statement.line));
            }
        });
    }
    assert!(again.is_empty(), "{}", again.join("\n"));
}
