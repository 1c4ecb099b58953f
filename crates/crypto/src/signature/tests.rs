//! Request signatures as the SDKs make them.

use std::sync::LazyLock;

use serde_json::Value;

use super::*;

/// Recorded from the official Node client: see the file's own note.
static RECORDED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../testdata/node-signatures.json")).expect("JSON"));

struct Request {
    name: String,
    method: String,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
    body: String,
    string: String,
    signature: String,
}

impl Request {
    fn signed(&self) -> Signed<'_> {
        let Request { method, path, query, headers, body, .. } = self;
        Signed { method, path, query: query.as_deref(), headers, body: body.as_bytes() }
    }
}

fn recorded() -> Vec<Request> {
    let requests = RECORDED["requests"].as_array().expect("a list");
    let read = |r: &Value| {
        let text = |name: &str| r[name].as_str().unwrap_or_else(|| panic!("{name}")).to_owned();
        let pair = |h: &Value| (h[0].as_str().expect("a name").to_owned(), h[1].as_str().expect("a value").to_owned());
        Request {
            name: text("name"),
            method: text("method"),
            path: text("path"),
            query: r["query"].as_str().map(str::to_owned),
            headers: r["headers"].as_array().expect("a list").iter().map(pair).collect(),
            body: text("body"),
            string: text("string"),
            signature: text("signature"),
        }
    };
    requests.iter().map(read).collect()
}

fn secret() -> &'static [u8] {
    RECORDED["secret"].as_str().expect("text").as_bytes()
}

fn bare<'a>(method: &'a str, path: &'a str, query: Option<&'a str>, body: &'a str) -> Signed<'a> {
    Signed { method, path, query, headers: &[], body: body.as_bytes() }
}

fn strings(method: &str, path: &str, query: Option<&str>, body: &str) -> Vec<String> {
    candidates(&bare(method, path, query, body))
}

#[test]
fn every_recorded_signature_of_the_node_client_is_right() {
    let requests = recorded();
    assert!(requests.len() >= 26, "{} requests", requests.len());
    for r in requests {
        let found = candidates(&r.signed());
        assert!(found.len() <= 2 && found.contains(&r.string), "{}: {found:#?}", r.name);
        assert_eq!(sign(secret(), &r.string), r.signature, "{}", r.name);
        assert!(verify(secret(), &r.signed(), &r.signature), "{}", r.name);
    }
}

#[test]
fn a_changed_method_header_path_query_or_body_is_refused() {
    for r in recorded() {
        let refused = |changed: Signed<'_>, what: &str| {
            assert!(!verify(secret(), &changed, &r.signature), "{}: {what}", r.name);
        };
        let good = r.signed();
        assert!(!verify(b"another secret", &good, &r.signature), "{}", r.name);
        refused(Signed { method: "PATCH", ..good }, "method");
        refused(Signed { path: "/api/v3/other", ..good }, "path");
        for i in 0..r.headers.len() {
            if r.headers[i].0 == "content-type" {
                continue;
            }
            let (mut changed, mut dropped, mut doubled) = (r.headers.clone(), r.headers.clone(), r.headers.clone());
            changed[i].1.push('0');
            dropped.remove(i);
            doubled.push(r.headers[i].clone());
            for headers in [&changed, &dropped, &doubled] {
                refused(Signed { headers, ..good }, &r.headers[i].0);
            }
        }
        let mut more = r.headers.clone();
        more.push(("x-authing-tenant-id".into(), "1".into()));
        refused(Signed { headers: &more, ..good }, "an added header");
        if r.method != "DELETE" {
            let query = format!("{}{}added=1", r.query.as_deref().unwrap_or(""), r.query.as_ref().map_or("", |_| "&"));
            refused(Signed { query: Some(&query), ..good }, "an added parameter");
        }
        if r.method == "GET" {
            refused(Signed { body: b"{}", ..good }, "an added body");
        } else {
            refused(Signed { body: br#"{"id":"2"}"#, ..good }, "body");
        }
    }
}

#[test]
fn a_signature_is_spelt_one_way_only() {
    let r = &recorded()[0];
    for odd in ["", "=", "AAAA", r.signature.trim_end_matches('='), &format!("{} ", r.signature), &"A".repeat(1000)] {
        assert!(!verify(secret(), &r.signed(), odd), "{odd}");
    }
}

#[test]
fn without_parameters_the_path_may_end_in_a_question_mark() {
    for (method, query, body) in [
        ("GET", None, ""),
        ("GET", Some(""), ""),
        ("POST", None, ""),
        ("POST", None, "{}"),
        ("POST", None, "null"),
        ("POST", None, "[]"),
    ] {
        assert_eq!(strings(method, "/a", query, body), [format!("{method}\n/a"), format!("{method}\n/a?")]);
    }
    assert_eq!(strings("GET", "/a", Some("b="), ""), ["GET\n/a?b="]);
}

#[test]
fn lists_of_numbers_have_a_second_form_and_lists_of_texts_have_not() {
    assert_eq!(strings("GET", "/a", Some("n[]=1&n[]=2"), ""), ["GET\n/a?n=[\"1\",\"2\"]", "GET\n/a?n=[1,2]"]);
    assert_eq!(strings("GET", "/a", Some("n[]=x&m=1"), ""), ["GET\n/a?m=1&n=[\"x\"]"]);
    assert_eq!(
        strings("GET", "/a", Some("o%5Bk%5D=true&o%5Bj%5D=01"), ""),
        [
            r#"GET
/a?o={"k":"true","j":"01"}"#,
            r#"GET
/a?o={"k":true,"j":"01"}"#
        ]
    );
}

#[test]
fn a_body_of_a_million_members_is_refused_before_it_costs_memory() {
    let body = |n: usize| {
        let members: Vec<String> = (0..n).map(|i| format!("\"{i}\":1")).collect();
        format!("{{{}}}", members.join(","))
    };
    let strings = |body: &str| {
        let request = Signed { method: "POST", path: "/x", query: None, headers: &[], body: body.as_bytes() };
        candidates(&request).len()
    };
    assert_eq!((strings(&body(1_000)), strings(&body(1_001))), (1, 0));
    assert_eq!(strings(&format!("[{}1]", "1,".repeat(1_000))), 0);
}

#[test]
fn what_the_client_cannot_have_sent_has_no_string() {
    let queries = [
        "a=1&a=2",
        "a=1&a[]=2",
        "a[]=1&a=2",
        "a[]=1&a[k]=2",
        "a[k]=1&a[k]=2",
        "a[k]=1&a[k][j]=2",
        "a[=1",
        "a[b=1",
        "a]b[=1",
        "a[][]=1",
        "a=%ff",
    ];
    for query in queries {
        assert_eq!(strings("GET", "/a", Some(query), ""), [""; 0], "{query}");
    }
    let deep = format!("a{}=1", "[b]".repeat(1000));
    assert_eq!(strings("GET", "/a", Some(&deep), ""), [""; 0]);
    for body in
        [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, "{", "1", "\"text\"", "a=1", "{} {}", "{\"a\":\"\\ud800\"}"]
    {
        assert_eq!(strings("POST", "/a", None, body), [""; 0], "{body}");
    }
    assert_eq!(strings("GET", "/%ff", None, ""), [""; 0]);
    let twice = [("date".to_owned(), "1".to_owned()), ("date".to_owned(), "1".to_owned())];
    assert!(candidates(&Signed { headers: &twice, ..bare("GET", "/a", None, "") }).is_empty());
}

#[test]
fn a_repeated_key_inside_a_value_stays_visible() {
    let one = strings("POST", "/a", None, r#"{"o":{"k":1,"k":2}}"#);
    assert_eq!(
        one,
        [r#"POST
/a?o={"k":1,"k":2}"#]
    );
    assert_ne!(one, strings("POST", "/a", None, r#"{"o":{"k":2}}"#));
    assert_ne!(one, strings("POST", "/a", None, r#"{"o":{"k":2,"k":1}}"#));
}

#[test]
fn the_order_of_members_does_not_matter() {
    let one = strings("POST", "/a", None, r#"{"b":2,"a":[1, 2],"é":"x"}"#);
    assert_eq!(one, ["POST\n/a?a=[1, 2]&b=2&é=x"]);
    assert_eq!(one, strings("POST", "/a", None, r#"{"é":"x","a":[1, 2],"b":2}"#));
}

#[test]
fn header_values_lose_line_breaks_and_outer_space_and_others_do_not_count() {
    let header = |n: &str, v: &str| (n.to_owned(), v.to_owned());
    let headers =
        [header("x-authing-b", " a\tb\r\n"), header("date", "now"), header("host", "h"), header("x-authing-a", "")];
    let found = candidates(&Signed { headers: &headers, ..bare("GET", "/a", Some("q=1"), "") });
    assert_eq!(found, ["GET\ndate:now\nx-authing-a:\nx-authing-b:a b\n/a?q=1"]);
}

#[test]
fn the_authorization_header_is_taken_apart() {
    assert_eq!(parse_authorization("authing id:c2ln"), Some(("id", "c2ln")));
    assert_eq!(parse_authorization("Authing id:c2ln="), Some(("id", "c2ln=")));
    for other in ["", "authing", "authing id", "authing :sig", "Bearer a:b", "eyJ.a.b"] {
        assert_eq!(parse_authorization(other), None, "{other}");
    }
}
