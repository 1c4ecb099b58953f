//! Who may use an application.

use watchword_api::app::{
    AppIdQuery, AuthorizeAccessReq, AuthsQuery, ListActiveUsersReq, ListAuthsReq, ListSubjectAuthReq,
    PermissionStrategyData, RevokeAccessReq, SubjectAuthDetail, SubjectAuthQuery, SubjectAuths, SubjectList,
    UpdateAuthEnabledReq, UpdatePermissionStrategyReq,
};
use watchword_api::common::{Page, Success};
use watchword_api::user::User;
use watchword_domain::app::access;
use watchword_domain::{Audit, Ctx, Permission};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    use Audit::ApplicationAccessChange;
    use Permission::{ApplicationRead, ApplicationWrite};
    vec![
        Op::read("GET", "/api/v3/get-application-permission-strategy", strategy)
            .needs(ApplicationRead)
            .says("Read what becomes of users whom no rule of an application reaches"),
        Op::write("POST", "/api/v3/update-application-permission-strategy", set_strategy, ApplicationAccessChange)
            .needs(ApplicationWrite)
            .says("Say what becomes of users whom no rule of an application reaches"),
        Op::write("POST", "/api/v3/authorize-application-access", authorize, ApplicationAccessChange)
            .needs(ApplicationWrite)
            .says("Let users, roles, groups and departments use an application, or keep them from it"),
        Op::write("POST", "/api/v3/revoke-application-access", revoke, ApplicationAccessChange)
            .needs(ApplicationWrite)
            .says("Take rules about an application away from users, roles, groups and departments"),
        Op::read("POST", "/api/v3/list-applications-auth", list)
            .needs(ApplicationRead)
            .says("List the rules about who may use an application"),
        Op::write("POST", "/api/v3/update-auth-enabled", switch, ApplicationAccessChange)
            .needs(ApplicationWrite)
            .says("Switch a rule about an application on or off"),
        Op::write("DELETE", "/api/v3/batch-applications-auth", delete, ApplicationAccessChange)
            .needs(ApplicationWrite)
            .says("Delete rules about applications"),
        Op::read("GET", "/api/v3/get-subject-auth-detail", detail)
            .needs(ApplicationRead)
            .says("Say what decides about a subject at an application"),
        Op::read("POST", "/api/v3/list-subject-auth", of_subject)
            .needs(ApplicationRead)
            .says("List the applications about which a rule says something for a subject"),
        Op::read("POST", "/api/v3/list-application-active-users", active_users)
            .needs(ApplicationRead)
            .says("List users with a live session of an application"),
    ]
}

async fn strategy(ctx: Ctx, query: AppIdQuery) -> Result<PermissionStrategyData> {
    access::get_strategy(&ctx, query).await
}

async fn set_strategy(ctx: Ctx, req: UpdatePermissionStrategyReq) -> Result<Success> {
    access::set_strategy(&ctx, req).await
}

async fn authorize(ctx: Ctx, req: AuthorizeAccessReq) -> Result<Success> {
    access::authorize(&ctx, req).await
}

async fn revoke(ctx: Ctx, req: RevokeAccessReq) -> Result<Success> {
    access::revoke(&ctx, req).await
}

async fn list(ctx: Ctx, req: ListAuthsReq) -> Result<Page<SubjectList>> {
    access::list(&ctx, req).await
}

async fn switch(ctx: Ctx, req: UpdateAuthEnabledReq) -> Result<Success> {
    access::switch(&ctx, req).await
}

async fn delete(ctx: Ctx, query: AuthsQuery) -> Result<Success> {
    access::delete(&ctx, query).await
}

async fn detail(ctx: Ctx, query: SubjectAuthQuery) -> Result<SubjectAuthDetail> {
    access::detail(&ctx, query).await
}

async fn of_subject(ctx: Ctx, req: ListSubjectAuthReq) -> Result<SubjectAuths> {
    access::of_targets(&ctx, req).await
}

async fn active_users(ctx: Ctx, req: ListActiveUsersReq) -> Result<Page<User>> {
    access::active_users(&ctx, req).await
}
