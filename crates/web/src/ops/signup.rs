//! Registration.

use watchword_api::signup::SignUpReq;
use watchword_api::user::User;
use watchword_domain::{Audit, Ctx, signup};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/signup", sign_up, Audit::SignUp)
            .application()
            .says("Register an account of one's own"),
    ]
}

async fn sign_up(ctx: Ctx, req: SignUpReq) -> Result<User> {
    signup::sign_up(&ctx, req).await
}
