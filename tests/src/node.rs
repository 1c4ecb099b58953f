//! The program itself, in processes of its own.
//!
//! Needs the program: `cargo build -p watchword`, which `cargo xtask test` does first.

mod flood;
mod race;
mod rotation;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use watchword_testkit::Client;

/// The program, next to this test's own executable.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let folder = test.parent().and_then(Path::parent).expect("target/debug");
    let program = folder.join(format!("watchword{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "no {}: run `cargo build -p watchword` first", program.display());
    program
}

/// A running server, killed without warning when dropped.
pub struct Node {
    child: Child,
    pub url: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(program());
    command.env_clear().stdin(Stdio::null()).current_dir(folder);
    // Hashing as cheap as it gets: what these tests wait for is not what they test.
    command.env("WATCHWORD_PASSWORDS__MEMORY", "8 KiB").env("WATCHWORD_PASSWORDS__PASSES", "1");
    command
}

impl Node {
    pub async fn start(data: &Path) -> Node {
        Node::with(data, &[]).await
    }

    /// A server with more in its environment.
    pub async fn with(data: &Path, environment: &[(&str, &str)]) -> Node {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let log = std::fs::File::options().create(true).append(true).open(data.with_extension("log")).expect("a log");
        let mut serve = command(data);
        serve.envs(environment.iter().copied());
        serve.arg("serve").arg("--data").arg(data).args([
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--public-url",
            &url,
        ]);
        serve.stdout(log.try_clone().expect("a log")).stderr(log);
        let mut node = Node { child: serve.spawn().expect("the program starts"), url };
        for _ in 0..3000 {
            if node.answers().await {
                return node;
            }
            if let Some(status) = node.child.try_wait().expect("a status") {
                let log = std::fs::read_to_string(data.with_extension("log")).unwrap_or_default();
                panic!("the server ended with {status} instead of starting\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the server did not answer within 30 seconds");
    }

    async fn answers(&self) -> bool {
        let nothing = self.anonymous().try_post("/api/v3/get-management-token", &json!({})).await;
        nothing.is_some_and(|reply| reply.body["statusCode"] != 503)
    }

    /// SIGKILL: nothing is flushed, nothing is closed.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server is killed");
        self.child.wait().expect("it is gone");
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    pub fn anonymous(&self) -> Client {
        Client::new(&self.url)
    }

    /// A client of the application, before anyone signs in.
    pub fn app(&self, keys: &Value) -> Client {
        self.anonymous().header("x-authing-app-id", keys["appId"].as_str().expect("an id"))
    }

    pub async fn admin(&self, keys: &Value) -> Client {
        let body = json!({ "accessKeyId": keys["accessKeyId"], "accessKeySecret": keys["accessKeySecret"] });
        let reply = self.anonymous().post("/api/v3/get-management-token", body).await.ok();
        self.anonymous().bearer(reply["access_token"].as_str().expect("a token"))
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A new installation; answers its credentials.
pub fn init(data: &Path) -> Value {
    init_with(data, &[])
}

pub fn init_with(data: &Path, environment: &[(&str, &str)]) -> Value {
    let mut init = command(data);
    init.arg("init").arg("--data").arg(data).args(["--output", "json"]).envs(environment.iter().copied());
    let output = init.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}
