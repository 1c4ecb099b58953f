//! The states of an account, and what each takes away.
//!
//! | status | sign-in | sessions | departments, groups, posts, own roles |
//! |---|---|---|---|
//! | `Activated` | yes | live | stay |
//! | `Suspended`, `Deactivated`, `Archived` | 403/2120008 | ended | stay |
//! | `Resigned` | 403/2120008 | ended | gone, and do not come back |
//!
//! Any state may follow any other when an administrator says so. `suspendAt` and `activateAt` change it by themselves:
//! the worker does so when the time has come, and nobody is let in who ought to be suspended while it has not.
//! `workStatus` is `Closed` from the moment somebody resigns until the account is active again.

use std::sync::Arc;

use serde_json::json;
use watchword_api::common::{Page, UserIdType, UserQuery};
use watchword_api::user::{
    ArchivedUser, AuthorizedResource, AuthorizedResourcesQuery, CheckSessionStatusReq, EncryptedPassword,
    ListArchivedUsersQuery, PasswordCiphertext, PasswordCiphertextBatchReq, PasswordCiphertextReq,
    PrincipalAuthentication, ResetPrincipalAuthenticationReq, ResignUserBatchReq, ResignUserReq, UserStatus,
    WorkStatus,
};
use watchword_kit::{Error, Field, Millis, PoolId, Result, codes, text};
use watchword_store::user::{self as store, TABLE, User};

use super::create::batch_size;
use super::remove::held;
use super::resolve::{resolve, resolve_many};
use super::{search, update};
use crate::app;
use crate::audit::Audit;
use crate::ctx::Ctx;
use crate::group::follow;
use crate::role;
use crate::services::Services;

/// Users whose state one round changes.
const ROUND: i64 = 200;

/// Whether the user may sign in at this moment.
pub fn may_sign_in(user: &User, now: Millis) -> bool {
    user.status == UserStatus::Activated.as_str() && user.suspend_at.is_none_or(|at| at > now)
}

/// Puts a user into a state, and notes since when.
pub(super) fn enter(user: &mut User, status: UserStatus, now: Millis) {
    if user.status == status.as_str() {
        return;
    }
    user.status = status.as_str().into();
    user.status_changed_at = Some(now);
    match status {
        UserStatus::Activated => user.work_status = WorkStatus::Active.as_str().into(),
        UserStatus::Resigned => user.work_status = WorkStatus::Closed.as_str().into(),
        UserStatus::Suspended | UserStatus::Archived | UserStatus::Deactivated => {}
    }
    if is_over(user) {
        (user.suspend_at, user.activate_at) = (None, None);
    }
}

/// Sets when the state changes by itself.
///
/// # Errors
/// 400 for what is no moment to come, and for users who have left.
pub(super) fn schedule(field: &str, wish: &Field<String>, user: &User, now: Millis) -> Result<Field<Millis>> {
    let given = match wish {
        Field::Absent => return Ok(Field::Absent),
        Field::Null => return Ok(Field::Null),
        Field::Value(given) => given,
    };
    if is_over(user) {
        let detail = text!("a resigned or archived user stays so", "已离职或已归档的用户不会自动变更状态");
        return Err(Error::invalid(field, detail));
    }
    let at = Millis::parse_iso(given).filter(|at| *at > now).ok_or_else(|| {
        let detail = text!(
            "a moment to come, such as 2030-01-31T08:00:00Z, is needed",
            "应为将来的时间，例如 2030-01-31T08:00:00Z"
        );
        Error::invalid(field, detail)
    })?;
    Ok(Field::Value(at))
}

fn is_over(user: &User) -> bool {
    [UserStatus::Resigned, UserStatus::Archived].iter().any(|over| user.status == over.as_str())
}

/// Whether the change from the state `before` is one that ends sessions.
pub(super) fn has_fallen(before: &str, user: &User) -> bool {
    before == UserStatus::Activated.as_str() && user.status != before
}

/// Whether the change from the state `before` is one that takes away what ties the user to others.
pub(super) fn has_left(before: &str, user: &User) -> bool {
    user.status == UserStatus::Resigned.as_str() && user.status != before
}

/// `POST /api/v3/resign-user`.
///
/// # Errors
/// 404/2004.
pub async fn resign(ctx: &Ctx, req: ResignUserReq) -> Result<()> {
    leave(ctx, "", &[req.user_id], req.user_id_type.unwrap_or_default()).await
}

/// `POST /api/v3/resign-user-batch`, all or none.
///
/// # Errors
/// 404/2004 at the first id that names nobody, 400 at one that names a user named before.
pub async fn resign_batch(ctx: &Ctx, req: ResignUserBatchReq) -> Result<()> {
    batch_size("userIds", req.user_ids.len())?;
    leave(ctx, "userIds", &req.user_ids, req.user_id_type.unwrap_or_default()).await
}

/// Whoever has left already loses what was given since.
async fn leave(ctx: &Ctx, list: &str, ids: &[String], kind: UserIdType) -> Result<()> {
    let mut tx = ctx.write().await?;
    let users = held(&mut tx, ctx, list, ids, kind).await?;
    let mut left = Vec::with_capacity(users.len());
    for mut user in users {
        enter(&mut user, UserStatus::Resigned, ctx.now());
        TABLE.update(&mut tx, &user).await?;
        update::sign_out(&mut tx, ctx, &user.id).await?;
        left.push(user.id);
    }
    store::life::take_away(&mut tx, ctx.pool(), &left).await?;
    follow::changed(&mut tx, ctx, &left).await?;
    let details = match left.as_slice() {
        [one] => json!({ "userId": one }),
        many => json!({ "userIds": many }),
    };
    ctx.commit(tx, details).await
}

/// `GET /api/v3/list-archived-users`: whoever is archived now, those of the longest standing first, so that a page
/// does not shift while others are archived.
///
/// # Errors
/// 400 outside the bounds of a page.
pub async fn archived(ctx: &Ctx, query: ListArchivedUsersQuery) -> Result<Page<ArchivedUser>> {
    let page = search::page(query.page, query.limit, "")?;
    let since = query.start_at.map_or(Millis(i64::MIN), |s| Millis(s.saturating_mul(1000)));
    let (total_count, rows) = store::life::archived(&mut ctx.read().await?, ctx.pool(), since, page).await?;
    let show = |(user_id, at): (String, Millis)| ArchivedUser { user_id, archived_at: at.iso() };
    Ok(Page { total_count, list: rows.into_iter().map(show).collect() })
}

/// `POST /api/v3/check-session-status`.
///
/// # Errors
/// 404/2004 for an unknown user, 404/2011 for an unknown application.
pub async fn has_session(ctx: &Ctx, req: CheckSessionStatusReq) -> Result<bool> {
    let mut tx = ctx.read().await?;
    let user = super::by_id(&mut tx, ctx.pool(), &req.user_id).await.map_err(|e| e.at("userId"))?;
    let app = app::load(&mut tx, ctx.pool(), &req.app_id).await.map_err(|e| e.at("appId"))?;
    Ok(store::life::is_signed_in(&mut tx, ctx.pool(), &user.id, &app.id, ctx.now()).await?)
}

/// `GET /api/v3/get-user-principal-authentication-info`: nobody is authenticated by real name, since no service that
/// does so can be connected yet.
///
/// # Errors
/// 404/2004.
pub async fn principal_authentication(ctx: &Ctx, query: UserQuery) -> Result<Page<PrincipalAuthentication>> {
    find(ctx, &query.user_id, query.user_id_type).await?;
    Ok(Page { total_count: 0, list: Vec::new() })
}

/// `POST /api/v3/reset-user-principal-authentication-info`: afterwards there is none, as before.
///
/// # Errors
/// 404/2004.
pub async fn reset_principal_authentication(ctx: &Ctx, req: ResetPrincipalAuthenticationReq) -> Result<()> {
    let kind = req.options.and_then(|o| o.user_id_type).unwrap_or_default();
    let mut tx = ctx.write().await?;
    let user = resolve(&mut tx, ctx, ctx.pool(), &req.user_id, kind).await.map_err(|e| e.at("userId"))?;
    ctx.commit(tx, json!({ "userId": user.id })).await
}

/// `GET /api/v3/get-user-authorized-resources`: nothing is authorised, since there are no resources yet.
///
/// # Errors
/// 404/2004; 404 at `namespace`.
pub async fn authorized_resources(ctx: &Ctx, query: AuthorizedResourcesQuery) -> Result<Page<AuthorizedResource>> {
    find(ctx, &query.user_id, query.user_id_type).await?;
    if query.namespace.is_some() {
        role::space(&mut ctx.read().await?, ctx, query.namespace.as_deref()).await?;
    }
    Ok(Page { total_count: 0, list: Vec::new() })
}

/// `POST /api/v3/get-user-password-ciphertext`: passwords are kept as one-way hashes, which nobody is shown, so there
/// is no text from which a password could be had again.
///
/// # Errors
/// 404/2004; 501 otherwise.
pub async fn password_ciphertext(ctx: &Ctx, req: PasswordCiphertextReq) -> Result<PasswordCiphertext> {
    find(ctx, &req.user_id, req.user_id_type).await?;
    Err(no_ciphertext())
}

/// `POST /api/v3/batch-get-user-encrypt-password`, as [`password_ciphertext`].
///
/// # Errors
/// 404/2004 at the first id that names nobody; 501 otherwise.
pub async fn password_ciphertexts(ctx: &Ctx, req: PasswordCiphertextBatchReq) -> Result<Vec<EncryptedPassword>> {
    batch_size("userIds", req.user_ids.len())?;
    let found = resolve_many(&mut ctx.read().await?, ctx.pool(), &req.user_ids, UserIdType::UserId).await?;
    Err(match found.iter().position(Option::is_none) {
        Some(i) => Error::new(codes::USER_NOT_FOUND).at(format!("userIds[{i}]")),
        None => no_ciphertext(),
    })
}

fn no_ciphertext() -> Error {
    Error::new(codes::NOT_IMPLEMENTED).because(text!(
        "passwords are kept as one-way hashes and never encrypted under a key, so there is no ciphertext",
        "密码仅以单向哈希保存，不会以可解密的形式保存，因此没有密文"
    ))
}

pub(super) async fn find(ctx: &Ctx, id: &str, kind: Option<UserIdType>) -> Result<User> {
    let mut tx = ctx.read().await?;
    resolve(&mut tx, ctx, ctx.pool(), id, kind.unwrap_or_default()).await.map_err(|e| e.at("userId"))
}

/// Changes the states whose time has come, one user at a time; answers how many were changed. Called by the worker.
///
/// # Errors
/// When the database cannot be asked; whoever was not reached waits for the next round.
pub async fn transitions(services: &Arc<Services>) -> Result<usize> {
    let now = services.clock.now();
    let due = store::life::due(&mut services.db.read().await?, now, ROUND).await?;
    let mut changed = 0;
    for (pool, user) in due {
        let ctx = Ctx::system(services.clone(), PoolId::new(pool), Audit::UserTransition);
        changed += usize::from(transition(&ctx, &user).await?);
    }
    Ok(changed)
}

async fn transition(ctx: &Ctx, id: &str) -> Result<bool> {
    let mut tx = ctx.write().await?;
    let Some(mut user) = TABLE.hold(&mut tx, ctx.pool(), id, "updated_at", ctx.now()).await? else { return Ok(false) };
    // Another node may have been faster.
    let mut steps = Vec::new();
    while let Some(before) = step(&mut user, ctx.now()) {
        if has_fallen(&before, &user) {
            update::sign_out(&mut tx, ctx, id).await?;
        }
        steps.push(json!({ "from": before, "to": user.status }));
    }
    if steps.is_empty() {
        return Ok(false);
    }
    TABLE.update(&mut tx, &user).await?;
    follow::changed(&mut tx, ctx, std::slice::from_ref(&user.id)).await?;
    ctx.commit(tx, json!({ "userId": id, "steps": steps })).await?;
    Ok(true)
}

/// Takes the step that has been due for longest; answers the state before it.
fn step(user: &mut User, now: Millis) -> Option<String> {
    let due = |at: Option<Millis>| at.filter(|at| *at <= now);
    let at = due(user.suspend_at).into_iter().chain(due(user.activate_at)).min()?;
    let before = user.status.clone();
    if user.suspend_at == Some(at) {
        user.suspend_at = None;
        if before == UserStatus::Activated.as_str() {
            enter(user, UserStatus::Suspended, now);
        }
    } else {
        user.activate_at = None;
        if [UserStatus::Suspended, UserStatus::Deactivated].iter().any(|asleep| before == asleep.as_str()) {
            enter(user, UserStatus::Activated, now);
        }
    }
    Some(before)
}
