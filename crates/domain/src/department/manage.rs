//! What administrators do with departments.

use serde_json::json;
use watchword_api::app::ApplicationSimpleInfo;
use watchword_api::department::{
    CreateDepartmentReq, DeleteDepartmentReq, Department as Shown, GetDepartmentAvailableAppReq,
    GetDepartmentByIdQuery, GetDepartmentQuery, GetParentDepartmentQuery, UpdateDepartmentReq,
    UpdateDepartmentStatusReq,
};
use watchword_api::user::DepartmentIdType;
use watchword_kit::{Error, Field, Result, codes, text};
use watchword_store::Tx;
use watchword_store::department::{self as store, Department, TABLE, member, tree};
use watchword_store::organization::{self as organizations, Organization};

use super::change::{Change, blank};
use super::names as rules;
use super::resolve::{self, ROOT, find, hold};
use super::view::{self, With, with};
use super::{held_people, unknown};
use crate::app::{self, access};
use crate::ctx::Ctx;
use crate::group::follow::{self, Trees};
use crate::organization;
use crate::rules::no_tenant;

/// Deepest department, the root being 0.
pub const MAX_DEPTH: usize = 64;

/// `GET /api/v3/get-department`.
///
/// # Errors
/// 400 without `departmentId` and `departmentCode`; 404; 409 when an id without organisation means several.
pub async fn get(ctx: &Ctx, query: GetDepartmentQuery) -> Result<Shown> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let mut tx = ctx.read().await?;
    let organization = match &query.organization_code {
        Some(code) => Some(organization::find(&mut tx, ctx, code).await?),
        None => None,
    };
    if organization.is_none() && query.department_id.as_deref() == Some(ROOT) {
        let which = text!("needed to say whose root", "获取根部门时必填");
        return Err(Error::invalid("organizationCode", which));
    }
    let ids = [
        ("departmentId", query.department_id, query.department_id_type),
        ("departmentCode", query.department_code, Some(DepartmentIdType::Code)),
    ];
    let mut found: Option<Department> = None;
    for (field, id, kind) in ids {
        let Some(id) = id else { continue };
        let one = resolve::one(&mut tx, ctx, organization.as_ref(), &id, kind).await.map_err(|e| e.at(field))?;
        let one = one.filter(|d| found.as_ref().is_none_or(|f| f.id == d.id));
        found = Some(one.ok_or_else(|| unknown(field))?);
    }
    let none = text!("departmentId or departmentCode is needed", "departmentId 和 departmentCode 必传其一");
    let row = found.ok_or_else(|| Error::invalid("departmentId", none))?;
    let with = With { flat_custom_data: query.flat_custom_data.unwrap_or_default(), ..with(query.with_custom_data) };
    view::one(&mut tx, ctx, row, with).await
}

/// `GET /api/v3/get-department-by-id`. Errors: 404 at `departmentId`.
pub async fn get_by_id(ctx: &Ctx, query: GetDepartmentByIdQuery) -> Result<Shown> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let mut tx = ctx.read().await?;
    let row = TABLE.get(&mut tx, ctx.pool(), &query.department_id).await?;
    view::one(&mut tx, ctx, row.ok_or_else(|| unknown("departmentId"))?, with(query.with_custom_data)).await
}

/// `GET /api/v3/get-parent-department`.
///
/// # Errors
/// 404 at `organizationCode` or `departmentId`, also for the root, which has no parent.
pub async fn get_parent(ctx: &Ctx, query: GetParentDepartmentQuery) -> Result<Shown> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let mut tx = ctx.read().await?;
    let (_, row) = find(&mut tx, ctx, &query.organization_code, &query.department_id, query.department_id_type).await?;
    let none = || Error::new(codes::NOT_FOUND).because(text!("the root has no parent", "根部门没有父部门"));
    let parent = row.parent_id.ok_or_else(|| none().at("departmentId"))?;
    let parent = TABLE.get(&mut tx, ctx.pool(), &parent).await?.ok_or_else(|| unknown("departmentId"))?;
    view::one(&mut tx, ctx, parent, with(query.with_custom_data)).await
}

/// `POST /api/v3/get-department-available-app`: the applications that rules open for the department, by naming it or
/// one above it; see [`access::of_department`].
///
/// # Errors
/// 404 at `departmentId`.
pub async fn apps(ctx: &Ctx, req: GetDepartmentAvailableAppReq) -> Result<Vec<ApplicationSimpleInfo>> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    let mut tx = ctx.read().await?;
    let row = TABLE.get(&mut tx, ctx.pool(), &req.department_id).await?.ok_or_else(|| unknown("departmentId"))?;
    let mut apps = access::of_department(&mut tx, ctx, &row.id).await?;
    if let Some(kinds) = req.app_type_list.filter(|kinds| !kinds.is_empty()) {
        apps.retain(|app| kinds.contains(&access::app_type(app)));
    }
    Ok(apps.iter().map(app::shown_simply).collect())
}

/// Makes a department below another.
///
/// # Errors
/// 404 at `organizationCode`, `parentDepartmentId` or `postIdList[i]`; 400 at the member that cannot be; 409 at `code`
/// or `openDepartmentId` when another department of the organisation has it.
pub async fn create(ctx: &Ctx, req: CreateDepartmentReq) -> Result<Shown> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    rules::no_metadata(req.metadata.as_ref())?;
    let change = Change {
        name: Some(rules::name("name", &req.name)?),
        description: req.description.map_or(Field::Absent, Field::Value),
        code: req.code.map_or(Field::Absent, Field::Value),
        open_department_id: req.open_department_id.map_or(Field::Absent, Field::Value),
        i18n: req.i18n.map_or(Field::Absent, |i| Field::Value(i.name)),
        i18n_path: "i18n.name",
        is_virtual: req.is_virtual_node,
        custom_data: req.custom_data.map_or(Field::Absent, Field::Value),
        posts: req.post_id_list,
        ..Change::default()
    };
    change.check()?;
    let mut tx = ctx.write().await?;
    let organization = organization::hold(&mut tx, ctx, &req.organization_code).await?;
    let parent = parent(&mut tx, ctx, &organization, &req.parent_department_id, req.department_id_type).await?;
    deep_enough(&mut tx, ctx, &parent, 1).await?;
    let row = change.insert(&mut tx, ctx, blank(ctx, &organization.id, Some(&parent.id))).await?;
    let details = json!({ "departmentId": row.id, "organizationId": organization.id });
    let shown = view::one(&mut tx, ctx, row, with(Some(true))).await?;
    ctx.commit(tx, details).await?;
    Ok(shown)
}

/// Changes a department; what the request does not name stays. With another parent it moves, and everything below it
/// and everybody in it with it.
///
/// # Errors
/// 404 at `organizationCode`, `departmentId`, `parentDepartmentId`, `leaderUserIds[i]` or `postIdList[i]`; 400 at the
/// member that cannot be, among them a parent below the department or in another organisation; 409 at `code`.
pub async fn update(ctx: &Ctx, req: UpdateDepartmentReq) -> Result<Shown> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    rules::no_metadata(req.metadata.as_ref())?;
    let change = Change {
        name: req.name.as_deref().map(|n| rules::name("name", n)).transpose()?,
        description: req.description,
        code: req.code,
        i18n: match req.i18n {
            Field::Absent => Field::Absent,
            Field::Null => Field::Null,
            Field::Value(i) => Field::Value(i.name),
        },
        i18n_path: "i18n.name",
        enabled: req.status,
        custom_data: req.custom_data,
        posts: req.post_id_list,
        leaders: req.leader_user_ids,
        ..Change::default()
    };
    change.check()?;
    let mut tx = ctx.write().await?;
    held_people(&mut tx, ctx, "leaderUserIds", change.leaders.as_deref().unwrap_or_default()).await?;
    let kind = req.department_id_type;
    let (organization, row) = hold(&mut tx, ctx, &req.organization_code, &req.department_id, kind).await?;
    change.hold(&mut tx, ctx).await?;
    if let Some(id) = &req.parent_department_id {
        let parent = parent(&mut tx, ctx, &organization, id, kind).await?;
        relocate(&mut tx, ctx, &organization, &row, &parent).await?;
    }
    let row = change.write(&mut tx, ctx, &organization, &row.id).await?;
    let details = json!({ "departmentId": row.id, "organizationId": organization.id, "parentId": row.parent_id });
    let shown = view::one(&mut tx, ctx, row, with(Some(true))).await?;
    ctx.commit(tx, details).await?;
    Ok(shown)
}

async fn parent(
    tx: &mut Tx,
    ctx: &Ctx,
    organization: &Organization,
    id: &str,
    kind: Option<DepartmentIdType>,
) -> Result<Department> {
    const FIELD: &str = "parentDepartmentId";
    if let Some(found) = resolve::one(tx, ctx, Some(organization), id, kind).await.map_err(|e| e.at(FIELD))? {
        return Ok(found);
    }
    let elsewhere = id != ROOT && matches!(resolve::one(tx, ctx, None, id, kind).await, Ok(Some(_)));
    if elsewhere {
        // Codes and the callers' ids are unique within a tree, and rights may follow from it.
        let other = text!(
            "a department of another organisation; a department stays in its own",
            "该部门属于其他组织机构；部门不能移动到其他组织机构"
        );
        return Err(Error::invalid(FIELD, other));
    }
    Err(unknown(FIELD))
}

async fn relocate(
    tx: &mut Tx,
    ctx: &Ctx,
    organization: &Organization,
    row: &Department,
    parent: &Department,
) -> Result<()> {
    let refuse = |why| Err(Error::invalid("parentDepartmentId", why));
    if row.parent_id.as_ref() == Some(&parent.id) {
        return Ok(());
    }
    if row.parent_id.is_none() {
        return refuse(text!("the root cannot be moved", "根部门不能移动"));
    }
    let mut path = tree::above(tx, ctx.pool(), &parent.id).await?;
    path.push(parent.id.clone());
    if path.contains(&row.id) {
        return refuse(text!("is the department itself or below it", "不能移动到自身或其下级部门"));
    }
    let height = tree::height(tx, ctx.pool(), &row.id).await?;
    deep_enough(tx, ctx, parent, usize::try_from(height).unwrap_or(MAX_DEPTH) + 1).await?;
    let elsewhere = tree::relocate(tx, ctx.pool(), &row.id, &parent.id, ctx.now()).await?;
    let elsewhere = TABLE.get_many(tx, ctx.pool(), &elsewhere).await?;
    let organization = &[organization.code.as_str()];
    follow::trees_changed(tx, ctx, &Trees { organization, departments: Some(&elsewhere), members: false }).await
}

/// # Errors
/// 400 at `parentDepartmentId` when `more` levels below the parent are too many.
async fn deep_enough(tx: &mut Tx, ctx: &Ctx, parent: &Department, more: usize) -> Result<()> {
    let depth = tree::above(tx, ctx.pool(), &parent.id).await?.len();
    if depth + more > MAX_DEPTH {
        let deep = text!("deeper than {MAX_DEPTH} levels", "部门层级超过 {MAX_DEPTH} 层");
        return Err(Error::invalid("parentDepartmentId", deep));
    }
    Ok(())
}

/// Deletes a department. Its members leave it; roles, posts and relations given to it are taken away.
///
/// # Errors
/// 404; 422 at `departmentId` when there are departments below it, or it is the root.
pub async fn delete(ctx: &Ctx, req: DeleteDepartmentReq) -> Result<()> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    let mut tx = ctx.write().await?;
    let kind = req.department_id_type;
    let (organization, row) = hold(&mut tx, ctx, &req.organization_code, &req.department_id, kind).await?;
    let refuse = |why| Err(Error::new(codes::UNPROCESSABLE).because(why).at("departmentId"));
    if row.parent_id.is_none() {
        return refuse(text!(
            "the root goes with its organisation: delete-organization",
            "根部门请通过删除组织机构删除"
        ));
    }
    if !tree::parents(&mut tx, ctx.pool(), std::slice::from_ref(&row.id)).await?.is_empty() {
        return refuse(text!("delete or move the departments below it first", "请先删除或移走其下级部门"));
    }
    let mut left = tree::above(&mut tx, ctx.pool(), &row.id).await?;
    left.push(row.id.clone());
    let left = TABLE.get_many(&mut tx, ctx.pool(), &left).await?;
    member::dissolve(&mut tx, ctx.pool(), &row.id).await?;
    store::delete(&mut tx, ctx.pool(), &row.id).await?;
    let code = &[organization.code.as_str()];
    let trees = Trees { organization: code, departments: Some(&left), members: true };
    follow::trees_changed(&mut tx, ctx, &trees).await?;
    ctx.commit(tx, json!({ "departmentId": row.id, "organizationId": organization.id })).await
}

/// Takes a department into use or out of it. Nobody leaves it, and rules of groups find the people in it as before; but
/// roles and applications that were given to it, or to one below it, reach nobody while it is out of use. What is given
/// to those above it still reaches its people, and rules that deny an application stay in force.
///
/// # Errors
/// 404 at `departmentId`.
pub async fn set_status(ctx: &Ctx, req: UpdateDepartmentStatusReq) -> Result<Shown> {
    let mut tx = ctx.write().await?;
    let row = TABLE.get(&mut tx, ctx.pool(), &req.department_id).await?.ok_or_else(|| unknown("departmentId"))?;
    let held = organizations::hold(&mut tx, ctx.pool(), &row.organization_id).await?;
    let organization = held.ok_or_else(|| unknown("departmentId"))?;
    let change = Change { enabled: Some(req.status), ..Change::default() };
    let row = change.write(&mut tx, ctx, &organization, &row.id).await?;
    let details = json!({ "departmentId": row.id, "enabled": row.enabled });
    let shown = view::one(&mut tx, ctx, row, with(None)).await?;
    ctx.commit(tx, details).await?;
    Ok(shown)
}
