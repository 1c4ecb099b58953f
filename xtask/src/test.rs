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
    run: fn(&Context) -> Result,
}

const STEPS: &[Step] = &[
    Step { name: "format", about: "rustfmt changes nothing", run: |_| run::run(&mut run::cargo(&["fmt", "--check"])) },
    Step { name: "clippy", about: "no warnings", run: clippy },
    Step { name: "tests-sqlite", about: "all Rust tests, on SQLite", run: Context::tests_on_sqlite },
    Step {
        name: "tests-postgres",
        about: "the tests that reach a database, on PostgreSQL",
        run: Context::tests_on_postgres,
    },
    Step {
        name: "node-sqlite",
        about: "Node SDK journey: second factors",
        run: |c| c.journey(Language::Node, "journey", false),
    },
    Step {
        name: "python-sqlite",
        about: "Python SDK journey: second factors",
        run: |c| c.journey(Language::Python, "journey", false),
    },
    Step {
        name: "node-company-sqlite",
        about: "Node SDK journey: a company",
        run: |c| c.journey(Language::Node, "company", false),
    },
    Step {
        name: "python-company-sqlite",
        about: "Python SDK journey: a company",
        run: |c| c.journey(Language::Python, "company", false),
    },
    Step {
        name: "node-postgres",
        about: "Node SDK journey: second factors",
        run: |c| c.journey(Language::Node, "journey", true),
    },
    Step {
        name: "python-postgres",
        about: "Python SDK journey: second factors",
        run: |c| c.journey(Language::Python, "journey", true),
    },
    Step {
        name: "node-company-postgres",
        about: "Node SDK journey: a company",
        run: |c| c.journey(Language::Node, "company", true),
    },
    Step {
        name: "python-company-postgres",
        about: "Python SDK journey: a company",
        run: |c| c.journey(Language::Python, "company", true),
    },
    Step {
        name: "node-oidc-sqlite",
        about: "openid-client, oauth4webapi and the SDK: OIDC",
        run: |c| c.journey(Language::Node, "oidc", false),
    },
    Step {
        name: "node-oidc-postgres",
        about: "openid-client, oauth4webapi and the SDK: OIDC",
        run: |c| c.journey(Language::Node, "oidc", true),
    },
    Step {
        name: "python-oidc-sqlite",
        about: "Authlib and the SDK: OIDC",
        run: |c| c.journey(Language::Python, "oidc", false),
    },
    Step {
        name: "python-oidc-postgres",
        about: "Authlib and the SDK: OIDC",
        run: |c| c.journey(Language::Python, "oidc", true),
    },
    Step { name: "readme", about: "README.md's Node and Python snippets, as they stand", run: Context::readme },
    Step { name: "generated", about: "docs/openapi.json and README.md are fresh", run: |c| docs::check(&c.binary()?) },
    Step { name: "licences", about: "cargo-deny: licences, forbidden crates, sources", run: |_| supply::deny() },
    Step { name: "advisories", about: "cargo-audit, offline", run: |_| supply::audit() },
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
        let outcome = (step.run)(&context);
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
        run::run(tests.env("WATCHWORD_TEST_DATABASE", ""))
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
