//! Sign-in with credentials.

use watchword_api::common::Success;
use watchword_api::grant::TokenSet;
use watchword_api::login::{SelfUnlockReq, SignInReq};
use watchword_domain::{Audit, Ctx, login};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/signin", sign_in, Audit::SignIn)
            .application()
            .says("Sign in with a password or a code"),
        Op::write("POST", "/api/v3/self-unlock-account", unlock, Audit::SelfUnlock)
            .application()
            .says("Open one's own locked account by a code"),
    ]
}

async fn sign_in(ctx: Ctx, req: SignInReq) -> Result<TokenSet> {
    login::sign_in(&ctx, req).await
}

async fn unlock(ctx: Ctx, req: SelfUnlockReq) -> Result<Success> {
    login::unlock(&ctx, req).await?;
    Ok(Success { success: true })
}
