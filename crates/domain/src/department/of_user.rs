//! In which departments a user is.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use serde_json::json;
use watchword_api::common::Page;
use watchword_api::department::{
    DepartmentI18n, GetUserDepartmentsQuery, SetUserDepartmentsReq, SortDirection, UserDepartment, UserDepartmentSortBy,
};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::department::member::{self as store, Member};
use watchword_store::department::{Department, TABLE, tree};
use watchword_store::organization as organizations;

use super::view::{codes as organization_codes, fields, i18n};
use super::{held_people, unknown};
use crate::ctx::Ctx;
use crate::group::follow;
use crate::user::resolve;
use crate::user::search;

/// Most departments that one request names for a user.
pub const MAX_DEPARTMENTS: usize = 50;

/// `GET /api/v3/get-user-departments`.
///
/// # Errors
/// 404/2004 at `userId`; 400 at `page` or `limit`.
pub async fn get(ctx: &Ctx, query: GetUserDepartmentsQuery) -> Result<Page<UserDepartment>> {
    let asked = search::page(query.page, query.limit, "")?;
    let mut tx = ctx.read().await?;
    let kind = query.user_id_type.unwrap_or_default();
    let user = resolve(&mut tx, ctx, ctx.pool(), &query.user_id, kind).await.map_err(|e| e.at("userId"))?;
    let members = store::of_users(&mut tx, ctx.pool(), &[user.id]).await?;
    let ids: Vec<String> = members.iter().map(|m| m.department_id.clone()).collect();
    let departments = TABLE.get_many(&mut tx, ctx.pool(), &ids).await?;
    let mut departments: HashMap<String, Department> = departments.into_iter().map(|d| (d.id.clone(), d)).collect();
    let mut rows: Vec<(Member, Department)> =
        members.into_iter().filter_map(|m| departments.remove(&m.department_id).map(|d| (m, d))).collect();
    let (by, direction) = (query.sort_by.unwrap_or_default(), query.order_by.unwrap_or_default());
    rows.sort_by(|a, b| match direction {
        SortDirection::Asc => compare(by, a, b),
        SortDirection::Desc => compare(by, b, a),
    });
    let total_count = i64::try_from(rows.len()).map_err(Error::internal)?;
    let skipped = usize::try_from(asked.offset).unwrap_or(usize::MAX);
    let taken = usize::try_from(asked.limit).unwrap_or_default();
    let rows: Vec<(Member, Department)> = rows.into_iter().skip(skipped).take(taken).collect();
    let paths = query.with_department_paths.unwrap_or_default();
    let list = show(&mut tx, ctx, rows, query.with_custom_data.unwrap_or_default(), paths).await?;
    Ok(Page { total_count, list })
}

/// Departments without a code come first, as an empty one would.
fn compare(by: UserDepartmentSortBy, a: &(Member, Department), b: &(Member, Department)) -> Ordering {
    let first = match by {
        UserDepartmentSortBy::DepartmentCreatedAt => a.1.created_at.cmp(&b.1.created_at),
        UserDepartmentSortBy::JoinDepartmentAt => a.0.joined_at.cmp(&b.0.joined_at),
        UserDepartmentSortBy::DepartmentName => a.1.name_key.cmp(&b.1.name_key),
        UserDepartmentSortBy::DepartmentCode => a.1.code.cmp(&b.1.code),
    };
    first.then_with(|| a.1.id.cmp(&b.1.id))
}

/// The departments from the root to one: ids, codes, names.
type Path = (Vec<String>, Vec<String>, Vec<String>);

async fn show(
    tx: &mut Tx,
    ctx: &Ctx,
    rows: Vec<(Member, Department)>,
    with_custom_data: bool,
    with_paths: bool,
) -> Result<Vec<UserDepartment>> {
    let departments: Vec<Department> = rows.iter().map(|(_, d)| d.clone()).collect();
    let codes = organization_codes(tx, ctx, &departments).await?;
    let mut paths = if with_paths { paths(tx, ctx, &departments).await? } else { HashMap::new() };
    let fields = fields(tx, ctx, with_custom_data).await?;
    let mut shown = Vec::with_capacity(rows.len());
    for (member, row) in rows {
        let (ids, names_of_codes, names) = paths.remove(&row.id).unwrap_or_default();
        shown.push(UserDepartment {
            organization_code: codes.get(&row.organization_id).cloned().unwrap_or_default(),
            is_root: row.parent_id.is_none(),
            created_at: row.created_at.iso(),
            name: row.name,
            description: row.description,
            open_department_id: row.open_department_id,
            is_leader: member.is_leader,
            code: row.code,
            is_main_department: member.is_main,
            joined_at: member.joined_at.iso(),
            is_virtual_node: row.is_virtual,
            i18n: i18n(row.i18n.as_deref())?.map(|name| DepartmentI18n { name }),
            custom_data: if with_custom_data { Some(fields.shown(ctx, &row.id, &row.custom_data)?) } else { None },
            department_id_path: with_paths.then_some(ids),
            department_code_path: with_paths.then_some(names_of_codes),
            department_name_path: with_paths.then_some(names),
            department_id: row.id,
        });
    }
    Ok(shown)
}

async fn paths(tx: &mut Tx, ctx: &Ctx, departments: &[Department]) -> Result<HashMap<String, Path>> {
    let ids: Vec<String> = departments.iter().map(|d| d.id.clone()).collect();
    let links = tree::paths(tx, ctx.pool(), &ids).await?;
    let nodes: HashSet<String> = links.iter().map(|l| l.1.clone()).collect();
    let nodes = TABLE.get_many(tx, ctx.pool(), &nodes.into_iter().collect::<Vec<_>>()).await?;
    let nodes: HashMap<String, Department> = nodes.into_iter().map(|d| (d.id.clone(), d)).collect();
    let mut paths: HashMap<String, Path> = HashMap::new();
    for (id, above, _) in links {
        let Some(node) = nodes.get(&above) else { continue };
        let path = paths.entry(id).or_default();
        path.0.push(above);
        path.1.push(node.code.clone().unwrap_or_default());
        path.2.push(node.name.clone());
    }
    Ok(paths)
}

/// `POST /api/v3/set-user-departments`: afterwards the user is in these departments and in no others. Who stays in one
/// keeps the time of joining.
///
/// # Errors
/// 404/2004 at `userId`; 404 at `departments[i].departmentId`; 400 for one named twice, or two main ones.
pub async fn set(ctx: &Ctx, req: SetUserDepartmentsReq) -> Result<()> {
    check(&req)?;
    let kind = req.options.and_then(|o| o.user_id_type).unwrap_or_default();
    let mut tx = ctx.write().await?;
    let user = resolve(&mut tx, ctx, ctx.pool(), &req.user_id, kind).await.map_err(|e| e.at("userId"))?;
    let users = [user.id.clone()];
    // Somebody may have deleted the user since: then there is nobody to hold.
    held_people(&mut tx, ctx, "userId", &users).await.map_err(|_| Error::new(codes::USER_NOT_FOUND).at("userId"))?;
    let ids: Vec<String> = req.departments.iter().map(|d| d.department_id.clone()).collect();
    let mut trees = organizations::of_users(&mut tx, ctx.pool(), &users).await?;
    trees.extend(named(&mut tx, ctx, &ids).await?.into_iter().map(|d| d.organization_id));
    organizations::hold_many(&mut tx, ctx.pool(), &trees).await?;
    named(&mut tx, ctx, &ids).await?;

    let had = store::of_users(&mut tx, ctx.pool(), &users).await?;
    let gone: Vec<String> = had.iter().map(|m| m.department_id.clone()).filter(|id| !ids.contains(id)).collect();
    let had: HashMap<&str, &Member> = had.iter().map(|m| (m.department_id.as_str(), m)).collect();
    let main = main(&req.departments, &had);
    let rows: Vec<Member> = req
        .departments
        .iter()
        .map(|wish| {
            let old = had.get(wish.department_id.as_str());
            Member {
                pool_id: ctx.pool().to_string(),
                department_id: wish.department_id.clone(),
                user_id: user.id.clone(),
                is_leader: wish.is_leader.unwrap_or(old.is_some_and(|m| m.is_leader)),
                is_main: main == Some(wish.department_id.as_str()),
                joined_at: old.map_or(ctx.now(), |m| m.joined_at),
            }
        })
        .collect();
    if !gone.is_empty() {
        store::remove(&mut tx, ctx.pool(), &gone, &users).await?;
    }
    store::put(&mut tx, &rows).await?;
    store::refresh(&mut tx, ctx.pool(), &users, &trees).await?;
    follow::changed(&mut tx, ctx, &users).await?;
    ctx.commit(tx, json!({ "userId": user.id, "departmentIds": ids, "left": gone })).await
}

fn check(req: &SetUserDepartmentsReq) -> Result<()> {
    if !(1..=MAX_DEPARTMENTS).contains(&req.departments.len()) {
        let bounds = text!("must have 1 to {MAX_DEPARTMENTS} items", "应有 1 到 {MAX_DEPARTMENTS} 项");
        return Err(Error::invalid("departments", bounds));
    }
    let (mut seen, mut main) = (HashSet::new(), false);
    for (i, wish) in req.departments.iter().enumerate() {
        if !seen.insert(&wish.department_id) {
            return Err(Error::invalid(format!("departments[{i}].departmentId"), text!("given twice", "重复")));
        }
        if wish.is_main_department == Some(true) && std::mem::replace(&mut main, true) {
            let one = text!("only one department is the main one", "主部门只能有一个");
            return Err(Error::invalid(format!("departments[{i}].isMainDepartment"), one));
        }
    }
    Ok(())
}

/// The departments with these ids.
async fn named(tx: &mut Tx, ctx: &Ctx, ids: &[String]) -> Result<Vec<Department>> {
    let found = TABLE.get_many(tx, ctx.pool(), ids).await?;
    match ids.iter().position(|id| !found.iter().any(|d| d.id == *id)) {
        Some(i) => Err(unknown(&format!("departments[{i}].departmentId"))),
        None => Ok(found),
    }
}

/// The one that the request says, else the one that it was, else the first that the user joins.
fn main<'a>(
    wishes: &'a [watchword_api::department::SetUserDepartment],
    had: &HashMap<&str, &Member>,
) -> Option<&'a str> {
    let old = |id: &str| had.get(id);
    let open = || wishes.iter().filter(|w| w.is_main_department.is_none());
    let said = wishes.iter().find(|w| w.is_main_department == Some(true));
    let stays = || open().find(|w| old(&w.department_id).is_some_and(|m| m.is_main));
    let kept_elsewhere = || wishes.iter().any(|w| old(&w.department_id).is_some_and(|m| m.is_main));
    let joined = || open().find(|w| old(&w.department_id).is_none()).filter(|_| !kept_elsewhere());
    said.or_else(stays).or_else(joined).map(|w| w.department_id.as_str())
}
