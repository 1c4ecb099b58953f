//! `watchword <noun> <verb>`: the command line. A file per noun.
//!
//! # Layout
//! - [`failure`]: exit codes; [`print`]: tables and JSON
//! - the nouns
//!
//! # Not here
//! No rule: a command opens the database and calls `domain`, like an HTTP operation does.

pub mod failure;
pub mod print;

mod check;
mod init;
mod openapi;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use watchword_domain::Services;
use watchword_kit::Clock;

use self::failure::{Failure, Outcome};
use self::print::Output;
use crate::config::Config;
use crate::config::sources::Inputs;

/// A self-hosted identity and multi-factor server that speaks the GenAuth V3 API.
///
/// Exit codes: 0 done, 2 usage or configuration, 3 not authenticated, 4 not found, 5 refused, 9 server.
#[derive(Debug, Parser)]
#[command(name = "watchword", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command. Secrets are no flags: they come from the environment, a file or standard input.
#[derive(Debug, Args)]
struct Globals {
    /// Data directory
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration file [default: watchword.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// sqlite:PATH or postgres://…; a URL with a password belongs in WATCHWORD_DATABASE__URL
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server; on first start, make keys, a pool and an application
    Serve(serve::ServeArgs),
    /// Make the data directory and print the credentials, once, for scripts
    Init(init::InitArgs),
    /// Show the effective configuration and where each value comes from
    Check(check::CheckArgs),
    /// Print the OpenAPI document
    Openapi(openapi::OpenapiArgs),
}

/// What every command is given.
struct Shell {
    output: Output,
    inputs: Inputs,
}

impl Shell {
    fn config(&self) -> Outcome<Config> {
        Config::load(&self.inputs).map_err(|problems| Failure::usage(problems.join("\nwatchword: ")))
    }

    async fn services(&self) -> Outcome<Arc<Services>> {
        crate::start::services(&self.config()?, Clock::system()).await
    }
}

/// Runs one command line.
pub async fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = cli.globals.output;
    match dispatch(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(output),
    }
}

async fn dispatch(cli: Cli) -> Outcome {
    let mut shell = Shell { output: cli.globals.output, inputs: inputs(cli.globals) };
    match cli.command {
        Command::Serve(args) => serve::run(&mut shell, args).await,
        Command::Init(args) => init::run(&mut shell, args).await,
        Command::Check(args) => check::run(&shell, &args),
        Command::Openapi(args) => openapi::run(&args),
    }
}

fn inputs(globals: Globals) -> Inputs {
    let mut flags = Vec::new();
    flags.extend(globals.data.map(|dir| ("data_dir", dir.display().to_string())));
    flags.extend(globals.database.map(|url| ("database.url", url)));
    Inputs { flags, file: globals.config, environment: environment() }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment() -> Vec<(String, String)> {
    let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    };
    std::env::vars_os().filter_map(utf8).collect()
}
