//! `watchword migrate`.

use watchword_kit::Clock;
use watchword_store::migrate::STEPS;

use super::failure::Outcome;
use super::{Shell, print};

/// Brings the schema up to date, as `serve` does at start, and says which it is.
pub async fn run(shell: &Shell) -> Outcome {
    let config = shell.config()?;
    let db = crate::start::database(&config, &Clock::system()).await?;
    let newest = STEPS.last().map_or(0, |s| s.version);
    print::one(shell.output, "schema", &[("engine", db.engine().to_owned()), ("version", newest.to_string())]);
    Ok(())
}
