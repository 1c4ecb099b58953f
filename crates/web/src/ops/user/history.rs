//! Sign-ins of users, and their applications.

use watchword_api::common::{Page, UserQuery};
use watchword_api::user::{AccessibleApp, LoggedInApp, LoginHistoryQuery, LoginRecord};
use watchword_domain::user::history;
use watchword_domain::{Ctx, Permission};
use watchword_kit::Result;

use crate::op::Op;

pub(super) fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/get-user-login-history", get_user_login_history)
            .needs(Permission::UserRead)
            .says("Sign-ins of a user"),
        Op::read("GET", "/api/v3/get-user-loggedin-apps", get_user_loggedin_apps)
            .needs(Permission::UserRead)
            .says("Applications that a user has signed in to"),
        Op::read("GET", "/api/v3/get-user-accessible-apps", get_user_accessible_apps)
            .needs(Permission::UserRead)
            .says("Applications that a user may enter"),
        Op::read("GET", "/api/v3/get-user-authorized-apps", get_user_authorized_apps)
            .needs(Permission::UserRead)
            .says("Applications opened to a user by a rule"),
    ]
}

async fn get_user_login_history(ctx: Ctx, query: LoginHistoryQuery) -> Result<Page<LoginRecord>> {
    history::list(&ctx, query).await
}

async fn get_user_loggedin_apps(ctx: Ctx, query: UserQuery) -> Result<Vec<LoggedInApp>> {
    history::logged_in_apps(&ctx, query).await
}

async fn get_user_accessible_apps(ctx: Ctx, query: UserQuery) -> Result<Vec<AccessibleApp>> {
    history::accessible_apps(&ctx, query).await
}

async fn get_user_authorized_apps(ctx: Ctx, query: UserQuery) -> Result<Vec<AccessibleApp>> {
    history::authorized_apps(&ctx, query).await
}
