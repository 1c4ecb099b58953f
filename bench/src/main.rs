//! The benchmark: how the server does against what the machine can do, both measured in the same minutes.
//!
//! `cargo xtask bench` builds and runs it. What is measured is the real server, a process of its own on loopback, and
//! every reply is checked: a refusal ends the run.
//!
//! # Layout
//! - [`load`]: connections that send and check; [`http`]: requests as bytes; [`work`]: what each row sends
//! - [`server`]: the process under test; [`seed`]: what its database holds
//! - [`baseline`] and [`bulk`]: what the machine can do; [`rows`], [`provider`] and [`directory`]: what the server does
//!   with it; [`soak`]: the long mixed load
//! - [`result`]: one measured row, as JSON for xtask

mod baseline;
mod bulk;
mod directory;
mod http;
mod load;
mod provider;
mod result;
mod rows;
mod seed;
mod server;
mod soak;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// The message is for the developer's terminal.
type Result<T = ()> = std::result::Result<T, String>;

const HELP: &str = "\
watchword-bench constant              serve one constant reply; prints the port
watchword-bench measure OPTIONS       print the rows as JSON
  --watchword FILE    the server's release binary
  --data DIR          an empty directory for it
  --database URL      PostgreSQL; without it SQLite
  --pgbench FILE      PostgreSQL's own benchmark
  --peer FILE         the program of the other provider, for Node.js
  --quick             one short pass instead of three, and a tenth of the directory
  --only PART         login, provider or directory
  --soak MINUTES      mixed load for so long instead of the rows
";

/// What to measure, and with what.
#[derive(Clone)]
pub struct Plan {
    watchword: PathBuf,
    data: PathBuf,
    database: Option<String>,
    pgbench: Option<PathBuf>,
    peer: Option<PathBuf>,
    quick: bool,
    only: Option<Part>,
    /// Minutes.
    soak: Option<f64>,
}

impl Plan {
    /// A plan for another installation.
    async fn beside(&self, name: &str) -> Result<Plan> {
        let data = self.data.join(name);
        std::fs::create_dir_all(&data).map_err(said)?;
        let mut database = None;
        if let Some(url) = &self.database {
            let (server, _) = url.rsplit_once('/').ok_or("--database names no database")?;
            bulk::connect(url).await?.batch_execute(&format!("CREATE DATABASE {name}")).await.map_err(said)?;
            database = Some(format!("{server}/{name}"));
        }
        Ok(Plan { data, database, ..self.clone() })
    }
}

/// A part of the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Login,
    Provider,
    Directory,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let outcome = match args.next().as_deref() {
        Some("constant") => baseline::serve_constant().await,
        // Interrupted, the run is dropped, and the server under test ends with it.
        Some("measure") => tokio::select! {
            done = async { measure(&plan(args)?).await } => done,
            () = interrupted() => Err("interrupted".to_owned()),
        },
        _ => Err(HELP.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

async fn measure(plan: &Plan) -> Result {
    let mut rows = Vec::new();
    if let Some(minutes) = plan.soak {
        rows.extend(soak::run(plan, minutes).await?);
    } else {
        let wanted = |part| plan.only.is_none_or(|only| only == part);
        if wanted(Part::Login) {
            rows.extend(rows::run(plan).await?);
        }
        if wanted(Part::Provider) {
            rows.extend(provider::run(&plan.beside("provider").await?).await?);
        }
        if wanted(Part::Directory) {
            rows.extend(directory::run(plan).await?);
        }
    }
    println!("{}", serde_json::Value::from(rows.iter().map(result::Row::json).collect::<Vec<_>>()));
    Ok(())
}

fn plan(mut args: impl Iterator<Item = String>) -> Result<Plan> {
    let (mut watchword, mut data) = (None, None);
    let (mut database, mut pgbench, mut peer, mut quick) = (None, None, None, false);
    let (mut only, mut soak) = (None, None);
    while let Some(name) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{name} needs a value\n\n{HELP}"));
        match name.as_str() {
            "--watchword" => watchword = Some(PathBuf::from(value()?)),
            "--data" => data = Some(PathBuf::from(value()?)),
            "--database" => database = Some(value()?),
            "--pgbench" => pgbench = Some(PathBuf::from(value()?)),
            "--peer" => peer = Some(PathBuf::from(value()?)),
            "--quick" => quick = true,
            "--only" => {
                only = Some(match value()?.as_str() {
                    "login" => Part::Login,
                    "provider" => Part::Provider,
                    "directory" => Part::Directory,
                    other => return Err(format!("no such part: {other}\n\n{HELP}")),
                });
            }
            "--soak" => soak = Some(value()?.parse().map_err(|_| "--soak takes minutes".to_owned())?),
            _ => return Err(format!("no such option: {name}\n\n{HELP}")),
        }
    }
    let (Some(watchword), Some(data)) = (watchword, data) else { return Err(HELP.to_owned()) };
    Ok(Plan { watchword, data, database, pgbench, peer, quick, only, soak })
}

/// Says on the terminal what goes on; stdout is for the rows.
fn note(what: &str) {
    eprintln!("  {what}");
}

/// Any error, for the developer.
fn said(e: impl std::fmt::Display) -> String {
    e.to_string()
}
