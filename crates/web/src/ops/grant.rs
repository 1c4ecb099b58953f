//! The endpoints of OAuth at which applications prove themselves: tokens, what they are worth, their end; pushed requests
//! and devices.

use serde::Deserialize;
use watchword_api::common::{Object, Success};
use watchword_api::login::TokenSet;
use watchword_api::token::{
    DecideDeviceReq, DeviceAuthorization, DeviceAuthorizationReq, DeviceQuery, OidcTokenQuery, OidcTokenReq,
    PushedAuthorization, TokenIntrospection, TokenRevocation, WaitingDevice,
};
use watchword_domain::{Audit, Ctx, Permission, app, device_code as device, grant, par, token};
use watchword_kit::Result;

use crate::op::{Done, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/oidc/token", tokens, Audit::TokenIssue).application().oauth().says("Tokens for a grant"),
        Op::write("POST", "/oauth/token", oauth_tokens, Audit::TokenIssue)
            .application()
            .oauth()
            .says("Tokens for a grant, without ID token"),
        Op::read("POST", "/oidc/token/introspection", introspect)
            .application()
            .oauth()
            .says("What one of the application's tokens is worth"),
        Op::read("POST", "/oauth/token/introspection", introspect)
            .application()
            .oauth()
            .says("What one of the application's tokens is worth"),
        Op::write("POST", "/oidc/token/revocation", revoke, Audit::TokenRevoke)
            .application()
            .oauth()
            .says("End a token and the session it belongs to"),
        Op::write("POST", "/oauth/token/revocation", revoke, Audit::TokenRevoke)
            .application()
            .oauth()
            .says("End a token and the session it belongs to"),
        Op::write("POST", "/oidc/request", push, Audit::RequestPush)
            .application()
            .oauth()
            .created()
            .says("Push an authorization request (RFC 9126)"),
        Op::write("POST", "/oidc/device_authorization", begin_device, Audit::DeviceBegin)
            .application()
            .oauth()
            .says("Begin a sign-in on a device without browser (RFC 8628)"),
        Op::write("POST", "/oidc/register", register, Audit::ApplicationRegister)
            .needs(Permission::ApplicationRegister)
            .oauth()
            .created()
            .says("Register an application (RFC 7591); the access key's management token is the initial access token"),
        Op::read("GET", "/oidc/register/{client_id}", registration)
            .public()
            .oauth()
            .says("What an application has registered (RFC 7592); needs its registration access token"),
        Op::write("PUT", "/oidc/register/{client_id}", change_registration, Audit::RegistrationUpdate)
            .public()
            .oauth()
            .says("Change what an application has registered (RFC 7592); needs its registration access token"),
        Op::write("DELETE", "/oidc/register/{client_id}", end_registration, Audit::RegistrationDelete)
            .public()
            .oauth()
            .no_content()
            .says("Delete an application that has registered itself (RFC 7592); needs its registration access token"),
        Op::read("GET", "/api/v3/get-device-authorization", look_at_device)
            .user()
            .says("The device that shows this code"),
        Op::write("POST", "/api/v3/decide-device-authorization", decide_device, Audit::DeviceDecide)
            .user()
            .says("Sign a device in, or refuse it"),
    ]
}

async fn tokens(ctx: Ctx, req: OidcTokenReq) -> Result<TokenSet> {
    grant::token(&ctx, req).await
}

async fn oauth_tokens(ctx: Ctx, req: OidcTokenReq) -> Result<TokenSet> {
    Ok(TokenSet { id_token: None, ..grant::token(&ctx, req).await? })
}

async fn introspect(ctx: Ctx, req: OidcTokenQuery) -> Result<TokenIntrospection> {
    token::introspect(&ctx, req).await
}

async fn revoke(ctx: Ctx, req: OidcTokenQuery) -> Result<TokenRevocation> {
    token::revoke(&ctx, req).await
}

async fn push(ctx: Ctx, req: Object) -> Result<PushedAuthorization> {
    par::push(&ctx, req).await
}

async fn begin_device(ctx: Ctx, req: DeviceAuthorizationReq) -> Result<DeviceAuthorization> {
    device::begin(&ctx, req).await
}

/// A registered application, named by the path.
#[derive(Deserialize, schemars::JsonSchema)]
struct ClientPath {
    /// Id of the application.
    client_id: String,
}

async fn register(ctx: Ctx, req: Object) -> Result<Object> {
    app::register(&ctx, req).await
}

async fn registration(ctx: Ctx, path: ClientPath) -> Result<Object> {
    app::read_registration(&ctx, &path.client_id).await
}

async fn change_registration(ctx: Ctx, req: Object) -> Result<Object> {
    app::change_registration(&ctx, req).await
}

async fn end_registration(ctx: Ctx, path: ClientPath) -> Result<Done> {
    app::end_registration(&ctx, &path.client_id).await?;
    Ok(Done)
}

async fn look_at_device(ctx: Ctx, query: DeviceQuery) -> Result<WaitingDevice> {
    device::look(&ctx, query).await
}

async fn decide_device(ctx: Ctx, req: DecideDeviceReq) -> Result<Success> {
    device::decide(&ctx, req).await
}
