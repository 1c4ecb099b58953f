//! What strangers, users and administrators write stays text on every page (M2): a corpus of markup goes through every
//! field, and each page keeps the elements and attributes that it has with harmless words.

use std::collections::BTreeSet;

use super::*;
use watchword_testkit::minutes;

/// What ends the element, attribute or block in which a value may stand.
const OUT: [&str; 8] = ["", "\">", "'>", "</b></p>", "</title>", "</script>", "-->", "]]>"];

const MARKUP: [&str; 22] = [
    "<script>alert(1)</script>",
    "<script src=//evil.example>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<input autofocus onfocus=alert(1)>",
    "<style>@import'//evil.example'</style>",
    "<link rel=stylesheet href=//evil.example>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<form action=//evil.example><button>",
    "<details open ontoggle=alert(1)>",
    "<math><mi xlink:href=javascript:alert(1)>",
    "<template><b>",
    "\" autofocus onfocus=alert(1) x=\"",
    "' onmouseover='alert(1)",
    "` onmouseover=`alert(1)",
    "<!--",
    "{{7*7}}{% raw %}",
    "javascript:alert(1)",
];

/// Ways to write the same.
const SPELLINGS: [fn(&str) -> String; 7] = [
    str::to_owned,
    |s| s.to_uppercase(),
    |s| s.replace('<', "&lt;").replace('"', "&quot;"),
    |s| s.replace('<', "&#x3c;").replace('"', "&#34"),
    |s| s.replace('<', "%3C").replace('"', "%22"),
    |s| s.replace('<', "\u{ff1c}").replace('"', "\u{201d}"),
    |s| s.replace('<', "\\u003c").replace('"', "\\x22"),
];

/// Each markup after each way out, in turning spellings, and by itself in all of them.
fn corpus() -> Vec<String> {
    let mut all = BTreeSet::new();
    for (i, markup) in MARKUP.iter().enumerate() {
        all.extend(SPELLINGS.iter().map(|spell| spell(markup)));
        all.extend(OUT.iter().enumerate().map(|(j, out)| SPELLINGS[(i + j) % 2](&format!("{out}{markup}"))));
    }
    all.into_iter().collect()
}

/// The elements of a page with their attributes, in order, and where its links lead.
#[derive(Debug, Default, PartialEq)]
struct Skeleton {
    tags: Vec<String>,
    links: Vec<String>,
}

/// Reads a page as browsers do (HTML, §13.2.5), less what our pages have no use for.
fn skeleton(html: &str) -> Skeleton {
    let mut found = Skeleton::default();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            continue;
        }
        let name: String = rest.chars().take_while(|c| !c.is_whitespace() && *c != '>').collect();
        rest = &rest[name.len()..];
        let name = name.to_ascii_lowercase();
        let mut tag = name.clone();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let (attribute, value, after) = attribute(rest);
            rest = after;
            tag.push(' ');
            tag.push_str(&attribute);
            if matches!(attribute.as_str(), "href" | "src" | "action" | "formaction") {
                found.links.push(value);
            }
        }
        // What stands inside these is no markup until they end.
        if matches!(name.as_str(), "script" | "style" | "title" | "textarea") {
            let end = format!("</{name}");
            let at = rest.to_ascii_lowercase().find(&end).unwrap_or(rest.len());
            rest = &rest[at..];
        }
        found.tags.push(tag);
    }
    found
}

/// The name, the value as it is written, and what follows.
fn attribute(text: &str) -> (String, String, &str) {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(text.len());
    let end = end.max(text.chars().next().map_or(0, char::len_utf8));
    let (name, rest) = text.split_at(end);
    let Some(value) = rest.strip_prefix('=') else { return (name.to_ascii_lowercase(), String::new(), rest) };
    for quote in ['"', '\''] {
        if let Some(value) = value.strip_prefix(quote) {
            let (value, rest) = value.split_once(quote).unwrap_or((value, ""));
            return (name.to_ascii_lowercase(), value.to_owned(), rest);
        }
    }
    let end = value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len());
    (name.to_ascii_lowercase(), value[..end].to_owned(), &value[end..])
}

/// Judges pages by the one that a harmless word makes.
struct Judge {
    what: &'static str,
    harmless: Page,
}

impl Judge {
    fn new(what: &'static str, harmless: Page) -> Judge {
        assert!(
            harmless.location.is_none() && harmless.text.starts_with("<!doctype html>"),
            "{what}: {}",
            harmless.text
        );
        Judge { what, harmless }
    }

    fn judge(&self, payload: &str, page: &Page) {
        let (found, due) = (skeleton(&page.text), skeleton(&self.harmless.text));
        // Some payloads cannot be an address, say, and are refused in other words.
        assert_eq!(page.http / 100, self.harmless.http / 100, "{}: {payload}: {}", self.what, page.text);
        assert_eq!(found.tags, due.tags, "{}: {payload}: {}", self.what, page.text);
        for link in found.links {
            let own = link.starts_with('/') || link.starts_with("https://") || link.starts_with("data:image/");
            assert!(own, "{}: {payload}: {link}", self.what);
        }
    }
}

#[test]
fn the_corpus_is_large_and_the_reader_sees_what_it_opens() {
    let all = corpus();
    assert!(all.len() >= 200, "{}", all.len());
    let page = |s: &str| format!("<!doctype html><title>x {s}</title><p>{s}</p><input value=\"{s}\" required>");
    let harmless = skeleton(&page("word"));
    let raw = all.iter().filter(|payload| skeleton(&page(payload)) != harmless);
    assert!(raw.count() > 150, "most of it would be markup if nobody escaped it");
    let escaped = |s: &str| s.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    for payload in &all {
        assert_eq!(skeleton(&page(&escaped(payload))), harmless, "{payload}");
    }
}

#[tokio::test]
async fn nothing_that_a_request_says_becomes_markup() {
    let s = Server::start().await;
    let app = plain(&s).await;
    let mut browser = Browser::new(&s);
    let hinted = |word: &str| {
        let more = [("login_hint", word), ("state", word), ("nonce", word), ("login_page_context", word)];
        request(&app, &more)
    };
    let sign_in = browser.get(&hinted("word")).await;
    let tried = async |browser: &mut Browser, page: &Page, word: &str| {
        // Past the pauses of those who guess.
        s.clock.advance(minutes(1));
        browser.submit(page, "login", &[("account", word), ("password", "x")]).await
    };
    let failed = Judge::new("account", tried(&mut browser, &sign_in, "word").await);
    let sign_in = Judge::new("login_hint", sign_in);
    let unknown = |word: &str| request(&App { id: word.to_owned(), secret: String::new() }, &[]);
    let unknown_client = Judge::new("client_id", browser.get(&unknown("word")).await);
    let elsewhere = |word: &str| request(&app, &[("redirect_uri", word)]);
    let unknown_address = Judge::new("redirect_uri", browser.get(&elsewhere("word")).await);
    let posted = |word: &str| request(&app, &[("response_mode", "form_post"), ("prompt", "none"), ("state", word)]);
    let form_post = Judge::new("state of a form", browser.get(&posted("word")).await);
    for payload in corpus() {
        let page = browser.get(&hinted(&payload)).await;
        sign_in.judge(&payload, &page);
        failed.judge(&payload, &tried(&mut browser, &page, &payload).await);
        unknown_client.judge(&payload, &browser.get(&unknown(&payload)).await);
        unknown_address.judge(&payload, &browser.get(&elsewhere(&payload)).await);
        form_post.judge(&payload, &browser.get(&posted(&payload)).await);
    }
}

#[tokio::test]
async fn nothing_that_a_sign_out_or_a_link_says_becomes_markup() {
    let s = Server::start().await;
    let app = plain(&s).await;
    s.user("ada").await;
    let mut browser = Browser::new(&s);
    super::sign_in(&mut browser, &app, "ada", &[]).await.code();
    let out = |word: &str| {
        let word = encode(word);
        format!("/oidc/session/end?client_id={}&state={word}&ui_locales={word}&post_logout_redirect_uri={word}", app.id)
    };
    type At<'a> = &'a dyn Fn(&str) -> String;
    let pages: [(&'static str, At<'_>); 4] = [
        ("sign-out", &out),
        ("sign-out of nobody's application", &|word| format!("/oidc/session/end?client_id={}", encode(word))),
        ("a link that confirms", &|word| format!("/verify-email?token={}", encode(word))),
        ("a link that resets", &|word| format!("/reset-password?token={}", encode(word))),
    ];
    for (what, at) in pages {
        let judge = Judge::new(what, browser.get(&at("word")).await);
        for payload in corpus() {
            judge.judge(&payload, &browser.get(&at(&payload)).await);
        }
    }
}

#[tokio::test]
async fn nothing_that_an_application_or_a_user_is_called_becomes_markup() {
    let s = Server::start().await;
    let app = app(&s, json!({ "skip_consent": false }), json!({})).await;
    let user = s.user("ada").await;
    let admin = s.admin().await;
    let set = async |path: &str, id: (&str, &str), name: &str, word: &str| {
        let reply = admin.post(path, json!({ id.0: id.1, name: word })).await;
        assert!(reply.body["statusCode"] == 200 || reply.body["statusCode"] == 400, "{}", reply.text);
        reply.body["statusCode"] == 200
    };
    let mut signed_in = Browser::new(&s);
    super::sign_in(&mut signed_in, &app, "ada", &[]).await;
    let (user, application) = (("userId", user.as_str()), ("appId", app.id.as_str()));
    let fields = [
        ("/api/v3/update-application", application, "appName"),
        ("/api/v3/update-application", application, "appLogo"),
        ("/api/v3/update-user", user, "nickname"),
        ("/api/v3/update-user", user, "name"),
        ("/api/v3/update-user", user, "photo"),
    ];
    let mut taken = 0;
    for (path, id, name) in fields {
        // An address may begin so many sign-ins within ten minutes.
        s.advance(watchword_testkit::minutes(11));
        set(path, id, name, "word").await;
        let consent = Judge::new(name, signed_in.get(&request(&app, &[])).await);
        let sign_in = Judge::new(name, Browser::new(&s).get(&request(&app, &[])).await);
        for payload in corpus() {
            if !set(path, id, name, &payload).await {
                continue;
            }
            taken += 1;
            consent.judge(&payload, &signed_in.get(&request(&app, &[])).await);
            if id.0 == "appId" {
                sign_in.judge(&payload, &Browser::new(&s).get(&request(&app, &[])).await);
            }
        }
    }
    assert!(taken > 300, "{taken}: names are seldom refused");
}
