//! The gate before the password hash: so many at once, so many waiting, the rest refused at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use watchword_crypto::password;
pub use watchword_crypto::password::{Argon, Verdict};
use watchword_kit::{Entropy, Error, Result, Secret, codes};

pub struct PasswordGate {
    argon: Argon,
    /// The hash that is checked for users who do not exist, so that they take as long as those who do.
    dummy: Arc<str>,
    workers: Arc<Semaphore>,
    inside: AtomicUsize,
    limit: usize,
    evaluated: AtomicUsize,
}

impl PasswordGate {
    pub fn new(argon: Argon, workers: usize, queue: usize) -> Self {
        PasswordGate {
            argon,
            dummy: password::dummy_hash(&argon).into(),
            workers: Arc::new(Semaphore::new(workers.max(1))),
            inside: AtomicUsize::new(0),
            limit: workers.max(1) + queue,
            evaluated: AtomicUsize::new(0),
        }
    }

    pub fn argon(&self) -> &Argon {
        &self.argon
    }

    /// Whether one more would be let in now; asked before a try is counted that then could not be judged.
    ///
    /// # Errors
    /// 429 when too many are waiting already.
    pub fn has_room(&self) -> Result<()> {
        if self.inside.load(Ordering::SeqCst) >= self.limit { Err(full()) } else { Ok(()) }
    }

    /// Checks a password against a stored hash; `None` (no such user, no password) takes as long and is wrong.
    ///
    /// A wrong one costs an evaluation of Argon2 whatever is stored: an imported digest that is compared in no time would
    /// tell its users from unknown ones.
    ///
    /// # Errors
    /// 429 when too many are waiting already.
    pub async fn verify(&self, given: Secret<String>, stored: Option<String>) -> Result<Verdict> {
        let (argon, dummy) = (self.argon, self.dummy.clone());
        let ours = stored.as_deref().is_some_and(password::is_argon2);
        let (verdict, evaluated) = self
            .run(move || {
                let verdict = stored.map_or(Verdict::Wrong, |stored| password::verify(given.reveal(), &stored, &argon));
                let padded = !ours && verdict == Verdict::Wrong;
                if padded {
                    password::verify(given.reveal(), &dummy, &argon);
                }
                (verdict, usize::from(ours || padded))
            })
            .await?;
        self.evaluated.fetch_add(evaluated, Ordering::Relaxed);
        Ok(verdict)
    }

    /// Hashes a password with the current cost.
    ///
    /// # Errors
    /// 429 when too many are waiting already.
    pub async fn hash(&self, given: Secret<String>, entropy: Entropy) -> Result<String> {
        let argon = self.argon;
        let hashed = self.run(move || password::hash(given.reveal(), &argon, &entropy)).await?;
        self.evaluated.fetch_add(1, Ordering::Relaxed);
        Ok(hashed)
    }

    /// How often Argon2 was evaluated since the start.
    pub fn evaluated(&self) -> usize {
        self.evaluated.load(Ordering::Relaxed)
    }

    /// Runs other work of the same weight under the same limits.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _place = Place::take(self)?;
        let permit = self.workers.clone().acquire_owned().await.map_err(Error::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(Error::internal)
    }
}

fn full() -> Error {
    Error::new(codes::TOO_MANY).retry_after(1)
}

struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(gate: &'a PasswordGate) -> Result<Self> {
        if gate.inside.fetch_add(1, Ordering::SeqCst) >= gate.limit {
            gate.inside.fetch_sub(1, Ordering::SeqCst);
            return Err(full());
        }
        Ok(Place(&gate.inside))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
