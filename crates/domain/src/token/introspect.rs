//! What a token is worth (RFC 7662). Clients are told of their own tokens only.

use watchword_api::grant::{Confirmation, OidcTokenQuery, TokenIntrospection};
use watchword_crypto::hash;
use watchword_kit::{Result, text};
use watchword_store::session::{self, REFRESH_TOKENS};

use super::{oauth, read_access, read_id};
use crate::client::{self, Client, Endpoint, Given};
use crate::ctx::Ctx;

/// `POST /oidc/token/introspection`. What is not valid, not ours or not the caller's is `active: false`, and the answer
/// does not tell which.
///
/// # Errors
/// `invalid_client` when the caller does not prove itself, `invalid_request` without a token.
pub async fn introspect(ctx: &Ctx, req: OidcTokenQuery) -> Result<TokenIntrospection> {
    let client = client::authenticate(ctx, Given::from(&req), Endpoint::Introspection).await?;
    let token = req.token.ok_or_else(|| oauth("invalid_request").because(text!("token is required", "缺少 token")))?;
    let told = match token.reveal().contains('.') {
        true => match of_access(ctx, &client, token.reveal()).await? {
            Some(told) => Some(told),
            None => of_id(ctx, &client, token.reveal()).await?,
        },
        false => of_refresh(ctx, &client, token.reveal()).await?,
    };
    Ok(told.unwrap_or_default())
}

async fn of_access(ctx: &Ctx, client: &Client, token: &str) -> Result<Option<TokenIntrospection>> {
    let own = |c: &super::AccessClaims| c.client == client.id() && c.pool == ctx.pool().as_str();
    let Some(claims) = read_access(ctx, token, ctx.now()).filter(own) else { return Ok(None) };
    if !claims.alive(&mut ctx.read().await?, ctx).await? {
        return Ok(None);
    }
    Ok(Some(TokenIntrospection {
        active: true,
        sub: Some(claims.subject),
        client_id: Some(claims.client),
        exp: Some(claims.expires_at),
        iat: Some(claims.issued_at),
        iss: Some(ctx.settings.issuer()),
        jti: Some(claims.jti),
        scope: Some(claims.scope),
        token_type: Some(if claims.jkt.is_some() { "DPoP" } else { "Bearer" }.into()),
        aud: claims.audience,
        sid: claims.session,
        cnf: claims.jkt.map(|jkt| Confirmation { jkt }),
    }))
}

async fn of_id(ctx: &Ctx, client: &Client, token: &str) -> Result<Option<TokenIntrospection>> {
    let Client::App { app, .. } = client else { return Ok(None) };
    let claims = read_id(ctx, app, token)?.filter(|c| c.expires_at > ctx.now().as_seconds());
    let Some(claims) = claims else { return Ok(None) };
    let live = session::live(&mut ctx.read().await?, ctx.pool(), &claims.session, ctx.now()).await?;
    if live.is_none_or(|s| s.app_id != app.id || s.user_id != claims.subject) {
        return Ok(None);
    }
    Ok(Some(TokenIntrospection {
        active: true,
        sub: Some(claims.subject),
        client_id: Some(app.id.clone()),
        exp: Some(claims.expires_at),
        iat: Some(claims.issued_at),
        iss: Some(ctx.settings.issuer()),
        token_type: Some("id_token".into()),
        aud: vec![app.id.clone()],
        sid: Some(claims.session),
        ..TokenIntrospection::default()
    }))
}

async fn of_refresh(ctx: &Ctx, client: &Client, token: &str) -> Result<Option<TokenIntrospection>> {
    let mut tx = ctx.read().await?;
    let found = REFRESH_TOKENS.get(&mut tx, ctx.pool(), &hash::token_hash(token)).await?;
    let usable = |t: &session::RefreshToken| t.app_id == client.id() && t.used_at.is_none() && t.expires_at > ctx.now();
    let Some(row) = found.filter(usable) else { return Ok(None) };
    let Some(session) = session::live(&mut tx, ctx.pool(), &row.session_id, ctx.now()).await? else { return Ok(None) };
    Ok(Some(TokenIntrospection {
        active: true,
        sub: Some(row.user_id),
        client_id: Some(row.app_id.clone()),
        exp: Some(row.expires_at.as_seconds()),
        iat: Some(row.created_at.as_seconds()),
        iss: Some(ctx.settings.issuer()),
        scope: Some(session.scope),
        token_type: Some("refresh_token".into()),
        aud: vec![row.app_id],
        sid: Some(row.session_id),
        cnf: row.jkt.map(|jkt| Confirmation { jkt }),
        ..TokenIntrospection::default()
    }))
}
