//! Which department is meant.

use std::collections::HashMap;

use watchword_api::user::DepartmentIdType;
use watchword_kit::{Error, PoolId, Result, codes, text};
use watchword_store::Tx;
use watchword_store::department::{self as store, Department, TABLE};
use watchword_store::organization::Organization;

use super::unknown;
use crate::ctx::Ctx;
use crate::organization;
use crate::user::custom;

/// Names the root of an organisation, whatever the type of the id.
pub const ROOT: &str = "root";

/// Longest id that is looked up, in bytes; nothing stored is longer.
const MAX_ID: usize = 2048;

/// The department of an organisation that `id` names in the way `kind` says.
///
/// # Errors
/// 404 at `organizationCode` or `departmentId`; 409 at `departmentId` when several share the custom field's value.
pub async fn find(
    tx: &mut Tx,
    ctx: &Ctx,
    code: &str,
    id: &str,
    kind: Option<DepartmentIdType>,
) -> Result<(Organization, Department)> {
    let organization = organization::find(tx, ctx, code).await?;
    let found = one(tx, ctx, Some(&organization), id, kind).await.map_err(|e| e.at("departmentId"))?;
    Ok((organization, found.ok_or_else(|| unknown("departmentId"))?))
}

/// As [`find`], the organisation being held until the unit ends.
///
/// # Errors
/// As [`find`].
pub async fn hold(
    tx: &mut Tx,
    ctx: &Ctx,
    code: &str,
    id: &str,
    kind: Option<DepartmentIdType>,
) -> Result<(Organization, Department)> {
    let organization = organization::hold(tx, ctx, code).await?;
    let found = one(tx, ctx, Some(&organization), id, kind).await.map_err(|e| e.at("departmentId"))?;
    Ok((organization, found.ok_or_else(|| unknown("departmentId"))?))
}

/// The department that one id names, in an organisation or, without it, anywhere in the pool.
///
/// # Errors
/// 409 when it names several.
pub async fn one(
    tx: &mut Tx,
    ctx: &Ctx,
    organization: Option<&Organization>,
    id: &str,
    kind: Option<DepartmentIdType>,
) -> Result<Option<Department>> {
    let ids = [id.to_owned()];
    let found = resolve_many(tx, ctx.pool(), organization, &ids, kind.unwrap_or_default()).await?;
    Ok(found.into_iter().next().flatten())
}

/// The departments that these ids name, in their order; one or two statements however many there are.
///
/// # Errors
/// 409, at `[i]` of several, when an id names more than one department.
pub async fn resolve_many(
    tx: &mut Tx,
    pool: &PoolId,
    organization: Option<&Organization>,
    ids: &[String],
    kind: DepartmentIdType,
) -> Result<Vec<Option<Department>>> {
    let mut named = Vec::with_capacity(ids.len());
    for (i, found) in resolve_each(tx, pool, organization, ids, kind).await?.into_iter().enumerate() {
        let one = only(found);
        named.push(if ids.len() > 1 { one.map_err(|e| e.at(format!("[{i}]"))) } else { one }?);
    }
    Ok(named)
}

/// The one that an id names.
///
/// # Errors
/// 409 when there are several.
pub fn only(mut named: Vec<Department>) -> Result<Option<Department>> {
    if named.len() > 1 {
        let several = text!("more than one department has this value", "有多个部门匹配该值");
        return Err(Error::new(codes::CONFLICT).because(several));
    }
    Ok(named.pop())
}

/// All that each of these ids names, in their order; [`only`] says whether that is one.
///
/// # Errors
/// When the database cannot be read.
pub async fn resolve_each(
    tx: &mut Tx,
    pool: &PoolId,
    organization: Option<&Organization>,
    ids: &[String],
    kind: DepartmentIdType,
) -> Result<Vec<Vec<Department>>> {
    // What each id stands for in the column, and the rows that have it.
    let (keys, rows) = match kind {
        DepartmentIdType::DepartmentId => keyed(tx, pool, ids, "id", |d| Some(d.id.clone())).await?,
        DepartmentIdType::Code => keyed(tx, pool, ids, "code", |d| d.code.clone()).await?,
        DepartmentIdType::OpenDepartmentId => {
            keyed(tx, pool, ids, "open_department_id", |d| d.open_department_id.clone()).await?
        }
        DepartmentIdType::SyncRelation | DepartmentIdType::CustomField => pairs(tx, pool, ids, kind).await?,
    };
    let mut found: HashMap<String, Vec<Department>> = HashMap::new();
    for (key, row) in rows {
        if organization.is_none_or(|o| o.id == row.organization_id) {
            found.entry(key).or_default().push(row);
        }
    }
    let root = match organization.filter(|_| ids.iter().any(|id| id == ROOT)) {
        Some(o) => TABLE.get(tx, pool, &o.id).await?,
        None => None,
    };
    let named = ids.iter().zip(keys).map(|(id, key)| match key.and_then(|k| found.get(&k)) {
        _ if id == ROOT => root.iter().cloned().collect(),
        named => named.cloned().unwrap_or_default(),
    });
    Ok(named.collect())
}

type Keyed = (Vec<Option<String>>, Vec<(String, Department)>);

async fn keyed(
    tx: &mut Tx,
    pool: &PoolId,
    ids: &[String],
    column: &'static str,
    key: fn(&Department) -> Option<String>,
) -> Result<Keyed> {
    let keys: Vec<Option<String>> =
        ids.iter().map(|id| (id.len() <= MAX_ID && id != ROOT).then(|| id.clone())).collect();
    let asked: Vec<String> = keys.iter().flatten().cloned().collect();
    let rows = if asked.is_empty() { Vec::new() } else { TABLE.find_many(tx, pool, column, &asked).await? };
    Ok((keys, rows.into_iter().filter_map(|row| Some((key(&row)?, row))).collect()))
}

/// Ids of two parts: `left:right`, where only the first colon separates.
async fn pairs(tx: &mut Tx, pool: &PoolId, ids: &[String], kind: DepartmentIdType) -> Result<Keyed> {
    let split = |id: &String| {
        let (left, right) = id.split_once(':').filter(|_| id.len() <= MAX_ID)?;
        let right = match kind {
            DepartmentIdType::CustomField => custom::value_key(&right.into())?,
            _ => right.to_owned(),
        };
        Some((left.to_owned(), right))
    };
    let pairs: Vec<Option<(String, String)>> = ids.iter().map(split).collect();
    let asked: Vec<String> = pairs.iter().flatten().map(|(_, right)| right.clone()).collect();
    let joined = |left: &str, right: &str| format!("{left}:{right}");
    let keys = pairs.iter().map(|p| p.as_ref().map(|(left, right)| joined(left, right))).collect();
    if asked.is_empty() {
        return Ok((keys, Vec::new()));
    }
    let links = match kind {
        DepartmentIdType::CustomField => store::by_custom_values(tx, pool, &asked).await?,
        _ => store::by_sync_relations(tx, pool, &asked).await?,
    };
    let links: Vec<(String, String)> = links.into_iter().map(|(l, r, id)| (joined(&l, &r), id)).collect();
    let of: Vec<String> = links.iter().map(|(_, id)| id.clone()).collect();
    let rows = TABLE.get_many(tx, pool, &of).await?;
    let rows: HashMap<String, Department> = rows.into_iter().map(|d| (d.id.clone(), d)).collect();
    Ok((keys, links.into_iter().filter_map(|(key, id)| Some((key, rows.get(&id)?.clone()))).collect()))
}
