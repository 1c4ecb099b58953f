//! Who is in a department: joining, leaving, lists and searches of members.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use watchword_api::common::Page;
use watchword_api::department::{
    DepartmentMembersReq, IsUserInDepartmentQuery, ListDepartmentMemberIdsQuery, ListDepartmentMembersQuery,
    MemberSortBy, SearchDepartmentMembersQuery, SortDirection,
};
use watchword_api::user::{DepartmentIdType, User};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::department::Department;
use watchword_store::department::member::{self as store, Member, Order};
use watchword_store::user::TABLE as USERS;
use watchword_store::{organization as organizations, user};

use super::resolve::{find, hold};
use super::{MAX_MEMBERS, held_people, unknown};
use crate::ctx::Ctx;
use crate::group::follow;
use crate::rules::no_tenant;
use crate::user::search::{members, page};
use crate::user::view::{self, With};

/// Puts users into a department, all or none. Who is in it stays as he is.
///
/// # Errors
/// 404 at `organizationCode`, `departmentId` or `userIds[i]`; 400 at `userIds`.
pub async fn add(ctx: &Ctx, req: DepartmentMembersReq) -> Result<()> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    bounded(&req.user_ids)?;
    let mut tx = ctx.write().await?;
    let users = held_people(&mut tx, ctx, "userIds", &req.user_ids).await?;
    let (_, row) = hold(&mut tx, ctx, &req.organization_code, &req.department_id, req.department_id_type).await?;
    let added = join(&mut tx, ctx, &row, &users).await?;
    ctx.commit(tx, details(&row, &users, "added", added)).await
}

/// Takes users out of a department, all or none. Who is not in it stays so.
///
/// # Errors
/// As [`add`].
pub async fn remove(ctx: &Ctx, req: DepartmentMembersReq) -> Result<()> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    bounded(&req.user_ids)?;
    let mut tx = ctx.write().await?;
    let users = held_people(&mut tx, ctx, "userIds", &req.user_ids).await?;
    let (_, row) = hold(&mut tx, ctx, &req.organization_code, &req.department_id, req.department_id_type).await?;
    let removed = store::remove(&mut tx, ctx.pool(), std::slice::from_ref(&row.id), &users).await?;
    if removed > 0 {
        store::refresh(&mut tx, ctx.pool(), &users, std::slice::from_ref(&row.organization_id)).await?;
        follow::changed(&mut tx, ctx, &users).await?;
    }
    ctx.commit(tx, details(&row, &users, "removed", removed)).await
}

fn details(row: &Department, users: &[String], what: &str, how_many: u64) -> serde_json::Value {
    match users {
        [one] => json!({ "userId": one, "departmentId": row.id, what: how_many }),
        many => json!({ "userIds": many, "departmentId": row.id, what: how_many }),
    }
}

fn bounded(ids: &[String]) -> Result<()> {
    if (1..=MAX_MEMBERS).contains(&ids.len()) {
        return Ok(());
    }
    let bounds = text!("must have 1 to {MAX_MEMBERS} items", "应有 1 到 {MAX_MEMBERS} 项");
    Err(Error::invalid("userIds", bounds))
}

/// Puts users, who are held, into a department, whose organisation is; answers how many were not in it. The number of
/// statements does not depend on that of the users.
pub(crate) async fn join(tx: &mut Tx, ctx: &Ctx, department: &Department, users: &[String]) -> Result<u64> {
    let pairs: Vec<(String, Vec<String>)> = users.iter().map(|u| (u.clone(), vec![department.id.clone()])).collect();
    let there = store::of_users(tx, ctx.pool(), users).await?;
    let added = enlist(tx, ctx, &pairs, &there, std::slice::from_ref(&department.organization_id)).await?;
    if added > 0 {
        follow::changed(tx, ctx, users).await?;
    }
    Ok(added)
}

/// Writes what is new of the memberships wanted, `there` being all that these users have. The rules of groups are to
/// be followed afterwards.
pub(crate) async fn enlist(
    tx: &mut Tx,
    ctx: &Ctx,
    wanted: &[(String, Vec<String>)],
    there: &[Member],
    organizations: &[String],
) -> Result<u64> {
    let has: HashSet<(&str, &str)> = there.iter().map(|m| (m.user_id.as_str(), m.department_id.as_str())).collect();
    let mut main: HashSet<&str> = there.iter().filter(|m| m.is_main).map(|m| m.user_id.as_str()).collect();
    let mut rows = Vec::new();
    let mut new = HashSet::new();
    for (user, departments) in wanted {
        for department in departments {
            if has.contains(&(user.as_str(), department.as_str())) || !new.insert((user, department)) {
                continue;
            }
            rows.push(Member {
                pool_id: ctx.pool().to_string(),
                department_id: department.clone(),
                user_id: user.clone(),
                is_leader: false,
                is_main: main.insert(user),
                joined_at: ctx.now(),
            });
        }
    }
    if rows.is_empty() {
        return Ok(0);
    }
    store::put(tx, &rows).await?;
    let users: HashSet<String> = rows.iter().map(|r| r.user_id.clone()).collect();
    let users: Vec<String> = users.into_iter().collect();
    store::refresh(tx, ctx.pool(), &users, organizations).await?;
    Ok(rows.len() as u64)
}

/// Departments that new users are to join.
pub(crate) struct Places {
    /// As many lists as users.
    wanted: Vec<Vec<String>>,
    organizations: Vec<String>,
}

/// Looks up what `departmentIds` of new users mean.
///
/// # Errors
/// With the index of the user: 404 at `departmentIds[i]` for no department, 409 for several, 400 for too many or one
/// named twice.
pub(crate) async fn places(
    ctx: &Ctx,
    given: &[Option<Vec<String>>],
    kind: DepartmentIdType,
) -> std::result::Result<Option<Places>, (usize, Error)> {
    const FIELD: &str = "departmentIds";
    let flat: Vec<(usize, usize, String)> = given
        .iter()
        .enumerate()
        .flat_map(|(u, ids)| ids.iter().flatten().enumerate().map(move |(i, id)| (u, i, id.clone())))
        .collect();
    let Some((first, ..)) = flat.first() else { return Ok(None) };
    if !ctx.may(crate::Permission::DepartmentWriteMembers) {
        return Err((*first, Error::new(codes::FORBIDDEN).at(FIELD)));
    }
    if let Some((u, ..)) = flat.iter().find(|(_, i, _)| *i >= super::of_user::MAX_DEPARTMENTS) {
        let max = super::of_user::MAX_DEPARTMENTS;
        return Err((*u, Error::invalid(FIELD, text!("at most {max} items", "最多 {max} 项"))));
    }
    let mut distinct: Vec<String> = flat.iter().map(|(_, _, id)| id.clone()).collect();
    distinct.sort();
    distinct.dedup();
    let mut places = Places { wanted: vec![Vec::new(); given.len()], organizations: Vec::new() };
    let mut known: HashMap<&String, Option<Department>> = HashMap::new();
    let found = async {
        let mut tx = ctx.read().await?;
        super::resolve_many(&mut tx, ctx.pool(), None, &distinct, kind).await
    };
    match found.await {
        Ok(rows) => known.extend(distinct.iter().zip(rows)),
        Err(e) => return Err((*first, if e.code() == codes::CONFLICT { Error::new(e.code()).at(FIELD) } else { e })),
    }
    for (u, i, id) in &flat {
        let Some(Some(row)) = known.get(id) else { return Err((*u, unknown(&format!("{FIELD}[{i}]")))) };
        if places.wanted[*u].contains(&row.id) {
            return Err((*u, Error::invalid(format!("{FIELD}[{i}]"), text!("given twice", "重复"))));
        }
        places.wanted[*u].push(row.id.clone());
        places.organizations.push(row.organization_id.clone());
    }
    Ok(Some(places))
}

/// Holds organisations until the unit ends; answers whether these are there, and so are these of their departments,
/// each of which is named once.
pub(crate) async fn stand(tx: &mut Tx, ctx: &Ctx, departments: &[String], organizations: &[String]) -> Result<bool> {
    let held = organizations::hold_many(tx, ctx.pool(), organizations).await?;
    let there = watchword_store::department::codes(tx, ctx.pool(), departments).await?;
    Ok(held && there.len() == departments.len())
}

impl Places {
    /// Puts the users, who are new and in the order of the request, into their departments.
    ///
    /// # Errors
    /// 409 when a department was deleted since it was looked up.
    pub(crate) async fn fill(&self, tx: &mut Tx, ctx: &Ctx, users: &[String]) -> Result<()> {
        let all: HashSet<&String> = self.wanted.iter().flatten().collect();
        let all: Vec<String> = all.into_iter().cloned().collect();
        if !stand(tx, ctx, &all, &self.organizations).await? {
            let gone = text!("a department was deleted at the same moment", "部门刚刚被删除");
            return Err(Error::new(codes::CONFLICT).because(gone).at("departmentIds"));
        }
        let wanted: Vec<(String, Vec<String>)> = users.iter().cloned().zip(self.wanted.clone()).collect();
        enlist(tx, ctx, &wanted, &[], &self.organizations).await.map(drop)
    }
}

/// `GET /api/v3/list-department-members`.
///
/// # Errors
/// 404 at `organizationCode` or `departmentId`; 400 at `page` or `limit`.
pub async fn list(ctx: &Ctx, query: ListDepartmentMembersQuery) -> Result<Page<User>> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let asked = page(query.page, query.limit, "")?;
    let mut tx = ctx.scan().await?;
    let kind = query.department_id_type;
    let (_, row) = find(&mut tx, ctx, &query.organization_code, &query.department_id, kind).await?;
    let order = Order {
        by_joining: query.sort_by.unwrap_or_default() == MemberSortBy::JoinDepartmentAt,
        descending: query.order_by.unwrap_or_default() == SortDirection::Desc,
    };
    let tree = query.include_children_departments.unwrap_or_default();
    let (total_count, ids) = store::page(&mut tx, ctx.pool(), &row.id, tree, order, asked).await?;
    let rows = USERS.get_many(&mut tx, ctx.pool(), &ids).await?;
    let mut rows: HashMap<String, user::User> = rows.into_iter().map(|u| (u.id.clone(), u)).collect();
    let rows = ids.iter().filter_map(|id| rows.remove(id)).collect();
    let with = with(query.with_custom_data, query.with_identities, query.with_department_ids);
    Ok(Page { total_count, list: view::users(&mut tx, ctx, rows, with).await? })
}

fn with(custom_data: Option<bool>, identities: Option<bool>, department_ids: Option<bool>) -> With {
    With {
        custom_data: custom_data.unwrap_or_default(),
        identities: identities.unwrap_or_default(),
        department_ids: department_ids.unwrap_or_default(),
        ..With::default()
    }
}

/// `GET /api/v3/list-department-member-ids`: everybody directly in the department, by the time of joining.
///
/// # Errors
/// 404 at `organizationCode` or `departmentId`.
pub async fn ids(ctx: &Ctx, query: ListDepartmentMemberIdsQuery) -> Result<Vec<String>> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let mut tx = ctx.scan().await?;
    let kind = query.department_id_type;
    let (_, row) = find(&mut tx, ctx, &query.organization_code, &query.department_id, kind).await?;
    Ok(store::ids(&mut tx, ctx.pool(), &row.id).await?)
}

/// `GET /api/v3/search-department-members`: the newest account first.
///
/// # Errors
/// 404 at `organizationCode` or `departmentId`; 400 at `keywords`, `page` or `limit`.
pub async fn search(ctx: &Ctx, query: SearchDepartmentMembersQuery) -> Result<Page<User>> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let asked = page(query.page, query.limit, "")?;
    let mut tx = ctx.scan().await?;
    let kind = query.department_id_type;
    let (_, row) = find(&mut tx, ctx, &query.organization_code, &query.department_id, kind).await?;
    let tree = query.include_children_departments.unwrap_or_default();
    let with = with(query.with_custom_data, query.with_identities, query.with_department_ids);
    members(&mut tx, ctx, &row.id, tree, &query.keywords, asked, with).await
}

/// `GET /api/v3/is-user-in-department`.
///
/// # Errors
/// 404/2004 at `userId`; 404 at `organizationCode` or `departmentId`.
pub async fn is_in(ctx: &Ctx, query: IsUserInDepartmentQuery) -> Result<bool> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let mut tx = ctx.read().await?;
    let kind = query.department_id_type;
    let (_, row) = find(&mut tx, ctx, &query.organization_code, &query.department_id, kind).await?;
    let tree = query.include_children_departments.unwrap_or_default();
    if store::is_in(&mut tx, ctx.pool(), &row.id, &query.user_id, tree).await? {
        return Ok(true);
    }
    crate::user::by_id(&mut tx, ctx.pool(), &query.user_id).await.map(|_| false).map_err(|e| e.at("userId"))
}
