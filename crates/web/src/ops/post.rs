//! Posts, for management clients.

use watchword_api::common::Page;
use watchword_api::post::{
    ConnectUserReq, CreatePostReq, GetPostQuery, GetPostsByIdReq, ListPostsQuery, ListPostsReq, Post, PostDetail,
    PostItem, PostsById, RemovePostReq, SetUserPostsReq, UpdatePostReq, UserPostsQuery,
};
use watchword_domain::{Audit, Ctx, Permission, post};
use watchword_kit::Result;

use crate::op::{Done, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/list-post", list_posts).needs(Permission::PostRead).says("List posts"),
        Op::read("POST", "/api/v3/list-post", search_posts).needs(Permission::PostRead).says("Search posts"),
        Op::read("GET", "/api/v3/get-post", get_post).flat().needs(Permission::PostRead).says("Read a post"),
        Op::read("GET", "/api/v3/get-user-posts", get_user_posts)
            .needs(Permission::PostRead)
            .says("Read the posts of a user"),
        Op::read("GET", "/api/v3/get-user-post", get_user_post)
            .flat()
            .needs(Permission::PostRead)
            .says("Read the first post of a user"),
        Op::read("POST", "/api/v3/get-post-by-id", get_post_by_id)
            .needs(Permission::PostRead)
            .says("Read posts by their ids"),
        Op::write("POST", "/api/v3/create-post", create_post, Audit::PostCreate)
            .needs(Permission::PostWrite)
            .says("Create a post"),
        Op::write("POST", "/api/v3/update-post", update_post, Audit::PostUpdate)
            .needs(Permission::PostWrite)
            .says("Change a post"),
        Op::write("POST", "/api/v3/remove-post", remove_post, Audit::PostDelete)
            .needs(Permission::PostWrite)
            .says("Delete a post and take it from everybody who has it"),
        Op::write("POST", "/api/v3/set-user-posts", set_user_posts, Audit::PostAssign)
            .needs(Permission::PostWrite)
            .says("Set the posts of a user"),
        Op::write("POST", "/api/v3/user-connection-post", connect_user, Audit::PostAssign)
            .needs(Permission::PostWrite)
            .says("Give a post to a user"),
    ]
}

async fn list_posts(ctx: Ctx, query: ListPostsQuery) -> Result<Page<PostItem>> {
    post::list(&ctx, query).await
}

async fn search_posts(ctx: Ctx, req: ListPostsReq) -> Result<Page<PostItem>> {
    post::find(&ctx, req).await
}

async fn get_post(ctx: Ctx, query: GetPostQuery) -> Result<PostDetail> {
    post::get(&ctx, query).await
}

async fn get_user_posts(ctx: Ctx, query: UserPostsQuery) -> Result<Vec<Post>> {
    post::of_user(&ctx, query).await
}

async fn get_user_post(ctx: Ctx, query: UserPostsQuery) -> Result<PostDetail> {
    post::of_user_one(&ctx, query).await
}

async fn get_post_by_id(ctx: Ctx, req: GetPostsByIdReq) -> Result<PostsById> {
    post::get_by_id(&ctx, req).await
}

async fn create_post(ctx: Ctx, req: CreatePostReq) -> Result<Post> {
    post::create(&ctx, req).await
}

async fn update_post(ctx: Ctx, req: UpdatePostReq) -> Result<Post> {
    post::update(&ctx, req).await
}

async fn remove_post(ctx: Ctx, req: RemovePostReq) -> Result<Done> {
    post::remove(&ctx, req).await.map(|()| Done)
}

async fn set_user_posts(ctx: Ctx, req: SetUserPostsReq) -> Result<Done> {
    post::set_of_user(&ctx, req).await.map(|()| Done)
}

async fn connect_user(ctx: Ctx, req: ConnectUserReq) -> Result<Done> {
    post::connect(&ctx, req).await.map(|()| Done)
}
