//! The OAuth endpoints: tokens for a grant, what has become of them, pushed requests, devices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

use crate::common::Success;

/// Form of `/oidc/token` (RFC 6749 section 4). Missing members are answered with the errors of RFC 6749.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct OidcTokenReq {
    /// Id of the application, where it does not authenticate by header.
    pub client_id: Option<String>,

    /// Secret of the application, for `client_secret_post`.
    pub client_secret: Option<Secret<String>>,

    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, where the application authenticates by an assertion.
    pub client_assertion_type: Option<String>,

    /// The assertion (RFC 7523), a JWT signed by the application.
    pub client_assertion: Option<Secret<String>>,

    /// `authorization_code`, `refresh_token`, `client_credentials`, `password`,
    /// `urn:ietf:params:oauth:grant-type:device_code` or `urn:ietf:params:oauth:grant-type:token-exchange`.
    pub grant_type: Option<String>,

    /// The address used at the authorisation endpoint, for `authorization_code`.
    pub redirect_uri: Option<String>,

    /// The code, for `authorization_code`; valid once.
    pub code: Option<Secret<String>>,

    /// The verifier of PKCE (RFC 7636), for `authorization_code`.
    pub code_verifier: Option<Secret<String>>,

    /// The refresh token, for `refresh_token`; valid once.
    pub refresh_token: Option<Secret<String>>,

    /// Scopes, separated by spaces.
    pub scope: Option<String>,

    /// The account, for `password`.
    pub username: Option<String>,

    /// The password, for `password`.
    pub password: Option<Secret<String>>,

    /// Resources for which the access token is meant (RFC 8707), among those of the application's `resources`.
    pub resource: Option<Vec<String>>,

    /// The device code (RFC 8628), for the grant of that name.
    pub device_code: Option<Secret<String>>,

    /// The access token to exchange (RFC 8693), one of the application's own.
    pub subject_token: Option<Secret<String>>,

    /// `urn:ietf:params:oauth:token-type:access_token`, beside `subject_token`.
    pub subject_token_type: Option<String>,

    /// `urn:ietf:params:oauth:token-type:access_token`, if given; nothing else is issued in exchange.
    pub requested_token_type: Option<String>,

    /// Someone who acts for the subject (RFC 8693): not supported, refused.
    pub actor_token: Option<Secret<String>>,

    /// Logical names of targets (RFC 8693): not supported, refused. Name them by `resource`.
    pub audience: Option<Vec<String>>,
}

/// The tokens of a sign-in (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3).
#[derive(Clone, Serialize, JsonSchema)]
pub struct TokenSet {
    /// Access token, a JWT: RS256, or as the application is set to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,

    /// Id token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,

    /// Refresh token. Only with scope `offline_access`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,

    /// `Bearer`, or `DPoP` for a token that is bound to a key (RFC 9449).
    pub token_type: String,

    /// Seconds for which the access token is valid.
    pub expire_in: i64,

    /// The same under the name of RFC 6749.
    pub expires_in: i64,

    /// Scopes granted, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,

    /// `urn:ietf:params:oauth:token-type:access_token`, in exchange for another token (RFC 8693 section 2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<String>,
}

quiet_debug!(TokenSet);

/// Form of `/oidc/token/introspection` (RFC 7662 section 2.1) and `/oidc/token/revocation` (RFC 7009 section 2.1).
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct OidcTokenQuery {
    /// Id of the application or access key, where it does not authenticate by header.
    pub client_id: Option<String>,

    /// Its secret, for `client_secret_post`.
    pub client_secret: Option<Secret<String>>,

    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, where the application authenticates by an assertion.
    pub client_assertion_type: Option<String>,

    /// The assertion (RFC 7523), a JWT signed by the application.
    pub client_assertion: Option<Secret<String>>,

    /// The token.
    pub token: Option<Secret<String>>,

    /// What the token is thought to be. No effect: what it is can be told from the token.
    pub token_type_hint: Option<String>,
}

/// Answer of `/oidc/token/introspection` (RFC 7662 section 2.2). For a token that is not valid, or that somebody else
/// was given, it is `active: false` and nothing else.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct TokenIntrospection {
    /// Whether the token is valid now.
    pub active: bool,

    /// Id of the user, or of the application where there is no user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,

    /// Id of the application that was given the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,

    /// When it ends, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,

    /// When it was made, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,

    /// The issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,

    /// Id of the token; access tokens have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,

    /// Scopes, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,

    /// `Bearer`, `DPoP`, `refresh_token` or `id_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,

    /// Whom the token is meant for: the application, or the resources that it asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,

    /// Id of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,

    /// `jkt`: thumbprint of the key that must be proven with the token (RFC 9449 section 6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// Answer of `/oidc/token/revocation`. RFC 7009 looks at the HTTP status only; the contract shows an envelope.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenRevocation {
    /// 200.
    pub status_code: u32,

    /// The outcome in words.
    pub message: String,

    /// Never there: a refusal is told as RFC 6749 section 5.2 says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_code: Option<u32>,

    /// Names the request; also in the log.
    pub request_id: String,

    /// The outcome.
    pub data: Success,
}

/// The key that must be proven with a token.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Confirmation {
    /// RFC 7638 thumbprint of the key, SHA-256.
    pub jkt: String,
}

/// Answer of `/oidc/request` (RFC 9126 section 2.2), with HTTP status 201.
#[derive(Clone, Serialize, JsonSchema)]
pub struct PushedAuthorization {
    /// What stands for the parameters at `/oidc/auth`; valid once.
    pub request_uri: String,

    /// Seconds for which it is valid: 60.
    pub expires_in: i64,
}

quiet_debug!(PushedAuthorization);

/// Form of `/oidc/device_authorization` (RFC 8628 section 3.1).
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct DeviceAuthorizationReq {
    /// Id of the application, where it does not authenticate by header.
    pub client_id: Option<String>,

    /// Its secret, for `client_secret_post`.
    pub client_secret: Option<Secret<String>>,

    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, where the application authenticates by an assertion.
    pub client_assertion_type: Option<String>,

    /// The assertion (RFC 7523), a JWT signed by the application.
    pub client_assertion: Option<Secret<String>>,

    /// Scopes, separated by spaces. Default `openid profile`.
    pub scope: Option<String>,

    /// Resources for which access tokens may be asked (RFC 8707).
    pub resource: Option<Vec<String>>,
}

/// Answer of `/oidc/device_authorization` (RFC 8628 section 3.2).
#[derive(Clone, Serialize, JsonSchema)]
pub struct DeviceAuthorization {
    /// What the device asks for tokens with.
    pub device_code: String,

    /// What the user types, as `WDJB-MJHT`; in any case, with or without the hyphen.
    pub user_code: String,

    /// Where the user types it.
    pub verification_uri: String,

    /// The same with the code in it.
    pub verification_uri_complete: String,

    /// Seconds for which the codes are valid: 600.
    pub expires_in: i64,

    /// Seconds between polls: 5.
    pub interval: i64,
}

quiet_debug!(DeviceAuthorization);

/// Query of get-device-authorization.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceQuery {
    /// The code that the device shows.
    pub user_code: Secret<String>,
}

/// Body of decide-device-authorization.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecideDeviceReq {
    /// The code that the device shows.
    pub user_code: Secret<String>,

    /// Whether the device is to be signed in as the caller.
    pub approve: bool,
}

/// A device that waits.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaitingDevice {
    /// Id of the application.
    pub app_id: String,

    /// Name of the application.
    pub app_name: String,

    /// Address of its logo; empty without one.
    pub app_logo: String,

    /// Scopes that it asks for, separated by spaces.
    pub scope: String,
}
