//! Token exchange (RFC 8693), for one thing only: a client exchanges an access token of its own for one that may do less,
//! or that is meant for one of its resources.

use serde_json::json;
use watchword_api::grant::TokenSet;
use watchword_kit::{Error, Result, text};

use super::{Asked, invalid_grant, narrow};
use crate::ctx::Ctx;
use crate::token::{self, AccessClaims, Extras, oauth};
use crate::user;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// An access token for less. It ends no later than the one it is made from, and with the same session.
///
/// # Errors
/// `invalid_request` for other kinds of tokens and for actors; `invalid_grant` for a token that is not valid or was given
/// to somebody else; `invalid_scope`, `invalid_target`.
pub(super) async fn exchange(ctx: &Ctx, asked: Asked) -> Result<TokenSet> {
    let resources = asked.resources();
    asked.settings.permit_resources(&resources)?;
    let Asked { app, settings, req, jkt } = asked;
    let subject = subject_token(&req)?;
    let wrong = || invalid_grant(text!("the subject token is not valid", "subject_token 无效"));
    let own = |c: &AccessClaims| c.client == app.id && c.pool == ctx.pool().as_str();
    let claims = token::read_access(ctx, subject, ctx.now()).filter(own).ok_or_else(wrong)?;
    // A bound token stays bound, to the key that is proven again.
    if claims.jkt.is_some() && claims.jkt != jkt {
        return Err(wrong());
    }
    // What is meant for a resource is made for no other one, and not for this client again.
    if !claims.is_for_us() && (resources.is_empty() || resources.iter().any(|r| !claims.audience.contains(r))) {
        return Err(oauth("invalid_target")
            .because(text!("the subject token is for another resource", "subject_token 面向其他资源")));
    }
    let scope = narrow(&claims.scope, req.scope.as_deref().filter(|s| !s.trim().is_empty()))?;
    let scope: Vec<&str> = scope.split(' ').filter(|s| !["offline_access", "openid"].contains(s)).collect();
    let scope = scope.join(" ");
    let mut tx = ctx.write().await?;
    if !claims.alive(&mut tx, ctx).await? {
        return Err(wrong());
    }
    let (draft, about) = match &claims.session {
        Some(id) => {
            let found = watchword_store::session::live(&mut tx, ctx.pool(), id, ctx.now()).await?;
            let mut session = found.ok_or_else(wrong)?;
            // In memory only: no refresh token and no ID token comes of it.
            session.scope.clone_from(&scope);
            let user = user::by_id(&mut tx, ctx.pool(), &claims.subject).await.map_err(|_| wrong())?;
            if !crate::app::access::allowed(&mut tx, ctx, &app, &user.id).await? {
                return Err(wrong());
            }
            let extras = Extras { resources, jkt, ..Extras::default() };
            let draft = token::draft(&mut tx, ctx, &session, &app, &user, &extras).await?;
            (draft, json!({ "userId": user.id, "clientId": app.id, "grant": "token_exchange" }))
        }
        None => {
            let client = (app.id.as_str(), &settings);
            let draft = token::for_client(ctx, ctx.pool(), client, &scope, &resources, jkt.as_deref())?;
            (draft, json!({ "clientId": app.id, "grant": "token_exchange" }))
        }
    };
    ctx.commit(tx, about).await?;
    let mut tokens = draft.no_longer_than(ctx, claims.expires_at).sign(ctx)?;
    tokens.issued_token_type = Some(ACCESS_TOKEN.into());
    Ok(tokens)
}

fn subject_token(req: &watchword_api::grant::OidcTokenReq) -> Result<&str> {
    let bad = |name: &str| -> Error {
        oauth("invalid_request").because(text!("{name} is not supported", "不支持 {name}"))
    };
    if req.actor_token.is_some() {
        return Err(bad("actor_token"));
    }
    if req.audience.as_ref().is_some_and(|a| !a.is_empty()) {
        return Err(oauth("invalid_target").because(text!("name targets by resource", "请使用 resource 指定目标")));
    }
    if req.subject_token_type.as_deref() != Some(ACCESS_TOKEN) {
        return Err(bad("subject_token_type"));
    }
    if req.requested_token_type.as_deref().is_some_and(|t| t != ACCESS_TOKEN) {
        return Err(bad("requested_token_type"));
    }
    let given = req.subject_token.as_ref();
    Ok(given
        .ok_or_else(|| oauth("invalid_request").because(text!("subject_token is required", "缺少 subject_token")))?
        .reveal())
}
