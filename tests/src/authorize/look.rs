//! What an application says of its pages: which forms they have, in what order and language.

use super::*;

/// An application with these settings of sign-in, registration and look.
async fn looking(s: &Server, login: Value, register: Value, look: Value) -> App {
    let mut all = json!({ "showAuthorizationPage": false });
    for (name, value) in login.as_object().expect("an object") {
        all[name] = value.clone();
    }
    let mut more = json!({ "loginConfig": all, "brandingConfig": look });
    if !register.is_null() {
        more["registerConfig"] = register;
    }
    app(s, json!({}), more).await
}

async fn page(s: &Server, app: &App) -> Page {
    Browser::new(s).get(&request(app, &[])).await
}

/// The labels and forms of a page in their order, as far as they matter here.
fn order(page: &Page, words: &[&'static str]) -> Vec<&'static str> {
    let mut found: Vec<(usize, &str)> = words.iter().filter_map(|w| Some((page.text.find(w)?, *w))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, word)| word).collect()
}

#[tokio::test]
async fn the_page_has_forms_for_the_ways_that_are_enabled_and_no_others() {
    let s = Server::start().await;
    for (methods, label, password, code) in [
        (json!(["USERNAME_PASSWORD"]), "User name<", true, false),
        (json!(["EMAIL_PASSWORD", "PHONE_PASSWORD"]), "E-mail address or phone number<", true, false),
        (json!(["EMAIL_CODE"]), "E-mail address<", false, true),
        (json!(["PHONE_CODE"]), "Phone number<", false, true),
        (json!(["USERNAME_PASSWORD", "PHONE_CODE"]), "Phone number<", true, true),
        (json!([]), "switched every way to sign in off", false, false),
    ] {
        let app = looking(&s, json!({ "enabledBasicLoginMethods": methods }), Value::Null, json!({})).await;
        let page = page(&s, &app).await;
        let shown = page.text.contains("name=\"password\"");
        assert_eq!((shown, page.offers("code")), (password, code), "{methods}: {}", page.text);
        assert!(page.text.contains(label), "{methods}: {}", page.text);
        assert_eq!(page.text.contains("view=forgot"), password, "{methods}");
    }
}

#[tokio::test]
async fn the_default_way_to_sign_in_and_to_register_comes_first() {
    let s = Server::start().await;
    let methods = json!(["EMAIL_PASSWORD", "EMAIL_CODE"]);
    for (default, expected) in [
        ("PASSWORD", ["name=\"password\"", "/code\"", "name=\"email\"", "/register-code\""]),
        ("PASSCODE", ["/code\"", "name=\"password\"", "/register-code\"", "name=\"email\""]),
    ] {
        let login = json!({ "enabledBasicLoginMethods": methods, "defaultLoginMethod": { "connectionType": default } });
        let register = json!({ "enabledBasicRegisterMethods": methods, "defaultRegisterMethod": default });
        let app = looking(&s, login, register, json!({})).await;
        let mut browser = Browser::new(&s);
        let page = browser.get(&request(&app, &[])).await;
        assert_eq!(order(&page, &expected[..2]), expected[..2], "{}", page.text);
        let (action, _) = page.form("login").expect("a form");
        let page = browser.get(&format!("{}?view=register", action.trim_end_matches("/login"))).await;
        assert_eq!(order(&page, &expected[2..]), expected[2..], "{}", page.text);
    }
}

#[tokio::test]
async fn registration_is_on_the_page_of_the_sign_in_where_the_application_merges_them() {
    let s = Server::start().await;
    let register = json!({ "enabledBasicRegisterMethods": ["EMAIL_PASSWORD"], "defaultRegisterMethod": "PASSWORD" });
    let login =
        |merged: bool| json!({ "enabledBasicLoginMethods": ["EMAIL_PASSWORD"], "mergeLoginAndRegisterPage": merged });
    let apart = looking(&s, login(false), register.clone(), json!({})).await;
    let apart = page(&s, &apart).await;
    assert!(!apart.offers("register") && apart.text.contains("view=register"), "{}", apart.text);
    let merged = looking(&s, login(true), register, json!({})).await;
    let mut browser = Browser::new(&s);
    let shown = browser.get(&request(&merged, &[])).await;
    assert!(shown.offers("login") && shown.offers("register"), "{}", shown.text);
    assert!(!shown.text.contains("view=register"), "{}", shown.text);
    let form = |again| [("email", "ada@example.com"), ("password", "an entirely new password"), ("again", again)];
    let differ = browser.submit(&shown, "register", &form("another")).await;
    assert!(differ.http == 400 && differ.offers("login") && differ.offers("register"), "{}", differ.text);
    browser.submit(&differ, "register", &form("an entirely new password")).await.code();
    let closed = looking(&s, login(true), Value::Null, json!({})).await;
    assert!(!page(&s, &closed).await.offers("register"), "merging opens no registration");
}

#[tokio::test]
async fn the_pages_speak_the_applications_language_where_nobody_asks_for_another() {
    let s = Server::start().await;
    let speaking =
        async |look: Value| looking(&s, json!({ "enabledBasicLoginMethods": ["EMAIL_CODE"] }), Value::Null, look).await;
    let (none, chinese) = (speaking(json!({})).await, speaking(json!({ "defaultLanguage": "zh-CN" })).await);
    assert!(page(&s, &none).await.text.contains("lang=\"en\""));
    assert!(page(&s, &chinese).await.text.contains("lang=\"zh-CN\""));
    let mut english = Browser::new(&s);
    english.headers.push(("accept-language", "en-GB".into()));
    assert!(english.get(&request(&chinese, &[])).await.text.contains("lang=\"en\""));
    let wanted = english.get(&request(&none, &[("ui_locales", "zh-CN")])).await;
    assert!(wanted.text.contains("lang=\"zh-CN\""), "{}", wanted.text);
}

#[tokio::test]
async fn another_language_is_offered_and_kept_where_the_application_shows_the_button() {
    let s = Server::start().await;
    s.user("ada").await;
    let methods = json!({ "enabledBasicLoginMethods": ["USERNAME_PASSWORD"] });
    let offering = looking(&s, methods.clone(), Value::Null, json!({ "showChangeLanguageButton": true })).await;
    let silent = looking(&s, methods, Value::Null, json!({ "showChangeLanguageButton": false })).await;
    let mut browser = Browser::new(&s);
    browser.headers.push(("accept-language", "en".into()));
    let shown = browser.get(&request(&offering, &[])).await;
    let key = shown.form("login").expect("a form").0.replace("/login", "");
    assert!(shown.text.contains("?lang=zh-CN\""), "{}", shown.text);
    let switched = browser.get(&format!("{key}?lang=zh-CN")).await;
    assert!(switched.text.contains("<html lang=\"zh-CN\"") && switched.text.contains("登录"), "{}", switched.text);
    assert!(switched.text.contains("?lang=en\""), "there is a way back: {}", switched.text);
    let wrong = browser.submit(&switched, "login", &[("account", "ada"), ("password", "wrong")]).await;
    assert!(wrong.text.contains("<html lang=\"zh-CN\""), "{}", wrong.text);
    assert!(browser.get(&request(&offering, &[])).await.text.contains("<html lang=\"zh-CN\""), "and later on");

    let plain = browser.get(&request(&silent, &[])).await;
    assert!(plain.text.contains("<html lang=\"en\"") && !plain.text.contains("?lang="), "{}", plain.text);
    let key = plain.form("login").expect("a form").0.replace("/login", "");
    let mut other = browser.clone();
    other.cookies.retain(|name, _| !name.ends_with("lang"));
    let still = other.get(&format!("{key}?lang=zh-CN")).await;
    assert!(still.text.contains("<html lang=\"en\""), "{}", still.text);
    assert!(!other.cookies.keys().any(|name| name.ends_with("lang")), "{:?}", other.cookies.keys());
}

#[tokio::test]
async fn a_forgotten_password_can_be_replaced_on_the_page_where_the_application_shows_the_button() {
    let s = Server::start().await;
    for on in [true, false] {
        let methods = json!({ "enabledBasicLoginMethods": ["EMAIL_PASSWORD"] });
        let app = looking(&s, methods, Value::Null, json!({ "showForgetPasswordButton": on })).await;
        let mut browser = Browser::new(&s);
        let page = browser.get(&request(&app, &[])).await;
        assert_eq!(page.text.contains("view=forgot"), on, "{}", page.text);
        let key = page.form("login").expect("a form").0.replace("/login", "");
        assert_eq!(browser.get(&format!("{key}?view=forgot")).await.offers("reset"), on);
    }
}

#[tokio::test]
async fn users_are_asked_to_agree_where_the_application_shows_that_page() {
    let s = Server::start().await;
    s.user("ada").await;
    for on in [true, false] {
        let login = json!({ "enabledBasicLoginMethods": ["USERNAME_PASSWORD"], "showAuthorizationPage": on });
        let app = looking(&s, login, Value::Null, json!({})).await;
        let mut browser = Browser::new(&s);
        let page = sign_in(&mut browser, &app, "ada", &[]).await;
        assert_eq!(page.offers("confirm"), on, "{}", page.text);
        let page = if on { browser.submit(&page, "confirm", &[]).await } else { page };
        page.code();
    }
}

#[tokio::test]
async fn registration_asks_for_the_fields_that_name_the_application() {
    let s = Server::start().await;
    let register = json!({ "enabledBasicRegisterMethods": ["EMAIL_PASSWORD"], "defaultRegisterMethod": "PASSWORD" });
    let methods = json!({ "enabledBasicLoginMethods": ["EMAIL_PASSWORD"] });
    let asking = looking(&s, methods.clone(), register.clone(), json!({})).await;
    let other = looking(&s, methods, register, json!({})).await;
    let options = json!([{ "value": "s", "label": "Small" }, { "value": "l", "label": "Large" }]);
    let fields = json!([
        { "targetType": "USER", "key": "age", "dataType": "NUMBER", "label": "Years <b>", "appIds": [asking.id] },
        { "targetType": "USER", "key": "size", "dataType": "ENUM", "options": options, "appIds": [asking.id] },
        { "targetType": "USER", "key": "rank", "dataType": "STRING" },
    ]);
    s.admin().await.post("/api/v3/set-custom-fields", json!({ "list": fields })).await.ok();
    let open = async |app: &App| {
        let mut browser = Browser::new(&s);
        let page = browser.get(&request(app, &[])).await;
        let key = page.form("login").expect("a form").0.replace("/login", "");
        let page = browser.get(&format!("{key}?view=register")).await;
        (browser, page)
    };
    let (_, page) = open(&other).await;
    assert!(!page.text.contains("field."), "{}", page.text);
    let (mut browser, page) = open(&asking).await;
    assert!(page.text.contains("Years &#60;b&#62;") && page.text.contains(">Large</option>"), "{}", page.text);
    assert!(!page.text.contains("field.rank"), "{}", page.text);
    const NEW: &str = "an entirely new password";
    let form = |more: &[(&'static str, &'static str)]| {
        let mut form = vec![("email", "ada@example.com"), ("password", NEW), ("again", NEW)];
        form.extend(more);
        form
    };
    let wrong = browser.submit(&page, "register", &form(&[("field.age", "old")])).await;
    assert_eq!(wrong.http, 400, "{}", wrong.text);
    let wrong = browser.submit(&page, "register", &form(&[("field.rank", "general")])).await;
    assert_eq!(wrong.http, 403, "{}", wrong.text);
    browser.submit(&page, "register", &form(&[("field.age", "36"), ("field.size", "l")])).await.code();
    let found = "/api/v3/get-user?userId=ada%40example.com&userIdType=email&withCustomData=true";
    assert_eq!(s.admin().await.get(found).await.ok()["customData"], json!({ "age": 36, "size": "l" }));
}
