//! How a pool sends e-mail.

use serde_json::{Value, json};
use watchword_testkit::Server;

const GET: &str = "/api/v3/get-email-provider";
const CONFIGURE: &str = "/api/v3/config-email-provider";
const SECRET: &str = "s3cret-of-the-mail-server";

fn custom(more: Value) -> Value {
    let mut smtp = json!({
        "smtp_host": "mail.example.com", "smtp_port": 465, "sender": "id@example.com", "senderPass": SECRET,
        "secure": true,
    });
    for (name, value) in more.as_object().expect("an object") {
        smtp[name] = value.clone();
    }
    json!({ "enabled": true, "type": "custom", "smtpConfig": smtp })
}

/// What the worker would use.
async fn stored(s: &Server) -> Value {
    use watchword_domain::message::{Medium, provider};
    let mut tx = s.services.db.read().await.unwrap();
    let pool = watchword_kit::PoolId::new(&s.pool.id);
    let config = provider::config(&mut tx, &s.services, &pool, Medium::Email).await.unwrap();
    config.map_or(Value::Null, |config| serde_json::from_str(config.reveal()).unwrap())
}

#[tokio::test]
async fn a_mail_server_is_kept_and_its_secret_never_shown() {
    let s = Server::start().await;
    let admin = s.admin().await;
    assert_eq!(admin.get(GET).await.ok(), json!({ "enabled": false }));
    let shown = admin.post(CONFIGURE, custom(json!({}))).await;
    assert!(!shown.text.contains(SECRET));
    assert_eq!(shown.ok()["smtpConfig"]["senderPass"], "***");
    let read = admin.get(GET).await;
    assert!(!read.text.contains(SECRET));
    assert_eq!(read.ok(), shown.ok());
    let config = stored(&s).await;
    assert_eq!((&config["password"], &config["security"]), (&json!(SECRET), &json!("tls")));
    assert!(serde_json::from_value::<watchword_send::SmtpConfig>(config).unwrap().validate().is_empty());
    assert_eq!(s.audited("message.provider_update").await, 1);
}

#[tokio::test]
async fn a_masked_secret_stays_for_the_same_server_and_account_only() {
    let s = Server::start().await;
    let admin = s.admin().await;
    admin.post(CONFIGURE, custom(json!({ "senderPass": "***" }))).await.refused_at("smtpConfig.senderPass");
    admin.post(CONFIGURE, custom(json!({}))).await.ok();
    admin.post(CONFIGURE, custom(json!({ "senderPass": "***" }))).await.ok();
    assert_eq!(stored(&s).await["password"], SECRET);
    for more in [
        json!({ "smtp_host": "evil.example" }),
        json!({ "smtp_port": 2525 }),
        json!({ "sender": "eve@example.com" }),
        json!({ "secure": false }),
    ] {
        let mut body = more;
        body["senderPass"] = json!("***");
        admin.post(CONFIGURE, custom(body)).await.refused_at("smtpConfig.senderPass");
    }
    assert_eq!(stored(&s).await["host"], "mail.example.com");
    let ali = json!({ "enabled": true, "type": "ali", "aliExmailConfig": { "sender": "id@example.com", "senderPass": "***" } });
    admin.post(CONFIGURE, ali).await.refused_at("aliExmailConfig.senderPass");
}

#[tokio::test]
async fn well_known_carriers_are_mail_servers_and_switching_off_forgets() {
    let s = Server::start().await;
    let admin = s.admin().await;
    let account = json!({ "sender": "id@example.com", "senderPass": SECRET });
    for (kind, member, config, host) in [
        ("ali", "aliExmailConfig", account.clone(), "smtp.qiye.aliyun.com"),
        ("qq", "tencentExmailConfig", account.clone(), "smtp.exmail.qq.com"),
        ("sendgrid", "sendGridConfig", json!({ "sender": "id@example.com", "apikey": SECRET }), "smtp.sendgrid.net"),
    ] {
        let shown = admin.post(CONFIGURE, json!({ "enabled": true, "type": kind, member: config })).await.ok();
        assert_eq!((&shown["type"], &shown[member]["sender"]), (&json!(kind), &json!("id@example.com")));
        assert_eq!(stored(&s).await["host"], host);
        admin.post(CONFIGURE, json!({ "enabled": true, "type": kind })).await.refused_at(member);
    }
    for _ in 0..2 {
        let off = admin.post(CONFIGURE, json!({ "enabled": false, "type": "custom" })).await.ok();
        assert_eq!(off, json!({ "enabled": false }));
    }
    assert_eq!(stored(&s).await, Value::Null);
    let send = json!({ "email": "ada@example.com", "channel": "CHANNEL_REGISTER" });
    s.app().post("/api/v3/send-email", send).await.refused(501);
}

#[tokio::test]
async fn a_server_that_cannot_be_is_refused_at_its_place() {
    let s = Server::start().await;
    let admin = s.admin().await;
    for (more, place) in [
        (json!({ "smtp_host": "" }), "smtp_host"),
        (json!({ "smtp_host": "mail.example.com/x" }), "smtp_host"),
        (json!({ "smtp_host": "mail example" }), "smtp_host"),
        (json!({ "smtp_port": 0 }), "smtp_port"),
        (json!({ "smtp_port": 70_000 }), "smtp_port"),
        (json!({ "sender": "no address" }), "sender"),
        (json!({ "sender": null }), "sender"),
        (json!({ "senderPass": "" }), "senderPass"),
    ] {
        admin.post(CONFIGURE, custom(more)).await.refused_at(&format!("smtpConfig.{place}"));
    }
    assert_eq!(admin.get(GET).await.ok(), json!({ "enabled": false }));
}

const INSIDE: [&str; 6] = ["127.0.0.1", "localhost", "10.0.0.25", "[::1]", "169.254.169.254", "192.168.1.1"];

#[tokio::test]
async fn an_access_key_cannot_make_the_server_speak_to_its_own_network() {
    let s = Server::start().await;
    let admin = s.admin().await;
    for host in INSIDE {
        admin.post(CONFIGURE, custom(json!({ "smtp_host": host }))).await.refused_at("smtpConfig.smtp_host");
    }
    assert_eq!(stored(&s).await, Value::Null);
    admin.post(CONFIGURE, custom(json!({}))).await.ok();
    // Where a name leads is seen when something is sent.
    assert_eq!(stored(&s).await["guarded"], true);
}

#[tokio::test]
async fn where_the_operator_allows_private_networks_only_metadata_services_stay_out_of_reach() {
    let s = Server::with(|settings| settings.allow_private_networks = true).await;
    let admin = s.admin().await;
    for host in INSIDE {
        let reply = admin.post(CONFIGURE, custom(json!({ "smtp_host": host }))).await;
        if host.starts_with("169.254") { reply.refused_at("smtpConfig.smtp_host") } else { drop(reply.ok()) }
    }
}
