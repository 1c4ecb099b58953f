//! What the machine can do: the measures against which the server is held.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use rusqlite::Connection;
use serde_json::json;
use tokio::net::TcpListener;
use watchword_crypto::jose::{RsaSize, SigningKey};
use watchword_crypto::password::{self, Argon};
use watchword_kit::Entropy;

use crate::bulk::connect;
use crate::load::{self, Load};
use crate::result::Baseline;
use crate::server::Process;
use crate::{Plan, Result, said, seed, work};

/// As large as a usual reply of the server.
const CONSTANT: &str = concat!(
    r#"{"statusCode":200,"message":"Success","requestId":"0123456789abcdef0123456789abcdef","#,
    r#""data":{"totpStatus":"enabled","faceMfaStatus":"disabled","smsMfaStatus":"disabled"}}"#
);
/// Rows of the table whose rows are updated one a commit.
const ROWS: usize = 20_000;

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Serves the constant reply at the address given as the next argument.
pub async fn serve_constant() -> Result {
    let at = std::env::args().nth(2).unwrap_or_else(|| "127.0.0.1:0".into());
    let listener = TcpListener::bind(at).await.map_err(said)?;
    let reply = || async { ([(axum::http::header::CONTENT_TYPE, "application/json")], CONSTANT) };
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, Router::new().route("/", get(reply))).await.map_err(said)
}

/// (a) The constant reply at 64 connections.
pub async fn constant(length: Duration) -> Result<Load> {
    let process = Process::constant().await?;
    let works = (0..64).map(|_| work::Constant).collect();
    load::run(process.at, works, length / 4, length).await
}

/// (c) Durable commits of one updated row: on SQLite one after the other, on PostgreSQL what pgbench gets at 16
/// connections.
pub async fn commits(plan: &Plan, length: Duration) -> Result<Baseline> {
    match (&plan.database, &plan.pgbench) {
        (Some(url), Some(program)) => {
            let value = pgbench(url, program, &plan.data, length).await?;
            Ok(Baseline { name: "(c) pgbench, 16 connections", value })
        }
        (Some(_), None) => Err("--database needs --pgbench".into()),
        (None, _) => {
            let data = plan.data.clone();
            let value = tokio::task::spawn_blocking(move || commits_sqlite(&data, length)).await.map_err(said)??;
            Ok(Baseline { name: "(c) one-at-a-time commits", value })
        }
    }
}

fn commits_sqlite(data: &Path, length: Duration) -> Result<f64> {
    let conn = Connection::open(data.join("commits.db")).map_err(said)?;
    let rows = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE IF NOT EXISTS bench_rows (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
         WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < {ROWS})
         INSERT OR IGNORE INTO bench_rows SELECT id, 0 FROM ids;"
    );
    conn.execute_batch(&rows).map_err(said)?;
    let mut update = conn.prepare("UPDATE bench_rows SET n = n + 1 WHERE id = ?").map_err(said)?;
    let (started, mut done) = (Instant::now(), 0usize);
    while started.elapsed() < length {
        update.execute([(done * 7919 % ROWS + 1) as i64]).map_err(said)?;
        done += 1;
    }
    Ok(done as f64 / started.elapsed().as_secs_f64())
}

async fn pgbench(url: &str, program: &Path, data: &Path, length: Duration) -> Result<f64> {
    let client = connect(url).await?;
    let rows = format!(
        "CREATE TABLE IF NOT EXISTS bench_rows (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);
         INSERT INTO bench_rows SELECT id, 0 FROM generate_series(1, {ROWS}) AS id ON CONFLICT DO NOTHING;"
    );
    client.batch_execute(&rows).await.map_err(said)?;
    let script = data.join("update.sql");
    let update = format!("\\set id random(1, {ROWS})\nUPDATE bench_rows SET n = n + 1 WHERE id = :id;\n");
    std::fs::write(&script, update).map_err(said)?;
    let seconds = length.as_secs().max(1).to_string();
    let mut pgbench = Command::new(program);
    pgbench.args(["-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", &seconds, "-f"]).arg(script).arg(url);
    let done = tokio::task::spawn_blocking(move || pgbench.output()).await.map_err(said)?.map_err(said)?;
    let told = String::from_utf8_lossy(&done.stdout);
    let tps = told.lines().find_map(|l| l.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.ok_or_else(|| format!("pgbench: {told}{}", String::from_utf8_lossy(&done.stderr)))
}

/// (d) RS256 signatures over the claims of an access token, on every core.
pub async fn signing(length: Duration) -> Result<Baseline> {
    let key = SigningKey::generate(RsaSize::Rsa2048).map_err(said)?;
    let claims = json!({
        "iss": "http://127.0.0.1:8000/oidc", "sub": "0123456789abcdef01234567", "aud": "0123456789abcdef01234567",
        "client_id": "0123456789abcdef01234567", "iat": 1_767_225_600, "exp": 1_768_435_200,
        "jti": "0123456789abcdef0123456789abcdef", "scope": "offline_access", "sid": "0123456789abcdef01234567",
        "userpool_id": "0123456789abcdef01234567",
    });
    let value = on_every_core(length, move || key.sign(&claims, "at+jwt").is_ok()).await?;
    Ok(Baseline { name: "(d) raw RS256-2048", value })
}

/// (d) Argon2id at the default cost, on every core.
pub async fn argon(length: Duration) -> Result<Baseline> {
    let argon = Argon::default();
    let stored = password::hash(seed::PASSWORD, &argon, &Entropy);
    let right = move || password::verify(seed::PASSWORD, &stored, &argon) == password::Verdict::Right;
    Ok(Baseline { name: "(d) raw Argon2id", value: on_every_core(length, right).await? })
}

/// Milliseconds of one Argon2id hash at the default cost, while nothing else runs.
pub async fn one_hash(length: Duration) -> Result<f64> {
    let all = move || {
        let argon = Argon::default();
        let stored = password::hash(seed::PASSWORD, &argon, &Entropy);
        let (started, mut done) = (Instant::now(), 0u32);
        while done == 0 || started.elapsed() < length {
            if password::verify(seed::PASSWORD, &stored, &argon) != password::Verdict::Right {
                return Err("a baseline failed".to_owned());
            }
            done += 1;
        }
        Ok(started.elapsed().as_secs_f64() * 1000.0 / f64::from(done))
    };
    tokio::task::spawn_blocking(all).await.map_err(said)?
}

/// How often `work` is done per second by as many threads as there are cores. It answers whether it succeeded.
async fn on_every_core(length: Duration, work: impl Fn() -> bool + Send + Sync + 'static) -> Result<f64> {
    let all = move || {
        std::thread::scope(|scope| {
            let one = || {
                let (started, mut done) = (Instant::now(), 0u32);
                while started.elapsed() < length {
                    if !work() {
                        return Err("a baseline failed".to_owned());
                    }
                    done += 1;
                }
                Ok(f64::from(done) / started.elapsed().as_secs_f64())
            };
            let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|t| t.join().map_err(|_| "a baseline panicked".to_owned())?).sum()
        })
    };
    tokio::task::spawn_blocking(all).await.map_err(said)?
}
