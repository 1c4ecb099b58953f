//! `cargo xtask test`: every check, in order, stopping at the first failure.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::postgres::{Cluster, Durability};
use crate::run::{self, Result};
use crate::sdk::{self, Language};
use crate::{docs, supply};

struct Step {
    name: &'static str,
    about: &'static str,
    run: Run,
}

enum Run {
    Check(fn(&Context) -> Result),
    /// A program of `tests/sdk`, on the engine that the step's name ends with.
    Journey(Language, &'static str),
}

const fn check(name: &'static str, about: &'static str, run: fn(&Context) -> Result) -> Step {
    Step { name, about, run: Run::Check(run) }
}

const fn journey(name: &'static str, about: &'static str, language: Language, program: &'static str) -> Step {
    Step { name, about, run: Run::Journey(language, program) }
}

const STEPS: &[Step] = &[
    check("format", "rustfmt changes nothing", format),
    check("clippy", "no warnings", clippy),
    check("tests-sqlite", "all Rust tests, on SQLite", Context::tests_on_sqlite),
    check("tests-postgres", "the tests that reach a database, on PostgreSQL", Context::tests_on_postgres),
    journey("node-sqlite", "Node SDK journey: second factors", Language::Node, "journey"),
    journey("python-sqlite", "Python SDK journey: second factors", Language::Python, "journey"),
    journey("node-company-sqlite", "Node SDK journey: a company", Language::Node, "company"),
    journey("python-company-sqlite", "Python SDK journey: a company", Language::Python, "company"),
    journey("node-postgres", "Node SDK journey: second factors", Language::Node, "journey"),
    journey("python-postgres", "Python SDK journey: second factors", Language::Python, "journey"),
    journey("node-company-postgres", "Node SDK journey: a company", Language::Node, "company"),
    journey("python-company-postgres", "Python SDK journey: a company", Language::Python, "company"),
    journey("node-oidc-sqlite", "openid-client, oauth4webapi and the SDK: OIDC and OAuth", Language::Node, "oidc"),
    journey("node-oidc-postgres", "openid-client, oauth4webapi and the SDK: OIDC and OAuth", Language::Node, "oidc"),
    journey("python-oidc-sqlite", "Authlib and the SDK: OIDC and OAuth", Language::Python, "oidc"),
    journey("python-oidc-postgres", "Authlib and the SDK: OIDC and OAuth", Language::Python, "oidc"),
    journey("rust-oidc-sqlite", "the crate openidconnect: OIDC", Language::Rust, "oidc"),
    journey("rust-oidc-postgres", "the crate openidconnect: OIDC", Language::Rust, "oidc"),
    journey("node-account-sqlite", "Node SDK journey: a user's own account", Language::Node, "account"),
    journey("node-account-postgres", "Node SDK journey: a user's own account", Language::Node, "account"),
    journey("python-account-sqlite", "Python SDK journey: a user's own account", Language::Python, "account"),
    journey("python-account-postgres", "Python SDK journey: a user's own account", Language::Python, "account"),
    check("readme", "README.md's Node and Python snippets, as they stand", Context::readme),
    check("generated", "docs/openapi.json and README.md are fresh", |c| docs::check(&c.binary()?)),
    check("licences", "cargo-deny: licences, forbidden crates, sources", |_| supply::deny()),
    check("advisories", "cargo-audit, offline", |_| supply::audit()),
];

/// Folders beside the repository against which tests compare, where they are there.
const BESIDE: [(&str, &str); 2] = [
    ("contract", "our OpenAPI document against the published one"),
    ("protocol", "our codes against the published list"),
];

/// Tests that open SQLite or files by themselves, whatever engine is named: the run on SQLite has them.
const NOT_ON_POSTGRES: &[&str] = &[
    "crash::",
    "job::command::",
    "node::flood::",
    "node::rotation::",
    "sweep::codes::",
    "sweep::contract::",
    "sweep::exercised::",
    "sweep::tidy::",
];

const USAGE: &str = "usage: cargo xtask test [--list] [--sqlite-only] [--step NAME]… [FILTER]";

pub fn run(args: &[String]) -> Result {
    let Some(options) = Options::parse(args)? else {
        STEPS.iter().for_each(|step| println!("{:<24} {}", step.name, step.about));
        return Ok(());
    };
    let steps: Vec<&Step> = STEPS.iter().filter(|step| options.wants(step.name)).collect();
    let context = Context { filter: options.filter, ..Context::default() };
    let start = Instant::now();
    for (index, step) in steps.iter().enumerate() {
        println!("\n=== {}/{} {}: {}", index + 1, steps.len(), step.name, step.about);
        let began = Instant::now();
        let outcome = match step.run {
            Run::Check(run) => run(&context),
            Run::Journey(language, program) => context.journey(language, program, step.name.ends_with("-postgres")),
        };
        let took = began.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => println!("=== ok: {} ({took:.1} s)", step.name),
            Err(error) => {
                return Err(format!(
                    "{error}\n=== FAILED: {} ({took:.1} s)\nsteps: {index} passed, 1 failed ({}), {} not run",
                    step.name,
                    step.name,
                    steps.len() - index - 1
                ));
            }
        }
    }
    println!("\nsteps: {} passed, 0 failed in {:.0} s", steps.len(), start.elapsed().as_secs_f64());
    Ok(())
}

#[derive(Default)]
struct Options {
    sqlite_only: bool,
    steps: Vec<String>,
    filter: Option<String>,
}

impl Options {
    /// Nothing for `--list`.
    fn parse(args: &[String]) -> Result<Option<Options>> {
        let mut options = Options::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--list" => return Ok(None),
                "--sqlite-only" => options.sqlite_only = true,
                "--step" => {
                    let name = args.next().ok_or(USAGE)?;
                    if !STEPS.iter().any(|step| step.name == name) {
                        return Err(format!("no such step: {name} (see `cargo xtask test --list`)"));
                    }
                    options.steps.push(name.clone());
                }
                flag if flag.starts_with('-') => return Err(format!("no such option: {flag}\n{USAGE}")),
                filter if options.filter.is_none() => options.filter = Some(filter.to_owned()),
                _ => return Err(USAGE.to_owned()),
            }
        }
        Ok(Some(options))
    }

    fn wants(&self, step: &str) -> bool {
        if self.sqlite_only && step.ends_with("-postgres") {
            return false;
        }
        if !self.steps.is_empty() {
            return self.steps.iter().any(|name| name == step);
        }
        self.filter.is_none() || step.starts_with("tests-")
    }
}

/// What steps share, each made when first needed.
#[derive(Default)]
struct Context {
    filter: Option<String>,
    binary: OnceCell<PathBuf>,
    cluster: OnceCell<Cluster>,
}

impl Context {
    /// One process per test binary, not one per test: the tests of a binary share a database template.
    fn tests_on_sqlite(&self) -> Result {
        let mut tests = self.filtered(run::cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]));
        run::run(tests.env("WATCHWORD_TEST_DATABASE", ""))?;
        for (folder, what) in BESIDE {
            let path = run::root().join("../shared").join(folder);
            if !path.is_dir() {
                println!("NOT CHECKED: {what}: no {}", path.display());
            }
        }
        Ok(())
    }

    /// The binaries that reach a database, as the whole workspace built them: another selection of packages would
    /// build dependencies with other features again.
    fn tests_on_postgres(&self) -> Result {
        let url = self.cluster()?.url("watchword");
        for binary in database_tests()? {
            let mut tests = self.filtered(run::command(&binary));
            tests.args(NOT_ON_POSTGRES.iter().flat_map(|name| ["--skip", name]));
            run::run(tests.env("WATCHWORD_TEST_DATABASE", &url))?;
        }
        Ok(())
    }

    fn journey(&self, language: Language, name: &str, postgres: bool) -> Result {
        let database = format!("{name}_{}", language.directory());
        let database = if postgres { Some(self.cluster()?.create_database(&database)?) } else { None };
        sdk::journey(language, name, &self.binary()?, database.as_deref())
    }

    fn readme(&self) -> Result {
        let binary = self.binary()?;
        sdk::readme(Language::Node, &binary, None)?;
        sdk::readme(Language::Python, &binary, None)
    }

    fn binary(&self) -> Result<PathBuf> {
        if self.binary.get().is_none() {
            let _ = self.binary.set(run::watchword_binary()?);
        }
        Ok(self.binary.get().expect("set above").clone())
    }

    fn cluster(&self) -> Result<&Cluster> {
        if self.cluster.get().is_none() {
            let _ = self.cluster.set(Cluster::start(Durability::Fast)?);
        }
        Ok(self.cluster.get().expect("set above"))
    }

    fn filtered(&self, mut command: Command) -> Command {
        command.args(&self.filter);
        command
    }
}

fn format(_: &Context) -> Result {
    run::run(&mut run::cargo(&["fmt", "--check"]))?;
    run::run(&mut run::cargo(&["fmt", "--check", "--manifest-path", "tests/sdk/rust/Cargo.toml"]))
}

fn clippy(_: &Context) -> Result {
    run::run(&mut run::cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// The test binaries of the packages that reach a database.
fn database_tests() -> Result<Vec<PathBuf>> {
    let mut build = run::cargo(&["test", "--locked", "--workspace", "--no-run", "--message-format=json"]);
    let said = run::output(&mut build)?;
    let artifacts = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let wanted = artifacts.filter(|a| a["profile"]["test"] == true).filter(|a| {
        let name = a["target"]["name"].as_str().unwrap_or_default();
        name == "it" || name == "watchword_store"
    });
    let found: Vec<PathBuf> = wanted.filter_map(|a| a["executable"].as_str().map(PathBuf::from)).collect();
    if found.len() == 2 { Ok(found) } else { Err(format!("expected two test binaries, found {found:?}")) }
}
