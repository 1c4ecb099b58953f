//! Lists of users: keywords, conditions, order and pages.

mod condition;

use watchword_api::common::{Page, Pagination};
use watchword_api::user::{
    AdvancedFilter, FuzzySearchField, ListUsersByKeywordsReq, ListUsersOptions, ListUsersQuery, ListUsersReq,
    SortOrder, User, UserSort,
};
use watchword_kit::{Error, Millis, PoolId, Result, codes, text};
use watchword_store::user::search::{self as store, Column, Limits, Search, Test};
use watchword_store::{Filter, Tx, table};

pub(crate) use self::condition::departments_named;
use self::condition::{and, bounded};
use super::view::{self, With};
use crate::ctx::Ctx;

const MAX_LIMIT: i64 = 50;
const MAX_PAGE: i64 = 100_000_000;
const MAX_FILTERS: usize = 20;
const MAX_SORTS: usize = 5;
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
    let mut search = Search::everyone(ctx.pool());
    let also = |search: Search, field: &str, test: Test| match store::find(field) {
        Some(column) => search.and(column, test),
        None => search,
    };
    if let Some(status) = query.status {
        search = also(search, "status", Test::Is(status.as_str().into()));
    }
    if let Some(start) = query.updated_at_start {
        search = also(search, "updatedAt", Test::AtLeast(unix(start, 0).into()));
    }
    if let Some(end) = query.updated_at_end {
        search = also(search, "updatedAt", Test::AtMost(unix(end, 999).into()));
    }
    let with = With {
        custom_data: query.with_custom_data.unwrap_or_default(),
        flat_custom_data: false,
        identities: query.with_identities.unwrap_or_default(),
        department_ids: query.with_department_ids.unwrap_or_default(),
        posts: query.with_post.unwrap_or_default(),
    };
    run(ctx, &search, &[], page, with).await
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
    let mut search = Search::everyone(ctx.pool());
    let conditions = req.advanced_filter.unwrap_or_default();
    if conditions.len() > MAX_FILTERS {
        return Err(Error::invalid("advancedFilter", text!("at most {MAX_FILTERS} items", "最多 {MAX_FILTERS} 项")));
    }
    for (i, condition) in conditions.into_iter().enumerate() {
        search = and(search, condition).map_err(|e| e.at(format!("advancedFilter[{i}]")))?;
    }
    with_options(ctx, search, req.keywords.as_deref(), req.options.unwrap_or_default()).await
}

/// `POST /api/v3/list-users-by-keywords`: as [`find`] with nothing but keywords.
pub async fn by_keywords(ctx: &Ctx, req: ListUsersByKeywordsReq) -> Result<Page<User>> {
    with_options(ctx, Search::everyone(ctx.pool()), Some(&req.keywords), req.options.unwrap_or_default()).await
}

/// The users for whom all of these conditions hold, for other statements about users.
///
/// # Errors
/// 400 at `[i]`.
pub fn conditions(pool: &PoolId, list: Vec<AdvancedFilter>) -> Result<Filter> {
    let mut search = Search::everyone(pool);
    for (i, condition) in list.into_iter().enumerate() {
        search = and(search, condition).map_err(|e| e.at(format!("[{i}]")))?;
    }
    Ok(search.filter())
}

async fn with_options(
    ctx: &Ctx,
    mut search: Search,
    keywords: Option<&str>,
    options: ListUsersOptions,
) -> Result<Page<User>> {
    let Pagination { page: number, limit } = options.pagination.unwrap_or_default();
    let page = page(number, limit, "options.pagination.")?;
    let fields = options.fuzzy_search_on.unwrap_or_else(|| DEFAULT_FIELDS.to_vec());
    let columns = columns(&fields)?;
    if let Some(keywords) = keywords.map(str::trim).filter(|k| !k.is_empty()) {
        bounded(keywords).map_err(|e| e.at("keywords"))?;
        search = search.and_keywords(&columns, keywords);
    }
    let keys = order(&options.sort.unwrap_or_default())?;
    let with = With {
        custom_data: options.with_custom_data.unwrap_or_default(),
        flat_custom_data: options.flat_custom_data.unwrap_or_default(),
        identities: options.with_identities.unwrap_or_default(),
        department_ids: options.with_department_ids.unwrap_or_default(),
        posts: options.with_post.unwrap_or_default(),
    };
    run(ctx, &search, &keys, page, with).await
}

async fn run(
    ctx: &Ctx,
    search: &Search,
    keys: &[(&Column, bool)],
    page: table::Page,
    with: With,
) -> Result<Page<User>> {
    let mut tx = ctx.scan().await?;
    let (total_count, rows) = search.page(&mut tx, keys, page, &Limits::default()).await?;
    Ok(Page { total_count, list: view::users(&mut tx, ctx, rows, with).await? })
}

/// The members of a department, or of its subtree, who are found by keywords; the newest account, by its id, first.
///
/// # Errors
/// 400 at `keywords`.
pub(crate) async fn members(
    tx: &mut Tx,
    ctx: &Ctx,
    department: &str,
    tree: bool,
    keywords: &str,
    page: table::Page,
    with: With,
) -> Result<Page<User>> {
    let keywords = keywords.trim();
    if keywords.is_empty() {
        return Err(Error::invalid("keywords", text!("must not be empty", "不能为空")));
    }
    bounded(keywords).map_err(|e| e.at("keywords"))?;
    let search = Search::everyone(ctx.pool()).and_keywords(&columns(&DEFAULT_FIELDS)?, keywords);
    let search = search.and_member(department, tree);
    let newest = store::find("id").map(|id| (id, true));
    let (total_count, rows) = search.page(tx, newest.as_slice(), page, &Limits::default()).await?;
    Ok(Page { total_count, list: view::users(tx, ctx, rows, with).await? })
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
pub(crate) fn unix(n: i64, last: i64) -> Millis {
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

fn order(sorts: &[UserSort]) -> Result<Vec<(&'static Column, bool)>> {
    if sorts.len() > MAX_SORTS {
        return Err(Error::invalid("options.sort", text!("at most {MAX_SORTS} items", "最多 {MAX_SORTS} 项")));
    }
    let mut keys = Vec::with_capacity(sorts.len());
    for sort in sorts {
        let column = store::find(sort.field.as_str());
        let column = column.ok_or_else(|| Error::internal(format!("no column for {}", sort.field)))?;
        keys.push((column, sort.order == SortOrder::Desc));
    }
    Ok(keys)
}
