//! Tests that walk everything: the operation table, the code table, the files. A new operation gets them for free, but
//! for one line in [`examples`].

mod audit;
mod codes;
mod contract;
mod envelope;
mod examples;
mod exercised;
mod garbage;
mod refusals;
mod secrets;
mod snapshot;
mod tidy;

use std::path::{Path, PathBuf};

use watchword_testkit::{Reply, Server};
use watchword_web::{Op, Shape};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lies in the repository").to_owned()
}

/// A folder beside the repository, if it is there; without it the test says so and passes.
fn beside(folder: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(folder);
    if !path.exists() {
        println!("skipped: no {}", path.display());
        return None;
    }
    Some(path)
}

/// Operations of the published interface that refuse everybody with 501, each for a reason that its docstring gives.
const REFUSING: &[&str] = &[
    "/api/v3/get-user-password-ciphertext",
    "/api/v3/batch-get-user-encrypt-password",
    "/api/v3/update-login-page-config",
    "/api/v3/userpool-tenant-config",
    "/api/v3/update-userpool-tenant-config",
    "/api/v3/update-userpool-tenant-appqrcode-state",
    "/api/v3/change-userpool-tenant-ext-idp-conn-state",
];

/// What the example of an operation answers.
fn expected(op: &Op) -> u64 {
    if REFUSING.contains(&op.path) { 501 } else { u64::from(op.success) }
}

fn named(op: &Op) -> String {
    format!("{} {}", op.method, op.path)
}

/// A server whose pool needs no provider for messages.
async fn server() -> Server {
    Server::with(|settings| settings.demo = true).await
}

/// Cases that share a server before another is started, so that what a server does by the clock does not come between.
const SHARING: usize = 40;

/// A place for one case after the other, each with nothing in the database but a pool of its own.
#[derive(Default)]
struct Places {
    server: Option<Server>,
    taken: usize,
}

impl Places {
    /// Starting a server costs a hundred times what emptying its database does.
    async fn next(&mut self) -> &Server {
        self.taken += 1;
        match &mut self.server {
            Some(s) if !self.taken.is_multiple_of(SHARING) && !s.worker_is_dead() => s.afresh().await,
            other => *other = Some(server().await),
        }
        self.server.as_ref().expect("set above")
    }
}

/// The outcome whatever the shape: `statusCode`, or for OAuth and bare replies the HTTP status.
fn status(op: &Op, reply: &Reply) -> u64 {
    match op.shape {
        Shape::V3 | Shape::Flat | Shape::V2 => reply.body["statusCode"].as_u64().unwrap_or_default(),
        Shape::Bare | Shape::Picture => reply.body["statusCode"].as_u64().unwrap_or(u64::from(reply.http)),
        Shape::OAuth => u64::from(reply.http),
    }
}
