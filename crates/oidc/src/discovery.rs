//! OpenID Connect Discovery 1.0, authorization server metadata (RFC 8414) and protected resource metadata (RFC 9728).

use watchword_api::oidc::{OpenIdConfiguration, ProtectedResource};
use watchword_domain::app::{DEVICE_CODE, TOKEN_EXCHANGE};
use watchword_domain::authorize::{ONE_FACTOR, TWO_FACTORS};

const SCOPES: &[&str] =
    &["openid", "profile", "email", "phone", "address", "offline_access", "username", "external_id", "extended_fields"];
const AUTH_METHODS: &[&str] =
    &["client_secret_post", "client_secret_basic", "client_secret_jwt", "private_key_jwt", "none"];
const RESPONSE_TYPES: &[&str] =
    &["code", "id_token", "token", "id_token token", "code id_token", "code token", "code id_token token", "none"];
const PAIR_ALGS: &[&str] = &["RS256", "ES256", "EdDSA"];

/// The document; for an application, with the key set that has the keys of its own algorithms.
pub fn document(public_url: &str, app: Option<&str>) -> OpenIdConfiguration {
    let at = |path: &str| format!("{public_url}/oidc{path}");
    OpenIdConfiguration {
        issuer: at(""),
        authorization_endpoint: at("/auth"),
        token_endpoint: at("/token"),
        userinfo_endpoint: at("/me"),
        jwks_uri: match app {
            Some(app) => format!("{public_url}/{app}/oidc/.well-known/jwks.json"),
            None => at("/.well-known/jwks.json"),
        },
        scopes_supported: list(SCOPES),
        response_types_supported: list(RESPONSE_TYPES),
        response_modes_supported: list(&["query", "fragment", "form_post", "web_message"]),
        grant_types_supported: list(&[
            "authorization_code",
            "implicit",
            "refresh_token",
            "client_credentials",
            "password",
            DEVICE_CODE,
            TOKEN_EXCHANGE,
        ]),
        subject_types_supported: list(&["public"]),
        id_token_signing_alg_values_supported: list(&["HS256", "RS256", "ES256", "EdDSA"]),
        id_token_encryption_alg_values_supported: Vec::new(),
        id_token_encryption_enc_values_supported: Vec::new(),
        userinfo_signing_alg_values_supported: Vec::new(),
        userinfo_encryption_alg_values_supported: Vec::new(),
        userinfo_encryption_enc_values_supported: Vec::new(),
        token_endpoint_auth_methods_supported: list(AUTH_METHODS),
        claim_types_supported: list(&["normal"]),
        claims_supported: list(&[
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "amr",
            "sid",
            "at_hash",
            "c_hash",
            "nonce",
            "acr",
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
            "email",
            "email_verified",
            "phone_number",
            "phone_number_verified",
            "address",
            "username",
            "external_id",
            "extended_fields",
        ]),
        code_challenge_methods_supported: list(&["S256"]),
        end_session_endpoint: at("/session/end"),
        introspection_endpoint: at("/token/introspection"),
        introspection_endpoint_auth_methods_supported: list(AUTH_METHODS),
        revocation_endpoint: at("/token/revocation"),
        revocation_endpoint_auth_methods_supported: list(AUTH_METHODS),
        pushed_authorization_request_endpoint: at("/request"),
        require_pushed_authorization_requests: false,
        device_authorization_endpoint: at("/device_authorization"),
        registration_endpoint: at("/register"),
        token_endpoint_auth_signing_alg_values_supported: list(&["HS256", "RS256", "ES256", "EdDSA"]),
        dpop_signing_alg_values_supported: list(PAIR_ALGS),
        ui_locales_supported: list(&["en-US", "zh-CN"]),
        acr_values_supported: list(&[ONE_FACTOR, TWO_FACTORS]),
        prompt_values_supported: list(&["none", "login", "consent", "select_account"]),
        claims_parameter_supported: true,
        request_parameter_supported: true,
        request_object_signing_alg_values_supported: list(&["HS256", "RS256", "ES256", "EdDSA"]),
        request_uri_parameter_supported: false,
        authorization_response_iss_parameter_supported: true,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
    }
}

/// This server's own API as a protected resource.
pub fn resource(public_url: &str) -> ProtectedResource {
    ProtectedResource {
        resource: public_url.to_owned(),
        authorization_servers: vec![format!("{public_url}/oidc")],
        jwks_uri: format!("{public_url}/oidc/.well-known/jwks.json"),
        scopes_supported: list(SCOPES),
        bearer_methods_supported: list(&["header", "body", "query"]),
        dpop_signing_alg_values_supported: list(PAIR_ALGS),
    }
}

fn list(items: &[&str]) -> Vec<String> {
    items.iter().map(|s| (*s).to_owned()).collect()
}
