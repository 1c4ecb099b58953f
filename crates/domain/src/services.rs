//! What every operation may use.

use std::sync::Arc;

use tokio::sync::Notify;
use watchword_crypto::vault::{MasterKey, Vault};
use watchword_kit::{Clock, Entropy, Ids, Millis, Result};
use watchword_store::Db;

use crate::keys::{self, ServerKeys};
use crate::passwords::{Argon, PasswordGate};
use crate::verified::VerifiedTokens;

/// What the operator decides for the whole server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address under which clients reach this server, without a trailing slash. Links and the issuer are built
    /// from it, never from a request.
    pub public_url: String,
    /// Demo mode: the development inbox is served and messages need no provider.
    pub demo: bool,
    /// Cost of new password hashes.
    pub argon: Argon,
    /// Password hashes computed at once.
    pub password_workers: usize,
    /// Password hashes that may wait for a worker; more are refused with 429.
    pub password_queue: usize,
    /// How long the audit trail is kept.
    pub audit_retention: Millis,
    /// How long the sign-ins of users are kept.
    pub login_retention: Millis,
    /// Whether settings of access keys may make this server call private and loopback addresses.
    pub allow_private_networks: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            public_url: "http://127.0.0.1:8000".into(),
            demo: false,
            argon: Argon::default(),
            password_workers: std::thread::available_parallelism().map_or(2, usize::from),
            password_queue: 64,
            audit_retention: Millis::days(400),
            login_retention: Millis::days(400),
            allow_private_networks: false,
        }
    }
}

impl Settings {
    /// The OpenID Connect issuer.
    pub fn issuer(&self) -> String {
        format!("{}/oidc", self.public_url)
    }
}

pub struct Services {
    pub db: Db,
    pub clock: Clock,
    pub entropy: Entropy,
    pub ids: Ids,
    pub vault: Vault,
    pub keys: ServerKeys,
    pub settings: Settings,
    pub passwords: PasswordGate,
    pub verified: VerifiedTokens,
    /// Wakes the worker that empties the outbox.
    pub outbox: Notify,
    /// Wakes the worker that does jobs.
    pub jobs: Notify,
}

impl Services {
    /// Opens the installation's keys (makes them on first start) and wires everything up.
    ///
    /// # Errors
    /// When the master key is not the one that sealed this database.
    pub async fn start(db: Db, clock: Clock, master: &MasterKey, settings: Settings) -> Result<Arc<Services>> {
        let entropy = Entropy;
        let (vault, keys) = keys::open(&db, &clock, &entropy, master).await?;
        Ok(Arc::new(Services {
            passwords: PasswordGate::new(settings.argon, settings.password_workers, settings.password_queue),
            verified: VerifiedTokens::default(),
            ids: Ids::new(&entropy),
            outbox: Notify::new(),
            jobs: Notify::new(),
            db,
            clock,
            entropy,
            vault,
            keys,
            settings,
        }))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        watchword_store::db::ping(&self.db).await
    }
}
