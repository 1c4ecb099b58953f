//! `watchword pool`.

use clap::Subcommand;
use watchword_domain::bootstrap;
use watchword_store::pool;

use super::failure::Outcome;
use super::{Shell, init, print};

#[derive(Debug, Subcommand)]
pub enum PoolCommand {
    /// Make a pool with its access key and an application; the secrets are shown once
    Create {
        name: String,
    },
    List,
}

pub async fn run(shell: &Shell, command: PoolCommand) -> Outcome {
    let services = shell.services().await?;
    match command {
        PoolCommand::Create { name } => {
            let made = bootstrap::create(&services, &name).await?;
            print::one(shell.output, "pool", &init::members(&made, &services.settings));
        }
        PoolCommand::List => {
            let pools = pool::all(&mut services.db.read().await?).await?;
            let rows: Vec<_> = pools.into_iter().map(|p| vec![p.pool_id, p.name, p.created_at.iso()]).collect();
            print::list(shell.output, "pools", &["id", "name", "created"], &rows);
        }
    }
    Ok(())
}
