//! The dependencies: licences, forbidden crates and sources by cargo-deny, known vulnerabilities by cargo-audit.

use std::process::Command;

use crate::run::{self, Result};

const DENY: (&str, &str) = ("cargo-deny", "0.20.2");
const AUDIT: (&str, &str) = ("cargo-audit", "0.22.2");

pub fn deny() -> Result {
    let mut deny = tool(DENY)?;
    run::run(deny.args(["--locked", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"]))
}

/// Offline, against a copy of the RustSec database; without one there is nothing to check against, which is said.
pub fn audit() -> Result {
    let database = match run::env("ADVISORY_DB") {
        Some(path) => path.into(),
        None => run::root().join("../shared/advisory-db"),
    };
    if !database.join("crates").is_dir() {
        println!("NOT CHECKED: no advisory database (set ADVISORY_DB to a checkout of RustSec's advisory-db)");
        return Ok(());
    }
    let mut audit = tool(AUDIT)?;
    run::run(audit.args(["audit", "--no-fetch", "--stale", "--deny", "unsound", "--db"]).arg(database))
}

/// The tool from PATH, or else built once into `target/tools` (about two minutes each on two cores).
fn tool((name, version): (&str, &str)) -> Result<Command> {
    if run::works(run::command(name).arg("--version")) {
        return Ok(run::command(name));
    }
    let home = run::target().join("tools");
    let binary = home.join("bin").join(name);
    if !binary.exists() {
        println!("{name} is missing: building {version}");
        let mut install = run::cargo(&["install", "--locked", "--no-default-features", "--version", version, name]);
        run::run(install.arg("--root").arg(&home).arg("--target-dir").arg(home.join("build")))?;
    }
    Ok(run::command(binary))
}
