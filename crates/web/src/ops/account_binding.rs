//! Accounts elsewhere, as their user sees them.

use watchword_api::account_binding::{EnabledExtIdp, UnlinkExtIdpReq};
use watchword_api::user::Identity;
use watchword_domain::{Audit, Ctx, account_binding};
use watchword_kit::Result;

use crate::op::{Done, Nothing, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/unlink-extidp", unlink, Audit::OwnIdentityUnlink)
            .user()
            .says("Unlink one's account at an identity source"),
        Op::read("GET", "/api/v3/get-identities", identities).user().says("One's accounts at identity sources"),
        Op::read("GET", "/api/v3/get-application-enabled-extidps", enabled)
            .application()
            .says("Identity sources by which one can sign in to an application"),
    ]
}

async fn unlink(ctx: Ctx, req: UnlinkExtIdpReq) -> Result<Done> {
    account_binding::unlink(&ctx, req).await?;
    Ok(Done)
}

async fn identities(ctx: Ctx, _: Nothing) -> Result<Vec<Identity>> {
    account_binding::identities(&ctx).await
}

async fn enabled(ctx: Ctx, _: Nothing) -> Result<Vec<EnabledExtIdp>> {
    account_binding::enabled(&ctx).await
}
