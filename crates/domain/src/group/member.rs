//! Who is in a group.

use std::collections::HashMap;

use serde_json::json;
use watchword_api::common::Page;
use watchword_api::group::{GetUserGroupsQuery, Group as Shown, GroupMembersReq, ListGroupMembersQuery};
use watchword_api::user::User;
use watchword_kit::{Error, Result, codes, text};
use watchword_store::group::{self as store, Group, TABLE};
use watchword_store::target::{self, Target};
use watchword_store::{Tx, user};

use super::view::{With, show};
use super::{MAX_BATCH, by_code, is_dynamic, unknown};
use crate::ctx::Ctx;
use crate::user::resolve::resolve;
use crate::user::search::page;
use crate::user::view;
use crate::{role, rules};

/// The members of a group, who came first before.
///
/// # Errors
/// 404 at `code`.
pub async fn list(ctx: &Ctx, query: ListGroupMembersQuery) -> Result<Page<User>> {
    let page = page(query.page, query.limit, "")?;
    let mut tx = ctx.scan().await?;
    let group = by_code(&mut tx, ctx, &query.code).await?;
    let (total_count, ids) = store::members(&mut tx, ctx.pool(), &group.id, page).await?;
    let with = view::With {
        custom_data: query.with_custom_data.unwrap_or_default(),
        identities: query.with_identities.unwrap_or_default(),
        department_ids: query.with_department_ids.unwrap_or_default(),
        ..view::With::default()
    };
    Ok(Page { total_count, list: users(&mut tx, ctx, &ids, with).await? })
}

/// Shows users in the order of their ids.
pub(crate) async fn users(tx: &mut Tx, ctx: &Ctx, ids: &[String], with: view::With) -> Result<Vec<User>> {
    let rows = user::TABLE.get_many(tx, ctx.pool(), ids).await?;
    let mut found: HashMap<String, user::User> = rows.into_iter().map(|u| (u.id.clone(), u)).collect();
    let rows = ids.iter().filter_map(|id| found.remove(id)).collect();
    view::users(tx, ctx, rows, with).await
}

/// The groups a user is in, the newest first.
///
/// # Errors
/// 404/2004.
pub async fn of_user(ctx: &Ctx, query: GetUserGroupsQuery) -> Result<Page<Shown>> {
    let mut tx = ctx.read().await?;
    let kind = query.user_id_type.unwrap_or_default();
    let user = resolve(&mut tx, ctx, ctx.pool(), &query.user_id, kind).await.map_err(|e| e.at("userId"))?;
    let rows = store::of_user(&mut tx, ctx.pool(), &user.id).await?;
    let list: Vec<Shown> = rows.into_iter().map(|row| show(row, With::default(), None)).collect::<Result<_>>()?;
    Ok(Page { total_count: list.len() as i64, list })
}

/// Adds users to a static group; who is in it already stays.
///
/// # Errors
/// 404 at `code`, 404/2004 at the first user who does not exist, 400 for a dynamic group, 409 when somebody would hold
/// roles that exclude each other.
pub async fn add(ctx: &Ctx, req: GroupMembersReq) -> Result<()> {
    rules::count("userIds", req.user_ids.len(), MAX_BATCH)?;
    let mut tx = ctx.write().await?;
    role::before_holders_change(&mut tx, ctx).await?;
    let group = held(&mut tx, ctx, &req.code).await?;
    let there = target::hold(&mut tx, ctx.pool(), Target::User, &req.user_ids).await?;
    known(&req.user_ids, &there)?;
    let pairs: Vec<(String, String)> = there.into_iter().map(|user| (group.id.clone(), user)).collect();
    let added = store::add_members(&mut tx, ctx.pool(), &pairs, ctx.now()).await?;
    role::check_target(&mut tx, ctx, Target::Group, &group.id).await.map_err(|e| e.at("userIds"))?;
    ctx.commit(tx, details(&group, &req.user_ids, added)).await
}

/// Takes users out of a static group; who is not in it is passed over.
///
/// # Errors
/// 404 at `code`, 404/2004 at the first user who does not exist, 400 for a dynamic group.
pub async fn remove(ctx: &Ctx, req: GroupMembersReq) -> Result<()> {
    rules::count("userIds", req.user_ids.len(), MAX_BATCH)?;
    let mut tx = ctx.write().await?;
    let group = held(&mut tx, ctx, &req.code).await?;
    let there = target::existing(&mut tx, ctx.pool(), Target::User, &req.user_ids).await?;
    known(&req.user_ids, &there)?;
    let removed = store::remove_members(&mut tx, ctx.pool(), &group.id, &req.user_ids).await?;
    ctx.commit(tx, details(&group, &req.user_ids, removed)).await
}

/// The static group, which stays until the transaction ends.
async fn held(tx: &mut Tx, ctx: &Ctx, code: &str) -> Result<Group> {
    let group = by_code(tx, ctx, code).await?;
    if is_dynamic(&group) {
        let detail = text!("the members of a dynamic group follow from its rule", "动态分组的成员由规则决定");
        return Err(Error::invalid("code", detail));
    }
    let held = TABLE.hold(tx, ctx.pool(), &group.id, "updated_at", ctx.now()).await?;
    held.ok_or_else(|| unknown().at("code"))
}

fn known(asked: &[String], there: &[String]) -> Result<()> {
    match asked.iter().position(|id| !there.contains(id)) {
        Some(i) => Err(Error::new(codes::USER_NOT_FOUND).at(format!("userIds[{i}]"))),
        None => Ok(()),
    }
}

fn details(group: &Group, users: &[String], changed: u64) -> serde_json::Value {
    match users {
        [one] => json!({ "groupId": group.id, "userId": one, "changed": changed }),
        many => json!({ "groupId": group.id, "userIds": many, "changed": changed }),
    }
}
