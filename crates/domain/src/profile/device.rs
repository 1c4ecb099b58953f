//! Whence a user has signed in: one device per user agent. Nothing else tells browsers apart without marking them.

use serde_json::json;
use watchword_api::profile::{Device as Shown, DeviceReq, DeviceState, ListDevicesQuery, MyDevice, RevokeSessionsReq};
use watchword_crypto::hash;
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::device::{self as store, Device};
use watchword_store::session::{self, Session};

use crate::ctx::Ctx;
use crate::logout::back_channel;
use crate::user::{self, agent, search, update};

/// Notes the sign-in that opened a session.
pub(crate) async fn seen(tx: &mut Tx, session: &Session) -> Result<()> {
    let user_agent = session.user_agent.clone().unwrap_or_default();
    let named = format!("{}\0{}\0{user_agent}", session.pool_id, session.user_id);
    let device = Device {
        pool_id: session.pool_id.clone(),
        user_id: session.user_id.clone(),
        id: hash::sha256_hex(named.as_bytes())[..24].to_owned(),
        user_agent,
        last_ip: session.ip.clone(),
        created_at: session.created_at,
        last_login_at: session.created_at,
    };
    Ok(store::seen(tx, &device).await?)
}

/// `GET /api/v3/mydevices/list`, the one used last first.
///
/// # Errors
/// 400 outside the bounds of a page.
pub async fn list(ctx: &Ctx, query: ListDevicesQuery) -> Result<Vec<MyDevice>> {
    let page = search::page(query.page, query.limit, "")?;
    let user = &ctx.session()?.user_id;
    let rows = store::list(&mut ctx.read().await?, ctx.pool(), user, page, ctx.now()).await?;
    Ok(rows.into_iter().map(show).collect())
}

fn show(row: store::Shown) -> MyDevice {
    let told = agent::read(&row.user_agent);
    MyDevice {
        device: Shown {
            device_id: row.id,
            name: told.name(),
            version: told.version,
            kind: told.kind,
            model: None,
            os: (!told.os.is_empty()).then(|| told.os.to_owned()),
            status: DeviceState::default(),
            user_agent: (!row.user_agent.is_empty()).then_some(row.user_agent),
        },
        last_login_time: row.last_login_at.iso(),
        last_ip: row.last_ip,
        online: row.online,
    }
}

/// `POST /api/v3/mydevices/unbind`: the device is forgotten until somebody signs in there again, and its sessions end.
///
/// # Errors
/// 404 for a device that is none of the user's.
pub async fn unbind(ctx: &Ctx, req: DeviceReq) -> Result<()> {
    end(ctx, req, true).await
}

/// `POST /api/v3/mydevices/revoke-session`: the sessions of the device end, also the present one.
///
/// # Errors
/// As [`unbind`].
pub async fn revoke_session(ctx: &Ctx, req: DeviceReq) -> Result<()> {
    end(ctx, req, false).await
}

/// `POST /api/v3/mydevices/revoke-all-sessions`: every session of the user ends, at every application and browser; the
/// present one only if the request says so. What was begun and waits (sign-ins, approved devices, links for a new
/// password) ends with them.
pub async fn revoke_all(ctx: &Ctx, req: RevokeSessionsReq) -> Result<()> {
    let session = ctx.session()?;
    let spared = (!req.include_current.unwrap_or_default()).then_some(session.id.as_str());
    let mut tx = ctx.write().await?;
    user::hold(&mut tx, ctx.pool(), &session.user_id).await?;
    update::sign_out_except(&mut tx, ctx, &session.user_id, spared).await?;
    ctx.commit(tx, json!({ "userId": session.user_id, "includeCurrent": spared.is_none() })).await
}

async fn end(ctx: &Ctx, req: DeviceReq, forget: bool) -> Result<()> {
    let (user, id) = (&ctx.session()?.user_id, req.device_id);
    let mut tx = ctx.write().await?;
    user::hold(&mut tx, ctx.pool(), user).await?;
    let agent = store::agent(&mut tx, ctx.pool(), user, &id).await?.ok_or_else(unknown)?;
    let mut live = session::of_user(&mut tx, ctx.pool(), user, ctx.now()).await?;
    live.retain(|session| session.user_agent.as_deref().unwrap_or_default() == agent);
    back_channel::announce(&mut tx, ctx, &live).await?;
    let ended = store::end_sessions(&mut tx, ctx.pool(), user, &agent, ctx.now()).await?;
    if forget && !store::forget(&mut tx, ctx.pool(), user, &id).await? {
        return Err(unknown());
    }
    ctx.commit(tx, json!({ "userId": user, "deviceId": id, "sessions": ended })).await
}

fn unknown() -> Error {
    Error::new(codes::NOT_FOUND).because(text!("no such device", "设备不存在")).at("deviceId")
}
