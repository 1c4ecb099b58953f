//! Roles that nobody may hold together.
//!
//! `excludes` of create-role and update-role says which. Assigning a role, adding members to a group, and naming an
//! exclusion are refused where somebody would hold both, by whatever way, validity apart: what is not in force today may
//! be tomorrow. Moving people between departments and changing users so that they fall under a rule is not refused; it
//! is not there that rights are given.

use watchword_api::role::{CheckMutualExclusionReq, RoleRef};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::role::{self as store, Sources, TABLE};
use watchword_store::target::Target;

use super::{MAX_BATCH, Way, by_code, reach, space};
use crate::ctx::Ctx;
use crate::rules;

/// Whether two of these roles exclude each other.
///
/// # Errors
/// 404 at the first role that does not exist.
pub async fn check(ctx: &Ctx, req: CheckMutualExclusionReq) -> Result<bool> {
    rules::count("roles", req.roles.len(), MAX_BATCH)?;
    let mut tx = ctx.read().await?;
    let ids = ids_of(&mut tx, ctx, "roles", &req.roles).await?;
    let pairs = store::exclusions(&mut tx, ctx.pool(), &ids).await?;
    Ok(pairs.iter().any(|(_, other)| ids.contains(other)))
}

/// The ids of roles, in their order.
///
/// # Errors
/// 404 at `{field}[i].namespace` or `{field}[i].code`.
pub(super) async fn ids_of(tx: &mut Tx, ctx: &Ctx, field: &str, roles: &[RoleRef]) -> Result<Vec<String>> {
    let mut ids = Vec::with_capacity(roles.len());
    for (i, role) in roles.iter().enumerate() {
        let at = |e: Error| e.at(format!("{field}[{i}]"));
        let space = space(tx, ctx, role.namespace.as_deref()).await.map_err(at)?;
        ids.push(by_code(tx, ctx, &space, &role.code).await.map_err(at)?.id);
    }
    Ok(ids)
}

/// After something that gives these roles, or exclusions of them, to more people than before.
///
/// # Errors
/// 409 when somebody would hold two roles that exclude each other.
pub(super) async fn check_holders(tx: &mut Tx, ctx: &Ctx, roles: &[String]) -> Result<()> {
    // Whoever gets a role gets those above it.
    let gained = reach(tx, ctx.pool(), roles, Way::Above, None).await?;
    for (role, other) in store::exclusions(tx, ctx.pool(), &gained).await? {
        let mine = sources(tx, ctx, &role).await?;
        let theirs = sources(tx, ctx, &other).await?;
        if store::members_in_common(tx, ctx.pool(), &mine, &theirs).await?.is_some() {
            let rows = TABLE.get_many(tx, ctx.pool(), &[role, other]).await?;
            let names = rows.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join(", ");
            let detail = text!(
                "somebody would hold roles that exclude each other: {names}",
                "有用户将同时拥有互斥的角色：{names}"
            );
            return Err(Error::new(codes::CONFLICT).because(detail));
        }
    }
    Ok(())
}

/// As [`check_holders`], of the roles that are assigned to a target which has more people than before.
///
/// # Errors
/// 409.
pub async fn check_target(tx: &mut Tx, ctx: &Ctx, kind: Target, id: &str) -> Result<()> {
    let roles = store::of_targets(tx, ctx.pool(), kind, &[id.to_owned()]).await?;
    if roles.is_empty() { Ok(()) } else { check_holders(tx, ctx, &roles).await }
}

async fn sources(tx: &mut Tx, ctx: &Ctx, role: &String) -> Result<Sources> {
    let roles = reach(tx, ctx.pool(), std::slice::from_ref(role), Way::Below, None).await?;
    Ok(Sources::of(tx, ctx.pool(), &roles, None).await?)
}
