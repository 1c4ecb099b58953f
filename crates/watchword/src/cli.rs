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

mod app;
mod check;
mod healthcheck;
mod init;
mod key;
mod keys;
mod master_key;
mod migrate;
mod openapi;
mod pool;
mod progress;
mod provider;
mod serve;
mod user;
mod welcome;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, CommandFactory, Parser, Subcommand};
use watchword_domain::{Audit, Ctx, Services};
use watchword_kit::{Clock, PoolId, Secret};
use watchword_store::pool as pool_store;

use self::failure::{Failure, Outcome};
use self::print::Output;
use crate::config::Config;
use crate::config::sources::Inputs;

/// A self-hosted identity and multi-factor server that speaks the GenAuth V3 API.
///
/// Exit codes: 0 done, 2 usage or configuration, 3 not authenticated, 4 not found, 5 refused, 6 done but for some
/// rows, 9 server.
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
    /// Serve with a development inbox instead of message providers, to try things out
    Demo(serve::ServeArgs),
    /// Show the effective configuration and where each value comes from
    Check(check::CheckArgs),
    /// Print the OpenAPI document
    Openapi(openapi::OpenapiArgs),
    /// Bring the database's schema up to date
    Migrate,
    /// User pools
    #[command(subcommand)]
    Pool(pool::PoolCommand),
    /// Applications: the clients of OpenID Connect
    #[command(subcommand)]
    App(app::AppCommand),
    /// Users: import, export, and help in an emergency
    #[command(subcommand)]
    User(user::UserCommand),
    /// Management access keys
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Providers of e-mail and SMS
    #[command(subcommand)]
    Provider(provider::ProviderCommand),
    /// The keys that sign tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// The key that seals every secret in the database
    #[command(subcommand)]
    MasterKey(master_key::MasterKeyCommand),
    /// Print a completion script for a shell
    Completion { shell: clap_complete::Shell },
    /// Ask a running server whether it is ready
    Healthcheck,
}

/// Which pool a command is about.
#[derive(Debug, Args)]
struct Target {
    /// Id of the user pool; may be left out while there is only one
    #[arg(long, value_name = "ID")]
    pool: Option<String>,
}

impl Target {
    /// A context of this pool, acting for the operator.
    async fn ctx(&self, shell: &Shell, action: Audit) -> Outcome<Ctx> {
        let services = shell.services().await?;
        let pools = pool_store::all(&mut services.db.read().await?).await?;
        let found = match (&self.pool, pools.as_slice()) {
            (Some(id), pools) => pools.iter().find(|p| p.pool_id == *id),
            (None, [only]) => Some(only),
            (None, []) => None,
            (None, _) => return Err(Failure::usage("there are several pools: name one with --pool")),
        };
        let id = found.map(|p| p.pool_id.clone()).ok_or_else(|| Failure::not_found("no such user pool"))?;
        Ok(Ctx::system(services, PoolId::new(id), action))
    }
}

/// Reads a secret from a file, or for `-` from standard input: never from the arguments, which everyone can list.
fn secret_from(path: &Path) -> Outcome<Secret<String>> {
    let text = match path.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(path),
    };
    text.map(Secret::new).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
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
        crate::start::for_command(&self.config()?, Clock::system()).await
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
        Command::Demo(args) => serve::run(&mut shell, args.in_demo_mode()).await,
        Command::Migrate => migrate::run(&shell).await,
        Command::Pool(command) => pool::run(&shell, command).await,
        Command::App(command) => app::run(&shell, command).await,
        Command::User(command) => user::run(&shell, command).await,
        Command::Key(command) => key::run(&shell, command).await,
        Command::Provider(command) => provider::run(&shell, command).await,
        Command::Keys(command) => keys::run(&shell, command).await,
        Command::MasterKey(command) => master_key::run(&shell, command).await,
        Command::Completion { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "watchword", &mut std::io::stdout());
            Ok(())
        }
        Command::Healthcheck => healthcheck::run(&shell).await,
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
