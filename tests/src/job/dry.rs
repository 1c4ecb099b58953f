//! A dry run tells what the real one does, also where rows far from each other want the same.

use serde_json::{Value, json};
use watchword_testkit::Server;

use super::{import, problems};

/// Rows that one transaction does.
const CHUNK: usize = 1_000;

/// 2,000 rows, of which these are not just anybody; the first is 1.
fn rows(special: &[(usize, Value)]) -> Value {
    let mut rows: Vec<Value> = (1..=2 * CHUNK).map(|i| json!({ "username": format!("filler{i}") })).collect();
    for (n, row) in special {
        rows[n - 1] = row.clone();
    }
    rows.into()
}

/// The report of the real run, which is that of the dry one before it.
async fn both(s: &Server, rows: Value) -> Value {
    let admin = s.admin().await;
    let dry = admin.post("/api/v3/import-users", json!({ "rows": rows, "dryRun": true })).await.ok();
    let real = import(s, json!({ "rows": rows })).await;
    for member in ["created", "updated", "unchanged", "kept", "failed", "problems", "problemsOmitted", "processed"] {
        assert_eq!(dry[member], real[member], "{member}");
    }
    real
}

fn at(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected.iter().map(|(line, field)| (*line, (*field).to_owned())).collect()
}

async fn badges(s: &Server) {
    let list = json!([{ "targetType": "USER", "key": "badge", "dataType": "STRING", "isUnique": true }]);
    s.admin().await.post("/api/v3/set-custom-fields", json!({ "list": list })).await.ok();
}

fn badge(username: &str, badge: &str) -> Value {
    json!({ "username": username, "customData": { "badge": badge } })
}

#[tokio::test]
async fn a_unique_value_is_that_of_the_first_row_however_far_the_second_is() {
    let s = Server::start().await;
    badges(&s).await;
    let report = both(
        &s,
        rows(&[
            (1, badge("ada", "A1")),
            (2, badge("bob", "a1")),
            (3, badge("carl", "C1")),
            (1500, badge("dora", "A1")),
            (1501, badge("erik", "c1")),
            (1502, badge("fred", "D1")),
            // Whose row cannot be takes nothing.
            (4, json!({ "username": "gina", "gender": "none", "customData": { "badge": "G1" } })),
            (1503, badge("hugo", "G1")),
        ]),
    )
    .await;
    let field = "customData.badge";
    assert_eq!(problems(&report), at(&[(2, field), (4, "gender"), (1500, field), (1501, field)]));
}

#[tokio::test]
async fn a_unique_value_that_a_row_gives_up_is_free_for_the_rows_after_it() {
    let s = Server::start().await;
    badges(&s).await;
    let admin = s.admin().await;
    for (name, value) in [("old1", "A"), ("old2", "B"), ("old3", "C")] {
        admin.post("/api/v3/create-user", badge(name, value)).await.ok();
    }
    let report = both(
        &s,
        rows(&[
            (1, badge("early", "A")),
            (2, badge("old1", "X")),
            (3, badge("near", "A")),
            (4, badge("old2", "Y")),
            (1500, badge("far", "B")),
            (1501, badge("late", "X")),
            (1502, badge("old3", "c")),
            (1503, badge("last", "A")),
        ]),
    )
    .await;
    let field = "customData.badge";
    assert_eq!(problems(&report), at(&[(1, field), (1501, field), (1503, field)]));
    for (name, value) in [("old1", "X"), ("near", "A"), ("old2", "Y"), ("far", "B")] {
        let found = admin.get(&format!("/api/v3/get-user?userId=badge:{value}&userIdType=custom_field")).await.ok();
        assert_eq!(found["username"], name);
    }
}

#[tokio::test]
async fn a_user_whom_two_rows_mean_is_a_problem_of_the_second() {
    let s = Server::start().await;
    let admin = s.admin().await;
    for n in [1, 2] {
        let body =
            json!({ "externalId": format!("e{n}"), "username": format!("old{n}"), "email": format!("o{n}@x.com") });
        admin.post("/api/v3/create-user", body).await.ok();
    }
    let report = both(
        &s,
        rows(&[
            (1, json!({ "externalId": "e1", "company": "One" })),
            (2, json!({ "username": "old1", "company": "Two" })),
            (3, json!({ "externalId": "e2", "company": "One" })),
            (1500, json!({ "email": "o2@x.com", "company": "Two" })),
        ]),
    )
    .await;
    assert_eq!(problems(&report), at(&[(2, "username"), (1500, "email")]));
    assert_eq!(report["updated"], 2);
    let shown = admin.get("/api/v3/get-user?userId=e2&userIdType=external_id").await.ok();
    assert_eq!(shown["company"], "One");
}

#[tokio::test]
async fn a_name_that_a_row_would_free_is_still_taken_and_an_account_is_linked_once() {
    let s = Server::start().await;
    let admin = s.admin().await;
    for n in [1, 2] {
        let body = json!({ "externalId": format!("e{n}"), "username": format!("old{n}") });
        admin.post("/api/v3/create-user", body).await.ok();
    }
    let link = |username: &str, id: &str| {
        json!({ "username": username, "identities": [{ "extIdpId": "idp1", "provider": "github", "type": "primary",
            "userIdInIdp": id, "userInfoInIdp": {}, "originConnIds": ["c1"] }] })
    };
    let report = both(
        &s,
        rows(&[
            (1, json!({ "externalId": "e1", "username": "new1" })),
            (2, json!({ "externalId": "e8", "username": "old1" })),
            (3, json!({ "externalId": "e2", "username": "new2" })),
            (4, link("ada", "42")),
            (5, link("bob", "42")),
            (1500, json!({ "externalId": "e9", "username": "old2" })),
            (1501, link("carl", "42")),
            (1502, link("dora", "43")),
        ]),
    )
    .await;
    let links = "identities[0]";
    assert_eq!(problems(&report), at(&[(2, "username"), (5, links), (1500, "username"), (1501, links)]));
}
