//! A stored role as the API shows it.

use watchword_api::common::Page;
use watchword_api::role::{
    GetRoleAuthorizedResourcesQuery, GetRoleQuery, ListRolesQuery, Role as Shown, RoleRef, RoleResource, RoleStatus,
};
use watchword_kit::unicode::fold;
use watchword_kit::{Millis, Result};
use watchword_store::Filter;
use watchword_store::role::{self as store, Role, TABLE};

use super::{Space, by_code, in_force, space};
use crate::ctx::Ctx;
use crate::user::search::page;

/// One role, and what it excludes.
///
/// # Errors
/// 404 at `namespace` or `code`.
pub async fn get(ctx: &Ctx, query: GetRoleQuery) -> Result<Shown> {
    let mut tx = ctx.read().await?;
    let space = space(&mut tx, ctx, query.namespace.as_deref()).await?;
    let role = by_code(&mut tx, ctx, &space, &query.code).await?;
    let pairs = store::exclusions(&mut tx, ctx.pool(), std::slice::from_ref(&role.id)).await?;
    let others: Vec<String> = pairs.into_iter().map(|(_, other)| other).collect();
    let mut shown = show(role, &space, ctx.now());
    if !others.is_empty() {
        let mut others = TABLE.get_many(&mut tx, ctx.pool(), &others).await?;
        others.sort_by(|a, b| (&a.namespace, &a.code).cmp(&(&b.namespace, &b.code)));
        let named = others.into_iter().map(|r| RoleRef { code: r.code, namespace: Some(r.namespace) });
        shown.excludes = Some(named.collect());
    }
    Ok(shown)
}

/// The roles of a permission space, the newest first.
///
/// # Errors
/// 404 at `namespace`.
pub async fn list(ctx: &Ctx, query: ListRolesQuery) -> Result<Page<Shown>> {
    let page = page(query.page, query.limit, "")?;
    let mut tx = ctx.scan().await?;
    let space = space(&mut tx, ctx, query.namespace.as_deref()).await?;
    let mut filter = Filter::pool(ctx.pool()).and("namespace", "=", space.code.as_str());
    if let Some(words) = query.keywords.as_deref().map(str::trim).filter(|k| !k.is_empty()) {
        filter = filter.and_any_contains(&["LOWER(code)", "name_key"], &fold(words));
    }
    let (total_count, rows) = TABLE.page(&mut tx, &filter, "created_at DESC", page).await?;
    Ok(Page { total_count, list: rows.into_iter().map(|role| show(role, &space, ctx.now())).collect() })
}

pub(super) fn show(role: Role, space: &Space, now: Millis) -> Shown {
    Shown {
        status: if in_force(&role, now) { RoleStatus::Enable } else { RoleStatus::Disable },
        id: role.id,
        code: role.code,
        name: role.name,
        description: role.description,
        namespace: space.code.clone(),
        namespace_name: space.name.clone(),
        disable_time: role.disable_at.map(|at| at.0),
        excludes: None,
    }
}

/// What a role is allowed to use: nothing, as long as there are no resources.
///
/// # Errors
/// 404 at `namespace` or `code`.
pub async fn authorized_resources(ctx: &Ctx, query: GetRoleAuthorizedResourcesQuery) -> Result<Page<RoleResource>> {
    let mut tx = ctx.read().await?;
    let space = space(&mut tx, ctx, query.namespace.as_deref()).await?;
    by_code(&mut tx, ctx, &space, &query.code).await?;
    Ok(Page { total_count: 0, list: Vec::new() })
}
