//! Which users have which posts.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use watchword_api::post::{ConnectUserReq, Post as Shown, PostDetail, SetUserPostsReq, UserPostsQuery};
use watchword_kit::{Error, PoolId, Result, codes, text};
use watchword_store::Tx;
use watchword_store::post::{self as store, TABLE};
use watchword_store::user;

use super::{detail, named, once, show, unknown};
use crate::ctx::Ctx;

/// Most posts of one user.
const MAX_POSTS: usize = 50;

/// `GET /api/v3/get-user-posts`: in the order in which the user got them.
///
/// # Errors
/// 404/2004 at `userId`.
pub async fn of_user(ctx: &Ctx, query: UserPostsQuery) -> Result<Vec<Shown>> {
    let mut tx = ctx.read().await?;
    let no_user = || Error::new(codes::USER_NOT_FOUND).at("userId");
    user::TABLE.get(&mut tx, ctx.pool(), &query.user_id).await?.ok_or_else(no_user)?;
    let ids = of_users(&mut tx, ctx.pool(), std::slice::from_ref(&query.user_id)).await?;
    let ids = ids.into_values().next().unwrap_or_default();
    let rows = TABLE.get_many(&mut tx, ctx.pool(), &ids).await?;
    let mut rows: HashMap<String, store::Post> = rows.into_iter().map(|p| (p.id.clone(), p)).collect();
    let rows = ids.iter().filter_map(|id| rows.remove(id)).collect();
    show(&mut tx, ctx, rows, query.with_custom_data.unwrap_or_default()).await
}

/// `GET /api/v3/get-user-post`: the first of them.
///
/// # Errors
/// 404/2004 at `userId`, 404 when the user has no post.
pub async fn of_user_one(ctx: &Ctx, query: UserPostsQuery) -> Result<PostDetail> {
    let first = of_user(ctx, query).await?.into_iter().next();
    let none = || Error::new(codes::NOT_FOUND).because(text!("the user has no post", "用户没有关联岗位"));
    first.map(detail).ok_or_else(none)
}

/// The ids of the posts of these users, in the order in which they got them.
pub async fn of_users(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<HashMap<String, Vec<String>>> {
    let mut posts: HashMap<String, Vec<String>> = HashMap::new();
    for (user, post) in store::of_users(tx, pool, users).await? {
        posts.entry(user).or_default().push(post);
    }
    Ok(posts)
}

/// `POST /api/v3/set-user-posts`: these and no others.
///
/// # Errors
/// 404/2004 at `userId`, 404 at `postIds[i]`, 400 for a post named twice and beyond 50.
pub async fn set_of_user(ctx: &Ctx, req: SetUserPostsReq) -> Result<()> {
    if req.post_ids.len() > MAX_POSTS {
        return Err(Error::invalid("postIds", text!("at most {MAX_POSTS} items", "最多 {MAX_POSTS} 项")));
    }
    let mut tx = ctx.write().await?;
    hold_user(&mut tx, ctx, &req.user_id).await?;
    let posts = named(&mut tx, ctx, &req.post_ids, "postIds").await?;
    let ids: Vec<String> = posts.into_iter().map(|p| p.id).collect();
    once("postIds", &ids)?;
    hold_posts(&mut tx, ctx, &ids, |i| format!("postIds[{i}]")).await?;
    let there = of_users(&mut tx, ctx.pool(), std::slice::from_ref(&req.user_id)).await?;
    let gone: Vec<String> = there.into_values().flatten().filter(|id| !ids.contains(id)).collect();
    store::drop_users(&mut tx, ctx.pool(), &req.user_id, &gone).await?;
    for id in &ids {
        store::add_user(&mut tx, ctx.pool(), id, &req.user_id, ctx.now()).await?;
    }
    ctx.commit(tx, json!({ "userId": req.user_id, "postIds": ids })).await
}

/// `POST /api/v3/user-connection-post`: one more.
///
/// # Errors
/// 404/2004 at `userId`, 404 at `postId`, 422 when the user has 50 already.
pub async fn connect(ctx: &Ctx, req: ConnectUserReq) -> Result<()> {
    let mut tx = ctx.write().await?;
    hold_user(&mut tx, ctx, &req.user_id).await?;
    let found = named(&mut tx, ctx, &[req.post_id], "").await.map_err(|_| unknown().at("postId"))?;
    let ids: Vec<String> = found.into_iter().map(|p| p.id).collect();
    hold_posts(&mut tx, ctx, &ids, |_| "postId".into()).await?;
    let there = of_users(&mut tx, ctx.pool(), std::slice::from_ref(&req.user_id)).await?;
    let there = there.into_values().next().unwrap_or_default();
    for id in &ids {
        if !there.contains(id) && there.len() >= MAX_POSTS {
            let detail = text!("the user has {MAX_POSTS} posts already", "用户已关联 {MAX_POSTS} 个岗位");
            return Err(Error::new(codes::UNPROCESSABLE).because(detail).at("postId"));
        }
        store::add_user(&mut tx, ctx.pool(), id, &req.user_id, ctx.now()).await?;
    }
    ctx.commit(tx, json!({ "userId": req.user_id, "postIds": ids })).await
}

async fn hold_user(tx: &mut Tx, ctx: &Ctx, id: &str) -> Result<()> {
    let held = user::TABLE.hold(tx, ctx.pool(), id, "updated_at", ctx.now()).await?;
    held.map(drop).ok_or_else(|| Error::new(codes::USER_NOT_FOUND).at("userId"))
}

/// Keeps posts from being deleted meanwhile.
async fn hold_posts(tx: &mut Tx, ctx: &Ctx, ids: &[String], at: impl Fn(usize) -> String) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let held: HashSet<String> = store::hold(tx, ctx.pool(), ids).await?.into_iter().collect();
    match ids.iter().position(|id| !held.contains(id)) {
        Some(i) => Err(unknown().at(at(i))),
        None => Ok(()),
    }
}
