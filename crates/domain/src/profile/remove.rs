//! The end of an account, as its user wants it.

use serde_json::json;
use watchword_api::profile::{DeleteAccountMethod, DeleteAccountReq, DeleteAccountToken, VerifyDeleteAccountReq};
use watchword_kit::{Error, Result, codes};

use super::proof::{Given, needed};
use crate::action_token::{self, Proof, Step};
use crate::ctx::Ctx;
use crate::login;
use crate::message::Medium;
use crate::outbox::{Event, notify_user};
use crate::user::{self, remove};

const CHANNEL: &str = "CHANNEL_DELETE_ACCOUNT";

/// `POST /api/v3/verify-delete-account-request`: a code of the channel `CHANNEL_DELETE_ACCOUNT`, or the password.
///
/// # Errors
/// 403/2001 for a wrong code and for an address or number that is not the account's; 403/2006 for a wrong password,
/// 429 after too many of them.
pub async fn verify(ctx: &Ctx, req: VerifyDeleteAccountReq) -> Result<DeleteAccountToken> {
    let id = ctx.session()?.user_id.clone();
    let user = user::by_id(&mut ctx.read().await?, ctx.pool(), &id).await?;
    let details = json!({ "userId": id });
    let given = match req.verify_method {
        DeleteAccountMethod::PhonePasscode => Some(Given::by_phone(req.phone_pass_code_payload)?),
        DeleteAccountMethod::EmailPasscode => {
            Some(Given::by_email(req.email_pass_code_payload, user.email_key.as_deref())?)
        }
        DeleteAccountMethod::Password => None,
    };
    let (mut tx, channel) = match given {
        Some(given) => {
            let mut tx = ctx.write().await?;
            if !given.is_right(&mut tx, ctx, CHANNEL).await? || !given.is_of(&user) {
                return Err(ctx.commit_refusal(tx, Error::new(codes::PASS_CODE_WRONG), details).await);
            }
            let channel = if given.medium == Medium::Email { "email" } else { "sms" };
            (tx, channel)
        }
        None => {
            let payload = req.password_payload.ok_or_else(|| needed("passwordPayload"))?;
            let encrypted = payload.password_encrypt_type.unwrap_or_default();
            let given = login::plain(ctx, payload.password, encrypted);
            let vouched = login::own_password(ctx, &user, given).await?;
            let mut tx = ctx.write().await?;
            let now = user::hold(&mut tx, ctx.pool(), &id).await?;
            vouched.settle(&mut tx, ctx, &now).await?;
            (tx, "password")
        }
    };
    let proof = Proof { user: &id, channel, target: None, seen: String::new() };
    let token = action_token::issue(&mut tx, ctx, Step::DeleteAccount, proof).await?;
    ctx.commit(tx, details).await?;
    let token_expires_in = Step::DeleteAccount.seconds();
    Ok(DeleteAccountToken { delete_account_token: token.reveal().clone(), token_expires_in })
}

/// `POST /api/v3/delete-account`: the user and everything that is theirs.
///
/// # Errors
/// 403 for a token that is wrong, used or over.
pub async fn delete(ctx: &Ctx, req: DeleteAccountReq) -> Result<()> {
    let mut tx = ctx.write().await?;
    let (_, user) = action_token::spend(&mut tx, ctx, &[Step::DeleteAccount], &req.delete_account_token).await?;
    notify_user(&mut tx, ctx, &user, Event::AccountDeleted).await?;
    remove::erase(&mut tx, ctx, std::slice::from_ref(&user.id)).await?;
    ctx.commit(tx, json!({ "userId": user.id })).await
}
