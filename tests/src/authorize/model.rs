//! Sign-in as a state machine: random steps in parallel tabs, legal or not, with restarts and replays, against a plain
//! model of what has been proven. The model allows; the server must never answer a client where the model does not.

use std::collections::BTreeSet;

use super::*;
use crate::chance::Chance;
use watchword_testkit::{SECRET, seconds};

const STEPS: &[&str] = &[
    "ada",
    "ada",
    "ada",
    "ada wrong",
    "bob",
    "bob",
    "bob",
    "factor",
    "factor",
    "factor",
    "factor wrong",
    "end",
    "end",
    "confirm",
    "confirm",
    "abort",
    "restart",
    "password",
    "enroll",
    "bind",
    "look",
    "look",
];

/// A request that was begun in a tab.
struct Tab {
    /// Which application.
    app: usize,
    link: String,
    csrf: String,
    prompt_login: bool,
    /// Who has shown a password here and owes a second factor, to sign in or to step up.
    owing: Option<&'static str>,
    /// Who has signed in here.
    fresh: Option<&'static str>,
    over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct SignedOn {
    user: &'static str,
    mfa: bool,
}

#[derive(Default)]
struct Model {
    tabs: Vec<Tab>,
    signed_on: Option<SignedOn>,
    consents: BTreeSet<(&'static str, usize)>,
    codes: usize,
}

impl Model {
    /// Whether a client may be answered in this tab as things are.
    fn allows(&self, tab: usize) -> bool {
        let tab = &self.tabs[tab];
        let Some(on) = self.signed_on else { return false };
        let mfa = on.mfa || on.user == "ada" && tab.app != STRICT;
        let consent = tab.app != ASKING || self.consents.contains(&(on.user, tab.app));
        !tab.over && mfa && consent && (!tab.prompt_login || tab.fresh == Some(on.user))
    }
}

/// The application that asks for consent, and the one that asks for a second factor of everybody.
const ASKING: usize = 1;
const STRICT: usize = 2;

#[tokio::test]
async fn no_walk_through_the_sign_in_pages_reaches_a_client_without_what_it_asks_for() {
    for seed in [1, 2, 3] {
        walk(seed).await;
    }
}

async fn walk(seed: u64) {
    let mut s = Server::start().await;
    let shared = json!({ "ssoEnabled": true });
    let apps = [
        app(&s, json!({}), shared.clone()).await,
        app(&s, json!({ "skip_consent": false }), shared.clone()).await,
        app(&s, json!({}), shared).await,
    ];
    let body = json!({ "appId": apps[STRICT].id, "enabledFactors": ["OTP"] });
    s.admin().await.post("/api/v3/update-application-mfa-settings", body).await.ok();
    let ids = [("ada", s.user("ada").await), ("bob", s.user_with_otp("bob").await)];
    let (mut browser, mut model, mut chance) = (Browser::new(&s), Model::default(), Chance(seed));
    let mut spent: Vec<(usize, String)> = Vec::new();
    for turn in 0..260 {
        s.clock.advance(seconds(31));
        if turn % 40 == 39 {
            s = s.restart().await;
            browser = browser.at(&s);
        }
        if model.tabs.len() < 2 || chance.one_in(6) {
            open(&s, &apps, &ids, &mut browser, &mut model, &mut chance, &mut spent).await;
            continue;
        }
        if chance.one_in(12) && !spent.is_empty() {
            let (app, code) = chance.pick(&spent).clone();
            assert_eq!(exchange(&s, &apps[app], &code, &[]).await.http, 400, "a replayed code");
            // Its session has ended, the sign-on has not.
            continue;
        }
        // The latest tabs mostly, and now and then one from long ago.
        let n = model.tabs.len();
        let tab = if chance.one_in(5) { chance.below(n) } else { n - 1 - chance.below(n.min(3)) };
        let step = *chance.pick(STEPS);
        let page = take(&s, &mut browser, &model.tabs[tab], step).await;
        let said = format!("seed {seed}, turn {turn}, {step}: {} {:?}", page.http, page.location);
        settle(&mut model, tab, step, &page);
        judge(&s, &apps, &ids, &mut model, tab, &page, &mut spent, &said).await;
    }
    assert!(model.codes >= 5, "seed {seed}: the walk got somewhere: {}", model.codes);
}

async fn open(
    s: &Server,
    apps: &[App; 3],
    ids: &[(&'static str, String); 2],
    browser: &mut Browser,
    model: &mut Model,
    chance: &mut Chance,
    spent: &mut Vec<(usize, String)>,
) {
    let app = chance.below(3);
    let prompt_login = chance.one_in(4);
    let more = if prompt_login { [("prompt", "login")] } else { [("prompt", "")] };
    let page = browser.get(&request(&apps[app], &more)).await;
    let (link, csrf, over) = match page.form("abort") {
        Some((action, hidden)) => (action.replace("/abort", ""), hidden[0].1.clone(), false),
        // Answered without a page.
        None => (String::from("/interaction/oidc/none"), String::from("none"), false),
    };
    model.tabs.push(Tab { app, link, csrf, prompt_login, owing: None, fresh: None, over });
    let tab = model.tabs.len() - 1;
    step_up_begins(model, tab, &page);
    judge(s, apps, ids, model, tab, &page, spent, "opened").await;
}

async fn take(s: &Server, browser: &mut Browser, tab: &Tab, step: &str) -> Page {
    let (path, members): (&str, Vec<(&str, String)>) = match step {
        "ada" | "bob" => ("login", vec![("account", step.to_owned()), ("password", PASSWORD.to_owned())]),
        "ada wrong" => ("login", vec![("account", "ada".into()), ("password", "wrong wrong wrong".into())]),
        "factor" => ("factor", vec![("factorType", "OTP".into()), ("passCode", s.code(SECRET, 0))]),
        "factor wrong" => ("factor", vec![("factorType", "OTP".into()), ("passCode", s.wrong_code(SECRET))]),
        "password" => {
            ("password", vec![("password", "a new passphrase 1".into()), ("again", "a new passphrase 1".into())])
        }
        "enroll" => ("enroll", vec![("factorType", "SMS".into()), ("target", "13800138000".into())]),
        "bind" => {
            let token = ("enrollmentToken", "nonsense".into());
            ("bind", vec![("factorType", "OTP".into()), ("passCode", s.code(SECRET, 0)), token])
        }
        "look" => return browser.get(&tab.link).await,
        other => (other, Vec::new()),
    };
    let mut form = vec![("csrf", tab.csrf.as_str())];
    form.extend(members.iter().map(|(n, v)| (*n, v.as_str())));
    browser.post(&format!("{}/{path}", tab.link), &form).await
}

/// Who is signed on and owes a second factor begins to prove it where the page asks.
fn step_up_begins(model: &mut Model, tab: usize, page: &Page) {
    if page.offers("factor") && model.tabs[tab].owing.is_none() {
        model.tabs[tab].owing = model.signed_on.map(|on| on.user);
    }
}

/// What the step proves, if the tab is alive and the server took it.
fn settle(model: &mut Model, tab: usize, step: &str, page: &Page) {
    let taken = page.http < 400;
    if !taken || model.tabs[tab].over {
        return;
    }
    match step {
        "ada" => {
            if model.tabs[tab].app == STRICT {
                // Ada has nothing bound: she is asked to, and is nobody until then.
                return;
            }
            model.signed_on = Some(SignedOn { user: "ada", mfa: false });
            (model.tabs[tab].fresh, model.tabs[tab].owing) = (Some("ada"), None);
        }
        "bob" => model.tabs[tab].owing = Some("bob"),
        "factor" => {
            if let Some(user) = model.tabs[tab].owing.take() {
                // A step-up is no sign-in; only whoever showed a password here has signed in here.
                let stepped_up = model.signed_on.is_some_and(|on| on.user == user && !on.mfa && user == "ada");
                model.signed_on = Some(SignedOn { user, mfa: true });
                if !stepped_up {
                    model.tabs[tab].fresh = Some(user);
                }
            }
        }
        // Agreeing answers the client at once; where something else is owed first, it agrees to nothing.
        "confirm" if page.location.is_some() => {
            if let Some(on) = model.signed_on {
                model.consents.insert((on.user, model.tabs[tab].app));
            }
        }
        "abort" => model.tabs[tab].over = true,
        "restart" => {
            model.signed_on = None;
            model.tabs[tab].owing = None;
        }
        _ => {}
    }
    step_up_begins(model, tab, page);
}

#[expect(clippy::too_many_arguments, reason = "the parts of one turn")]
async fn judge(
    s: &Server,
    apps: &[App; 3],
    ids: &[(&'static str, String); 2],
    model: &mut Model,
    tab: usize,
    page: &Page,
    spent: &mut Vec<(usize, String)>,
    said: &str,
) {
    let Some(to) = &page.location else { return };
    assert!(to.starts_with(CALLBACK), "{said}");
    let back = page.returned();
    let Some(code) = back.get("code") else { return };
    assert!(model.allows(tab), "{said}: answered though {:?} is not enough", model.signed_on);
    let on = model.signed_on.expect("somebody");
    let app = model.tabs[tab].app;
    let reply = exchange(s, &apps[app], code, &[]).await;
    assert_eq!(reply.http, 200, "{said}: {}", reply.text);
    let id = claims(reply.body["id_token"].as_str().expect("an ID token"));
    let expected = ids.iter().find(|(name, _)| *name == on.user).map(|(_, id)| id.as_str());
    assert_eq!(id["sub"].as_str(), expected, "{said}");
    let mfa = id["amr"].as_array().is_some_and(|amr| amr.contains(&json!("mfa")));
    assert_eq!(mfa, on.mfa, "{said}");
    model.tabs[tab].over = true;
    model.codes += 1;
    spent.push((app, code.clone()));
}
