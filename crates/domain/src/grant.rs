//! `/oidc/token`: for what tokens are given. A file per grant.

mod authorization_code;
mod client_credentials;
mod device_code;
mod password;
mod refresh;
mod token_exchange;

use watchword_api::grant::OidcTokenReq;
use watchword_api::grant::TokenSet;
use watchword_kit::{Error, Result, text};
use watchword_store::app::Application;

use crate::app::{AUTHING_TOKEN, ClientSettings, DEVICE_CODE, TOKEN_EXCHANGE};
use crate::client::{self, Client, Endpoint, Given};
use crate::ctx::Ctx;
use crate::dpop;
use crate::token::oauth;

/// A request for tokens by an application that has proven itself.
pub(crate) struct Asked {
    pub app: Application,
    pub settings: ClientSettings,
    pub req: OidcTokenReq,
    /// The key that the application has proven (RFC 9449).
    pub jkt: Option<String>,
}

impl Asked {
    /// The resources that the request names (RFC 8707).
    pub fn resources(&self) -> Vec<String> {
        self.req.resource.clone().unwrap_or_default()
    }
}

/// `POST /oidc/token`.
///
/// # Errors
/// As RFC 6749 §5.2 names them.
pub async fn token(ctx: &Ctx, req: OidcTokenReq) -> Result<TokenSet> {
    let client = client::authenticate(ctx, Given::from(&req), Endpoint::Token).await?;
    let jkt = dpop::of_request(ctx).await?;
    let grant = req.grant_type.clone();
    let grant =
        grant.ok_or_else(|| oauth("invalid_request").because(text!("grant_type is required", "缺少 grant_type")))?;
    let (app, settings) = match client {
        Client::App { app, settings } => (*app, *settings),
        Client::Key(key) if grant == "client_credentials" => {
            return client_credentials::of_key(ctx, *key, req, jkt).await;
        }
        Client::Key(_) => return Err(unauthorized()),
    };
    let known = ["authorization_code", "refresh_token", "client_credentials", "password", DEVICE_CODE, TOKEN_EXCHANGE];
    if !known.contains(&grant.as_str()) {
        let detail = match grant.as_str() {
            AUTHING_TOKEN => text!("tokens of GenAuth's first API do not exist here", "此服务没有旧版 API 的 token"),
            _ => text!("no such grant", "不支持此授权方式"),
        };
        return Err(oauth("unsupported_grant_type").because(detail));
    }
    if !settings.allows_grant(&grant) {
        return Err(unauthorized());
    }
    let asked = Asked { app, settings, req, jkt };
    match grant.as_str() {
        "authorization_code" => authorization_code::exchange(ctx, asked).await,
        "refresh_token" => refresh::refresh(ctx, asked).await,
        "client_credentials" => client_credentials::of_app(ctx, asked).await,
        "password" => password::password(ctx, asked).await,
        DEVICE_CODE => device_code::device_code(ctx, asked).await,
        TOKEN_EXCHANGE => token_exchange::exchange(ctx, asked).await,
        _ => Err(oauth("unsupported_grant_type").because(text!("no such grant", "不支持此授权方式"))),
    }
}

fn unauthorized() -> Error {
    oauth("unauthorized_client").because(text!("this client may not use that grant", "该应用未开启此授权方式"))
}

pub(crate) fn invalid_grant(detail: watchword_kit::Text) -> Error {
    oauth("invalid_grant").because(detail)
}

/// What is asked for is among what was granted; asking for nothing is asking for all of it.
///
/// # Errors
/// `invalid_scope`.
pub(crate) fn narrow(granted: &str, asked: Option<&str>) -> Result<String> {
    let Some(asked) = asked else { return Ok(granted.to_owned()) };
    let granted: Vec<&str> = granted.split(' ').collect();
    let asked: Vec<&str> = asked.split_ascii_whitespace().collect();
    if asked.is_empty() || asked.iter().any(|s| !granted.contains(s)) {
        return Err(oauth("invalid_scope").because(text!("more than was granted", "超出已授权的 scope")));
    }
    Ok(asked.join(" "))
}

/// Resources that are among those granted (RFC 8707 §2.2).
///
/// # Errors
/// `invalid_target`.
pub(crate) fn narrow_resources(granted: &[String], asked: Vec<String>) -> Result<Vec<String>> {
    if asked.iter().all(|r| granted.contains(r)) {
        return Ok(asked);
    }
    Err(oauth("invalid_target").because(text!("a resource that was not granted", "资源未被授权")))
}
