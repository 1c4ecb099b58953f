//! `watchword check`: the effective configuration.

use clap::Args;

use super::failure::Outcome;
use super::{Shell, print};
use crate::config::KEYS;

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Print docs/configuration.md instead
    #[arg(long, hide = true)]
    markdown: bool,
}

pub fn run(shell: &Shell, args: &CheckArgs) -> Outcome {
    if args.markdown {
        print!("{}", crate::config::markdown());
        return Ok(());
    }
    let config = shell.config()?;
    let rows: Vec<Vec<String>> = KEYS
        .iter()
        .map(|key| {
            let (value, source) = config.found.show(key);
            vec![key.name.to_owned(), value, source.to_string()]
        })
        .collect();
    print::list(shell.output, "configuration", &["key", "value", "source"], &rows);
    Ok(())
}
