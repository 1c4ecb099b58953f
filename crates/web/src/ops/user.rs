//! Users, for management clients.

mod history;
mod identity;
mod life;
mod reset_link;

use watchword_api::common::{Page, Success};
use watchword_api::user::{
    CreateUserReq, CreateUsersBatchReq, DecryptFieldsReq, DecryptedField, DeleteUsersBatchReq, GetUserBatchQuery,
    GetUserQuery, IsUserExistsReq, KickUsersReq, ListUsersByKeywordsReq, ListUsersQuery, ListUsersReq,
    UpdateUserBatchReq, UpdateUserReq, User, UserExists,
};
use watchword_domain::user::{create, decrypt, remove, resolve, search, update, view};
use watchword_domain::{Audit, Ctx, Permission};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    let mut ops = vec![
        Op::read("GET", "/api/v3/list-users", list_users).needs(Permission::UserRead).says("List users"),
        Op::read("POST", "/api/v3/list-users", search_users).needs(Permission::UserRead).says("Search users"),
        Op::read("POST", "/api/v3/list-users-by-keywords", list_users_by_keywords)
            .needs(Permission::UserRead)
            .says("Search users by keywords"),
        Op::read("GET", "/api/v3/get-user", get_user).needs(Permission::UserRead).says("Read a user"),
        Op::read("GET", "/api/v3/get-user-batch", get_user_batch)
            .needs(Permission::UserRead)
            .says("Read several users"),
        Op::write("POST", "/api/v3/create-user", create_user, Audit::UserCreate)
            .needs(Permission::UserWrite)
            .says("Create a user"),
        Op::write("POST", "/api/v3/create-users-batch", create_users_batch, Audit::UserCreate)
            .needs(Permission::UserWrite)
            .says("Create users, all or none"),
        Op::write("POST", "/api/v3/update-user", update_user, Audit::UserUpdate)
            .needs(Permission::UserWrite)
            .says("Change a user"),
        Op::write("POST", "/api/v3/update-user-batch", update_user_batch, Audit::UserUpdate)
            .needs(Permission::UserWrite)
            .says("Change users, all or none"),
        Op::write("POST", "/api/v3/delete-users-batch", delete_users_batch, Audit::UserDelete)
            .needs(Permission::UserDelete)
            .says("Delete users and everything that is theirs, all or none"),
        Op::read("POST", "/api/v3/is-user-exists", is_user_exists)
            .needs(Permission::UserRead)
            .says("Whether a user exists"),
        Op::write("POST", "/api/v3/kick-users", kick_users, Audit::UserKick)
            .needs(Permission::UserKick)
            .says("Sign a user out of applications"),
        Op::read("POST", "/api/v3/users/field/decrypt", decrypt_fields)
            .needs(Permission::UserRead)
            .says("Decrypt values with a key of the caller's"),
    ];
    ops.extend(life::ops());
    ops.extend(history::ops());
    ops.extend(reset_link::ops());
    ops.extend(identity::ops());
    ops
}

async fn list_users(ctx: Ctx, query: ListUsersQuery) -> Result<Page<User>> {
    search::list(&ctx, query).await
}

async fn search_users(ctx: Ctx, req: ListUsersReq) -> Result<Page<User>> {
    search::find(&ctx, req).await
}

async fn list_users_by_keywords(ctx: Ctx, req: ListUsersByKeywordsReq) -> Result<Page<User>> {
    search::by_keywords(&ctx, req).await
}

async fn get_user(ctx: Ctx, query: GetUserQuery) -> Result<User> {
    view::get(&ctx, query).await
}

async fn get_user_batch(ctx: Ctx, query: GetUserBatchQuery) -> Result<Vec<User>> {
    view::get_batch(&ctx, query).await
}

async fn create_user(ctx: Ctx, req: CreateUserReq) -> Result<User> {
    create::create(&ctx, req).await
}

async fn create_users_batch(ctx: Ctx, req: CreateUsersBatchReq) -> Result<Vec<User>> {
    create::create_batch(&ctx, req).await
}

async fn update_user(ctx: Ctx, req: UpdateUserReq) -> Result<User> {
    update::update(&ctx, req).await
}

async fn update_user_batch(ctx: Ctx, req: UpdateUserBatchReq) -> Result<Vec<User>> {
    update::update_batch(&ctx, req).await
}

async fn delete_users_batch(ctx: Ctx, req: DeleteUsersBatchReq) -> Result<Success> {
    remove::delete(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn is_user_exists(ctx: Ctx, req: IsUserExistsReq) -> Result<UserExists> {
    Ok(UserExists { exists: resolve::exists(&ctx, req).await? })
}

async fn kick_users(ctx: Ctx, req: KickUsersReq) -> Result<Success> {
    remove::kick(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn decrypt_fields(ctx: Ctx, req: DecryptFieldsReq) -> Result<Vec<DecryptedField>> {
    decrypt::decrypt(&ctx, req).await
}
