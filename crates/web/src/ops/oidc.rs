//! What clients of OpenID Connect read: keys, discovery, the claims of a user, and what an mfaToken is worth.

use serde::Deserialize;
use serde_json::Value;
use watchword_api::common::Object;
use watchword_api::oidc::{
    Jwks, MfaTokenIntrospection, MfaTokenIntrospectionReq, OpenIdConfiguration, ProtectedResource, ValidPemKey,
    ValidatePemKeyReq, ValidateTokenQuery,
};
use watchword_domain::{Ctx, token, userinfo};
use watchword_kit::Result;
use watchword_oidc::{discovery, jwks};

use crate::op::{Nothing, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/oidc/.well-known/openid-configuration", discovery)
            .public()
            .bare()
            .says("OpenID Connect discovery"),
        Op::read("GET", "/{appId}/oidc/.well-known/openid-configuration", discovery_of_app)
            .public()
            .bare()
            .says("OpenID Connect discovery, at an application's path"),
        Op::read("GET", "/.well-known/oauth-authorization-server", discovery)
            .public()
            .bare()
            .says("Authorization server metadata (RFC 8414)"),
        Op::read("GET", "/.well-known/oauth-authorization-server/oidc", discovery)
            .public()
            .bare()
            .says("Authorization server metadata, where RFC 8414 looks for this issuer's"),
        Op::read("GET", "/.well-known/oauth-protected-resource", resource)
            .public()
            .bare()
            .says("Protected resource metadata (RFC 9728)"),
        Op::read("GET", "/oidc/.well-known/jwks.json", keys).public().bare().says("Public keys that verify our tokens"),
        Op::read("GET", "/{appId}/oidc/.well-known/jwks.json", keys_of_app)
            .public()
            .bare()
            .says("Public keys that verify the tokens of an application"),
        Op::read("GET", "/oidc/me", me).user().third_party().oauth().says("The claims of the user who has this token"),
        Op::read("POST", "/oidc/me", me).user().third_party().oauth().says("The claims of the user who has this token"),
        Op::read("GET", "/oauth/me", oauth_me)
            .user()
            .third_party()
            .oauth()
            .says("The claims of the user who has this token"),
        Op::read("POST", "/oauth/me", oauth_me)
            .user()
            .third_party()
            .oauth()
            .says("The claims of the user who has this token"),
        Op::read("GET", "/api/v2/oidc/validate_token", validate_token)
            .public()
            .bare()
            .says("The claims of a token, if it is valid now"),
        Op::read("POST", "/api/v2/oidc/validate_pem_key", validate_pem_key)
            .public()
            .bare()
            .says("Ask whether a text is an RSA public key"),
        Op::read("POST", "/mfa/token/introspection", introspect_mfa_token)
            .public()
            .bare()
            .form()
            .says("Ask whether an mfaToken is alive"),
    ]
}

/// An application named by the path.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AppPath {
    /// Id of the application.
    app_id: String,
}

async fn discovery(ctx: Ctx, _: Nothing) -> Result<OpenIdConfiguration> {
    Ok(discovery::document(&ctx.settings.public_url, None))
}

async fn discovery_of_app(ctx: Ctx, path: AppPath) -> Result<OpenIdConfiguration> {
    let app = watchword_domain::app::find(ctx.services(), &path.app_id).await?;
    Ok(discovery::document(&ctx.settings.public_url, Some(&app.id)))
}

async fn resource(ctx: Ctx, _: Nothing) -> Result<ProtectedResource> {
    Ok(discovery::resource(&ctx.settings.public_url))
}

async fn keys(ctx: Ctx, _: Nothing) -> Result<Jwks> {
    jwks::document(&ctx)
}

async fn keys_of_app(ctx: Ctx, path: AppPath) -> Result<Jwks> {
    jwks::of_app(&ctx, &path.app_id).await
}

async fn me(ctx: Ctx, _: Nothing) -> Result<Object> {
    userinfo::userinfo(&ctx, true).await
}

async fn oauth_me(ctx: Ctx, _: Nothing) -> Result<Object> {
    userinfo::userinfo(&ctx, false).await
}

async fn validate_token(ctx: Ctx, query: ValidateTokenQuery) -> Result<Value> {
    token::validate(&ctx, query).await
}

async fn validate_pem_key(_: Ctx, req: ValidatePemKeyReq) -> Result<ValidPemKey> {
    Ok(ValidPemKey { valid: token::is_rsa_pem(&req.key.unwrap_or_default()) })
}

async fn introspect_mfa_token(ctx: Ctx, req: MfaTokenIntrospectionReq) -> Result<MfaTokenIntrospection> {
    token::introspect_mfa(&ctx, req).await
}
