//! Tokens for the management API, MFA tokens, and the OpenID Connect endpoints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

use crate::common::Success;

/// Body of get-management-token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetManagementTokenReq {
    /// Id of the access key; the id of the user pool for the pool's own key.
    pub access_key_id: String,

    /// Secret of the access key.
    pub access_key_secret: Secret<String>,
}

/// Answer of get-management-token.
#[derive(Clone, Serialize, JsonSchema)]
pub struct ManagementToken {
    /// Token for the management API.
    pub access_token: String,

    /// Seconds for which it is valid: 7200.
    pub expires_in: i64,
}

quiet_debug!(ManagementToken);

/// Body of `/mfa/token/introspection`, a form or JSON.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaTokenIntrospectionReq {
    /// The MFA token. Without it the answer is `active: false`.
    pub token: Option<Secret<String>>,
}

/// Answer of `/mfa/token/introspection`, without the usual envelope.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaTokenIntrospection {
    /// Whether the token is valid; the other members are there only if so.
    pub active: bool,

    /// Id of the user pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_pool_id: Option<String>,

    /// Id of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,

    /// When it ends, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,

    /// When it was made, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
}

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

/// Query of `/api/v2/oidc/validate_token`: one of the two.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct ValidateTokenQuery {
    /// An access token.
    pub access_token: Option<Secret<String>>,

    /// An ID token.
    pub id_token: Option<Secret<String>>,
}

/// Body of `/api/v2/oidc/validate_pem_key`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct ValidatePemKeyReq {
    /// An RSA public key, PEM.
    pub key: Option<String>,
}

/// Answer of `/api/v2/oidc/validate_pem_key`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ValidPemKey {
    /// Whether the key is an RSA public key of 2048 bits or more, as PEM.
    pub valid: bool,
}

/// What protects this server's own API (RFC 9728 section 2).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProtectedResource {
    /// The resource: this server.
    pub resource: String,

    /// Issuers of the tokens that it takes.
    pub authorization_servers: Vec<String>,

    /// Where the signing keys are.
    pub jwks_uri: String,

    /// Scopes.
    pub scopes_supported: Vec<String>,

    /// How a token may be sent. By query and by form only to `/oidc/me`.
    pub bearer_methods_supported: Vec<String>,

    /// Signatures of proofs (RFC 9449).
    pub dpop_signing_alg_values_supported: Vec<String>,
}

/// An error of the OpenID Connect endpoints (RFC 6749 section 5.2).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OAuthError {
    /// Code, such as `invalid_grant`.
    pub error: String,

    /// What is wrong, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}

/// OpenID Connect discovery (OpenID Connect Discovery section 3).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OpenIdConfiguration {
    /// The issuer; `iss` of every token.
    pub issuer: String,

    /// Where a sign-in starts.
    pub authorization_endpoint: String,

    /// Where codes and refresh tokens are exchanged.
    pub token_endpoint: String,

    /// Where the user's claims are read.
    pub userinfo_endpoint: String,

    /// Where the signing keys are.
    pub jwks_uri: String,

    /// Scopes.
    pub scopes_supported: Vec<String>,

    /// Response types.
    pub response_types_supported: Vec<String>,

    /// Response modes.
    pub response_modes_supported: Vec<String>,

    /// Grant types.
    pub grant_types_supported: Vec<String>,

    /// Subject types.
    pub subject_types_supported: Vec<String>,

    /// Signatures of id tokens.
    pub id_token_signing_alg_values_supported: Vec<String>,

    /// Key encryption of id tokens.
    pub id_token_encryption_alg_values_supported: Vec<String>,

    /// Content encryption of id tokens.
    pub id_token_encryption_enc_values_supported: Vec<String>,

    /// Signatures of claims.
    pub userinfo_signing_alg_values_supported: Vec<String>,

    /// Key encryption of claims.
    pub userinfo_encryption_alg_values_supported: Vec<String>,

    /// Content encryption of claims.
    pub userinfo_encryption_enc_values_supported: Vec<String>,

    /// How applications authenticate at the token endpoint.
    pub token_endpoint_auth_methods_supported: Vec<String>,

    /// Types of claims.
    pub claim_types_supported: Vec<String>,

    /// Claims.
    pub claims_supported: Vec<String>,

    /// Methods of PKCE.
    pub code_challenge_methods_supported: Vec<String>,

    /// Where a sign-out starts.
    pub end_session_endpoint: String,

    /// Where tokens are checked.
    pub introspection_endpoint: String,

    /// How applications authenticate there.
    pub introspection_endpoint_auth_methods_supported: Vec<String>,

    /// Where tokens are revoked.
    pub revocation_endpoint: String,

    /// How applications authenticate there.
    pub revocation_endpoint_auth_methods_supported: Vec<String>,

    /// Authentication context classes: one factor, two factors.
    pub acr_values_supported: Vec<String>,

    /// Values of `prompt`.
    pub prompt_values_supported: Vec<String>,

    /// Whether `claims` is understood.
    pub claims_parameter_supported: bool,

    /// Whether request objects (RFC 9101) are understood.
    pub request_parameter_supported: bool,

    /// Algorithms by which a client may sign them: HS256 with its secret, others by a key of its `jwks`.
    pub request_object_signing_alg_values_supported: Vec<String>,

    /// Whether request objects are fetched.
    pub request_uri_parameter_supported: bool,

    /// Whether `iss` comes with every authorization response (RFC 9207).
    pub authorization_response_iss_parameter_supported: bool,

    /// Whether applications are told of sign-outs.
    pub backchannel_logout_supported: bool,

    /// Whether `sid` is in those notices.
    pub backchannel_logout_session_supported: bool,
    /// Where authorization requests are pushed (RFC 9126).
    pub pushed_authorization_request_endpoint: String,

    /// Whether every application must push them: false.
    pub require_pushed_authorization_requests: bool,

    /// Where devices begin (RFC 8628).
    pub device_authorization_endpoint: String,

    /// Where applications register themselves (RFC 7591), in pools that allow it.
    pub registration_endpoint: String,

    /// Signatures of assertions by which applications authenticate.
    pub token_endpoint_auth_signing_alg_values_supported: Vec<String>,

    /// Signatures of proofs of possession (RFC 9449).
    pub dpop_signing_alg_values_supported: Vec<String>,

    /// Languages of what users read (RFC 5646).
    pub ui_locales_supported: Vec<String>,
}

/// Public signing keys (RFC 7517 section 5), the one in use first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Jwks {
    /// The keys. All are RSA, but at the path of an application whose tokens are signed otherwise: there the others
    /// follow the RSA keys.
    pub keys: Vec<Jwk>,
}

/// One public key (RFC 7518 section 6, RFC 8037 section 2).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Jwk {
    /// `RSA`, `EC` or `OKP`.
    pub kty: String,

    /// `sig`.
    #[serde(rename = "use")]
    pub use_: String,

    /// `RS256`, `ES256` or `EdDSA`.
    pub alg: String,

    /// Id of the key, the `kid` of token headers.
    pub kid: String,

    /// Modulus of an RSA key, Base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,

    /// Exponent of an RSA key, Base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,

    /// Curve: `P-256` or `Ed25519`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,

    /// First coordinate of a point, or an Ed25519 key, Base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,

    /// Second coordinate of a point, Base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
}
