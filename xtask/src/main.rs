//! The developer's commands: `cargo xtask <command>`. Run `cargo xtask --help`.
//!
//! Layout: one file per command (`serve`, `test`, `docs`, `bench`), and what commands share (`run` starts programs,
//! `guard` ends them, `postgres` and `server` are the processes under test, `sdk` clients that we did not write, `supply`
//! the dependency checks, `apt` what a bare machine lacks).

mod apt;
mod bench;
mod docs;
mod guard;
mod postgres;
mod run;
mod sdk;
mod serve;
mod server;
mod supply;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  serve [ARGS…]      build the server (release) and run `watchword serve ARGS`; data in ./watchword-data unless told
  test [OPTIONS] [FILTER]
                     everything that CI runs, in order, stopping at the first failure; `ci` is the same
      --list           name the steps and stop
      --step NAME      only this step (may be repeated)
      --sqlite-only    leave out the steps that need PostgreSQL
      FILTER           only the Rust tests whose name contains FILTER
  docs [--check]     write docs/openapi.json and the generated parts of README.md; --check only compares
  bench [OPTIONS]    speed and memory against what the machine can do, on both engines (release): on two cores about
                     a quarter of an hour for login and provider, and half an hour for the directory
      --only PART      only this part: login, provider or directory
      --quick          one short pass, and a directory of a tenth
      --sqlite-only    leave PostgreSQL out
      --soak [MINUTES] mixed load for so long (10) instead of the parts
      --write          put the tables into docs/performance.md
  openapi            print the OpenAPI document
  help               this text
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let args: Vec<String> = args.collect();
    let outcome = match command.as_str() {
        "serve" => serve::run(&args),
        "test" | "ci" => test::run(&args),
        "docs" => docs::run(&args),
        "bench" => bench::run(&args),
        "openapi" => docs::print_openapi(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        "" => Err(format!("which command?\n\n{HELP}")),
        other => Err(format!("no such command: {other}\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
