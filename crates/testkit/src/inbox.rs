//! What a server in demo mode would have sent.

use std::time::Duration;

use serde_json::Value;

use crate::server::Server;

impl Server {
    /// The messages of the development inbox, the newest first, once none waits to be sent: `to`, `subject`, `text`.
    pub async fn messages(&self) -> Vec<Value> {
        for _ in 0..1000 {
            let mut tx = self.services.db.read().await.expect("a transaction");
            let sql = String::from("SELECT COUNT(*) FROM outbox WHERE state = 'pending'");
            let waiting = tx.one::<(i64,)>(&sql, &[]).await.expect("a count").0;
            drop(tx);
            if waiting == 0 {
                let inbox = self.anonymous().get("/dev/inbox.json").await;
                return inbox.body["list"].as_array().expect("a list").clone();
            }
            self.services.outbox.notify_one();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("messages wait for ever");
    }

    /// The newest message to a normalised target.
    pub async fn letter_to(&self, target: &str) -> Option<String> {
        let newest = self.messages().await.into_iter().find(|message| message["to"] == target)?;
        newest["text"].as_str().map(str::to_owned)
    }

    /// Waits until the worker has nothing left that is due; what waits for a later attempt stays.
    pub async fn settled(&self) {
        let sql = String::from(
            "SELECT COUNT(*) FROM outbox WHERE state = 'pending' AND (claimed_until > $1 OR next_at <= $1)",
        );
        for _ in 0..2000 {
            let mut tx = self.services.db.read().await.expect("a transaction");
            if tx.one::<(i64,)>(&sql, &[self.clock.now().into()]).await.expect("a count").0 == 0 {
                return;
            }
            drop(tx);
            self.services.outbox.notify_one();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the worker does not come to rest");
    }

    /// The first run of at least four digits in the newest message.
    pub async fn newest_code(&self) -> String {
        let newest = self.messages().await.into_iter().next().expect("a message");
        let text = newest["text"].as_str().expect("a text");
        let is_code = |word: &&str| word.len() >= 4 && word.bytes().all(|b| b.is_ascii_digit());
        text.split(|c: char| !c.is_ascii_alphanumeric()).find(is_code).expect("a code").to_owned()
    }
}
