//! Who asks at the endpoints of OAuth: an application or an access key, and the proof of it (RFC 6749 §2.3, OpenID
//! Connect Core §9).

mod assertion;

use serde_json::json;
use watchword_api::grant::{DeviceAuthorizationReq, OidcTokenQuery, OidcTokenReq};
use watchword_crypto::hash;
use watchword_kit::{Error, Result, Secret, text};
use watchword_store::access_key::{self, AccessKey};
use watchword_store::app::Application;

use crate::app::{self, AuthMethod, ClientSettings};
use crate::caller;
use crate::ctx::Ctx;
use crate::throttle::secret::{self, Door};
use crate::token::oauth;

/// A client that has proven itself, or is public.
pub enum Client {
    App {
        app: Box<Application>,
        settings: Box<ClientSettings>,
    },
    /// The SDKs take an access key for a client of its own.
    Key(Box<AccessKey>),
}

impl Client {
    pub fn id(&self) -> &str {
        match self {
            Client::App { app, .. } => &app.id,
            Client::Key(key) => &key.id,
        }
    }
}

/// What is asked for: an application may prove itself differently at each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/oidc/token`, and whatever else the specifications authenticate like it.
    Token,
    Introspection,
    Revocation,
}

/// What the request's body says about its sender.
pub struct Given<'a> {
    pub secret: Option<&'a Secret<String>>,
    pub assertion_type: Option<&'a str>,
    pub assertion: Option<&'a Secret<String>>,
}

macro_rules! given_from {
    ($($ty:ty),*) => {
        $(impl<'a> From<&'a $ty> for Given<'a> {
            fn from(req: &'a $ty) -> Self {
                Given {
                    secret: req.client_secret.as_ref(),
                    assertion_type: req.client_assertion_type.as_deref(),
                    assertion: req.client_assertion.as_ref(),
                }
            }
        })*
    };
}

given_from!(OidcTokenReq, OidcTokenQuery, DeviceAuthorizationReq);

/// The client that asks.
///
/// # Errors
/// `invalid_client`, the same for unknown clients and wrong proofs; `invalid_request` for more than one proof; 429 for
/// wrong secrets during a pause.
pub async fn authenticate(ctx: &Ctx, given: Given<'_>, endpoint: Endpoint) -> Result<Client> {
    let id = ctx.request().client_id.clone().ok_or_else(invalid_client)?;
    let basic = ctx.request().basic.as_ref().map(|(_, secret)| secret);
    let proofs = [given.secret.is_some(), basic.is_some(), given.assertion.is_some()];
    if proofs.iter().filter(|p| **p).count() > 1 {
        return Err(oauth("invalid_request")
            .because(text!("the client authenticates in more than one way", "应用使用了多种身份验证方式")));
    }
    let secret = given.secret.or(basic);
    if ctx.app_id() != Some(id.as_str()) {
        return key(ctx, &id, secret).await;
    }
    let app = app::load(&mut ctx.read().await?, ctx.pool(), &id).await.map_err(|_| invalid_client())?;
    let settings = app::client_settings(&app)?;
    let method = match endpoint {
        Endpoint::Token => settings.token_auth,
        Endpoint::Introspection => settings.introspection_auth,
        Endpoint::Revocation => settings.revocation_auth,
    };
    let right = match (method, secret, given.assertion) {
        (AuthMethod::Secret | AuthMethod::None, Some(secret), _) => {
            let own = app::secret(ctx, &app)?;
            hash::ct_eq(own.reveal(), secret.reveal())
                || (basic.is_some() && hash::ct_eq(own.reveal(), form_decoded(secret).reveal()))
        }
        (AuthMethod::None, None, None) => true,
        (AuthMethod::SecretJwt | AuthMethod::PrivateKeyJwt, None, Some(assertion)) => {
            assertion::check(ctx, &app, &settings, method, given.assertion_type, assertion).await?
        }
        _ => false,
    };
    if right {
        if secret.is_some() {
            secret::absolve(ctx, Door::Client, &app.id).await?;
        }
        return Ok(Client::App { app: Box::new(app), settings: Box::new(settings) });
    }
    if secret.is_none() {
        return Err(invalid_client());
    }
    let whose = Some((ctx.pool().clone(), json!({ "clientId": app.id })));
    Err(secret::refuse(ctx, Door::Client, &app.id, whose, invalid_client()).await)
}

/// A secret in a header as RFC 6749 §2.3.1 writes it there: form-encoded. The SDKs write it as it is.
fn form_decoded(secret: &Secret<String>) -> Secret<String> {
    let pair = format!("s={}", secret.reveal());
    let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
    Secret::new(decoded.map(|(_, value)| value.into_owned()).unwrap_or_default())
}

/// An access key as a client.
async fn key(ctx: &Ctx, id: &str, secret: Option<&Secret<String>>) -> Result<Client> {
    let given = secret.ok_or_else(invalid_client)?;
    match caller::by_secret(ctx, id, given).await {
        Ok(key) if key.pool_id == ctx.pool().as_str() => {
            secret::absolve(ctx, Door::AccessKey, id).await?;
            Ok(Client::Key(Box::new(key)))
        }
        _ => {
            let known = access_key::TABLE.get(&mut ctx.read().await?, ctx.pool(), id).await?;
            let whose = known.map(|key| (ctx.pool().clone(), json!({ "accessKeyId": key.id })));
            Err(secret::refuse(ctx, Door::AccessKey, id, whose, invalid_client()).await)
        }
    }
}

pub(crate) fn invalid_client() -> Error {
    oauth("invalid_client").because(text!("wrong client credentials", "应用凭证错误"))
}
