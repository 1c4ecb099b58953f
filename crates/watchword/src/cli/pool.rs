//! `watchword pool`.

use clap::Subcommand;
use serde_json::Value;
use watchword_domain::pool::{self as domain, PoolSettings};
use watchword_domain::{Audit, bootstrap};
use watchword_store::pool;

use super::failure::{Failure, Outcome};
use super::{Shell, Target, init, print};

#[derive(Debug, Subcommand)]
pub enum PoolCommand {
    /// Make a pool with its access key and an application; the secrets are shown once
    Create {
        name: String,
    },
    List,
    /// Show a pool's settings
    Settings {
        #[command(flatten)]
        target: Target,
    },
    /// Change settings of a pool: NAME=JSON, e.g. otpWindow=0 passwordMinLength=12 mfaFactors='["OTP"]'
    Set {
        #[arg(required = true, value_name = "NAME=JSON")]
        settings: Vec<String>,
        #[command(flatten)]
        target: Target,
    },
}

pub async fn run(shell: &Shell, command: PoolCommand) -> Outcome {
    match command {
        PoolCommand::Create { name } => {
            let services = shell.services().await?;
            let made = bootstrap::create(&services, &name).await?;
            print::one(shell.output, "pool", &init::members(&made, &services.settings));
        }
        PoolCommand::List => {
            let services = shell.services().await?;
            let pools = pool::all(&mut services.db.read().await?).await?;
            let rows: Vec<_> = pools.into_iter().map(|p| vec![p.pool_id, p.name, p.created_at.iso()]).collect();
            print::list(shell.output, "pools", &["id", "name", "created"], &rows);
        }
        PoolCommand::Settings { target } => {
            let ctx = target.ctx(shell, Audit::PoolUpdate).await?;
            show(shell, &domain::settings(&mut ctx.read().await?, ctx.pool()).await?)?;
        }
        PoolCommand::Set { settings, target } => {
            let changes = settings.iter().map(|s| read(s)).collect::<Result<_, Failure>>()?;
            let ctx = target.ctx(shell, Audit::PoolUpdate).await?;
            show(shell, &domain::patch(&ctx, &changes).await?)?;
        }
    }
    Ok(())
}

/// `otpWindow=0`; what is no JSON is taken as text.
fn read(setting: &str) -> Result<(String, Value), Failure> {
    let (name, value) = setting.split_once('=').ok_or_else(|| Failure::usage(format!("{setting}: write NAME=JSON")))?;
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))))
}

fn show(shell: &Shell, settings: &PoolSettings) -> Outcome {
    let value = serde_json::to_value(settings).map_err(watchword_kit::Error::internal)?;
    let members: Vec<(&str, String)> =
        value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value.to_string())).collect();
    print::one(shell.output, "poolSettings", &members);
    Ok(())
}
