//! Lists of posts.

use std::collections::HashMap;

use watchword_api::common::Page;
use watchword_api::post::{ListPostsQuery, ListPostsReq, PostItem};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Result, text};
use watchword_store::Filter;
use watchword_store::post::{self as store, TABLE};

use crate::ctx::Ctx;
use crate::user::search;
use crate::user::text as rules;

const MAX_CODES: usize = 500;

/// `GET /api/v3/list-post`: the newest first.
///
/// # Errors
/// 400 for a page, limit or keyword that cannot be.
pub async fn list(ctx: &Ctx, query: ListPostsQuery) -> Result<Page<PostItem>> {
    let ListPostsQuery { keywords, skip_count, page, limit, with_custom_data, .. } = query;
    let req = ListPostsReq { keywords, skip_count, page, limit, with_custom_data, ..ListPostsReq::default() };
    find(ctx, req).await
}

/// `POST /api/v3/list-post`.
///
/// # Errors
/// As [`list`]; 400 at `postCodes` beyond 500.
pub async fn find(ctx: &Ctx, req: ListPostsReq) -> Result<Page<PostItem>> {
    let page = search::page(req.page, req.limit, "")?;
    let mut filter = Filter::pool(ctx.pool());
    if let Some(words) = req.keywords.as_deref().map(fold).filter(|k| !k.is_empty()) {
        rules::plain("keywords", &words, 256, false)?;
        filter = filter.and_any_contains(&["name_key"], &words);
    }
    let moments = [
        ("created_at", ">=", req.created_after),
        ("created_at", "<=", req.created_before),
        ("updated_at", ">=", req.updated_after),
        ("updated_at", "<=", req.updated_before),
    ];
    for (column, op, at) in moments {
        if let Some(at) = at {
            filter = filter.and(column, op, at);
        }
    }
    if let Some(codes) = req.post_codes {
        if codes.len() > MAX_CODES {
            return Err(Error::invalid("postCodes", text!("at most {MAX_CODES} items", "最多 {MAX_CODES} 项")));
        }
        filter = filter.and_raw("code IN ANY_OF($$)", codes);
    }
    let mut tx = ctx.scan().await?;
    let (total_count, rows) = TABLE.page(&mut tx, &filter, "created_at DESC", page).await?;
    let counted = !req.skip_count.unwrap_or_default();
    let (mut users, mut departments) = (HashMap::new(), HashMap::new());
    if counted {
        let ids: Vec<String> = rows.iter().map(|p| p.id.clone()).collect();
        users.extend(store::count_users(&mut tx, ctx.pool(), &ids).await?);
        departments.extend(store::count_departments(&mut tx, ctx.pool(), &ids).await?);
    }
    let of = |counts: &HashMap<String, i64>, id: &str| counted.then(|| counts.get(id).copied().unwrap_or_default());
    let show = |row: store::Post| PostItem {
        user_count: of(&users, &row.id),
        department_count: of(&departments, &row.id),
        id: row.id,
        code: row.code,
        name: row.name,
        description: row.description,
        metadata_source: Vec::new(),
        created_at: row.created_at.iso(),
        updated_at: row.updated_at.iso(),
        custom_data: req.with_custom_data.unwrap_or_default().then(Default::default),
    };
    Ok(Page { total_count, list: rows.into_iter().map(show).collect() })
}
