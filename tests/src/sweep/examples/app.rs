//! Operations on who may use an application, pictures, locks, e-mails, and what tenants would have.

use serde_json::{Value, json};
use watchword_testkit::{Client, PASSWORD, Server};
use watchword_web::Op;

use super::super::named;
use super::Call;

pub async fn valid(s: &Server, op: &Op, admin: &Client) -> Option<Call> {
    let call = |client: &Client, query: String, body: Option<Value>| Call {
        client: client.clone(),
        method: op.method,
        path: format!("{}{query}", op.path),
        body,
        form: false,
    };
    let get = |query: String| call(admin, query, None);
    let post = |body: Value| call(admin, String::new(), Some(body));
    let app = &s.pool.app_id;
    Some(match named(op).as_str() {
        "POST /api/v3/update-application" => post(json!({ "appId": app, "appName": "Renamed" })),
        "POST /api/v3/check-domain-available" => post(json!({ "domain": "shop" })),
        "GET /api/v3/get-application-permission-strategy" => get(format!("?appId={app}")),
        "POST /api/v3/update-application-permission-strategy" => {
            post(json!({ "appId": app, "permissionStrategy": "DENY_ALL" }))
        }
        "POST /api/v3/authorize-application-access" => {
            let target = json!({ "targetType": "USER", "targetIdentifier": [s.user("ada").await], "effect": "ALLOW" });
            post(json!({ "appId": app, "list": [target] }))
        }
        "POST /api/v3/revoke-application-access" => {
            let (user, _) = rule(s, admin).await;
            post(json!({ "appId": app, "list": [{ "targetType": "USER", "targetIdentifier": [user] }] }))
        }
        "POST /api/v3/list-applications-auth" => {
            rule(s, admin).await;
            post(json!({ "appId": app }))
        }
        "POST /api/v3/update-auth-enabled" => post(json!({ "id": rule(s, admin).await.1, "enabled": false })),
        "DELETE /api/v3/batch-applications-auth" => get(format!("?authIds={}", rule(s, admin).await.1)),
        "GET /api/v3/get-subject-auth-detail" => {
            get(format!("?targetId={}&targetType=USER&appId={app}", rule(s, admin).await.0))
        }
        "POST /api/v3/list-subject-auth" => post(json!({ "targetId": rule(s, admin).await.0, "targetType": "USER" })),
        "POST /api/v3/list-application-active-users" => {
            s.user("ada").await;
            s.sign_in("ada").await.ok();
            post(json!({ "appId": app }))
        }
        "GET /api/v3/list-tenant-applications" => get("?page=1&limit=10&keywords=a&sso_enabled=true".into()),
        "POST /api/v3/update-login-page-config" | "POST /api/v3/update-userpool-tenant-config" => post(page()),
        "GET /api/v3/userpool-tenant-config" => get(String::new()),
        "POST /api/v3/update-userpool-tenant-appqrcode-state" => post(json!({ "enabled": true })),
        "POST /api/v3/change-userpool-tenant-ext-idp-conn-state" => post(json!({ "connIds": [], "enabled": true })),
        "GET /api/v3/captcha-code" => call(&s.app(), "?r=1".into(), None),
        "GET /api/v3/get-captcha-code" => call(&s.app(), String::new(), None),
        "GET /api/v3/get-email-templates" | "GET /api/v3/get-email-provider" => get(String::new()),
        "POST /api/v3/update-email-template" => post(json!({
            "type": "LOGIN_VERIFY_CODE", "customizeEnabled": true, "name": "Ours", "subject": "Your code",
            "sender": "{{app_name}}", "content": "<b>{{code}}</b>",
        })),
        "POST /api/v3/preview-email-template" => post(json!({ "type": "LOGIN_VERIFY_CODE" })),
        "POST /api/v3/config-email-provider" => {
            let smtp = json!({ "smtp_host": "mail.example.com", "smtp_port": 587, "sender": "id@example.com",
                "senderPass": "mail-secret" });
            post(json!({ "enabled": true, "type": "custom", "smtpConfig": smtp }))
        }
        "POST /api/v3/self-unlock-account" => {
            let user = json!({ "username": "ada", "email": "ada@example.com", "password": PASSWORD });
            admin.post("/api/v3/create-user", user).await.ok();
            let own = json!({ "selfUnlockAccount": { "enabled": true, "strategy": "captcha" } });
            admin.post("/api/v3/update-security-settings", own).await.ok();
            let send = json!({ "email": "ada@example.com", "channel": "CHANNEL_UNLOCK_ACCOUNT" });
            s.app().post("/api/v3/send-email", send).await.done();
            let body = json!({ "email": "ada@example.com", "passCode": s.newest_code().await });
            call(&s.app(), String::new(), Some(body))
        }
        _ => return None,
    })
}

/// A user, and a rule about the user.
async fn rule(s: &Server, admin: &Client) -> (String, String) {
    let user = s.user("ada").await;
    let target = json!({ "targetType": "USER", "targetIdentifier": [user], "effect": "ALLOW" });
    let body = json!({ "appId": s.pool.app_id, "list": [target] });
    admin.post("/api/v3/authorize-application-access", body).await.ok();
    let list = admin.post("/api/v3/list-applications-auth", json!({ "appId": s.pool.app_id })).await.ok();
    (user, list["list"][0]["id"].as_str().expect("an id").to_owned())
}

fn page() -> Value {
    json!({ "update": {
        "tabMethodsSortConfig": {}, "qrCodeSortConfig": {}, "ssoPageCustomizationSettings": {}, "passwordTabConfig": {},
        "verifyCodeTabConfig": {}, "config": { "global": {} }, "enableCreateTenant": true, "createTenantScenes": [],
        "enableJoinTenant": true, "joinTenantScenes": [], "enableVerifyDomain": true, "verifyDomainScenes": [],
    } })
}
