//! Users out to files: pages in the order of their ids, each user as an import reads it back.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};
use watchword_api::job::{ExportUsersReq, ExportedUsers};
use watchword_api::user::{DepartmentIdType, User};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::department::{Department, TABLE as DEPARTMENTS};
use watchword_store::user::TABLE;
use watchword_transfer::{Object, column};

use super::view::{self, With};
use crate::ctx::Ctx;

/// Most users of one page.
pub const MAX_PAGE: i64 = 1_000;

/// What an export writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    pub password_hashes: bool,
    /// What departments are named by.
    pub department_id_type: DepartmentIdType,
}

/// A page of users behind the id `after`, and the id behind which the next page begins.
///
/// # Errors
/// 400 at `departmentIdType` for a type of which a department may have many, 422 when one has none.
pub async fn page(
    tx: &mut Tx,
    ctx: &Ctx,
    after: &str,
    limit: i64,
    wanted: Wanted,
) -> Result<(Vec<Object>, Option<String>)> {
    let with_hashes = wanted.password_hashes;
    let name = naming(wanted.department_id_type)?;
    let rows = TABLE.after(tx, ctx.pool(), after, limit).await?;
    let next = rows.last().map(|u| u.id.clone()).filter(|_| i64::try_from(rows.len()).is_ok_and(|n| n == limit));
    let hashes: Vec<Option<String>> = rows.iter().map(|u| u.password_hash.clone().filter(|_| with_hashes)).collect();
    let with = With { custom_data: true, identities: true, department_ids: true, ..With::default() };
    let mut shown = view::users(tx, ctx, rows, with).await?;
    if let Some((kind, name)) = name {
        rename(tx, ctx, kind, name, &mut shown).await?;
    }
    let columns = column::written(with_hashes);
    let mut list = Vec::with_capacity(shown.len());
    for (user, hash) in shown.into_iter().zip(hashes) {
        let Value::Object(mut user) = serde_json::to_value(user).map_err(Error::internal)? else {
            return Err(Error::internal("a user is an object"));
        };
        user.insert("passwordHash".into(), hash.into());
        list.push(columns.iter().filter_map(|c| known(c.name, user.remove(c.name)?)).collect());
    }
    Ok((list, next))
}

type Name = fn(Department) -> Option<String>;

/// How departments are named otherwise than by their ids.
fn naming(kind: DepartmentIdType) -> Result<Option<(DepartmentIdType, Name)>> {
    match kind {
        DepartmentIdType::DepartmentId => Ok(None),
        DepartmentIdType::Code => Ok(Some((kind, |d| d.code))),
        DepartmentIdType::OpenDepartmentId => Ok(Some((kind, |d| d.open_department_id))),
        DepartmentIdType::SyncRelation | DepartmentIdType::CustomField => {
            let known = "department_id, open_department_id, code";
            Err(Error::invalid("departmentIdType", text!("one of {known}", "应为 {known} 之一")))
        }
    }
}

async fn rename(tx: &mut Tx, ctx: &Ctx, kind: DepartmentIdType, name: Name, users: &mut [User]) -> Result<()> {
    let ids: BTreeSet<&String> = users.iter().flat_map(|u| u.department_ids.iter().flatten()).collect();
    let ids: Vec<String> = ids.into_iter().cloned().collect();
    let mut names = HashMap::with_capacity(ids.len());
    for row in DEPARTMENTS.get_many(tx, ctx.pool(), &ids).await? {
        let id = row.id.clone();
        let named = name(row).ok_or_else(|| {
            let kind = kind.as_str();
            let none = text!("the department {id} has no {kind}", "部门 {id} 没有 {kind}");
            Error::new(codes::UNPROCESSABLE).because(none).at("departmentIdType")
        })?;
        names.insert(id, named);
    }
    for user in users {
        for id in user.department_ids.iter_mut().flatten().chain(&mut user.main_department_id) {
            if let Some(name) = names.get(id) {
                id.clone_from(name);
            }
        }
    }
    Ok(())
}

/// What says nothing is left out.
fn known(name: &str, value: Value) -> Option<(String, Value)> {
    let empty = match &value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    (!empty).then(|| (name.to_owned(), value))
}

/// `POST /api/v3/export-users`.
///
/// # Errors
/// 400 at `limit` or `cursor`, 400 or 422 at `departmentIdType`.
pub async fn export(ctx: &Ctx, req: ExportUsersReq) -> Result<ExportedUsers> {
    let limit = req.limit.unwrap_or(MAX_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Error::invalid("limit", text!("1 to {MAX_PAGE}", "应为 1 到 {MAX_PAGE}")));
    }
    let after = req.cursor.unwrap_or_default();
    if after.len() > 64 {
        return Err(Error::invalid("cursor", text!("not a cursor of this operation", "不是本接口返回的游标")));
    }
    let wanted = Wanted { department_id_type: req.department_id_type.unwrap_or_default(), ..Wanted::default() };
    let (list, next) = page(&mut ctx.scan().await?, ctx, &after, limit, wanted).await?;
    begin(ctx, json!({ "users": list.len(), "after": after })).await?;
    Ok(ExportedUsers { list, next })
}

/// Leaves the trail of an export.
///
/// # Errors
/// When the database cannot be written.
pub async fn begin(ctx: &Ctx, details: Value) -> Result<()> {
    let tx = ctx.write().await?;
    ctx.commit(tx, details).await
}
