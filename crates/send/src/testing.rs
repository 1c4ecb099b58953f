//! Servers on loopback for tests: they record what they are sent and misbehave on demand.
//!
//! They stop when dropped. Their behaviour can be changed while they run, so that a test can let a first attempt
//! fail and a second one succeed.

mod http;
mod smtp;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

pub use http::{Answer, HttpTrap, Recorded};
pub use smtp::{Behaviour, Received, SmtpTrap, Stage};

/// How long a test waits for something that should come at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// A list that grows while others wait for it.
#[derive(Default)]
struct Log<T> {
    items: Mutex<Vec<T>>,
    grown: Notify,
}

impl<T: Clone> Log<T> {
    fn push(&self, item: T) {
        lock(&self.items).push(item);
        self.grown.notify_waiters();
    }

    fn all(&self) -> Vec<T> {
        lock(&self.items).clone()
    }

    /// # Panics
    /// When there are not `n` items after [`PATIENCE`].
    async fn wait_for(&self, n: usize, what: &str) -> Vec<T> {
        let enough = async {
            loop {
                let grown = self.grown.notified();
                tokio::pin!(grown);
                grown.as_mut().enable();
                let all = self.all();
                if all.len() >= n {
                    return all;
                }
                grown.await;
            }
        };
        let Ok(all) = tokio::time::timeout(PATIENCE, enough).await else {
            panic!("waited for {n} {what}, got {}", self.all().len());
        };
        all
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}
