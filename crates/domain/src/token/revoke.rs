//! Revocation (RFC 7009).

use serde_json::json;
use watchword_api::common::Success;
use watchword_api::grant::{OidcTokenQuery, TokenRevocation};
use watchword_crypto::hash;
use watchword_kit::{Millis, Result, codes, text};
use watchword_store::session::{self, REFRESH_TOKENS};
use watchword_store::token as store;

use super::{oauth, read_access, read_id};
use crate::client::{self, Client, Endpoint, Given};
use crate::ctx::Ctx;

/// `POST /oidc/token/revocation`. A refresh token takes its session along, and so does an access token of a user: what
/// else was issued on the same grant is worth nothing from then on. A token that is not the caller's, or none at all, is
/// answered like one that is revoked.
///
/// # Errors
/// `invalid_client` when the caller does not prove itself, `invalid_request` without a token, `unsupported_token_type`
/// for an ID token: nobody is let in by it.
pub async fn revoke(ctx: &Ctx, req: OidcTokenQuery) -> Result<TokenRevocation> {
    let client = client::authenticate(ctx, Given::from(&req), Endpoint::Revocation).await?;
    let token = req.token.ok_or_else(|| oauth("invalid_request").because(text!("token is required", "缺少 token")))?;
    let access = read_access(ctx, token.reveal(), ctx.now());
    if let Client::App { app, .. } = &client
        && access.is_none()
        && read_id(ctx, app, token.reveal())?.is_some()
    {
        return Err(oauth("unsupported_token_type").because(text!(
            "an ID token cannot be revoked; revoke the access token",
            "无法撤销 ID Token，请撤销 Access Token"
        )));
    }
    let mut tx = ctx.write().await?;
    let mut about = json!({ "clientId": client.id() });
    if let Some(claims) = access {
        let own = claims.client == client.id() && claims.pool == ctx.pool().as_str();
        match claims.session.filter(|_| own) {
            Some(id) if session::revoke(&mut tx, ctx.pool(), &id, ctx.now()).await? => {
                about["userId"] = claims.subject.into();
                about["sessionId"] = id.into();
            }
            None if own => {
                store::revoke(&mut tx, ctx.pool(), &claims.jti, Millis::seconds(claims.expires_at)).await?;
                about["jti"] = claims.jti.into();
            }
            _ => {}
        }
    } else if let Client::App { app, .. } = &client {
        let found = REFRESH_TOKENS.get(&mut tx, ctx.pool(), &hash::token_hash(token.reveal())).await?;
        if let Some(row) = found.filter(|t| t.app_id == app.id)
            && session::revoke(&mut tx, ctx.pool(), &row.session_id, ctx.now()).await?
        {
            about["userId"] = row.user_id.into();
            about["sessionId"] = row.session_id.into();
        }
    }
    ctx.commit(tx, about).await?;
    Ok(TokenRevocation {
        status_code: 200,
        message: codes::OK.message(ctx.request().lang).into(),
        api_code: None,
        request_id: ctx.request().id.clone(),
        data: Success { success: true },
    })
}
