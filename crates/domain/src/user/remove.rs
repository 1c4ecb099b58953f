//! Users leave: deleted with everything that is theirs, or signed out of applications.

use serde_json::json;
use watchword_api::common::UserIdType;
use watchword_api::user::{DeleteUsersBatchReq, KickUsersReq};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::user::{self as store, TABLE, User};
use watchword_store::{Tx, app, mfa_transaction, organization, session};

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
    let users = held(&mut tx, ctx, "userIds", &req.user_ids, kind).await?;
    let ids: Vec<String> = users.into_iter().map(|user| user.id).collect();
    erase(&mut tx, ctx, &ids).await?;
    let details = match ids.as_slice() {
        [one] => json!({ "userId": one }),
        many => json!({ "userIds": many }),
    };
    ctx.commit(tx, details).await
}

/// Deletes users, who are held, and everything that is theirs.
pub(crate) async fn erase(tx: &mut Tx, ctx: &Ctx, ids: &[String]) -> Result<()> {
    organization::hold_of_users(tx, ctx.pool(), ids).await?;
    follow::before_delete(tx, ctx).await?;
    let guesses = [Guess::SecondFactor, Guess::RecoveryCode];
    let buckets: Vec<String> = ids.iter().flat_map(|id| guesses.map(|g| g.bucket(id))).collect();
    let by_address: Vec<String> = ids.iter().map(|id| Guess::Password.bucket(&format!("{id}:"))).collect();
    store::delete(tx, ctx.pool(), ids, &buckets, &by_address).await?;
    Ok(())
}

/// The users whom the ids in `list` name, in that order, kept from every other writer until the unit ends. An empty
/// `list` is a single id in `userId`.
///
/// # Errors
/// 404/2004 at the first id that names nobody, 400 at one that names a user named before.
pub(super) async fn held(tx: &mut Tx, ctx: &Ctx, list: &str, ids: &[String], kind: UserIdType) -> Result<Vec<User>> {
    let at = |i: usize| if list.is_empty() { String::from("userId") } else { format!("{list}[{i}]") };
    let unknown = |i: usize| Error::new(codes::USER_NOT_FOUND).at(at(i));
    let found = resolve_many(tx, ctx.pool(), ids, kind);
    let found = found.await.map_err(|e| e.at(if list.is_empty() { "userId" } else { list }))?;
    let mut named: Vec<String> = Vec::with_capacity(found.len());
    for (i, user) in found.into_iter().enumerate() {
        let user = user.ok_or_else(|| unknown(i))?;
        if named.contains(&user.id) {
            return Err(Error::invalid(at(i), text!("given twice", "重复")));
        }
        named.push(user.id);
    }
    // Everybody takes hold of users in the same order, so that two batches do not wait for each other.
    let mut order: Vec<usize> = (0..named.len()).collect();
    order.sort_by_key(|i| &named[*i]);
    let mut users: Vec<Option<User>> = vec![None; named.len()];
    for i in order {
        let user = TABLE.hold(tx, ctx.pool(), &named[i], "updated_at", ctx.now()).await?;
        users[i] = Some(user.ok_or_else(|| unknown(i))?);
    }
    Ok(users.into_iter().flatten().collect())
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
    let user = super::hold(&mut tx, ctx.pool(), &user.id).await.map_err(|e| e.at("userId"))?;
    let known = app::TABLE.get_many(&mut tx, ctx.pool(), &req.app_ids).await?;
    if let Some(i) = req.app_ids.iter().position(|id| !known.iter().any(|a| a.id == *id)) {
        return Err(Error::new(codes::APP_NOT_FOUND).at(format!("appIds[{i}]")));
    }
    let apps = Some(req.app_ids.as_slice());
    crate::logout::back_channel::announce_user(&mut tx, ctx, &user.id, apps, None).await?;
    let ended = session::end_of_user(&mut tx, ctx.pool(), &user.id, apps, None, ctx.now()).await?;
    mfa_transaction::revoke_of_apps(&mut tx, ctx.pool(), &user.id, &req.app_ids, ctx.now()).await?;
    ctx.commit(tx, json!({ "userId": user.id, "appIds": req.app_ids, "sessions": ended })).await
}
