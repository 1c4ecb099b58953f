//! Who may use an application.

use serde_json::{Value, json};
use watchword_testkit::{Client, PASSWORD, Server, encode, minutes};

const AUTHORIZE: &str = "/api/v3/authorize-application-access";
const REVOKE: &str = "/api/v3/revoke-application-access";
const LIST: &str = "/api/v3/list-applications-auth";
const STRATEGY: &str = "/api/v3/update-application-permission-strategy";

async fn enters(s: &Server, name: &str) -> bool {
    let reply = s.sign_in(name).await;
    if reply.body["statusCode"] == 200 {
        return true;
    }
    let refusal = reply.refused(403);
    assert!(refusal["message"].as_str().unwrap().contains("may not use"), "{refusal}");
    false
}

async fn rule(s: &Server, kind: &str, target: &str, effect: &str, more: Value) {
    let mut item = json!({ "targetType": kind, "targetIdentifier": [target], "effect": effect });
    for (name, value) in more.as_object().expect("an object") {
        item[name] = value.clone();
    }
    s.admin().await.post(AUTHORIZE, json!({ "appId": s.pool.app_id, "list": [item] })).await.ok();
}

async fn closed(s: &Server) {
    let body = json!({ "appId": s.pool.app_id, "permissionStrategy": "DENY_ALL" });
    s.admin().await.post(STRATEGY, body).await.ok();
}

/// ada is in the group staff, in the department below top, and holds the role clerk.
async fn company(s: &Server) -> (String, String, String) {
    let admin = s.admin().await;
    let ada = s.user("ada").await;
    s.user("eve").await;
    admin
        .post("/api/v3/create-group", json!({ "type": "static", "name": "Staff", "code": "staff", "description": "" }))
        .await
        .ok();
    admin.post("/api/v3/add-group-members", json!({ "code": "staff", "userIds": [ada] })).await.ok();
    admin.post("/api/v3/create-role", json!({ "code": "clerk", "name": "Clerk", "namespace": "default" })).await.ok();
    let assign = json!({ "code": "clerk", "namespace": "default", "targets": [{ "targetType": "USER", "targetIdentifier": ada }] });
    admin.post("/api/v3/assign-role", assign).await.ok();
    let made = admin
        .post("/api/v3/create-organization", json!({ "organizationCode": "acme", "organizationName": "Acme" }))
        .await
        .ok();
    let department = |name: &str, parent: Value| {
        let body = json!({ "organizationCode": "acme", "name": name, "parentDepartmentId": parent });
        let admin = admin.clone();
        async move { admin.post("/api/v3/create-department", body).await.ok()["departmentId"].as_str().unwrap().to_owned() }
    };
    let top = department("Top", made["departmentId"].clone()).await;
    let team = department("Team", json!(top)).await;
    let join = json!({ "organizationCode": "acme", "departmentId": team, "userIds": [ada] });
    admin.post("/api/v3/add-department-members", join).await.ok();
    (ada, top, team)
}

async fn rules(admin: &Client, s: &Server, more: Value) -> Value {
    let mut body = json!({ "appId": s.pool.app_id });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    admin.post(LIST, body).await.ok()
}

#[tokio::test]
async fn a_closed_application_lets_in_those_whom_a_rule_reaches_by_user_group_role_or_department() {
    let s = Server::start().await;
    let (ada, top, team) = company(&s).await;
    assert!(enters(&s, "ada").await && enters(&s, "eve").await);
    closed(&s).await;
    assert!(!enters(&s, "ada").await && !enters(&s, "eve").await);
    for (kind, target, more) in [
        ("USER", ada.as_str(), json!({})),
        ("GROUP", "staff", json!({})),
        ("ROLE", "clerk", json!({ "namespaceCode": "default" })),
        ("ORG", team.as_str(), json!({ "inheritByChildren": false })),
        ("ORG", top.as_str(), json!({})),
    ] {
        rule(&s, kind, target, "ALLOW", more.clone()).await;
        assert!(enters(&s, "ada").await, "{kind}");
        assert!(!enters(&s, "eve").await, "{kind}");
        let mut gone = json!({ "targetType": kind, "targetIdentifier": [target] });
        gone["namespaceCode"] = more["namespaceCode"].clone();
        s.admin().await.post(REVOKE, json!({ "appId": s.pool.app_id, "list": [gone] })).await.ok();
        assert!(!enters(&s, "ada").await, "{kind} is revoked");
    }
    rule(&s, "ORG", &top, "ALLOW", json!({ "inheritByChildren": false })).await;
    assert!(!enters(&s, "ada").await, "a rule for the department alone does not reach those below");
}

#[tokio::test]
async fn what_denies_outweighs_what_allows_until_it_is_switched_off() {
    let s = Server::start().await;
    let (ada, ..) = company(&s).await;
    rule(&s, "USER", &ada, "ALLOW", json!({})).await;
    rule(&s, "GROUP", "staff", "DENY", json!({})).await;
    assert!(!enters(&s, "ada").await && enters(&s, "eve").await);
    let admin = s.admin().await;
    let page = rules(&admin, &s, json!({ "effect": "DENY" })).await;
    assert_eq!(page["totalCount"], 1);
    let id = page["list"][0]["id"].as_str().unwrap().to_owned();
    let switch = |on: bool| admin.post("/api/v3/update-auth-enabled", json!({ "id": id, "enabled": on }));
    switch(false).await.ok();
    assert!(enters(&s, "ada").await);
    switch(true).await.ok();
    assert!(!enters(&s, "ada").await);
    admin.call("DELETE", &format!("/api/v3/batch-applications-auth?authIds={id}"), None).await.ok();
    assert!(enters(&s, "ada").await);
    switch(true).await.refused(404);
    admin.call("DELETE", &format!("/api/v3/batch-applications-auth?authIds={id}"), None).await.refused(404);
}

#[tokio::test]
async fn a_refresh_and_a_second_factor_ask_again() {
    let s = Server::start().await;
    let ada = s.user("ada").await;
    let payload = json!({ "username": "ada", "password": PASSWORD });
    let tokens = s.sign_in_with("ada", payload, "openid offline_access").await.ok();
    let refresh = |token: Value| {
        let form = [
            ("grant_type", "refresh_token".to_owned()),
            ("client_id", s.pool.app_id.clone()),
            ("client_secret", s.pool.app_secret.clone()),
            ("refresh_token", token.as_str().unwrap().to_owned()),
        ];
        let client = s.anonymous();
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
            client.post_form("/oidc/token", &form).await
        }
    };
    let second = refresh(tokens["refresh_token"].clone()).await;
    assert_eq!(second.http, 200, "{}", second.text);
    s.import(&ada, watchword_testkit::SECRET).await;
    let waiting = s.waiting("ada").await;
    rule(&s, "USER", &ada, "DENY", json!({})).await;
    let refused = refresh(second.body["refresh_token"].clone()).await;
    assert_eq!(refused.body["error"], "invalid_grant", "{}", refused.text);
    let code = s.code(watchword_testkit::SECRET, 0);
    waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": code })).await.refused(403);
}

#[tokio::test]
async fn rules_are_listed_with_names_and_a_later_one_takes_the_formers_place() {
    let s = Server::start().await;
    let (ada, top, _) = company(&s).await;
    rule(&s, "USER", &ada, "ALLOW", json!({})).await;
    rule(&s, "USER", &ada, "DENY", json!({})).await;
    rule(&s, "GROUP", "staff", "ALLOW", json!({})).await;
    rule(&s, "ORG", &top, "ALLOW", json!({})).await;
    let admin = s.admin().await;
    let page = rules(&admin, &s, json!({})).await;
    assert_eq!(page["totalCount"], 3, "{page}");
    let mut names: Vec<&str> =
        page["list"].as_array().unwrap().iter().map(|r| r["targetName"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Staff", "Top", "ada"]);
    let found = rules(&admin, &s, json!({ "targetName": "AD", "targetTypeList": ["USER", "GROUP"] })).await;
    assert_eq!(found["totalCount"], 1);
    assert_eq!(found["list"][0]["effect"], "DENY");
    assert_eq!(found["list"][0]["permissionType"], "SUBJECT");
    assert_eq!(rules(&admin, &s, json!({ "targetName": "sta" })).await["totalCount"], 1);
    assert_eq!(rules(&admin, &s, json!({ "enabled": false })).await["totalCount"], 0);
    assert_eq!(rules(&admin, &s, json!({ "targetTypeList": ["ORG"] })).await["list"][0]["targetType"], "ORG");
    assert_eq!(rules(&admin, &s, json!({ "limit": 1, "page": 2 })).await["list"].as_array().unwrap().len(), 1);
    admin.post("/api/v3/delete-groups-batch", json!({ "codeList": ["staff"] })).await.ok();
    assert_eq!(rules(&admin, &s, json!({})).await["totalCount"], 2, "who is gone is named by no rule");
    admin.post("/api/v3/delete-users-batch", json!({ "userIds": [ada] })).await.ok();
    assert_eq!(rules(&admin, &s, json!({})).await["totalCount"], 1);
}

#[tokio::test]
async fn it_is_told_what_decides_about_a_subject() {
    let s = Server::start().await;
    let (ada, ..) = company(&s).await;
    let admin = s.admin().await;
    let app = &s.pool.app_id;
    let detail = |id: String, kind: &str| {
        let path = format!("/api/v3/get-subject-auth-detail?targetId={id}&targetType={kind}&appId={app}");
        let admin = admin.clone();
        async move { admin.get(&path).await }
    };
    let of_ada = detail(ada.clone(), "USER").await.ok();
    assert_eq!((&of_ada["authType"], &of_ada["reqTargetName"]), (&json!("DEFAULT"), &json!("ada")));
    rule(&s, "GROUP", "staff", "ALLOW", json!({})).await;
    let of_ada = detail(ada.clone(), "USER").await.ok();
    assert_eq!(of_ada["authType"], "SUBJECT");
    assert_eq!((&of_ada["targetType"], &of_ada["targetName"]), (&json!("GROUP"), &json!("Staff")));
    rule(&s, "USER", &ada, "ALLOW", json!({})).await;
    assert_eq!(detail(ada.clone(), "USER").await.ok()["authType"], "SELF");
    detail("64b000000000000000000000".into(), "USER").await.refused_with(404, 2004);
    detail(ada.clone(), "AK_SK").await.refused(501);

    let apps = |more: Value| {
        let mut body = json!({ "targetId": ada, "targetType": "USER" });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let admin = admin.clone();
        async move { admin.post("/api/v3/list-subject-auth", body).await.ok()["list"].clone() }
    };
    let list = apps(json!({})).await;
    assert_eq!(
        (&list[0]["appId"], &list[0]["effect"], &list[0]["appType"]),
        (&json!(app), &json!("ALLOW"), &json!("SELFBUILT"))
    );
    rule(&s, "ROLE", "clerk", "DENY", json!({ "namespaceCode": "default" })).await;
    assert_eq!(apps(json!({})).await[0]["effect"], "DENY");
    for none in [
        json!({ "effect": ["ALLOW"] }),
        json!({ "appName": "nowhere" }),
        json!({ "enabled": false }),
        json!({ "appTypeList": ["INTEGRATED"] }),
    ] {
        assert_eq!(apps(none.clone()).await, json!([]), "{none}");
    }
}

#[tokio::test]
async fn accessible_and_authorized_applications_follow_the_rules() {
    let s = Server::start().await;
    let (ada, ..) = company(&s).await;
    let admin = s.admin().await;
    let shop = admin.post("/api/v3/create-application", json!({ "appName": "Shop" })).await.ok()["appId"].clone();
    let list = |what: &str| {
        let path = format!("/api/v3/get-user-{what}-apps?userId={ada}");
        let admin = admin.clone();
        async move {
            let list = admin.get(&path).await.ok();
            list.as_array().unwrap().iter().map(|a| a["appId"].clone()).collect::<Vec<_>>()
        }
    };
    assert_eq!(list("accessible").await.len(), 2);
    assert_eq!(list("authorized").await.len(), 0);
    closed(&s).await;
    assert_eq!(list("accessible").await, std::slice::from_ref(&shop));
    rule(&s, "GROUP", "staff", "ALLOW", json!({})).await;
    assert_eq!(list("accessible").await.len(), 2);
    assert_eq!(list("authorized").await, [json!(s.pool.app_id)]);
    rule(&s, "USER", &ada, "DENY", json!({})).await;
    assert_eq!(list("accessible").await, [shop]);
    assert_eq!(list("authorized").await.len(), 0);
}

const AVAILABLE: &str = "/api/v3/get-department-available-app";

async fn available(admin: &Client, department: &str, kinds: Value) -> Vec<Value> {
    let apps = admin.post(AVAILABLE, json!({ "departmentId": department, "appTypeList": kinds })).await.ok();
    apps.as_array().unwrap().iter().map(|app| app["appId"].clone()).collect()
}

#[tokio::test]
async fn a_departments_applications_are_those_that_rules_open_for_it_or_for_one_above() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let (_, top, team) = company(&s).await;
    let (app, none) = (json!(s.pool.app_id), Vec::<Value>::new());
    assert_eq!(available(&admin, &team, Value::Null).await, none, "an open application is granted to nobody");
    rule(&s, "ORG", &top, "ALLOW", json!({})).await;
    assert_eq!(available(&admin, &top, Value::Null).await, std::slice::from_ref(&app));
    assert_eq!(available(&admin, &team, json!(["SELFBUILT"])).await, [app]);
    assert_eq!(available(&admin, &team, json!(["INTEGRATED"])).await, none);
    admin.post(AVAILABLE, json!({ "departmentId": team, "appTypeList": ["web"] })).await.refused_at("appTypeList[0]");
    rule(&s, "ORG", &team, "DENY", json!({})).await;
    assert_eq!(available(&admin, &team, Value::Null).await, none, "what denies outweighs what allows");
    assert_eq!(available(&admin, &top, Value::Null).await.len(), 1, "and says nothing of those above");
    rule(&s, "ORG", &team, "ALLOW", json!({})).await;
    rule(&s, "ORG", &top, "ALLOW", json!({ "inheritByChildren": false })).await;
    assert_eq!(available(&admin, &team, Value::Null).await.len(), 1, "its own rule");
    let gone = json!({ "targetType": "ORG", "targetIdentifier": [team] });
    admin.post(REVOKE, json!({ "appId": s.pool.app_id, "list": [gone] })).await.ok();
    assert_eq!(available(&admin, &team, Value::Null).await, none, "the one above is not for those below");
    admin.post(AVAILABLE, json!({ "departmentId": "none" })).await.refused(404);
}

#[tokio::test]
async fn a_department_out_of_use_gives_neither_applications_nor_roles() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let (ada, top, team) = company(&s).await;
    closed(&s).await;
    rule(&s, "ORG", &team, "ALLOW", json!({})).await;
    for (code, department) in [("of-top", &top), ("of-team", &team)] {
        admin.post("/api/v3/create-role", json!({ "code": code, "name": code, "namespace": "default" })).await.ok();
        let targets = json!([{ "targetType": "DEPARTMENT", "targetIdentifier": department }]);
        admin
            .post("/api/v3/assign-role", json!({ "code": code, "namespace": "default", "targets": targets }))
            .await
            .ok();
    }
    let seen = async || {
        let held = admin.get(&format!("/api/v3/get-user-roles?userId={ada}&namespace=default")).await.ok();
        let mut seen: Vec<String> =
            held["list"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap().to_owned()).collect();
        for code in ["of-top", "of-team"] {
            let members = admin.get(&format!("/api/v3/list-role-members?code={code}")).await.ok();
            let at = admin.get(&format!("/api/v3/list-role-departments?code={code}")).await.ok();
            assert_eq!(members["totalCount"], i64::from(seen.iter().any(|r| r == code)), "{code}: {members}");
            assert_eq!(at["totalCount"], members["totalCount"], "{code}: {at}");
        }
        let apps = admin.get(&format!("/api/v3/get-user-accessible-apps?userId={ada}")).await.ok();
        if !apps.as_array().unwrap().is_empty() {
            seen.push("app".to_owned());
        }
        assert_eq!(available(&admin, &team, Value::Null).await.len(), apps.as_array().unwrap().len());
        assert_eq!(enters(&s, "ada").await, apps.as_array().unwrap().len() == 1);
        seen
    };
    let switch = async |department: &str, on: bool| {
        admin.post("/api/v3/update-department-status", json!({ "departmentId": department, "status": on })).await.ok();
    };
    assert_eq!(seen().await, ["clerk", "of-team", "of-top", "app"]);
    switch(&team, false).await;
    assert_eq!(seen().await, ["clerk", "of-top"], "what those above have stays");
    switch(&team, true).await;
    switch(&top, false).await;
    assert_eq!(seen().await, ["clerk"], "nor do those below one that is out of use give anything");
    switch(&top, true).await;
    assert_eq!(seen().await.len(), 4);
    let root = admin.get("/api/v3/get-organization?organizationCode=acme").await.ok()["departmentId"].clone();
    let organisation = async |on: &str| {
        admin.post("/api/v3/update-organization-status", json!({ "rootNodeId": root, "status": on })).await.ok();
    };
    organisation("false").await;
    assert_eq!(seen().await, ["clerk"]);
    organisation("true").await;
    assert_eq!(seen().await.len(), 4);
    rule(&s, "USER", &ada, "ALLOW", json!({})).await;
    rule(&s, "ORG", &team, "DENY", json!({})).await;
    switch(&team, false).await;
    assert!(!enters(&s, "ada").await, "what denies stays in force");
}

#[tokio::test]
async fn bad_rules_are_refused_at_their_place_and_none_beside_them_is_kept() {
    let s = Server::start().await;
    let (ada, ..) = company(&s).await;
    let other = s.new_pool("Other").await;
    let foreign =
        s.admin_of(&other).await.post("/api/v3/create-user", json!({ "username": "bob" })).await.ok()["userId"].clone();
    let admin = s.admin().await;
    let good = json!({ "targetType": "USER", "targetIdentifier": [ada], "effect": "ALLOW" });
    let with = |bad: Value| json!({ "appId": s.pool.app_id, "list": [good, bad] });
    for (bad, place, status) in [
        (
            json!({ "targetType": "USER", "targetIdentifier": [foreign], "effect": "ALLOW" }),
            "list[1].targetIdentifier[0]",
            404,
        ),
        (
            json!({ "targetType": "GROUP", "targetIdentifier": ["staff", "nobody"], "effect": "ALLOW" }),
            "list[1].targetIdentifier[1]",
            404,
        ),
        (
            json!({ "targetType": "ROLE", "targetIdentifier": ["clerk"], "effect": "ALLOW" }),
            "list[1].namespaceCode",
            400,
        ),
        (
            json!({ "targetType": "ROLE", "namespaceCode": "x", "targetIdentifier": ["clerk"], "effect": "ALLOW" }),
            "list[1].namespaceCode",
            404,
        ),
        (json!({ "targetType": "USER", "targetIdentifier": [], "effect": "ALLOW" }), "list[1].targetIdentifier", 400),
        (
            json!({ "targetType": "USER", "targetIdentifier": [ada, ada], "effect": "ALLOW" }),
            "list[1].targetIdentifier[1]",
            400,
        ),
    ] {
        let refusal = admin.post(AUTHORIZE, with(bad)).await.refused(status);
        assert!(refusal["message"].as_str().unwrap().starts_with(place), "{place}: {refusal}");
    }
    assert_eq!(rules(&admin, &s, json!({})).await["totalCount"], 0);
    admin.post(AUTHORIZE, json!({ "appId": s.pool.app_id, "list": [] })).await.refused_at("list");
    admin.post(AUTHORIZE, json!({ "appId": other.app_id, "list": [good] })).await.refused_with(404, 2011);
    admin
        .post(STRATEGY, json!({ "appId": other.app_id, "permissionStrategy": "DENY_ALL" }))
        .await
        .refused_with(404, 2011);
    admin
        .post(STRATEGY, json!({ "appId": s.pool.app_id, "permissionStrategy": "MAYBE" }))
        .await
        .refused_at("permissionStrategy");
    let path = format!("/api/v3/get-application-permission-strategy?appId={}", s.pool.app_id);
    assert_eq!(admin.get(&path).await.ok(), json!({ "permissionStrategy": "ALLOW_ALL" }));
}

#[tokio::test]
async fn active_users_are_those_with_a_live_session_of_the_application_the_latest_first() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let (ada, bob) = (s.user("ada").await, s.user("bob").await);
    s.sign_in("ada").await.ok();
    s.advance(minutes(1));
    s.sign_in("bob").await.ok();
    s.sign_in("bob").await.ok();
    let active = |app: Value| admin.post("/api/v3/list-application-active-users", json!({ "appId": app }));
    let page = active(json!(s.pool.app_id)).await.ok();
    assert_eq!(page["totalCount"], 2);
    let ids: Vec<&Value> = page["list"].as_array().unwrap().iter().map(|u| &u["userId"]).collect();
    assert_eq!(ids, [&json!(bob), &json!(ada)]);
    admin.post("/api/v3/kick-users", json!({ "userId": bob, "appIds": [s.pool.app_id] })).await.ok();
    assert_eq!(active(json!(s.pool.app_id)).await.ok()["totalCount"], 1);
    s.advance(watchword_kit::Millis::days(60));
    let admin = s.admin().await;
    let body = json!({ "appId": s.pool.app_id, "options": { "pagination": { "page": 1, "limit": 50 } } });
    assert_eq!(admin.post("/api/v3/list-application-active-users", body).await.ok()["totalCount"], 0);
    admin
        .post("/api/v3/list-application-active-users", json!({ "appId": encode("nope") }))
        .await
        .refused_with(404, 2011);
}
