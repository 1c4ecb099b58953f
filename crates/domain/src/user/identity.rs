//! Accounts at external identity providers, linked by an administrator, and where synchronised users come from.

use serde_json::json;
use watchword_api::common::UserQuery;
use watchword_api::user::Identity as Shown;
use watchword_api::user::{
    DeleteSyncRelationsReq, LinkIdentityReq, LoggedInIdentity, NewIdentity, SyncRelation, UnlinkIdentityReq,
};
use watchword_crypto::vault::{Aad, Class};
use watchword_kit::unicode::is_plain;
use watchword_kit::{Error, Result, Secret, codes, text};
use watchword_store::user::{self as users, Identity, TABLE, identity as store};

use super::resolve::resolve;
use super::{custom, life, view};
use crate::ctx::Ctx;
use crate::group::follow;

const MAX_IDENTITIES: usize = 20;
const MAX_CONNECTIONS: usize = 50;
const MAX_TOKEN: usize = 16 * 1024;

/// What `type` is where nobody says.
const GENERIC: &str = "generic";

/// `GET /api/v3/get-user-identities`, the oldest first.
///
/// # Errors
/// 404/2004.
pub async fn list(ctx: &Ctx, query: UserQuery) -> Result<Vec<Shown>> {
    let user = life::find(ctx, &query.user_id, query.user_id_type).await?;
    let rows = users::identities_of(&mut ctx.read().await?, ctx.pool(), &[user.id]).await?;
    rows.into_iter().map(view::identity).collect()
}

/// `GET /api/v3/get-user-logged-in-identities`: nobody signs in by an identity source yet.
///
/// # Errors
/// 404/2004.
pub async fn logged_in(ctx: &Ctx, query: UserQuery) -> Result<Vec<LoggedInIdentity>> {
    life::find(ctx, &query.user_id, query.user_id_type).await?;
    Ok(Vec::new())
}

/// `POST /api/v3/link-identity`. What the user has already stays as it is.
///
/// # Errors
/// 404/2004; 409/2026 when another user has the identity; 400 without `provider` for a source of which none is known.
pub async fn link(ctx: &Ctx, req: LinkIdentityReq) -> Result<()> {
    let (source, id) = (&req.ext_idp_id, &req.user_id_in_idp);
    let kind = req.kind.as_deref().filter(|k| !k.is_empty()).unwrap_or(GENERIC);
    check_names(source, kind, id)?;
    let mut tx = ctx.write().await?;
    let user = TABLE.hold(&mut tx, ctx.pool(), &req.user_id, "updated_at", ctx.now()).await?;
    let user = user.ok_or_else(|| Error::new(codes::USER_NOT_FOUND).at("userId"))?;
    let details = json!({ "userId": user.id, "extIdpId": source, "type": kind });
    let taken = || {
        let other = text!("another user has this identity", "该身份已绑定其他用户");
        Error::new(codes::USER_EXISTS).because(other).at("userIdInIdp")
    };
    match store::owner(&mut tx, ctx.pool(), source, id, kind).await? {
        Some(owner) if owner == user.id => return ctx.commit(tx, details).await,
        Some(_) => return Err(taken()),
        None => {}
    }
    let known = store::provider_of(&mut tx, ctx.pool(), source).await?;
    let provider = known.or_else(|| req.provider.map(|p| p.as_str().to_owned())).ok_or_else(|| {
        let detail =
            text!("needed: this is the first identity of its source", "必填：该身份源尚无任何身份，请指明其类型");
        Error::invalid("provider", detail)
    })?;
    if req.provider.is_some_and(|p| p.as_str() != provider) {
        let detail = text!("this source is of the kind {provider}", "该身份源的类型为 {provider}");
        return Err(Error::invalid("provider", detail));
    }
    if store::count(&mut tx, ctx.pool(), &user.id).await? >= MAX_IDENTITIES as i64 {
        let many = text!("the user has {MAX_IDENTITIES} identities already", "该用户已有 {MAX_IDENTITIES} 个身份");
        return Err(Error::new(codes::UNPROCESSABLE).because(many));
    }
    let row = Identity {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        user_id: user.id,
        ext_idp_id: source.clone(),
        provider,
        kind: kind.to_owned(),
        user_id_in_idp: id.clone(),
        user_info_in_idp: "{}".into(),
        access_token_sealed: None,
        refresh_token_sealed: None,
        origin_conn_ids: "[]".into(),
        created_at: ctx.now(),
    };
    if !store::link(&mut tx, &row).await? {
        return Err(taken());
    }
    follow::changed(&mut tx, ctx, std::slice::from_ref(&row.user_id)).await?;
    ctx.commit(tx, details).await
}

/// `POST /api/v3/unlink-identity`: every identity of the user at the source, or those of one `type`.
///
/// # Errors
/// 404/2004; 404 when there is none.
pub async fn unlink(ctx: &Ctx, req: UnlinkIdentityReq) -> Result<()> {
    let mut tx = ctx.write().await?;
    let user = TABLE.hold(&mut tx, ctx.pool(), &req.user_id, "updated_at", ctx.now()).await?;
    let user = user.ok_or_else(|| Error::new(codes::USER_NOT_FOUND).at("userId"))?;
    let kind = req.kind.as_deref().filter(|k| !k.is_empty());
    let gone = store::unlink(&mut tx, ctx.pool(), &user.id, &req.ext_idp_id, kind).await?;
    if gone == 0 {
        let none = text!("the user has no such identity", "该用户没有此身份");
        return Err(Error::new(codes::NOT_FOUND).because(none).at("extIdpId"));
    }
    follow::changed(&mut tx, ctx, std::slice::from_ref(&user.id)).await?;
    ctx.commit(tx, json!({ "userId": user.id, "extIdpId": req.ext_idp_id, "identities": gone })).await
}

/// `GET /api/v3/get-user-sync-relations`, the oldest first.
///
/// # Errors
/// 404/2004.
pub async fn sync_relations(ctx: &Ctx, query: UserQuery) -> Result<Vec<SyncRelation>> {
    let user = life::find(ctx, &query.user_id, query.user_id_type).await?;
    let rows = store::sync_relations(&mut ctx.read().await?, ctx.pool(), &user.id).await?;
    let show = |(provider, user_id_in_idp, info): (String, String, String)| {
        Ok(SyncRelation { provider, user_id_in_idp, user_info_in_idp: custom::object(&info)? })
    };
    rows.into_iter().map(show).collect()
}

/// `POST /api/v3/delete-user-sync-relations`: afterwards the user has none with the provider.
///
/// # Errors
/// 404/2004; 400 for what cannot name a provider.
pub async fn delete_sync_relations(ctx: &Ctx, req: DeleteSyncRelationsReq) -> Result<()> {
    name("provider", &req.provider)?;
    let mut tx = ctx.write().await?;
    let kind = req.user_id_type.unwrap_or_default();
    let user = resolve(&mut tx, ctx, ctx.pool(), &req.user_id, kind).await.map_err(|e| e.at("userId"))?;
    let gone = store::drop_sync_relations(&mut tx, ctx.pool(), &user.id, &req.provider).await?;
    ctx.commit(tx, json!({ "userId": user.id, "provider": req.provider, "relations": gone })).await
}

/// The rows of a user's identities, the providers' tokens sealed.
///
/// # Errors
/// 400 at `identities[i].…`.
pub fn rows(ctx: &Ctx, user: &str, list: Vec<NewIdentity>) -> Result<Vec<Identity>> {
    if list.len() > MAX_IDENTITIES {
        return Err(Error::invalid("identities", text!("at most {MAX_IDENTITIES} items", "最多 {MAX_IDENTITIES} 项")));
    }
    let each = list.into_iter().enumerate();
    each.map(|(i, given)| row(ctx, user, given).map_err(|e| e.at(format!("identities[{i}]")))).collect()
}

fn row(ctx: &Ctx, user: &str, given: NewIdentity) -> Result<Identity> {
    let id = ctx.new_id();
    check_names(&given.ext_idp_id, &given.kind, &given.user_id_in_idp)?;
    if given.origin_conn_ids.len() > MAX_CONNECTIONS {
        let many = text!("at most {MAX_CONNECTIONS} items", "最多 {MAX_CONNECTIONS} 项");
        return Err(Error::invalid("originConnIds", many));
    }
    for (i, connection) in given.origin_conn_ids.iter().enumerate() {
        name(&format!("originConnIds[{i}]"), connection)?;
    }
    Ok(Identity {
        pool_id: ctx.pool().to_string(),
        user_id: user.to_owned(),
        provider: given.provider.as_str().into(),
        user_info_in_idp: custom::json("userInfoInIdp", &given.user_info_in_idp)?,
        access_token_sealed: seal(ctx, &id, "accessToken", "user_identities.access_token_sealed", given.access_token)?,
        refresh_token_sealed: seal(
            ctx,
            &id,
            "refreshToken",
            "user_identities.refresh_token_sealed",
            given.refresh_token,
        )?,
        origin_conn_ids: serde_json::to_string(&given.origin_conn_ids).map_err(Error::internal)?,
        created_at: ctx.now(),
        ext_idp_id: given.ext_idp_id,
        kind: given.kind,
        user_id_in_idp: given.user_id_in_idp,
        id,
    })
}

fn check_names(source: &str, kind: &str, id: &str) -> Result<()> {
    for (field, value) in [("extIdpId", source), ("type", kind), ("userIdInIdp", id)] {
        name(field, value)?;
    }
    if source.contains(':') {
        return Err(Error::invalid("extIdpId", text!("must not contain a colon", "不能包含冒号")));
    }
    Ok(())
}

fn name(field: &str, value: &str) -> Result<()> {
    if value.is_empty() || value.chars().nth(256).is_some() || !value.chars().all(is_plain) {
        let detail = text!(
            "must have 1 to 256 characters, no control or invisible ones",
            "应为 1 到 256 个字符，不含控制字符和不可见字符"
        );
        return Err(Error::invalid(field, detail));
    }
    Ok(())
}

fn seal(ctx: &Ctx, row: &str, field: &str, column: &str, token: Option<Secret<String>>) -> Result<Option<Vec<u8>>> {
    let Some(token) = token else { return Ok(None) };
    if token.reveal().len() > MAX_TOKEN {
        return Err(Error::invalid(field, text!("larger than {MAX_TOKEN} bytes", "超过 {MAX_TOKEN} 字节")));
    }
    let aad = Aad { pool: ctx.pool().as_str(), row, column };
    Ok(Some(ctx.vault.seal(Class::Provider, &aad, token.reveal().as_bytes(), &ctx.entropy)))
}
