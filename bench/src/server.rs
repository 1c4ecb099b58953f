//! The process under test.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Plan, Result, said};

/// How long the server may take to become ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of the kernel's `utime` and `stime`; the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running process that ends with this value.
pub struct Process {
    child: Child,
    pub at: SocketAddr,
    /// From its start until `/readyz` said so.
    pub ready_after: Duration,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// `watchword serve` at this address, on a database that exists.
    pub async fn serve(plan: &Plan, at: SocketAddr) -> Result<Process> {
        let log = File::create(plan.data.join("server.log")).map_err(said)?;
        let mut serve = Command::new(&plan.watchword);
        serve.arg("serve").arg("--data").arg(&plan.data).args(["--listen", &at.to_string()]);
        if let Some(url) = &plan.database {
            serve.args(["--database", url]);
        }
        // All browsers of the code flow have one address.
        serve.env("WATCHWORD_LIMITS__SIGN_IN_PAGES_PER_IP", "1000000");
        serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Process::start(serve, at, "/readyz").await
    }

    /// The constant reply, served by another process of this program.
    pub async fn constant() -> Result<Process> {
        let at = free_address()?;
        let mut constant = Command::new(std::env::current_exe().map_err(said)?);
        constant.args(["constant", &at.to_string()]).stdin(Stdio::null()).stdout(Stdio::null());
        Process::start(constant, at, "/").await
    }

    /// Any server that is ready once it answers 200 to this path.
    pub async fn start(mut command: Command, at: SocketAddr, path: &str) -> Result<Process> {
        let started = Instant::now();
        let child = command.spawn().map_err(|e| format!("{}: {e}", command.get_program().display()))?;
        let mut process = Process { child, at, ready_after: Duration::ZERO };
        while !answers(at, path).await {
            if let Ok(Some(status)) = process.child.try_wait() {
                return Err(format!("{} ended with {status}", command.get_program().display()));
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("{} is not ready", command.get_program().display()));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        process.ready_after = started.elapsed();
        Ok(process)
    }

    /// Resident memory in MiB, pages of mapped files included.
    pub fn memory(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// What of it is the process's own, in MiB: the rest are pages of files, which the kernel takes back at need.
    pub fn own_memory(&self) -> Result<f64> {
        self.status("RssAnon:")
    }

    fn status(&self, name: &str) -> Result<f64> {
        mebibytes(&self.proc("status")?, name).ok_or_else(|| format!("no {name}"))
    }

    /// Seconds of CPU used so far, by all threads, in the kernel too.
    pub fn cpu(&self) -> Result<f64> {
        let stat = self.proc("stat")?;
        // The name in parentheses may hold spaces; utime and stime are the 12th and 13th fields after it.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<f64>().ok());
        match (ticks(11), ticks(12)) {
            (Some(user), Some(system)) => Ok((user + system) / TICKS_PER_SECOND),
            _ => Err("no CPU times".to_owned()),
        }
    }

    fn proc(&self, file: &str) -> Result<String> {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).map_err(said)
    }
}

fn mebibytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|l| l.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}

/// Runs a program; answers how long it took and its greatest resident memory in MiB.
///
/// # Errors
/// When it fails, with the end of what it said.
pub async fn run_to_end(mut command: Command, log: &Path) -> Result<(Duration, f64)> {
    let out = File::create(log).map_err(said)?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(out);
    let started = Instant::now();
    let child = command.spawn().map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    let mut process = Process { child, at: SocketAddr::from(([127, 0, 0, 1], 0)), ready_after: Duration::ZERO };
    let mut peak = 0.0;
    loop {
        if let Some(status) = process.child.try_wait().map_err(said)? {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            let last = said.lines().last().unwrap_or_default();
            return if status.success() { Ok((started.elapsed(), peak)) } else { Err(format!("{status}: {last}")) };
        }
        // The kernel keeps the greatest; it is gone with the process.
        peak = process.proc("status").ok().and_then(|s| mebibytes(&s, "VmHWM:")).unwrap_or(peak);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A loopback address that nobody listens on now.
pub fn free_address() -> Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(said)
}

async fn answers(at: SocketAddr, path: &str) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(at).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await.ok()?;
        Some(crate::http::is_200(&reply))
    };
    matches!(tokio::time::timeout(Duration::from_secs(2), ask).await, Ok(Some(true)))
}
