//! What is the user's own.

use watchword_api::common::Page;
use watchword_api::department::UserDepartment;
use watchword_api::group::Group;
use watchword_api::my_resource::{
    MyApp, MyDepartmentsQuery, MyLogin, MyLoginHistoryQuery, MyResourcesQuery, MyRolesQuery, MyTenant,
};
use watchword_api::role::HeldRole;
use watchword_api::user::AuthorizedResource;
use watchword_domain::{Ctx, my_resource};
use watchword_kit::Result;

use crate::op::{Nothing, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/get-my-login-history", login_history).user().says("One's own sign-ins"),
        Op::read("GET", "/api/v3/get-my-logged-in-apps", logged_in_apps)
            .user()
            .says("Applications that one has signed in to"),
        Op::read("GET", "/api/v3/get-my-accessible-apps", accessible_apps)
            .user()
            .says("Applications that one may enter"),
        Op::read("GET", "/api/v3/get-my-tenant-list", tenants).user().says("One's own tenants"),
        Op::read("GET", "/api/v3/get-my-role-list", roles).user().says("One's own roles"),
        Op::read("GET", "/api/v3/get-my-group-list", groups).user().says("One's own groups"),
        Op::read("GET", "/api/v3/get-my-department-list", departments).user().says("One's own departments"),
        Op::read("GET", "/api/v3/get-my-authorized-resources", resources)
            .user()
            .says("Resources that one is allowed to use"),
    ]
}

async fn login_history(ctx: Ctx, query: MyLoginHistoryQuery) -> Result<Page<MyLogin>> {
    my_resource::login_history(&ctx, query).await
}

async fn logged_in_apps(ctx: Ctx, _: Nothing) -> Result<Vec<MyApp>> {
    my_resource::logged_in_apps(&ctx).await
}

async fn accessible_apps(ctx: Ctx, _: Nothing) -> Result<Vec<MyApp>> {
    my_resource::accessible_apps(&ctx).await
}

async fn tenants(ctx: Ctx, _: Nothing) -> Result<Vec<MyTenant>> {
    my_resource::tenants(&ctx).await
}

async fn roles(ctx: Ctx, query: MyRolesQuery) -> Result<Vec<HeldRole>> {
    my_resource::roles(&ctx, query).await
}

async fn groups(ctx: Ctx, _: Nothing) -> Result<Vec<Group>> {
    my_resource::groups(&ctx).await
}

async fn departments(ctx: Ctx, query: MyDepartmentsQuery) -> Result<Page<UserDepartment>> {
    my_resource::departments(&ctx, query).await
}

async fn resources(ctx: Ctx, query: MyResourcesQuery) -> Result<Page<AuthorizedResource>> {
    my_resource::resources(&ctx, query).await
}
