//! Users leave: deleted with everything that is theirs, or signed out of applications.

use serde_json::json;
use watchword_api::user::{DeleteUsersBatchReq, KickUsersReq};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::user::{self as store, TABLE};
use watchword_store::{app, mfa_transaction, session};

use super::create::batch_size;
use super::resolve::{resolve, resolve_many};
use crate::ctx::Ctx;
use crate::group::follow;
use crate::throttle::Guess;

/// Deletes users and everything that is theirs, all or none.
///
/// # Errors
/// 404/2004 at the first id that names nobody, 400 at one that names a user named before.
pub async fn delete(ctx: &Ctx, req: DeleteUsersBatchReq) -> Result<()> {
    batch_size("userIds", req.user_ids.len())?;
    let kind = req.options.and_then(|o| o.user_id_type).unwrap_or_default();
    let mut tx = ctx.write().await?;
    let found = resolve_many(&mut tx, ctx.pool(), &req.user_ids, kind).await.map_err(|e| e.at("userIds"))?;
    let mut ids: Vec<String> = Vec::with_capacity(found.len());
    for (i, user) in found.into_iter().enumerate() {
        let user = user.ok_or_else(|| unknown(i))?;
        if ids.contains(&user.id) {
            return Err(Error::invalid(format!("userIds[{i}]"), text!("given twice", "重复")));
        }
        ids.push(user.id);
    }
    // Everybody takes hold of users in the same order, so that two batches do not wait for each other.
    let mut order: Vec<(usize, &String)> = ids.iter().enumerate().collect();
    order.sort_by_key(|(_, id)| *id);
    for (i, id) in order {
        TABLE.hold(&mut tx, ctx.pool(), id, "updated_at", ctx.now()).await?.ok_or_else(|| unknown(i))?;
    }
    follow::before_delete(&mut tx, ctx).await?;
    let guesses = [Guess::SecondFactor, Guess::RecoveryCode];
    let buckets: Vec<String> = ids.iter().flat_map(|id| guesses.map(|g| g.bucket(id))).collect();
    let by_address: Vec<String> = ids.iter().map(|id| Guess::Password.bucket(&format!("{id}:"))).collect();
    store::delete(&mut tx, ctx.pool(), &ids, &buckets, &by_address).await?;
    let details = match ids.as_slice() {
        [one] => json!({ "userId": one }),
        many => json!({ "userIds": many }),
    };
    ctx.commit(tx, details).await
}

fn unknown(i: usize) -> Error {
    Error::new(codes::USER_NOT_FOUND).at(format!("userIds[{i}]"))
}

/// Ends a user's sessions of some applications, their refresh tokens, and sign-ins that wait for a second factor.
///
/// # Errors
/// 404/2004 for an unknown user, 404/2011 at the first application that is none of this pool.
pub async fn kick(ctx: &Ctx, req: KickUsersReq) -> Result<()> {
    batch_size("appIds", req.app_ids.len())?;
    let kind = req.options.and_then(|o| o.user_id_type).unwrap_or_default();
    let mut tx = ctx.write().await?;
    let user = resolve(&mut tx, ctx, ctx.pool(), &req.user_id, kind).await.map_err(|e| e.at("userId"))?;
    let known = app::TABLE.get_many(&mut tx, ctx.pool(), &req.app_ids).await?;
    if let Some(i) = req.app_ids.iter().position(|id| !known.iter().any(|a| a.id == *id)) {
        return Err(Error::new(codes::APP_NOT_FOUND).at(format!("appIds[{i}]")));
    }
    let apps = Some(req.app_ids.as_slice());
    let ended = session::revoke_of_user(&mut tx, ctx.pool(), &user.id, apps, None, ctx.now()).await?;
    session::drop_refresh_tokens_of_apps(&mut tx, ctx.pool(), &user.id, &req.app_ids).await?;
    mfa_transaction::revoke_of_apps(&mut tx, ctx.pool(), &user.id, &req.app_ids, ctx.now()).await?;
    ctx.commit(tx, json!({ "userId": user.id, "appIds": req.app_ids, "sessions": ended })).await
}
