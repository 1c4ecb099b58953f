//! Posts: who has them, and what becomes of them.

use futures_util::future::join_all;
use serde_json::{Value, json};
use watchword_store::Val;
use watchword_testkit::{Client, Server, seconds};

async fn start() -> (Server, Client) {
    let server = Server::start().await;
    let admin = server.admin().await;
    (server, admin)
}

/// A department, as the organisation's operations store it.
async fn department(s: &Server, id: &str) {
    let mut tx = s.services.db.write().await.expect("a transaction");
    let sql = "INSERT INTO departments (pool_id, id, organization_id, name, name_key, is_virtual, enabled, custom_data,
                   created_at, updated_at) VALUES ($1, $2, 'org', $2, $2, FALSE, TRUE, '{}', 0, 0)";
    tx.run(&sql.to_owned(), &[Val::from(s.pool.id.as_str()), Val::from(id)]).await.expect("a row");
    tx.commit().await.expect("a commit");
}

async fn count(s: &Server, table: &str) -> i64 {
    let mut tx = s.services.db.read().await.expect("a transaction");
    tx.one::<(i64,)>(&format!("SELECT COUNT(*) AS n FROM {table}"), &[]).await.expect("a count").0
}

async fn create(admin: &Client, code: &str) -> String {
    let made = admin.post("/api/v3/create-post", json!({ "code": code, "name": code.to_uppercase() })).await.ok();
    made["id"].as_str().expect("an id").to_owned()
}

fn codes(page: &Value) -> Vec<&str> {
    let list = page["list"].as_array().or_else(|| page.as_array()).expect("a list");
    list.iter().map(|p| p["code"].as_str().expect("a code")).collect()
}

async fn posts_of(admin: &Client, user: &str) -> Value {
    admin.get(&format!("/api/v3/get-user?userId={user}&withPost=true")).await.ok()["postIdList"].clone()
}

#[tokio::test]
async fn a_post_is_read_as_it_was_made_and_changed() {
    let (s, admin) = start().await;
    department(&s, "d1").await;
    department(&s, "d2").await;
    let body = json!({ "code": "dev", "name": "研发", "description": "Builds", "departmentIdList": ["d1"] });
    let made = admin.post("/api/v3/create-post", body).await.ok();
    let id = made["id"].as_str().expect("an id");
    assert_eq!(
        made,
        json!({ "id": id, "code": "dev", "name": "研发", "description": "Builds", "departmentIdList": ["d1"] })
    );
    // The contract shows this reply without an envelope, and clients read the outcome from one: both are there.
    let read = admin.get("/api/v3/get-post?code=dev&withCustomData=true").await;
    let data = read.ok();
    assert_eq!((&data["name"], &data["customData"]), (&json!("研发"), &json!({})));
    for (member, value) in data.as_object().expect("an object") {
        assert_eq!(&read.body[member], value, "{member}");
    }
    s.advance(seconds(1));
    let change = json!({ "code": "dev", "name": "R&D", "description": null, "departmentIdList": "d2,d1" });
    let changed = admin.post("/api/v3/update-post", change).await.ok();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("R&D"), &Value::Null));
    assert_eq!(changed["departmentIdList"], json!(["d1", "d2"]));
    let kept = admin.post("/api/v3/update-post", json!({ "code": "dev", "name": "R&D" })).await.ok();
    assert_eq!(kept["departmentIdList"], json!(["d1", "d2"]), "what is left out stays");
    let none = json!({ "code": "dev", "name": "R&D", "departmentIdList": [] });
    assert_eq!(admin.post("/api/v3/update-post", none).await.ok()["departmentIdList"], json!([]));
    assert_eq!(count(&s, "post_departments").await, 0);
}

#[tokio::test]
async fn a_code_names_one_post_of_a_pool() {
    let (s, admin) = start().await;
    create(&admin, "dev").await;
    admin.post("/api/v3/create-post", json!({ "code": "dev", "name": "x" })).await.refused(409);
    let other = s.new_pool("Other").await;
    let other = s.admin_of(&other).await;
    other.get("/api/v3/get-post?code=dev").await.refused(404);
    create(&other, "dev").await;
    for body in [
        json!({ "code": "", "name": "x" }),
        json!({ "code": " a", "name": "x" }),
        json!({ "code": "a\u{202e}b", "name": "x" }),
        json!({ "code": "a".repeat(65), "name": "x" }),
    ] {
        admin.post("/api/v3/create-post", body).await.refused_at("code");
    }
    admin.post("/api/v3/create-post", json!({ "code": "a", "name": " " })).await.refused_at("name");
    admin.post("/api/v3/update-post", json!({ "code": "nobody", "name": "x" })).await.refused(404);
    admin.post("/api/v3/remove-post", json!({ "code": "nobody" })).await.refused(404);
}

#[tokio::test]
async fn of_many_who_make_one_code_at_once_exactly_one_does() {
    let (s, admin) = start().await;
    let two = s.second_node().await;
    let clients = [admin, two.admin().await];
    let body = json!({ "code": "dev", "name": "x" });
    let replies = join_all((0..16).map(|n| clients[n % 2].post("/api/v3/create-post", body.clone()))).await;
    let made = replies.iter().filter(|r| r.body["statusCode"] == 200).count();
    assert_eq!((made, count(&s, "posts").await), (1, 1));
    replies.iter().filter(|r| r.body["statusCode"] != 200).for_each(|r| drop(r.refused(409)));
}

#[tokio::test]
async fn unknown_departments_users_and_posts_are_refused_and_nothing_is_written() {
    let (s, admin) = start().await;
    department(&s, "d1").await;
    let ada = s.user("ada").await;
    let dev = create(&admin, "dev").await;
    let with = |list: Value| json!({ "code": "new", "name": "x", "departmentIdList": list });
    admin.post("/api/v3/create-post", with(json!(["d1", "d9"]))).await.refused(404);
    admin.post("/api/v3/create-post", with(json!(["d1", "d1"]))).await.refused_at("departmentIdList[1]");
    let change = json!({ "code": "dev", "name": "changed", "departmentIdList": ["d9"] });
    let told = admin.post("/api/v3/update-post", change).await.refused(404);
    assert!(told["message"].as_str().unwrap_or_default().starts_with("departmentIdList[0]:"), "{told}");
    assert_eq!(admin.get("/api/v3/get-post?code=dev").await.ok()["name"], "DEV");
    let set = |user: &str, posts: Value| json!({ "userId": user, "postIds": posts });
    admin.post("/api/v3/set-user-posts", set(&ada, json!([dev, "nothing"]))).await.refused(404);
    admin.post("/api/v3/set-user-posts", set(&ada, json!([dev, "dev"]))).await.refused_at("postIds[1]");
    admin.post("/api/v3/set-user-posts", set("nobody", json!([dev]))).await.refused_with(404, 2004);
    let connect = |user: &str, post: &str| json!({ "userId": user, "postId": post });
    admin.post("/api/v3/user-connection-post", connect("nobody", &dev)).await.refused_with(404, 2004);
    admin.post("/api/v3/user-connection-post", connect(&ada, "nothing")).await.refused(404);
    admin.get("/api/v3/get-user-posts?userId=nobody").await.refused_with(404, 2004);
    admin.get("/api/v3/get-user-post?userId=nobody").await.refused_with(404, 2004);
    admin.get(&format!("/api/v3/get-user-post?userId={ada}")).await.refused(404);
    assert_eq!(
        (count(&s, "posts").await, count(&s, "post_users").await, count(&s, "post_departments").await),
        (1, 0, 0)
    );
}

#[tokio::test]
async fn a_user_has_the_posts_that_were_set_and_those_that_came_after() {
    let (s, admin) = start().await;
    let ada = s.user("ada").await;
    let [dev, ops, boss] = [create(&admin, "dev").await, create(&admin, "ops").await, create(&admin, "boss").await];
    let set = json!({ "userId": ada, "postIds": [ops] });
    admin.post("/api/v3/set-user-posts", set).await.done();
    s.advance(seconds(1));
    // Replies of the contract show codes only, so a code is taken for an id.
    admin.post("/api/v3/user-connection-post", json!({ "userId": ada, "postId": "dev" })).await.done();
    admin.post("/api/v3/user-connection-post", json!({ "userId": ada, "postId": dev })).await.done();
    assert_eq!(posts_of(&admin, &ada).await, json!([ops, dev]));
    let found = admin.get(&format!("/api/v3/get-user-posts?userId={ada}")).await.ok();
    assert_eq!(codes(&found), ["ops", "dev"]);
    assert_eq!(admin.get(&format!("/api/v3/get-user-post?userId={ada}")).await.body["code"], "ops");
    s.advance(seconds(1));
    admin.post("/api/v3/set-user-posts", json!({ "userId": ada, "postIds": ["boss", dev] })).await.done();
    assert_eq!(posts_of(&admin, &ada).await, json!([dev, boss]), "who had a post keeps its place");
    let listed = admin.get("/api/v3/list-users?withPost=true").await.ok();
    assert_eq!(listed["list"][0]["postIdList"], json!([dev, boss]));
    let options = json!({ "options": { "withPost": true } });
    assert_eq!(admin.post("/api/v3/list-users", options).await.ok()["list"][0]["postIdList"], json!([dev, boss]));
    admin.post("/api/v3/set-user-posts", json!({ "userId": ada, "postIds": [] })).await.done();
    assert_eq!(posts_of(&admin, &ada).await, json!([]));
}

#[tokio::test]
async fn what_is_removed_leaves_nothing_behind() {
    let (s, admin) = start().await;
    department(&s, "d1").await;
    let (ada, bob) = (s.user("ada").await, s.user("bob").await);
    let (dev, ops) = (create(&admin, "dev").await, create(&admin, "ops").await);
    admin.post("/api/v3/update-post", json!({ "code": "dev", "name": "x", "departmentIdList": ["d1"] })).await.ok();
    for user in [&ada, &bob] {
        admin.post("/api/v3/set-user-posts", json!({ "userId": user, "postIds": [dev, ops] })).await.done();
    }
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [bob] })).await.ok();
    let counted = admin.get("/api/v3/list-post?keywords=dev").await.ok();
    assert_eq!((&counted["list"][0]["userCount"], &counted["list"][0]["departmentCount"]), (&json!(1), &json!(1)));
    admin.post("/api/v3/remove-post", json!({ "code": "dev" })).await.done();
    assert_eq!(posts_of(&admin, &ada).await, json!([ops]));
    assert_eq!((count(&s, "post_users").await, count(&s, "post_departments").await), (1, 0));
    admin.get("/api/v3/get-post?code=dev").await.refused(404);
    create(&admin, "dev").await;
    assert_eq!(posts_of(&admin, &ada).await, json!([ops]), "a new post of the code is another one");
}

#[tokio::test]
async fn a_post_given_while_it_is_removed_is_given_to_nobody() {
    let (s, admin) = start().await;
    let two = s.second_node().await;
    let other = two.admin().await;
    for round in 0..8 {
        let user = s.user(&format!("user{round}")).await;
        let id = create(&admin, "dev").await;
        let give = json!({ "userId": user, "postId": id });
        let (given, removed) = tokio::join!(
            admin.post("/api/v3/user-connection-post", give),
            other.post("/api/v3/remove-post", json!({ "code": "dev" }))
        );
        removed.done();
        assert!([200, 404].contains(&given.body["statusCode"].as_i64().unwrap_or_default()), "{}", given.text);
        assert_eq!(count(&s, "post_users").await, 0, "round {round}");
    }
}

#[tokio::test]
async fn posts_are_listed_newest_first_and_found_by_code_name_and_time() {
    let (s, admin) = start().await;
    let mut made = Vec::new();
    for code in ["a_b", "axb", "sales", "Äther"] {
        made.push((create(&admin, code).await, s.clock.now().0));
        s.advance(seconds(1));
    }
    let list = async |query: &str| admin.get(&format!("/api/v3/list-post?{query}")).await.ok();
    let page = list("limit=3").await;
    assert_eq!((codes(&page), &page["totalCount"]), (vec!["Äther", "sales", "axb"], &json!(4)));
    assert_eq!(codes(&list("limit=3&page=2").await), ["a_b"]);
    assert_eq!(codes(&list("keywords=A_B").await), ["a_b"], "wildcards are literal");
    assert_eq!(codes(&list("keywords=%C3%A4THER").await), ["Äther"]);
    assert_eq!(list("keywords=nothing").await["totalCount"], 0);
    let bare = list("skipCount=true").await;
    assert!(bare["list"][0].get("userCount").is_none() && bare["list"][0]["metadataSource"] == json!([]));
    admin.get("/api/v3/list-post?limit=51").await.refused_at("limit");
    admin.get("/api/v3/list-post?page=0").await.refused_at("page");
    let find = async |body: Value| admin.post("/api/v3/list-post", body).await.ok();
    assert_eq!(codes(&find(json!({ "postCodes": ["sales", "axb", "x"] })).await), ["sales", "axb"]);
    let (from, to) = (made[1].1, made[2].1);
    assert_eq!(codes(&find(json!({ "createdAfter": from, "createdBefore": to })).await), ["sales", "axb"]);
    admin.post("/api/v3/update-post", json!({ "code": "a_b", "name": "changed" })).await.ok();
    assert_eq!(codes(&find(json!({ "updatedAfter": s.clock.now().0 })).await), ["a_b"]);
    assert_eq!(codes(&find(json!({ "updatedBefore": from })).await), ["axb"]);
    let by_id = json!({ "idList": [made[2].0, "a_b"] });
    let found = admin.post("/api/v3/get-post-by-id", by_id).await.ok();
    assert_eq!((codes(&found), &found["code"]), (vec!["sales", "a_b"], &json!("sales")));
    admin.post("/api/v3/get-post-by-id", json!({ "idList": "nothing" })).await.refused(404);
    admin.post("/api/v3/get-post-by-id", json!({})).await.refused_at("idList");
}
