//! Codes by SMS and e-mail.

use watchword_api::message::{PreCheckCodeReq, PreCheckedCode, SendEmailReq, SendSmsReq};
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
        Op::write("POST", "/api/v3/pre-check-code", pre_check_code, Audit::CodeCheck)
            .application()
            .says("Whether a code is right, without using it up"),
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

async fn pre_check_code(ctx: Ctx, req: PreCheckCodeReq) -> Result<PreCheckedCode> {
    message::pre_check(&ctx, req).await
}
