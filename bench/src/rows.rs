//! The rows: each with its baseline, measured just before it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use watchword_crypto::totp;
use watchword_domain::Audit;
use watchword_domain::ctx::Ctx;
use watchword_kit::{Clock, PoolId};

use crate::bulk::Rows;
use crate::load::{self, Connection, Load};
use crate::result::{Baseline, Row, median, medians};
use crate::seed::{IMPORT, Seeded, Shares, WithOtp};
use crate::server::{Process, free_address};
use crate::work::{Enrol, Info, Refresh, SignIn, Verify};
use crate::{Plan, Result, baseline, bulk, http, note, seed};

/// Connections of every row but the enrolment's.
const CONNECTIONS: usize = 64;
/// Seconds of a time step.
const PERIOD: u32 = 30;

struct Run<'a> {
    plan: &'a Plan,
    seeded: Seeded,
    server: Process,
    at: SocketAddr,
    /// Its `Authorization` line.
    management: String,
}

/// Every row, the median of three passes, or of one with `--quick`.
pub async fn run(plan: &Plan) -> Result<Vec<Row>> {
    let at = free_address()?;
    let seeded = seed::seed(plan, &format!("http://{at}"), Shares::login(plan)).await?;
    let (server, mut rows) = idle(plan, at).await?;
    let management = seeded.key.header(at).await?;
    let run = Run { plan, seeded, server, at, management };
    let passes = run.seeded.to_import.len() / IMPORT;
    let mut all = Vec::new();
    for pass in 0..passes {
        note(&format!("pass {} of {passes}", pass + 1));
        all.push(run.pass(pass).await?);
    }
    rows.extend(medians(all));
    Ok(rows)
}

/// Starts the server three times, and looks at its memory two seconds after it was ready.
async fn idle(plan: &Plan, at: SocketAddr) -> Result<(Process, Vec<Row>)> {
    let (mut ready, mut memory, mut last) = (Vec::new(), Vec::new(), None);
    for _ in 0..3 {
        drop(last.take());
        let server = Process::serve(plan, at).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let millis = server.ready_after.as_secs_f64() * 1000.0;
        ready.push(Row::at_most("ready after the start, 100,000 users", millis, "ms", 300.0));
        memory.push(Row::at_most("memory when idle", server.memory()?, "MiB", 40.0));
        last = Some(server);
    }
    let rows = median(ready).into_iter().chain(median(memory)).collect();
    Ok((last.ok_or("no start")?, rows))
}

impl Run<'_> {
    async fn pass(&self, n: usize) -> Result<Vec<Row>> {
        let constant = baseline::constant(self.time(3.0)).await?;
        let a = Baseline { name: "(a) constant JSON, 64 connections", value: constant.per_second };
        let mut rows = vec![Row {
            latency: Some((constant.median, constant.p99)),
            ..Row::told("(a) constant JSON, 64 connections", a.value, "/s")
        }];
        rows.extend(self.import(n).await?);
        rows.extend(self.verify(n, &a).await?);
        rows.push(self.info(&a).await?);
        rows.push(self.tokens().await?);
        rows.push(self.sign_in().await?);
        rows.push(self.enrol(n).await?);
        Ok(rows)
    }

    /// Half as long with `--quick`.
    fn time(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64(if self.plan.quick { seconds / 2.0 } else { seconds })
    }

    async fn import(&self, n: usize) -> Result<Vec<Row>> {
        let users = &self.seeded.to_import[n * IMPORT..(n + 1) * IMPORT];
        let ctx = Ctx::system(self.seeded.services.clone(), PoolId::new(&self.seeded.pool), Audit::OtpImport);
        let (factors, codes) = seed::otp_rows(&ctx, users);
        let sets = vec![Rows::of("mfa_factors", &factors), Rows::of("recovery_codes", &codes)];
        let took = bulk::insert(self.plan, sets).await?;
        let raw = Baseline { name: "(b) raw bulk insert", value: users.len() as f64 / took.as_secs_f64() };
        let first = seed::import_body(users);
        let fresh = self.import_once(&first).await?;
        let again = self.import_once(&first).await?;
        let replaced = self.import_once(&seed::import_body(users)).await?;
        Ok(vec![
            Row::rate("import-otp, 10,000 users in one call", &fresh, &raw, 0.3, Some(0.5)),
            Row::told("import-otp, the same again", again.per_second, "users/s"),
            Row::told("import-otp, other secrets in their place", replaced.per_second, "users/s"),
        ])
    }

    async fn import_once(&self, body: &str) -> Result<Load> {
        let mut request = Vec::with_capacity(body.len() + 1024);
        http::post(&mut request, "/api/v3/import-otp", &self.management, body);
        let mut connection = Connection::open(self.at).await?;
        let started = Instant::now();
        let reply = connection.exchange(&request).await?;
        let took = started.elapsed();
        if !reply.starts_with(br#"{"statusCode":200,"#) {
            return Err(String::from_utf8_lossy(reply).into_owned());
        }
        Ok(Load { requests: 1, per_second: IMPORT as f64 / took.as_secs_f64(), ..Load::default() })
    }

    async fn verify(&self, n: usize, a: &Baseline) -> Result<Vec<Row>> {
        let share = self.seeded.with_otp.len() / (self.seeded.to_import.len() / IMPORT);
        let users = &self.seeded.with_otp[n * share..(n + 1) * share];
        let length = self.time(4.0);
        let before = baseline::commits(self.plan, self.time(2.0)).await?;
        let step = step_with_time_left(length + Duration::from_secs(2)).await;
        let works: Vec<Verify> = split(users, CONNECTIONS).map(|users| Verify { users, step, next: 0 }).collect();
        let done = self.measured("mfa-totp-verify", works, length / 8, length).await?;
        let after = baseline::commits(self.plan, self.time(2.0)).await?;
        let commits = Baseline { value: (before.value + after.value) / 2.0, ..before };
        let least = if self.plan.database.is_some() { 0.5 } else { 2.0 };
        Ok(vec![
            Row::rate("mfa-totp-verify, 64 connections", &done, a, 0.15, Some(0.25)),
            Row { latency: None, ..Row::rate("the same", &done, &commits, least, None) },
        ])
    }

    async fn info(&self, a: &Baseline) -> Result<Row> {
        let users = Arc::new(self.seeded.with_otp.clone());
        let work = |n| Info { management: self.management.clone(), users: users.clone(), next: n * 97 };
        let length = self.time(3.0);
        let done = self.measured("get-user-mfa-info", (0..CONNECTIONS).map(work).collect(), length / 8, length).await?;
        Ok(Row::rate("get-user-mfa-info, 64 connections", &done, a, 0.25, Some(0.4)))
    }

    async fn tokens(&self) -> Result<Row> {
        let raw = baseline::signing(self.time(2.0)).await?;
        let fresh = self.refresh_tokens().await?;
        let work = |token| Refresh { token, app: self.seeded.app.clone(), app_secret: self.seeded.app_secret.clone() };
        let length = self.time(4.0);
        let done = self.measured("refresh", fresh.into_iter().map(work).collect(), length / 8, length).await?;
        Ok(Row::rate("token issue (refresh grant), 64 connections", &done, &raw, 0.6, None))
    }

    async fn refresh_tokens(&self) -> Result<Vec<String>> {
        let ctx = Ctx::system(self.seeded.services.clone(), PoolId::new(&self.seeded.pool), Audit::TokenIssue);
        seed::refresh_tokens(&ctx, &self.seeded).await
    }

    async fn sign_in(&self) -> Result<Row> {
        let raw = baseline::argon(self.time(3.0)).await?;
        let app = &self.seeded.app;
        let works = split(&self.seeded.names, CONNECTIONS).map(|names| SignIn { names, app: app.clone(), next: 0 });
        let length = self.time(5.0);
        let done = self.measured("signin", works.collect(), Duration::from_secs(1), length).await?;
        Ok(Row::rate("signin by password, 64 connections", &done, &raw, 0.85, None))
    }

    async fn enrol(&self, n: usize) -> Result<Row> {
        let passes = self.seeded.to_import.len() / IMPORT;
        let share = self.seeded.bare_tokens.len() / passes;
        let tokens = &self.seeded.bare_tokens[n * share..(n + 1) * share];
        let works: Vec<Enrol> = split(tokens, 8).map(|tokens| Enrol { tokens, next: 0 }).collect();
        let before = self.server.cpu()?;
        let done = load::run(self.at, works, Duration::ZERO, self.time(3.0)).await?;
        let each = (self.server.cpu()? - before) * 1000.0 / done.requests.max(1) as f64;
        Ok(Row::at_most("one QR enrolment, CPU of the server", each, "ms", 1.0))
    }

    /// Runs the load and tells what it costs the server.
    async fn measured<W: load::Work>(
        &self,
        name: &str,
        works: Vec<W>,
        warm: Duration,
        length: Duration,
    ) -> Result<Load> {
        let before = self.server.cpu()?;
        let began = Instant::now();
        let done = load::run(self.at, works, warm, length).await.map_err(|e| format!("{name}: {e}"))?;
        let requests = done.per_second * began.elapsed().as_secs_f64();
        let micros = (self.server.cpu()? - before) * 1e6 / requests.max(1.0);
        note(&format!("{name}: {:.0}/s, about {micros:.0} µs of the server's CPU each", done.per_second));
        Ok(done)
    }
}

/// The present time step, when at least `needed` is left of it; else the next one, once it has begun.
async fn step_with_time_left(needed: Duration) -> i64 {
    let period = u64::from(PERIOD) * 1000;
    let into = Clock::system().now().0.rem_euclid(period as i64) as u64;
    if into + needed.as_millis() as u64 > period {
        tokio::time::sleep(Duration::from_millis(period - into + 20)).await;
    }
    totp::step_at(Clock::system().now(), PERIOD)
}

/// As many parts of the same size.
pub fn split<T: Clone>(all: &[T], parts: usize) -> impl Iterator<Item = Vec<T>> {
    all.chunks((all.len() / parts).max(1)).take(parts).map(<[T]>::to_vec)
}

/// For the soak, whose every connection has users of its own.
pub fn split_users(seeded: &Seeded, parts: usize) -> Vec<Vec<WithOtp>> {
    split(&seeded.with_otp, parts).collect()
}
