//! Pushed authorization requests (RFC 9126): the client sends the parameters itself and the browser carries only their
//! name.

use serde_json::{Value, json};
use watchword_api::common::Object;
use watchword_api::grant::PushedAuthorization;
use watchword_crypto::hash;
use watchword_kit::{Error, Millis, Result, Secret, text};
use watchword_store::Tx;
use watchword_store::app::Application;
use watchword_store::par::{self as store, PushedRequest, TABLE};
use watchword_store::quota::{self, Quota};

use crate::client::{self, Client, Endpoint, Given};
use crate::ctx::Ctx;
use crate::token::oauth;
use crate::{dpop, throttle};

pub(crate) const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// Seconds for which the name of a request is good.
const LIFETIME: i64 = 60;
/// Bytes of all parameters together.
const MAX_PARAMS: usize = 16 * 1024;
/// Requests that one address may push within a minute: whoever is public pushes without a secret.
const PER_MINUTE: i64 = 600;

/// `POST /oidc/request`. What the parameters mean is judged when the browser brings their name.
///
/// # Errors
/// `invalid_client`; `invalid_request` for a parameter given twice, another client's id, a `request_uri`, and an address
/// that is not registered; 429.
pub async fn push(ctx: &Ctx, mut params: Object) -> Result<PushedAuthorization> {
    let mut text = |name: &str| match params.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (secret, kind) = (text("client_secret").map(Secret::new), text("client_assertion_type"));
    let assertion = text("client_assertion").map(Secret::new);
    let given = Given { secret: secret.as_ref(), assertion_type: kind.as_deref(), assertion: assertion.as_ref() };
    let client = client::authenticate(ctx, given, Endpoint::Token).await?;
    let Client::App { app, settings } = client else { return Err(client::invalid_client()) };
    let bad = |detail| oauth("invalid_request").because(detail);
    if let Some((name, _)) = params.iter().find(|(_, value)| !value.is_string()) {
        let name: String = name.chars().filter(char::is_ascii_graphic).take(64).collect();
        return Err(bad(text!("{name} is given twice", "{name} 重复出现")));
    }
    if params.contains_key("request_uri") {
        return Err(bad(text!("request_uri cannot be pushed", "不能推送 request_uri")));
    }
    params.insert("client_id".into(), app.id.clone().into());
    let registered: Vec<String> = serde_json::from_str(&app.redirect_uris).map_err(Error::internal)?;
    if let Some(uri) = params.get("redirect_uri").and_then(Value::as_str)
        && !registered.iter().any(|r| r == uri)
    {
        return Err(bad(text!("redirect_uri is not registered", "redirect_uri 未登记")));
    }
    if let Some(scope) = params.get("scope").and_then(Value::as_str) {
        settings.permit_scope(scope)?;
    }
    // The code will be bound to the key that was proven here (RFC 9449 §10.1).
    if let Some(jkt) = dpop::of_request(ctx).await? {
        if params.get("dpop_jkt").is_some_and(|named| *named != jkt) {
            return Err(oauth("invalid_dpop_proof").because(text!("dpop_jkt names another key", "dpop_jkt 与证明不符")));
        }
        params.insert("dpop_jkt".into(), jkt.into());
    }
    let params = Value::Object(params).to_string();
    if params.len() > MAX_PARAMS {
        return Err(bad(text!("larger than {MAX_PARAMS} bytes", "超过 {MAX_PARAMS} 字节")));
    }
    let token = hash::token(&ctx.entropy, 32);
    let row = PushedRequest {
        pool_id: ctx.pool().to_string(),
        id: hash::token_hash(&token),
        app_id: app.id.clone(),
        params,
        created_at: ctx.now(),
        expires_at: ctx.now() + Millis::seconds(LIFETIME),
    };
    let mut tx = ctx.write().await?;
    let bucket = format!("par:{}", ctx.network());
    let quota = Quota { bucket: &bucket, limit: PER_MINUTE, window: Millis::minutes(1) };
    if let Some(ends) = quota::charge(&mut tx, ctx.pool(), quota, ctx.now()).await? {
        return Err(throttle::too_many(ends - ctx.now()));
    }
    TABLE.insert(&mut tx, &row).await?;
    ctx.commit(tx, json!({ "clientId": app.id })).await?;
    Ok(PushedAuthorization { request_uri: format!("{PREFIX}{token}"), expires_in: LIFETIME })
}

/// The parameters that this application has pushed under that name, which is used up by it. `None`: unknown, another
/// application's, used or too old.
pub async fn take(tx: &mut Tx, ctx: &Ctx, app: &Application, request_uri: &str) -> Result<Option<Object>> {
    let Some(token) = request_uri.strip_prefix(PREFIX) else { return Ok(None) };
    let params = store::take(tx, ctx.pool(), &hash::token_hash(token), &app.id, ctx.now()).await?;
    params.map(|json| serde_json::from_str(&json).map_err(Error::internal)).transpose()
}
