//! A large directory: how long it takes to read. Run by hand:
//! `cargo test -p watchword-store -- --ignored --nocapture large_directory`.
//!
//! A pool of 200,000. The older half are the people of one subtree; they joined in another order than that of their
//! accounts. A group has every second user, so it shares half of its members with the subtree.

use std::time::{Duration, Instant};

use watchword_kit::{Millis, PoolId};

use super::server::run_sql;
use super::{NOW, Place, places};
use crate::department::member::{self, Order};
use crate::role::{Sources, members};
use crate::table::Page;
use crate::user::search::keyword::MAIN;
use crate::user::search::segment::{self, STEP};
use crate::user::search::{Column, Limits, Search, find};
use crate::user::{TABLE, User};
use crate::{Record, vals};

const POOL: &str = "0123456789abcdef01234567";
const USERS: i64 = 200_000;
const PEOPLE: i64 = 100_000;
const BATCH: i64 = 1000;
const NAMES: [&str; 4] = ["王伟", "李娜", "ada lovelace", "grace hopper"];

fn pool() -> PoolId {
    PoolId::new(POOL)
}

fn user(n: i64) -> User {
    let created = NOW.0 - (USERS - n) * 60_000;
    let name = NAMES[(n * 7919 % 97) as usize % 4];
    // Half of the names are of the old alone, or of the young alone.
    let domain = if n < PEOPLE { "old.example" } else { "new.example" };
    let email = Some(format!("user{n}@{domain}"));
    User {
        pool_id: POOL.into(),
        id: format!("{created:012x}{n:012x}"),
        username: Some(format!("user{n}")),
        username_key: Some(format!("user{n}")),
        email: email.clone(),
        email_key: email,
        phone: Some(format!("13{n:09}")),
        phone_key: Some(format!("+8613{n:09}")),
        external_id: None,
        external_id_key: None,
        name: Some(name.into()),
        name_key: Some(name.into()),
        nickname: None,
        nickname_key: None,
        identity_number: None,
        created_at: Millis(created),
        ..Record::sample()
    }
}

async fn fill(place: &Place) {
    for start in (0..USERS).step_by(BATCH as usize) {
        let rows: Vec<User> = (start..start + BATCH).map(user).collect();
        let mut tx = place.db.write().await.unwrap();
        TABLE.insert_many(&mut tx, &rows).await.unwrap();
        let people = (start..start + BATCH).zip(&rows).filter(|(n, _)| *n < PEOPLE);
        let people = people.map(|(n, u)| vals![POOL, "big", &u.id, n * 7919 % PEOPLE].to_vec());
        let sql =
            "INSERT INTO department_tree_members (pool_id, department_id, user_id, joined_at) VALUES ($1, $2, $3, $4)";
        tx.insert_many(&sql.to_owned(), people.collect()).await.unwrap();
        let every = rows.iter().step_by(2).map(|u| vals![POOL, "group", &u.id, 0_i64].to_vec());
        let sql = "INSERT INTO group_members (pool_id, group_id, user_id, joined_at) VALUES ($1, $2, $3, $4)";
        tx.insert_many(&sql.to_owned(), every.collect()).await.unwrap();
        tx.commit().await.unwrap();
    }
    for (kind, id) in [("DEPARTMENT", "big"), ("GROUP", "group")] {
        let sql = "INSERT INTO role_assignments (pool_id, role_id, target_type, target_id, created_at, updated_at)
                   VALUES ($1, 'role', $2, $3, 0, 0)";
        place.exec(sql, vals![POOL, kind, id]).await.unwrap();
    }
    loop {
        let mut tx = place.db.scan().await.unwrap();
        let Some(draft) = segment::draft(&mut tx, &pool(), segment::SEGMENT).await.unwrap() else { break };
        drop(tx);
        let mut tx = place.db.write().await.unwrap();
        let number = draft.open(&mut tx).await.unwrap();
        draft.write(&mut tx, number, &draft.grams()).await.unwrap();
        for from in (0..draft.len()).step_by(STEP) {
            draft.fill(&mut tx, number, from).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    if place.db.engine() == "postgres" {
        run_sql(&place.url, "VACUUM ANALYZE").await;
    }
}

async fn timed<T>(place: &Place, name: &str, run: impl AsyncFn(i64) -> T) {
    let mut times = Vec::new();
    for n in 0..20 {
        let begun = Instant::now();
        run(n).await;
        times.push(begun.elapsed());
        if times.iter().sum::<Duration>() > Duration::from_secs(10) {
            break;
        }
    }
    times.sort();
    let ms = |at: usize| times[at * (times.len() - 1) / 100].as_secs_f64() * 1e3;
    println!("{} | {name} | {:.1} | {:.1}", place.db.engine(), ms(50), ms(100));
}

async fn members_of_the_subtree(place: &Place) {
    for (name, offset) in [("first", 0), ("page 250", 12_500), ("middle", 49_950), ("last", 99_950)] {
        for (by, by_joining) in [("joining", true), ("age", false)] {
            let order = Order { by_joining, descending: false };
            timed(place, &format!("members of 100,000 by {by}, {name} page"), async |_| {
                let mut tx = place.db.scan().await.unwrap();
                let page = Page { limit: 50, offset };
                let (total, ids) = member::page(&mut tx, &pool(), "big", true, order, page).await.unwrap();
                assert_eq!((total, ids.len()), (PEOPLE, 50));
            })
            .await;
        }
    }
}

async fn searches_in_the_subtree(place: &Place) {
    let main: Vec<&Column> = MAIN.iter().map(|f| find(f).expect("a field")).collect();
    let words = [
        ("one", "13000041234"),
        ("20", "user4123"),
        ("25,000", "lovelace"),
        ("25,000", "王"),
        ("all", "old.example"),
        ("all of all", "user"),
        ("none, who are many elsewhere", "new.example"),
        ("none anywhere", "nosuchthing"),
    ];
    for (whom, word) in words {
        for offset in [0, 1000] {
            timed(place, &format!("search in 100,000: {word} ({whom}), from {offset}"), async |_| {
                let mut tx = place.db.scan().await.unwrap();
                let search = Search::everyone(&pool()).and_keywords(&main, word).and_member("big", true);
                search
                    .page(&mut tx, &[(find("id").unwrap(), true)], Page { limit: 10, offset }, &Limits::default())
                    .await
                    .unwrap()
            })
            .await;
        }
    }
}

async fn holders_of_the_role(place: &Place) {
    for (name, offset) in [("first", 0), ("middle", 74_950), ("last", 149_950)] {
        timed(place, &format!("150,000 holders from two sources, {name} page"), async |_| {
            let mut tx = place.db.scan().await.unwrap();
            let sources = Sources::of(&mut tx, &pool(), &["role".into()], None).await.unwrap();
            let (total, ids) = members(&mut tx, &pool(), &sources, Page { limit: 50, offset }).await.unwrap();
            assert_eq!((total, ids.len()), (150_000, 50));
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "loads 200,000 users, which takes a minute"]
async fn a_large_directory_is_read_quickly() {
    for place in places().await {
        fill(&place).await;
        members_of_the_subtree(&place).await;
        searches_in_the_subtree(&place).await;
        holders_of_the_role(&place).await;
    }
}
