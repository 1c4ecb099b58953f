//! What OpenID Connect clients ask about the provider and about tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

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
