//! Tokens for the management API, MFA tokens, and the OpenID Connect endpoints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

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

    /// `authorization_code`, `refresh_token`, `client_credentials` or `password`.
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

    /// Whether request objects are understood.
    pub request_parameter_supported: bool,

    /// Whether request objects are fetched.
    pub request_uri_parameter_supported: bool,

    /// Whether `iss` comes with every authorization response (RFC 9207).
    pub authorization_response_iss_parameter_supported: bool,

    /// Whether applications are told of sign-outs.
    pub backchannel_logout_supported: bool,

    /// Whether `sid` is in those notices.
    pub backchannel_logout_session_supported: bool,
}

/// Public signing keys (RFC 7517 section 5), the one in use first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Jwks {
    /// The keys, all RSA.
    pub keys: Vec<Jwk>,
}

/// One public RSA key (RFC 7518 section 6.3.1).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Jwk {
    /// `RSA`.
    pub kty: String,

    /// `sig`.
    #[serde(rename = "use")]
    pub use_: String,

    /// `RS256`.
    pub alg: String,

    /// Id of the key, the `kid` of token headers.
    pub kid: String,

    /// Modulus, Base64url.
    pub n: String,

    /// Exponent, Base64url.
    pub e: String,
}
