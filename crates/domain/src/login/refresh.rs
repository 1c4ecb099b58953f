//! The refresh grant (RFC 6749 §6) with rotation and reuse detection (RFC 9700 §4.14).

use serde_json::json;
use watchword_api::login::TokenSet;
use watchword_api::token::OidcTokenReq;
use watchword_crypto::hash;
use watchword_kit::{Error, Millis, Result, codes, text};
use watchword_store::app::Application;
use watchword_store::session::{self, REFRESH_TOKENS};

use crate::ctx::Ctx;
use crate::demand::Demand;
use crate::token::oauth;
use crate::{app, token, user};

/// A spent token that comes again within this time is taken for a client's own retry: refused, but nobody is
/// thrown out for it.
const RETRY_GRACE: Millis = Millis::seconds(10);

/// `POST /oidc/token`.
///
/// # Errors
/// As RFC 6749 §5.2 names them. A token spent earlier ends its session: one of its two users is a thief.
pub async fn token(ctx: &Ctx, req: OidcTokenReq) -> Result<TokenSet> {
    let app_id = ctx.app_id().ok_or_else(|| oauth("invalid_client"))?;
    let app = app::load(&mut ctx.read().await?, ctx.pool(), app_id).await.map_err(|_| oauth("invalid_client"))?;
    authenticate(ctx, &app, &req)?;
    match req.grant_type.as_deref() {
        Some("refresh_token") => refresh(ctx, &app, req).await,
        Some(_) => Err(oauth("unsupported_grant_type")
            .because(text!("this version supports the grant refresh_token", "此版本仅支持 refresh_token 授权"))),
        None => Err(oauth("invalid_request").because(text!("grant_type is required", "缺少 grant_type"))),
    }
}

/// The client's secret, by post or Basic, unless the application is a public client.
fn authenticate(ctx: &Ctx, app: &Application, req: &OidcTokenReq) -> Result<()> {
    let basic = ctx.request().basic.as_ref().map(|(_, secret)| secret);
    match req.client_secret.as_ref().or(basic) {
        Some(given) if hash::ct_eq(app::secret(ctx, app)?.reveal(), given.reveal()) => Ok(()),
        None if app::is_public_client(app)? => Ok(()),
        _ => Err(oauth("invalid_client").because(text!("wrong client credentials", "应用凭证错误"))),
    }
}

async fn refresh(ctx: &Ctx, app: &Application, req: OidcTokenReq) -> Result<TokenSet> {
    let given = req
        .refresh_token
        .ok_or_else(|| oauth("invalid_request").because(text!("refresh_token is required", "缺少 refresh_token")))?;
    let id = hash::token_hash(given.reveal());
    let mut tx = ctx.write().await?;
    let found = REFRESH_TOKENS.get(&mut tx, ctx.pool(), &id).await?;
    let row = found.filter(|t| t.app_id == app.id && t.expires_at > ctx.now()).ok_or_else(invalid_grant)?;
    let about = json!({ "userId": row.user_id, "grant": "refresh_token" });
    if !session::spend_refresh_token(&mut tx, ctx.pool(), &id, ctx.now()).await? {
        let stale = row.used_at.is_some_and(|at| ctx.now() - at > RETRY_GRACE);
        if stale {
            session::revoke(&mut tx, ctx.pool(), &row.session_id, ctx.now()).await?;
        }
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    let live = session::live(&mut tx, ctx.pool(), &row.session_id, ctx.now()).await?;
    let mut session = live.ok_or_else(invalid_grant)?;
    let user = user::by_id(&mut tx, ctx.pool(), &row.user_id).await.map_err(|_| invalid_grant())?;
    if !app::access::allowed(&mut tx, ctx, app, &user.id).await? {
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    // What was granted before a second factor was asked for does not outlive the demand.
    let amr: Vec<String> = serde_json::from_str(&session.amr).map_err(Error::internal)?;
    let demand = Demand::load(&mut tx, ctx, Some(app), &user.id).await?;
    if demand.holds_back(app) && !amr.iter().any(|a| a == "mfa") {
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    if let Some(scope) = req.scope.as_deref() {
        session.scope = narrow(&session.scope, scope)?;
    }
    let draft = token::draft(&mut tx, ctx, &session, app, &user, &token::Extras::default()).await?;
    ctx.commit(tx, about).await?;
    draft.sign(ctx)
}

/// A refresh may ask for less than was granted, never for more.
fn narrow(granted: &str, asked: &str) -> Result<String> {
    let granted: Vec<&str> = granted.split(' ').collect();
    let asked: Vec<&str> = asked.split_ascii_whitespace().collect();
    if asked.is_empty() || asked.iter().any(|s| !granted.contains(s)) {
        return Err(oauth("invalid_scope").because(text!("more than was granted", "超出已授权的 scope")));
    }
    Ok(asked.join(" "))
}

fn invalid_grant() -> Error {
    let refusal = Error::new(codes::INVALID).with_data(json!({ "error": "invalid_grant" }));
    refusal.because(text!("the refresh token is invalid, expired or spent", "refresh_token 无效、已过期或已使用"))
}
