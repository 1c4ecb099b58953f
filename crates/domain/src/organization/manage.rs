//! What administrators do with organisations.

use serde_json::{Value, json};
use watchword_api::organization::{
    CreateOrganizationReq, DeleteOrganizationReq, Organization as Shown, UpdateOrganizationReq,
    UpdateOrganizationStatusReq,
};
use watchword_kit::{Error, Field, Result, codes, text};
use watchword_store::organization::{self as store, Organization, TABLE};
use watchword_store::{StoreError, Tx};

use super::{With, hold, one};
use crate::ctx::Ctx;
use crate::department::change::{Change, blank};
use crate::department::held_people;
use crate::department::names as rules;
use crate::group::follow::{self, Trees};
use crate::rules::no_tenant;

/// Makes an organisation of one department.
///
/// # Errors
/// 400 at the member that cannot be; 409 at `organizationCode` when it is taken; 404 at `postIdList[i]`.
pub async fn create(ctx: &Ctx, req: CreateOrganizationReq) -> Result<Shown> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    rules::no_metadata(req.metadata.as_ref())?;
    let code = rules::code("organizationCode", &req.organization_code)?;
    let change = Change {
        name: Some(rules::name("organizationName", &req.organization_name)?),
        description: req.description.map_or(Field::Absent, Field::Value),
        open_department_id: req.open_department_id.map_or(Field::Absent, Field::Value),
        i18n: req.i18n.map_or(Field::Absent, |i| Field::Value(i.organization_name)),
        i18n_path: "i18n.organizationName",
        posts: req.post_id_list,
        ..Change::default()
    };
    change.check()?;
    let mut tx = ctx.write().await?;
    let row = plant(&mut tx, ctx, code, &change).await?;
    let shown = one(&mut tx, ctx, row, With { custom_data: false, posts: true }).await?;
    let details = json!({ "organizationId": shown.department_id, "code": shown.organization_code });
    ctx.commit(tx, details).await?;
    Ok(shown)
}

/// Writes an organisation and its root.
pub(crate) async fn plant(tx: &mut Tx, ctx: &Ctx, code: String, change: &Change) -> Result<Organization> {
    let id = ctx.new_id();
    let row = Organization { pool_id: ctx.pool().to_string(), id, code, created_at: ctx.now(), updated_at: ctx.now() };
    TABLE.insert(tx, &row).await.map_err(|e| taken(e, "organizationCode"))?;
    let mut root = blank(ctx, &row.id, None);
    root.id.clone_from(&row.id);
    change.insert(tx, ctx, root).await?;
    Ok(row)
}

fn taken(e: StoreError, field: &'static str) -> Error {
    match e.unique() {
        Some("organizations_code") => {
            Error::new(codes::CONFLICT).because(text!("this code is taken", "该 code 已被占用")).at(field)
        }
        _ => e.into(),
    }
}

/// Changes an organisation and its root; what the request does not name stays.
///
/// # Errors
/// 404 at `organizationCode`, `leaderUserIds[i]`, `postIdList[i]`; 400 at the member that cannot be; 409 at
/// `organizationNewCode` or `openDepartmentId` when another has it.
pub async fn update(ctx: &Ctx, req: UpdateOrganizationReq) -> Result<Shown> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    let code = req.organization_new_code.as_deref().map(|c| rules::code("organizationNewCode", c)).transpose()?;
    let name = req.organization_name.as_deref().map(|n| rules::name("organizationName", n)).transpose()?;
    let change = Change {
        name,
        description: req.description,
        open_department_id: req.open_department_id,
        i18n: match req.i18n {
            Field::Absent => Field::Absent,
            Field::Null => Field::Null,
            Field::Value(i) => Field::Value(i.organization_name),
        },
        i18n_path: "i18n.organizationName",
        posts: req.post_id_list,
        leaders: req.leader_user_ids,
        ..Change::default()
    };
    change.check()?;
    let mut tx = ctx.write().await?;
    held_people(&mut tx, ctx, "leaderUserIds", change.leaders.as_deref().unwrap_or_default()).await?;
    let mut row = hold(&mut tx, ctx, &req.organization_code).await?;
    let old = row.code.clone();
    row.code = code.unwrap_or(row.code);
    row.updated_at = ctx.now();
    TABLE.update(&mut tx, &row).await.map_err(|e| taken(e, "organizationNewCode"))?;
    change.hold(&mut tx, ctx).await?;
    if old != row.code {
        let trees = Trees { organization: &[&old, &row.code], departments: None, members: true };
        follow::trees_changed(&mut tx, ctx, &trees).await?;
    }
    change.write(&mut tx, ctx, &row, &row.id).await?;
    let shown = one(&mut tx, ctx, row, With { custom_data: false, posts: true }).await?;
    ctx.commit(tx, json!({ "organizationId": shown.department_id, "code": shown.organization_code })).await?;
    Ok(shown)
}

/// Deletes an organisation with all its departments, memberships and assignments. The people stay.
///
/// # Errors
/// 404 at `organizationCode`.
pub async fn delete(ctx: &Ctx, req: DeleteOrganizationReq) -> Result<()> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    let mut tx = ctx.write().await?;
    let row = hold(&mut tx, ctx, &req.organization_code).await?;
    store::delete(&mut tx, ctx.pool(), &row.id).await?;
    let trees = Trees { organization: &[row.code.as_str()], departments: None, members: true };
    follow::trees_changed(&mut tx, ctx, &trees).await?;
    ctx.commit(tx, json!({ "organizationId": row.id, "code": row.code })).await
}

/// Takes an organisation into use or out of it. That marks its root; nobody leaves it, but what is given to its
/// departments reaches nobody while it is out of use.
///
/// # Errors
/// 404 at `rootNodeId`; 400 at `status`.
pub async fn set_status(ctx: &Ctx, req: UpdateOrganizationStatusReq) -> Result<()> {
    let enabled = match req.status {
        Some(Value::Bool(on)) => on,
        Some(Value::String(s)) if s.eq_ignore_ascii_case("true") => true,
        Some(Value::String(s)) if s.eq_ignore_ascii_case("false") => false,
        _ => return Err(Error::invalid("status", text!("must be true or false", "应为 true 或 false"))),
    };
    let unknown = || {
        let none = text!("no such organisation", "组织机构不存在");
        Error::new(codes::NOT_FOUND).because(none).at("rootNodeId")
    };
    let mut tx = ctx.write().await?;
    let row = store::hold(&mut tx, ctx.pool(), &req.root_node_id).await?.ok_or_else(unknown)?;
    let change = Change { enabled: Some(enabled), ..Change::default() };
    change.write(&mut tx, ctx, &row, &row.id).await?;
    ctx.commit(tx, json!({ "organizationId": row.id, "enabled": enabled })).await
}
