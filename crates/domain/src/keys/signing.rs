//! The keys that sign tokens, and how they take turns.
//!
//! A new key is published at once and signs only after a while, so that clients who keep the key set for a day know it
//! by then. The key before it goes on verifying until the longest token that it can have signed is over. Nodes look for
//! new keys every half minute.

use std::sync::{Arc, PoisonError, RwLock};

use watchword_crypto::jose::{Alg, SigningKey, VerifyKey};
use watchword_kit::{Error, Millis, Result, codes, text};
use watchword_store::server_key;

use super::{add, alg_of, kind_of, make, unseal_signing};
use crate::services::Services;

/// How long a new key is published before it signs.
pub const PUBLISHED_FIRST: Millis = Millis::days(1);
/// The longest life that an application may give its tokens.
pub const LONGEST_TOKEN: Millis = Millis::days(366);

/// One key, and when it is used.
#[derive(Clone, Debug)]
pub struct Held {
    pub key: SigningKey,
    pub id: String,
    pub signs_from: Millis,
    pub retired_at: Option<Millis>,
}

impl Held {
    fn in_force(&self, now: Millis) -> bool {
        self.retired_at.is_none_or(|at| at > now)
    }

    /// What the operator is told: `signing`, `published` or `verifying`.
    pub fn state(&self, all: &[Held], now: Millis) -> &'static str {
        match signer(all, self.key.alg(), now) {
            Some(current) if current.id == self.id => "signing",
            _ if self.signs_from > now => "published",
            _ => "verifying",
        }
    }
}

/// All signing keys in force, replaced as a whole when one is added or ends.
pub struct SigningKeys(RwLock<Arc<Set>>);

struct Set {
    held: Vec<Held>,
    verifying: Arc<Vec<VerifyKey>>,
}

impl SigningKeys {
    pub(super) fn new(held: Vec<Held>) -> Self {
        SigningKeys(RwLock::new(Arc::new(Set::of(held))))
    }

    fn set(&self) -> Arc<Set> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key that signs now with this algorithm.
    ///
    /// # Errors
    /// 500 when there is none, which never is.
    pub fn signer(&self, alg: Alg, now: Millis) -> Result<SigningKey> {
        let set = self.set();
        let found = signer(&set.held, alg, now);
        found.map(|held| held.key.clone()).ok_or_else(|| Error::internal("no signing key"))
    }

    /// The public keys of this algorithm: first the one that signs, since some clients look at no other.
    pub fn published(&self, alg: Alg, now: Millis) -> Vec<SigningKey> {
        let set = self.set();
        let first = signer(&set.held, alg, now);
        let others = set.held.iter().rev().filter(|held| held.key.alg() == alg && held.in_force(now));
        let others = others.filter(|held| first.is_none_or(|first| first.id != held.id));
        first.into_iter().chain(others).map(|held| held.key.clone()).collect()
    }

    /// Every key by which a token of ours may be signed.
    pub fn verifying(&self) -> Arc<Vec<VerifyKey>> {
        self.set().verifying.clone()
    }

    /// All keys, for the operator.
    pub fn held(&self) -> Vec<Held> {
        self.set().held.clone()
    }
}

impl Set {
    fn of(held: Vec<Held>) -> Set {
        let verifying = Arc::new(held.iter().map(|h| h.key.verify_key()).collect());
        Set { held, verifying }
    }
}

/// The newest whose time has come; before that time the oldest.
fn signer(held: &[Held], alg: Alg, now: Millis) -> Option<&Held> {
    let fitting = || held.iter().filter(|h| h.key.alg() == alg && h.in_force(now));
    let started = fitting().filter(|h| h.signs_from <= now).max_by_key(|h| (h.signs_from, &h.id));
    started.or_else(|| fitting().min_by_key(|h| h.signs_from))
}

/// Takes in what other nodes and the command line have done to the keys.
pub async fn refresh(services: &Services) -> Result<()> {
    let now = services.clock.now();
    let stored = server_key::server_keys(&mut services.db.read().await?, now).await?;
    let known = services.keys.signing.set();
    let rows: Vec<_> = stored.iter().filter_map(|k| Some((alg_of(&k.kind)?, k.id.as_str(), k.retired_at))).collect();
    let same = known.held.iter().map(|h| (h.key.alg(), h.id.as_str(), h.retired_at)).eq(rows.iter().copied());
    if same {
        return Ok(());
    }
    let held = unseal_signing(&services.vault, &stored)?;
    *services.keys.signing.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Set::of(held));
    // What was signed by a key that is gone is no longer known to be right.
    services.verified.forget();
    Ok(())
}

/// Makes a key that will sign in the place of the present one: after [`PUBLISHED_FIRST`], or at once.
pub async fn rotate(services: &Services, alg: Alg, at_once: bool) -> Result<Held> {
    let now = services.clock.now();
    let kind = kind_of(alg);
    let plain = make(kind, services.entropy).await?;
    let signs_from = if at_once { now } else { now + PUBLISHED_FIRST };
    let id = services.ids.next(now);
    let mut tx = services.db.write().await?;
    add(&mut tx, &services.vault, &services.entropy, (kind, &id), plain.reveal(), (now, signs_from)).await?;
    server_key::retire_others(&mut tx, kind, &id, signs_from + LONGEST_TOKEN).await?;
    tx.commit().await?;
    refresh(services).await?;
    let made = services.keys.signing.held().into_iter().find(|held| held.id == id);
    made.ok_or_else(|| Error::internal("the new key is not there"))
}

/// Ends a key at once, as one does when it has become known: whatever it signed is worth nothing.
///
/// # Errors
/// 404 for an unknown key; 422 when no other key would sign.
pub async fn retire(services: &Services, kid: &str) -> Result<()> {
    refresh(services).await?;
    let now = services.clock.now();
    let held = services.keys.signing.held();
    let key = held.iter().find(|h| h.key.kid() == kid).ok_or_else(|| Error::new(codes::NOT_FOUND))?;
    let alg = key.key.alg();
    if !held.iter().any(|h| h.id != key.id && h.key.alg() == alg && h.signs_from <= now) {
        return Err(Error::new(codes::UNPROCESSABLE).because(text!(
            "no other key would sign: rotate first, with --now",
            "没有其他密钥可用于签名：请先使用 --now 轮换"
        )));
    }
    let mut tx = services.db.write().await?;
    server_key::retire(&mut tx, kind_of(alg), &key.id, now).await?;
    tx.commit().await?;
    refresh(services).await
}
