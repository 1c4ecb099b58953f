//! `watchword provider`: how a pool sends e-mail and SMS.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use watchword_domain::Audit;
use watchword_domain::message::{Medium, provider};

use super::failure::{Failure, Outcome};
use super::print::Output;
use super::{Shell, Target, print, secret_from};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    Email,
    Sms,
}

#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// Set the provider from a JSON object on standard input or in a file
    Set {
        kind: Kind,
        /// File with the configuration, or - for standard input
        #[arg(default_value = "-")]
        file: PathBuf,
        #[command(flatten)]
        target: Target,
    },
    /// Show the provider, secrets masked
    Show {
        kind: Kind,
        #[command(flatten)]
        target: Target,
    },
    /// Forget the provider; messages then cannot be sent
    Remove {
        kind: Kind,
        #[command(flatten)]
        target: Target,
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(shell: &Shell, command: ProviderCommand) -> Outcome {
    match command {
        ProviderCommand::Set { kind, file, target } => {
            let config = secret_from(&file)?;
            let allow_private = shell.config()?.allow_private_networks;
            let problems = crate::worker::check_provider(medium(kind), config.reveal(), allow_private);
            if !problems.is_empty() {
                let list: Vec<String> =
                    problems.iter().map(|(field, problem)| format!("{field}: {}", problem.en)).collect();
                return Err(Failure::usage(list.join("\nwatchword: ")));
            }
            let ctx = target.ctx(shell, Audit::ProviderUpdate).await?;
            provider::set(&ctx, medium(kind), &config).await?;
            print::one(shell.output, "provider", &[("set", medium(kind).as_str().to_owned())]);
        }
        ProviderCommand::Show { kind, target } => {
            let ctx = target.ctx(shell, Audit::ProviderUpdate).await?;
            let config = provider::get_masked(&ctx, medium(kind)).await?;
            match shell.output {
                Output::Json => println!("{config}"),
                Output::Table => println!("{config:#}"),
            }
        }
        ProviderCommand::Remove { kind, target, yes } => {
            if !yes {
                return Err(Failure::usage("messages cannot be sent without a provider: add --yes"));
            }
            let ctx = target.ctx(shell, Audit::ProviderUpdate).await?;
            provider::remove(&ctx, medium(kind)).await?;
            print::one(shell.output, "provider", &[("removed", medium(kind).as_str().to_owned())]);
        }
    }
    Ok(())
}

fn medium(kind: Kind) -> Medium {
    match kind {
        Kind::Email => Medium::Email,
        Kind::Sms => Medium::Sms,
    }
}
