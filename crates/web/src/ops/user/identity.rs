//! Accounts of users elsewhere.

use watchword_api::common::{Success, UserQuery};
use watchword_api::user::{
    DeleteSyncRelationsReq, Identity, LinkIdentityReq, LoggedInIdentity, SyncRelation, UnlinkIdentityReq,
};
use watchword_domain::user::identity;
use watchword_domain::{Audit, Ctx, Permission};
use watchword_kit::Result;

use crate::op::Op;

pub(super) fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/get-user-identities", get_user_identities)
            .needs(Permission::UserRead)
            .says("Identities of a user at other sources"),
        Op::read("GET", "/api/v3/get-user-logged-in-identities", get_user_logged_in_identities)
            .needs(Permission::UserRead)
            .says("Identity sources by which a user has signed in"),
        Op::write("POST", "/api/v3/link-identity", link_identity, Audit::IdentityLink)
            .needs(Permission::UserWrite)
            .says("Link an identity at another source to a user"),
        Op::write("POST", "/api/v3/unlink-identity", unlink_identity, Audit::IdentityUnlink)
            .needs(Permission::UserWrite)
            .says("Unlink the identities of a user at a source"),
        Op::read("GET", "/api/v3/get-user-sync-relations", get_user_sync_relations)
            .needs(Permission::UserRead)
            .says("Where a synchronised user comes from"),
        Op::write("POST", "/api/v3/delete-user-sync-relations", delete_user_sync_relations, Audit::SyncRelationsDelete)
            .needs(Permission::UserWrite)
            .says("Forget where a synchronised user comes from"),
    ]
}

async fn get_user_identities(ctx: Ctx, query: UserQuery) -> Result<Vec<Identity>> {
    identity::list(&ctx, query).await
}

async fn get_user_logged_in_identities(ctx: Ctx, query: UserQuery) -> Result<Vec<LoggedInIdentity>> {
    identity::logged_in(&ctx, query).await
}

async fn link_identity(ctx: Ctx, req: LinkIdentityReq) -> Result<Success> {
    identity::link(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn unlink_identity(ctx: Ctx, req: UnlinkIdentityReq) -> Result<Success> {
    identity::unlink(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn get_user_sync_relations(ctx: Ctx, query: UserQuery) -> Result<Vec<SyncRelation>> {
    identity::sync_relations(&ctx, query).await
}

async fn delete_user_sync_relations(ctx: Ctx, req: DeleteSyncRelationsReq) -> Result<Success> {
    identity::delete_sync_relations(&ctx, req).await?;
    Ok(Success { success: true })
}
