//! One request: who asks, in which pool, and the only way to a transaction.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use watchword_crypto::hash;
use watchword_kit::{Entropy, Error, Lang, Millis, PoolId, Result, Secret, codes};
use watchword_store::Tx;
use watchword_store::mfa_transaction::MfaTransaction;
use watchword_store::session::Session;

use crate::audit::{self, Audit};
use crate::permission::{Grants, Permission};
use crate::services::Services;

/// Who is asking.
#[derive(Clone, Debug)]
pub enum Actor {
    /// Nobody has proven anything.
    Anonymous,
    /// An operator on the command line, or background work.
    System,
    /// A management client.
    AccessKey(KeyActor),
    /// An end user with a live session.
    User(Box<Session>),
    /// An end user who has passed the first factor and still owes the second.
    Pending(Box<MfaTransaction>),
}

#[derive(Clone, Debug)]
pub struct KeyActor {
    pub id: String,
    pub grants: Grants,
}

/// What the request itself says, apart from who asks.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Names the request in the reply, the log and the trail.
    pub id: String,
    pub lang: Lang,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    /// `x-authing-app-id`, checked to be an application of the pool; for a token of a user, the token's own.
    pub app_id: Option<String>,
    /// The client that an OAuth request names: an application, or an access key.
    pub client_id: Option<String>,
    /// The header `DPoP` (RFC 9449).
    pub dpop: Option<String>,
    /// Method and path, without query.
    pub method: String,
    pub path: String,
    /// Client id and secret by HTTP Basic, as sent.
    pub basic: Option<(String, Secret<String>)>,
    /// The token in `Authorization`, as sent.
    pub token: Option<Secret<String>>,
    /// Whether it came under the scheme `DPoP`.
    pub as_dpop: bool,
    pub browser: Browser,
}

/// What the cookies of a browser say; empty for other clients.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// SHA-256 of the cookie to which interactions are bound.
    pub key: String,
    /// Realm and token of each sign-on.
    pub sign_ons: Vec<(String, Secret<String>)>,
    /// The language that somebody has chosen on a page.
    pub chosen: Option<Lang>,
    /// The language that the browser asks for.
    pub wishes: Option<Lang>,
}

impl Browser {
    /// A fresh cookie for a browser that has none.
    pub fn token(entropy: &Entropy) -> Secret<String> {
        Secret::new(hash::token(entropy, 32))
    }

    /// What interactions keep of the cookie.
    pub fn key(token: &Secret<String>) -> String {
        hash::token_hash(token.reveal())
    }

    /// What a form of ours must send back: nobody without the cookie can compute it.
    pub fn form_token(token: &Secret<String>, about: &str) -> String {
        hash::token_hash(&format!("form:{about}:{}", token.reveal()))
    }

    /// Compares in a time that tells nothing.
    pub fn is_form_token(token: &Secret<String>, about: &str, given: &str) -> bool {
        hash::ct_eq(Browser::form_token(token, about), given)
    }
}

/// A handle to one request; cheap to clone. Derefs to [`Services`].
#[derive(Clone)]
pub struct Ctx(Arc<Inner>);

struct Inner {
    services: Arc<Services>,
    pool: PoolId,
    actor: Actor,
    request: Request,
    action: Option<Audit>,
    now: Millis,
    settled: Arc<AtomicBool>,
    /// Whether the unit of work has put a message into the outbox.
    enqueued: AtomicBool,
}

impl Deref for Ctx {
    type Target = Services;
    fn deref(&self) -> &Services {
        &self.0.services
    }
}

impl Ctx {
    /// `action`: what a write is called in the trail; `None` makes a context that cannot write.
    pub fn new(services: Arc<Services>, pool: PoolId, actor: Actor, request: Request, action: Option<Audit>) -> Self {
        let now = services.clock.now();
        let (settled, enqueued) = (Arc::default(), AtomicBool::new(false));
        Ctx(Arc::new(Inner { services, pool, actor, request, action, now, settled, enqueued }))
    }

    /// The same request, once it is known whom it concerns: a public operation learns the pool and the caller from
    /// what it is given. Committing either context settles both.
    #[must_use]
    pub fn rebind(&self, pool: PoolId, actor: Actor) -> Ctx {
        Ctx(Arc::new(Inner {
            services: self.0.services.clone(),
            pool,
            actor,
            request: self.0.request.clone(),
            action: self.0.action,
            now: self.0.now,
            settled: self.0.settled.clone(),
            enqueued: AtomicBool::new(false),
        }))
    }

    /// For the command line and background work.
    pub fn system(services: Arc<Services>, pool: PoolId, action: Audit) -> Self {
        let request = Request { id: services.entropy.hex(16), ..Request::default() };
        Ctx::new(services, pool, Actor::System, request, Some(action))
    }

    pub fn pool(&self) -> &PoolId {
        &self.0.pool
    }

    pub fn actor(&self) -> &Actor {
        &self.0.actor
    }

    pub fn request(&self) -> &Request {
        &self.0.request
    }

    /// The moment of the request; one operation sees one time.
    pub fn now(&self) -> Millis {
        self.0.now
    }

    pub fn action(&self) -> Option<Audit> {
        self.0.action
    }

    pub fn new_id(&self) -> String {
        self.ids.next(self.now())
    }

    pub fn services(&self) -> &Arc<Services> {
        &self.0.services
    }

    /// The application the request comes from.
    pub fn app_id(&self) -> Option<&str> {
        match &self.0.actor {
            Actor::User(session) => Some(&session.app_id),
            Actor::Pending(transaction) => Some(&transaction.app_id),
            _ => self.0.request.app_id.as_deref(),
        }
    }

    /// The end user who asks, second factor proven or not.
    pub fn user_id(&self) -> Option<&str> {
        match &self.0.actor {
            Actor::User(session) => Some(&session.user_id),
            Actor::Pending(transaction) => Some(&transaction.user_id),
            _ => None,
        }
    }

    /// The management key that asks.
    pub fn key_id(&self) -> Option<&str> {
        match &self.0.actor {
            Actor::AccessKey(key) => Some(&key.id),
            _ => None,
        }
    }

    /// The session of the end user who asks.
    ///
    /// # Errors
    /// 401 when a second factor is still owed or nobody is signed in.
    pub fn session(&self) -> Result<&Session> {
        match &self.0.actor {
            Actor::User(session) => Ok(session),
            _ => Err(Error::new(codes::NOT_SIGNED_IN)),
        }
    }

    pub fn may(&self, permission: Permission) -> bool {
        match &self.0.actor {
            Actor::System => true,
            Actor::AccessKey(key) => key.grants.allow(permission),
            Actor::Anonymous | Actor::User(_) | Actor::Pending(_) => false,
        }
    }

    /// What counts as one sender when failures and messages are counted.
    pub fn network(&self) -> String {
        network(self.0.request.ip.as_deref())
    }

    pub async fn read(&self) -> Result<Tx> {
        Ok(self.db.read().await?)
    }

    /// A read that may take long.
    pub async fn scan(&self) -> Result<Tx> {
        Ok(self.db.scan().await?)
    }

    /// Begins a unit of work, to be ended by [`Ctx::commit`] or [`Ctx::commit_refusal`].
    ///
    /// # Errors
    /// 500 when the operation was declared as reading only.
    pub async fn write(&self) -> Result<Tx> {
        if self.0.action.is_none() {
            return Err(Error::internal("an operation declared as reading asked to write"));
        }
        Ok(self.db.write().await?)
    }

    /// Writes the audit row and makes the unit durable. `details` is a JSON object without secrets; its `userId`
    /// names the user whom the change is about.
    pub async fn commit(&self, mut tx: Tx, details: Value) -> Result<()> {
        audit::write(&mut tx, self, None, details).await?;
        tx.commit().await?;
        self.done();
        Ok(())
    }

    /// Makes durable what a refusal changes (a counted failure, a spent token) together with its audit row, and
    /// hands the refusal back.
    pub async fn commit_refusal(&self, mut tx: Tx, refusal: Error, details: Value) -> Error {
        let written = async {
            audit::write(&mut tx, self, Some(&refusal), details).await?;
            tx.commit().await
        };
        match written.await {
            Ok(()) => {
                self.done();
                refusal
            }
            Err(e) => e.into(),
        }
    }

    /// Leaves the trail of a write that was refused before it began. Called by the dispatcher.
    pub async fn record_refusal(&self, refusal: &Error) -> Result<()> {
        if self.0.action.is_none() || self.settled() || self.pool().as_str().is_empty() {
            return Ok(());
        }
        let mut tx = self.db.write().await?;
        let details = match refusal.field() {
            Some(field) => serde_json::json!({ "field": field }),
            None => Value::Object(serde_json::Map::new()),
        };
        audit::write(&mut tx, self, Some(refusal), details).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that the unit of work has put a message into the outbox: its commit then wakes the worker.
    pub(crate) fn enqueued(&self) {
        self.0.enqueued.store(true, Ordering::SeqCst);
    }

    fn done(&self) {
        self.0.settled.store(true, Ordering::SeqCst);
        if self.0.enqueued.swap(false, Ordering::SeqCst) {
            self.outbox.notify_one();
        }
    }

    /// Whether the operation's audit row is on disk.
    pub fn settled(&self) -> bool {
        self.0.settled.load(Ordering::SeqCst)
    }
}

/// An IPv4 address, or the /64 that one household or host has in IPv6: whoever has one, has all of its addresses.
pub(crate) fn network(ip: Option<&str>) -> String {
    match ip.and_then(|ip| ip.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical()) {
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(ip) => ip.to_string(),
        None => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one_sender() {
        assert_eq!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:2:ffff:ffff:ffff:ffff")));
        assert_ne!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:3::1")));
        assert_eq!(network(Some("::ffff:192.0.2.7")), network(Some("192.0.2.7")));
        assert_ne!(network(Some("192.0.2.7")), network(Some("192.0.2.8")));
    }
}
