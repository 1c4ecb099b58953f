//! What is the user's own: sign-ins, applications, roles, groups, departments, resources.

use std::collections::HashMap;

use watchword_api::common::Page;
use watchword_api::department::{GetUserDepartmentsQuery, UserDepartment};
use watchword_api::group::{GetUserGroupsQuery, Group};
use watchword_api::my_resource::{
    MyApp, MyDepartmentsQuery, MyLogin, MyLoginHistoryQuery, MyResourcesQuery, MyRolesQuery, MyTenant, ParsedUserAgent,
};
use watchword_api::role::HeldRole;
use watchword_api::user::AuthorizedResource;
use watchword_kit::{Error, Millis, Result, codes};
use watchword_store::app::{Application, TABLE as APPS};
use watchword_store::device;
use watchword_store::user::history::{self as store, Login, Wanted};

use crate::ctx::Ctx;
use crate::user::{agent, search};
use crate::{app, department, group, role};

/// `GET /api/v3/get-my-login-history`, the latest first.
///
/// # Errors
/// 400 outside the bounds of a page.
pub async fn login_history(ctx: &Ctx, query: MyLoginHistoryQuery) -> Result<Page<MyLogin>> {
    let page = search::page(query.page, query.limit, "")?;
    let user = &ctx.session()?.user_id;
    let wanted = Wanted {
        app_id: query.app_id.filter(|id| !id.is_empty()),
        ip: query.client_ip.filter(|ip| !ip.is_empty()),
        from: query.start.map(Millis),
        until: query.end.map(Millis),
        failures: query.success != Some(true),
        successes: query.success != Some(false),
    };
    let mut tx = ctx.read().await?;
    let (total_count, rows) = store::list(&mut tx, ctx.pool(), user, &wanted, page).await?;
    let mut ids: Vec<String> = rows.iter().map(|row| row.app_id.clone()).collect();
    ids.sort();
    ids.dedup();
    let apps = APPS.get_many(&mut tx, ctx.pool(), &ids).await?;
    let apps: HashMap<&str, &Application> = apps.iter().map(|app| (app.id.as_str(), app)).collect();
    let list = rows.into_iter().map(|row| login(ctx, &apps, row)).collect::<Result<_>>()?;
    Ok(Page { total_count, list })
}

fn login(ctx: &Ctx, apps: &HashMap<&str, &Application>, row: Login) -> Result<MyLogin> {
    let methods: Vec<String> = serde_json::from_str(&row.methods).map_err(Error::internal)?;
    let app = apps.get(row.app_id.as_str());
    let user_agent = row.user_agent.unwrap_or_default();
    let told = agent::read(&user_agent);
    let failed = match methods.first().map(String::as_str) {
        Some("otp") => codes::TOTP_WRONG,
        Some("rc") => codes::RECOVERY_CODE_WRONG,
        Some("sms" | "email") => codes::PASS_CODE_WRONG,
        _ => codes::CREDENTIALS_WRONG,
    };
    Ok(MyLogin {
        user_id: row.user_id,
        app_name: app.map(|app| app.name.clone()).unwrap_or_default(),
        app_login_url: app.map(|app| app::login_address(ctx, app)).unwrap_or_default(),
        app_logo: app.map(|app| app.logo.clone()).unwrap_or_default(),
        app_id: row.app_id,
        login_at: row.at.iso(),
        client_ip: row.ip.unwrap_or_default(),
        success: row.success,
        error_message: (!row.success).then(|| failed.message(ctx.request().lang).to_owned()),
        parsed_user_agent: ParsedUserAgent {
            device: if user_agent.is_empty() { String::new() } else { told.kind.as_str().to_owned() },
            browser: told.browser.to_owned(),
            os: told.os.to_owned(),
        },
        user_agent,
        login_method: methods.join(","),
        geoip: None,
        tenant_id: None,
    })
}

/// `GET /api/v3/get-my-logged-in-apps`: those signed in to within the time that sign-ins are kept, the latest first.
pub async fn logged_in_apps(ctx: &Ctx) -> Result<Vec<MyApp>> {
    let user = &ctx.session()?.user_id;
    let mut tx = ctx.read().await?;
    let ids = store::apps(&mut tx, ctx.pool(), user).await?;
    let mut apps = APPS.get_many(&mut tx, ctx.pool(), &ids).await?;
    apps.sort_by_key(|app| ids.iter().position(|id| *id == app.id));
    let live = device::live_apps(&mut tx, ctx.pool(), user, ctx.now()).await?;
    Ok(apps.into_iter().map(|app| show(ctx, &live, app)).collect())
}

/// `GET /api/v3/get-my-accessible-apps`: those that the user may enter.
pub async fn accessible_apps(ctx: &Ctx) -> Result<Vec<MyApp>> {
    let user = &ctx.session()?.user_id;
    let mut tx = ctx.read().await?;
    let (apps, _) = app::access::apps_of(&mut tx, ctx, user).await?;
    let live = device::live_apps(&mut tx, ctx.pool(), user, ctx.now()).await?;
    Ok(apps.into_iter().map(|app| show(ctx, &live, app)).collect())
}

fn show(ctx: &Ctx, live: &[String], app: Application) -> MyApp {
    MyApp {
        app_login_url: app::login_address(ctx, &app),
        active: live.contains(&app.id),
        app_id: app.id,
        app_name: app.name,
        app_logo: app.logo,
    }
}

/// `GET /api/v3/get-my-tenant-list`: none, since there are no tenants yet.
pub async fn tenants(ctx: &Ctx) -> Result<Vec<MyTenant>> {
    ctx.session()?;
    Ok(Vec::new())
}

/// `GET /api/v3/get-my-role-list`, in the order of permission spaces and codes.
///
/// # Errors
/// 404 at `namespace`.
pub async fn roles(ctx: &Ctx, query: MyRolesQuery) -> Result<Vec<HeldRole>> {
    role::of_id(ctx, &ctx.session()?.user_id, query.namespace.as_deref()).await
}

/// `GET /api/v3/get-my-group-list`, without who else is in the groups.
pub async fn groups(ctx: &Ctx) -> Result<Vec<Group>> {
    let query = GetUserGroupsQuery { user_id: ctx.session()?.user_id.clone(), user_id_type: None };
    Ok(group::of_user(ctx, query).await?.list)
}

/// `GET /api/v3/get-my-department-list`.
///
/// # Errors
/// 400 outside the bounds of a page.
pub async fn departments(ctx: &Ctx, query: MyDepartmentsQuery) -> Result<Page<UserDepartment>> {
    let query = GetUserDepartmentsQuery {
        user_id: ctx.session()?.user_id.clone(),
        user_id_type: None,
        page: query.page,
        limit: query.limit,
        with_custom_data: query.with_custom_data,
        with_department_paths: Some(true),
        sort_by: query.sort_by,
        order_by: query.order_by,
    };
    department::of_user::get(ctx, query).await
}

/// `GET /api/v3/get-my-authorized-resources`: nothing is authorised, since there are no resources yet.
pub async fn resources(ctx: &Ctx, _: MyResourcesQuery) -> Result<Page<AuthorizedResource>> {
    ctx.session()?;
    Ok(Page { total_count: 0, list: Vec::new() })
}
