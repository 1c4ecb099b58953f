//! Wrong secrets of access keys and applications.
//!
//! They are counted per id, known or not, and paused after ten in a row. A pause refuses wrong secrets only: a secret has
//! 128 bits, so that guessing is hopeless anyway, and nobody who merely knows an id can shut out who has the secret.

use serde_json::Value;
use watchword_crypto::hash;
use watchword_kit::{Error, Millis, PoolId, Result};
use watchword_store::Tx;
use watchword_store::throttle::{self, Throttle};

use super::{pause, too_many};
use crate::ctx::{Actor, Ctx};

/// Wrong secrets in a row before the first pause.
const FREE_TRIES: i64 = 10;
/// Where [`pause`] begins to count.
const PAUSE_BEGINS: i64 = 5;

/// Whose secret is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    AccessKey,
    Client,
}

impl Door {
    /// One of 65,536 counters, so that invented ids cannot fill the database. Known and unknown ids share them, or a
    /// pause would tell which is which; the key keeps others from choosing whose counter they share.
    fn bucket(self, ctx: &Ctx, id: &str) -> (PoolId, String) {
        let name = match self {
            Door::AccessKey => "access_key",
            Door::Client => "client",
        };
        let mac = hash::hmac_sha256(&ctx.keys.management_mac, format!("throttle:{id}").as_bytes());
        let n = u16::from_be_bytes([mac[0], mac[1]]);
        (PoolId::new(""), format!("{name}:{n:04x}"))
    }
}

/// The refusal of a wrong try, which is counted; where it is known whose secret was tried it leaves a row in the trail
/// of that pool.
pub(crate) async fn refuse(ctx: &Ctx, door: Door, id: &str, whose: Option<(PoolId, Value)>, refusal: Error) -> Error {
    match count(ctx, door, id, whose, refusal).await {
        Ok(e) | Err(e) => e,
    }
}

async fn count(ctx: &Ctx, door: Door, id: &str, whose: Option<(PoolId, Value)>, refusal: Error) -> Result<Error> {
    let (pool, bucket) = door.bucket(ctx, id);
    // While a pause lasts nobody makes the database write.
    let state = throttle::peek(&mut ctx.read().await?, &pool, &bucket).await?;
    if let Some(left) = state.and_then(|t| left(ctx, &t)) {
        return Err(too_many(left));
    }
    let mut tx = ctx.db.write().await?;
    add(&mut tx, ctx, &pool, &bucket).await?;
    match whose {
        Some((pool, about)) => {
            let ctx = ctx.rebind(pool, Actor::Anonymous);
            Ok(ctx.commit_refusal(tx, refusal, about).await)
        }
        None => {
            tx.commit().await?;
            Ok(refusal)
        }
    }
}

async fn add(tx: &mut Tx, ctx: &Ctx, pool: &PoolId, bucket: &str) -> Result<()> {
    let state = throttle::hold(tx, pool, bucket).await?;
    if let Some(left) = left(ctx, &state) {
        return Err(too_many(left));
    }
    let straight = state.straight + 1;
    let blocked_until = match straight - FREE_TRIES {
        over @ 0.. => ctx.now() + pause(PAUSE_BEGINS + over),
        _ => Millis(0),
    };
    throttle::set(tx, pool, bucket, &Throttle { straight, blocked_until, locked: false }, ctx.now()).await?;
    Ok(())
}

/// As [`forgive`], in a unit of work of its own, and only where there is something to forgive.
pub(crate) async fn absolve(ctx: &Ctx, door: Door, id: &str) -> Result<()> {
    let (pool, bucket) = door.bucket(ctx, id);
    let failed = throttle::peek(&mut ctx.read().await?, &pool, &bucket).await?.is_some_and(|t| t.straight > 0);
    if failed {
        let mut tx = ctx.db.write().await?;
        forgive(&mut tx, ctx, door, id).await?;
        // That the right secret came, the audit row of the operation tells.
        tx.commit().await?;
    }
    Ok(())
}

/// The right secret ends the row of failures.
pub(crate) async fn forgive(tx: &mut Tx, ctx: &Ctx, door: Door, id: &str) -> Result<()> {
    let (pool, bucket) = door.bucket(ctx, id);
    if throttle::peek(tx, &pool, &bucket).await?.is_some_and(|t| t.straight > 0) {
        let fresh = Throttle { straight: 0, blocked_until: Millis(0), locked: false };
        throttle::set(tx, &pool, &bucket, &fresh, ctx.now()).await?;
    }
    Ok(())
}

fn left(ctx: &Ctx, state: &Throttle) -> Option<Millis> {
    (state.blocked_until > ctx.now()).then(|| state.blocked_until - ctx.now())
}
