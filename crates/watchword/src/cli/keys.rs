//! `watchword keys`: the keys that sign tokens.

use clap::{Subcommand, ValueEnum};
use watchword_crypto::jose::Alg;
use watchword_domain::keys::signing::{self, Held};

use super::failure::{Failure, Outcome};
use super::{Shell, print};

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Show the keys, and what each does now
    List,
    /// Make a key that will sign in the place of the present one
    ///
    /// It is published at once and signs after a day, so that clients who keep the key set know it by then; the present
    /// key verifies until the tokens it can have signed are over. Servers that run notice within half a minute.
    Rotate {
        #[arg(long, value_enum, default_value_t)]
        alg: Choice,
        /// Sign with it at once; clients who keep the key set refuse its tokens until they fetch the set again
        #[arg(long)]
        now: bool,
    },
    /// End a key that has become known: whatever it signed is refused within half a minute
    Retire {
        /// The key's kid
        kid: String,
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Choice {
    #[default]
    Rs256,
    Es256,
    Eddsa,
}

impl From<Choice> for Alg {
    fn from(choice: Choice) -> Alg {
        match choice {
            Choice::Rs256 => Alg::Rs256,
            Choice::Es256 => Alg::Es256,
            Choice::Eddsa => Alg::EdDsa,
        }
    }
}

pub async fn run(shell: &Shell, command: KeysCommand) -> Outcome {
    let services = shell.services().await?;
    match command {
        KeysCommand::List => {
            let (held, now) = (services.keys.signing.held(), services.clock.now());
            let rows: Vec<_> = held.iter().map(|key| row(key, key.state(&held, now))).collect();
            print::list(shell.output, "keys", &["kid", "alg", "state", "signsFrom", "ends"], &rows);
        }
        KeysCommand::Rotate { alg, now } => {
            let made = signing::rotate(&services, alg.into(), now).await?;
            let members = [("kid", made.key.kid().to_owned()), ("signsFrom", made.signs_from.iso())];
            print::one(shell.output, "key", &members);
        }
        KeysCommand::Retire { kid, yes } => {
            if !yes {
                return Err(Failure::usage("every token that this key signed is refused from then on: add --yes"));
            }
            signing::retire(&services, &kid).await?;
            print::one(shell.output, "key", &[("retired", kid)]);
        }
    }
    Ok(())
}

fn row(key: &Held, state: &str) -> Vec<String> {
    vec![
        key.key.kid().to_owned(),
        key.key.alg().as_str().to_owned(),
        state.to_owned(),
        key.signs_from.iso(),
        key.retired_at.map(|at| at.iso()).unwrap_or_default(),
    ]
}
