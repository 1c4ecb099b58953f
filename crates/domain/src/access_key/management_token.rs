//! get-management-token: an access key and its secret against a token.

use serde_json::json;
use watchword_api::token::{GetManagementTokenReq, ManagementToken};
use watchword_crypto::hash;
use watchword_kit::{Error, Millis, PoolId, Result, codes};
use watchword_store::throttle::{self, Throttle};
use watchword_store::{Tx, access_key};

use crate::ctx::{Actor, Ctx};
use crate::throttle::{pause, too_many};
use crate::{caller, token};

/// Wrong secrets in a row before the first pause.
const FREE_TRIES: i64 = 10;
/// Where [`pause`] begins to count.
const PAUSE_BEGINS: i64 = 5;

/// A token for the management API.
///
/// Wrong tries are counted per id, known or not, and paused after ten in a row. A pause refuses wrong secrets only:
/// a secret has 128 bits, so that guessing is hopeless anyway, and nobody who merely knows an id (that of the pool's
/// own key is the pool's) can shut out who has the secret.
///
/// # Errors
/// 401, the same for a wrong id, a wrong secret and a disabled key; 429 during a pause.
pub async fn management_token(ctx: &Ctx, req: GetManagementTokenReq) -> Result<ManagementToken> {
    let key = match caller::by_secret(ctx, &req.access_key_id, &req.access_key_secret).await {
        Ok(key) => key,
        Err(e) if e.code() == codes::UNAUTHENTICATED => return Err(refuse(ctx, &req.access_key_id, e).await),
        Err(e) => return Err(e),
    };
    let ctx = ctx.rebind(PoolId::new(&key.pool_id), caller::actor(&key));
    let access_token = token::issue_management(&ctx, &key, ctx.now());
    let mut tx = ctx.write().await?;
    let (pool, bucket) = bucket(&ctx, &key.id);
    if throttle::peek(&mut tx, &pool, &bucket).await?.is_some_and(|t| t.straight > 0) {
        let fresh = Throttle { straight: 0, blocked_until: Millis(0), locked: false };
        throttle::set(&mut tx, &pool, &bucket, &fresh, ctx.now()).await?;
    }
    access_key::touch(&mut tx, ctx.pool(), &key.id, ctx.now()).await?;
    ctx.commit(tx, json!({ "accessKeyId": key.id })).await?;
    Ok(ManagementToken { access_token, expires_in: token::MANAGEMENT_LIFETIME })
}

/// The refusal of a wrong try, which is counted; for a key that exists it leaves a row in its pool's trail.
async fn refuse(ctx: &Ctx, id: &str, refusal: Error) -> Error {
    match count(ctx, id, refusal).await {
        Ok(e) | Err(e) => e,
    }
}

async fn count(ctx: &Ctx, id: &str, refusal: Error) -> Result<Error> {
    let (pool, bucket) = bucket(ctx, id);
    // While a pause lasts nobody makes the database write.
    let mut tx = ctx.read().await?;
    let state = throttle::peek(&mut tx, &pool, &bucket).await?;
    let known = access_key::find(&mut tx, id).await?;
    drop(tx);
    if let Some(left) = state.and_then(|t| left(ctx, &t)) {
        return Err(too_many(left));
    }
    let mut tx = ctx.write().await?;
    add(&mut tx, ctx, &pool, &bucket).await?;
    match known {
        Some(key) => {
            let ctx = ctx.rebind(PoolId::new(&key.pool_id), Actor::Anonymous);
            Ok(ctx.commit_refusal(tx, refusal, json!({ "accessKeyId": key.id })).await)
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

fn left(ctx: &Ctx, state: &Throttle) -> Option<Millis> {
    (state.blocked_until > ctx.now()).then(|| state.blocked_until - ctx.now())
}

/// One of 65,536 counters, so that invented ids cannot fill the database. Known and unknown ids share them, or a pause
/// would tell which is which; the key keeps others from choosing whose counter they share.
fn bucket(ctx: &Ctx, id: &str) -> (PoolId, String) {
    let mac = hash::hmac_sha256(&ctx.keys.management_mac, format!("throttle:{id}").as_bytes());
    let n = u16::from_be_bytes([mac[0], mac[1]]);
    (PoolId::new(""), format!("access_key:{n:04x}"))
}
