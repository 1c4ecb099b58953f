//! Keys for the management API.

use watchword_api::access_key::{
    AccessKey, CreateAccessKeyReq, DeleteAccessKeyReq, GetAccessKeyQuery, ListAccessKeysQuery, UpdateAccessKeyReq,
};
use watchword_api::common::Success;
use watchword_domain::{Audit, Ctx, Permission, access_key};
use watchword_kit::Result;

use crate::op::{Done, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/list-access-key", list).needs(Permission::AccessKeyRead).says("List access keys"),
        Op::read("GET", "/api/v3/get-access-key", get).needs(Permission::AccessKeyRead).says("Read an access key"),
        Op::write("POST", "/api/v3/create-access-key", create, Audit::AccessKeyCreate)
            .needs(Permission::AccessKeyWrite)
            .says("Make an access key; its secret is shown this once"),
        Op::write("POST", "/api/v3/delete-access-key", delete, Audit::AccessKeyDelete)
            .needs(Permission::AccessKeyWrite)
            .says("Delete an access key and end its tokens"),
        Op::write("POST", "/api/v3/update-access-key", update, Audit::AccessKeyUpdate)
            .needs(Permission::AccessKeyWrite)
            .says("Switch an access key on or off"),
    ]
}

async fn list(ctx: Ctx, query: ListAccessKeysQuery) -> Result<Vec<AccessKey>> {
    access_key::list(&ctx, query).await
}

async fn get(ctx: Ctx, query: GetAccessKeyQuery) -> Result<Vec<AccessKey>> {
    access_key::get(&ctx, query).await
}

async fn create(ctx: Ctx, req: CreateAccessKeyReq) -> Result<Vec<AccessKey>> {
    access_key::create(&ctx, req).await
}

async fn delete(ctx: Ctx, req: DeleteAccessKeyReq) -> Result<Done> {
    access_key::delete(&ctx, req).await.map(|()| Done)
}

async fn update(ctx: Ctx, req: UpdateAccessKeyReq) -> Result<Success> {
    access_key::update(&ctx, req).await
}
