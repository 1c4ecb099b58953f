//! A mixed load for minutes: whether memory stays flat and nothing fails.

use std::time::Duration;

use watchword_crypto::totp;
use watchword_domain::Audit;
use watchword_domain::ctx::Ctx;
use watchword_kit::{Clock, PoolId};

use crate::load::{self, Work};
use crate::result::Row;
use crate::rows::{split, split_users};
use crate::seed::{Seeded, Shares, WithOtp};
use crate::server::{Process, free_address};
use crate::work::{self, Info, Refresh, SignIn};
use crate::{Plan, Result, http, note, seed};

const CONNECTIONS: usize = 16;
/// Users of each import during the soak.
const BATCH: usize = 100;
/// Percent of the memory at half time that the memory at the end may be.
const FLAT: f64 = 110.0;

pub async fn run(plan: &Plan, minutes: f64) -> Result<Vec<Row>> {
    let at = free_address()?;
    let seeded = seed::seed(plan, &format!("http://{at}"), Shares::login(plan)).await?;
    let server = Process::serve(plan, at).await?;
    let management = seeded.key.header(at).await?;
    let ctx = Ctx::system(seeded.services.clone(), PoolId::new(&seeded.pool), Audit::TokenIssue);
    let tokens = seed::refresh_tokens(&ctx, &seeded).await?;
    let works = mixed(&seeded, &management, tokens);
    note(&format!("{minutes} minutes of mixed load"));
    let length = Duration::from_secs_f64(minutes * 60.0);
    let load = load::run(at, works, Duration::from_secs(1), length);
    let watch = async {
        let mut seen = Vec::new();
        // The first tenth warms caches up and is not the start.
        for part in [0.1, 0.4, 0.5] {
            tokio::time::sleep(length.mul_f64(part).saturating_sub(Duration::from_millis(300))).await;
            let (own, all) = (server.own_memory()?, server.memory()?);
            note(&format!("{own:.1} MiB, with pages of files {all:.1} MiB"));
            seen.push((own, all));
        }
        Ok(seen)
    };
    let (done, seen): (_, Vec<(f64, f64)>) = tokio::try_join!(load, watch)?;
    let (half, end) = (seen[1].0, seen[2].0);
    Ok(vec![
        Row { latency: Some((done.median, done.p99)), ..Row::told("mixed load, requests", done.per_second, "/s") },
        Row::told("the server's own memory after a tenth of it", seen[0].0, "MiB"),
        Row::told("at half time", half, "MiB"),
        Row::told("at the end", end, "MiB"),
        Row::told("at the end, with the pages of the database file that it reads in place", seen[2].1, "MiB"),
        Row::at_most("own memory at the end, part of half time", end * 100.0 / half, "%", FLAT),
    ])
}

/// One connection's share of everything.
struct Mixed {
    info: Info,
    refresh: Refresh,
    sign_in: SignIn,
    users: Vec<WithOtp>,
    /// The step last spent, by user.
    spent: Vec<i64>,
    next_user: usize,
    enrol: Vec<String>,
    to_import: Vec<String>,
    turn: usize,
    last: Asked,
}

#[derive(Clone, Copy)]
enum Asked {
    Info,
    Verify,
    Refresh,
    SignIn,
    Enrol,
    Import,
}

fn mixed(seeded: &Seeded, management: &str, tokens: Vec<String>) -> Vec<Mixed> {
    let users = std::sync::Arc::new(seeded.with_otp.clone());
    let mine = split_users(seeded, CONNECTIONS).into_iter().zip(split(&seeded.names, CONNECTIONS));
    let theirs = split(&seeded.bare_tokens, CONNECTIONS).zip(split(&seeded.to_import, CONNECTIONS));
    mine.zip(theirs)
        .zip(tokens)
        .enumerate()
        .map(|(n, (((mine, names), (enrol, to_import)), token))| Mixed {
            info: Info { management: management.to_owned(), users: users.clone(), next: n * 97 },
            refresh: Refresh { token, app: seeded.app.clone(), app_secret: seeded.app_secret.clone() },
            sign_in: SignIn { names, app: seeded.app.clone(), next: 0 },
            spent: vec![0; mine.len()],
            users: mine,
            next_user: 0,
            enrol,
            to_import,
            turn: n * 7,
            last: Asked::Info,
        })
        .collect()
}

impl Work for Mixed {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        self.turn += 1;
        self.last = match self.turn % 1000 {
            0 => Asked::Import,
            n if n % 100 == 50 => Asked::SignIn,
            // An enrolment may be begun five times a minute: this many requests lie in a minute for one user.
            n if n % 200 == 7 => Asked::Enrol,
            n if n % 4 == 1 => Asked::Refresh,
            n if n % 4 == 2 => Asked::Verify,
            _ => Asked::Info,
        };
        match self.last {
            Asked::Info => self.info.request(out),
            Asked::Refresh => self.refresh.request(out),
            Asked::SignIn => self.sign_in.request(out),
            Asked::Enrol => {
                work::enrol(out, &self.enrol[self.turn / 200 % self.enrol.len()]);
                true
            }
            Asked::Import => {
                let from = self.turn / 1000 * BATCH % (self.to_import.len() - BATCH);
                let body = seed::import_body(&self.to_import[from..from + BATCH]);
                http::post(out, "/api/v3/import-otp", &self.info.management, &body);
                true
            }
            Asked::Verify => {
                let (n, step) = (self.next_user, totp::step_at(Clock::system().now(), 30));
                if self.spent[n] >= step {
                    self.last = Asked::Info;
                    return self.info.request(out);
                }
                self.spent[n] = step;
                self.next_user = (n + 1) % self.users.len();
                work::verify(out, &self.users[n], step);
                true
            }
        }
    }

    fn right(&mut self, body: &[u8]) -> bool {
        match self.last {
            Asked::Info => self.info.right(body),
            Asked::Refresh => self.refresh.right(body),
            Asked::SignIn => self.sign_in.right(body),
            Asked::Enrol => http::find(body, b"data:image/png;base64,").is_some(),
            Asked::Import => body.starts_with(br#"{"statusCode":200,"#),
            Asked::Verify => http::find(body, br#""verified":true"#).is_some(),
        }
    }
}
