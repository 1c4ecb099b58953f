//! Sign-ins as they happened, and the applications of a user.

use serde_json::json;
use watchword_api::app::PermissionStrategy;
use watchword_api::common::{Page, UserQuery};
use watchword_api::user::{AccessibleApp, LoggedInApp, LoginHistoryQuery, LoginRecord, LoginStrategy};
use watchword_kit::{Error, Millis, PoolId, Result};
use watchword_store::app::{Application, TABLE as APPS};
use watchword_store::session::Session;
use watchword_store::user::history::{self as store, Login, Wanted};
use watchword_store::{Filter, Tx, table};

use super::life;
use super::search;
use crate::ctx::Ctx;
use crate::{app, profile};

/// Notes the sign-in that opened a session, and whence.
pub(crate) async fn succeeded(tx: &mut Tx, session: &Session) -> Result<()> {
    let login = Login {
        pool_id: session.pool_id.clone(),
        user_id: session.user_id.clone(),
        at: session.auth_time,
        id: session.id.clone(),
        app_id: session.app_id.clone(),
        methods: session.amr.clone(),
        success: true,
        ip: session.ip.clone(),
        user_agent: session.user_agent.clone(),
    };
    store::add(tx, &login).await?;
    profile::device::seen(tx, session).await
}

/// Notes an attempt to sign in as this user that failed at `method` (RFC 8176).
pub(crate) async fn failed(tx: &mut Tx, ctx: &Ctx, user: &str, method: &str) -> Result<()> {
    let login = Login {
        pool_id: ctx.pool().to_string(),
        user_id: user.to_owned(),
        at: ctx.now(),
        id: ctx.new_id(),
        app_id: ctx.app_id().unwrap_or_default().to_owned(),
        methods: json!([method]).to_string(),
        success: false,
        ip: ctx.request().ip.clone(),
        user_agent: ctx.request().user_agent.clone(),
    };
    Ok(store::add(tx, &login).await?)
}

/// `GET /api/v3/get-user-login-history`, the latest first.
///
/// # Errors
/// 404/2004; 400 outside the bounds of a page.
pub async fn list(ctx: &Ctx, query: LoginHistoryQuery) -> Result<Page<LoginRecord>> {
    let page = search::page(query.page, query.limit, "")?;
    let user = life::find(ctx, &query.user_id, query.user_id_type).await?;
    let wanted = Wanted {
        app_id: query.app_id.filter(|id| !id.is_empty()),
        ip: query.client_ip.filter(|ip| !ip.is_empty()),
        from: query.start.map(Millis),
        until: query.end.map(Millis),
        failures: query.with_failures.unwrap_or_default(),
        successes: true,
    };
    let mut tx = ctx.read().await?;
    let (total_count, rows) = store::list(&mut tx, ctx.pool(), &user.id, &wanted, page).await?;
    let mut ids: Vec<String> = rows.iter().map(|row| row.app_id.clone()).collect();
    ids.sort();
    ids.dedup();
    let apps = APPS.get_many(&mut tx, ctx.pool(), &ids).await?;
    let show = |row: Login| {
        let app = apps.iter().find(|app| app.id == row.app_id);
        Ok(LoginRecord {
            app_name: app.map(|a| a.name.clone()).unwrap_or_default(),
            app_logo: app.map(|a| a.logo.clone()).unwrap_or_default(),
            app_login_url: app.map(|a| app::login_address(ctx, a)).unwrap_or_default(),
            app_id: row.app_id,
            client_ip: row.ip.unwrap_or_default(),
            user_agent: row.user_agent,
            time: row.at.iso(),
            methods: serde_json::from_str(&row.methods).map_err(Error::internal)?,
            success: row.success,
        })
    };
    Ok(Page { total_count, list: rows.into_iter().map(show).collect::<Result<_>>()? })
}

/// `GET /api/v3/get-user-loggedin-apps`: the applications, as far as they still exist, that the user has signed in to
/// within the time that sign-ins are kept; the latest first.
///
/// # Errors
/// 404/2004.
pub async fn logged_in_apps(ctx: &Ctx, query: UserQuery) -> Result<Vec<LoggedInApp>> {
    let user = life::find(ctx, &query.user_id, query.user_id_type).await?;
    let mut tx = ctx.read().await?;
    let ids = store::apps(&mut tx, ctx.pool(), &user.id).await?;
    let mut apps = APPS.get_many(&mut tx, ctx.pool(), &ids).await?;
    apps.sort_by_key(|app| ids.iter().position(|id| *id == app.id));
    let show = |app: Application| LoggedInApp {
        app_login_url: app::login_address(ctx, &app),
        app_id: app.id,
        app_name: app.name,
        app_logo: app.logo,
    };
    Ok(apps.into_iter().map(show).collect())
}

/// `GET /api/v3/get-user-accessible-apps`: the applications that their rules let the user enter; none for a user who
/// may not sign in.
///
/// # Errors
/// 404/2004.
pub async fn accessible_apps(ctx: &Ctx, query: UserQuery) -> Result<Vec<AccessibleApp>> {
    let user = life::find(ctx, &query.user_id, query.user_id_type).await?;
    if !life::may_sign_in(&user, ctx.now()) {
        return Ok(Vec::new());
    }
    let (apps, _) = app::access::apps_of(&mut ctx.read().await?, ctx, &user.id).await?;
    Ok(apps.into_iter().map(|app| accessible(ctx, app)).collect())
}

pub(crate) fn accessible(ctx: &Ctx, app: Application) -> AccessibleApp {
    AccessibleApp {
        app_login_url: app::login_address(ctx, &app),
        app_default_login_strategy: match app::access::strategy(&app) {
            PermissionStrategy::AllowAll => LoginStrategy::AllowAll,
            PermissionStrategy::DenyAll => LoginStrategy::DenyAll,
        },
        app_id: app.id,
        app_name: app.name,
        app_logo: app.logo,
    }
}

/// `GET /api/v3/get-user-authorized-apps`: the applications opened to the user by a rule.
///
/// # Errors
/// 404/2004.
pub async fn authorized_apps(ctx: &Ctx, query: UserQuery) -> Result<Vec<AccessibleApp>> {
    let user = life::find(ctx, &query.user_id, query.user_id_type).await?;
    if !life::may_sign_in(&user, ctx.now()) {
        return Ok(Vec::new());
    }
    let (mut apps, opened) = app::access::apps_of(&mut ctx.read().await?, ctx, &user.id).await?;
    apps.retain(|app| opened.contains(&app.id));
    Ok(apps.into_iter().map(|app| accessible(ctx, app)).collect())
}

pub(crate) async fn all_apps(tx: &mut Tx, pool: &PoolId) -> Result<Vec<Application>> {
    let all = table::Page { limit: i64::MAX, offset: 0 };
    Ok(APPS.page(tx, &Filter::pool(pool), "created_at", all).await?.1)
}
