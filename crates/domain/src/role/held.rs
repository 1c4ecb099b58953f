//! Who holds what, now.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use watchword_api::common::Page;
use watchword_api::role::{
    GetUserRolesQuery, HasAnyRoleReq, HeldRole, ListRoleDepartmentsQuery, ListRoleMembersQuery, RoleDepartment,
    RoleMember,
};
use watchword_kit::Result;
use watchword_store::role::{self as store, Role, Sources, TABLE};
use watchword_store::{Tx, target};

use super::{MAX_BATCH, Space, Way, by_code, in_force, reach, space, view};
use crate::ctx::Ctx;
use crate::user::resolve::resolve;
use crate::user::search::page;
use crate::{rules, user};

/// A role that a user holds, and whether only through something else.
struct Held {
    role: Role,
    inherited: bool,
}

/// The roles that a user holds.
async fn held(tx: &mut Tx, ctx: &Ctx, user: &str) -> Result<Vec<Held>> {
    let first = store::of_user(tx, ctx.pool(), user, ctx.now()).await?;
    let own: HashSet<&String> =
        first.iter().filter(|(_, kind)| kind == target::Target::User.as_str()).map(|(role, _)| role).collect();
    let start: Vec<String> = first.iter().map(|(role, _)| role.clone()).collect();
    let all = reach(tx, ctx.pool(), &start, Way::Above, Some(ctx.now())).await?;
    let rows = if all.is_empty() { Vec::new() } else { TABLE.get_many(tx, ctx.pool(), &all).await? };
    Ok(rows.into_iter().map(|role| Held { inherited: !own.contains(&role.id), role }).collect())
}

/// Ids of all roles that a user holds.
pub(crate) async fn ids_held(tx: &mut Tx, ctx: &Ctx, user: &str) -> Result<Vec<String>> {
    Ok(held(tx, ctx, user).await?.into_iter().map(|h| h.role.id).collect())
}

/// The roles of a permission space that a user holds, in the order of their codes.
///
/// # Errors
/// 404/2004; 404 at `namespace`.
pub async fn of_user(ctx: &Ctx, query: GetUserRolesQuery) -> Result<Page<HeldRole>> {
    let mut tx = ctx.read().await?;
    let kind = query.user_id_type.unwrap_or_default();
    let user = resolve(&mut tx, ctx, ctx.pool(), &query.user_id, kind).await.map_err(|e| e.at("userId"))?;
    let space = space(&mut tx, ctx, query.namespace.as_deref()).await?;
    let mut held = held(&mut tx, ctx, &user.id).await?;
    held.retain(|h| h.role.namespace == space.code);
    held.sort_by(|a, b| a.role.code.cmp(&b.role.code));
    let list: Vec<HeldRole> = held
        .into_iter()
        .map(|h| HeldRole { inherited: h.inherited, role: view::show(h.role, &space, ctx.now()) })
        .collect();
    Ok(Page { total_count: list.len() as i64, list })
}

/// The roles that the user with this id holds, in the order of permission spaces and codes; of one space where it is
/// named.
///
/// # Errors
/// 404 at `namespace`.
pub(crate) async fn of_id(ctx: &Ctx, user: &str, namespace: Option<&str>) -> Result<Vec<HeldRole>> {
    let mut tx = ctx.read().await?;
    let mut held = held(&mut tx, ctx, user).await?;
    if let Some(namespace) = namespace.filter(|n| !n.is_empty()) {
        let space = space(&mut tx, ctx, Some(namespace)).await?;
        held.retain(|h| h.role.namespace == space.code);
    }
    held.sort_by(|a, b| (&a.role.namespace, &a.role.code).cmp(&(&b.role.namespace, &b.role.code)));
    let mut spaces: HashMap<String, Space> = HashMap::new();
    let mut list = Vec::with_capacity(held.len());
    for h in held {
        let space = match spaces.entry(h.role.namespace.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(space(&mut tx, ctx, Some(&h.role.namespace)).await?),
        };
        list.push(HeldRole { inherited: h.inherited, role: view::show(h.role, space, ctx.now()) });
    }
    Ok(list)
}

/// Whether a user holds one of some roles. A role that does not exist is held by nobody.
///
/// # Errors
/// 404/2004; 404 at `roles[i].namespace`.
pub async fn has_any(ctx: &Ctx, req: HasAnyRoleReq) -> Result<bool> {
    rules::count("roles", req.roles.len(), MAX_BATCH)?;
    let mut tx = ctx.read().await?;
    let kind = req.options.and_then(|o| o.user_id_type).unwrap_or_default();
    let user = resolve(&mut tx, ctx, ctx.pool(), &req.user_id, kind).await.map_err(|e| e.at("userId"))?;
    let mut asked = HashSet::new();
    for (i, role) in req.roles.into_iter().enumerate() {
        let space = space(&mut tx, ctx, role.namespace.as_deref()).await.map_err(|e| e.at(format!("roles[{i}]")))?;
        asked.insert((space.code, role.code));
    }
    let held = held(&mut tx, ctx, &user.id).await?;
    Ok(held.into_iter().any(|h| asked.contains(&(h.role.namespace, h.role.code))))
}

/// The users who hold a role, in the order of their ids.
///
/// # Errors
/// 404 at `namespace` or `code`.
pub async fn members(ctx: &Ctx, query: ListRoleMembersQuery) -> Result<Page<RoleMember>> {
    let page = page(query.page, query.limit, "")?;
    let mut tx = ctx.scan().await?;
    let space = space(&mut tx, ctx, query.namespace.as_deref()).await?;
    let role = by_code(&mut tx, ctx, &space, &query.code).await?;
    if !in_force(&role, ctx.now()) {
        return Ok(Page { total_count: 0, list: Vec::new() });
    }
    let now = Some(ctx.now());
    let roles = reach(&mut tx, ctx.pool(), std::slice::from_ref(&role.id), Way::Below, now).await?;
    let sources = Sources::of(&mut tx, ctx.pool(), &roles, now).await?;
    let (total_count, ids) = store::members(&mut tx, ctx.pool(), &sources, page).await?;
    let own = store::assigned_users(&mut tx, ctx.pool(), &role.id, &ids, ctx.now()).await?;
    let with = user::view::With {
        custom_data: query.with_custom_data.unwrap_or_default(),
        identities: query.with_identities.unwrap_or_default(),
        department_ids: query.with_department_ids.unwrap_or_default(),
        ..user::view::With::default()
    };
    let users = crate::group::users(&mut tx, ctx, &ids, with).await?;
    let list = users.into_iter().map(|user| RoleMember { inherited: !own.contains(&user.user_id), user }).collect();
    Ok(Page { total_count, list })
}

/// The departments to which a role is assigned in force, in the order of their ids.
///
/// # Errors
/// 404 at `namespace` or `code`.
pub async fn departments(ctx: &Ctx, query: ListRoleDepartmentsQuery) -> Result<Page<RoleDepartment>> {
    let page = page(query.page, query.limit, "")?;
    let mut tx = ctx.read().await?;
    let space = space(&mut tx, ctx, query.namespace.as_deref()).await?;
    let role = by_code(&mut tx, ctx, &space, &query.code).await?;
    if !in_force(&role, ctx.now()) {
        return Ok(Page { total_count: 0, list: Vec::new() });
    }
    let (total_count, rows) = store::departments(&mut tx, ctx.pool(), &role.id, ctx.now(), page).await?;
    let list = rows.into_iter().map(|(id, code, name, description)| RoleDepartment {
        id,
        code: code.unwrap_or_default(),
        name,
        description: description.unwrap_or_default(),
    });
    Ok(Page { total_count, list: list.collect() })
}
