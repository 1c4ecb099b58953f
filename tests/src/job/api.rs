//! Jobs of the API: what they do, what they report, and that they survive whoever does them.

use serde_json::{Value, json};
use watchword_store::job as store;
use watchword_testkit::{Server, minutes};

use super::{ended, import, problems};

async fn count(s: &Server, sql: &str) -> i64 {
    let mut tx = s.services.db.read().await.unwrap();
    tx.one::<(i64,)>(&sql.to_owned(), &[]).await.unwrap().0
}

const USERS: &str = "SELECT COUNT(*) AS total FROM users";

fn people(n: usize) -> Value {
    (0..n).map(|i| json!({ "externalId": format!("e{i}"), "username": format!("user{i}"), "name": "A" })).collect()
}

async fn user(s: &Server, name: &str) -> Value {
    let path = format!("/api/v3/get-user?userId={name}&userIdType=username&withCustomData=true&withIdentities=true");
    s.admin().await.get(&path).await.ok()
}

#[tokio::test]
async fn a_list_is_imported_once_however_often_it_is_sent() {
    let s = Server::start().await;
    let body = json!({ "rows": people(2_500) });
    let first = import(&s, body.clone()).await;
    let told = |r: &Value| (r["created"].clone(), r["updated"].clone(), r["unchanged"].clone(), r["failed"].clone());
    assert_eq!(told(&first), (json!(2500), json!(0), json!(0), json!(0)), "{first}");
    assert_eq!((&first["state"], &first["total"], &first["processed"]), (&json!("done"), &json!(2500), &json!(2500)));
    let again = import(&s, body).await;
    assert_eq!(told(&again), (json!(0), json!(0), json!(2500), json!(0)), "{again}");
    assert_eq!(count(&s, USERS).await, 2500);
    assert_eq!(count(&s, "SELECT COUNT(*) AS total FROM job_chunks").await, 0, "what is done is not kept");
    let made = user(&s, "user7").await;
    assert_eq!((&made["userSourceType"], &made["userSourceId"]), (&json!("excel"), &first["jobId"]));
}

#[tokio::test]
async fn a_row_changes_what_it_says_and_nothing_else() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let body = json!({ "externalId": "e1", "username": "ada", "nickname": "Countess",
        "customData": { "team": "red", "size": 1 } });
    admin.post("/api/v3/create-user", body).await.ok();
    let row = json!({ "externalId": "E1", "username": "ada.l", "company": "Engines", "team": "blue",
        "workStatus": "Closed", "createdAt": "2001-01-01T00:00:00Z" });
    let body = json!({ "rows": [row], "mapping": { "team": "customData.team" } });
    assert_eq!(import(&s, body.clone()).await["updated"], 1);
    let ada = user(&s, "ada.l").await;
    assert_eq!(ada["customData"], json!({ "team": "blue", "size": 1 }));
    let shown = ["nickname", "company", "workStatus"].map(|m| ada[m].as_str().unwrap().to_owned());
    assert_eq!(shown, ["Countess", "Engines", "Closed"]);
    assert!(!ada["createdAt"].as_str().unwrap().starts_with("2001"), "her history is that of here");
    // Found by the changed value, no more by the old one.
    let by_team = |team: &str| format!("/api/v3/get-user?userId=team:{team}&userIdType=custom_field");
    admin.get(&by_team("blue")).await.ok();
    admin.get(&by_team("red")).await.refused(404);
    assert_eq!(import(&s, body).await["unchanged"], 1);
}

#[tokio::test]
async fn who_is_there_is_kept_or_told_where_the_request_says_so() {
    let s = Server::start().await;
    s.user("ada").await;
    let rows = json!([{ "username": "ada", "name": "Ada" }, { "username": "bob" }]);
    let kept = import(&s, json!({ "rows": rows, "existing": "keep" })).await;
    assert_eq!((&kept["kept"], &kept["created"]), (&json!(1), &json!(1)));
    assert_eq!(user(&s, "ada").await["name"], Value::Null);
    let told = import(&s, json!({ "rows": rows, "existing": "fail" })).await;
    assert_eq!(told["failed"], 2);
    assert_eq!(told["problems"][0], json!({ "line": 1, "field": "username", "message": "such a user exists already" }));
}

#[tokio::test]
async fn a_user_is_looked_for_as_the_request_says() {
    let s = Server::start().await;
    let admin = s.admin().await;
    admin.post("/api/v3/create-user", json!({ "username": "ada", "email": "ada@example.com" })).await.ok();
    let row = json!({ "externalId": "e1", "email": "ADA@example.com", "name": "Ada" });
    // A row with an external id is nobody who has none.
    let refused = import(&s, json!({ "rows": [row] })).await;
    assert_eq!(refused["problems"][0]["field"], "email");
    let matched = import(&s, json!({ "rows": [row], "matchBy": ["externalId", "email"] })).await;
    assert_eq!(matched["updated"], 1);
    let ada = user(&s, "ada").await;
    assert_eq!((&ada["externalId"], &ada["name"]), (&json!("e1"), &json!("Ada")));
}

fn mixed() -> Value {
    json!([
        { "username": "ada", "email": "ada@example.com" },
        { "username": "bob", "email": "no address" },
        { "username": "ADA" },
        { "name": "Nobody" },
        { "username": "carl", "shoeSize": 42 },
        { "username": "dora", "email": "taken@example.com" },
        { "username": "erik", "gender": "hunter2" },
        { "username": "fred", "departmentIds": ["d1"] },
        { "username": "gina", "loginsCount": 3, "lastLogin": "2020-01-02T03:04:05Z", "status": "Suspended" },
        { "username": "hugo", "emailVerified": "hunter2" },
    ])
}

#[tokio::test]
async fn a_dry_run_reports_what_the_real_one_does_and_writes_nothing() {
    let s = Server::start().await;
    let admin = s.admin().await;
    admin.post("/api/v3/create-user", json!({ "username": "old", "email": "taken@example.com" })).await.ok();
    let dry = admin.post("/api/v3/import-users", json!({ "rows": mixed(), "dryRun": true })).await.ok();
    assert_eq!((&dry["jobId"], &dry["dryRun"]), (&Value::Null, &json!(true)));
    assert_eq!(count(&s, USERS).await, 1);
    assert_eq!(count(&s, "SELECT COUNT(*) AS total FROM jobs").await, 0);
    let real = import(&s, json!({ "rows": mixed() })).await;
    for member in ["created", "updated", "unchanged", "kept", "failed", "problems", "problemsOmitted", "processed"] {
        assert_eq!(dry[member], real[member], "{member}");
    }
    let expected = [
        (2, "email"),
        (3, "username"),
        (4, "username"),
        (5, "shoeSize"),
        (6, "email"),
        (7, "gender"),
        (8, "departmentIds[0]"),
        (10, "emailVerified"),
    ];
    assert_eq!(problems(&real), expected.map(|(n, f)| (n, f.to_owned())));
    assert!(!real.to_string().contains("hunter2"), "{real}");
    assert_eq!((&real["created"], count(&s, USERS).await), (&json!(2), 3));
    let gina = user(&s, "gina").await;
    assert_eq!((&gina["loginsCount"], &gina["lastLogin"]), (&json!(3), &json!("2020-01-02T03:04:05.000Z")));
    assert_eq!(gina["status"], "Suspended");
}

#[tokio::test]
async fn custom_fields_are_judged_sealed_and_unique_as_when_users_are_made_one_by_one() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let list = json!([
        { "targetType": "USER", "key": "badge", "dataType": "STRING", "isUnique": true },
        { "targetType": "USER", "key": "size", "dataType": "NUMBER" },
        { "targetType": "USER", "key": "hidden", "dataType": "STRING", "encrypted": true },
    ]);
    admin.post("/api/v3/set-custom-fields", json!({ "list": list })).await.ok();
    let rows = json!([
        { "username": "ada", "customData": { "badge": "A1", "size": 38, "hidden": "a very own word" } },
        { "username": "bob", "customData": { "badge": "a1" } },
        { "username": "carl", "customData": { "size": "large" } },
    ]);
    let dry = admin.post("/api/v3/import-users", json!({ "rows": rows, "dryRun": true })).await.ok();
    let report = import(&s, json!({ "rows": rows })).await;
    assert_eq!(dry["problems"], report["problems"]);
    let at = [(2, "customData.badge"), (3, "customData.size")].map(|(n, f)| (n, f.to_owned()));
    assert_eq!((problems(&report), &report["created"]), (at.to_vec(), &json!(1)));
    assert_eq!(user(&s, "ada").await["customData"]["hidden"], "a very own word");
    let plain = "SELECT COUNT(*) AS total FROM users WHERE custom_data LIKE '%very own%'";
    assert_eq!(count(&s, plain).await, 0, "what is encrypted is sealed");
    assert_eq!(import(&s, json!({ "rows": [rows[0]] })).await["unchanged"], 1);
    let late = json!([{ "username": "dora", "customData": { "badge": "A1" } }]);
    assert_eq!(problems(&import(&s, json!({ "rows": late })).await), [(1, "customData.badge".to_owned())]);
    // Who gives a value up leaves it to others.
    let moved = json!([{ "username": "ada", "customData": { "badge": "B2" } }]);
    assert_eq!(import(&s, json!({ "rows": moved })).await["updated"], 1);
    assert_eq!(import(&s, json!({ "rows": late })).await["created"], 1);
}

#[tokio::test]
async fn groups_with_rules_follow_an_import() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let body = json!({ "code": "acme", "name": "Acme", "description": "", "type": "dynamic",
        "rule": [{ "field": "company", "operator": "EQUAL", "value": "Acme" }] });
    admin.post("/api/v3/create-group", body).await.ok();
    let members = async || admin.get("/api/v3/list-group-members?code=acme&limit=50").await.ok()["totalCount"].clone();
    import(&s, json!({ "rows": [{ "username": "ada", "company": "Acme" }, { "username": "bob" }] })).await;
    assert_eq!(members().await, 1);
    import(&s, json!({ "rows": [{ "username": "ada", "company": "Zeta" }, { "username": "bob", "company": "Acme" }] }))
        .await;
    assert_eq!(members().await, 1);
    import(&s, json!({ "rows": [{ "username": "ada", "company": "Acme" }] })).await;
    assert_eq!(members().await, 2);
}

#[tokio::test]
async fn problems_are_told_in_the_language_of_the_reader_and_bounded() {
    let s = Server::start().await;
    let rows: Value = (0..1_500).map(|i| json!({ "username": format!("u{i}"), "email": "x" })).collect();
    let report = import(&s, json!({ "rows": rows })).await;
    assert_eq!((&report["failed"], &report["problemsOmitted"]), (&json!(1500), &json!(500)));
    assert_eq!(report["problems"].as_array().unwrap().len(), 1000);
    assert_eq!(report["problems"][999]["line"], 1000);
    let chinese = s.admin().await.header("x-authing-lang", "zh-CN");
    let path = format!("/api/v3/get-import-job?jobId={}", report["jobId"].as_str().unwrap());
    let told = chinese.get(&path).await.ok()["problems"][0]["message"].as_str().unwrap().to_owned();
    assert!(!told.is_ascii(), "{told}");
}

#[tokio::test]
async fn all_or_nothing_is_nothing_when_one_row_cannot_be() {
    let s = Server::start().await;
    let mut rows = people(1_200);
    rows[1100]["email"] = json!("no address");
    let report = import(&s, json!({ "rows": rows, "allOrNothing": true })).await;
    assert_eq!((&report["state"], &report["created"], &report["failed"]), (&json!("failed"), &json!(0), &json!(1)));
    assert_eq!((problems(&report), count(&s, USERS).await), (vec![(1101, "email".to_owned())], 0));
    rows[1100]["email"] = json!("a@example.com");
    assert_eq!(import(&s, json!({ "rows": rows, "allOrNothing": true })).await["created"], 1200);
    assert_eq!(s.audited("user.import").await, 2 + 1 + 2, "the requests, the refusal, the chunk and its end");
}

#[tokio::test]
async fn ids_are_kept_where_that_is_asked_for() {
    let s = Server::start().await;
    let id = "64f0c2a1b3d4e5f60718293a";
    let rows = json!([{ "userId": id, "username": "ada" }, { "userId": "no id", "username": "bob" }]);
    let report = import(&s, json!({ "rows": rows, "keepUserIds": true })).await;
    assert_eq!(problems(&report), [(2, "userId".to_owned())]);
    assert_eq!(user(&s, "ada").await["userId"], id);
    // By that id she is found under another name.
    let renamed = json!([{ "userId": id, "username": "lovelace" }]);
    assert_eq!(import(&s, json!({ "rows": renamed })).await["updated"], 1);
    assert_eq!(user(&s, "lovelace").await["userId"], id);
}

#[tokio::test]
async fn an_export_is_read_back_into_another_pool_as_it_was() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let link = json!({ "extIdpId": "idp1", "provider": "github", "type": "primary", "userIdInIdp": "42",
        "userInfoInIdp": { "login": "ada" }, "originConnIds": ["c1"] });
    admin
        .post(
            "/api/v3/create-user",
            json!({ "username": "ada", "email": "ada@example.com", "emailVerified": true, "phone": "4155550123",
                "phoneCountryCode": "+1", "gender": "F", "birthdate": "1815-12-10", "status": "Suspended",
                "address": "=1+1\nLondon", "customData": { "n": 1, "deep": { "a": [1] } },
                "metadataSource": {}, "identities": [link] }),
        )
        .await
        .ok();
    for n in 0..5 {
        s.user(&format!("user{n}")).await;
    }
    let export = async |client: &watchword_testkit::Client| {
        let (mut list, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let page = client.post("/api/v3/export-users", json!({ "limit": 4, "cursor": cursor })).await.ok();
            list.extend(page["list"].as_array().unwrap().clone());
            cursor = page["next"].clone();
            if cursor.is_null() {
                return list;
            }
        }
    };
    let first = export(&admin).await;
    assert_eq!(first.len(), 6);
    assert!(first.iter().all(|u| u.get("passwordHash").is_none()), "no hash leaves by the API");

    let other = s.new_pool("Other").await;
    let there = s.admin_of(&other).await;
    let body = json!({ "rows": first, "keepUserIds": true });
    let begun = there.post("/api/v3/import-users", body).await.ok();
    let report = ended(&s, &there, begun["jobId"].as_str().unwrap()).await;
    assert_eq!((&report["created"], &report["failed"]), (&json!(6), &json!(0)), "{report}");
    let mut second = export(&there).await;
    for (a, b) in first.iter().zip(&mut second) {
        for own in ["updatedAt", "userSourceType", "userSourceId", "passwordLastSetAt", "passwordSecurityLevel"] {
            b[own] = a.get(own).cloned().unwrap_or_default();
        }
        // A link has an id of its own.
        for link in b["identities"].as_array_mut().into_iter().flatten() {
            link["identityId"] = a["identities"][0]["identityId"].clone();
        }
        let filled = |v: &Value| {
            v.as_object()
                .unwrap()
                .iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect::<std::collections::BTreeMap<_, _>>()
        };
        assert_eq!(filled(a), filled(b));
    }
}

#[tokio::test]
async fn a_worker_that_dies_in_the_middle_leaves_the_rest_to_the_next() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let begun = admin.post("/api/v3/import-users", json!({ "rows": people(4_000) })).await.ok();
    let job = begun["jobId"].as_str().unwrap().to_owned();
    while count(&s, USERS).await == 0 {
        tokio::task::yield_now().await;
    }
    s.kill_worker();
    while !s.worker_is_dead() {
        tokio::task::yield_now().await;
    }
    let done = count(&s, USERS).await;
    let s = s.restart().await;
    s.advance(minutes(3));
    let admin = s.admin().await;
    let report = ended(&s, &admin, &job).await;
    assert_eq!((&report["created"], &report["unchanged"]), (&json!(4000), &json!(0)), "{done} were done before");
    assert_eq!(count(&s, USERS).await, 4000);
}

#[tokio::test]
async fn two_nodes_do_every_row_once() {
    let s = Server::start().await;
    let _other = s.second_node().await;
    let admin = s.admin().await;
    let mut jobs = Vec::new();
    for n in 0..4 {
        let rows: Value = (0..1_500).map(|i| json!({ "username": format!("u{n}-{i}") })).collect();
        jobs.push(admin.post("/api/v3/import-users", json!({ "rows": rows })).await.ok()["jobId"].clone());
    }
    for job in jobs {
        assert_eq!(ended(&s, &admin, job.as_str().unwrap()).await["created"], 1500);
    }
    assert_eq!(count(&s, USERS).await, 6000);
    let settled = count(&s, "SELECT COUNT(*) AS total FROM jobs WHERE attempts = 1 AND state = 'done'").await;
    assert_eq!(settled, 4, "each was taken by one node");
}

#[tokio::test]
async fn a_cancelled_job_stops_and_whoever_lost_a_job_writes_nothing_more() {
    let s = Server::start().await;
    let admin = s.admin().await;
    s.kill_worker();
    while !s.worker_is_dead() {
        tokio::task::yield_now().await;
    }
    let begun = admin.post("/api/v3/import-users", json!({ "rows": people(10) })).await.ok();
    let body = json!({ "jobId": begun["jobId"] });
    assert_eq!(admin.post("/api/v3/cancel-import-job", body.clone()).await.ok()["state"], "cancelled");
    admin.post("/api/v3/cancel-import-job", body).await.refused(422);
    let s = s.restart().await;
    watchword_domain::job::work(&s.services).await.unwrap();
    assert_eq!((count(&s, USERS).await, count(&s, "SELECT COUNT(*) AS total FROM job_chunks").await), (0, 0));

    // Taken over by another, the job does not advance under the first.
    let admin = s.admin().await;
    let begun = admin.post("/api/v3/import-users", json!({ "rows": people(3) })).await.ok();
    ended(&s, &admin, begun["jobId"].as_str().unwrap()).await;
    let pool = watchword_kit::PoolId::new(&s.pool.id);
    let mut tx = s.services.db.write().await.unwrap();
    let mut job = store::TABLE.get(&mut tx, &pool, begun["jobId"].as_str().unwrap()).await.unwrap().unwrap();
    job.attempts -= 1;
    assert!(!store::advance(&mut tx, job.position, &job).await.unwrap());
}

#[tokio::test]
async fn rows_that_wait_are_sealed_and_a_job_is_known_in_its_pool_only() {
    let s = Server::start().await;
    s.kill_worker();
    while !s.worker_is_dead() {
        tokio::task::yield_now().await;
    }
    let admin = s.admin().await;
    let rows = json!([{ "username": "ada", "password": "a very own passphrase" }]);
    let begun = admin.post("/api/v3/import-users", json!({ "rows": rows })).await.ok();
    let mut tx = s.services.db.read().await.unwrap();
    let sql = String::from("SELECT rows_sealed FROM job_chunks");
    let (sealed,): (Vec<u8>,) = tx.one(&sql, &[]).await.unwrap();
    let plain = b"a very own passphrase";
    assert!(!sealed.windows(plain.len()).any(|w| w == plain));
    let stranger = s.admin_of(&s.new_pool("Other").await).await;
    let path = format!("/api/v3/get-import-job?jobId={}", begun["jobId"].as_str().unwrap());
    stranger.get(&path).await.refused(404);
    stranger.post("/api/v3/cancel-import-job", json!({ "jobId": begun["jobId"] })).await.refused(404);
    admin.get(&path).await.ok();
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_at_its_member() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let post = async |body: Value| admin.post("/api/v3/import-users", body).await;
    post(json!({ "rows": [] })).await.refused_at("rows");
    post(json!({ "rows": [{}], "mapping": { "a": "emali" } })).await.refused_at("mapping");
    post(json!({ "rows": [{}], "existing": "maybe" })).await.refused_at("existing");
    post(json!({ "rows": people(10_001) })).await.refused(413);
    admin.post("/api/v3/export-users", json!({ "limit": 1001 })).await.refused_at("limit");
}
