//! To whom roles are given.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::json;
use watchword_api::role::{
    AssignRoleBatchReq, AssignRoleReq, AssignmentTargetType, ListRoleAssignmentsQuery, RevokeRoleBatchReq,
    RevokeRoleReq, RoleAssignment as Shown, RoleAssignments, RoleRef, RoleStatus, RoleTargetType, Target as Given,
};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Millis, Result, codes, text};
use watchword_store::role::{self as store, Role, RoleAssignment, TABLE};
use watchword_store::target::{self, Target};
use watchword_store::{Tx, group};

use super::{
    MAX_BATCH, Way, before_holders_change, by_code, exclusion, in_force, reach, space, unknown as unknown_role,
};
use crate::ctx::Ctx;
use crate::rules;
use crate::user::search::page;

const MAX_ROLES: usize = 10;
/// The last moment of the year 9999.
const MAX_TIME: i64 = 253_402_300_799_999;

/// When an assignment counts.
#[derive(Clone, Copy, Default)]
struct Validity {
    from: Option<Millis>,
    until: Option<Millis>,
}

/// Gives a role to targets, all or none.
///
/// # Errors
/// 404 at `namespace`, `code` or the first target that does not exist, 400 at an `endTime` that is over, at a target
/// that would make a circle, 409 where roles exclude each other.
pub async fn assign(ctx: &Ctx, req: AssignRoleReq) -> Result<()> {
    rules::count("targets", req.targets.len(), MAX_BATCH)?;
    let validity = Validity { from: time("enableTime", req.enable_time)?, until: time("endTime", req.end_time)? };
    if validity.until.is_some_and(|end| end <= validity.from.unwrap_or(ctx.now()).max(ctx.now())) {
        let detail = text!("must be later than now and than enableTime", "应晚于当前时间和 enableTime");
        return Err(Error::invalid("endTime", detail));
    }
    let role = [RoleRef { code: req.code, namespace: req.namespace }];
    give(ctx, &role, None, &req.targets, validity).await
}

/// Gives roles to targets at once and for ever, all or none.
///
/// # Errors
/// As [`assign`], roles at `roles[i]`.
pub async fn assign_batch(ctx: &Ctx, req: AssignRoleBatchReq) -> Result<()> {
    rules::count("roles", req.roles.len(), MAX_ROLES)?;
    rules::count("targets", req.targets.len(), MAX_ROLES)?;
    give(ctx, &req.roles, Some("roles"), &req.targets, Validity::default()).await
}

async fn give(ctx: &Ctx, roles: &[RoleRef], field: Option<&str>, targets: &[Given], validity: Validity) -> Result<()> {
    let mut tx = ctx.write().await?;
    before_holders_change(&mut tx, ctx).await?;
    let roles = named(&mut tx, ctx, roles, field).await?;
    let ids: Vec<String> = roles.iter().map(|role| role.id.clone()).collect();
    let held = target::hold(&mut tx, ctx.pool(), Target::Role, &ids).await?;
    if ids.iter().any(|id| !held.contains(id)) {
        return Err(unknown_role().at(field.unwrap_or("code")));
    }
    let pairs = resolve(&mut tx, ctx, &roles, targets).await?;
    let row = |(role, kind, id): &(String, Target, String)| RoleAssignment {
        pool_id: ctx.pool().to_string(),
        role_id: role.clone(),
        target_type: kind.as_str().into(),
        target_id: id.clone(),
        enable_at: validity.from,
        end_at: validity.until,
        created_at: ctx.now(),
        updated_at: ctx.now(),
    };
    let rows: Vec<RoleAssignment> = pairs.iter().map(row).collect();
    store::assign(&mut tx, &rows).await?;
    if pairs.iter().any(|(_, kind, _)| *kind == Target::Role) {
        refuse_circles(&mut tx, ctx, &ids).await?;
    }
    exclusion::check_holders(&mut tx, ctx, &ids).await.map_err(|e| e.at("targets"))?;
    ctx.commit(tx, details(&ids, &pairs)).await
}

/// Takes a role away from targets.
///
/// # Errors
/// 404 at `namespace`, `code` or the first target that does not exist.
pub async fn revoke(ctx: &Ctx, req: RevokeRoleReq) -> Result<()> {
    rules::count("targets", req.targets.len(), MAX_BATCH)?;
    take(ctx, &[RoleRef { code: req.code, namespace: req.namespace }], None, &req.targets).await
}

/// Takes roles away from targets, all or none.
///
/// # Errors
/// As [`revoke`], roles at `roles[i]`.
pub async fn revoke_batch(ctx: &Ctx, req: RevokeRoleBatchReq) -> Result<()> {
    rules::count("roles", req.roles.len(), MAX_ROLES)?;
    rules::count("targets", req.targets.len(), MAX_BATCH)?;
    take(ctx, &req.roles, Some("roles"), &req.targets).await
}

async fn take(ctx: &Ctx, roles: &[RoleRef], field: Option<&str>, targets: &[Given]) -> Result<()> {
    let mut tx = ctx.write().await?;
    let roles = named(&mut tx, ctx, roles, field).await?;
    let ids: Vec<String> = roles.iter().map(|role| role.id.clone()).collect();
    let pairs = resolve(&mut tx, ctx, &roles, targets).await?;
    let mut by_kind: BTreeMap<(String, Target), Vec<String>> = BTreeMap::new();
    for (role, kind, id) in &pairs {
        by_kind.entry((role.clone(), *kind)).or_default().push(id.clone());
    }
    for ((role, kind), targets) in by_kind {
        store::revoke(&mut tx, ctx.pool(), &[role], kind, &targets).await?;
    }
    ctx.commit(tx, details(&ids, &pairs)).await
}

fn details(roles: &[String], pairs: &[(String, Target, String)]) -> serde_json::Value {
    let targets: BTreeSet<(&str, &str)> = pairs.iter().map(|(_, kind, id)| (kind.as_str(), id.as_str())).collect();
    let users: Vec<&str> = targets.iter().filter(|(kind, _)| *kind == "USER").map(|(_, id)| *id).collect();
    let mut out = json!({ "roleIds": roles, "targets": targets });
    if let ([one], 1) = (users.as_slice(), targets.len()) {
        out["userId"] = json!(one);
    }
    out
}

/// The roles that a request names, each once.
async fn named(tx: &mut Tx, ctx: &Ctx, roles: &[RoleRef], field: Option<&str>) -> Result<Vec<Role>> {
    let mut found: Vec<Role> = Vec::with_capacity(roles.len());
    for (i, role) in roles.iter().enumerate() {
        let at = |e: Error| match field {
            Some(field) => e.at(format!("{field}[{i}]")),
            None => e,
        };
        let space = space(tx, ctx, role.namespace.as_deref()).await.map_err(at)?;
        let role = by_code(tx, ctx, &space, &role.code).await.map_err(at)?;
        if !found.iter().any(|other| other.id == role.id) {
            found.push(role);
        }
    }
    Ok(found)
}

/// Role, kind and id of each target, each once. Codes of roles belong to the space of the role that is given.
async fn resolve(tx: &mut Tx, ctx: &Ctx, roles: &[Role], targets: &[Given]) -> Result<Vec<(String, Target, String)>> {
    let of = |kind: RoleTargetType| -> Vec<String> {
        let given = targets.iter().filter(|t| t.target_type == kind);
        given.map(|t| t.target_identifier.clone()).collect()
    };
    let users = target::hold(tx, ctx.pool(), Target::User, &of(RoleTargetType::User)).await?;
    let groups = group::by_codes(tx, ctx.pool(), &of(RoleTargetType::Group)).await?;
    let group_ids: Vec<String> = groups.iter().map(|g| g.id.clone()).collect();
    let group_ids = target::hold(tx, ctx.pool(), Target::Group, &group_ids).await?;
    let groups: HashMap<String, String> =
        groups.into_iter().filter(|g| group_ids.contains(&g.id)).map(|g| (g.code, g.id)).collect();
    let departments = target::hold(tx, ctx.pool(), Target::Department, &of(RoleTargetType::Department)).await?;
    let mut out = BTreeSet::new();
    for role in roles {
        let others = of(RoleTargetType::Role);
        let others = if others.is_empty() {
            Vec::new()
        } else {
            store::by_codes(tx, ctx.pool(), &role.namespace, &others).await?
        };
        let other_ids: Vec<String> = others.iter().map(|r| r.id.clone()).collect();
        let held = target::hold(tx, ctx.pool(), Target::Role, &other_ids).await?;
        for (i, given) in targets.iter().enumerate() {
            let name = &given.target_identifier;
            let (kind, id) = match given.target_type {
                RoleTargetType::User => (Target::User, users.iter().find(|id| *id == name).cloned()),
                RoleTargetType::Department => (Target::Department, departments.iter().find(|id| *id == name).cloned()),
                RoleTargetType::Group => (Target::Group, groups.get(name).cloned()),
                RoleTargetType::Role => {
                    let other = others.iter().find(|r| r.code == *name && held.contains(&r.id));
                    (Target::Role, other.map(|r| r.id.clone()))
                }
            };
            let id = id.ok_or_else(|| unknown(kind).at(format!("targets[{i}].targetIdentifier")))?;
            if kind == Target::Role && id == role.id {
                return Err(circle().at(format!("targets[{i}].targetIdentifier")));
            }
            out.insert((role.id.clone(), kind, id));
        }
    }
    Ok(out.into_iter().collect())
}

fn unknown(kind: Target) -> Error {
    match kind {
        Target::User => Error::new(codes::USER_NOT_FOUND),
        Target::Role => unknown_role(),
        Target::Group => Error::new(codes::NOT_FOUND).because(text!("no such group", "分组不存在")),
        Target::Department => Error::new(codes::NOT_FOUND).because(text!("no such department", "部门不存在")),
    }
}

fn circle() -> Error {
    Error::new(codes::INVALID)
        .because(text!("a role cannot be given to itself, also not through others", "角色不能直接或间接地授予自身"))
}

/// # Errors
/// 400 at `targets` when a role leads back to itself.
async fn refuse_circles(tx: &mut Tx, ctx: &Ctx, roles: &[String]) -> Result<()> {
    for role in roles {
        let next = store::below(tx, ctx.pool(), std::slice::from_ref(role), None).await?;
        if reach(tx, ctx.pool(), &next, Way::Below, None).await?.contains(role) {
            return Err(circle().at("targets"));
        }
    }
    Ok(())
}

fn time(field: &str, given: Option<i64>) -> Result<Option<Millis>> {
    match given {
        Some(n) if !(0..=MAX_TIME).contains(&n) => Err(not_a_time(field)),
        other => Ok(other.map(Millis)),
    }
}

/// A time of a request.
///
/// # Errors
/// 400 at `field` outside the years 1970 to 9999.
pub(super) fn moment(field: &str, given: i64) -> Result<Millis> {
    time(field, Some(given))?.ok_or_else(|| not_a_time(field))
}

fn not_a_time(field: &str) -> Error {
    Error::invalid(field, text!("must be milliseconds since 1970, up to the year 9999", "应为毫秒级 Unix 时间戳"))
}

/// The assignments of a role, or of every role of a permission space, whether they count now or not.
///
/// # Errors
/// 404 at `namespaceCode` or `roleCode`.
pub async fn assignments(ctx: &Ctx, query: ListRoleAssignmentsQuery) -> Result<RoleAssignments> {
    let page = page(query.page, query.limit, "")?;
    let mut tx = ctx.scan().await?;
    let in_space = |e: Error| Error::new(e.code()).because(text!("no such permission space", "权限空间不存在"));
    let space = space(&mut tx, ctx, query.namespace_code.as_deref())
        .await
        .map_err(|e| if e.code() == codes::NOT_FOUND { in_space(e).at("namespaceCode") } else { e })?;
    let roles = match &query.role_code {
        Some(code) => {
            let found = store::by_codes(&mut tx, ctx.pool(), &space.code, std::slice::from_ref(code)).await?;
            if found.is_empty() {
                return Err(unknown_role().at("roleCode"));
            }
            found
        }
        None => {
            let ids = store::ids_of_space(&mut tx, ctx.pool(), &space.code).await?;
            TABLE.get_many(&mut tx, ctx.pool(), &ids).await?
        }
    };
    let words = query.query.as_deref().map(|q| fold(q.trim())).unwrap_or_default();
    let roles: HashMap<String, Role> = roles
        .into_iter()
        .filter(|r| words.is_empty() || r.code.to_ascii_lowercase().contains(&words) || r.name_key.contains(&words))
        .map(|r| (r.id.clone(), r))
        .collect();
    let ids: Vec<String> = roles.keys().cloned().collect();
    let (total_count, rows) = store::assignments(&mut tx, ctx.pool(), &ids, &kinds(query.target_type), page).await?;
    let codes = codes_of(&mut tx, ctx, &rows).await?;
    let data = rows.into_iter().filter_map(|row| Some(show(ctx, roles.get(&row.role_id)?, row, &codes))).collect();
    Ok(RoleAssignments { total_count, data })
}

fn kinds(given: Option<Vec<AssignmentTargetType>>) -> Vec<String> {
    let all = || Target::ALL.iter().map(|t| t.as_str().to_owned()).collect();
    given.filter(|list| !list.is_empty()).map_or_else(all, |list| {
        let kind = |t: &AssignmentTargetType| match t {
            AssignmentTargetType::User => Target::User,
            AssignmentTargetType::Org => Target::Department,
        };
        list.iter().map(|t| kind(t).as_str().to_owned()).collect()
    })
}

/// The codes of the groups and roles in these assignments, by id.
async fn codes_of(tx: &mut Tx, ctx: &Ctx, rows: &[RoleAssignment]) -> Result<HashMap<String, String>> {
    let of = |kind: Target| -> Vec<String> {
        rows.iter().filter(|r| r.target_type == kind.as_str()).map(|r| r.target_id.clone()).collect()
    };
    let (groups, roles) = (of(Target::Group), of(Target::Role));
    let mut codes = HashMap::new();
    if !groups.is_empty() {
        codes.extend(group::TABLE.get_many(tx, ctx.pool(), &groups).await?.into_iter().map(|g| (g.id, g.code)));
    }
    if !roles.is_empty() {
        codes.extend(TABLE.get_many(tx, ctx.pool(), &roles).await?.into_iter().map(|r| (r.id, r.code)));
    }
    Ok(codes)
}

fn show(ctx: &Ctx, role: &Role, row: RoleAssignment, codes: &HashMap<String, String>) -> Shown {
    let now = ctx.now();
    let counts = row.enable_at.is_none_or(|at| at <= now) && row.end_at.is_none_or(|at| at > now);
    Shown {
        role_id: row.role_id,
        status: if counts && in_force(role, now) { RoleStatus::Enable } else { RoleStatus::Disable },
        enable_time: row.enable_at.map(|at| at.0),
        end_time: row.end_at.map(|at| at.0),
        user_pool_id: row.pool_id,
        role_name: role.name.clone(),
        role_code: role.code.clone(),
        description: Some(role.description.clone()),
        created_at: row.created_at.iso(),
        updated_at: row.updated_at.iso(),
        target_type: RoleTargetType::parse(&row.target_type).unwrap_or(RoleTargetType::User),
        target_identifier: codes.get(&row.target_id).cloned().unwrap_or(row.target_id),
    }
}
