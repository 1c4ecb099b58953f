//! The endpoints of OpenID Connect that sign-in by API needs: refresh, keys, discovery, and what an mfaToken is worth.

use watchword_api::login::TokenSet;
use watchword_api::token::{Jwks, MfaTokenIntrospection, MfaTokenIntrospectionReq, OidcTokenReq, OpenIdConfiguration};
use watchword_domain::{Audit, Ctx, login, mfa_token};
use watchword_kit::Result;

use crate::op::{Nothing, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/oidc/token", token, Audit::TokenIssue)
            .application()
            .oauth()
            .says("Renew tokens with a refresh token"),
        Op::read("GET", "/oidc/.well-known/openid-configuration", discovery)
            .public()
            .bare()
            .says("OpenID Connect discovery"),
        Op::read("GET", "/oidc/.well-known/jwks.json", jwks).public().bare().says("Public keys that verify our tokens"),
        Op::read("GET", "/{appId}/oidc/.well-known/jwks.json", jwks)
            .public()
            .bare()
            .says("Public keys that verify our tokens, at an application's path"),
        Op::read("POST", "/mfa/token/introspection", introspect_mfa_token)
            .public()
            .bare()
            .form()
            .says("Ask whether an mfaToken is alive"),
    ]
}

async fn token(ctx: Ctx, req: OidcTokenReq) -> Result<TokenSet> {
    login::token(&ctx, req).await
}

async fn discovery(ctx: Ctx, _: Nothing) -> Result<OpenIdConfiguration> {
    Ok(watchword_oidc::discovery::document(&ctx.settings.public_url))
}

async fn jwks(ctx: Ctx, _: Nothing) -> Result<Jwks> {
    watchword_oidc::jwks::document(&ctx)
}

async fn introspect_mfa_token(ctx: Ctx, req: MfaTokenIntrospectionReq) -> Result<MfaTokenIntrospection> {
    mfa_token::introspect(&ctx, req).await
}
