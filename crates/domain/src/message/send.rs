//! The operations send-sms and send-email: to whom a code of which channel goes.
//!
//! Both take an application and no more. What they answer does not depend on whether an account exists: where a
//! channel wants one and there is none, the same rows are written and the same limits are charged, and the message
//! is withheld.
//!
//! | Channels | Token | The code goes to |
//! |---|---|---|
//! | LOGIN | ignored: nobody is signed in | the target if an account has it, or may be made by it (`autoRegister`): if the application lets people register by such a code |
//! | RESET_PASSWORD, UNLOCK_ACCOUNT, VERIFY_EMAIL_LINK | ignored: nobody is signed in | the target if an account has it |
//! | VERIFY_MFA, UNBIND_MFA, UNBIND_PHONE, UNBIND_EMAIL, IDENTITY_VERIFICATION, DELETE_ACCOUNT | access token or mfaToken, if sent | with a token: the target if the user has it (in the account or as an enabled factor), otherwise 403; without: the target if an account has it |
//! | REGISTER, BIND_PHONE, BIND_EMAIL, BIND_MFA, UPDATE_EMAIL, COMPLETE_PHONE, COMPLETE_EMAIL | ignored: whoever uses the code proves the rest | any target |

use std::sync::Arc;

use serde_json::json;
use watchword_api::message::{EmailChannel, SendEmailReq, SendSmsReq, SmsChannel};
use watchword_kit::{Error, PoolId, Result, codes, text};
use watchword_store::message as store;
use watchword_store::{Tx, user};

use super::{Medium, address, code};
use crate::audit::Audit;
use crate::caller::Presented;
use crate::captcha::Answer;
use crate::ctx::{Actor, Ctx, Request};
use crate::group::follow;
use crate::login::gate;
use crate::outbox::Delivery;
use crate::services::Services;
use crate::{app, caller, login};

/// send-sms.
pub async fn send_sms(ctx: Ctx, req: SendSmsReq) -> Result<()> {
    let country = address::country(req.phone_country_code.as_deref()).map_err(|e| e.at("phoneCountryCode"))?;
    let to = address::normalise_phone(&req.phone_number, Some(&country)).map_err(|e| e.at("phoneNumber"))?;
    let captcha = Answer { text: req.captcha_code, token: req.captcha_token };
    send(ctx, Medium::Sms, to, req.channel.as_str(), of_sms(req.channel), &captcha).await
}

/// send-email.
pub async fn send_email(ctx: Ctx, req: SendEmailReq) -> Result<()> {
    let to = address::normalise_email(&req.email).map_err(|e| e.at("email"))?;
    let captcha = Answer { text: req.captcha_code, token: req.captcha_token };
    send(ctx, Medium::Email, to, req.channel.as_str(), of_email(req.channel), &captcha).await
}

/// Confirms an e-mail address by the link that was sent to it: `email_verified` of the account that has it now.
///
/// # Errors
/// 403/2001 for a link that is wrong, used or over; 404/2011 for an unknown application.
pub async fn confirm_email(
    services: &Arc<Services>,
    request: Request,
    app_id: &str,
    email: &str,
    token: &str,
) -> Result<()> {
    let app = app::find(services, app_id).await?;
    let pool = PoolId::new(&app.pool_id);
    let request = Request { app_id: Some(app.id), ..request };
    let ctx = Ctx::new(services.clone(), pool, Actor::Anonymous, request, Some(Audit::EmailVerify));
    let wrong = || Error::new(codes::PASS_CODE_WRONG);
    let email = address::normalise_email(email).map_err(|_| wrong())?;
    let mut tx = ctx.write().await?;
    let user = store::owner_of_email(&mut tx, ctx.pool(), &email).await?.ok_or_else(wrong)?;
    let held = crate::user::hold(&mut tx, ctx.pool(), &user).await?;
    if held.email_key.as_ref() != Some(&email) || !code::use_link(&mut tx, &ctx, &email, token).await? {
        return Err(wrong());
    }
    store::verify_email(&mut tx, ctx.pool(), &user, ctx.now()).await?;
    follow::changed(&mut tx, &ctx, std::slice::from_ref(&user)).await?;
    ctx.commit(tx, json!({ "userId": user })).await
}

/// Who may have a code of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// Whoever reads what is sent to the target.
    Anyone,
    /// An account that has the target, nobody being signed in.
    Account,
    /// As [`Audience::Account`], and whoever may register by such a code.
    Newcomer,
    /// The user whose token comes along, otherwise as [`Audience::Account`].
    Own,
}

fn of_sms(channel: SmsChannel) -> Audience {
    match channel {
        SmsChannel::Login => Audience::Newcomer,
        SmsChannel::ResetPassword => Audience::Account,
        SmsChannel::UnbindPhone
        | SmsChannel::VerifyMfa
        | SmsChannel::UnbindMfa
        | SmsChannel::IdentityVerification
        | SmsChannel::DeleteAccount => Audience::Own,
        SmsChannel::Register | SmsChannel::BindPhone | SmsChannel::BindMfa | SmsChannel::CompletePhone => {
            Audience::Anyone
        }
    }
}

fn of_email(channel: EmailChannel) -> Audience {
    match channel {
        EmailChannel::Login => Audience::Newcomer,
        EmailChannel::ResetPassword | EmailChannel::UnlockAccount | EmailChannel::VerifyEmailLink => Audience::Account,
        EmailChannel::UnbindEmail | EmailChannel::VerifyMfa | EmailChannel::DeleteAccount => Audience::Own,
        EmailChannel::Register | EmailChannel::UpdateEmail | EmailChannel::BindEmail | EmailChannel::CompleteEmail => {
            Audience::Anyone
        }
    }
}

async fn send(ctx: Ctx, medium: Medium, to: String, channel: &str, audience: Audience, captcha: &Answer) -> Result<()> {
    let user = match audience {
        Audience::Own => signed_in(&ctx).await?,
        Audience::Anyone | Audience::Account | Audience::Newcomer => None,
    };
    if user.is_none() {
        gate::robot(&ctx, captcha).await?;
    }
    let mut tx = ctx.write().await?;
    let mut details = json!({ "medium": medium.as_str(), "channel": channel, "to": address::masked(medium, &to) });
    let reader = match &user {
        Some(id) if is_own(&mut tx, &ctx, medium, &to, id).await? => Some(id.clone()),
        Some(id) => {
            details["userId"] = id.as_str().into();
            // Charged like a message, so that a stolen password does not become a way to try numbers.
            code::charge_target(&mut tx, &ctx, medium, &to).await?;
            let refusal = Error::new(codes::FORBIDDEN).because(not_yours(medium));
            return Err(ctx.commit_refusal(tx, refusal, details).await);
        }
        None => owner(&mut tx, &ctx, medium, &to).await?,
    };
    let open = match audience {
        Audience::Anyone => true,
        Audience::Newcomer => may_register(&mut tx, &ctx, medium).await?,
        Audience::Account | Audience::Own => false,
    };
    let sent = open || reader.is_some();
    if let (Some(id), true) = (reader, audience != Audience::Anyone) {
        details["userId"] = id.into();
    }
    details["sent"] = sent.into();
    let delivery = if sent { Delivery::Send } else { Delivery::Withhold };
    code::issue(&mut tx, &ctx, medium, &to, channel, delivery).await?;
    ctx.commit(tx, details).await
}

async fn may_register(tx: &mut Tx, ctx: &Ctx, medium: Medium) -> Result<bool> {
    let Some(id) = ctx.app_id() else { return Ok(false) };
    let app = app::load(tx, ctx.pool(), id).await?;
    match gate::may_register(tx, ctx, &app, login::way_by_code(medium)).await {
        Ok(()) => Ok(true),
        Err(e) if e.code() == codes::REGISTER_DISABLED => Ok(false),
        Err(e) => Err(e),
    }
}

/// The user whose token comes with the request, if one does.
///
/// # Errors
/// 401 for a token that is over; 404/2011 for one of another application.
async fn signed_in(ctx: &Ctx) -> Result<Option<String>> {
    let Some(given) = Presented::in_request(ctx.request()) else { return Ok(None) };
    let (pool, actor) = caller::by_user_or_mfa_token(ctx.services(), &given).await?;
    let (user, app) = match actor {
        Actor::User(session) => (session.user_id, session.app_id),
        Actor::Pending(transaction) => (transaction.user_id, transaction.app_id),
        _ => return Err(Error::new(codes::NOT_SIGNED_IN)),
    };
    if &pool != ctx.pool() || Some(app.as_str()) != ctx.app_id() {
        return Err(Error::new(codes::APP_NOT_FOUND));
    }
    Ok(Some(user))
}

async fn owner(tx: &mut Tx, ctx: &Ctx, medium: Medium, to: &str) -> Result<Option<String>> {
    Ok(match medium {
        Medium::Sms => store::owner_of_phone(tx, ctx.pool(), to).await?,
        Medium::Email => store::owner_of_email(tx, ctx.pool(), to).await?,
    })
}

/// Whether the target is in the user's account or one of the user's enabled factors.
async fn is_own(tx: &mut Tx, ctx: &Ctx, medium: Medium, to: &str, user_id: &str) -> Result<bool> {
    let Some(user) = user::TABLE.get(tx, ctx.pool(), user_id).await? else { return Ok(false) };
    let (key, kind) = match medium {
        Medium::Sms => (user.phone_key, "SMS"),
        Medium::Email => (user.email_key, "EMAIL"),
    };
    if key.as_deref() == Some(to) {
        return Ok(true);
    }
    let factors = store::factor_targets(tx, ctx.pool(), user_id, kind).await?;
    Ok(factors.into_iter().any(|(target, country)| {
        let Some(target) = target else { return false };
        let normal = match medium {
            Medium::Sms => address::normalise_phone(&target, country.as_deref()),
            Medium::Email => address::normalise_email(&target),
        };
        normal.is_ok_and(|normal| normal == to)
    }))
}

fn not_yours(medium: Medium) -> watchword_kit::Text {
    match medium {
        Medium::Sms => text!("this phone number is not yours", "该手机号不属于当前用户"),
        Medium::Email => text!("this e-mail address is not yours", "该邮箱不属于当前用户"),
    }
}
