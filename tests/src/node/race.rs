//! One code for which two processes on one PostgreSQL are raced. SQLite belongs to one process, so there it is that one.

use futures_util::future::join_all;
use serde_json::{Value, json};
use watchword_kit::Clock;
use watchword_testkit::database::{Database, MASTER_KEY, scratch};
use watchword_testkit::{Client, PASSWORD, SECRET, code_at, postgres};

use super::{Node, init, init_with};

const RUNNERS: usize = 64;
const ROUNDS: usize = 3;

struct Nodes {
    list: Vec<Node>,
    keys: Value,
    /// Outlives the nodes.
    _database: Option<Database>,
}

impl Nodes {
    async fn start() -> Nodes {
        let data = scratch("node-race");
        if postgres::url().is_none() {
            let keys = init(&data);
            return Nodes { list: vec![Node::start(&data).await], keys, _database: None };
        }
        let database = Database::fresh().await;
        let environment = [("WATCHWORD_DATABASE__URL", database.url.as_str()), ("WATCHWORD_MASTER_KEY", MASTER_KEY)];
        let keys = init_with(&data, &environment);
        let list =
            vec![Node::with(&data, &environment).await, Node::with(&scratch("node-race-other"), &environment).await];
        Nodes { list, keys, _database: Some(database) }
    }

    /// Callers at alternating processes, each with the mfaToken of one of the user's sign-ins.
    async fn waiting(&self, username: &str) -> Vec<Client> {
        let payload = json!({ "username": username, "password": PASSWORD });
        let body = json!({ "connection": "PASSWORD", "passwordPayload": payload });
        let mut callers = Vec::new();
        for n in 0..RUNNERS {
            let app = self.list[n % self.list.len()].app(&self.keys);
            if n % 8 == 0 {
                let reply = app.post("/api/v3/signin", body.clone()).await.refused(300);
                let token = reply["data"]["mfaToken"].as_str().expect("an mfaToken").to_owned();
                callers.push((app, token));
            } else {
                let token = callers[n / 8 * 8].1.clone();
                callers.push((app, token));
            }
        }
        callers.into_iter().map(|(app, token)| app.bearer(&token)).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_code_is_accepted_by_one_of_two_processes_once() {
    let nodes = Nodes::start().await;
    let admin = nodes.list[0].admin(&nodes.keys).await;
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        let made = admin.post("/api/v3/create-user", json!({ "username": name, "password": PASSWORD })).await.ok();
        let otp = json!([{ "userId": made["userId"], "otp": { "secret": SECRET } }]);
        admin.post("/api/v3/import-otp", json!({ "list": otp })).await.done();
        let callers = nodes.waiting(&name).await;
        let code = json!({ "totp": code_at(SECRET, Clock::system().now(), 0) });
        let replies = join_all(callers.iter().map(|c| c.post("/api/v3/mfa-totp-verify", code.clone()))).await;
        let mut won = 0;
        for reply in &replies {
            let status = reply.body["statusCode"].as_u64().unwrap_or_default();
            assert!((200..500).contains(&status), "round {round}: {}", reply.text);
            won += usize::from(reply.text.contains("\"access_token\""));
        }
        assert_eq!(won, 1, "round {round}");
    }
}
