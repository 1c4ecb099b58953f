//! Lists and searches of departments.

use serde_json::Value;
use watchword_api::department::{
    AllDepartmentIdType, Department as Shown, DepartmentFilter, DepartmentFilterOperator as Op, DepartmentList,
    DepartmentSort, DepartmentSortField, DepartmentSortKey, GetAllDepartmentsQuery, ListChildrenDepartmentsQuery,
    SearchDepartmentsListReq, SearchDepartmentsReq, UpperDirection,
};
use watchword_api::user::{DepartmentIdType, SortOrder};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Millis, Result, text};
use watchword_store::department::{self as store, TABLE, tree};
use watchword_store::table::{self, escape_like};
use watchword_store::{Filter, Val};

use super::names::keywords;
use super::resolve::{ROOT, find};
use super::view::{self, With, with};
use crate::ctx::Ctx;
use crate::organization;
use crate::rules::no_tenant;
use crate::user::search::{page, unix};

const MAX_FILTERS: usize = 20;
const MAX_SORTS: usize = 3;
const MAX_VALUES: usize = 500;

/// `GET /api/v3/list-children-departments`: the departments directly below one, the oldest first.
///
/// # Errors
/// 404 at `organizationCode` or `departmentId`; 400 when virtual ones are to be both left out and alone.
pub async fn children(ctx: &Ctx, query: ListChildrenDepartmentsQuery) -> Result<DepartmentList> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let exclude = query.exclude_virtual_node.unwrap_or_default();
    let only = query.only_virtual_node.unwrap_or_default();
    if exclude && only {
        let both = text!("contradicts excludeVirtualNode", "与 excludeVirtualNode 矛盾");
        return Err(Error::invalid("onlyVirtualNode", both));
    }
    let mut tx = ctx.scan().await?;
    let kind = query.department_id_type;
    let (_, row) = find(&mut tx, ctx, &query.organization_code, &query.department_id, kind).await?;
    let mut rows = tree::children(&mut tx, ctx.pool(), &row.id).await?;
    rows.retain(|d| query.status.is_none_or(|s| d.enabled == s) && !(exclude && d.is_virtual || only && !d.is_virtual));
    let list = view::many(&mut tx, ctx, rows, with(query.with_custom_data)).await?;
    Ok(DepartmentList { total_count: i64::try_from(list.len()).map_err(Error::internal)?, list })
}

/// `GET /api/v3/get-all-departments`: a department and all below it, each after its parent.
///
/// # Errors
/// 404 at `organizationCode` or `departmentId`.
pub async fn all(ctx: &Ctx, query: GetAllDepartmentsQuery) -> Result<DepartmentList> {
    let mut tx = ctx.scan().await?;
    let kind = match query.department_id_type.unwrap_or_default() {
        AllDepartmentIdType::DepartmentId => DepartmentIdType::DepartmentId,
        AllDepartmentIdType::OpenDepartmentId => DepartmentIdType::OpenDepartmentId,
    };
    let id = query.department_id.as_deref().unwrap_or(ROOT);
    let (_, row) = find(&mut tx, ctx, &query.organization_code, id, Some(kind)).await?;
    let rows = tree::below(&mut tx, ctx.pool(), &row.id).await?;
    let list = view::many(&mut tx, ctx, rows, with(query.with_custom_data)).await?;
    Ok(DepartmentList { total_count: i64::try_from(list.len()).map_err(Error::internal)?, list })
}

/// `POST /api/v3/search-departments`: the departments of an organisation whose name or code has the text, by name.
///
/// # Errors
/// 404 at `organizationCode`; 400 at `keywords`.
pub async fn search(ctx: &Ctx, req: SearchDepartmentsReq) -> Result<Vec<Shown>> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    let words = keywords(&req.keywords)?;
    let mut tx = ctx.scan().await?;
    let organization = organization::find(&mut tx, ctx, &req.organization_code).await?;
    let filter = store::and_keywords(store::of_organization(ctx.pool(), &organization.id), &words);
    let all = table::Page { limit: i64::MAX, offset: 0 };
    let (_, rows) = TABLE.page(&mut tx, &filter, "name_key", all).await?;
    view::many(&mut tx, ctx, rows, with(req.with_custom_data)).await
}

/// `POST /api/v3/search-departments-list`: a page of the departments for which every condition holds.
///
/// # Errors
/// 404 at `organizationCode`; 400 at the member that cannot be.
pub async fn find_page(ctx: &Ctx, req: SearchDepartmentsListReq) -> Result<Vec<Shown>> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    let asked = page(req.page, req.limit, "")?;
    let conditions = req.advanced_filter.unwrap_or_default();
    most("advancedFilter", conditions.len(), MAX_FILTERS)?;
    let order = match req.sort.filter(|s| !s.is_empty()) {
        Some(sorts) => several(&sorts)?,
        None => single(req.sort_by.unwrap_or_default(), req.order_by.unwrap_or_default()).to_owned(),
    };
    let mut tx = ctx.scan().await?;
    let organization = organization::find(&mut tx, ctx, &req.organization_code).await?;
    let mut filter = store::of_organization(ctx.pool(), &organization.id);
    for (i, condition) in conditions.into_iter().enumerate() {
        filter = and(filter, condition).map_err(|e| e.at(format!("advancedFilter[{i}]")))?;
    }
    let (_, rows) = TABLE.page(&mut tx, &filter, &order, asked).await?;
    let with = With {
        custom_data: req.with_custom_data.unwrap_or_default(),
        flat_custom_data: false,
        posts: req.with_post.unwrap_or_default(),
    };
    view::many(&mut tx, ctx, rows, with).await
}

fn most(field: &str, n: usize, max: usize) -> Result<()> {
    if n > max {
        return Err(Error::invalid(field, text!("at most {max} items", "最多 {max} 项")));
    }
    Ok(())
}

fn single(key: DepartmentSortKey, direction: UpperDirection) -> &'static str {
    match (key, direction) {
        (DepartmentSortKey::UpdatedAt, UpperDirection::Asc) => "updated_at",
        (DepartmentSortKey::UpdatedAt, UpperDirection::Desc) => "updated_at DESC",
        (DepartmentSortKey::CreatedAt, UpperDirection::Asc) => "created_at",
        (DepartmentSortKey::CreatedAt, UpperDirection::Desc) => "created_at DESC",
    }
}

fn several(sorts: &[DepartmentSort]) -> Result<String> {
    most("sort", sorts.len(), MAX_SORTS)?;
    let one = |sort: &DepartmentSort| {
        let column = match sort.field {
            DepartmentSortField::UpdatedAt => "updated_at",
            DepartmentSortField::CreatedAt => "created_at",
            DepartmentSortField::Name => "name_key",
        };
        format!("{column}{}", if sort.order == SortOrder::Desc { " DESC" } else { "" })
    };
    Ok(sorts.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// Adds one condition.
fn and(filter: Filter, condition: DepartmentFilter) -> Result<Filter> {
    let DepartmentFilter { field, operator, value } = condition;
    let value = value.unwrap_or_default();
    let time = match field.as_str() {
        "updatedAt" => Some("updated_at"),
        "createdAt" => Some("created_at"),
        "name" => None,
        _ => {
            let known = text!("one of updatedAt, createdAt, name", "应为 updatedAt、createdAt 或 name");
            return Err(Error::invalid("field", known));
        }
    };
    let Some(column) = time else {
        return Ok(match operator {
            Op::Equal => filter.and("name_key", "=", fold(string(&value)?)),
            Op::In => {
                let names: Vec<String> = items(&value)?.iter().map(|v| string(v).map(fold)).collect::<Result<_>>()?;
                filter.and_each("name_key IN ANY_OF($$)", vec![Val::Texts(names)])
            }
            Op::Contains => {
                let pattern = format!("%{}%", escape_like(&fold(string(&value)?)));
                filter.and_each("name_key LIKE $$ ESCAPE '\\'", vec![Val::Text(pattern)])
            }
            Op::Greater | Op::Lesser | Op::Between => return Err(unfit(operator)),
        });
    };
    Ok(match operator {
        Op::Equal => filter.and(column, "=", at(&value)?),
        Op::Greater => filter.and(column, ">=", at(&value)?),
        Op::Lesser => filter.and(column, "<=", at(&value)?),
        Op::Between => match items(&value)?.as_slice() {
            [low, high] => filter.and(column, ">=", at(low)?).and(column, "<=", at(high)?),
            _ => return Err(wrong("a list of two values", "两个元素的数组")),
        },
        Op::In => {
            let times = items(&value)?.iter().map(|v| Ok(at(v)?.0.to_string())).collect::<Result<Vec<_>>>()?;
            filter.and_each(&format!("CAST({column} AS TEXT) IN ANY_OF($$)"), vec![Val::Texts(times)])
        }
        Op::Contains => return Err(unfit(operator)),
    })
}

fn at(value: &Value) -> Result<Millis> {
    let read = match value {
        Value::String(s) => s.parse().ok().map(|n| unix(n, 0)).or_else(|| Millis::parse_iso(s)),
        Value::Number(n) => n.as_i64().map(|n| unix(n, 0)),
        _ => None,
    };
    read.ok_or_else(|| wrong("a Unix time or an RFC 3339 date", "Unix 时间戳或 RFC 3339 日期"))
}

fn string(value: &Value) -> Result<&str> {
    let short = value.as_str().filter(|s| s.len() <= 2048);
    short.ok_or_else(|| wrong("a text", "字符串"))
}

fn items(value: &Value) -> Result<&Vec<Value>> {
    let list = value.as_array().filter(|list| list.len() <= MAX_VALUES);
    list.ok_or_else(|| {
        Error::invalid("value", text!("must be a list of at most {MAX_VALUES}", "应为不超过 {MAX_VALUES} 项的数组"))
    })
}

fn wrong(en: &'static str, zh: &'static str) -> Error {
    Error::invalid("value", text!("must be {en}", "应为{zh}"))
}

fn unfit(operator: Op) -> Error {
    Error::invalid("operator", text!("{operator} does not apply to this field", "{operator} 不适用于该字段"))
}
