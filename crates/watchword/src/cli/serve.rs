//! `watchword serve`.

use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use watchword_domain::bootstrap::{self, Created};
use watchword_domain::{Audit, Ctx, Services, user};
use watchword_kit::{Clock, PoolId, Secret};
use watchword_web::pages::{self, Health, Render};

use super::failure::{Failure, Outcome};
use super::init::{FIRST_POOL, initialised};
use super::{Shell, welcome};
use crate::config::Config;
use crate::data::Lock;
use crate::serve::{self, Limits, Site};
use crate::{log, metrics, start};

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
    /// Serve plain HTTP on an address that is not loopback
    #[arg(long)]
    allow_plain_http: bool,
    /// How log lines look: human or json
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

impl ServeArgs {
    pub fn in_demo_mode(self) -> ServeArgs {
        ServeArgs { demo: true, ..self }
    }
}

pub async fn run(shell: &mut Shell, args: ServeArgs) -> Outcome {
    let yes = || "true".to_owned();
    let flags = &mut shell.inputs.flags;
    flags.extend(args.listen.map(|addr| ("listen", addr)));
    flags.extend(args.public_url.map(|url| ("public_url", url)));
    flags.extend(args.demo.then(|| ("demo", yes())));
    flags.extend(args.allow_plain_http.then(|| ("allow_plain_http", yes())));
    flags.extend(args.log_format.map(|f| ("log.format", f)));
    flags.extend(args.log_level.map(|l| ("log.level", l)));
    let config = shell.config()?;
    log::start(&config);
    crate::data::prepare(&config.data_dir).map_err(Failure::server)?;
    let _lock = match config.database_url().starts_with("sqlite:") {
        true => Some(Lock::take(&config.data_dir).map_err(Failure::refused)?),
        false => None,
    };
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(signals(stop));
    serve_until(config, stopping).await
}

/// Listens at once, says "starting" until the database is open, then serves until told to stop.
async fn serve_until(mut config: Config, stopping: watch::Receiver<bool>) -> Outcome {
    let tls = match (&config.tls_cert, &config.tls_key) {
        (Some(cert), Some(key)) => Some(serve::tls::acceptor(cert, key).map_err(Failure::usage)?),
        _ => None,
    };
    let listener = listen(config.listen).await?;
    // Port 0 asks the system for one.
    config.listen = listener.local_addr().map_err(|e| Failure::server(e.to_string()))?;
    let config = &config;
    let monitoring_listener = match config.monitoring_listen {
        Some(addr) => Some(listen(addr).await?),
        None => None,
    };
    let health = Health::ready();
    let (router, current) = watch::channel(pages::starting());
    let site = Site { router: current, tls, health: health.clone() };
    let serving = tokio::spawn(serve::run_site(listener, site, limits(config), stopped(stopping.clone())));

    let opened = tokio::select! {
        opened = open(config) => opened?,
        () = stopped(stopping.clone()) => return Ok(()),
    };
    let Opened { services, metrics, created } = opened;
    let ops = watchword_web::operations();
    let front = watchword_web::Limits {
        body_timeout: config.limits_body_timeout.0,
        trusted_proxies: config.trusted_proxies.clone(),
        ..Default::default()
    };
    let here = monitoring_listener.is_none().then(|| metrics.clone());
    let main = watchword_web::router(services.clone(), ops.clone(), front);
    let _ = router.send(pages::mount(main, &services, &ops, &health, here, &config.trusted_proxies));
    let monitoring = monitoring_listener.map(|listener| {
        let router = pages::monitoring(&services, &health, metrics);
        let limits = Limits { connections: 100, ..limits(config) };
        tokio::spawn(serve::run(listener, router, limits, stopped(stopping.clone())))
    });
    let fetch = watchword_send::Fetch::new(config.allow_private_networks);
    let worker = tokio::spawn(crate::worker::run(services.clone(), fetch, stopped(stopping)));
    if let Some(created) = created {
        let ada = if config.demo { Some(sample_user(&services, &created).await?) } else { None };
        print!("{}", welcome::first_run(config, &services, &created, ada.as_ref()));
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), address = %config.listen, "ready");
    for task in [Some(serving), monitoring, Some(worker)].into_iter().flatten() {
        task.await.map_err(|e| Failure::server(e.to_string()))?;
    }
    let _ = services.db.checkpoint().await;
    tracing::info!("stopped");
    Ok(())
}

struct Opened {
    services: Arc<Services>,
    metrics: Render,
    /// What was made, on first start.
    created: Option<Created>,
}

async fn open(config: &Config) -> Outcome<Opened> {
    let engine = if config.database_url().starts_with("sqlite:") { "sqlite" } else { "postgres" };
    let metrics = metrics::start(engine).map_err(Failure::server)?;
    let services = start::services(config, Clock::system()).await?;
    let created = match initialised(&services).await? {
        true => None,
        // Of nodes that start together on one new database, one makes the pool.
        false => bootstrap::create_first(&services, FIRST_POOL).await?,
    };
    Ok(Opened { services, metrics, created })
}

/// Somebody to sign in as, in demo mode: `ada`, with a password of her own that is answered.
async fn sample_user(services: &Arc<Services>, pool: &Created) -> Outcome<Secret<String>> {
    let password = Secret::new(services.entropy.hex(8));
    let ctx = Ctx::system(services.clone(), PoolId::new(&pool.user_pool_id), Audit::UserCreate);
    let ada = json!({ "username": "ada", "email": "ada@example.com", "name": "Ada", "password": password.reveal() });
    let ada = serde_json::from_value(ada).map_err(|e| Failure::server(e.to_string()))?;
    user::create::create(&ctx, ada).await?;
    Ok(password)
}

async fn listen(addr: std::net::SocketAddr) -> Outcome<TcpListener> {
    TcpListener::bind(addr).await.map_err(|e| Failure::server(format!("cannot listen on {addr}: {e}")))
}

fn limits(config: &Config) -> Limits {
    Limits {
        header_timeout: config.limits_header_timeout.0,
        idle_timeout: config.limits_idle_timeout.0,
        connections: config.limits_connections,
        connections_per_ip: config.limits_connections_per_ip,
        exempt: config.trusted_proxies.clone(),
        notice: config.limits_drain_notice.0,
        drain: config.limits_drain.0,
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// SIGTERM and SIGINT end the server in order; the second one at once.
async fn signals(stop: watch::Sender<bool>) {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return;
    };
    for turn in 0.. {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        if turn > 0 {
            std::process::exit(130);
        }
        tracing::info!("stopping: running requests may finish");
        let _ = stop.send(true);
    }
}
