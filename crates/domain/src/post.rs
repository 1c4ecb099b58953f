//! Posts: positions that users and departments have.
//!
//! A post is named by its code, which never changes, or where the API says id by its id; since older replies show only
//! the code, a code is taken for an id, too. An id goes before a code.

mod assign;
mod list;

use std::collections::{HashMap, HashSet};

use serde_json::json;
use watchword_api::post::{
    CreatePostReq, GetPostQuery, GetPostsByIdReq, Post as Shown, PostDetail, PostsById, RemovePostReq, UpdatePostReq,
};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Field, Result, codes, text};
use watchword_store::Tx;
use watchword_store::post::{self as store, Post, TABLE};

use crate::ctx::Ctx;
use crate::user::create::batch_size;
use crate::user::text as rules;

pub use assign::{connect, of_user, of_user_one, of_users, set_of_user};
pub use list::{find, list};

const MAX_CODE: usize = 64;
const MAX_NAME: usize = 128;
const MAX_DEPARTMENTS: usize = 500;

/// `POST /api/v3/create-post`.
///
/// # Errors
/// 400 at the member that cannot be, 404 at `departmentIdList[i]`, 409 at `code` for one that is taken.
pub async fn create(ctx: &Ctx, req: CreatePostReq) -> Result<Shown> {
    let code = rules::identifier("code", &req.code, MAX_CODE)?.shown;
    if code != req.code {
        return Err(Error::invalid("code", text!("must not begin or end with white space", "首尾不能有空白字符")));
    }
    let name = name(&req.name)?;
    let row = Post {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        name_key: name_key(&code, &name),
        code,
        name,
        description: description(req.description.as_deref())?,
        custom_data: "{}".into(),
        created_at: ctx.now(),
        updated_at: ctx.now(),
    };
    let departments = req.department_id_list.unwrap_or_default().0;
    let mut tx = ctx.write().await?;
    if !store::by_codes(&mut tx, ctx.pool(), std::slice::from_ref(&row.code)).await?.is_empty() {
        return Err(taken());
    }
    match TABLE.insert(&mut tx, &row).await {
        Err(e) if e.unique() == Some("posts_code") => return Err(taken()),
        other => other?,
    }
    set_departments(&mut tx, ctx, &row, &departments).await?;
    let shown = show(&mut tx, ctx, vec![row.clone()], false).await?;
    ctx.commit(tx, json!({ "postId": row.id, "code": row.code, "departmentIds": departments })).await?;
    one(shown)
}

/// `POST /api/v3/update-post`.
///
/// # Errors
/// 404 at `code` or `departmentIdList[i]`, 400 at the member that cannot be.
pub async fn update(ctx: &Ctx, req: UpdatePostReq) -> Result<Shown> {
    let name = name(&req.name)?;
    let mut tx = ctx.write().await?;
    let mut row = hold(&mut tx, ctx, &req.code).await?;
    row.name_key = name_key(&row.code, &name);
    row.name = name;
    match &req.description {
        Field::Absent => {}
        Field::Null => row.description = None,
        Field::Value(given) => row.description = description(Some(given))?,
    }
    TABLE.update(&mut tx, &row).await?;
    if let Some(departments) = &req.department_id_list {
        set_departments(&mut tx, ctx, &row, &departments.0).await?;
    }
    let shown = show(&mut tx, ctx, vec![row.clone()], false).await?;
    let departments = req.department_id_list.map(|l| l.0);
    ctx.commit(tx, json!({ "postId": row.id, "code": row.code, "departmentIds": departments })).await?;
    one(shown)
}

/// `POST /api/v3/remove-post`: also from everybody who has it.
///
/// # Errors
/// 404 at `code`.
pub async fn remove(ctx: &Ctx, req: RemovePostReq) -> Result<()> {
    let mut tx = ctx.write().await?;
    let row = hold(&mut tx, ctx, &req.code).await?;
    let (users, departments) = store::delete(&mut tx, ctx.pool(), &row.id).await?;
    let details = json!({ "postId": row.id, "code": row.code, "users": users, "departments": departments });
    ctx.commit(tx, details).await
}

/// `GET /api/v3/get-post`.
///
/// # Errors
/// 404 at `code`.
pub async fn get(ctx: &Ctx, query: GetPostQuery) -> Result<PostDetail> {
    let mut tx = ctx.read().await?;
    let found = store::by_codes(&mut tx, ctx.pool(), &[query.code]).await?;
    if found.is_empty() {
        return Err(unknown().at("code"));
    }
    one(show(&mut tx, ctx, found, query.with_custom_data.unwrap_or_default()).await?).map(detail)
}

/// `POST /api/v3/get-post-by-id`.
///
/// # Errors
/// 404 at `idList[i]`, 400 unless there are 1 to 50.
pub async fn get_by_id(ctx: &Ctx, req: GetPostsByIdReq) -> Result<PostsById> {
    let ids = req.id_list.unwrap_or_default().0;
    batch_size("idList", ids.len())?;
    let mut tx = ctx.read().await?;
    let rows = named(&mut tx, ctx, &ids, "idList").await?;
    let list = show(&mut tx, ctx, rows, req.with_custom_data.unwrap_or_default()).await?;
    let first = list.first().cloned().ok_or_else(|| Error::internal("a post was expected"))?;
    Ok(PostsById { first, list })
}

fn detail(post: Shown) -> PostDetail {
    let Shown { id, code, name, description, department_id_list, custom_data } = post;
    let department_id_list = watchword_api::common::Names(department_id_list);
    PostDetail { id, code, name, description, department_id_list, custom_data }
}

fn one(list: Vec<Shown>) -> Result<Shown> {
    list.into_iter().next().ok_or_else(|| Error::internal("a post was expected"))
}

/// The posts that these ids or codes name, in their order.
///
/// # Errors
/// 404 at `field[i]`.
async fn named(tx: &mut Tx, ctx: &Ctx, names: &[String], field: &str) -> Result<Vec<Post>> {
    let by_id = TABLE.get_many(tx, ctx.pool(), names).await?;
    let by_id: HashMap<String, Post> = by_id.into_iter().map(|p| (p.id.clone(), p)).collect();
    let others: Vec<String> = names.iter().filter(|n| !by_id.contains_key(*n)).cloned().collect();
    let by_code = if others.is_empty() { Vec::new() } else { store::by_codes(tx, ctx.pool(), &others).await? };
    let by_code: HashMap<String, Post> = by_code.into_iter().map(|p| (p.code.clone(), p)).collect();
    let find = |(i, name): (usize, &String)| {
        let found = by_id.get(name).or_else(|| by_code.get(name)).cloned();
        found.ok_or_else(|| unknown().at(format!("{field}[{i}]")))
    };
    names.iter().enumerate().map(find).collect()
}

/// Shows posts, in their order; departments take one statement for all of them.
async fn show(tx: &mut Tx, ctx: &Ctx, rows: Vec<Post>, with_data: bool) -> Result<Vec<Shown>> {
    let ids: Vec<String> = rows.iter().map(|p| p.id.clone()).collect();
    let mut departments: HashMap<String, Vec<String>> = HashMap::new();
    for (post, department) in store::departments(tx, ctx.pool(), &ids).await? {
        departments.entry(post).or_default().push(department);
    }
    let show = |row: Post| Shown {
        department_id_list: departments.get(&row.id).cloned().unwrap_or_default(),
        id: row.id,
        code: row.code,
        name: row.name,
        description: row.description,
        custom_data: with_data.then(Default::default),
    };
    Ok(rows.into_iter().map(show).collect())
}

async fn hold(tx: &mut Tx, ctx: &Ctx, code: &str) -> Result<Post> {
    store::hold_by_code(tx, ctx.pool(), code, ctx.now()).await?.ok_or_else(|| unknown().at("code"))
}

/// Makes these the departments of a post.
///
/// # Errors
/// 404 at `departmentIdList[i]`, 400 for one that is named twice and beyond 500.
async fn set_departments(tx: &mut Tx, ctx: &Ctx, post: &Post, ids: &[String]) -> Result<()> {
    const FIELD: &str = "departmentIdList";
    if ids.len() > MAX_DEPARTMENTS {
        return Err(Error::invalid(FIELD, text!("at most {MAX_DEPARTMENTS} items", "最多 {MAX_DEPARTMENTS} 项")));
    }
    once(FIELD, ids)?;
    let known: HashSet<String> = match ids {
        [] => HashSet::new(),
        ids => store::hold_departments(tx, ctx.pool(), ids).await?.into_iter().collect(),
    };
    if let Some(i) = ids.iter().position(|id| !known.contains(id)) {
        let none = text!("no such department", "部门不存在");
        return Err(Error::new(codes::NOT_FOUND).because(none).at(format!("{FIELD}[{i}]")));
    }
    let there = store::departments(tx, ctx.pool(), std::slice::from_ref(&post.id)).await?;
    let gone: Vec<String> = there.into_iter().map(|(_, d)| d).filter(|d| !known.contains(d)).collect();
    store::drop_departments(tx, ctx.pool(), &post.id, &gone).await?;
    for id in ids {
        store::add_department(tx, ctx.pool(), &post.id, id, ctx.now()).await?;
    }
    Ok(())
}

/// # Errors
/// 400 at the second of two that are the same.
fn once(field: &str, ids: &[String]) -> Result<()> {
    let mut seen = HashSet::new();
    match ids.iter().position(|id| !seen.insert(id)) {
        Some(i) => Err(Error::invalid(format!("{field}[{i}]"), text!("given twice", "重复"))),
        None => Ok(()),
    }
}

fn name(given: &str) -> Result<String> {
    let name = rules::plain("name", given.trim(), MAX_NAME, false)?;
    name.ok_or_else(|| Error::invalid("name", text!("must not be empty", "不能为空")))
}

fn description(given: Option<&str>) -> Result<Option<String>> {
    given.map_or(Ok(None), |given| rules::plain("description", given, 1024, true))
}

/// Both in one column, with a character between them that no keyword has.
fn name_key(code: &str, name: &str) -> String {
    format!("{}\n{}", fold(code), fold(name))
}

fn unknown() -> Error {
    Error::new(codes::NOT_FOUND).because(text!("no such post", "岗位不存在"))
}

fn taken() -> Error {
    Error::new(codes::CONFLICT).because(text!("another post has this code", "岗位 code 已存在")).at("code")
}
