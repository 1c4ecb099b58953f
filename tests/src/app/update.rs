//! Changing an application, its identifier, and what tenants would have.

use serde_json::{Value, json};
use watchword_testkit::{PASSWORD, Server};

const UPDATE: &str = "/api/v3/update-application";

#[tokio::test]
async fn what_is_given_changes_and_what_is_absent_stays() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let made = json!({
        "appName": "Shop", "redirectUris": ["https://shop.example.com/cb"], "ssoEnabled": true,
        "oidcConfig": { "access_token_expire": 600 },
        "loginConfig": { "showAuthorizationPage": true, "enabledBasicLoginMethods": ["USERNAME_PASSWORD"] },
    });
    let before = admin.post("/api/v3/create-application", made).await.ok();
    let change = json!({
        "appId": before["appId"], "appName": "商城", "appIdentifier": "mall", "ssoEnabled": false,
        "oidcConfig": { "id_token_expire": 700 },
        "loginConfig": { "showAuthorizationPage": false },
        "registerConfig": { "enabledBasicRegisterMethods": ["EMAIL_CODE"], "defaultRegisterMethod": "PASSCODE" },
    });
    let after = admin.post(UPDATE, change).await.ok();
    assert_eq!((&after["appName"], &after["appIdentifier"]), (&json!("商城"), &json!("mall")));
    assert_eq!((&after["ssoEnabled"], &after["ssoEnabledAt"]), (&json!(false), &Value::Null));
    assert_eq!(after["oidcConfig"]["access_token_expire"], 600);
    assert_eq!(after["oidcConfig"]["id_token_expire"], 700);
    assert_eq!(after["loginConfig"]["showAuthorizationPage"], false);
    assert_eq!(after["loginConfig"]["enabledBasicLoginMethods"], json!(["USERNAME_PASSWORD"]));
    assert_eq!(after["registerConfig"]["enabledBasicRegisterMethods"], json!(["EMAIL_CODE"]));
    assert_eq!(after["redirectUris"], before["redirectUris"]);
    assert_eq!(after["oauthConfig"]["access_token_lifetime"], 600);
    // What was shown may come back.
    let again = json!({ "appId": after["appId"], "oauthConfig": after["oauthConfig"], "oidcConfig": after["oidcConfig"],
        "brandingConfig": { "defaultLanguage": after["brandingConfig"]["defaultLanguage"] } });
    assert_eq!(admin.post(UPDATE, again).await.ok()["oidcConfig"], after["oidcConfig"]);
    let path = format!("/api/v3/get-application?appId={}", before["appId"].as_str().unwrap());
    let mut after = after;
    after["customBrandingEnabled"] = true.into();
    assert_eq!(admin.get(&path).await.ok(), after);
}

#[tokio::test]
async fn a_bad_change_is_refused_and_nothing_beside_it_is_kept() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let other = s.new_pool("Other").await;
    let shop =
        admin.post("/api/v3/create-application", json!({ "appName": "Shop", "appIdentifier": "shop" })).await.ok();
    for (more, status) in [
        (json!({ "redirectUris": ["javascript:alert(1)"] }), 400),
        (json!({ "oidcConfig": { "no_such": 1 } }), 400),
        (json!({ "samlProviderEnabled": true }), 501),
        (json!({ "casConfig": { "a": 1 } }), 501),
        (json!({ "oauthConfig": { "access_token_lifetime": 600 } }), 501),
        (json!({ "brandingConfig": { "defaultLanguage": "ja-JP" } }), 501),
        (json!({ "templateData": "{}" }), 501),
        (json!({ "ssoShowLaunchpad": true }), 501),
        (json!({ "enablePermissionApply": true }), 501),
        (json!({ "brandingConfig": { "customCSSEnabled": true } }), 501),
        (json!({ "appId": s.pool.app_id, "appIdentifier": "shop" }), 409),
        (json!({ "appId": other.app_id }), 404),
    ] {
        let mut body = json!({ "appId": shop["appId"], "appName": "Changed" });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        admin.post(UPDATE, body).await.refused(status);
    }
    let path = format!("/api/v3/get-application?appId={}", shop["appId"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.ok(), shop);
}

#[tokio::test]
async fn an_identifier_is_available_until_an_application_of_the_pool_has_it() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let free = |name: &str| {
        let body = json!({ "domain": name });
        let admin = admin.clone();
        async move { admin.post("/api/v3/check-domain-available", body).await.ok()["available"].clone() }
    };
    assert_eq!(free("shop").await, true);
    admin.post("/api/v3/create-application", json!({ "appName": "Shop", "appIdentifier": "shop" })).await.ok();
    assert_eq!(free("shop").await, false);
    assert_eq!(free("Not an identifier").await, false);
}

#[tokio::test]
async fn there_are_no_tenants_and_nothing_is_kept_for_them() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let list = admin.get("/api/v3/list-tenant-applications?page=1&limit=10&keywords=a&sso_enabled=true").await.ok();
    assert_eq!(list, json!({ "totalCount": 0, "list": [] }));
    admin.get("/api/v3/list-tenant-applications?page=x&limit=10&keywords=a&sso_enabled=true").await.refused_at("page");
    let page = json!({ "update": {
        "tabMethodsSortConfig": {}, "qrCodeSortConfig": {}, "ssoPageCustomizationSettings": {}, "passwordTabConfig": {},
        "verifyCodeTabConfig": {}, "config": { "global": {} }, "enableCreateTenant": true, "createTenantScenes": [],
        "enableJoinTenant": true, "joinTenantScenes": [], "enableVerifyDomain": true, "verifyDomainScenes": [],
    } });
    admin.post("/api/v3/update-login-page-config", page.clone()).await.refused(501);
    admin.post("/api/v3/update-userpool-tenant-config", page).await.refused(501);
    admin.get("/api/v3/userpool-tenant-config").await.refused(501);
    admin.post("/api/v3/update-userpool-tenant-appqrcode-state", json!({ "enabled": true })).await.refused(501);
    let connections = json!({ "connIds": ["a"], "enabled": true });
    admin.post("/api/v3/change-userpool-tenant-ext-idp-conn-state", connections).await.refused(501);
}

#[tokio::test]
async fn users_sign_in_by_the_ways_that_the_application_has_enabled_and_no_others() {
    let s = Server::with(|settings| settings.demo = true).await;
    let admin = s.admin().await;
    let user = json!({ "username": "ada", "email": "ada@example.com", "phone": "13800000000", "password": PASSWORD });
    admin.post("/api/v3/create-user", user).await.ok();
    let all = ["USERNAME_PASSWORD", "EMAIL_PASSWORD", "PHONE_PASSWORD", "EMAIL_CODE", "PHONE_CODE"];
    let password = |name: &str, value: &str| json!({ "connection": "PASSWORD", "passwordPayload": { name: value, "password": PASSWORD } });
    for on in all {
        let login = json!({ "showAuthorizationPage": false, "enabledBasicLoginMethods": [on] });
        admin.post(UPDATE, json!({ "appId": s.pool.app_id, "loginConfig": login })).await.ok();
        for (way, body) in [
            ("USERNAME_PASSWORD", password("username", "ada")),
            ("EMAIL_PASSWORD", password("email", "ada@example.com")),
            ("PHONE_PASSWORD", password("phone", "13800000000")),
            ("USERNAME_PASSWORD", password("account", "ada")),
            ("EMAIL_PASSWORD", password("account", "ada@example.com")),
            ("PHONE_PASSWORD", password("account", "13800000000")),
        ] {
            let reply = s.app().post("/api/v3/signin", body.clone()).await;
            if way == on {
                reply.ok();
            } else {
                let refusal = reply.refused(403);
                assert!(refusal.get("apiCode").is_none(), "{on} {body}: {refusal}");
            }
        }
        for (way, target, send, member) in [
            ("EMAIL_CODE", "ada@example.com", "/api/v3/send-email", "email"),
            ("PHONE_CODE", "13800000000", "/api/v3/send-sms", "phone"),
        ] {
            s.advance(watchword_testkit::minutes(2));
            let name = if member == "phone" { "phoneNumber" } else { "email" };
            s.app().post(send, json!({ name: target, "channel": "CHANNEL_LOGIN" })).await.done();
            let code = s.newest_code().await;
            let body = json!({ "connection": "PASSCODE", "passCodePayload": { member: target, "passCode": code } });
            let reply = s.app().post("/api/v3/signin", body).await;
            if way == on { drop(reply.ok()) } else { drop(reply.refused(403)) }
        }
    }
}
