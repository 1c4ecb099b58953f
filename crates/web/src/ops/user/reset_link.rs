//! New passwords by a link.

use watchword_api::user::{ResetLinkSent, SendResetLinkReq};
use watchword_domain::user::reset_link;
use watchword_domain::{Audit, Ctx, Permission};
use watchword_kit::Result;

use crate::op::Op;

pub(super) fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/send-user-reset-password-email-link", send_reset_link, Audit::PasswordLinkSend)
            .needs(Permission::UserWrite)
            .says("Send users a link by which they set a new password"),
    ]
}

async fn send_reset_link(ctx: Ctx, req: SendResetLinkReq) -> Result<Vec<ResetLinkSent>> {
    reset_link::send(&ctx, req).await
}
