//! A million users: how long searches take. Run by hand: `cargo test -p watchword-store -- --ignored --nocapture million`.

use std::time::{Duration, Instant};

use watchword_kit::{Millis, PoolId};

use super::super::{NOW, Place, places};
use crate::table::Page;
use crate::user::search::keyword::MAIN;
use crate::user::search::segment::{self, STEP};
use crate::user::search::{Column, DepartmentTest, Limits, Search, Test, find};
use crate::user::{CUSTOM_VALUES, CustomValue, TABLE, User};
use crate::{Record, Val, vals};

const USERS: u64 = 1_000_000;
const BATCH: u64 = 1000;

/// Numbers that look random and are the same every time.
fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕";
const GIVEN: &str =
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建文辉力海波宁晨曦子涵浩宇轩梓欣怡雨泽博思远嘉懿";
const FIRST: [&str; 12] =
    ["ada", "grace", "alan", "edsger", "barbara", "donald", "linus", "ken", "dennis", "margaret", "john", "anita"];
const LAST: [&str; 10] =
    ["lovelace", "hopper", "turing", "dijkstra", "liskov", "knuth", "torvalds", "thompson", "ritchie", "hamilton"];
const DOMAINS: [&str; 5] = ["example.com", "example.org", "mail.example.net", "corp.example.cn", "old-company.com"];

fn pick(list: &str, n: u64) -> char {
    let chars: Vec<char> = list.chars().collect();
    chars[n as usize % chars.len()]
}

fn user(n: u64) -> User {
    let r = mix(n);
    let chinese = !r.is_multiple_of(4);
    let name = if chinese {
        let mut name = format!("{}{}", pick(SURNAMES, r >> 8), pick(GIVEN, r >> 16));
        if (r >> 5) & 1 == 1 {
            name.push(pick(GIVEN, r >> 24));
        }
        name
    } else {
        format!("{} {}", FIRST[(r >> 8) as usize % 12], LAST[(r >> 16) as usize % 10])
    };
    let username = format!("{}.{}{}", FIRST[(r >> 32) as usize % 12], LAST[(r >> 40) as usize % 10], n);
    let domain = if n < USERS / 4 { DOMAINS[4] } else { DOMAINS[(r >> 48) as usize % 4] };
    let email = format!("{username}@{domain}");
    let phone = format!("13{:09}", n * 700_000_001 % 1_000_000_000);
    let created = NOW.0 - (USERS - n) as i64 * 60_000;
    let some = |s: &str| Some(s.to_owned());
    User {
        pool_id: POOL.into(),
        id: format!("{:08x}a1b2c3d4e5{:06x}", created / 1000, n & 0xff_ffff),
        status: if r.is_multiple_of(100) { "Suspended" } else { "Activated" }.into(),
        username: some(&username),
        username_key: some(&username),
        email: some(&email),
        email_key: some(&email),
        phone: some(&phone),
        phone_key: Some(format!("+86{phone}")),
        external_id: Some(format!("E{n:07}")),
        external_id_key: Some(format!("e{n:07}")),
        name: some(&name),
        name_key: some(&name),
        nickname: None,
        nickname_key: None,
        company: r.is_multiple_of(5).then(|| format!("Company {}", r % 1000)),
        identity_number: None,
        given_name: None,
        family_name: None,
        middle_name: None,
        profile: None,
        preferred_username: None,
        website: None,
        address: None,
        formatted: None,
        street_address: None,
        postal_code: None,
        logins_count: (mix(r) % 1000 * (mix(r) % 1000) / 10_000) as i64,
        last_login_at: (!r.is_multiple_of(3)).then(|| Millis(NOW.0 - (mix(r + 1) % 31_536_000_000) as i64)),
        created_at: Millis(created),
        updated_at: Millis(created + (mix(r + 2) % 86_400_000) as i64),
        suspend_at: None,
        activate_at: None,
        ..Record::sample()
    }
}

const POOL: &str = "0123456789abcdef01234567";

fn pool() -> PoolId {
    PoolId::new(POOL)
}

async fn fill(place: &Place, from: u64, to: u64) {
    for start in (from..to).step_by(BATCH as usize) {
        let rows: Vec<User> = (start..(start + BATCH).min(to)).map(user).collect();
        let mut tx = place.db.write().await.unwrap();
        TABLE.insert_many(&mut tx, &rows).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn beside(place: &Place) {
    place
        .exec(
            "INSERT INTO organizations (pool_id, id, code, created_at, updated_at) VALUES ($1, 'root', 'org', 0, 0)",
            vals![POOL],
        )
        .await
        .unwrap();
    for (id, parent) in [("root", None), ("big", Some("root")), ("small", Some("big"))] {
        let sql = "INSERT INTO departments (pool_id, id, organization_id, parent_id, name, name_key, is_virtual, enabled, custom_data, created_at, updated_at)
                   VALUES ($1, $2, 'root', $3, $2, $2, FALSE, TRUE, '{}', 0, 0)";
        place.exec(sql, vals![POOL, id, parent.map(str::to_owned)]).await.unwrap();
    }
    for start in (0..USERS).step_by(BATCH as usize) {
        let users: Vec<User> = (start..start + BATCH).map(user).collect();
        let mut tx = place.db.write().await.unwrap();
        let value = |u: &User, name: &str, value: String| CustomValue {
            pool_id: POOL.into(),
            name: name.into(),
            value_key: value,
            user_id: u.id.clone(),
            number_key: None,
        };
        let mut custom = Vec::new();
        let mut members = Vec::new();
        for (n, u) in (start..).zip(&users) {
            custom.push(value(u, "badge", format!("b{}", n / 7)));
            custom.push(value(u, "city", format!("city{}", mix(n) % 20)));
            if n.is_multiple_of(10) {
                members.push(vals![POOL, "big", &u.id, 0_i64].to_vec());
            }
            if n.is_multiple_of(5000) {
                members.push(vals![POOL, "small", &u.id, 0_i64].to_vec());
            }
        }
        CUSTOM_VALUES.insert_many(&mut tx, &custom).await.unwrap();
        let sql =
            "INSERT INTO department_tree_members (pool_id, department_id, user_id, joined_at) VALUES ($1, $2, $3, $4)"
                .to_owned();
        tx.insert_many(&sql, members).await.unwrap();
        tx.commit().await.unwrap();
    }
}

async fn index(place: &Place) -> (usize, Duration) {
    let (mut segments, mut building) = (0, Duration::ZERO);
    loop {
        let mut tx = place.db.scan().await.unwrap();
        let Some(draft) = segment::draft(&mut tx, &pool(), segment::SEGMENT).await.unwrap() else { break };
        drop(tx);
        let begun = Instant::now();
        let grams = draft.grams();
        building += begun.elapsed();
        let mut tx = place.db.write().await.unwrap();
        let number = draft.open(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        for part in grams.chunks(STEP) {
            let mut tx = place.db.write().await.unwrap();
            draft.write(&mut tx, number, part).await.unwrap();
            tx.commit().await.unwrap();
        }
        for from in (0..draft.len()).step_by(STEP) {
            let mut tx = place.db.write().await.unwrap();
            draft.fill(&mut tx, number, from).await.unwrap();
            tx.commit().await.unwrap();
        }
        segments += 1;
    }
    (segments, building)
}

type Make = Box<dyn Fn(u64) -> (Search, Vec<(&'static Column, bool)>, i64)>;

fn column(field: &str) -> &'static Column {
    find(field).unwrap()
}

fn keyword(text: String) -> Search {
    let main: Vec<&Column> = MAIN.iter().map(|f| column(f)).collect();
    Search::everyone(&pool()).and_keywords(&main, &text)
}

fn cases() -> Vec<(&'static str, Make)> {
    let all = || Search::everyone(&pool());
    let text = |s: &str| Val::Text(s.to_owned());
    let by = |make: fn(u64) -> Search| -> Make { Box::new(move |n| (make(n), vec![], 0)) };
    let mut cases: Vec<(&'static str, Make)> = vec![
        ("keyword: a whole phone number", by(|n| keyword(user(mix(n) % USERS).phone.unwrap()))),
        ("keyword: six digits of a phone", by(|n| keyword(user(mix(n) % USERS).phone.unwrap()[3..9].into()))),
        ("keyword: a user name", by(|n| keyword(user(mix(n) % USERS).username.unwrap()))),
        ("keyword: a common name (lovelace)", by(|n| keyword(LAST[n as usize % 10].into()))),
        ("keyword: nearly all (example)", by(|_| keyword("example".into()))),
        ("keyword: the oldest only (old-company)", by(|_| keyword("old-company".into()))),
        ("keyword: one letter", by(|n| keyword(((b'a' + n as u8 % 26) as char).into()))),
        (
            "keyword: two letters",
            by(|n| keyword(["lo", "ad", "zz", "xq", "m@", ".c", "13", "77"][n as usize % 8].into())),
        ),
        ("keyword: one Chinese character", by(|n| keyword(pick(SURNAMES, n).into()))),
        (
            "keyword: a Chinese name of two",
            by(|n| keyword(format!("{}{}", pick(SURNAMES, mix(n)), pick(GIVEN, mix(n) >> 9)))),
        ),
        ("keyword: a Chinese name of three", by(|n| keyword(user(4 * n + 1).name.unwrap()))),
        (
            "keyword: no match",
            by(|n| keyword(["nosuchthing", "龘", "qqqq", "0000000", "user@nowhere"][n as usize % 5].into())),
        ),
        (
            "keyword in company",
            by(|n| Search::everyone(&pool()).and_keywords(&[column("company")], &format!("company {}", n * 37 % 1000))),
        ),
        ("email contains .cn", by(|_| Search::everyone(&pool()).and(column("email"), Test::Contains(".cn".into())))),
        ("name is", by(|n| Search::everyone(&pool()).and(column("name"), Test::Is(user(n).name.into())))),
        (
            "externalId is",
            by(|n| Search::everyone(&pool()).and(column("externalId"), Test::Is(user(n).external_id_key.into()))),
        ),
        (
            "badge is (7 users)",
            by(|n| Search::everyone(&pool()).and_custom("badge", Test::Is(Val::Text(format!("b{}", n * 101))))),
        ),
        (
            "city is (50,000 users)",
            by(|n| Search::everyone(&pool()).and_custom("city", Test::Is(Val::Text(format!("city{}", n % 20))))),
        ),
    ];
    let department =
        |id: &str| DepartmentTest { organization: "org".into(), id: Some(id.into()), open: false, tree: true };
    let with = |search: Search, keys: Vec<(&'static Column, bool)>, offset: i64| -> Make {
        Box::new(move |_| (search.clone(), keys.clone(), offset))
    };
    let since =
        |field: &str, days: i64| all().and(column(field), Test::AtLeast(Millis(NOW.0 - days * 86_400_000).into()));
    let suspended = || all().and(column("status"), Test::Is(text("Suspended")));
    let activated = || all().and(column("status"), Test::Is(text("Activated")));
    cases.extend([
        ("everybody", with(all(), vec![], 0)),
        ("everybody, the middle page", with(all(), vec![], 500_000)),
        ("everybody, page 75,000", with(all(), vec![], 750_000)),
        ("everybody, the last page", with(all(), vec![], 999_990)),
        ("status Suspended", with(suspended(), vec![], 0)),
        ("status Suspended, page 900", with(suspended(), vec![], 9000)),
        ("status Activated", with(activated(), vec![], 0)),
        ("status Activated, the middle page", with(activated(), vec![], 495_000)),
        ("updated in the last day", with(since("updatedAt", 1), vec![], 0)),
        ("updated in the last 300 days", with(since("updatedAt", 300), vec![], 0)),
        ("signed in this week", with(since("lastLogin", 7), vec![], 0)),
        ("signed in this week, by time", with(since("lastLogin", 7), vec![(column("lastLogin"), true)], 0)),
        ("never signed in", with(all().and(column("lastLogin"), Test::Null), vec![], 0)),
        ("more than 95 sign-ins", with(all().and(column("loginsCount"), Test::AtLeast(Val::Int(95))), vec![], 0)),
        ("department of 200", with(all().and_departments(&[department("small")], false), vec![], 0)),
        ("department of 100,000", with(all().and_departments(&[department("big")], false), vec![], 0)),
        ("department of 100,000, page 5,000", with(all().and_departments(&[department("big")], false), vec![], 50_000)),
        (
            "Suspended, in the department of 100,000",
            with(suspended().and_departments(&[department("big")], false), vec![], 0),
        ),
        (
            "lovelace, Suspended, in the department",
            with(
                keyword("lovelace".into())
                    .and(column("status"), Test::Is(text("Suspended")))
                    .and_departments(&[department("big")], false),
                vec![],
                0,
            ),
        ),
        ("by username", with(all(), vec![(column("username"), false)], 0)),
        ("by username, backwards, page 100", with(all(), vec![(column("username"), true)], 1000)),
        ("by last sign-in", with(all(), vec![(column("lastLogin"), true)], 0)),
        ("by last sign-in, page 10,000", with(all(), vec![(column("lastLogin"), true)], 100_000)),
        ("by number of sign-ins", with(all(), vec![(column("loginsCount"), true)], 0)),
        ("by time of change, last page", with(all(), vec![(column("updatedAt"), false)], 999_990)),
        ("example, by last sign-in", with(keyword("example".into()), vec![(column("lastLogin"), true)], 0)),
        (
            "gender (no index), by time of creation",
            with(all().and(column("gender"), Test::Is(text("sample"))), vec![], 0),
        ),
    ]);
    cases
}

#[tokio::test]
#[ignore = "loads a million users, which takes minutes"]
async fn searches_among_a_million_users_are_quick() {
    // On PostgreSQL where one is named, otherwise on SQLite: one database of this size at a time.
    if let Some(place) = places().await.pop() {
        let engine = place.db.engine();
        let begun = Instant::now();
        fill(&place, 0, USERS).await;
        let filled = begun.elapsed();
        let per = |took: Duration| took.as_secs_f64() * 1e6 / USERS as f64;
        println!("{engine}: {USERS} users in {filled:.1?}, {:.0} µs each", per(filled));
        let begun = Instant::now();
        let mut tx = place.db.scan().await.unwrap();
        keyword("nosuchthing".into())
            .page(&mut tx, &[], Page { limit: 10, offset: 0 }, &Limits::default())
            .await
            .unwrap();
        println!("{engine}: before indexing, a search takes {:.1?}", begun.elapsed());
        drop(tx);
        let begun = Instant::now();
        let (segments, building) = index(&place).await;
        let took = begun.elapsed();
        println!(
            "{engine}: {segments} segments in {took:.1?}, {:.0} µs a user, {building:.1?} of it building",
            per(took)
        );
        beside(&place).await;
        sizes(&place).await;
        for (name, make) in cases() {
            let (mut times, mut total) = (Vec::new(), 0);
            for n in 0..40 {
                let (search, keys, offset) = make(n);
                let begun = Instant::now();
                let mut tx = place.db.scan().await.unwrap();
                let page = search.page(&mut tx, &keys, Page { limit: 10, offset }, &Limits::default()).await.unwrap();
                times.push(begun.elapsed());
                total = page.0;
                if times.iter().sum::<Duration>() > Duration::from_secs(20) {
                    break;
                }
            }
            times.sort();
            let ms = |at: usize| times[at * (times.len() - 1) / 100].as_secs_f64() * 1e3;
            println!("{engine} | {name} | {total} | {:.1} | {:.1}", ms(50), ms(100));
        }
        writes(&place).await;
    }
}

/// What the search costs those who make users.
async fn writes(place: &Place) {
    let fresh = async |pool: &str| {
        let begun = Instant::now();
        for start in (0..20_000).step_by(50) {
            let new = |n| User {
                pool_id: pool.into(),
                last_login_at: None,
                logins_count: 0,
                updated_at: user(n).created_at,
                ..user(n)
            };
            let rows: Vec<User> = (start..start + 50).map(new).collect();
            let mut tx = place.db.write().await.unwrap();
            TABLE.insert_many(&mut tx, &rows).await.unwrap();
            tx.commit().await.unwrap();
        }
        begun.elapsed().as_secs_f64() * 1e6 / 20_000.0
    };
    let (engine, with) = (place.db.engine(), fresh("with").await);
    let on = if engine == "postgres" { " ON users" } else { "" };
    place.exec(&format!("DROP TRIGGER users_inserted{on}"), &[]).await.unwrap();
    let without = fresh("without").await;
    for index in ["users_updated_at", "users_last_login_at", "users_logins_count", "users_status"] {
        place.exec(&format!("DROP INDEX {index}"), &[]).await.unwrap();
    }
    let bare = fresh("bare").await;
    println!(
        "{engine}: a new user in batches of 50: {with:.0} µs; without triggers {without:.0} µs; without the new indexes {bare:.0} µs"
    );
}

async fn sizes(place: &Place) {
    let sql = if place.db.engine() == "postgres" {
        let client = "VACUUM ANALYZE";
        super::super::server::run_sql(&place.url, client).await;
        "SELECT relname::text, pg_relation_size(oid)::bigint FROM pg_class
         WHERE relkind IN ('r', 'i') AND relname LIKE 'user%' AND pg_relation_size(oid) > 1000000 ORDER BY 2 DESC"
    } else {
        "SELECT name, CAST(SUM(pgsize) AS BIGINT) FROM dbstat WHERE name LIKE 'user%' GROUP BY name ORDER BY 2 DESC"
    };
    let mut tx = place.db.scan().await.unwrap();
    match tx.all::<(String, i64)>(&sql.to_owned(), &[]).await {
        Ok(rows) => rows.iter().for_each(|(name, size)| println!("  {name}: {} MB", size / 1_000_000)),
        Err(e) => println!("  sizes are not known: {e}"),
    }
}
