//! Mail, against a server that behaves as told.

use super::*;
use crate::testing::{Behaviour, Received, SmtpTrap, Stage};

fn config(trap: &SmtpTrap) -> SmtpConfig {
    SmtpConfig {
        host: trap.addr().ip().to_string(),
        port: trap.addr().port(),
        security: Security::None,
        username: None,
        password: None,
        from: String::from("no-reply@id.example"),
        from_name: None,
        timeout_ms: 20_000,
        allow_plain: false,
        guarded: false,
        allow_private: false,
    }
}

fn email() -> Email {
    Email {
        to: String::from("ada@example.com"),
        subject: String::from("Your code"),
        text: String::from("Your code is 012345\n"),
        html: None,
        from_name: None,
        message_id: String::from("652f0c@id.example"),
        date: Millis(1_795_148_267_199),
    }
}

async fn delivered(config: &SmtpConfig, trap: &SmtpTrap, email: &Email) -> Received {
    let outcome = send(config, email).await;
    assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
    let mut all = trap.messages();
    assert_eq!(all.len(), 1, "one mail and no other");
    all.remove(0)
}

fn is_refusal(outcome: &Outcome, permanent: bool) -> bool {
    matches!(outcome, Outcome::Refused { permanent: p, .. } if *p == permanent)
}

#[tokio::test]
async fn a_mail_arrives_with_its_envelope_headers_and_text() {
    let trap = SmtpTrap::start().await;
    let outcome = send(&config(&trap), &email()).await;
    assert_eq!(outcome, Outcome::Sent { provider_id: Some(String::from("2.0.0 queued as T1")) });
    let mail = &trap.messages()[0];
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("no-reply@id.example", &["ada@example.com".to_owned()][..]));
    assert_eq!(mail.header("From").as_deref(), Some("no-reply@id.example"));
    assert_eq!(mail.header("To").as_deref(), Some("ada@example.com"));
    assert_eq!(mail.header("Subject").as_deref(), Some("Your code"));
    assert_eq!(mail.header("Message-ID").as_deref(), Some("<652f0c@id.example>"));
    assert_eq!(mail.header("Date").as_deref(), Some("Fri, 20 Nov 2026 04:17:47 +0000"));
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(mail.text().as_deref().map(str::trim_end), Some("Your code is 012345"));
    assert!(trap.commands().contains(&String::from("EHLO id.example")));
}

#[tokio::test]
async fn chinese_in_subject_name_and_both_bodies_survives() {
    let trap = SmtpTrap::start().await;
    let mut mail = email();
    mail.subject = String::from("您的验证码，请在一分钟之内使用，请勿告知他人，包括自称客服的人");
    mail.text = String::from("您的验证码是 012345\n");
    mail.html = Some(String::from("<p>您的验证码是 <b>012345</b></p>\n"));
    let mut config = config(&trap);
    config.from_name = Some(String::from("守望 \"Watch\""));
    let got = delivered(&config, &trap, &mail).await;
    assert!(got.data.is_ascii(), "nothing depends on 8BITMIME");
    assert_eq!(got.header("Subject").as_deref(), Some(mail.subject.as_str()));
    assert_eq!(got.text().as_deref().map(str::trim_end), Some("您的验证码是 012345"));
    assert_eq!(got.html().as_deref().map(str::trim_end), Some("<p>您的验证码是 <b>012345</b></p>"));
    assert!(got.header("From").is_some_and(|f| f.contains("守望") && f.ends_with("<no-reply@id.example>")));
    assert!(got.header("Content-Type").is_some_and(|t| t.starts_with("multipart/alternative")));
}

#[tokio::test]
async fn a_second_attempt_sends_the_same_bytes() {
    let trap = SmtpTrap::start().await;
    let mut mail = email();
    mail.html = Some(String::from("<p>012345</p>"));
    send(&config(&trap), &mail).await;
    send(&config(&trap), &mail).await;
    let all = trap.messages();
    assert_eq!((all.len(), &all[0].data), (2, &all[1].data));
}

#[tokio::test]
async fn lines_of_dots_neither_end_the_mail_nor_start_another() {
    let smuggled = "MAIL FROM:<evil@example.com>";
    for text in [
        format!(".\n..\n.x\n.\n{smuggled}\n"),
        format!("a\r\n.\r\n{smuggled}\r\n"),
        format!("a\n.\r\n{smuggled}\r\n"),
        format!("a\r.\r{smuggled}\r"),
        format!("a\r\n.\n{smuggled}\r\n"),
    ] {
        let trap = SmtpTrap::start().await;
        let mail = Email { text: text.clone(), ..email() };
        let got = delivered(&config(&trap), &trap, &mail).await;
        let same = |s: &str| s.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned();
        assert_eq!(same(&got.text().unwrap_or_default()), same(&text));
        let mails = trap.commands().iter().filter(|c| c.starts_with("MAIL")).count();
        assert_eq!(mails, 1, "{text:?}");
    }
}

#[tokio::test]
async fn a_line_break_in_any_header_is_refused_before_connecting() {
    let trap = SmtpTrap::start().await;
    for evil in ["x\r\nBcc: evil@example.com", "x\nBcc: evil@example.com", "x\rBcc: evil@example.com", "x\0y"] {
        let mut mails = vec![email(), email(), email()];
        mails[0].subject = evil.to_owned();
        mails[1].to = format!("ada@example.com{}", &evil[1..]);
        mails[2].message_id = format!("{evil}@id.example");
        for mail in &mails {
            let outcome = send(&config(&trap), mail).await;
            assert!(is_refusal(&outcome, true), "{outcome:?} for {evil:?}");
        }
        let named = SmtpConfig { from_name: Some(evil.to_owned()), ..config(&trap) };
        assert!(is_refusal(&send(&named, &email()).await, true));
        let from = SmtpConfig { from: format!("a@id.example{}", &evil[1..]), ..config(&trap) };
        assert!(is_refusal(&send(&from, &email()).await, true));
    }
    for to in
        ["", "ada", "a@example.com, b@example.com", "Ada <a@example.com>", "a@example.com> SIZE=1", "\"a\r\nb\"@x.org"]
    {
        let outcome = send(&config(&trap), &Email { to: to.to_owned(), ..email() }).await;
        assert!(is_refusal(&outcome, true), "{to:?}: {outcome:?}");
    }
    assert_eq!(trap.commands(), Vec::<String>::new(), "no dialogue was begun");
}

#[tokio::test]
async fn the_right_password_opens_and_a_wrong_one_is_a_permanent_refusal_that_does_not_show_it() {
    let trap = SmtpTrap::start().await;
    trap.require_login("mailer", "s3cret-pass");
    let with = |password: &str| SmtpConfig {
        username: Some(String::from("mailer")),
        password: Some(Secret::new(password.to_owned())),
        ..config(&trap)
    };
    let wrong = send(&with("wrong-pass"), &email()).await;
    assert!(is_refusal(&wrong, true), "{wrong:?}");
    assert!(!format!("{wrong:?} {:?}", with("wrong-pass")).contains("wrong-pass"));
    assert!(is_refusal(&send(&config(&trap), &email()).await, true), "without signing in");
    trap.on(Stage::Auth, Behaviour::Reply(String::from("454 4.7.0 try later")));
    assert!(is_refusal(&send(&with("s3cret-pass"), &email()).await, false), "a sign-in that may succeed later");
    trap.behave();
    assert_eq!(trap.messages(), vec![]);
    delivered(&with("s3cret-pass"), &trap, &email()).await;
}

#[tokio::test]
async fn replies_of_5xx_are_permanent_and_of_4xx_temporary_at_every_step() {
    let trap = SmtpTrap::start().await;
    for stage in [Stage::Greeting, Stage::Hello, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Message] {
        for (reply, permanent) in [("550 5.1.1 no such user", true), ("451 4.7.1 greylisted", false)] {
            trap.behave();
            trap.on(stage, Behaviour::Reply(reply.to_owned()));
            let outcome = send(&config(&trap), &email()).await;
            assert!(is_refusal(&outcome, permanent), "{stage:?} {reply}: {outcome:?}");
            assert!(format!("{outcome:?}").contains(&reply[10..]), "the log names the reason: {outcome:?}");
        }
    }
    assert_eq!(trap.messages(), vec![]);
}

#[tokio::test]
async fn a_server_that_hangs_or_closes_is_unreachable() {
    let trap = SmtpTrap::start().await;
    let config = SmtpConfig { timeout_ms: 100, ..config(&trap) };
    for stage in [Stage::Greeting, Stage::Hello, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Message] {
        for behaviour in [Behaviour::Hang, Behaviour::Close] {
            trap.behave();
            trap.on(stage, behaviour.clone());
            let outcome = send(&config, &email()).await;
            assert!(matches!(outcome, Outcome::Unreachable { .. }), "{stage:?} {behaviour:?}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let trap = SmtpTrap::start().await;
    let gone = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let outcome = send(&SmtpConfig { port, ..config(&trap) }, &email()).await;
    assert!(matches!(outcome, Outcome::Unreachable { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_mail_once_accepted_is_sent_however_the_server_parts() {
    for behaviour in [Behaviour::Hang, Behaviour::Close, Behaviour::Reply(String::from("550 no"))] {
        let trap = SmtpTrap::start().await;
        trap.on(Stage::Quit, behaviour);
        let config = config(&trap);
        let patience = Duration::from_millis(config.timeout_ms / 2);
        tokio::time::timeout(patience, delivered(&config, &trap, &email())).await.expect("QUIT is not waited for");
    }
}

#[tokio::test]
async fn without_the_promised_encryption_nothing_is_said() {
    let trap = SmtpTrap::start().await;
    trap.require_login("mailer", "s3cret-pass");
    for security in [Security::StartTls, Security::Tls] {
        let config = SmtpConfig {
            security,
            username: Some(String::from("mailer")),
            password: Some(Secret::new(String::from("s3cret-pass"))),
            timeout_ms: 500,
            ..config(&trap)
        };
        let outcome = send(&config, &email()).await;
        assert!(matches!(outcome, Outcome::Unreachable { .. }), "{security:?}: {outcome:?}");
    }
    let said = trap.commands();
    assert!(said.iter().all(|c| !c.starts_with("AUTH") && !c.starts_with("MAIL")), "{said:?}");
    assert_eq!(trap.messages(), vec![]);
}

#[test]
fn a_configuration_reports_all_its_faults_at_once() {
    let bad: SmtpConfig = serde_json::from_value(serde_json::json!({
        "host": "", "port": 0, "from": "nobody", "fromName": "a\nb", "username": "u", "timeoutMs": 5, "security": "none"
    }))
    .unwrap();
    let fields: Vec<_> = bad.validate().into_iter().map(|(f, _)| f).collect();
    assert_eq!(fields, ["host", "port", "password", "from", "fromName", "timeoutMs", "security"]);
}

#[test]
fn defaults_are_safe_and_unknown_members_are_refused() {
    let read = |v: serde_json::Value| serde_json::from_value::<SmtpConfig>(v);
    let c = read(serde_json::json!({ "host": "mail.example", "port": 587, "from": "a@id.example" })).unwrap();
    assert_eq!((c.security, c.timeout_ms, c.allow_plain, c.validate()), (Security::StartTls, 10_000, false, vec![]));
    assert!(read(serde_json::json!({ "host": "m", "port": 25, "from": "a@b.example", "tls": true })).is_err());
}

#[test]
fn plain_connections_go_only_to_this_machine_unless_allowed() {
    let with = |host: &str, allow_plain: bool| {
        let c: SmtpConfig = serde_json::from_value(serde_json::json!({
            "host": host, "port": 25, "from": "a@id.example", "security": "none", "allowPlain": allow_plain
        }))
        .unwrap();
        c.validate().is_empty()
    };
    for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
        assert!(with(host, false), "{host}");
    }
    for host in ["mail.example", "10.0.0.1", "localhost.example", "127.0.0.1.example", "2130706433"] {
        assert!(!with(host, false) && with(host, true), "{host}");
    }
}

#[test]
fn debug_shows_neither_text_nor_subject() {
    let shown = format!("{:?}", Email { subject: String::from("code 012345"), ..email() });
    assert!(!shown.contains("012345"), "{shown}");
}

#[tokio::test]
async fn what_an_access_key_has_configured_reaches_no_private_address_unless_the_operator_says_so() {
    let trap = SmtpTrap::start().await;
    for host in ["127.0.0.1", "localhost", "2130706433"] {
        let guarded = SmtpConfig { host: host.to_owned(), guarded: true, allow_plain: true, ..config(&trap) };
        assert!(
            matches!(send(&guarded, &email()).await, Outcome::Refused { .. } | Outcome::Unreachable { .. }),
            "{host}"
        );
    }
    assert!(trap.commands().is_empty(), "nothing was said");
    let allowed = SmtpConfig { guarded: true, allow_private: true, ..config(&trap) };
    assert!(matches!(send(&allowed, &email()).await, Outcome::Sent { .. }));
}
