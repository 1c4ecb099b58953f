//! `watchword serve`.

use clap::Args;
use tokio::net::TcpListener;
use watchword_domain::bootstrap;
use watchword_kit::Clock;

use super::Shell;
use super::failure::{Failure, Outcome};
use super::init::{FIRST_POOL, initialised};
use crate::data::Lock;
use crate::{serve, start};

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address and port [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The address under which clients reach this server
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Show messages at /dev/inbox instead of sending them
    #[arg(long)]
    demo: bool,
}

pub async fn run(shell: &mut Shell, args: ServeArgs) -> Outcome {
    let flags = &mut shell.inputs.flags;
    flags.extend(args.listen.map(|addr| ("listen", addr)));
    flags.extend(args.public_url.map(|url| ("public_url", url)));
    flags.extend(args.demo.then(|| ("demo", "true".to_owned())));
    let config = shell.config()?;
    crate::data::prepare(&config.data_dir).map_err(Failure::server)?;
    let _lock = match config.database_url().starts_with("sqlite:") {
        true => Some(Lock::take(&config.data_dir).map_err(Failure::refused)?),
        false => None,
    };
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.map_err(|e| Failure::server(format!("cannot listen on {}: {e}", config.listen)))?;
    let services = start::services(&config, Clock::system()).await?;
    if !initialised(&services).await? {
        bootstrap::create(&services, FIRST_POOL).await?;
    }
    let router = watchword_web::router(services.clone(), watchword_web::operations(), Default::default());
    let router = watchword_web::pages::mount(router);
    serve::run(listener, router, serve::Limits::default(), async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await;
    Ok(())
}
