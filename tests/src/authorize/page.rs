//! The sign-in pages: who may post to them (F1, M1), what they say (M2), and that no gate is passed by.

use super::*;
use watchword_testkit::minutes;

#[tokio::test]
async fn a_sign_in_page_is_of_use_in_the_browser_that_began_it_only() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut attacker = Browser::new(&s);
    let page = attacker.get(&request(&app, &[])).await;
    let (action, _) = page.form("login").expect("a form");
    let link = action.trim_end_matches("/login").to_owned();
    let mut victim = Browser::new(&s);
    victim.get(&request(&app, &[])).await;
    let before = victim.cookies.clone();
    assert_eq!(victim.get(&link).await.http, 403);
    let page = victim.submit(&page, "login", &[("account", "ada"), ("password", PASSWORD)]).await;
    assert_eq!((page.http, page.location), (403, None));
    assert_eq!(victim.cookies, before, "nobody is signed in");
    assert_eq!(attacker.get(&request(&app, &[("prompt", "none")])).await.error(), "login_required");
    let stranger = Browser::new(&s).get(&link).await;
    assert_eq!(stranger.http, 403);
}

#[tokio::test]
async fn the_cookie_of_a_sign_on_is_new_at_every_sign_in_and_the_old_one_is_dead() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    let mut thief = browser.clone();
    thief.get(&request(&app, &[("prompt", "none")])).await.code();
    let page = browser.get(&request(&app, &[("prompt", "login")])).await;
    log_in(&mut browser, &page, "ada").await.code();
    assert_ne!(thief.cookies, browser.cookies);
    assert_eq!(thief.get(&request(&app, &[("prompt", "none")])).await.error(), "login_required");
    browser.get(&request(&app, &[("prompt", "none")])).await.code();
}

#[tokio::test]
async fn a_form_from_elsewhere_or_without_its_token_does_nothing() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[])).await;
    let (action, hidden) = page.form("login").expect("a form");
    let token = hidden[0].1.clone();
    let credentials = [("account", "ada"), ("password", PASSWORD)];
    for csrf in ["", "x", &token[1..]] {
        let mut form = credentials.to_vec();
        form.push(("csrf", csrf));
        assert_eq!(browser.post(&action, &form).await.http, 403);
    }
    let mut form = credentials.to_vec();
    form.push(("csrf", &token));
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let mut elsewhere = browser.clone();
        elsewhere.headers.push((name, value.into()));
        assert_eq!(elsewhere.post(&action, &form).await.http, 403, "{name}: {value}");
    }
    for step in [
        "confirm",
        "abort",
        "end",
        "restart",
        "code",
        "factor",
        "enroll",
        "password",
        "recovery",
        "bind",
        "register",
        "register-code",
        "reset",
        "reset-code",
    ] {
        let other = action.replace("/login", &format!("/{step}"));
        assert_eq!(browser.post(&other, &credentials).await.http, 403, "{step}");
    }
    assert_eq!(browser.post(&action.replace("/login", "/nonsense"), &form).await.http, 404);
    let client = s.anonymous().header("cookie", &format!("__Host-ww-browser={}", browser.cookies["__Host-ww-browser"]));
    let body = json!({ "account": "ada", "password": PASSWORD, "csrf": token });
    let plain_text = client.clone().header("content-type", "text/plain").post_raw(&action, body.to_string()).await;
    assert_eq!(plain_text.http, 400, "{}", plain_text.text);
    assert!(browser.get(&action.replace("/login", "")).await.offers("login"), "nobody has signed in");
    // A program may do by JSON what the page does.
    let reply = client.post(&action, body).await;
    assert_eq!(reply.http, 201, "{}", reply.text);
    assert!(reply.body["location"].as_str().is_some_and(|l| l.starts_with(CALLBACK)), "{}", reply.text);
}

#[tokio::test]
async fn wrong_passwords_unknown_names_and_suspended_users_are_told_alike_and_counted() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[])).await;
    let alert = |page: &Page| {
        page.text.split("role=\"alert\">").nth(1).unwrap_or_default().split('<').next().map(str::to_owned)
    };
    let wrong = browser.submit(&page, "login", &[("account", "ada"), ("password", "wrong wrong")]).await;
    let nobody = browser.submit(&page, "login", &[("account", "nobody"), ("password", "wrong wrong")]).await;
    assert_eq!((wrong.http, alert(&wrong)), (nobody.http, alert(&nobody)));
    assert_eq!(wrong.http, 403);
    for _ in 0..4 {
        browser.submit(&page, "login", &[("account", "ada"), ("password", "wrong wrong")]).await;
    }
    let page = browser.submit(&page, "login", &[("account", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(page.http, 429);
    assert!(page.headers.contains_key("retry-after"));
    s.clock.advance(minutes(2));
    log_in(&mut browser, &page, "ada").await.code();
}

#[tokio::test]
async fn pages_say_nothing_to_anybody_else() {
    let s = Server::start().await;
    let app = plain(&s).await;
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[])).await;
    assert!(page.text.contains("Shop &#60;b&#62;&#38;") || page.text.contains("Shop &lt;b&gt;&amp;"), "{}", page.text);
    let header = |name: &str| page.headers[name].to_str().expect("text").to_owned();
    let policy = header("content-security-policy");
    for part in ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-frame-options"), "DENY");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin");
}

#[tokio::test]
async fn a_code_by_mail_signs_in_once() {
    let s = Server::with(|settings| settings.demo = true).await;
    let app = plain(&s).await;
    let body = json!({ "username": "ada", "password": PASSWORD, "email": "ada@example.com" });
    s.admin().await.post("/api/v3/create-user", body).await.ok();
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[])).await;
    let page = browser.submit(&page, "code", &[("account", "ada@example.com")]).await;
    assert_eq!(page.http, 200, "{}", page.text);
    let code = s.newest_code().await;
    let right = [("account", "ada@example.com"), ("passCode", code.as_str())];
    let wrong = browser.submit(&page, "login", &[("account", "ada@example.com"), ("passCode", "000000x")]).await;
    assert_eq!(wrong.http, 403);
    // The page has two forms that sign in; the members decide.
    let done = browser.submit(&page, "login", &right).await;
    assert_eq!(id_token(&s, &app, &done).await["amr"], json!(["email"]));
    let mut other = Browser::new(&s);
    let page = other.get(&request(&app, &[])).await;
    assert_eq!(other.submit(&page, "login", &right).await.http, 403);
}

#[tokio::test]
async fn a_password_that_must_be_changed_is_changed_before_anything_else() {
    let s = Server::start().await;
    let app = plain(&s).await;
    let body = json!({ "list": [{ "username": "ada", "password": PASSWORD }], "options": { "resetPasswordOnFirstLogin": true } });
    s.admin().await.post("/api/v3/create-users-batch", body).await.ok();
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[])).await;
    let first = page.clone();
    let page = log_in(&mut browser, &page, "ada").await;
    assert!(page.offers("password") && !page.offers("login"), "{}", page.text);
    // Neither going on, nor agreeing, nor signing in once more passes it by.
    for (form, step) in [(&first, "login"), (&page, "end"), (&page, "confirm")] {
        let (_, hidden) = form.form(if step == "login" { "login" } else { "password" }).expect("a form");
        let at = form.form("abort").expect("a form").0.replace("/abort", &format!("/{step}"));
        let members = [("csrf", hidden[0].1.as_str()), ("account", "ada"), ("password", PASSWORD)];
        let tried = browser.post(&at, &members).await;
        assert_eq!(tried.location, None, "{step}");
    }
    let set = |password: &'static str, again: &'static str| [("password", password), ("again", again)];
    let new = "another good passphrase";
    assert_eq!(browser.submit(&page, "password", &set(new, "different")).await.http, 400);
    assert_eq!(browser.submit(&page, "password", &set("short", "short")).await.http, 400);
    assert_eq!(browser.submit(&page, "password", &set(PASSWORD, PASSWORD)).await.http, 400);
    browser.submit(&page, "password", &set(new, new)).await.code();
    let replay = browser.submit(&page, "password", &set("a third good passphrase", "a third good passphrase")).await;
    assert_eq!((replay.http, replay.location), (403, None));
    s.sign_in_with("ada", json!({ "username": "ada", "password": new }), "openid").await.ok();
    s.sign_in("ada").await.refused_with(403, 2333);
}

#[tokio::test]
async fn consent_is_asked_once_per_scope_and_a_no_goes_back_to_the_client() {
    let s = Server::start().await;
    let app = app(&s, json!({ "skip_consent": false }), json!({})).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = sign_in(&mut browser, &app, "ada", &[]).await;
    assert!(page.offers("confirm") && page.location.is_none(), "{}", page.text);
    assert_eq!(browser.get(&request(&app, &[("prompt", "none")])).await.error(), "consent_required");
    let denied = browser.submit(&page, "abort", &[]).await;
    assert_eq!((denied.error().as_str(), denied.returned()["state"].as_str()), ("access_denied", "st-1"));
    assert_eq!(browser.submit(&page, "confirm", &[]).await.http, 403, "that request is over");
    let page = browser.get(&request(&app, &[])).await;
    browser.submit(&page, "confirm", &[]).await.code();
    browser.get(&request(&app, &[("prompt", "none")])).await.code();
    let more = browser.get(&request(&app, &[("scope", "openid profile email")])).await;
    assert!(
        more.offers("confirm") && more.text.contains("e-mail") && !more.text.contains("your profile"),
        "{}",
        more.text
    );
    browser.submit(&more, "confirm", &[]).await.code();
    let asked = browser.get(&request(&app, &[("prompt", "consent")])).await;
    assert!(asked.offers("confirm"));
    assert_eq!(s.audited("login.consent").await, 2);
}

#[tokio::test]
async fn whoever_is_signed_in_may_go_on_or_let_somebody_else_sign_in() {
    let s = Server::start().await;
    let app = plain(&s).await;
    let (ada, bob) = (s.user("ada").await, s.user("bob").await);
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    let select = request(&app, &[("prompt", "select_account")]);
    let page = browser.get(&select).await;
    assert!(page.text.contains("ada"));
    let page = browser.submit(&page, "end", &[]).await;
    assert_eq!(id_token(&s, &app, &page).await["sub"], ada.as_str());
    let page = browser.get(&select).await;
    let page = browser.submit(&page, "restart", &[]).await;
    let page = log_in(&mut browser, &page, "bob").await;
    assert_eq!(id_token(&s, &app, &page).await["sub"], bob.as_str());
}

#[tokio::test]
async fn two_tabs_share_the_sign_on_and_neither_can_be_answered_twice() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let (one, two) = (
        browser.get(&request(&app, &[("state", "one")])).await,
        browser.get(&request(&app, &[("state", "two")])).await,
    );
    let first = log_in(&mut browser, &one, "ada").await;
    assert_eq!(first.returned()["state"], "one");
    let at = two.form("login").expect("a form").0.replace("/login", "");
    let page = browser.get(&at).await;
    assert!(page.offers("end"), "the second tab knows who is signed in");
    let second = browser.submit(&page, "end", &[]).await;
    assert_eq!(second.returned()["state"], "two");
    assert_eq!(browser.submit(&page, "end", &[]).await.http, 403);
    assert_eq!(log_in(&mut browser, &one, "ada").await.http, 403);
}

#[tokio::test]
async fn a_page_that_waits_too_long_is_over() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let page = browser.get(&request(&app, &[])).await;
    s.clock.advance(minutes(15));
    let late = log_in(&mut browser, &page, "ada").await;
    assert_eq!((late.http, late.location), (403, None));
}

#[tokio::test]
async fn applications_share_a_sign_on_where_both_want_it() {
    let s = Server::start().await;
    let shared = json!({ "ssoEnabled": true });
    let (one, two) = (app(&s, json!({}), shared.clone()).await, app(&s, json!({}), shared).await);
    let alone = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    let first = sign_in(&mut browser, &one, "ada", &[]).await;
    let first = id_token(&s, &one, &first).await;
    s.clock.advance(minutes(1));
    let second = browser.get(&request(&two, &[])).await;
    let second = id_token(&s, &two, &second).await;
    assert_eq!((&second["sub"], &second["auth_time"]), (&first["sub"], &first["auth_time"]));
    assert_ne!(second["sid"], first["sid"]);
    let page = browser.get(&request(&alone, &[])).await;
    log_in(&mut browser, &page, "ada").await.code();
    // Each keeps its own: signing in there has ended nothing here.
    browser.get(&request(&one, &[("prompt", "none")])).await.code();
    browser.get(&request(&alone, &[("prompt", "none")])).await.code();
}

#[tokio::test]
async fn a_sign_on_ends_a_day_after_its_last_use_and_after_a_fortnight_in_any_case() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let none = request(&app, &[("prompt", "none")]);
    let mut browser = Browser::new(&s);
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    s.clock.advance(minutes(24 * 60 + 1));
    assert_eq!(browser.get(&none).await.error(), "login_required");
    sign_in(&mut browser, &app, "ada", &[]).await.code();
    for _ in 0..27 {
        s.clock.advance(minutes(12 * 60));
        browser.get(&none).await.code();
    }
    s.clock.advance(minutes(12 * 60));
    assert_eq!(browser.get(&none).await.error(), "login_required");
}

#[tokio::test]
async fn what_takes_sessions_away_takes_the_sign_on_away_too() {
    let s = Server::start().await;
    let (app, admin) = (plain(&s).await, s.admin().await);
    for (i, act) in ["suspend", "delete", "kick", "password"].into_iter().enumerate() {
        let name = format!("u{i}");
        let id = s.user(&name).await;
        let mut browser = Browser::new(&s);
        sign_in(&mut browser, &app, &name, &[]).await.code();
        match act {
            "suspend" => admin.post("/api/v3/update-user", json!({ "userId": id, "status": "Suspended" })).await.ok(),
            "delete" => admin.post("/api/v3/delete-users-batch", json!({ "userIds": [id] })).await.ok(),
            "kick" => admin.post("/api/v3/kick-users", json!({ "userId": id, "appIds": [app.id] })).await.ok(),
            _ => {
                let body = json!({ "userId": id, "password": "another good passphrase" });
                admin.post("/api/v3/update-user", body).await.ok()
            }
        };
        assert_eq!(browser.get(&request(&app, &[("prompt", "none")])).await.error(), "login_required", "{act}");
    }
}
