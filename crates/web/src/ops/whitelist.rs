//! Who may register, for management clients.

use watchword_api::common::Success;
use watchword_api::whitelist::{AppWhitelistReq, ListAppWhitelistQuery, ListWhitelistQuery, Whitelist, WhitelistReq};
use watchword_domain::{Audit, Ctx, Permission, whitelist};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/add-whitelist", add, Audit::WhitelistAdd)
            .needs(Permission::WhitelistWrite)
            .says("Add to the user pool's registration whitelist"),
        Op::read("GET", "/api/v3/list-whitelist", list)
            .needs(Permission::WhitelistRead)
            .says("Read the user pool's registration whitelist"),
        Op::write("POST", "/api/v3/delete-whitelist", delete, Audit::WhitelistDelete)
            .flat()
            .needs(Permission::WhitelistWrite)
            .says("Delete from the user pool's registration whitelist"),
        Op::write("POST", "/api/v3/add-whitelist-of-app", add_of_app, Audit::WhitelistAdd)
            .needs(Permission::WhitelistWrite)
            .says("Add to an application's registration whitelist"),
        Op::read("GET", "/api/v3/list-whitelist-of-app", list_of_app)
            .needs(Permission::WhitelistRead)
            .says("Read an application's registration whitelist"),
        Op::write("POST", "/api/v3/delete-whitelist-of-app", delete_of_app, Audit::WhitelistDelete)
            .flat()
            .needs(Permission::WhitelistWrite)
            .says("Delete from an application's registration whitelist"),
    ]
}

async fn add(ctx: Ctx, req: WhitelistReq) -> Result<Whitelist> {
    whitelist::add(&ctx, req).await
}

async fn list(ctx: Ctx, query: ListWhitelistQuery) -> Result<Whitelist> {
    whitelist::list(&ctx, query.kind).await
}

async fn delete(ctx: Ctx, req: WhitelistReq) -> Result<Success> {
    whitelist::delete(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn add_of_app(ctx: Ctx, req: AppWhitelistReq) -> Result<Whitelist> {
    whitelist::add_of_app(&ctx, req).await
}

async fn list_of_app(ctx: Ctx, query: ListAppWhitelistQuery) -> Result<Whitelist> {
    whitelist::list_of_app(&ctx, query.kind, &query.app_id).await
}

async fn delete_of_app(ctx: Ctx, req: AppWhitelistReq) -> Result<Success> {
    whitelist::delete_of_app(&ctx, req).await?;
    Ok(Success { success: true })
}
