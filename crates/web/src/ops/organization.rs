//! Organisations, for management clients.

use watchword_api::common::{Page, Success};
use watchword_api::organization::{
    CreateOrganizationReq, DeleteOrganizationReq, GetOrganizationBatchQuery, GetOrganizationQuery,
    ListOrganizationsQuery, Organization, SearchOrganizationsQuery, UpdateOrganizationReq, UpdateOrganizationStatusReq,
};
use watchword_domain::organization::{self, manage};
use watchword_domain::{Audit, Ctx, Permission};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    use Permission::{OrganizationDelete, OrganizationRead, OrganizationWrite};
    vec![
        Op::read("GET", "/api/v3/get-organization", get).needs(OrganizationRead).says("Read an organisation"),
        Op::read("GET", "/api/v3/get-organization-batch", get_batch)
            .needs(OrganizationRead)
            .says("Read several organisations"),
        Op::read("GET", "/api/v3/list-organizations", list).needs(OrganizationRead).says("List organisations"),
        Op::write("POST", "/api/v3/create-organization", create, Audit::OrganizationCreate)
            .needs(OrganizationWrite)
            .says("Make an organisation of one department"),
        Op::write("POST", "/api/v3/update-organization", update, Audit::OrganizationUpdate)
            .needs(OrganizationWrite)
            .says("Change an organisation"),
        Op::write("POST", "/api/v3/delete-organization", delete, Audit::OrganizationDelete)
            .needs(OrganizationDelete)
            .says("Delete an organisation with all its departments"),
        Op::read("GET", "/api/v3/search-organizations", search).needs(OrganizationRead).says("Search organisations"),
        Op::write("POST", "/api/v3/update-organization-status", set_status, Audit::OrganizationUpdate)
            .needs(OrganizationWrite)
            .says("Take an organisation into use or out of it"),
    ]
}

async fn get(ctx: Ctx, query: GetOrganizationQuery) -> Result<Organization> {
    organization::get(&ctx, query).await
}

async fn get_batch(ctx: Ctx, query: GetOrganizationBatchQuery) -> Result<Vec<Organization>> {
    organization::get_batch(&ctx, query).await
}

async fn list(ctx: Ctx, query: ListOrganizationsQuery) -> Result<Page<Organization>> {
    organization::list(&ctx, query).await
}

async fn create(ctx: Ctx, req: CreateOrganizationReq) -> Result<Organization> {
    manage::create(&ctx, req).await
}

async fn update(ctx: Ctx, req: UpdateOrganizationReq) -> Result<Organization> {
    manage::update(&ctx, req).await
}

async fn delete(ctx: Ctx, req: DeleteOrganizationReq) -> Result<Success> {
    manage::delete(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn search(ctx: Ctx, query: SearchOrganizationsQuery) -> Result<Page<Organization>> {
    organization::search(&ctx, query).await
}

async fn set_status(ctx: Ctx, req: UpdateOrganizationStatusReq) -> Result<Success> {
    manage::set_status(&ctx, req).await?;
    Ok(Success { success: true })
}
