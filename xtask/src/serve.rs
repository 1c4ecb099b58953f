//! `cargo xtask serve`: the server, built and run.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::run::{self, Result};

/// Becomes `cargo run`, so that signals and the terminal are the server's.
pub fn run(args: &[String]) -> Result {
    let mut cargo = Command::new(run::env("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--locked", "--release", "--package", "watchword", "--", "serve"]).args(args);
    Err(format!("cannot start cargo: {}", cargo.exec()))
}
