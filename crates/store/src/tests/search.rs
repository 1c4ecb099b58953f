//! Searches of users: what they find does not depend on how they are run, and which indexes run them.

mod load;

use std::collections::BTreeSet;

use watchword_kit::{Millis, PoolId};

use super::{Place, places};
use crate::group::matching;
use crate::table::Page;
use crate::user::search::keyword::{Hits, MAIN, Word, hits};
use crate::user::search::segment::{self, STEP};
use crate::user::search::{Built, Column, DepartmentTest, Limits, Search, Test, find};
use crate::user::{CUSTOM_VALUES, CustomValue, TABLE, User};
use crate::{Filter, Record, Val};

fn pool() -> PoolId {
    PoolId::new("pool")
}

fn column(field: &str) -> &'static Column {
    find(field).expect("a field")
}

fn everyone() -> Search {
    Search::everyone(&pool())
}

fn keyword(text: &str) -> Search {
    let main: Vec<&Column> = MAIN.iter().map(|f| column(f)).collect();
    everyone().and_keywords(&main, text)
}

fn user(n: i64) -> User {
    let text = |s: String| Some(s);
    let name = ["张三", "李四", "ada"][n as usize % 3];
    User {
        pool_id: "pool".into(),
        id: format!("u{n:03}"),
        status: if n % 10 == 0 { "Suspended" } else { "Activated" }.into(),
        username: text(format!("User{n}")),
        username_key: text(format!("user{n}")),
        email: None,
        email_key: (n % 4 > 0).then(|| format!("u{n}@example.{}", if n % 2 == 0 { "com" } else { "org" })),
        phone: text(format!("138{:08}", n * 7919)),
        phone_key: text(format!("+86138{:08}", n * 7919)),
        external_id: None,
        external_id_key: None,
        name: text(name.to_owned()),
        name_key: text(name.to_owned()),
        nickname: None,
        nickname_key: None,
        company: (n % 5 == 0).then(|| format!("Company {}", n % 3)),
        logins_count: n % 7,
        last_login_at: (n % 3 > 0).then_some(Millis(1000 - n / 4)),
        created_at: Millis(n / 3),
        updated_at: Millis(500 - n),
        ..Record::sample()
    }
}

async fn filled(place: &Place, users: i64) {
    let rows: Vec<User> = (0..users).map(user).collect();
    let mut tx = place.db.write().await.unwrap();
    TABLE.insert_many(&mut tx, &rows).await.unwrap();
    let custom = |u: &User| CustomValue {
        pool_id: "pool".into(),
        name: "level".into(),
        value_key: format!("{}", u.logins_count),
        user_id: u.id.clone(),
        number_key: None,
    };
    CUSTOM_VALUES.insert_many(&mut tx, &rows.iter().map(custom).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    let sqls = [
        "INSERT INTO organizations (pool_id, id, code, created_at, updated_at) VALUES ('pool', 'root', 'org', 0, 0)",
        "INSERT INTO departments (pool_id, id, organization_id, name, name_key, is_virtual, enabled, custom_data, created_at, updated_at)
         VALUES ('pool', 'root', 'root', '', '', FALSE, TRUE, '{}', 0, 0)",
        "INSERT INTO department_tree_members (pool_id, department_id, user_id, joined_at)
         SELECT pool_id, 'root', id, 0 FROM users WHERE logins_count < 4",
    ];
    for sql in sqls {
        place.exec(sql, &[]).await.unwrap();
    }
}

/// Makes one segment of what is recent.
async fn index(place: &Place) {
    let mut tx = place.db.write().await.unwrap();
    let draft = segment::draft(&mut tx, &pool(), 1).await.unwrap().expect("recent texts");
    let number = draft.open(&mut tx).await.unwrap();
    draft.write(&mut tx, number, &draft.grams()).await.unwrap();
    for from in (0..draft.len()).step_by(STEP) {
        draft.fill(&mut tx, number, from).await.unwrap();
    }
    tx.commit().await.unwrap();
}

type Keys = Vec<(&'static Column, bool)>;

async fn page(place: &Place, search: &Search, keys: &Keys, offset: i64, limits: &Limits) -> (i64, Vec<String>) {
    let mut tx = place.db.read().await.unwrap();
    let (total, rows) = search.page(&mut tx, keys, Page { limit: 7, offset }, limits).await.unwrap();
    (total, rows.into_iter().map(|u| u.id).collect())
}

/// All who have a word.
fn few(hits: Hits) -> Vec<String> {
    match hits {
        Hits::Few(ids, _) => ids,
        Hits::Many(n, _) => panic!("about {n}"),
    }
}

fn department() -> Search {
    let root = DepartmentTest { organization: "org".into(), id: None, open: false, tree: true };
    everyone().and_departments(&[root], false)
}

fn from(field: &str, n: i64) -> Search {
    everyone().and(column(field), Test::AtLeast(Val::Int(n)))
}

fn searches() -> Vec<Search> {
    let status = |s: &str| Test::Is(s.into());
    vec![
        everyone(),
        everyone().and(column("status"), status("Suspended")),
        everyone().and(column("status"), status("Activated")).and(column("gender"), status("sample")),
        everyone().and(column("status"), Test::OneOf(vec!["Activated".into(), "Suspended".into()])),
        from("updatedAt", 450).and(column("updatedAt"), Test::AtMost(Val::Int(490))),
        everyone().and(column("lastLogin"), Test::Null),
        from("loginsCount", 3),
        everyone().and(column("email"), Test::Contains("EXAMPLE.com".into())),
        everyone().and(column("name"), Test::Is("李四".into())),
        everyone().and(column("company"), Test::Contains("company 2".into())),
        everyone().and_custom("level", Test::Is("5".into())),
        department(),
        department().and(column("status"), status("Suspended")),
        everyone().and_member("root", true),
        keyword("example").and_member("root", true),
        keyword("三").and_member("root", true).and(column("status"), status("Activated")),
        keyword("example"),
        keyword("三"),
        keyword("张三"),
        keyword("138000").and(column("loginsCount"), Test::AtLeast(Val::Int(2))),
        keyword("user1"),
        keyword("nobody"),
        keyword("o"),
        everyone().and_keywords(&[column("id")], "U01"),
        everyone().and_keywords(&[column("company"), column("email")], "com"),
    ]
}

fn orders() -> Vec<Keys> {
    let by = |field: &str, descending| vec![(column(field), descending)];
    vec![
        vec![],
        by("id", true),
        by("createdAt", false),
        by("email", false),
        by("email", true),
        by("lastLogin", true),
        by("lastLogin", false),
        by("status", true),
        vec![(column("status"), false), (column("lastLogin"), true)],
    ]
}

/// Few are sorted and many are walked; where the line is must not be seen.
#[tokio::test]
async fn a_search_finds_the_same_users_in_the_same_order_however_it_is_run() {
    const USERS: i64 = 80;
    for place in places().await {
        filled(&place, USERS).await;
        let sorted = Limits::default();
        let walked = Limits { few: 2, ..sorted };
        let guessed = Limits { few: 2, small_pool: 0, counted: 0, sample: 10, glance: 5 };
        for indexed in [false, true, true] {
            if indexed {
                index(&place).await;
                // Some are recent again, others gone, and the next segment has users of all ages.
                place
                    .exec("UPDATE users SET name_key = 'ada', name = 'ada' WHERE logins_count = 2", &[])
                    .await
                    .unwrap();
            }
            for search in searches() {
                for keys in orders() {
                    let (mut offset, mut seen) = (0, BTreeSet::new());
                    loop {
                        let wanted = page(&place, &search, &keys, offset, &sorted).await;
                        assert_eq!(page(&place, &search, &keys, offset, &walked).await, wanted, "{search:?} {keys:?}");
                        let (about, found) = page(&place, &search, &keys, offset, &guessed).await;
                        assert_eq!(found, wanted.1, "{search:?} {keys:?}");
                        // Whoever goes on as long as there is more sees everybody.
                        let more = offset + 7 < wanted.0;
                        assert!(!more || about > offset + 7, "{about} of {}: {search:?}", wanted.0);
                        seen.extend(found);
                        offset += 7;
                        if !more {
                            assert_eq!(seen.len() as i64, wanted.0);
                            break;
                        }
                    }
                    assert_eq!(page(&place, &search, &keys, 700, &walked).await.1, Vec::<String>::new());
                }
            }
        }
    }
}

#[tokio::test]
async fn the_texts_and_counts_of_a_pool_follow_its_users() {
    for place in places().await {
        filled(&place, 30).await;
        index(&place).await;
        let states = async || {
            let sql = "SELECT status, CAST(SUM(total) AS BIGINT) AS total FROM user_counts WHERE pool_id = 'pool'
                       GROUP BY status ORDER BY status";
            place.rows::<(String, i64)>(sql, &[]).await
        };
        assert_eq!(states().await, [("Activated".into(), 27), ("Suspended".into(), 3)]);
        place.exec("UPDATE users SET status = 'Archived' WHERE id = 'u001'", &[]).await.unwrap();
        place.exec("UPDATE users SET name_key = 'New', company = 'ACME' WHERE id = 'u002'", &[]).await.unwrap();
        place.exec("UPDATE users SET logins_count = 9, name_key = name_key WHERE id = 'u003'", &[]).await.unwrap();
        place.exec("DELETE FROM users WHERE id IN ('u004', 'u010')", &[]).await.unwrap();
        assert_eq!(states().await, [("Activated".into(), 25), ("Archived".into(), 1), ("Suspended".into(), 2)]);
        let recent: Vec<(String, String, String)> =
            place.rows("SELECT user_id, main, more FROM user_texts_recent", &[]).await;
        let main = "13800015838\u{1f}u2@example.com\u{1f}New\u{1f}user2\u{1f}sample\u{1f}";
        let (_, main_now, more_now) = &recent[0];
        assert!(recent.len() == 1 && main_now == main && more_now.contains("acme\u{1f}"), "{recent:?}");
        assert_eq!(place.count("SELECT COUNT(*) FROM user_texts", &[]).await, 27);
        let mut tx = place.db.read().await.unwrap();
        assert_eq!(few(hits(&mut tx, &pool(), &Word::new("User2@"), 9).await.unwrap()), [] as [&str; _]);
        assert_eq!(few(hits(&mut tx, &pool(), &Word::new("U2@"), 9).await.unwrap()), ["u002"]);
        assert_eq!(few(hits(&mut tx, &pool(), &Word::new("u10@"), 9).await.unwrap()), [] as [&str; _]);
        assert!(matches!(hits(&mut tx, &pool(), &Word::new("138"), 9).await.unwrap(), Hits::Many(28, _)));
    }
}

/// More conditions than one statement asks, on some of the users.
#[tokio::test]
async fn conditions_that_are_asked_together_hold_for_whom_each_holds_alone() {
    for place in places().await {
        filled(&place, 80).await;
        let lacking = everyone().and(column("company"), Test::Lacks("2".into())).and_custom("level", Test::Null);
        let mut conditions: Vec<Filter> = searches().iter().chain([&lacking]).map(Search::filter).collect();
        while conditions.len() < 130 {
            conditions.extend_from_within(..);
        }
        let users: Vec<String> = (0..90).filter(|n| n % 3 > 0).map(|n| user(n).id).collect();
        let mut tx = place.db.read().await.unwrap();
        let together = matching(&mut tx, &pool(), &conditions, &users).await.unwrap();
        let together: BTreeSet<(usize, String)> = together.into_iter().map(|(user, i)| (i, user)).collect();
        let mut alone = BTreeSet::new();
        for (i, condition) in conditions.iter().enumerate() {
            let (text, vals) = condition.parts();
            let found: Vec<(String,)> = tx.all(&format!("SELECT id FROM users WHERE {text}"), vals).await.unwrap();
            alone.extend(found.into_iter().map(|(id,)| (i, id)).filter(|(_, id)| users.contains(id)));
        }
        assert!(alone.len() > 1000, "{}", alone.len());
        assert_eq!(together, alone, "{}", place.db.engine());
    }
}

/// Which steps a statement takes, in the engine's words.
async fn plan(place: &Place, built: &Built) -> String {
    let mut tx = place.db.write().await.unwrap();
    if place.db.engine() == "sqlite" {
        let explained = format!("EXPLAIN QUERY PLAN {}", built.sql);
        let steps: Vec<super::engines::Plan> = tx.all(&explained, &built.vals).await.unwrap();
        return steps.into_iter().map(|s| s.0).collect::<Vec<_>>().join("\n");
    }
    tx.run(&"SET LOCAL enable_seqscan = off".to_owned(), &[]).await.unwrap();
    let explained = format!("EXPLAIN {}", built.sql);
    let steps: Vec<(String,)> = tx.all(crate::statement::Sql::Once(&explained), &built.vals).await.unwrap();
    steps.into_iter().map(|(s,)| s).collect::<Vec<_>>().join("\n")
}

/// The index that answers each kind of search, on both engines; none of them sorts what it reads.
#[tokio::test]
async fn every_common_search_is_answered_by_an_index() {
    let status = |s: &str| Test::Is(s.into());
    let walked: Vec<(Search, Keys, &str)> = vec![
        (everyone(), vec![], "users_created_at"),
        (everyone().and(column("status"), status("Activated")), vec![], "users_status|users_created_at"),
        (everyone().and(column("gender"), status("sample")), vec![], "users_created_at"),
        (department(), vec![], "users_created_at"),
        (from("updatedAt", 1), vec![(column("updatedAt"), true)], "users_updated_at"),
        (keyword("e"), vec![(column("lastLogin"), true)], "users_last_login_at"),
        (everyone(), vec![(column("lastLogin"), false)], "users_last_login_at"),
        (everyone(), vec![(column("loginsCount"), true)], "users_logins_count"),
        (everyone(), vec![(column("username"), false)], "users_username_key"),
        (
            keyword("e").and_member("root", true),
            vec![(column("id"), true)],
            "department_tree_members|SEARCH m USING PRIMARY",
        ),
        (everyone(), vec![(column("email"), true)], "users_email_key"),
    ];
    let found: Vec<(Search, &str)> = vec![
        (everyone().and(column("status"), status("Suspended")), "users_status"),
        (from("createdAt", 6600), "users_created_at"),
        (from("updatedAt", 490), "users_updated_at"),
        (from("lastLogin", 995), "users_last_login_at"),
        (everyone().and(column("email"), Test::Is("a".into())), "users_email_key"),
        (everyone().and_custom("level", Test::Is("5".into())), "user_custom_values"),
        (department(), "department_tree_members"),
    ];
    for place in places().await {
        // PostgreSQL looks at how many there are, SQLite at nothing but the schema.
        let postgres = place.db.engine() == "postgres";
        filled(&place, if postgres { 20_000 } else { 80 }).await;
        if postgres {
            place.exec("ANALYZE", &[]).await.unwrap();
        }
        index(&place).await;
        let walk = Limits { few: 0, ..Limits::default() };
        for (search, keys, index) in &walked {
            Built::forget();
            page(&place, search, keys, 0, &walk).await;
            let built = Built::remembered().into_iter().find(|b| b.sql.starts_with("SELECT id FROM ")).unwrap();
            let plan = plan(&place, &built).await;
            assert!(
                index.split('|').any(|index| plan.contains(index)) && !plan.contains("SCAN users"),
                "{}\n{plan}",
                built.sql
            );
            // Within equal values of a key that is unique nothing is left to sort, which PostgreSQL does not know.
            let sorts = plan.replace("Incremental Sort", "").contains("Sort  (");
            assert!(!plan.contains("TEMP B-TREE") && !sorts, "{}\n{plan}", built.sql);
        }
        // Who has a text is looked up by number and by id, each once; recent texts are read one by one.
        Built::forget();
        page(&place, &keyword("e"), &vec![], 0, &walk).await;
        let newest =
            Built::remembered().into_iter().find(|b| b.sql.contains("users.created_at, users.id FROM")).unwrap();
        let plan_of = plan(&place, &newest).await;
        let scans = ["SCAN users", "Seq Scan on users", "Seq Scan on user_texts t"];
        assert!(!scans.iter().any(|scan| plan_of.contains(scan)), "{plan_of}");
        for (search, index) in &found {
            Built::forget();
            page(&place, search, &vec![], 0, &Limits::default()).await;
            for built in Built::remembered() {
                let plan = plan(&place, &built).await;
                let by_id = built.sql.contains("OVER ()");
                // PostgreSQL weighs how many there are: many are better walked to in order than found by their index.
                let wanted = match by_id {
                    _ if postgres => "Index",
                    true => "(pool_id=? AND id=?)",
                    false => index,
                };
                assert!(
                    plan.contains(wanted) && !plan.contains("SCAN users") && !plan.contains("Seq Scan"),
                    "{}\n{plan}",
                    built.sql
                );
            }
        }
    }
}
