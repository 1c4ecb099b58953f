//! Applications and login pages of tenants, which this server does not have: nothing is listed, and nothing is kept.

use watchword_api::app::{
    ListTenantApplicationsQuery, PoolTenantConfig, TenantApplication, TenantConnectionsReq, TenantQrcodeReq,
    UpdateLoginPageReq,
};
use watchword_api::common::{Page, Success};
use watchword_domain::{Ctx, Permission, app};
use watchword_kit::Result;

use crate::op::{Nothing, Op};

pub fn ops() -> Vec<Op> {
    use Permission::{ApplicationRead, ApplicationWrite};
    vec![
        Op::read("GET", "/api/v3/list-tenant-applications", list)
            .needs(ApplicationRead)
            .says("List applications of tenants: none, as there are no tenants"),
        Op::read("POST", "/api/v3/update-login-page-config", page)
            .needs(ApplicationWrite)
            .says("Refused: use update-application for what the login page offers"),
        Op::read("GET", "/api/v3/userpool-tenant-config", config)
            .needs(ApplicationRead)
            .says("Refused: there are no tenants"),
        Op::read("POST", "/api/v3/update-userpool-tenant-config", update)
            .needs(ApplicationWrite)
            .says("Refused: there are no tenants"),
        Op::read("POST", "/api/v3/update-userpool-tenant-appqrcode-state", qrcode)
            .needs(ApplicationWrite)
            .says("Refused: there are no tenants"),
        Op::read("POST", "/api/v3/change-userpool-tenant-ext-idp-conn-state", connections)
            .needs(ApplicationWrite)
            .says("Refused: there are no tenants"),
    ]
}

async fn list(_: Ctx, query: ListTenantApplicationsQuery) -> Result<Page<TenantApplication>> {
    app::no_tenant_apps(&query)?;
    Ok(Page { total_count: 0, list: Vec::new() })
}

async fn page(_: Ctx, _: UpdateLoginPageReq) -> Result<Success> {
    Err(app::no_login_page())
}

async fn config(_: Ctx, _: Nothing) -> Result<PoolTenantConfig> {
    Err(app::no_tenants())
}

async fn update(_: Ctx, _: UpdateLoginPageReq) -> Result<Success> {
    Err(app::no_tenants())
}

async fn qrcode(_: Ctx, _: TenantQrcodeReq) -> Result<Success> {
    Err(app::no_tenants())
}

async fn connections(_: Ctx, _: TenantConnectionsReq) -> Result<Success> {
    Err(app::no_tenants())
}
