//! `watchword init`: the first pool, for scripts.

use clap::Args;
use serde_json::{Map, Value};
use watchword_domain::bootstrap::{self, Created};
use watchword_domain::{Services, Settings};
use watchword_store::pool;

use super::failure::{Failure, Outcome};
use super::print::Output;
use super::{Shell, print};

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The address under which clients will reach the server
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

/// The name of the pool and application made at first start.
pub const FIRST_POOL: &str = "Default";

pub async fn run(shell: &mut Shell, args: InitArgs) -> Outcome {
    shell.inputs.flags.extend(args.public_url.map(|url| ("public_url", url)));
    let services = shell.services().await?;
    if initialised(&services).await? {
        return Err(Failure::refused("this database is initialised already: its secrets were shown once"));
    }
    let made = bootstrap::create(&services, FIRST_POOL).await?;
    let members = members(&made, &services.settings);
    match shell.output {
        Output::Json => {
            let object: Map<_, _> = members.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect();
            println!("{}", Value::Object(object));
        }
        Output::Table => print::one(Output::Table, "initialised", &members),
    }
    Ok(())
}

pub async fn initialised(services: &Services) -> Outcome<bool> {
    Ok(!pool::all(&mut services.db.read().await?).await?.is_empty())
}

/// What scripts read, under the names they know.
pub fn members(made: &Created, settings: &Settings) -> [(&'static str, String); 7] {
    [
        ("userPoolId", made.user_pool_id.clone()),
        ("accessKeyId", made.access_key_id.clone()),
        ("accessKeySecret", made.access_key_secret.reveal().clone()),
        ("appId", made.app_id.clone()),
        ("appSecret", made.app_secret.reveal().clone()),
        ("issuer", settings.issuer()),
        ("baseUrl", settings.public_url.clone()),
    ]
}
