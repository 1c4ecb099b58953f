//! What must not be readable anywhere.

use super::*;

#[tokio::test]
async fn a_code_and_a_providers_secret_are_in_no_reply_no_log_no_trail_and_no_database_file() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    // The server and its worker run on this test's thread.
    let _guard = tracing::subscriber::set_default(subscriber);
    // With a second subscriber about, events that other threads met first are judged for this one, too.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let post = Post::start().await;
    let config = json!({ "driver": "http", "url": post.sms.url(), "secret": "provider-secret-0123456789" });
    provide(&post.server, &post.server.pool, Medium::Sms, config).await;
    // While it waits, while it is alive, and when it is over.
    post.sms.push(Answer::new(503, "later"));
    let reply = post.text("13800138000", REGISTER).await;
    post.settled().await;
    let code = post.code(1).await;
    assert!(!reply.text.contains(&code));
    assert!(!post.check(Medium::Sms, PHONE, LOGIN, &code).await);
    let mut files = vec![dump(&post.server).await];
    post.server.advance(seconds(3));
    post.sms.wait_for(2).await;
    post.settled().await;
    files.push(dump(&post.server).await);
    let log = log.0.lock().unwrap().clone();
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains("not sent") && log.contains("send-sms"), "the log is a log: {log}");
    let digits = |c: char| !c.is_ascii_alphanumeric();
    assert!(!log.contains("provider-secret") && !log.split(digits).any(|word| word == code), "{log}");
    for file in files {
        let found = |needle: &str| file.windows(needle.len()).any(|w| w == needle.as_bytes());
        assert!(found(PHONE), "the dump is a dump");
        assert!(!found("provider-secret"));
        assert!(!found(&format!("{code} is your code")) && !found(&format!("\"{code}\"")));
        // Six digits alone turn up in ids and times by chance; a stored code would stand between other characters.
        let bare = file.windows(8).filter(|w| &w[1..7] == code.as_bytes());
        assert_eq!(bare.filter(|w| !w[0].is_ascii_hexdigit() && !w[7].is_ascii_hexdigit()).count(), 0);
    }
}

/// Where the server's log goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Every byte of the database: SQLite's files, or every row of PostgreSQL's tables of ours as text.
async fn dump(server: &Server) -> Vec<u8> {
    if let Some(path) = server.database_url().strip_prefix("sqlite:") {
        let mut all = std::fs::read(path).unwrap();
        all.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        return all;
    }
    let mut all = Vec::new();
    for table in ["outbox", "verification_codes", "rate_counters", "audit_logs", "message_providers"] {
        let sql = format!("SELECT CAST(t.* AS TEXT) AS line FROM {table} t");
        let rows: Vec<(String,)> = server.services.db.read().await.unwrap().all(&sql, &[]).await.unwrap();
        all.extend(rows.into_iter().flat_map(|(line,)| line.into_bytes()));
    }
    all
}

#[tokio::test]
async fn the_trail_has_one_row_per_message_with_a_masked_target() {
    let post = Post::start().await;
    post.text("13800138000", REGISTER).await.done();
    post.text("13800138000", REGISTER).await.refused(422);
    post.text("13900139000", "CHANNEL_RESET_PASSWORD").await.done();
    let sql = String::from("SELECT details FROM audit_logs WHERE action = 'message.send' ORDER BY at, id");
    let rows: Vec<(String,)> = post.server.services.db.read().await.unwrap().all(&sql, &[]).await.unwrap();
    let rows: Vec<Value> = rows.iter().map(|(d,)| serde_json::from_str(d).unwrap()).collect();
    assert_eq!(
        rows,
        [
            json!({ "medium": "sms", "channel": REGISTER, "to": "+86****8000", "sent": true }),
            json!({ "medium": "sms", "channel": "CHANNEL_RESET_PASSWORD", "to": "+86****9000", "sent": false }),
        ]
    );
}
