//! On the pages, before a sign-in: an account of one's own, and a password that was forgotten.

use super::*;

const EMAIL: &str = "ada@example.com";
const NEW: &str = "an entirely new password";

/// A server that shows what it would send, and an application at which one may register in these ways.
async fn open_for(methods: Value) -> (Server, App) {
    let s = Server::with(|settings| settings.demo = true).await;
    let register = json!({ "enabledBasicRegisterMethods": methods, "defaultRegisterMethod": "PASSWORD" });
    let app = app(&s, json!({}), json!({ "registerConfig": register })).await;
    (s, app)
}

/// Follows a link of the page.
async fn view(browser: &mut Browser, page: &Page, name: &str) -> Page {
    let (action, _) = page.form("login").expect("a sign-in page");
    browser.get(&format!("{}?view={name}", action.trim_end_matches("/login"))).await
}

async fn letter(s: &Server) -> String {
    watchword_testkit::code_in(&s.letter_to(EMAIL).await.expect("a letter"))
}

async fn users(s: &Server) -> i64 {
    let mut tx = s.services.db.read().await.expect("a transaction");
    tx.one::<(i64,)>(&String::from("SELECT COUNT(*) AS n FROM users"), &[]).await.expect("a count").0
}

#[tokio::test]
async fn whoever_registers_on_the_page_comes_back_to_the_client_signed_in() {
    let (s, app) = open_for(json!(["EMAIL_PASSWORD"])).await;
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[])).await;
    assert!(page.text.contains("view=register"), "{}", page.text);
    let page = view(&mut browser, &page, "register").await;
    let names = [("email", EMAIL), ("username", "ada")];
    let form = |password, again| [names[0], names[1], ("password", password), ("again", again)];
    let differ = browser.submit(&page, "register", &form(NEW, "another")).await;
    assert!(differ.http == 400 && differ.offers("register"), "{}", differ.text);
    let weak = browser.submit(&page, "register", &form("password1", "password1")).await;
    assert!(weak.http == 400 && weak.offers("register"), "{}", weak.text);
    assert_eq!(users(&s).await, 0, "nothing is half made");
    let done = browser.submit(&page, "register", &form(NEW, NEW)).await;
    let id = id_token(&s, &app, &done).await;
    let shown = s.admin().await.get(&format!("/api/v3/get-user?userId={}", id["sub"].as_str().expect("a user"))).await;
    assert_eq!((shown.ok()["email"].as_str(), shown.ok()["emailVerified"].as_bool()), (Some(EMAIL), Some(false)));
    assert_eq!((s.audited("user.signup").await, s.audited("login.signin").await), (1, 1));
    let mut other = Browser::new(&s);
    let page = other.get(&request(&app, &[])).await;
    let page = view(&mut other, &page, "register").await;
    let taken = other.submit(&page, "register", &form(NEW, NEW)).await;
    assert!(taken.http == 409 && taken.offers("register"), "{}", taken.text);
}

#[tokio::test]
async fn an_account_made_by_a_code_on_the_page_has_its_address_proven() {
    let (s, app) = open_for(json!(["EMAIL_CODE"])).await;
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[])).await;
    let page = view(&mut browser, &page, "register").await;
    let page = browser.submit(&page, "register-code", &[("account", EMAIL)]).await;
    let code = letter(&s).await;
    let form = |code| [("account", EMAIL), ("passCode", code), ("password", NEW), ("again", NEW)];
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(browser.submit(&page, "register", &form(wrong)).await.http, 403);
    let done = browser.submit(&page, "register", &form(&code)).await;
    let id = id_token(&s, &app, &done).await;
    let shown = s.admin().await.get(&format!("/api/v3/get-user?userId={}", id["sub"].as_str().expect("a user"))).await;
    assert_eq!(shown.ok()["emailVerified"], true);
}

#[tokio::test]
async fn registration_that_is_not_open_is_neither_offered_nor_done() {
    let (s, app) = open_for(json!([])).await;
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[])).await;
    assert!(!page.text.contains("view=register"), "{}", page.text);
    let shown = view(&mut browser, &page, "register").await;
    assert!(shown.offers("login") && !shown.offers("register"), "{}", shown.text);
    let (action, hidden) = page.form("login").expect("a form");
    let form = [("csrf", hidden[0].1.as_str()), ("username", "ada"), ("password", NEW), ("again", NEW)];
    let refused = browser.post(&action.replace("/login", "/register"), &form).await;
    assert_eq!((refused.http, users(&s).await), (403, 0), "{}", refused.text);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_code_and_second_factors_stay() {
    let (s, app) = open_for(json!([])).await;
    let user = s.user_with_otp("ada").await;
    let update = json!({ "userId": user, "email": EMAIL });
    s.admin().await.post("/api/v3/update-user", update).await.ok();
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[])).await;
    let page = view(&mut browser, &page, "forgot").await;
    let sent = browser.submit(&page, "reset-code", &[("account", EMAIL)]).await;
    let unknown = browser.submit(&page, "reset-code", &[("account", "nobody@example.com")]).await;
    assert_eq!((sent.http, &sent.text), (unknown.http, &unknown.text), "whether somebody has it, nobody is told");
    let code = letter(&s).await;
    let form = |code| [("account", EMAIL), ("passCode", code), ("password", NEW), ("again", NEW)];
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = browser.submit(&sent, "reset", &form(wrong)).await;
    assert!(refused.http == 403 && refused.offers("reset"), "{}", refused.text);
    let page = browser.submit(&sent, "reset", &form(&code)).await;
    assert!(page.offers("factor") && page.location.is_none(), "{}", page.text);
    let done = browser.submit(&page, "factor", &[("passCode", s.code(watchword_testkit::SECRET, 0).as_str())]).await;
    done.code();
    let mut old = Browser::new(&s);
    assert_eq!(sign_in(&mut old, &app, "ada", &[]).await.http, 403, "the old password is worth nothing");
}
