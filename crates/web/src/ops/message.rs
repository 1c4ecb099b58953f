//! Codes by SMS and e-mail.

use watchword_api::message::{SendEmailReq, SendSmsReq};
use watchword_domain::{Audit, Ctx, message};
use watchword_kit::Result;

use crate::op::{Done, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/send-sms", send_sms, Audit::MessageSend)
            .application()
            .says("Send a code to a phone number"),
        Op::write("POST", "/api/v3/send-email", send_email, Audit::MessageSend)
            .application()
            .says("Send a code to an e-mail address"),
    ]
}

async fn send_sms(ctx: Ctx, req: SendSmsReq) -> Result<Done> {
    message::send_sms(ctx, req).await?;
    Ok(Done)
}

async fn send_email(ctx: Ctx, req: SendEmailReq) -> Result<Done> {
    message::send_email(ctx, req).await?;
    Ok(Done)
}
