//! Sign-ins as they happened, and the applications of a user.

use serde_json::{Value, json};
use watchword_kit::Millis;
use watchword_testkit::{Client, PASSWORD, SECRET, Server, minutes};

use super::{count, get, start};

async fn history(admin: &Client, user: &str, query: &str) -> Value {
    admin.get(&format!("/api/v3/get-user-login-history?userId={user}{query}")).await.ok()
}

/// `[methods, success]` of each row.
fn brief(page: &Value) -> Vec<Value> {
    page["list"].as_array().unwrap().iter().map(|row| json!([row["methods"], row["success"]])).collect()
}

async fn sign_in_at(server: &Server, app: &str, name: &str, agent: &str) {
    let client = server.anonymous().header("x-authing-app-id", app).header("user-agent", agent);
    let body = json!({ "connection": "PASSWORD", "passwordPayload": { "username": name, "password": PASSWORD } });
    client.post("/api/v3/signin", body).await.ok();
}

async fn second_app(admin: &Client) -> String {
    let app = json!({ "appName": "Shop", "appLogo": "https://shop.example.com/logo.png",
        "initLoginUri": "https://shop.example.com/login" });
    admin.post("/api/v3/create-application", app).await.ok()["appId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_sign_in_is_shown_with_its_application_address_agent_and_time() {
    let (server, admin) = start().await;
    let ada = server.user("ada").await;
    let shop = second_app(&admin).await;
    sign_in_at(&server, &server.pool.app_id, "ada", "Agent/1").await;
    let first = server.clock.now();
    server.advance(minutes(1));
    sign_in_at(&server, &shop, "ada", "Agent/2").await;
    let page = history(&admin, &ada, "").await;
    assert_eq!(page["totalCount"], 2);
    assert_eq!(
        page["list"][0],
        json!({
            "appId": shop, "appName": "Shop", "appLogo": "https://shop.example.com/logo.png",
            "appLoginUrl": "https://shop.example.com/login", "clientIp": "127.0.0.1", "userAgent": "Agent/2",
            "time": (first + minutes(1)).iso(), "methods": ["pwd"], "success": true,
        })
    );
    assert_eq!((&page["list"][1]["time"], &page["list"][1]["userAgent"]), (&json!(first.iso()), &json!("Agent/1")));
    assert_eq!(page["list"][1]["appLoginUrl"], "https://id.example.com");
    let shown = get(&admin, &ada, "").await.ok();
    assert_eq!((&shown["browser"], &shown["lastLoginApp"]), (&json!("Agent/2"), &json!(shop)));
    assert_eq!((&shown["loginsCount"], &shown["lastIp"]), (&json!(2), &json!("127.0.0.1")));
    admin.get("/api/v3/get-user-login-history?userId=0123456789abcdef01234567").await.refused_with(404, 2004);
}

#[tokio::test]
async fn what_failed_is_recorded_apart_and_a_second_factor_makes_no_second_row() {
    let (server, admin) = start().await;
    let ada = server.user_with_otp("ada").await;
    let wrong = json!({ "password": "not the password", "username": "ada" });
    server.sign_in_with("ada", wrong, "openid").await.refused_with(403, 2333);
    server.advance(minutes(1));
    let waiting = server.waiting("ada").await;
    assert_eq!(history(&admin, &ada, "&withFailures=true").await["totalCount"], 1, "half a sign-in is none");
    let bad = json!({ "totp": server.wrong_code(SECRET) });
    waiting.post("/api/v3/mfa-totp-verify", bad).await.ok();
    server.advance(minutes(1));
    let session = server.signed_in_with_otp("ada", SECRET).await;
    assert_eq!(brief(&history(&admin, &ada, "").await), [json!([["pwd", "otp", "mfa"], true])]);
    let all = brief(&history(&admin, &ada, "&withFailures=true").await);
    assert_eq!(all[1..], [json!([["otp"], false]), json!([["pwd"], false])]);
    // A wrong code in a session is no sign-in that failed.
    let bad = json!({ "totp": server.wrong_code(SECRET) });
    session.post("/api/v3/mfa-totp-verify", bad).await.ok();
    assert_eq!(history(&admin, &ada, "&withFailures=true").await["totalCount"], 3);
    admin.post("/api/v3/update-user", json!({ "userId": ada, "status": "Suspended" })).await.ok();
    server.sign_in("ada").await.refused_with(403, 2_120_008);
    assert_eq!(history(&admin, &ada, "&withFailures=true").await["totalCount"], 4);
    assert_eq!(history(&admin, &ada, "").await["totalCount"], 1);
}

#[tokio::test]
async fn every_filter_chooses_what_it_says_and_pages_fit_together() {
    let (server, admin) = start().await;
    let ada = server.user("ada").await;
    let shop = second_app(&admin).await;
    let mut model: Vec<(Millis, String)> = Vec::new();
    for n in 0..12 {
        let app = if n % 3 == 0 { shop.as_str() } else { server.pool.app_id.as_str() };
        sign_in_at(&server, app, "ada", "Agent").await;
        model.insert(0, (server.clock.now(), app.to_owned()));
        // Several in one moment, too.
        if n % 2 == 0 {
            server.advance(minutes(1));
        }
    }
    let middle = model[6].0;
    for (query, fits) in [
        (String::new(), Box::new(|_: &(Millis, String)| true) as Box<dyn Fn(&(Millis, String)) -> bool>),
        (format!("&appId={shop}"), Box::new(|row| row.1 == shop)),
        (format!("&start={}", middle.0), Box::new(|row| row.0 >= middle)),
        (format!("&end={}", middle.0), Box::new(|row| row.0 <= middle)),
        (format!("&start={}&end={}", middle.0, middle.0), Box::new(|row| row.0 == middle)),
        ("&clientIp=127.0.0.1".into(), Box::new(|_| true)),
        ("&clientIp=192.0.2.1".into(), Box::new(|_| false)),
    ] {
        let expected: Vec<String> = model.iter().filter(|row| fits(row)).map(|row| row.0.iso()).collect();
        let mut found = Vec::new();
        for page in 1..=5 {
            let page = history(&admin, &ada, &format!("{query}&page={page}&limit=5")).await;
            assert_eq!(page["totalCount"], expected.len(), "{query}");
            let list = page["list"].as_array().unwrap();
            found.extend(list.iter().map(|row| row["time"].as_str().unwrap().to_owned()));
        }
        assert_eq!(found, expected, "{query}");
    }
    let path = format!("/api/v3/get-user-login-history?userId={ada}");
    admin.get(&format!("{path}&limit=51")).await.refused_at("limit");
    admin.get(&format!("{path}&page=0")).await.refused_at("page");
}

#[tokio::test]
async fn logged_in_apps_are_those_that_were_entered_and_still_exist() {
    let (server, admin) = start().await;
    let ada = server.user("ada").await;
    server.user("bob").await;
    let shop = second_app(&admin).await;
    let apps = async || {
        let list = admin.get(&format!("/api/v3/get-user-loggedin-apps?userId={ada}")).await.ok();
        list.as_array().unwrap().iter().map(|app| app["appId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let own = server.pool.app_id.clone();
    assert!(apps().await.is_empty());
    let wrong = json!({ "password": "not the password", "username": "ada" });
    server.sign_in_with("ada", wrong, "openid").await.refused_with(403, 2333);
    sign_in_at(&server, &shop, "bob", "Agent").await;
    assert!(apps().await.is_empty(), "a failure is no entry, nor is another's");
    for app in [&own, &shop, &own] {
        sign_in_at(&server, app, "ada", "Agent").await;
        server.advance(minutes(1));
    }
    assert_eq!(apps().await, [own.clone(), shop.clone()], "the latest first");
    admin.post("/api/v3/delete-application", json!({ "appId": shop })).await.ok();
    assert_eq!(apps().await, [own]);
    let page = history(&admin, &ada, &format!("&appId={shop}")).await;
    assert_eq!((&page["totalCount"], &page["list"][0]["appName"]), (&json!(1), &json!("")), "the history stays");
}

#[tokio::test]
async fn accessible_apps_are_all_of_the_pool_while_no_rule_keeps_anybody_out() {
    let (server, admin) = start().await;
    let ada = server.user("ada").await;
    let shop = second_app(&admin).await;
    server.new_pool("Another pool").await;
    let ask = async |path: &str| admin.get(&format!("{path}?userId=ada&userIdType=username")).await;
    let apps = ask("/api/v3/get-user-accessible-apps").await.ok();
    let ids: Vec<&str> = apps.as_array().unwrap().iter().map(|a| a["appId"].as_str().unwrap()).collect();
    assert_eq!(ids, [server.pool.app_id.as_str(), &shop]);
    assert!(apps.as_array().unwrap().iter().all(|a| a["appDefaultLoginStrategy"] == "ALLOW_ALL"));
    sign_in_at(&server, &shop, "ada", "Agent").await;
    assert_eq!(ask("/api/v3/get-user-authorized-apps").await.ok(), json!([]));
    admin.post("/api/v3/update-user", json!({ "userId": ada, "status": "Suspended" })).await.ok();
    assert_eq!(ask("/api/v3/get-user-accessible-apps").await.ok(), json!([]));
    for path in
        ["/api/v3/get-user-accessible-apps", "/api/v3/get-user-authorized-apps", "/api/v3/get-user-loggedin-apps"]
    {
        admin.get(&format!("{path}?userId=0123456789abcdef01234567")).await.refused_with(404, 2004);
    }
}

#[tokio::test]
async fn sign_ins_are_forgotten_after_their_time_and_with_their_user() {
    let server = Server::with(|settings| settings.login_retention = Millis::days(30)).await;
    let admin = server.admin().await;
    let ada = server.user("ada").await;
    server.sign_in("ada").await.ok();
    server.advance(Millis::days(20));
    server.sign_in("ada").await.ok();
    server.advance(Millis::days(11));
    watchword::worker::forget(&server.services).await;
    assert_eq!(count(&server, "user_logins", "1 = 1").await, 1);
    let admin_later = server.admin().await;
    assert_eq!(history(&admin_later, &ada, "").await["totalCount"], 1);
    admin_later.post("/api/v3/delete-users-batch", json!({ "userIds": [ada] })).await.ok();
    assert_eq!(count(&server, "user_logins", "1 = 1").await, 0);
    drop(admin);
}
