//! Joining and leaving departments, and the lists of who is in them.

use serde_json::{Value, json};
use watchword_kit::Millis;
use watchword_testkit::{Server, minutes};

use super::{TREE, add, assert_tree_is_true, below, count, members, remove, start};

#[tokio::test]
async fn lists_are_in_the_order_of_joining_each_person_once() {
    let (server, admin, _) = start().await;
    let dev = below(&admin, "root", "Dev").await;
    let ops = below(&admin, &dev, "Ops").await;
    let mut ids = Vec::new();
    for name in ["ada", "bob", "eve", "kim"] {
        ids.push(server.user(name).await);
    }
    add(&admin, &ops, &[&ids[1]]).await.ok();
    server.clock.advance(Millis(1));
    add(&admin, &dev, &[&ids[0], &ids[1]]).await.ok();
    server.clock.advance(Millis(1));
    add(&admin, &ops, &[&ids[3], &ids[0]]).await.ok();
    assert_eq!(members(&admin, &dev, "").await, ["bob", "ada"], "latest first, ties by id");
    assert_eq!(members(&admin, &dev, "&orderBy=Asc").await, ["ada", "bob"]);
    assert_eq!(members(&admin, &ops, "&orderBy=Asc").await, ["bob", "ada", "kim"]);
    assert_eq!(members(&admin, &dev, &format!("{TREE}&orderBy=Asc")).await, ["bob", "ada", "kim"]);
    assert_eq!(members(&admin, "root", TREE).await, ["kim", "ada", "bob"]);
    assert_eq!(members(&admin, "root", &format!("{TREE}&sortBy=Default&orderBy=Asc")).await, ["ada", "bob", "kim"]);
    assert_eq!(members(&admin, "root", &format!("{TREE}&sortBy=Default")).await, ["kim", "bob", "ada"]);
    assert_eq!(members(&admin, "root", "").await, Vec::<String>::new());
    let own = admin.get(&format!("/api/v3/list-department-member-ids?organizationCode=hq&departmentId={ops}")).await;
    assert_eq!(own.ok(), json!([ids[1], ids[0], ids[3]]));
}

#[tokio::test]
async fn every_page_of_a_list_shows_what_the_whole_list_has_there() {
    let (server, admin, _) = start().await;
    let dev = below(&admin, "root", "Dev").await;
    let names: Vec<Value> = (0..23).map(|n| json!({ "username": format!("user{n:02}") })).collect();
    let made = admin.post("/api/v3/create-users-batch", json!({ "list": names })).await.ok();
    let ids: Vec<&str> = made.as_array().expect("a list").iter().filter_map(|u| u["userId"].as_str()).collect();
    for part in ids.chunks(5) {
        add(&admin, &dev, part).await.ok();
        server.clock.advance(Millis(1));
    }
    for (more, department) in [("", dev.as_str()), (TREE, "root")] {
        for sort in ["&orderBy=Asc", "&orderBy=Desc", "&sortBy=Default&orderBy=Asc", "&sortBy=Default"] {
            let whole = members(&admin, department, &format!("{more}{sort}")).await;
            assert_eq!(whole.len(), 23);
            for limit in [1, 4, 7, 23] {
                let mut paged = Vec::new();
                for page in 1..=23_usize.div_ceil(limit) {
                    let query = format!("?organizationCode=hq&departmentId={department}&page={page}&limit={limit}");
                    let reply = admin.get(&format!("/api/v3/list-department-members{query}{more}{sort}")).await.ok();
                    assert_eq!(reply["totalCount"], 23);
                    let list = reply["list"].as_array().expect("a list").clone();
                    paged.extend(list.iter().map(|u| u["username"].as_str().unwrap_or_default().to_owned()));
                }
                assert_eq!(paged, whole, "{sort}, {limit} a page");
            }
        }
    }
    let beyond = "/api/v3/list-department-members?organizationCode=hq&departmentId=root&page=3&limit=20";
    assert_eq!(admin.get(&format!("{beyond}{TREE}")).await.ok(), json!({ "totalCount": 23, "list": [] }));
    admin.get(&format!("{beyond}&limit=51")).await.refused(400);
}

#[tokio::test]
async fn who_leaves_one_of_two_departments_stays_in_the_tree_since_the_other() {
    let (server, admin, _) = start().await;
    let (dev, ops) = (below(&admin, "root", "Dev").await, below(&admin, "root", "Ops").await);
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    add(&admin, &dev, &[&ada]).await.ok();
    server.advance(minutes(1));
    add(&admin, &ops, &[&bob]).await.ok();
    server.advance(minutes(1));
    add(&admin, &ops, &[&ada]).await.ok();
    assert_eq!(members(&admin, "root", TREE).await, ["bob", "ada"]);
    remove(&admin, &dev, &[&ada]).await.ok();
    assert_eq!(members(&admin, "root", TREE).await, ["ada", "bob"], "ada is in since the second");
    assert_tree_is_true(&server).await;
    remove(&admin, &ops, &[&ada, &bob]).await.ok();
    assert_eq!(members(&admin, "root", TREE).await, Vec::<String>::new());
    assert_eq!(count(&server, "department_tree_members", "TRUE").await, 0);
}

#[tokio::test]
async fn joining_and_leaving_again_changes_nothing() {
    let (server, admin, _) = start().await;
    let dev = below(&admin, "root", "Dev").await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    add(&admin, &dev, &[&ada]).await.ok();
    server.advance(minutes(1));
    add(&admin, &dev, &[&bob, &ada, &bob]).await.ok();
    assert_eq!(members(&admin, &dev, "&orderBy=Asc").await, ["ada", "bob"]);
    remove(&admin, &dev, &[&bob]).await.ok();
    remove(&admin, &dev, &[&bob]).await.ok();
    assert_eq!(members(&admin, &dev, "").await, ["ada"]);
    let refused = add(&admin, &dev, &[&bob, "nobody"]).await.refused_with(404, 2004);
    assert!(refused["message"].as_str().is_some_and(|m| m.starts_with("userIds[1]:")), "{refused}");
    assert_eq!(members(&admin, &dev, "").await, ["ada"], "all or none");
    add(&admin, &dev, &[]).await.refused_at("userIds");
    add(&admin, "nowhere", &[&bob]).await.refused(404);
}

#[tokio::test]
async fn a_deleted_user_vanishes_from_every_view() {
    let (server, admin, _) = start().await;
    let dev = below(&admin, "root", "Dev").await;
    let (ada, bob) = (server.user("ada").await, server.user("bob").await);
    add(&admin, &dev, &[&ada, &bob]).await.ok();
    super::update(&admin, &dev, json!({ "leaderUserIds": [ada] })).await.ok();
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [ada] })).await.ok();
    assert_eq!(
        (members(&admin, &dev, "").await, members(&admin, "root", TREE).await),
        (vec!["bob".into()], vec!["bob".into()])
    );
    let shown = super::get(&admin, &dev).await;
    assert_eq!((&shown["membersCount"], &shown["leaderUserIds"]), (&json!(1), &json!([])));
    assert_eq!(admin.get("/api/v3/get-organization?organizationCode=hq").await.ok()["membersCount"], 1);
    assert_tree_is_true(&server).await;
}

#[tokio::test]
async fn somebody_is_in_a_department_or_only_below_it() {
    let (server, admin, _) = start().await;
    let dev = below(&admin, "root", "Dev").await;
    let ada = server.user("ada").await;
    add(&admin, &dev, &[&ada]).await.ok();
    let is_in = async |department: &str, user: &str, more: &str| {
        let query = format!("?organizationCode=hq&departmentId={department}&userId={user}{more}");
        admin.get(&format!("/api/v3/is-user-in-department{query}")).await
    };
    assert_eq!(is_in(&dev, &ada, "").await.ok(), json!({ "inDepartment": true }));
    assert_eq!(is_in("root", &ada, "").await.ok(), json!({ "inDepartment": false }));
    assert_eq!(is_in("root", &ada, TREE).await.ok(), json!({ "inDepartment": true }));
    is_in("root", "nobody", TREE).await.refused_with(404, 2004);
    is_in("nowhere", &ada, "").await.refused(404);
}

#[tokio::test]
async fn members_are_searched_by_keyword_in_a_department_or_its_subtree() {
    let (server, admin, _) = start().await;
    let dev = below(&admin, "root", "Dev").await;
    let ids = people(&server).await;
    add(&admin, &dev, &[&ids[0], &ids[1]]).await.ok();
    add(&admin, "root", &[&ids[2]]).await.ok();
    let search = async |department: &str, words: &str, more: &str| {
        let query = format!("?organizationCode=hq&departmentId={department}&keywords={words}{more}");
        let reply = admin.get(&format!("/api/v3/search-department-members{query}")).await.ok();
        let list = reply["list"].as_array().expect("a list").clone();
        assert_eq!(reply["totalCount"].as_u64(), Some(list.len() as u64));
        list.iter().map(|u| u["username"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(search("root", "LOVE", TREE).await, ["u2", "u0"], "the newest account first");
    assert_eq!(search("root", "love", "").await, ["u2"]);
    assert_eq!(search(&dev, "love", "").await, ["u0"]);
    assert_eq!(search("root", "stranger", TREE).await, Vec::<String>::new());
    assert_eq!(search("root", "%25", TREE).await, Vec::<String>::new());
    let path = "/api/v3/search-department-members?organizationCode=hq&departmentId=root&keywords=";
    admin.get(&format!("{path}%20")).await.refused_at("keywords");
    let full = admin.get(&format!("{path}love&withDepartmentIds=true&withCustomData=true&withIdentities=true")).await;
    assert_eq!(full.ok()["list"][0]["departmentIds"].as_array().map(Vec::len), Some(1));
}

async fn people(server: &Server) -> Vec<String> {
    let names = ["Ada Lovelace", "Bob", "Augusta Love", "A stranger in love"];
    let list: Vec<Value> =
        names.iter().enumerate().map(|(n, name)| json!({ "username": format!("u{n}"), "name": name })).collect();
    let mut ids = Vec::new();
    for user in list {
        let made = server.admin().await.post("/api/v3/create-user", user).await.ok();
        ids.push(made["userId"].as_str().expect("an id").to_owned());
        server.clock.advance(Millis(1));
    }
    ids
}
