//! The device grant (RFC 8628 §3.4).

use serde_json::json;
use watchword_api::grant::TokenSet;
use watchword_crypto::hash;
use watchword_kit::{Error, Result, text};
use watchword_store::device_code::{self as device, TABLE};
use watchword_store::user::TABLE as USERS;

use super::{Asked, invalid_grant, narrow_resources};
use crate::ctx::Ctx;
use crate::token::{self, Extras, oauth};
use crate::{login, user};

/// What a poll that comes too soon adds to the pause (§3.5).
const SLOWER: i64 = 5_000;

/// Tokens for a device whose user has approved it.
///
/// # Errors
/// `authorization_pending`, `slow_down`, `access_denied`, `expired_token`; `invalid_grant` for a code that is unknown,
/// another client's or spent.
pub(super) async fn device_code(ctx: &Ctx, asked: Asked) -> Result<TokenSet> {
    let resources = asked.resources();
    let code = asked
        .req
        .device_code
        .ok_or_else(|| oauth("invalid_request").because(text!("device_code is required", "缺少 device_code")))?;
    let id = hash::token_hash(code.reveal());
    let mut tx = ctx.write().await?;
    // Who has approved is held before the code.
    let approved_by = TABLE.get(&mut tx, ctx.pool(), &id).await?.and_then(|row| row.user_id);
    let user = match &approved_by {
        Some(user) => USERS.keep(&mut tx, ctx.pool(), user).await?,
        None => None,
    };
    let found = TABLE.keep(&mut tx, ctx.pool(), &id).await?;
    let unknown = || invalid_grant(text!("the device code is invalid or spent", "device_code 无效或已使用"));
    let row = found.filter(|row| row.app_id == asked.app.id && row.state != "spent").ok_or_else(unknown)?;
    let about = json!({ "clientId": asked.app.id, "grant": "device_code" });
    if row.expires_at <= ctx.now() {
        return Err(oauth("expired_token").because(text!("the device code has expired", "device_code 已过期")));
    }
    if row.state == "denied" {
        return Err(oauth("access_denied").because(text!("the user has refused", "用户已拒绝")));
    }
    let (Some(user), Some(amr), Some(auth_time)) = (user, &row.amr, row.auth_time) else {
        let soon = ctx.now() - row.polled_at < watchword_kit::Millis(row.pause);
        let pause = if soon { row.pause + SLOWER } else { row.pause };
        device::polled(&mut tx, ctx.pool(), &id, pause, ctx.now()).await?;
        let refusal = match soon {
            true => oauth("slow_down").because(text!("wait five seconds longer", "请求过于频繁，请延长间隔 5 秒")),
            false => oauth("authorization_pending").because(text!("the user has not decided yet", "用户尚未确认")),
        };
        return Err(ctx.commit_refusal(tx, refusal, about).await);
    };
    let granted: Vec<String> = serde_json::from_str(&row.resources).map_err(Error::internal)?;
    let resources = narrow_resources(&granted, resources)?;
    if !device::spend(&mut tx, ctx.pool(), &id).await? {
        return Err(unknown());
    }
    let allowed = crate::app::access::allowed(&mut tx, ctx, &asked.app, &user.id).await?;
    if !allowed || !user::life::may_sign_in(&user, ctx.now()) {
        return Err(unknown());
    }
    let amr: Vec<String> = serde_json::from_str(amr).map_err(Error::internal)?;
    let amr: Vec<&str> = amr.iter().map(String::as_str).collect();
    let opening = login::Opening::at_api(ctx, &asked.app, &row.scope, &amr, None)?;
    let mut session = login::open_session(&mut tx, ctx, &asked.app, &user, opening).await?;
    // The user proved who they are when they signed in, not when they typed the code.
    session.auth_time = auth_time;
    watchword_store::session::set_auth_time(&mut tx, ctx.pool(), &session.id, auth_time).await?;
    let extras = Extras { resources, granted, jkt: asked.jkt, ..Extras::default() };
    let draft = token::draft(&mut tx, ctx, &session, &asked.app, &user, &extras).await?;
    ctx.commit(tx, json!({ "userId": user.id, "clientId": asked.app.id, "grant": "device_code" })).await?;
    draft.sign(ctx)
}
