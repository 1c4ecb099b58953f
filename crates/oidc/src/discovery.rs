//! OpenID Connect Discovery 1.0. Endpoints that are not served yet are listed, since the schema demands them, but what
//! they would offer is not.

use watchword_api::token::OpenIdConfiguration;
use watchword_domain::authorize::{ONE_FACTOR, TWO_FACTORS};

pub fn document(public_url: &str) -> OpenIdConfiguration {
    let at = |path: &str| format!("{public_url}/oidc{path}");
    let list = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    OpenIdConfiguration {
        issuer: at(""),
        authorization_endpoint: at("/auth"),
        token_endpoint: at("/token"),
        userinfo_endpoint: at("/me"),
        jwks_uri: at("/.well-known/jwks.json"),
        scopes_supported: list(&["openid", "profile", "email", "phone", "address", "offline_access"]),
        response_types_supported: list(&[
            "code",
            "id_token",
            "token",
            "id_token token",
            "code id_token",
            "code token",
            "code id_token token",
            "none",
        ]),
        response_modes_supported: list(&["query", "fragment", "form_post", "web_message"]),
        grant_types_supported: list(&["authorization_code", "implicit", "refresh_token"]),
        subject_types_supported: list(&["public"]),
        id_token_signing_alg_values_supported: list(&["HS256", "RS256"]),
        id_token_encryption_alg_values_supported: Vec::new(),
        id_token_encryption_enc_values_supported: Vec::new(),
        userinfo_signing_alg_values_supported: Vec::new(),
        userinfo_encryption_alg_values_supported: Vec::new(),
        userinfo_encryption_enc_values_supported: Vec::new(),
        token_endpoint_auth_methods_supported: list(&["client_secret_post", "client_secret_basic", "none"]),
        claim_types_supported: list(&["normal"]),
        claims_supported: list(&["sub", "iss", "aud", "exp", "iat", "auth_time", "amr", "acr", "nonce", "sid"]),
        code_challenge_methods_supported: list(&["S256"]),
        end_session_endpoint: at("/session/end"),
        introspection_endpoint: at("/token/introspection"),
        introspection_endpoint_auth_methods_supported: Vec::new(),
        revocation_endpoint: at("/token/revocation"),
        revocation_endpoint_auth_methods_supported: Vec::new(),
        acr_values_supported: list(&[ONE_FACTOR, TWO_FACTORS]),
        prompt_values_supported: list(&["none", "login", "consent", "select_account"]),
        claims_parameter_supported: true,
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        authorization_response_iss_parameter_supported: true,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
    }
}
