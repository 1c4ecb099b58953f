//! Random concurrent units against a model: a conditional write happens exactly once, whatever else happens.

use std::sync::{Arc, Mutex};

use watchword_kit::{Millis, PoolId};

use super::{NOW, Place, cancelled_after, places};
use crate::session::{REFRESH_TOKENS, RefreshToken, spend_refresh_token};
use crate::{Record, Val};

const TOKENS: usize = 12;
const UNITS: usize = 160;

/// A small generator (Steele, Lea and Flood's SplitMix64), so that a failing seed can be run again.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Commit,
    Drop,
    FailAfterwards,
    CancelAfter(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    /// Told that this attempt spent the token.
    Spent,
    /// Told that somebody else had.
    TooLate,
    /// Never told: may or may not have happened.
    Cancelled,
    /// Told, or decided, that nothing happened.
    Undone,
}

#[derive(Debug)]
struct Attempt {
    number: i64,
    token: usize,
    seen: Seen,
}

async fn attempt(place: &Place, token: usize, number: i64, fate: Fate) -> Seen {
    let work = async {
        let mut tx = place.db.write().await.unwrap();
        // The time of use names the attempt.
        let won = spend_refresh_token(&mut tx, &PoolId::new("p"), &token.to_string(), Millis(number)).await.unwrap();
        tokio::task::yield_now().await;
        match fate {
            Fate::Drop => Seen::Undone,
            Fate::FailAfterwards => {
                assert!(REFRESH_TOKENS.insert(&mut tx, &row(0)).await.is_err(), "the token exists");
                assert!(tx.commit().await.is_err());
                Seen::Undone
            }
            Fate::Commit | Fate::CancelAfter(_) => {
                tx.commit().await.unwrap();
                if won { Seen::Spent } else { Seen::TooLate }
            }
        }
    };
    match fate {
        Fate::CancelAfter(polls) => cancelled_after(polls, work).await.unwrap_or(Seen::Cancelled),
        _ => work.await,
    }
}

fn row(token: usize) -> RefreshToken {
    RefreshToken { pool_id: "p".into(), id: token.to_string(), used_at: None, ..RefreshToken::sample() }
}

async fn round(seed: u64) {
    for place in places().await {
        let place = Arc::new(place);
        let mut tx = place.db.write().await.unwrap();
        REFRESH_TOKENS.insert_many(&mut tx, &(0..TOKENS).map(row).collect::<Vec<_>>()).await.unwrap();
        tx.commit().await.unwrap();
        let mut random = Seeded(seed);
        let log = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = (0..UNITS)
            .map(|n| {
                let (number, token) = (NOW.0 + n as i64, random.below(TOKENS as u64) as usize);
                let fate = match random.below(10) {
                    0..4 => Fate::Commit,
                    4 => Fate::Drop,
                    5 => Fate::FailAfterwards,
                    _ => Fate::CancelAfter(random.below(8) as usize),
                };
                let (place, log) = (place.clone(), log.clone());
                tokio::spawn(async move {
                    let seen = attempt(&place, token, number, fate).await;
                    log.lock().unwrap().push(Attempt { number, token, seen });
                })
            })
            .collect();
        for task in tasks {
            let within = tokio::time::timeout(std::time::Duration::from_secs(60), task).await;
            within.expect("no unit waits for ever").expect("no unit panics");
        }
        // On SQLite this waits for what cancelled units still have under way.
        drop(place.db.write().await.unwrap());
        settle(&place).await;
        let told = std::mem::take(&mut *log.lock().unwrap());
        check(&place, &told, seed).await;
    }
}

/// Waits until no connection of PostgreSQL is in a transaction that a cancelled unit has left behind.
async fn settle(place: &Place) {
    if place.db.engine() == "sqlite" {
        return;
    }
    let sql = "SELECT COUNT(*) FROM pg_stat_activity
               WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()";
    for _ in 0..10_000 {
        if place.count(sql, &[]).await == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("a transaction was left open");
}

async fn check(place: &Place, log: &[Attempt], seed: u64) {
    let engine = place.db.engine();
    for token in 0..TOKENS {
        let id = Val::Text(token.to_string());
        let used: Option<i64> =
            place.rows::<(Option<i64>,)>("SELECT used_at FROM refresh_tokens WHERE id = $1", &[id]).await[0].0;
        let told: Vec<&Attempt> = log.iter().filter(|a| a.token == token).collect();
        let context = format!("seed {seed}, {engine}, token {token}, used by {used:?}: {told:?}");
        let winners: Vec<i64> = told.iter().filter(|a| a.seen == Seen::Spent).map(|a| a.number).collect();
        assert!(winners.len() <= 1, "spent twice: {context}");
        if let Some(winner) = winners.first() {
            assert_eq!(used, Some(*winner), "acknowledged, but not there: {context}");
        }
        if let Some(by) = used {
            let by = told.iter().find(|a| a.number == by).expect("an attempt on this token");
            assert!(matches!(by.seen, Seen::Spent | Seen::Cancelled), "undone, but there: {context}");
        } else {
            assert!(told.iter().all(|a| a.seen != Seen::TooLate), "nobody spent it, but one came too late: {context}");
        }
    }
}

#[tokio::test]
async fn a_conditional_write_happens_exactly_once_on_one_thread() {
    for seed in 1..=6 {
        round(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_conditional_write_happens_exactly_once_on_many_threads() {
    for seed in 101..=106 {
        round(seed).await;
    }
}
