//! What may be fetched, and what may not.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::testing::{Answer, HttpTrap};

/// A client whose names resolve to what `answers` says, one list per look-up, the last one for ever.
fn resolving(allow_private: bool, answers: &[&[&str]]) -> (Fetch, Arc<AtomicUsize>) {
    let answers: Vec<Vec<IpAddr>> =
        answers.iter().map(|list| list.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let lookup: Lookup = Arc::new(move |_| {
        let n = counted.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        let found = answers[n].clone();
        Box::pin(async move { Ok(found) })
    });
    (Fetch::build(allow_private, TOTAL_LIMIT, lookup), count)
}

fn is_forbidden<T: fmt::Debug>(got: &Result<T, FetchError>) -> bool {
    matches!(got, Err(FetchError::Forbidden(_)))
}

#[tokio::test]
async fn a_post_carries_headers_and_body_and_brings_the_reply_back() {
    let trap = HttpTrap::start().await;
    trap.push(Answer::new(418, "short and stout"));
    let headers = [(String::from("x-key"), String::from("k1"))];
    let reply = Fetch::new(true).post(&format!("{}/a?b=c", trap.url()), &headers, b"body".to_vec()).await.unwrap();
    assert_eq!((reply.status, reply.body.as_slice(), reply.cut), (418, b"short and stout".as_slice(), false));
    let got = &trap.requests()[0];
    assert_eq!((got.method.as_str(), got.target.as_str(), got.body.as_slice()), ("POST", "/a?b=c", b"body".as_slice()));
    assert_eq!(got.header("x-key"), Some("k1"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_an_order() {
    let (trap, other) = (HttpTrap::start().await, HttpTrap::start().await);
    for status in [301, 302, 303, 307, 308] {
        let headers = vec![(String::from("location"), other.url())];
        trap.push(Answer::Reply { status, headers, body: Vec::new() });
        let reply = Fetch::new(true).post(&trap.url(), &[], Vec::new()).await.unwrap();
        assert_eq!(reply.status, status);
    }
    assert_eq!(other.requests(), vec![]);
}

#[tokio::test]
async fn a_reply_is_cut_after_64_kib() {
    let trap = HttpTrap::start().await;
    let fetch = Fetch::new(true);
    for (size, cut) in [(MAX_REPLY - 1, false), (MAX_REPLY, false), (MAX_REPLY + 1, true), (5 * MAX_REPLY, true)] {
        trap.push(Answer::new(200, vec![b'x'; size]));
        let reply = fetch.post(&trap.url(), &[], Vec::new()).await.unwrap();
        assert_eq!((reply.body.len(), reply.cut), (size.min(MAX_REPLY), cut));
    }
}

#[tokio::test]
async fn a_server_that_hangs_or_closes_is_unreachable() {
    let trap = HttpTrap::start().await;
    let quick = Fetch::build(true, Duration::from_millis(100), Arc::new(|name| Box::pin(look_up(name))));
    for answer in [Answer::Hang, Answer::Close] {
        trap.answer(answer);
        let got = quick.post(&format!("{}/token-in-path", trap.url()), &[], Vec::new()).await;
        let Err(FetchError::Unreachable(inside)) = got else { panic!("{got:?}") };
        assert!(!inside.contains("token-in-path"), "URLs may hold tokens: {inside}");
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_refused() {
    let trap = HttpTrap::start().await;
    let port = trap.addr().port();
    for ip in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1"] {
        let (fetch, _) = resolving(false, &[&[ip]]);
        let got = fetch.post(&format!("https://hook.example:{port}/"), &[], Vec::new()).await;
        assert!(is_forbidden(&got), "{ip}: {got:?}");
    }
    assert_eq!(trap.requests(), vec![]);
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    // A rebinding name: the first look-up is let through, a second one would lead elsewhere.
    let trap = HttpTrap::start().await;
    let (fetch, lookups) = resolving(true, &[&["127.0.0.1"], &["169.254.169.254"]]);
    let url = format!("http://hook.example:{}/", trap.addr().port());
    assert_eq!(fetch.post(&url, &[], Vec::new()).await.unwrap().status, 200);
    assert_eq!(lookups.load(Ordering::SeqCst), 1, "one look-up serves check and connection");
    let host = format!("hook.example:{}", trap.addr().port());
    assert_eq!(trap.requests()[0].header("host"), Some(host.as_str()));
    // The next connection looks up anew, and is checked anew.
    assert!(is_forbidden(&fetch.post(&url, &[], Vec::new()).await));
}

#[tokio::test]
async fn of_several_addresses_only_those_that_pass_are_tried() {
    let trap = HttpTrap::start().await;
    let (fetch, _) = resolving(true, &[&["169.254.169.254", "0.0.0.0", "127.0.0.1"]]);
    let url = format!("http://hook.example:{}/", trap.addr().port());
    assert_eq!(fetch.post(&url, &[], Vec::new()).await.unwrap().status, 200);
    // The same trap answers on 0.0.0.0, so this would succeed if it were tried.
    let (fetch, _) = resolving(true, &[&["0.0.0.0"]]);
    assert!(is_forbidden(&fetch.post(&url, &[], Vec::new()).await));
}

#[tokio::test]
async fn this_machine_by_its_own_name_is_refused() {
    for url in ["https://localhost/", "https://LOCALHOST:8443/"] {
        let got = Fetch::new(false).post(url, &[], Vec::new()).await;
        assert!(is_forbidden(&got), "{url}: {got:?}");
    }
}

#[test]
fn addresses_in_any_notation_are_refused_before_anything_is_resolved() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "192.88.99.1",
        "１２７.０.０.１",
        "127。0。0。1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[fe80::1]",
        "[fec0::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[64:ff9b::a00:1]",
        "[64:ff9b::808:808]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2002:808:808::1]",
        "[2001::1]",
        "[2001:db8::1]",
        "[3fff::1]",
        "[2606:4700::5efe:7f00:1]",
        "[100::1]",
        "[5f00::1]",
    ] {
        assert!(check_url(&format!("https://{host}/"), false).is_err(), "{host}");
    }
    for host in [
        "8.8.8.8",
        "172.15.0.1",
        "172.32.0.1",
        "100.63.0.1",
        "100.128.0.1",
        "169.253.0.1",
        "11.0.0.1",
        "192.167.1.1",
        "223.255.255.255",
        "[2606:4700::1111]",
        "[2001:4860:4860::8888]",
        "[2400:3200::1]",
        "hook.example",
    ] {
        assert!(check_url(&format!("https://{host}/"), false).is_ok(), "{host}");
    }
}

#[test]
fn allowing_private_networks_does_not_open_metadata_or_disguised_addresses() {
    for host in ["127.0.0.1", "10.0.0.1", "192.168.0.1", "100.64.0.1", "[::1]", "[fd12::1]"] {
        assert!(check_url(&format!("http://{host}/"), true).is_ok(), "{host}");
    }
    for host in [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "224.0.0.1",
        "[fd00:ec2::254]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[::]",
    ] {
        assert!(check_url(&format!("http://{host}/"), true).is_err(), "{host}");
    }
}

#[test]
fn other_schemes_credentials_and_halves_of_urls_are_refused() {
    for url in
        ["http://hook.example/", "ftp://hook.example/", "file:///etc/passwd", "hook.example", "", "https://", "/x"]
    {
        assert!(check_url(url, false).is_err(), "{url}");
    }
    for url in ["https://user@hook.example/", "https://user:pw@hook.example/", "https://:pw@hook.example/"] {
        assert!(check_url(url, true).is_err(), "{url}");
    }
    assert!(check_url("http://hook.example/", true).is_ok());
    assert!(check_url("ftp://hook.example/", true).is_err());
}

#[tokio::test]
async fn a_header_with_a_line_break_is_not_sent() {
    let trap = HttpTrap::start().await;
    let headers = [(String::from("x-key"), String::from("a\r\nx-evil: 1"))];
    let got = Fetch::new(true).post(&trap.url(), &headers, Vec::new()).await;
    assert!(is_forbidden(&got), "{got:?}");
    assert_eq!(trap.requests(), vec![]);
}
