//! Whether a code would be right, asked before it is used: a try like any other.

use serde_json::json;
use watchword_api::message::{CodeType, PreCheckCodeReq, PreCheckedCode};
use watchword_kit::{Error, Result, codes, text};

use super::{Medium, address, code};
use crate::ctx::Ctx;
use crate::login;

/// `POST /api/v3/pre-check-code`. A right code stays good; a wrong one counts against the code and against the
/// caller's address, so that this is no way to guess.
///
/// # Errors
/// 400 without the payload and for the channel of links; 429 while the caller's address has too many failures.
pub async fn pre_check(ctx: &Ctx, req: PreCheckCodeReq) -> Result<PreCheckedCode> {
    let missing = |field: &str| Error::invalid(field, text!("required", "必填"));
    let (medium, to, channel, given) = match req.code_type {
        CodeType::Sms => {
            let payload = req.sms_code_payload.ok_or_else(|| missing("smsCodePayload"))?;
            let to = address::normalise_phone(&payload.phone, payload.phone_country_code.as_deref());
            (Medium::Sms, to.map_err(|e| e.at("smsCodePayload.phone"))?, payload.channel.as_str(), payload.pass_code)
        }
        CodeType::Email => {
            let payload = req.email_code_payload.ok_or_else(|| missing("emailCodePayload"))?;
            let to = address::normalise_email(&payload.email).map_err(|e| e.at("emailCodePayload.email"))?;
            (Medium::Email, to, payload.channel.as_str(), payload.pass_code)
        }
    };
    if channel == code::LINK {
        let detail = text!("a link has no code", "链接没有验证码");
        return Err(Error::invalid("emailCodePayload.channel", detail));
    }
    login::admit_address(&mut ctx.read().await?, ctx).await?;
    let mut tx = ctx.write().await?;
    let is_valid = code::pre_check_code(&mut tx, ctx, medium, &to, channel, given.reveal()).await?;
    if !is_valid {
        login::charge_address(&mut tx, ctx).await?;
    }
    let details =
        json!({ "medium": medium.as_str(), "channel": channel, "to": address::masked(medium, &to), "valid": is_valid });
    ctx.commit(tx, details).await?;
    let message = (!is_valid).then(|| codes::PASS_CODE_WRONG.message(ctx.request().lang).to_owned());
    Ok(PreCheckedCode { is_valid, message })
}
