//! A watchword server of its own for one test: fresh data, free port, gone afterwards.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::guard::{Ending, Guarded};
use crate::postgres::free_port;
use crate::run::{self, Result};

pub struct Server {
    process: Guarded,
    host: String,
    keys: Value,
}

impl Server {
    /// `watchword init`, then `watchword serve` with these flags, on SQLite or on the PostgreSQL database at `database`.
    pub fn start(binary: &Path, database: Option<&str>, flags: &[&str]) -> Result<Server> {
        let port = free_port()?;
        let host = format!("http://127.0.0.1:{port}");
        let dir = std::env::temp_dir().join(format!("watchword-{}-{port}", std::process::id()));
        let url = database.map_or(Vec::new(), |url| vec!["--database", url]);

        let mut init = run::command(binary);
        init.arg("init").arg("--data").arg(&dir).args(&url).args(["--output", "json"]);
        let printed = run::output(&mut init).inspect_err(|_| drop(std::fs::remove_dir_all(&dir)))?;
        let keys = serde_json::from_str(&printed).map_err(|e| format!("`watchword init` printed no JSON: {e}"))?;

        let mut serve = Command::new(binary);
        serve.arg("serve").arg("--data").arg(&dir).args(&url).args(flags);
        serve.args(["--listen", &format!("127.0.0.1:{port}"), "--public-url", &host]);
        let log = dir.join("server.log");
        let ending = Ending { signal: "TERM", remove: Some(&dir), user: None };
        let mut process = Guarded::start(&serve, &log, &ending)?;
        process
            .wait_until(Duration::from_secs(30), || answers_200(port, "/readyz"))
            .map_err(|error| format!("`watchword serve`: {error}"))?;
        Ok(Server { process, host, keys })
    }

    /// The variables that the README's snippets read, and the journeys with them.
    pub fn environment(&self) -> Result<Vec<(&'static str, String)>> {
        const NAMES: [(&str, &str); 5] = [
            ("USER_POOL_ID", "userPoolId"),
            ("ACCESS_KEY_ID", "accessKeyId"),
            ("ACCESS_KEY_SECRET", "accessKeySecret"),
            ("APP_ID", "appId"),
            ("APP_SECRET", "appSecret"),
        ];
        let mut variables = vec![("WATCHWORD_HOST", self.host.clone())];
        for (variable, member) in NAMES {
            let value = self.keys[member].as_str();
            let value = value.ok_or_else(|| format!("`watchword init` printed no {member}"))?;
            variables.push((variable, value.to_owned()));
        }
        Ok(variables)
    }

    /// The end of the server's log, for the message about a failure.
    pub fn last_words(&self) -> String {
        self.process.last_words()
    }
}

fn answers_200(port: u16, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
        let mut reply = String::new();
        stream.take(4096).read_to_string(&mut reply)?;
        Ok(reply.split(' ').nth(1) == Some("200"))
    };
    ask().unwrap_or(false)
}
