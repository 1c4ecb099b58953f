//! Is the process alive, and may it be sent requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use watchword_domain::Services;

/// How long the database may take to answer before the server counts as not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether this server is about to stop. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Health {
    draining: Arc<AtomicBool>,
}

impl Health {
    pub fn ready() -> Health {
        Health::default()
    }

    /// From now on load balancers are told to go elsewhere.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    pub fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Why requests should go elsewhere. Says no more than whoever may ask should know.
    pub async fn problem(&self, services: &Services) -> Option<&'static str> {
        if self.draining() {
            return Some("stopping");
        }
        match tokio::time::timeout(PATIENCE, services.ping()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                tracing::warn!(%error, "not ready");
                Some("database")
            }
            Err(_) => Some("database"),
        }
    }
}
