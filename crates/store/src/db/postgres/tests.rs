//! Connections of PostgreSQL: what goes back to the pool, and what happens when one dies.

use crate::session::{REFRESH_TOKENS, RefreshToken};
use crate::tests::server::run_sql;
use crate::tests::{Place, postgres};
use crate::{Record, StoreError};

fn token(n: usize) -> RefreshToken {
    RefreshToken { id: n.to_string(), ..RefreshToken::sample() }
}

async fn open_transactions(place: &Place) -> i64 {
    let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    place.count(sql, &[]).await
}

#[tokio::test]
async fn a_dropped_unit_gives_a_clean_connection_back() {
    let Some(place) = postgres(2).await else { return };
    for n in 0..50 {
        let mut tx = place.db.write().await.unwrap();
        REFRESH_TOKENS.insert(&mut tx, &token(n)).await.unwrap();
        if n % 2 == 0 {
            // Failed, then dropped.
            assert!(REFRESH_TOKENS.insert(&mut tx, &token(n)).await.is_err());
        }
        drop(tx);
        // With two connections the next units run on those that were given back.
        let mut tx = place.db.write().await.unwrap();
        REFRESH_TOKENS.insert(&mut tx, &token(1000 + n)).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(place.count("SELECT COUNT(*) FROM refresh_tokens", &[]).await, 50);
    let (a, b) = (place.db.read().await.unwrap(), place.db.read().await.unwrap());
    drop((a, b));
    assert_eq!(open_transactions(&place).await, 0);
}

#[tokio::test]
async fn a_killed_backend_is_told_as_unavailable_and_replaced() {
    let Some(place) = postgres(4).await else { return };
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for statement in [false, true] {
        let mut tx = place.db.write().await.unwrap();
        REFRESH_TOKENS.insert(&mut tx, &token(1)).await.unwrap();
        run_sql(&place.url, kill).await;
        let lost = if statement {
            REFRESH_TOKENS.insert(&mut tx, &token(2)).await.unwrap_err()
        } else {
            tx.commit().await.unwrap_err()
        };
        assert!(matches!(lost, StoreError::Unavailable(_)), "{lost:?}");
    }
    let mut refused = 0;
    loop {
        let again = async {
            let mut tx = place.db.write().await?;
            REFRESH_TOKENS.insert(&mut tx, &token(3)).await?;
            tx.commit().await
        };
        match again.await {
            Ok(()) => break,
            Err(e) => assert!(matches!(e, StoreError::Unavailable(_)), "{e:?}"),
        }
        refused += 1;
        assert!(refused < 8, "dead connections are replaced");
    }
    assert_eq!(place.count("SELECT COUNT(*) FROM refresh_tokens", &[]).await, 1);
}

/// Otherwise COMMIT would answer ROLLBACK, and the caller would believe in a write that is not there.
#[tokio::test]
async fn a_unit_with_an_abandoned_statement_is_not_committed() {
    let Some(place) = postgres(2).await else { return };
    let mut tx = place.db.write().await.unwrap();
    REFRESH_TOKENS.insert(&mut tx, &token(1)).await.unwrap();
    let row = token(1);
    let abandoned = crate::tests::cancelled_after(0, REFRESH_TOKENS.insert(&mut tx, &row)).await;
    assert!(abandoned.is_none(), "the statement had no time to be answered");
    assert!(tx.commit().await.is_err());
    assert_eq!(place.count("SELECT COUNT(*) FROM refresh_tokens", &[]).await, 0);
}

#[tokio::test]
async fn an_exhausted_pool_is_told_as_unavailable() {
    let Some(place) = postgres(2).await else { return };
    let held = (place.db.read().await.unwrap(), place.db.read().await.unwrap());
    let refused = place.db.read().await.map(drop);
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    drop(held);
    place.db.read().await.unwrap();
}
