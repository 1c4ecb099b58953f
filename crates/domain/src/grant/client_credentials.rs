//! Tokens that a client has in its own name (RFC 6749 §4.4). The SDKs take an access key for the client.

use serde_json::json;
use watchword_api::grant::OidcTokenReq;
use watchword_api::grant::TokenSet;
use watchword_kit::{Error, Result, text};
use watchword_store::access_key::{self, AccessKey};

use super::{Asked, unauthorized};
use crate::app::{ClientSettings, client_settings};
use crate::ctx::Ctx;
use crate::token::{self, oauth};
use crate::{app, caller};

/// Scopes that say something about a user: there is none, so that they are left out of what is granted.
const OF_USERS: &[&str] =
    &["openid", "profile", "email", "phone", "address", "username", "external_id", "extended_fields", "offline_access"];

/// An application's own token.
///
/// # Errors
/// `unauthorized_client` for a public client, `invalid_scope`, `invalid_target`.
pub(super) async fn of_app(ctx: &Ctx, asked: Asked) -> Result<TokenSet> {
    if asked.settings.is_public() {
        return Err(unauthorized());
    }
    let (scope, resources) = (scope(asked.req.scope.as_deref())?, asked.resources());
    asked.settings.permit_scope(&scope)?;
    asked.settings.permit_resources(&resources)?;
    let client = (asked.app.id.as_str(), &asked.settings);
    let draft = token::for_client(ctx, ctx.pool(), client, &scope, &resources, asked.jkt.as_deref())?;
    let tx = ctx.write().await?;
    ctx.commit(tx, json!({ "clientId": asked.app.id, "grant": "client_credentials" })).await?;
    draft.sign(ctx)
}

/// A token of an access key, for the APIs of the customer: it opens no operation of the management API. Where the
/// request names an application by header, that one is meant by it.
///
/// # Errors
/// `invalid_scope`; `invalid_target` for any resource: keys have none.
pub(super) async fn of_key(ctx: &Ctx, key: AccessKey, req: OidcTokenReq, jkt: Option<String>) -> Result<TokenSet> {
    let scope = scope(req.scope.as_deref())?;
    if req.resource.is_some_and(|r| !r.is_empty()) {
        return Err(oauth("invalid_target")
            .because(text!("access keys have no resources; use an application", "AccessKey 没有资源，请使用应用")));
    }
    let audience: Vec<String> = ctx.app_id().map(str::to_owned).into_iter().collect();
    let settings = ClientSettings { access_token_expire: token::MANAGEMENT_LIFETIME, ..defaults(ctx)? };
    let draft = token::for_client(ctx, ctx.pool(), (key.id.as_str(), &settings), &scope, &audience, jkt.as_deref())?;
    let ctx = ctx.rebind(ctx.pool().clone(), caller::actor(&key));
    let mut tx = ctx.write().await?;
    access_key::touch(&mut tx, ctx.pool(), &key.id, ctx.now()).await?;
    ctx.commit(tx, json!({ "accessKeyId": key.id, "grant": "client_credentials" })).await?;
    draft.sign(&ctx)
}

/// The settings of an application that nobody has changed.
fn defaults(ctx: &Ctx) -> Result<ClientSettings> {
    client_settings(&app::fresh(ctx, "key")?.0)
}

/// What may be granted of it: no user is there to whom a scope of users could apply.
fn scope(asked: Option<&str>) -> Result<String> {
    let asked = asked.unwrap_or_default();
    if asked.trim().is_empty() {
        return Ok(String::new());
    }
    let clean = crate::login::clean_scope(Some(asked)).map_err(|_| invalid_scope())?;
    Ok(clean.split(' ').filter(|s| !OF_USERS.contains(s)).collect::<Vec<_>>().join(" "))
}

fn invalid_scope() -> Error {
    oauth("invalid_scope").because(text!("not a list of scopes", "不是合法的 scope 列表"))
}
