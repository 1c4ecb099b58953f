//! `watchword master-key`.

use std::path::PathBuf;

use clap::Subcommand;
use watchword_crypto::vault::MasterKey;
use watchword_domain::keys;
use watchword_kit::{Clock, Entropy};

use super::failure::{Failure, Outcome};
use super::{Shell, print, secret_from};
use crate::data::{self, KeySource};

#[derive(Debug, Subcommand)]
pub enum MasterKeyCommand {
    /// Wrap everything under a new master key; the old one is useless afterwards
    ///
    /// Servers may keep running. Where the key is the data directory's own master.key, a new one is made and the file
    /// is replaced; otherwise name the new key, and put it in the place of the old one before the next start.
    Rotate {
        /// File with the new key, or - for standard input
        #[arg(long, value_name = "FILE")]
        new_key: Option<PathBuf>,
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(shell: &Shell, command: MasterKeyCommand) -> Outcome {
    let MasterKeyCommand::Rotate { new_key, yes } = command;
    if !yes {
        return Err(Failure::usage(
            "backups of the database stay sealed under the old key: keep it for them, and add --yes",
        ));
    }
    let config = shell.config()?;
    let given = match new_key {
        None => None,
        Some(path) => {
            let text = secret_from(&path)?;
            Some(data::parse(text.reveal(), &path.display().to_string()).map_err(Failure::usage)?)
        }
    };
    let services = crate::start::services(&config, Clock::system()).await?;
    let own = match KeySource::of(&config).map_err(Failure::server)? {
        KeySource::Own(dir) => Some(dir),
        KeySource::Given(_) if given.is_none() => {
            return Err(Failure::usage(
                "the master key is not the data directory's own: name the new one with --new-key",
            ));
        }
        KeySource::Given(_) => None,
    };
    let new = given.unwrap_or_else(|| MasterKey::generate(&Entropy));
    // File, database, file: whichever moment it breaks off at, one of the two files opens the database.
    if let Some(dir) = &own {
        data::announce_key(dir, &new).map_err(Failure::server)?;
    }
    let count = keys::rewrap(&services.db, &services.vault, &new, &Entropy).await?;
    if let Some(dir) = &own {
        data::settle_key(dir).map_err(Failure::server)?;
    }
    let next = match own {
        Some(_) => "none: master.key is replaced".to_owned(),
        None => "put the new key in the place of the old one before any server starts again".to_owned(),
    };
    print::one(shell.output, "masterKeyRotated", &[("dataKeys", count.to_string()), ("toDo", next)]);
    Ok(())
}
