//! Roles come, change and go.

use std::collections::HashMap;

use serde_json::json;
use watchword_api::role::{
    CheckRoleParamsReq, CreateAdminRoleReq, CreateRoleReq, CreateRolesBatchReq, DeleteAdminRolesReq,
    DeleteRolesOfSpacesReq, DeleteRolesReq, MillisText, NewRole, Role as Shown, RoleCheck, RoleRef, RoleStatus,
    UpdateRoleReq,
};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Field, Lang, Millis, Result, codes, text};
use watchword_store::role::{self as store, Role, TABLE};
use watchword_store::{StoreError, Tx};

use super::{MAX_BATCH, Space, assign, before_holders_change, by_code, exclusion, space, unknown, view};
use crate::ctx::Ctx;
use crate::rules;

/// Creates a role.
///
/// # Errors
/// 404 at `namespace`, 400 at the member that cannot be, 409 at a `code` or `name` that is taken.
pub async fn create(ctx: &Ctx, req: CreateRoleReq) -> Result<Shown> {
    let disable_at = time(ctx, req.disable_time)?;
    let mut tx = ctx.write().await?;
    let space = space(&mut tx, ctx, req.namespace.as_deref()).await?;
    let mut role = draw_up(ctx, &space, &req.code, req.name.as_deref(), req.description)?;
    role.disable_at = disable_at.value().copied();
    refuse_taken(&mut tx, ctx, &role, "code").await?;
    TABLE.insert(&mut tx, &role).await.map_err(|e| told(e, "code"))?;
    if let Some(excludes) = &req.excludes {
        exclude(&mut tx, ctx, &role, excludes).await?;
    }
    ctx.commit(tx, details(&role)).await?;
    Ok(view::show(role, &space, ctx.now()))
}

fn details(role: &Role) -> serde_json::Value {
    json!({ "roleId": role.id, "namespace": role.namespace, "code": role.code })
}

/// Creates roles, all or none.
///
/// # Errors
/// As [`create`], the member's path beginning with `list[i]`.
pub async fn create_batch(ctx: &Ctx, req: CreateRolesBatchReq) -> Result<()> {
    rules::count("list", req.list.len(), MAX_BATCH)?;
    let mut tx = ctx.write().await?;
    let mut spaces: HashMap<String, Space> = HashMap::new();
    let mut rows: Vec<Role> = Vec::with_capacity(req.list.len());
    for (i, item) in req.list.into_iter().enumerate() {
        let at = |e: Error| e.at(format!("list[{i}]"));
        let NewRole { code, name, description, namespace } = item;
        let asked = namespace.unwrap_or_default();
        if !spaces.contains_key(&asked) {
            spaces.insert(asked.clone(), space(&mut tx, ctx, Some(&asked)).await.map_err(at)?);
        }
        let role = draw_up(ctx, &spaces[&asked], &code, name.as_deref(), description).map_err(at)?;
        let twice = |field: &str| at(Error::invalid(field, text!("given twice", "重复")));
        for other in rows.iter().filter(|other| other.namespace == role.namespace) {
            if other.code == role.code {
                return Err(twice("code"));
            }
            if other.name_key == role.name_key {
                return Err(twice("name"));
            }
        }
        refuse_taken(&mut tx, ctx, &role, "code").await.map_err(at)?;
        rows.push(role);
    }
    TABLE.insert_many(&mut tx, &rows).await.map_err(|e| told(e, "code").at("list"))?;
    let ids: Vec<&String> = rows.iter().map(|r| &r.id).collect();
    ctx.commit(tx, json!({ "roleIds": ids })).await
}

/// Creates a role of administrators, in the permission space `system`.
///
/// # Errors
/// As [`create`].
pub async fn create_admin(ctx: &Ctx, req: CreateAdminRoleReq) -> Result<RoleCheck> {
    let mut tx = ctx.write().await?;
    let space = space(&mut tx, ctx, Some(super::space::SYSTEM)).await?;
    let mut role = draw_up(ctx, &space, &req.code, Some(&req.name), req.description)?;
    role.is_admin = true;
    refuse_taken(&mut tx, ctx, &role, "code").await?;
    TABLE.insert(&mut tx, &role).await.map_err(|e| told(e, "code"))?;
    ctx.commit(tx, details(&role)).await?;
    Ok(RoleCheck { is_valid: true, message: None, reason: None })
}

fn draw_up(ctx: &Ctx, space: &Space, code: &str, name: Option<&str>, description: Option<String>) -> Result<Role> {
    let code = rules::code("code", code)?;
    let name = match name {
        Some(name) => rules::name("name", name)?,
        None => code.clone(),
    };
    Ok(Role {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        namespace: space.code.clone(),
        code,
        name_key: fold(&name),
        name,
        description: rules::description(description)?,
        status: RoleStatus::default().as_str().into(),
        disable_at: None,
        is_admin: false,
        custom_data: "{}".into(),
        created_at: ctx.now(),
        updated_at: ctx.now(),
    })
}

fn time(ctx: &Ctx, given: Field<MillisText>) -> Result<Field<Millis>> {
    Ok(match given {
        Field::Absent => Field::Absent,
        Field::Null => Field::Null,
        Field::Value(MillisText(n)) => {
            let at = assign::moment("disableTime", n)?;
            if at <= ctx.now() {
                let detail = text!("must be later than now; use status to disable a role", "应晚于当前时间");
                return Err(Error::invalid("disableTime", detail));
            }
            Field::Value(at)
        }
    })
}

/// # Errors
/// 409 at `code` (called `field`) or `name` when another role of the space has it.
async fn refuse_taken(tx: &mut Tx, ctx: &Ctx, role: &Role, field: &str) -> Result<()> {
    let there = store::by_codes(tx, ctx.pool(), &role.namespace, std::slice::from_ref(&role.code)).await?;
    if there.iter().any(|other| other.id != role.id) {
        return Err(taken(field));
    }
    let there = store::names(tx, ctx.pool(), &role.namespace, std::slice::from_ref(&role.name_key)).await?;
    if there.iter().any(|(_, id)| *id != role.id) {
        return Err(taken("name"));
    }
    Ok(())
}

fn taken(field: &str) -> Error {
    let detail = match field {
        "name" => text!("another role of this permission space has this name", "权限空间中已存在同名角色"),
        _ => text!("another role of this permission space has this code", "权限空间中已存在该角色 code"),
    };
    Error::new(codes::CONFLICT).because(detail).at(field)
}

fn told(e: StoreError, field: &str) -> Error {
    match e.unique() {
        Some("roles_code") => taken(field),
        Some("roles_name_key") => taken("name"),
        _ => e.into(),
    }
}

/// Changes a role; what the request does not name stays.
///
/// # Errors
/// 404 at `namespace` or `code`, 409 at a `newCode` or `name` that is taken, or at `excludes` when somebody holds both.
pub async fn update(ctx: &Ctx, req: UpdateRoleReq) -> Result<()> {
    let disable_at = time(ctx, req.disable_time)?;
    let status = req.status.as_deref().map(status).transpose()?;
    let mut tx = ctx.write().await?;
    let space = space(&mut tx, ctx, req.namespace.as_deref()).await?;
    let found = by_code(&mut tx, ctx, &space, &req.code).await?;
    if req.excludes.is_some() {
        before_holders_change(&mut tx, ctx).await?;
    }
    let held = TABLE.hold(&mut tx, ctx.pool(), &found.id, "updated_at", ctx.now()).await?;
    let mut role = held.ok_or_else(|| unknown().at("code"))?;
    if let Some(code) = req.new_code {
        role.code = rules::code("newCode", &code)?;
    }
    if let Some(name) = req.name {
        role.name = rules::name("name", &name)?;
        role.name_key = fold(&role.name);
    }
    if req.description.is_some() {
        role.description = rules::description(req.description)?;
    }
    disable_at.apply(&mut role.disable_at);
    if let Some(status) = status {
        if status == RoleStatus::Enable && role.disable_at.is_some_and(|end| end <= ctx.now()) {
            let detail =
                text!("disableTime has passed; give a later one, or null", "disableTime 已过，请同时修改或置空");
            return Err(Error::invalid("status", detail));
        }
        role.status = status.as_str().into();
    }
    refuse_taken(&mut tx, ctx, &role, "newCode").await?;
    TABLE.update(&mut tx, &role).await.map_err(|e| told(e, "newCode"))?;
    if let Some(excludes) = &req.excludes {
        exclude(&mut tx, ctx, &role, excludes).await?;
    }
    ctx.commit(tx, details(&role)).await
}

fn status(given: &str) -> Result<RoleStatus> {
    let detail = || text!("must be ENABLE or DISABLE", "应为 ENABLE 或 DISABLE");
    RoleStatus::parse(&given.to_ascii_uppercase()).ok_or_else(|| Error::invalid("status", detail()))
}

/// Replaces what a role excludes.
async fn exclude(tx: &mut Tx, ctx: &Ctx, role: &Role, others: &[RoleRef]) -> Result<()> {
    if others.len() > MAX_BATCH {
        return Err(Error::invalid("excludes", text!("at most {MAX_BATCH} items", "最多 {MAX_BATCH} 项")));
    }
    let ids = exclusion::ids_of(tx, ctx, "excludes", others).await?;
    if let Some(i) = ids.iter().position(|id| *id == role.id) {
        return Err(Error::invalid(format!("excludes[{i}]"), text!("the role itself", "不能与自身互斥")));
    }
    let one = std::slice::from_ref(&role.id);
    store::exclude(tx, ctx.pool(), one, &ids).await?;
    exclusion::check_holders(tx, ctx, one).await.map_err(|e| e.at("excludes"))
}

/// Deletes roles of one permission space with their assignments, all or none.
///
/// # Errors
/// 404 at `namespace` or the first code that names none.
pub async fn delete(ctx: &Ctx, req: DeleteRolesReq) -> Result<()> {
    rules::count("codeList", req.code_list.len(), MAX_BATCH)?;
    rules::once("codeList", &req.code_list)?;
    let mut tx = ctx.write().await?;
    let space = space(&mut tx, ctx, req.namespace.as_deref()).await?;
    let mut ids = Vec::with_capacity(req.code_list.len());
    for (i, code) in req.code_list.iter().enumerate() {
        ids.push(by_code(&mut tx, ctx, &space, code).await.map_err(|_| unknown().at(format!("codeList[{i}]")))?.id);
    }
    away(ctx, tx, ids).await
}

/// Deletes roles of administrators, all or none.
///
/// # Errors
/// 404 at the first code that names none; a role of the space `system` that is not for administrators is none.
pub async fn delete_admin(ctx: &Ctx, req: DeleteAdminRolesReq) -> Result<()> {
    rules::count("codeList", req.code_list.len(), MAX_BATCH)?;
    rules::once("codeList", &req.code_list)?;
    let mut tx = ctx.write().await?;
    let found = store::by_codes(&mut tx, ctx.pool(), super::space::SYSTEM, &req.code_list).await?;
    let mut ids = Vec::with_capacity(found.len());
    for (i, code) in req.code_list.iter().enumerate() {
        let role = found.iter().find(|r| r.is_admin && r.code == *code);
        ids.push(role.ok_or_else(|| unknown().at(format!("codeList[{i}]")))?.id.clone());
    }
    away(ctx, tx, ids).await
}

/// Deletes roles of several permission spaces, all or none. The space of a role that names none is `system`.
///
/// # Errors
/// 404 at the first role that does not exist, 400 at one that is given twice.
pub async fn delete_of_spaces(ctx: &Ctx, req: DeleteRolesOfSpacesReq) -> Result<()> {
    rules::count("roleList", req.role_list.len(), MAX_BATCH)?;
    let mut tx = ctx.write().await?;
    let mut ids: Vec<String> = Vec::with_capacity(req.role_list.len());
    for (i, item) in req.role_list.iter().enumerate() {
        let at = |e: Error| e.at(format!("roleList[{i}]"));
        let code = item.namespace.as_deref().unwrap_or(super::space::SYSTEM);
        let space = space(&mut tx, ctx, Some(code)).await.map_err(at)?;
        let role = by_code(&mut tx, ctx, &space, &item.code).await.map_err(at)?;
        if ids.contains(&role.id) {
            return Err(at(Error::invalid("code", text!("given twice", "重复"))));
        }
        ids.push(role.id);
    }
    away(ctx, tx, ids).await
}

async fn away(ctx: &Ctx, mut tx: Tx, mut ids: Vec<String>) -> Result<()> {
    ids.sort_unstable();
    for id in &ids {
        let held = TABLE.hold(&mut tx, ctx.pool(), id, "updated_at", ctx.now()).await?;
        held.ok_or_else(unknown)?;
    }
    store::delete(&mut tx, ctx.pool(), &ids).await?;
    ctx.commit(tx, json!({ "roleIds": ids })).await
}

/// Deletes the roles of a permission space that goes; after it is gone.
pub(crate) async fn forget_space(tx: &mut Tx, ctx: &Ctx, space: &str) -> Result<()> {
    let ids = store::ids_of_space(tx, ctx.pool(), space).await?;
    if !ids.is_empty() {
        store::delete(tx, ctx.pool(), &ids).await?;
    }
    Ok(())
}

/// Whether a role could have this code and name.
///
/// # Errors
/// 404 at `namespace`.
pub async fn check(ctx: &Ctx, req: CheckRoleParamsReq) -> Result<RoleCheck> {
    let mut tx = ctx.read().await?;
    let space = space(&mut tx, ctx, Some(&req.namespace)).await?;
    let judged = match draw_up(ctx, &space, &req.code, req.name.as_deref(), None) {
        Ok(role) => refuse_taken(&mut tx, ctx, &role, "code").await,
        Err(e) => Err(e),
    };
    match judged {
        Ok(()) => Ok(RoleCheck { is_valid: true, message: None, reason: None }),
        Err(e) if e.code() == codes::INVALID || e.code() == codes::CONFLICT => {
            let lang: Lang = ctx.request().lang;
            Ok(RoleCheck { is_valid: false, message: Some(true), reason: Some(e.message(lang)) })
        }
        Err(e) => Err(e),
    }
}
