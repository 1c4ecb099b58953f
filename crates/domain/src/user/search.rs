//! Lists of users: keywords, conditions, order and pages.

use serde_json::Value;
use watchword_api::common::{Page, Pagination};
use watchword_api::user::{
    AdvancedFilter, FilterOperator, FuzzySearchField, ListUsersQuery, ListUsersReq, SortOrder, User, UserSort,
};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Millis, PoolId, Result, codes, text};
use watchword_store::user::TABLE;
use watchword_store::user::search::{self as store, Column, IdentityTest, Kind, Test};
use watchword_store::{Filter, Val, table};

use super::custom;
use super::view::{self, With};
use crate::ctx::Ctx;

const MAX_LIMIT: i64 = 50;
const MAX_PAGE: i64 = 100_000_000;
const MAX_FILTERS: usize = 20;
const MAX_SORTS: usize = 5;
const MAX_VALUES: usize = 500;
const MAX_ALTERNATIVES: usize = 20;
/// Longest text to search for, in characters.
const MAX_TEXT: usize = 256;
/// Times above are milliseconds, below seconds.
const SECONDS_END: u64 = 100_000_000_000;

const DEFAULT_FIELDS: [FuzzySearchField; 6] = [
    FuzzySearchField::Phone,
    FuzzySearchField::Email,
    FuzzySearchField::Name,
    FuzzySearchField::Username,
    FuzzySearchField::Nickname,
    FuzzySearchField::IdentityNumber,
];

/// `GET /api/v3/list-users`.
pub async fn list(ctx: &Ctx, query: ListUsersQuery) -> Result<Page<User>> {
    let page = page(query.page, query.limit, "")?;
    let mut filter = store::everyone(ctx.pool());
    if let Some(status) = query.status {
        filter = filter.and("status", "=", status.as_str());
    }
    if let Some(start) = query.updated_at_start {
        filter = filter.and("updated_at", ">=", unix(start, 0));
    }
    if let Some(end) = query.updated_at_end {
        filter = filter.and("updated_at", "<=", unix(end, 999));
    }
    let with = With {
        custom_data: query.with_custom_data.unwrap_or_default(),
        flat_custom_data: false,
        identities: query.with_identities.unwrap_or_default(),
        department_ids: query.with_department_ids.unwrap_or_default(),
        posts: query.with_post.unwrap_or_default(),
    };
    run(ctx, filter, &store::order(&[]), page, with).await
}

/// `POST /api/v3/list-users`.
///
/// # Errors
/// 501 for a `searchQuery`: there is no Elasticsearch here.
pub async fn find(ctx: &Ctx, req: ListUsersReq) -> Result<Page<User>> {
    if req.search_query.is_some() {
        let detail = text!(
            "Elasticsearch queries are not supported; use keywords and advancedFilter",
            "不支持 ES 查询语句；请使用 keywords 和 advancedFilter"
        );
        return Err(Error::new(codes::NOT_IMPLEMENTED).because(detail).at("searchQuery"));
    }
    let options = req.options.unwrap_or_default();
    let Pagination { page: number, limit } = options.pagination.unwrap_or_default();
    let page = page(number, limit, "options.pagination.")?;
    let mut filter = store::everyone(ctx.pool());
    let fields = options.fuzzy_search_on.unwrap_or_else(|| DEFAULT_FIELDS.to_vec());
    if let Some(keywords) = req.keywords.as_deref().map(str::trim).filter(|k| !k.is_empty()) {
        bounded(keywords).map_err(|e| e.at("keywords"))?;
        filter = store::and_keywords(filter, &columns(&fields)?, keywords);
    }
    let conditions = req.advanced_filter.unwrap_or_default();
    if conditions.len() > MAX_FILTERS {
        return Err(Error::invalid("advancedFilter", text!("at most {MAX_FILTERS} items", "最多 {MAX_FILTERS} 项")));
    }
    for (i, condition) in conditions.into_iter().enumerate() {
        filter = and(filter, condition).map_err(|e| e.at(format!("advancedFilter[{i}]")))?;
    }
    let order = order(&options.sort.unwrap_or_default())?;
    let with = With {
        custom_data: options.with_custom_data.unwrap_or_default(),
        flat_custom_data: options.flat_custom_data.unwrap_or_default(),
        identities: options.with_identities.unwrap_or_default(),
        department_ids: options.with_department_ids.unwrap_or_default(),
        posts: options.with_post.unwrap_or_default(),
    };
    run(ctx, filter, &order, page, with).await
}

/// The users for whom all of these conditions hold.
///
/// # Errors
/// 400 at `[i]`.
pub fn conditions(pool: &PoolId, list: Vec<AdvancedFilter>) -> Result<Filter> {
    let mut filter = store::everyone(pool);
    for (i, condition) in list.into_iter().enumerate() {
        filter = and(filter, condition).map_err(|e| e.at(format!("[{i}]")))?;
    }
    Ok(filter)
}

async fn run(ctx: &Ctx, filter: Filter, order: &str, page: table::Page, with: With) -> Result<Page<User>> {
    let mut tx = ctx.scan().await?;
    let (total_count, rows) = TABLE.page(&mut tx, &filter, order, page).await?;
    Ok(Page { total_count, list: view::users(&mut tx, ctx, rows, with).await? })
}

/// # Errors
/// 400 at `{prefix}page` or `{prefix}limit` outside 1 to 10⁸ and 1 to 50.
pub fn page(page: Option<i64>, limit: Option<i64>, prefix: &str) -> Result<table::Page> {
    let (page, limit) = (page.unwrap_or(1), limit.unwrap_or(10));
    let outside = |name: &str, max: i64| {
        Error::invalid(format!("{prefix}{name}"), text!("must be from 1 to {max}", "应在 1 到 {max} 之间"))
    };
    if !(1..=MAX_PAGE).contains(&page) {
        return Err(outside("page", MAX_PAGE));
    }
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(outside("limit", MAX_LIMIT));
    }
    Ok(table::Page { limit, offset: (page - 1) * limit })
}

/// A Unix time in seconds or milliseconds; `last` is the millisecond of a second that counts.
fn unix(n: i64, last: i64) -> Millis {
    if n.unsigned_abs() > SECONDS_END { Millis(n) } else { Millis(n * 1000 + last) }
}

fn columns(fields: &[FuzzySearchField]) -> Result<Vec<&'static Column>> {
    if fields.is_empty() {
        return Err(Error::invalid("options.fuzzySearchOn", text!("must not be empty", "不能为空")));
    }
    let mut columns: Vec<&'static Column> = Vec::new();
    for field in fields {
        let column = store::find(field.as_str()).ok_or_else(|| Error::internal(format!("no column for {field}")))?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(columns)
}

fn order(sorts: &[UserSort]) -> Result<String> {
    if sorts.len() > MAX_SORTS {
        return Err(Error::invalid("options.sort", text!("at most {MAX_SORTS} items", "最多 {MAX_SORTS} 项")));
    }
    let mut keys = Vec::with_capacity(sorts.len());
    for sort in sorts {
        let column = store::find(sort.field.as_str());
        let column = column.ok_or_else(|| Error::internal(format!("no column for {}", sort.field)))?;
        keys.push((column, sort.order == SortOrder::Desc));
    }
    Ok(store::order(&keys))
}

/// Adds one condition: on a column, on something a user has several of, or on a custom field.
fn and(filter: Filter, condition: AdvancedFilter) -> Result<Filter> {
    let AdvancedFilter { field, operator, value } = condition;
    let value = value.unwrap_or_default();
    match field.as_str() {
        "department" => {
            let none = text!("no department exists in this user pool", "用户池中不存在部门");
            Err(Error::invalid("field", none))
        }
        "loggedInApps" => {
            let apps = match operator {
                FilterOperator::In => items(&value, MAX_VALUES)?.iter().map(string).collect::<Result<_>>()?,
                FilterOperator::Equal => vec![string(&value)?],
                _ => return Err(unfit(operator)),
            };
            Ok(store::and_logged_in_apps(filter, apps))
        }
        "userSource" => {
            let sources: Vec<_> = match operator {
                FilterOperator::In => items(&value, MAX_ALTERNATIVES)?.iter().map(source).collect::<Result<_>>()?,
                FilterOperator::Equal => vec![source(&value)?],
                _ => return Err(unfit(operator)),
            };
            Ok(store::and_source(filter, &sources))
        }
        "identity" => identity(filter, operator, &value),
        name => match store::find(name) {
            Some(column) => on_column(filter, column, operator, &value),
            None => on_custom(filter, name, operator, &value),
        },
    }
}

fn on_column(filter: Filter, column: &Column, operator: FilterOperator, value: &Value) -> Result<Filter> {
    use FilterOperator as Op;
    let textual = matches!(column.kind, Kind::Text | Kind::Folded(_));
    let ordered = matches!(column.kind, Kind::Time | Kind::Number) || column.field == "birthdate";
    let one = |v: &Value| scalar(column, v);
    let test = match operator {
        Op::IsNull => Test::Null,
        Op::NotNull => Test::NotNull,
        Op::Equal => Test::Is(one(value)?),
        Op::NotEqual => Test::IsNot(one(value)?),
        Op::Contains if textual => Test::Contains(string(value)?),
        Op::NotContains if textual => Test::Lacks(string(value)?),
        Op::Greater if ordered => Test::AtLeast(one(value)?),
        Op::Lesser if ordered => Test::AtMost(one(value)?),
        Op::In if column.kind != Kind::Bool => {
            let values = items(value, MAX_VALUES)?.iter().map(|v| Ok(as_text(one(v)?)));
            Test::OneOf(values.collect::<Result<_>>()?)
        }
        Op::Between if ordered => {
            let [low, high] = pair(value)?;
            let filter = store::and(filter, column, Test::AtLeast(one(low)?));
            return Ok(store::and(filter, column, Test::AtMost(one(high)?)));
        }
        _ => return Err(unfit(operator)),
    };
    Ok(store::and(filter, column, test))
}

/// A value of the column's type.
fn scalar(column: &Column, value: &Value) -> Result<Val> {
    match column.kind {
        Kind::Text => Ok(Val::Text(string(value)?)),
        Kind::Folded(_) => Ok(Val::Text(fold(&string(value)?))),
        Kind::Number => Ok(Val::Int(integer(value)?)),
        Kind::Bool => value.as_bool().map(Val::Bool).ok_or_else(|| wrong("true or false", "true 或 false")),
        Kind::Time => match value {
            Value::String(s) => Millis::parse_iso(s).map(Val::from).ok_or_else(not_a_time),
            Value::Number(_) => Ok(unix(integer(value).map_err(|_| not_a_time())?, 0).into()),
            _ => Err(not_a_time()),
        },
    }
}

fn as_text(val: Val) -> String {
    match val {
        Val::Int(n) => n.to_string(),
        Val::Text(s) => s,
        _ => String::new(),
    }
}

fn on_custom(filter: Filter, name: &str, operator: FilterOperator, value: &Value) -> Result<Filter> {
    use FilterOperator as Op;
    bounded(name).map_err(|e| e.at("field"))?;
    let key =
        |v: &Value| custom::value_key(v).ok_or_else(|| wrong("a text, number or boolean", "字符串、数字或布尔值"));
    let number =
        |v: &Value| custom::number_key(v).map(Val::Text).ok_or_else(|| wrong("a number or a date", "数字或日期"));
    let test = match operator {
        Op::IsNull => Test::Null,
        Op::NotNull => Test::NotNull,
        Op::Equal => Test::Is(Val::Text(key(value)?)),
        Op::NotEqual => Test::IsNot(Val::Text(key(value)?)),
        Op::In => Test::OneOf(items(value, MAX_VALUES)?.iter().map(key).collect::<Result<_>>()?),
        Op::Contains => Test::Contains(fold(&string(value)?)),
        Op::NotContains => Test::Lacks(fold(&string(value)?)),
        Op::Greater => Test::AtLeast(number(value)?),
        Op::Lesser => Test::AtMost(number(value)?),
        Op::Between => {
            let [low, high] = pair(value)?;
            let filter = store::and_custom(filter, name, Test::AtLeast(number(low)?));
            return Ok(store::and_custom(filter, name, Test::AtMost(number(high)?)));
        }
    };
    Ok(store::and_custom(filter, name, test))
}

/// Conditions on identities: `EQUAL`, `NOT_EQUAL` an object, `IN` a list of them, `IS_NULL`, `NOT_NULL`. An object
/// has any of `extIdpId`, `provider`, `userIdInIdp`.
fn identity(filter: Filter, operator: FilterOperator, value: &Value) -> Result<Filter> {
    use FilterOperator as Op;
    let one = |v: &Value| {
        let object = v.as_object().filter(|o| !o.is_empty());
        let object = object.ok_or_else(|| {
            wrong("an object with extIdpId, provider or userIdInIdp", "包含 extIdpId、provider 或 userIdInIdp 的对象")
        })?;
        let mut test = IdentityTest::default();
        for (key, v) in object {
            match key.as_str() {
                "extIdpId" => test.ext_idp_id = Some(string(v)?),
                "provider" => test.provider = Some(string(v)?),
                "userIdInIdp" => test.user_id_in_idp = Some(string(v)?),
                _ => {
                    return Err(wrong(
                        "an object with extIdpId, provider or userIdInIdp",
                        "包含 extIdpId、provider 或 userIdInIdp 的对象",
                    ));
                }
            }
        }
        Ok(test)
    };
    let any = [IdentityTest::default()];
    Ok(match operator {
        Op::IsNull => store::and_identity(filter, &any, true),
        Op::NotNull => store::and_identity(filter, &any, false),
        Op::Equal => store::and_identity(filter, &[one(value)?], false),
        Op::NotEqual => store::and_identity(filter, &[one(value)?], true),
        Op::In => {
            let tests: Vec<_> = items(value, MAX_ALTERNATIVES)?.iter().map(one).collect::<Result<_>>()?;
            store::and_identity(filter, &tests, false)
        }
        _ => return Err(unfit(operator)),
    })
}

/// A source by its type, or as an object with `userSourceType` and perhaps `userSourceId`.
fn source(value: &Value) -> Result<(String, Option<String>)> {
    match value {
        Value::Object(o) => {
            let id = o.get("userSourceId").filter(|v| !v.is_null()).map(string).transpose()?;
            Ok((string(o.get("userSourceType").unwrap_or(&Value::Null))?, id))
        }
        other => Ok((string(other)?, None)),
    }
}

fn items(value: &Value, max: usize) -> Result<&Vec<Value>> {
    let list = value.as_array().ok_or_else(|| wrong("a list", "数组"))?;
    if list.len() > max {
        return Err(Error::invalid("value", text!("at most {max} items", "最多 {max} 项")));
    }
    Ok(list)
}

fn pair(value: &Value) -> Result<[&Value; 2]> {
    match value.as_array().map(Vec::as_slice) {
        Some([low, high]) => Ok([low, high]),
        _ => Err(wrong("a list of two values", "两个元素的数组")),
    }
}

fn string(value: &Value) -> Result<String> {
    let s = match value {
        Value::String(s) => s.clone(),
        Value::Number(n) => n.to_string(),
        _ => return Err(wrong("a text", "字符串")),
    };
    bounded(&s).map_err(|e| e.at("value"))?;
    Ok(s)
}

fn integer(value: &Value) -> Result<i64> {
    let given = match value {
        Value::Number(n) => {
            n.as_i64().or_else(|| n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15).map(|f| f as i64))
        }
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    };
    given.ok_or_else(|| wrong("a whole number", "整数"))
}

fn bounded(s: &str) -> Result<()> {
    if s.chars().nth(MAX_TEXT).is_some() {
        return Err(
            Error::new(codes::INVALID).because(text!("longer than {MAX_TEXT} characters", "超过 {MAX_TEXT} 个字符"))
        );
    }
    Ok(())
}

fn wrong(en: &'static str, zh: &'static str) -> Error {
    Error::invalid("value", text!("must be {en}", "应为{zh}"))
}

fn not_a_time() -> Error {
    wrong("a Unix time or an RFC 3339 date", "Unix 时间戳或 RFC 3339 日期")
}

fn unfit(operator: FilterOperator) -> Error {
    Error::invalid("operator", text!("{operator} does not apply to this field", "{operator} 不适用于该字段"))
}
