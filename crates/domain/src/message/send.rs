//! The operations send-sms and send-email.

use watchword_api::message::{SendEmailReq, SendSmsReq};
use watchword_kit::{Error, Result, codes};

use crate::ctx::Ctx;

/// send-sms.
pub async fn send_sms(_ctx: Ctx, _req: SendSmsReq) -> Result<()> {
    Err(Error::new(codes::NOT_IMPLEMENTED))
}

/// send-email.
pub async fn send_email(_ctx: Ctx, _req: SendEmailReq) -> Result<()> {
    Err(Error::new(codes::NOT_IMPLEMENTED))
}
