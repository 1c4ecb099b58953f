//! Applications.

mod access;
mod tenant;

use watchword_api::app::{
    AppIdQuery, AppIdReq, Application, ApplicationSecret, ApplicationSimpleInfo, CheckDomainReq, CreateApplicationReq,
    DomainAvailable, ListApplicationsQuery, UpdateApplicationMfaSettingsReq, UpdateApplicationReq,
};
use watchword_api::common::{Page, Success};
use watchword_api::security_settings::MfaSettings;
use watchword_domain::{Audit, Ctx, Permission, app};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    use Permission::{ApplicationRead, ApplicationReadSecret, ApplicationWrite};
    let own = vec![
        Op::read("GET", "/api/v3/get-application", get).needs(ApplicationRead).says("Read an application"),
        Op::read("GET", "/api/v3/list-applications", list).needs(ApplicationRead).says("List applications"),
        Op::read("GET", "/api/v3/get-application-simple-info", simple_info)
            .needs(ApplicationRead)
            .says("Read an application in short"),
        Op::read("GET", "/api/v3/list-application-simple-info", list_simple_info)
            .needs(ApplicationRead)
            .says("List applications in short"),
        Op::write("POST", "/api/v3/create-application", create, Audit::ApplicationCreate)
            .needs(ApplicationWrite)
            .says("Make an application"),
        Op::write("POST", "/api/v3/update-application", update, Audit::ApplicationUpdate)
            .needs(ApplicationWrite)
            .says("Change an application"),
        Op::read("POST", "/api/v3/check-domain-available", check_domain)
            .needs(ApplicationRead)
            .says("Say whether an application may have an identifier"),
        Op::write("POST", "/api/v3/delete-application", delete, Audit::ApplicationDelete)
            .needs(ApplicationWrite)
            .says("Delete an application and end its sessions"),
        Op::write("GET", "/api/v3/get-application-secret", read_secret, Audit::ApplicationSecretRead)
            .needs(ApplicationReadSecret)
            .says("Read an application's secret"),
        Op::write("POST", "/api/v3/refresh-application-secret", refresh_secret, Audit::ApplicationSecretRefresh)
            .needs(ApplicationWrite)
            .says("Replace an application's secret; needs application:read-secret, too"),
        Op::write("POST", "/api/v3/update-application-mfa-settings", update_mfa_settings, Audit::MfaSettingsUpdate)
            .needs(ApplicationWrite)
            .says("Switch second factors of an application on and off"),
    ];
    own.into_iter().chain(access::ops()).chain(tenant::ops()).collect()
}

async fn get(ctx: Ctx, query: AppIdQuery) -> Result<Application> {
    app::get(&ctx, query).await
}

async fn list(ctx: Ctx, query: ListApplicationsQuery) -> Result<Page<Application>> {
    app::list(&ctx, query).await
}

async fn simple_info(ctx: Ctx, query: AppIdQuery) -> Result<ApplicationSimpleInfo> {
    app::simple_info(&ctx, query).await
}

async fn list_simple_info(ctx: Ctx, query: ListApplicationsQuery) -> Result<Page<ApplicationSimpleInfo>> {
    app::list_simple_info(&ctx, query).await
}

async fn create(ctx: Ctx, req: CreateApplicationReq) -> Result<Application> {
    app::create(&ctx, req).await
}

async fn update(ctx: Ctx, req: UpdateApplicationReq) -> Result<Application> {
    app::update(&ctx, req).await
}

async fn check_domain(ctx: Ctx, req: CheckDomainReq) -> Result<DomainAvailable> {
    app::check_domain(&ctx, req).await
}

async fn delete(ctx: Ctx, req: AppIdReq) -> Result<Success> {
    app::delete(&ctx, req).await
}

async fn read_secret(ctx: Ctx, query: AppIdQuery) -> Result<ApplicationSecret> {
    app::read_secret(&ctx, query).await
}

async fn refresh_secret(ctx: Ctx, req: AppIdReq) -> Result<ApplicationSecret> {
    app::refresh_secret(&ctx, req).await
}

async fn update_mfa_settings(ctx: Ctx, req: UpdateApplicationMfaSettingsReq) -> Result<MfaSettings> {
    app::update_mfa_settings(&ctx, req).await
}
