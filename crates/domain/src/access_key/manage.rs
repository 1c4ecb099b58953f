//! What administrators do with access keys. Nobody hands out, changes or takes away more than they have.

use serde_json::json;
use watchword_api::access_key::{
    AccessKey as Shown, CreateAccessKeyReq, DeleteAccessKeyReq, GetAccessKeyQuery, ListAccessKeysQuery,
    UpdateAccessKeyReq,
};
use watchword_api::common::Success;
use watchword_kit::{Error, Millis, Result, Secret, codes, text};
use watchword_store::access_key::{self as store, AccessKey, TABLE};
use watchword_store::table::Page;
use watchword_store::{Filter, Tx, user};

use super::{POOL_KEY, fresh, grants, is_pools_own};
use crate::caller;
use crate::ctx::{Actor, Ctx};
use crate::permission::Grants;
use crate::rules;

/// Keys that one pool may have, its own not counted.
const MAX_KEYS: i64 = 1_000;

/// The pool's keys, oldest first, secrets masked.
///
/// # Errors
/// 400 at `status[i]` for a state that there is not.
pub async fn list(ctx: &Ctx, query: ListAccessKeysQuery) -> Result<Vec<Shown>> {
    let mut filter = Filter::pool(ctx.pool());
    if let Some(user_id) = query.user_id {
        filter = filter.and("user_id", "=", user_id);
    }
    if let Some(tenant_id) = query.tenant_id {
        filter = filter.and("tenant_id", "=", tenant_id);
    }
    if let Some(kind) = query.kind {
        filter = filter.and("kind", "=", kind);
    }
    let states = query.status.unwrap_or_default();
    for (i, state) in states.iter().enumerate() {
        if !matches!(state.as_str(), "activated" | "staging" | "revoked") {
            return Err(Error::invalid(
                format!("status[{i}]"),
                text!("one of activated, staging, revoked", "应为 activated、staging 或 revoked"),
            ));
        }
    }
    let asked = |state: &str| states.is_empty() || states.iter().any(|s| s == state);
    match (asked("activated"), asked("revoked")) {
        (true, true) => {}
        (false, false) => return Ok(Vec::new()),
        (on, _) => filter = filter.and("enabled", "=", on),
    }
    let page = Page { limit: MAX_KEYS + 1, offset: 0 };
    let (_, keys) = TABLE.page(&mut ctx.read().await?, &filter, "created_at", page).await?;
    keys.iter().map(|key| masked(ctx, key)).collect()
}

/// One key, in a list because the contract says so, its secret masked.
///
/// # Errors
/// 404, also when the key is another user's.
pub async fn get(ctx: &Ctx, query: GetAccessKeyQuery) -> Result<Vec<Shown>> {
    let key = load(&mut ctx.read().await?, ctx, &query.access_key_id).await?;
    let owner = if key.user_id.is_empty() { &key.pool_id } else { &key.user_id };
    if *owner != query.user_id {
        return Err(Error::new(codes::NOT_FOUND));
    }
    Ok(vec![masked(ctx, &key)?])
}

/// Makes a key. Its secret is shown this once.
///
/// # Errors
/// 400 for another type than `userpool` and for unknown permissions; 403 for permissions that the caller lacks;
/// 404/2004 for an unknown user; 422 when the pool has 1,000 keys; 501 for tenants.
pub async fn create(ctx: &Ctx, req: CreateAccessKeyReq) -> Result<Vec<Shown>> {
    rules::no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    if req.kind == "tenant" {
        return Err(rules::tenants().at("tenantId"));
    }
    if req.kind != POOL_KEY {
        return Err(Error::invalid("type", text!("{POOL_KEY} is the only type", "目前仅支持 {POOL_KEY}")));
    }
    let granted = Grants::parse(&req.permissions.unwrap_or_default())?;
    covers(ctx, &granted)?;
    let user_id = req.user_id.unwrap_or_default();
    let (key, secret) = fresh(ctx, &ctx.new_id(), POOL_KEY, &user_id, &granted)?;
    let mut tx = ctx.write().await?;
    if !user_id.is_empty() && user::TABLE.get(&mut tx, ctx.pool(), &user_id).await?.is_none() {
        return Err(Error::new(codes::USER_NOT_FOUND).at("userId"));
    }
    if store::count(&mut tx, ctx.pool()).await? > MAX_KEYS {
        return Err(Error::new(codes::UNPROCESSABLE).because(text!(
            "this user pool has {MAX_KEYS} access keys already",
            "此用户池已有 {MAX_KEYS} 个 AccessKey"
        )));
    }
    TABLE.insert(&mut tx, &key).await?;
    ctx.commit(tx, about(&key, &granted)).await?;
    Ok(vec![shown(&key, secret.reveal().clone())])
}

/// Deletes a key; its tokens and signatures are refused from now on.
///
/// # Errors
/// 403 when it may do more than the caller; 404; 422 for the pool's own key.
pub async fn delete(ctx: &Ctx, req: DeleteAccessKeyReq) -> Result<()> {
    let mut tx = ctx.write().await?;
    let key = load(&mut tx, ctx, &req.access_key_id).await?;
    if is_pools_own(&key) {
        return Err(stays());
    }
    covers(ctx, &grants(&key))?;
    if !TABLE.delete(&mut tx, ctx.pool(), &key.id).await? {
        return Err(Error::new(codes::NOT_FOUND));
    }
    ctx.commit(tx, about(&key, &grants(&key))).await
}

/// Switches a key on or off, and changes what it may do.
///
/// # Errors
/// 400 for unknown permissions; 403 when it may do more than the caller, before or after; 404; 409 when somebody else
/// changed it at the same moment; 422 for the pool's own key.
pub async fn update(ctx: &Ctx, req: UpdateAccessKeyReq) -> Result<Success> {
    let wanted = req.permissions.as_deref().map(Grants::parse).transpose()?;
    let mut tx = ctx.write().await?;
    let key = load(&mut tx, ctx, &req.access_key_id).await?;
    if is_pools_own(&key) {
        return Err(stays());
    }
    let before = grants(&key);
    let after = wanted.unwrap_or_else(|| before.clone());
    covers(ctx, &before)?;
    covers(ctx, &after)?;
    let permissions = serde_json::to_string(&after.names()).map_err(Error::internal)?;
    if !store::update(&mut tx, &key, req.enable, &permissions).await? {
        return Err(Error::new(codes::CONFLICT));
    }
    let mut details = about(&key, &after);
    details["enable"] = req.enable.into();
    ctx.commit(tx, details).await?;
    Ok(Success { success: true })
}

/// Gives a key a new secret; the old one is refused from now on. Also the pool's own key: this is for the operator,
/// and no operation of the API leads here.
///
/// # Errors
/// 403 when the key may do more than the caller; 404; 409 when it was deleted at the same moment.
pub async fn rotate(ctx: &Ctx, id: &str) -> Result<Secret<String>> {
    let mut tx = ctx.write().await?;
    let key = load(&mut tx, ctx, id).await?;
    let granted = grants(&key);
    covers(ctx, &granted)?;
    let (new, secret) = fresh(ctx, &key.id, &key.kind, &key.user_id, &granted)?;
    let row = AccessKey { secret_sealed: new.secret_sealed, ..key };
    if !TABLE.update(&mut tx, &row).await? {
        return Err(Error::new(codes::CONFLICT));
    }
    let mut details = about(&row, &granted);
    details["secret"] = "rotated".into();
    ctx.commit(tx, details).await?;
    Ok(secret)
}

async fn load(tx: &mut Tx, ctx: &Ctx, id: &str) -> Result<AccessKey> {
    TABLE.get(tx, ctx.pool(), id).await?.ok_or_else(|| Error::new(codes::NOT_FOUND))
}

fn stays() -> Error {
    Error::new(codes::UNPROCESSABLE).because(text!(
        "the user pool's own key cannot be changed or deleted by API",
        "用户池自身的密钥不能通过 API 修改或删除"
    ))
}

/// Refuses to touch a key that may do more than the caller.
fn covers(ctx: &Ctx, other: &Grants) -> Result<()> {
    let covered = match ctx.actor() {
        Actor::System => true,
        Actor::AccessKey(key) => key.grants.cover(other),
        Actor::Anonymous | Actor::User(_) | Actor::Pending(_) => false,
    };
    if covered {
        return Ok(());
    }
    Err(Error::new(codes::FORBIDDEN)
        .because(text!("this access key lacks some of those permissions itself", "该 AccessKey 自身缺少其中某些权限")))
}

fn about(key: &AccessKey, granted: &Grants) -> serde_json::Value {
    let mut details = json!({ "accessKeyId": key.id, "permissions": granted.names() });
    if !key.user_id.is_empty() {
        details["userId"] = key.user_id.clone().into();
    }
    details
}

/// The key with enough of its secret to recognise it: 16 of its 128 bits.
fn masked(ctx: &Ctx, key: &AccessKey) -> Result<Shown> {
    let secret = caller::secret(ctx, key)?;
    let head: String = secret.reveal().chars().take(4).collect();
    Ok(shown(key, format!("{head}****")))
}

fn shown(key: &AccessKey, access_key_secret: String) -> Shown {
    Shown {
        access_key_id: key.id.clone(),
        access_key_secret,
        user_id: Some(key.user_id.clone()).filter(|id| !id.is_empty()),
        created_at: key.created_at.iso(),
        status: if key.enabled { "activated" } else { "revoked" }.into(),
        last_date: key.last_used_at.map(Millis::iso),
        user_pool_id: key.pool_id.clone(),
        enable: key.enabled,
        kind: key.kind.clone(),
        permissions: grants(key).names(),
    }
}
