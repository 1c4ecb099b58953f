//! The refresh grant (RFC 6749 §6) with rotation and reuse detection (RFC 9700 §4.14).

use serde_json::json;
use watchword_api::grant::TokenSet;
use watchword_crypto::hash;
use watchword_kit::{Error, Millis, Result, text};
use watchword_store::session::{self, REFRESH_TOKENS};

use super::{Asked, narrow, narrow_resources};
use crate::ctx::Ctx;
use crate::demand::Demand;
use crate::token::{self, Extras, oauth};
use crate::{pool, user};

/// A spent token that comes again within this time is taken for a client's own retry: refused, but nobody is
/// thrown out for it.
const RETRY_GRACE: Millis = Millis::seconds(10);

/// New tokens for a refresh token. The next refresh token is for all that was granted, whatever less this request asks
/// for.
///
/// # Errors
/// `invalid_grant`, the same for every reason; `invalid_scope` and `invalid_target` for more than was granted. A token
/// spent earlier ends its session: one of its two users is a thief.
pub(super) async fn refresh(ctx: &Ctx, asked: Asked) -> Result<TokenSet> {
    let resources = asked.resources();
    let Asked { app, req, jkt, .. } = asked;
    let given = req
        .refresh_token
        .ok_or_else(|| oauth("invalid_request").because(text!("refresh_token is required", "缺少 refresh_token")))?;
    let id = hash::token_hash(given.reveal());
    let mut tx = ctx.write().await?;
    let found = REFRESH_TOKENS.get(&mut tx, ctx.pool(), &id).await?;
    let row = found.filter(|t| t.app_id == app.id && t.expires_at > ctx.now()).ok_or_else(invalid_grant)?;
    if row.jkt.is_some() && row.jkt != jkt {
        return Err(invalid_grant());
    }
    let about = json!({ "userId": row.user_id, "grant": "refresh_token" });
    if row.used_at.is_none() {
        // What is wrong with the request does not cost the token.
        let granted: Vec<String> = serde_json::from_str(&row.resources).map_err(Error::internal)?;
        narrow_resources(&granted, resources.clone())?;
    }
    if !session::spend_refresh_token(&mut tx, ctx.pool(), &id, ctx.now()).await? {
        let stale = row.used_at.is_some_and(|at| ctx.now() - at > RETRY_GRACE);
        if stale {
            session::revoke(&mut tx, ctx.pool(), &row.session_id, ctx.now()).await?;
        }
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    let live = session::live(&mut tx, ctx.pool(), &row.session_id, ctx.now()).await?;
    let session = live.ok_or_else(invalid_grant)?;
    // The token is as old as the last refresh.
    let idle = Millis::seconds(pool::settings(&mut tx, ctx.pool()).await?.refresh_idle_seconds);
    if ctx.now() - row.created_at > idle {
        session::revoke(&mut tx, ctx.pool(), &session.id, ctx.now()).await?;
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    let user = user::by_id(&mut tx, ctx.pool(), &row.user_id).await.map_err(|_| invalid_grant())?;
    if !crate::app::access::allowed(&mut tx, ctx, &app, &user.id).await? {
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    // What was granted before a second factor was asked for does not outlive the demand.
    let amr: Vec<String> = serde_json::from_str(&session.amr).map_err(Error::internal)?;
    let demand = Demand::load(&mut tx, ctx, Some(&app), &user.id).await?;
    if demand.holds_back(&app) && !amr.iter().any(|a| a == "mfa") {
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    let extras = Extras {
        scope: Some(narrow(&session.scope, req.scope.as_deref())?),
        resources,
        granted: serde_json::from_str(&row.resources).map_err(Error::internal)?,
        jkt,
        ..Extras::default()
    };
    let draft = token::draft(&mut tx, ctx, &session, &app, &user, &extras).await?;
    ctx.commit(tx, about).await?;
    draft.sign(ctx)
}

fn invalid_grant() -> Error {
    super::invalid_grant(text!("the refresh token is invalid, expired or spent", "refresh_token 无效、已过期或已使用"))
}
