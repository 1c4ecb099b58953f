//! Messages are rows, written with the change that causes them; a worker sends them after the commit.
//!
//! [`enqueue`] works inside the caller's unit of work. `Ctx::commit` then wakes the worker of this node; the workers
//! of other nodes, and this one after a crash, find the row by looking.

mod notify;

use serde::{Deserialize, Serialize};
use watchword_crypto::vault::{Aad, Class};
use watchword_kit::{Error, Millis, Result, Secret};
use watchword_store::Tx;
use watchword_store::outbox::{self as store, Message, Shown};

use crate::ctx::Ctx;
use crate::message::Medium;
use crate::services::Services;

pub use notify::{Event, notify_at, notify_user, welcome};

/// Messages that the development inbox keeps for a pool.
pub const INBOX_SIZE: i64 = 100;

/// A rendered message. `Debug` shows nothing of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Letter {
    /// Of an e-mail; an SMS has none.
    pub subject: String,
    pub text: String,
    /// The same as HTML, of an e-mail that a pool has written itself.
    #[serde(default)]
    pub html: Option<String>,
    /// The sender's name, where it is not the provider's.
    #[serde(default)]
    pub from_name: Option<String>,
    /// The code within the text, for SMS providers that fill a template of their own.
    pub code: Option<String>,
    /// Why it is sent: the channel in lower case without `CHANNEL_` (`login`, `verify_mfa`), or an event's name.
    pub purpose: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// Whether a message leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Send,
    /// The row is written, so that it takes as long, and never sent.
    Withhold,
}

/// Puts a message to a normalised target into the outbox and answers its id, which is also the stable part of its
/// Message-ID. It is given up at `expires_at`. Whether the pool can send at all, the caller has asked
/// (`message::charge_target` does).
pub async fn enqueue(
    tx: &mut Tx,
    ctx: &Ctx,
    medium: Medium,
    target: &str,
    letter: &Letter,
    expires_at: Millis,
) -> Result<String> {
    put(tx, ctx, medium, target, letter, expires_at, Delivery::Send).await
}

pub(crate) async fn put(
    tx: &mut Tx,
    ctx: &Ctx,
    medium: Medium,
    target: &str,
    letter: &Letter,
    expires_at: Millis,
    delivery: Delivery,
) -> Result<String> {
    let plain = Secret::new(serde_json::to_vec(letter).map_err(Error::internal)?);
    let state = if delivery == Delivery::Send { "pending" } else { "withheld" };
    insert(tx, ctx, (medium.as_str(), target), plain.reveal(), expires_at, state).await
}

/// Puts what is no letter into the outbox: `kind` says who sends it, and how.
pub(crate) async fn put_raw(
    tx: &mut Tx,
    ctx: &Ctx,
    kind: &str,
    target: &str,
    body: Vec<u8>,
    expires_at: Millis,
) -> Result<()> {
    insert(tx, ctx, (kind, target), &body, expires_at, "pending").await.map(drop)
}

async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    (kind, target): (&str, &str),
    body: &[u8],
    expires_at: Millis,
    state: &str,
) -> Result<String> {
    let id = ctx.new_id();
    let aad = Aad { pool: ctx.pool().as_str(), row: &id, column: COLUMN };
    let row = Message {
        pool_id: ctx.pool().to_string(),
        kind: kind.into(),
        target: target.into(),
        body_sealed: ctx.vault.seal(Class::Provider, &aad, body, &ctx.entropy),
        attempts: 0,
        state: state.into(),
        last_error: None,
        created_at: ctx.now(),
        next_at: ctx.now(),
        expires_at,
        claimed_until: Millis(0),
        id: id.clone(),
    };
    store::TABLE.insert(tx, &row).await?;
    ctx.enqueued();
    Ok(id)
}

/// Unseals a message for the worker that sends it.
pub fn open(services: &Services, message: &Message) -> Result<Letter> {
    let plain = open_raw(services, message)?;
    serde_json::from_slice(plain.reveal()).map_err(|_| Error::internal(format!("message {}: broken", message.id)))
}

pub(crate) fn open_raw(services: &Services, message: &Message) -> Result<Secret<Vec<u8>>> {
    let aad = Aad { pool: &message.pool_id, row: &message.id, column: COLUMN };
    services
        .vault
        .open_blob(Class::Provider, &aad, &message.body_sealed)
        .map_err(|e| Error::internal(format!("message {}: {e:?}", message.id)))
}

/// What demo mode shows instead of sending it, newest first; nothing in any other mode.
pub async fn inbox(services: &Services) -> Result<Vec<Shown>> {
    if !services.settings.demo {
        return Ok(Vec::new());
    }
    Ok(store::shown(&mut services.db.read().await?, INBOX_SIZE).await?)
}

const COLUMN: &str = "outbox.body_sealed";
