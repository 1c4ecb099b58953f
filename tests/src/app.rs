//! Applications.

mod access;
mod update;

use serde_json::{Value, json};
use watchword_testkit::{Client, Server};

use crate::token::{limited, sign_in, signed_in};

const CREATE: &str = "/api/v3/create-application";
const DELETE: &str = "/api/v3/delete-application";
const LIST: &str = "/api/v3/list-applications";
const MFA: &str = "/api/v3/update-application-mfa-settings";
const REFRESH: &str = "/api/v3/refresh-application-secret";

/// An operation that anyone may call who is signed in.
const FACTORS: &str = "/api/v3/list-enrolled-factors";

fn bearer(server: &Server, token: &Value) -> Client {
    server.anonymous().bearer(token.as_str().unwrap())
}

async fn made(admin: &Client, body: Value) -> String {
    admin.post(CREATE, body).await.ok()["appId"].as_str().unwrap().to_owned()
}

async fn shown(admin: &Client, id: &str) -> Value {
    admin.get(&format!("/api/v3/get-application?appId={id}")).await.ok()
}

#[tokio::test]
async fn an_application_made_with_a_name_only_has_the_contracts_defaults() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let app = admin.post(CREATE, json!({ "appName": "Shop" })).await.ok();
    let id = app["appId"].as_str().unwrap();
    assert_eq!(app["appIdentifier"], json!(format!("app-{id}")));
    let expected = json!({
        "appName": "Shop", "appLogo": "", "appDescription": null, "appType": "web", "userPoolId": server.pool.id,
        "isIntegrateApp": false, "defaultProtocol": "oidc", "redirectUris": [], "logoutRedirectUris": [],
        "initLoginUri": "", "ssoEnabled": false, "ssoEnabledAt": null, "samlProviderEnabled": false,
        "oauthProviderEnabled": false, "casProviderEnabled": false, "customBrandingEnabled": false,
        "customSecurityEnabled": false, "template": null, "mfaOnApiSignin": "enforce",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&app[name], value, "{name}");
    }
    let ways = json!(["PHONE_CODE", "EMAIL_CODE", "PHONE_PASSWORD", "EMAIL_PASSWORD", "USERNAME_PASSWORD"]);
    assert_eq!(app["loginConfig"]["enabledBasicLoginMethods"], ways);
    let some = json!({ "appName": "Some", "loginConfig": { "showAuthorizationPage": false } });
    let some = admin.post(CREATE, some).await.ok();
    assert_eq!(some["loginConfig"]["enabledBasicLoginMethods"], json!(["EMAIL_CODE", "EMAIL_PASSWORD"]));
    assert_eq!(app["brandingConfig"]["guardVersion"], "Advanced");
    assert_eq!(app["oidcConfig"], contracts_oidc_default());
    assert!(!app.to_string().contains(&secret(&admin, id).await));
}

/// The default of `oidcConfig` that the contract declares.
fn contracts_oidc_default() -> Value {
    json!({
        // Without the contract's `password`: that grant is on only where somebody has asked for it.
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "id_token_signed_response_alg": "HS256", "jwks_uri": null, "token_endpoint_auth_method": "client_secret_post",
        "introspection_endpoint_auth_method": "client_secret_post",
        "revocation_endpoint_auth_method": "client_secret_post", "request_object_encryption_enc": null,
        "request_object_encryption_alg": null, "request_object_signing_alg": null,
        "userinfo_encrypted_response_enc": null, "userinfo_encrypted_response_alg": null,
        "userinfo_signed_response_alg": null, "id_token_encrypted_response_enc": null,
        "id_token_encrypted_response_alg": null, "jwks": null, "authorization_code_expire": 600,
        "id_token_expire": 1209600, "access_token_expire": 1209600, "refresh_token_expire": 2592000,
        "cas_expire": 1209600, "skip_consent": true,
    })
}

#[tokio::test]
async fn everything_given_is_kept_and_shown_alike_by_create_get_and_list() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let body = json!({
        "appName": " 商城 Shop ", "appIdentifier": "shop-1", "appLogo": "https://cdn.example.com/logo.png",
        "appDescription": "Where things are sold", "appType": "native", "defaultProtocol": "oidc",
        "redirectUris": ["https://shop.example.com/cb", "com.example.shop:/cb"],
        "logoutRedirectUris": ["https://shop.example.com/bye"], "initLoginUri": "https://shop.example.com/start#x",
        "ssoEnabled": true, "samlProviderEnabled": false, "mfaOnApiSignin": "advisory",
        "oidcConfig": {
            "grant_types": ["refresh_token"], "id_token_signed_response_alg": "RS256", "access_token_expire": 600.0,
            "refresh_token_expire": 7200, "skip_consent": false, "jwks": null,
        },
        "oauthConfig": { "grants": ["refresh_token"], "access_token_lifetime": 600 },
        "loginConfig": {
            "mergeLoginAndRegisterPage": true, "enabledBasicLoginMethods": ["PHONE_CODE", "USERNAME_PASSWORD"],
            "defaultLoginMethod": { "connectionType": "PASSCODE", "qrcodeExtIdpConnId": "" },
            "enabledExtIdpConnIds": [], "enabledAllExtIdpConns": false, "showAuthorizationPage": true,
        },
        "registerConfig": { "enabledBasicRegisterMethods": ["EMAIL_PASSWORD"], "defaultRegisterMethod": "PASSWORD" },
        "brandingConfig": {
            "customCSSEnabled": false, "guardVersion": "Advanced",
            "showChangeLanguageButton": true, "defaultLanguage": "zh-CN", "showForgetPasswordButton": false,
            "showEnterpriseConnections": false, "showSocialConnections": false,
        },
    });
    let app = admin.post(CREATE, body.clone()).await.ok();
    for name in [
        "appIdentifier",
        "appLogo",
        "appDescription",
        "appType",
        "redirectUris",
        "logoutRedirectUris",
        "initLoginUri",
        "ssoEnabled",
        "registerConfig",
        "mfaOnApiSignin",
    ] {
        assert_eq!(app[name], body[name], "{name}");
    }
    assert_eq!((&app["appName"], &app["ssoEnabledAt"]), (&json!("商城 Shop"), &json!("2026-01-01T00:00:00.000Z")));
    for (name, value) in body["brandingConfig"].as_object().unwrap() {
        assert_eq!(&app["brandingConfig"][name], value, "{name}");
    }
    for name in ["mergeLoginAndRegisterPage", "enabledBasicLoginMethods", "showAuthorizationPage"] {
        assert_eq!(app["loginConfig"][name], body["loginConfig"][name], "{name}");
    }
    assert_eq!(app["loginConfig"]["defaultLoginMethod"]["connectionType"], "PASSCODE");
    assert_eq!(app["customBrandingEnabled"], json!(true));
    let mut oidc = contracts_oidc_default();
    for (name, value) in [
        ("grant_types", json!(["refresh_token"])),
        ("id_token_signed_response_alg", json!("RS256")),
        ("access_token_expire", json!(600)),
        ("refresh_token_expire", json!(7200)),
        ("skip_consent", json!(false)),
    ] {
        oidc[name] = value;
    }
    assert_eq!(app["oidcConfig"], oidc);
    let oauth = json!({
        "grants": ["refresh_token"], "access_token_lifetime": 600, "refresh_token_lifetime": 7200,
        "introspection_endpoint_auth_method": "client_secret_post",
        "revocation_endpoint_auth_method": "client_secret_post",
    });
    assert_eq!(app["oauthConfig"], oauth, "what the endpoints of OAuth do");
    assert_eq!(shown(&admin, app["appId"].as_str().unwrap()).await, app);
    assert_eq!(admin.get(&format!("{LIST}?keywords=SHOP")).await.ok(), json!({ "totalCount": 1, "list": [app] }));
}

#[tokio::test]
async fn lifetimes_and_the_algorithm_of_the_application_are_those_of_its_tokens() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let oidc = json!({ "access_token_expire": 600, "id_token_expire": 300, "refresh_token_expire": 7200,
        "id_token_signed_response_alg": "RS256" });
    let id = made(&admin, json!({ "appName": "Short", "oidcConfig": oidc })).await;
    let settings = async |id: &str| {
        let app = watchword_domain::app::find(&server.services, id).await.unwrap();
        let s = watchword_domain::app::client_settings(&app).unwrap();
        (s.access_token_expire, s.id_token_expire, s.refresh_token_expire, s.id_token_alg.as_str())
    };
    assert_eq!(settings(&id).await, (600, 300, 7200, "RS256"));
    assert_eq!(settings(&server.pool.app_id).await, (1_209_600, 1_209_600, 2_592_000, "HS256"));
    let (_, tokens) = signed_in(&server, &id).await;
    assert_eq!(tokens["expires_in"], 600);
    let user = bearer(&server, &tokens["access_token"]);
    server.clock.advance(watchword_testkit::seconds(599));
    user.get(FACTORS).await.ok();
    server.clock.advance(watchword_testkit::seconds(1));
    user.get(FACTORS).await.refused(401);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_place_and_nothing_is_made() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let long = format!("https://a.example/{}", "x".repeat(2048));
    let cases = [
        ("appName", json!({})),
        ("appName", json!({ "appName": "  " })),
        ("appName", json!({ "appName": "a\u{202e}b" })),
        ("appName", json!({ "appName": "a".repeat(101) })),
        ("appIdentifier", json!({ "appName": "A", "appIdentifier": "Shop" })),
        ("appLogo", json!({ "appName": "A", "appLogo": "javascript:alert(1)" })),
        ("appType", json!({ "appName": "A", "appType": "desktop" })),
        ("redirectUris[1]", json!({ "appName": "A", "redirectUris": ["https://a.example/", "/cb"] })),
        ("redirectUris[0]", json!({ "appName": "A", "redirectUris": ["myapp://cb"] })),
        ("redirectUris[0]", json!({ "appName": "A", "redirectUris": ["https://a.example/#x"] })),
        ("redirectUris[0]", json!({ "appName": "A", "redirectUris": [long] })),
        ("redirectUris", json!({ "appName": "A", "redirectUris": vec!["https://a.example/"; 101] })),
        ("logoutRedirectUris[0]", json!({ "appName": "A", "logoutRedirectUris": ["data:text/html,x"] })),
        ("initLoginUri", json!({ "appName": "A", "initLoginUri": "ftp://a.example" })),
        ("oidcConfig.access_token_expire", json!({ "appName": "A", "oidcConfig": { "access_token_expire": 59 } })),
        (
            "oidcConfig.access_token_expire",
            json!({ "appName": "A", "oidcConfig": { "access_token_expire": 31536001 } }),
        ),
        ("oidcConfig.id_token_expire", json!({ "appName": "A", "oidcConfig": { "id_token_expire": "600" } })),
        ("oidcConfig.refresh_token_expire", json!({ "appName": "A", "oidcConfig": { "refresh_token_expire": 1.5 } })),
        (
            "oidcConfig.authorization_code_expire",
            json!({ "appName": "A", "oidcConfig": { "authorization_code_expire": 601 } }),
        ),
        (
            "oidcConfig.id_token_signed_response_alg",
            json!({ "appName": "A", "oidcConfig": { "id_token_signed_response_alg": "none" } }),
        ),
        ("oidcConfig.grant_types", json!({ "appName": "A", "oidcConfig": { "grant_types": ["magic"] } })),
        ("oidcConfig.response_types", json!({ "appName": "A", "oidcConfig": { "response_types": [] } })),
        ("oidcConfig.client_secret", json!({ "appName": "A", "oidcConfig": { "client_secret": "x" } })),
        ("loginConfig.showAuthorizationPage", json!({ "appName": "A", "loginConfig": {} })),
        (
            "loginConfig.enabledExtIdpConnIds[0].extIdpConnId",
            json!({ "appName": "A", "loginConfig": {
            "showAuthorizationPage": false, "enabledExtIdpConnIds": [{ "extIdpConnId": "x" }] } }),
        ),
        ("oauthConfig", json!({ "appName": "A", "oauthConfig": { "x": "y".repeat(20_000) } })),
        ("mfaOnApiSignin", json!({ "appName": "A", "mfaOnApiSignin": "never" })),
    ];
    for (field, body) in cases {
        admin.post(CREATE, body).await.refused_at(field);
    }
    assert_eq!(admin.get(LIST).await.ok()["totalCount"], 1);
}

#[tokio::test]
async fn what_cannot_act_yet_is_refused_rather_than_kept_in_silence() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let login = |more: Value| {
        let mut login = json!({ "showAuthorizationPage": false });
        login.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "loginConfig": login })
    };
    for more in [
        json!({ "samlProviderEnabled": true }),
        json!({ "oauthProviderEnabled": true }),
        json!({ "casProviderEnabled": true }),
        json!({ "samlConfig": { "acs": "https://sp.example.com/acs" } }),
        json!({ "casConfig": { "a": 1 } }),
        json!({ "brandingConfig": { "customCSSEnabled": true } }),
        json!({ "brandingConfig": { "customCSS": "a{}" } }),
        json!({ "brandingConfig": { "customBackground": "red" } }),
        json!({ "brandingConfig": { "customLoadingImage": "https://cdn.example.com/l.gif" } }),
        json!({ "brandingConfig": { "guardVersion": "Classical" } }),
        json!({ "defaultProtocol": "saml" }),
        json!({ "template": "jira" }),
        json!({ "templateData": "{}" }),
        json!({ "oidcConfig": { "jwks_uri": "https://a.example/jwks" } }),
        json!({ "oidcConfig": { "userinfo_signed_response_alg": "RS256" } }),
        json!({ "oidcConfig": { "cas_expire": 3600 } }),
        json!({ "oauthConfig": { "access_token_lifetime": 600 } }),
        json!({ "oauthConfig": { "grants": ["password"] } }),
        json!({ "oauthConfig": { "redirect_uris": ["https://a.example/"] } }),
        json!({ "brandingConfig": { "defaultLanguage": "zh-TW" } }),
        json!({ "brandingConfig": { "defaultLanguage": "ja-JP" } }),
        login(json!({ "enabledAllExtIdpConns": true })),
        login(json!({ "enabledBasicLoginMethods": ["EMAIL_CODE", "SELF_BUILT_APP_QRCODE"] })),
        login(json!({ "defaultLoginMethod": { "connectionType": "QRCODE", "qrcodeType": "SELF_BUILT_APP" } })),
        login(json!({ "defaultLoginMethod": { "connectionType": "LDAP" } })),
    ] {
        let mut body = json!({ "appName": "A" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        admin.post(CREATE, body).await.refused(501);
    }
    assert_eq!(admin.get(LIST).await.ok()["totalCount"], 1);
}

#[tokio::test]
async fn an_identifier_is_given_once_per_pool() {
    let server = Server::start().await;
    let other = server.new_pool("Other").await;
    let admin = server.admin().await;
    let body = json!({ "appName": "Shop", "appIdentifier": "shop" });
    let id = made(&admin, body.clone()).await;
    admin.post(CREATE, body.clone()).await.refused_with(409, 2039);
    server.admin_of(&other).await.post(CREATE, body.clone()).await.ok();
    admin.post(DELETE, json!({ "appId": id })).await.ok();
    admin.post(CREATE, body).await.ok();
}

#[tokio::test]
async fn lists_are_paged_newest_first_and_filtered() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for n in 1..=12 {
        server.clock.advance(watchword_testkit::seconds(1));
        made(&admin, json!({ "appName": format!("App 100%_{n}"), "ssoEnabled": n % 4 == 0 })).await;
    }
    let names = |page: &Value| -> Vec<String> {
        let list = page["list"].as_array().unwrap();
        list.iter().map(|a| a["appName"].as_str().unwrap().trim_start_matches("App 100%_").to_owned()).collect()
    };
    for path in [LIST, "/api/v3/list-application-simple-info"] {
        let get = async |query: &str| admin.get(&format!("{path}?{query}")).await.ok();
        let first = get("").await;
        assert_eq!((&first["totalCount"], names(&first).len()), (&json!(13), 10));
        assert_eq!(names(&get("page=2&limit=5").await), ["7", "6", "5", "4", "3"]);
        assert_eq!(names(&get("page=3").await), Vec::<String>::new());
        assert_eq!(names(&get("ssoEnabled=true").await), ["12", "8", "4"]);
        assert_eq!(get("isIntegrateApp=true").await["totalCount"], 0);
        assert_eq!(get("isSelfBuiltApp=true&isIntegrateApp=false&ssoEnabled=false").await["totalCount"], 13);
        assert_eq!(names(&get("keywords=100%25_1&limit=50").await), ["12", "11", "10", "1"]);
        assert_eq!(names(&get("keywords=00%251").await), Vec::<String>::new());
        admin.get(&format!("{path}?limit=51")).await.refused_at("limit");
        admin.get(&format!("{path}?page=0")).await.refused_at("page");
    }
    let simple = admin.get("/api/v3/list-application-simple-info?limit=1").await.ok()["list"][0].clone();
    let keys: Vec<&String> = simple.as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 7, "{keys:?}");
    let id = simple["appId"].as_str().unwrap();
    assert_eq!(admin.get(&format!("/api/v3/get-application-simple-info?appId={id}")).await.ok(), simple);
}

async fn secret(admin: &Client, id: &str) -> String {
    let data = admin.get(&format!("/api/v3/get-application-secret?appId={id}")).await.ok();
    data["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refreshed_secret_replaces_the_old_one_at_once() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = &server.pool.app_id;
    let old = secret(&admin, id).await;
    assert_eq!(old, server.pool.app_secret);
    let new = admin.post(REFRESH, json!({ "appId": id })).await.ok()["secret"].as_str().unwrap().to_owned();
    assert!(new != old && new.len() == 32, "{new}");
    assert_eq!(secret(&admin, id).await, new);
    server.user("ada").await;
    let with = async |secret: &str| {
        let password = json!({ "username": "ada", "password": watchword_testkit::user::PASSWORD });
        let body = json!({
            "connection": "PASSWORD", "passwordPayload": password, "client_id": id, "client_secret": secret,
        });
        server.anonymous().post("/api/v3/signin", body).await
    };
    with(&old).await.refused(401);
    with(&new).await.ok();
    // The database holds it sealed.
    let mut tx = server.services.db.read().await.unwrap();
    let sql = format!("SELECT secret_sealed FROM applications WHERE id = '{id}'");
    let (sealed,): (Vec<u8>,) = tx.one(&sql, &[]).await.unwrap();
    assert!(!sealed.windows(8).any(|w| w == &new.as_bytes()[..8]));
}

#[tokio::test]
async fn who_may_not_read_secrets_does_not_get_one_by_refreshing_it() {
    let server = Server::start().await;
    let writer = limited(&server, &["application:read", "application:write"]).await;
    let body = json!({ "appId": server.pool.app_id });
    writer.post(REFRESH, body.clone()).await.refused(403);
    writer.get(&format!("/api/v3/get-application-secret?appId={}", server.pool.app_id)).await.refused(403);
    assert_eq!(secret(&server.admin().await, &server.pool.app_id).await, server.pool.app_secret);
    limited(&server, &["application:write", "application:read-secret"]).await.post(REFRESH, body).await.ok();
}

#[tokio::test]
async fn a_deleted_application_takes_its_tokens_and_everything_begun_with_it_along() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let doomed = made(&admin, json!({ "appName": "Doomed" })).await;
    let dead = Begun::at(&server, &doomed).await;
    let alive = Begun::at(&server, &server.pool.app_id).await;
    admin.post("/api/v3/update-global-mfa-settings", json!({ "enabledFactors": ["OTP"] })).await.ok();
    let (dead, alive) = (dead.and_waiting(&server).await, alive.and_waiting(&server).await);
    assert_eq!(admin.post(DELETE, json!({ "appId": doomed })).await.ok(), json!({ "success": true }));
    bearer(&server, &dead.tokens["access_token"]).get(FACTORS).await.refused_with(401, 2020);
    bearer(&server, &alive.tokens["access_token"]).get(FACTORS).await.ok();
    bearer(&server, &dead.mfa_token).get(FACTORS_TO_ENROLL).await.refused(401);
    bearer(&server, &alive.mfa_token).get(FACTORS_TO_ENROLL).await.ok();
    let mut tx = server.services.db.read().await.unwrap();
    for table in ["sessions", "refresh_tokens", "mfa_transactions", "enrollments"] {
        let sql = format!("SELECT app_id FROM {table}");
        let rows: Vec<(String,)> = tx.all(&sql, &[]).await.unwrap();
        assert_eq!(rows, [(server.pool.app_id.clone(),)], "{table}");
    }
    drop(tx);
    admin.get(&format!("/api/v3/get-application?appId={doomed}")).await.refused_with(404, 2011);
    admin.post(DELETE, json!({ "appId": doomed })).await.refused_with(404, 2011);
    sign_in(&server, &doomed, &dead.username).await.refused_with(404, 2011);
}

const FACTORS_TO_ENROLL: &str = "/api/v3/list-factors-to-enroll";

/// What a user has begun at an application.
struct Begun {
    app_id: String,
    username: String,
    tokens: Value,
    mfa_token: Value,
}

impl Begun {
    async fn at(server: &Server, app_id: &str) -> Begun {
        let username = format!("user-of-{app_id}");
        server.user(&username).await;
        let tokens = sign_in(server, app_id, &username).await.ok();
        Begun { app_id: app_id.into(), username, tokens, mfa_token: Value::Null }
    }

    /// A second sign-in, which waits for its second factor, and an enrolment begun in it.
    async fn and_waiting(mut self, server: &Server) -> Begun {
        let waiting = sign_in(server, &self.app_id, &self.username).await.refused(300);
        self.mfa_token = waiting["data"]["mfaToken"].clone();
        let enroll = json!({ "factorType": "OTP", "profile": {} });
        bearer(server, &self.mfa_token).post("/api/v3/send-enroll-factor-request", enroll).await.ok();
        self
    }
}

#[tokio::test]
async fn a_session_that_slips_in_while_its_application_is_deleted_is_worth_nothing() {
    let server = Server::start().await;
    let (_, tokens) = signed_in(&server, &server.pool.app_id).await;
    let user = bearer(&server, &tokens["access_token"]);
    user.get(FACTORS).await.ok();
    let mut tx = server.services.db.write().await.unwrap();
    tx.run(&"DELETE FROM applications".to_owned(), &[]).await.unwrap();
    tx.commit().await.unwrap();
    user.get(FACTORS).await.refused(401);
}

#[tokio::test]
async fn applications_of_another_pool_do_not_exist() {
    let server = Server::start().await;
    let other = server.new_pool("Other").await;
    let stranger = server.admin_of(&other).await;
    let id = &server.pool.app_id;
    for path in ["get-application", "get-application-simple-info", "get-application-secret"] {
        let foreign = stranger.get(&format!("/api/v3/{path}?appId={id}")).await.refused_with(404, 2011);
        let unknown =
            stranger.get(&format!("/api/v3/{path}?appId=0123456789abcdef01234567")).await.refused_with(404, 2011);
        assert_eq!(foreign["message"], unknown["message"]);
    }
    for path in [DELETE, REFRESH, MFA] {
        stranger.post(path, json!({ "appId": id })).await.refused_with(404, 2011);
    }
    assert_eq!(stranger.get(LIST).await.ok()["list"][0]["appId"], json!(other.app_id));
    assert_eq!(secret(&server.admin().await, id).await, server.pool.app_secret);
}

#[tokio::test]
async fn an_applications_factors_begin_with_the_pools_and_go_their_own_way() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = &server.pool.app_id;
    let set = async |body: Value| {
        let mut body = body;
        body["appId"] = json!(id);
        admin.post(MFA, body).await
    };
    let own = async || shown(&admin, id).await["customSecurityEnabled"].clone();
    admin.post("/api/v3/update-global-mfa-settings", json!({ "enabledFactors": ["SMS"] })).await.ok();
    assert_eq!(set(json!({})).await.ok(), json!({ "enabledFactors": ["SMS"] }));
    assert_eq!(own().await, json!(false));
    assert_eq!(set(json!({ "enabledFactors": ["OTP"] })).await.ok()["enabledFactors"], json!(["OTP", "SMS"]));
    assert_eq!(own().await, json!(true));
    let body = json!({ "enabledFactors": ["EMAIL"], "disabledFactors": ["SMS", "FACE"] });
    assert_eq!(set(body).await.ok()["enabledFactors"], json!(["OTP", "EMAIL"]));
    assert_eq!(set(json!({ "enabledFactors": [] })).await.ok()["enabledFactors"], json!(["OTP", "EMAIL"]));
    // Without factors of its own the application follows the pool again, which the answer says.
    assert_eq!(set(json!({ "disabledFactors": ["OTP", "EMAIL"] })).await.ok()["enabledFactors"], json!(["SMS"]));
    assert_eq!(own().await, json!(false));
}

#[tokio::test]
async fn what_the_pool_asks_for_cannot_be_switched_off_by_an_application() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = &server.pool.app_id;
    admin.post("/api/v3/update-global-mfa-settings", json!({ "enabledFactors": ["OTP"] })).await.ok();
    admin.post(MFA, json!({ "appId": id, "disabledFactors": ["OTP"] })).await.refused(422);
    admin.post(MFA, json!({ "appId": id, "enabledFactors": ["OTP"] })).await.ok();
    admin.post(MFA, json!({ "appId": id, "disabledFactors": ["SMS", "OTP"] })).await.refused(422);
    assert_eq!(admin.post(MFA, json!({ "appId": id })).await.ok()["enabledFactors"], json!(["OTP"]));
}

#[tokio::test]
async fn a_face_cannot_be_asked_for_and_no_factor_be_both_on_and_off() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = &server.pool.app_id;
    admin.post(MFA, json!({ "appId": id, "enabledFactors": ["OTP", "FACE"] })).await.refused(501);
    let both = json!({ "appId": id, "enabledFactors": ["OTP"], "disabledFactors": ["SMS", "OTP"] });
    admin.post(MFA, both).await.refused_at("disabledFactors[1]");
    assert_eq!(admin.post(MFA, json!({ "appId": id })).await.ok()["enabledFactors"], json!([]));
}

#[tokio::test]
async fn what_a_sign_in_by_api_does_can_be_changed_and_stays_otherwise() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = &server.pool.app_id;
    let now = async || shown(&admin, id).await["mfaOnApiSignin"].clone();
    assert_eq!(now().await, "enforce");
    admin.post(MFA, json!({ "appId": id, "mfaOnApiSignin": "advisory" })).await.ok();
    assert_eq!(now().await, "advisory");
    admin.post(MFA, json!({ "appId": id, "enabledFactors": ["OTP"] })).await.ok();
    assert_eq!(now().await, "advisory");
    admin.post(MFA, json!({ "appId": id, "mfaOnApiSignin": "enforce" })).await.ok();
    assert_eq!(now().await, "enforce");
}

#[tokio::test]
async fn every_change_leaves_one_row_in_the_trail_and_no_secret_in_it() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let id = made(&admin, json!({ "appName": "Shop" })).await;
    let old = secret(&admin, &id).await;
    let new = admin.post(REFRESH, json!({ "appId": id })).await.ok()["secret"].as_str().unwrap().to_owned();
    admin.post(MFA, json!({ "appId": id, "enabledFactors": ["OTP"] })).await.ok();
    admin.post(DELETE, json!({ "appId": id })).await.ok();
    let mut tx = server.services.db.read().await.unwrap();
    let sql = format!("SELECT action, details FROM audit_logs WHERE details LIKE '%{id}%' ORDER BY id");
    let rows: Vec<(String, String)> = tx.all(&sql, &[]).await.unwrap();
    let actions: Vec<&str> = rows.iter().map(|r| r.0.as_str()).collect();
    assert_eq!(
        actions,
        [
            "application.create",
            "application.secret_read",
            "application.secret_refresh",
            "mfa.settings_update",
            "application.delete",
        ]
    );
    assert!(rows.iter().all(|r| !r.1.contains(&old) && !r.1.contains(&new)));
}
