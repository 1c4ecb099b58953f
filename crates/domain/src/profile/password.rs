//! The user's own password: changed, forgotten, to be changed before the first sign-in. Second factors stay.

use serde_json::{Value, json};
use watchword_api::profile::{
    PasswordResetToken, ResetPasswordMethod, ResetPasswordReq, UpdatePasswordReq, VerifyResetPasswordReq,
};
use watchword_crypto::hash;
use watchword_kit::{Error, Millis, Result, codes, text};
use watchword_store::session::Session;
use watchword_store::user::{TABLE, User};
use watchword_store::{Tx, message as owners};

use super::proof::{Given, key, needed};
use crate::action_token::{self, Proof, Step};
use crate::ctx::Ctx;
use crate::message::Medium;
use crate::security_settings::password::PasswordRules;
use crate::user::password::{another, choose};
use crate::user::{self, life};
use crate::{login, pool};

/// How long a proof stands in for the old password of an account that has none.
const PROOF: Millis = Millis::minutes(5);
const CHANNEL: &str = "CHANNEL_RESET_PASSWORD";

/// The rules for this user's next password.
async fn rules_for(ctx: &Ctx, user: &User) -> Result<PasswordRules> {
    Ok(PasswordRules::of(&pool::settings(&mut ctx.read().await?, ctx.pool()).await?)?.of_user(user))
}

/// `POST /api/v3/update-password`. The user's other sessions end.
///
/// # Errors
/// 400 at `oldPassword` where the account has a password and none is given, at `newPassword` for one against the
/// rules; 403/2006 for a wrong old one, 429 after too many of them; 403 where the account has no password and nothing was
/// proven within the last 5 minutes.
pub async fn update(ctx: &Ctx, req: UpdatePasswordReq) -> Result<()> {
    let session = ctx.session()?;
    let encrypted = req.password_encrypt_type.unwrap_or_default();
    let user = user::by_id(&mut ctx.read().await?, ctx.pool(), &session.user_id).await?;
    let old = req.old_password.map(|old| login::plain(ctx, old, encrypted));
    let vouched = match (&user.password_hash, &old) {
        // No old password vouches for the caller, so a recent proof has to.
        (None, _) if !recent(ctx, session) => {
            return Err(Error::new(codes::STEP_UP_NEEDED).because(text!(
                "sign in again or prove a second factor first: within the last 5 minutes",
                "请重新登录或先完成 MFA 校验（5 分钟内有效）"
            )));
        }
        (None, _) => None,
        (Some(_), None) => return Err(needed("oldPassword")),
        (Some(_), Some(old)) => Some(login::own_password(ctx, &user, old.clone()).await?),
    };
    let former = old.filter(|_| vouched.is_some());
    let plain = login::plain(ctx, req.new_password, encrypted);
    let mut rules = rules_for(ctx, &user).await?;
    if let Some(former) = &former {
        rules = rules.after(former);
    }
    let chosen = choose(ctx, "newPassword", plain, &rules).await;
    let mut tx = ctx.write().await?;
    let held = TABLE.hold(&mut tx, ctx.pool(), &user.id, "updated_at", ctx.now()).await?;
    let mut held = held.ok_or_else(|| Error::new(codes::USER_NOT_FOUND))?;
    match vouched {
        Some(vouched) => vouched.settle(&mut tx, ctx, &held).await?,
        // Somebody set one meanwhile.
        None if held.password_hash.is_some() => return Err(Error::new(codes::PASSWORD_WRONG)),
        None => {}
    }
    let details = json!({ "userId": user.id });
    let chosen = match chosen {
        Ok(chosen) => chosen,
        // The old one was right, and that is noted.
        Err(refused) => return Err(ctx.commit_refusal(tx, refused, details).await),
    };
    chosen.save(&mut tx, ctx, &mut held, Some(&session.id)).await?;
    ctx.commit(tx, details).await
}

/// Whether the caller has signed in or proven a second factor within [`PROOF`].
fn recent(ctx: &Ctx, session: &Session) -> bool {
    let proofs = [Some(session.auth_time), session.mfa_at];
    proofs.into_iter().flatten().any(|at| ctx.now() - at <= PROOF)
}

/// `POST /api/v3/verify-reset-password-request`: a code of the channel `CHANNEL_RESET_PASSWORD`.
///
/// # Errors
/// 403/2001 for a wrong code and where nobody has the address or number, which is one refusal; 403/2120008 for a
/// suspended account, told to whoever has proven to have it; 429 while the caller's address has too many failures.
pub async fn verify_reset(ctx: &Ctx, req: VerifyResetPasswordReq) -> Result<PasswordResetToken> {
    let given = match req.verify_method {
        ResetPasswordMethod::PhonePasscode => Given::by_phone(req.phone_pass_code_payload)?,
        ResetPasswordMethod::EmailPasscode => Given::by_email(req.email_pass_code_payload, None)?,
    };
    login::admit_address(&mut ctx.read().await?, ctx).await?;
    let mut tx = ctx.write().await?;
    let right = given.is_right(&mut tx, ctx, CHANNEL).await?;
    let owner = match given.medium {
        Medium::Email => owners::owner_of_email(&mut tx, ctx.pool(), &given.target).await?,
        Medium::Sms => owners::owner_of_phone(&mut tx, ctx.pool(), &given.target).await?,
    };
    let channel = given.medium.as_str();
    let about = match &owner {
        Some(id) => json!({ "userId": id, "channel": channel }),
        None => json!({ "channel": channel }),
    };
    let Some(id) = owner.filter(|_| right) else {
        login::charge_address(&mut tx, ctx).await?;
        return Err(ctx.commit_refusal(tx, Error::new(codes::PASS_CODE_WRONG), about).await);
    };
    let user = user::by_id(&mut tx, ctx.pool(), &id).await?;
    if !life::may_sign_in(&user, ctx.now()) {
        return Err(ctx.commit_refusal(tx, Error::new(codes::USER_DISABLED), about).await);
    }
    let proof = Proof { user: &id, channel, target: None, seen: given.target };
    let token = action_token::issue(&mut tx, ctx, Step::ResetPassword, proof).await?;
    ctx.commit(tx, about).await?;
    let token_expires_in = Step::ResetPassword.seconds();
    Ok(PasswordResetToken { password_reset_token: token.reveal().clone(), token_expires_in })
}

/// What a sign-in is told whose password is right and must be changed first: a token for reset-password. `token` is
/// the same under the name by which older clients know it. The caller commits.
pub(crate) async fn begin_first(tx: &mut Tx, ctx: &Ctx, user: &User) -> Result<Value> {
    let proof = Proof { user: &user.id, channel: "password", target: None, seen: mark(user) };
    let token = action_token::issue(tx, ctx, Step::FirstPassword, proof).await?;
    let seconds = Step::FirstPassword.seconds();
    Ok(json!({ "passwordResetToken": token.reveal(), "token": token.reveal(), "tokenExpiresIn": seconds }))
}

/// `POST /api/v3/reset-password`. Every session of the user ends.
///
/// # Errors
/// 403 for a token that is wrong, used or over; 400 at `password` for one against the rules, and for the old one where
/// it had to be changed: the token stays good.
pub async fn reset(ctx: &Ctx, req: ResetPasswordReq) -> Result<()> {
    let steps = [Step::ResetPassword, Step::FirstPassword];
    let token = req.password_reset_token;
    let (row, present) = {
        // Nobody has a password hashed here without a token.
        let mut tx = ctx.read().await?;
        let row = action_token::read(&mut tx, ctx, &steps, &token).await?;
        let user = user::by_id(&mut tx, ctx.pool(), &row.user_id).await.map_err(|_| action_token::over())?;
        (row, user)
    };
    let plain = login::plain(ctx, req.password, req.password_encrypt_type.unwrap_or_default());
    if row.channel == "password" {
        another(ctx, &present, &plain).await?;
    }
    let chosen = choose(ctx, "password", plain, &rules_for(ctx, &present).await?).await?;
    let mut tx = ctx.write().await?;
    let (row, mut user) = action_token::spend(&mut tx, ctx, &steps, &token).await?;
    let seen = match row.channel.as_str() {
        "email" => key(&user, Medium::Email).map(str::to_owned),
        "sms" => key(&user, Medium::Sms).map(str::to_owned),
        _ => Some(mark(&user)),
    };
    if !life::may_sign_in(&user, ctx.now()) || seen.as_deref() != Some(&row.seen) {
        return Err(action_token::over());
    }
    chosen.save(&mut tx, ctx, &mut user, None).await?;
    ctx.commit(tx, json!({ "userId": user.id, "by": row.channel })).await
}

/// Tells one stored password from another.
fn mark(user: &User) -> String {
    hash::sha256_hex(user.password_hash.as_deref().unwrap_or_default().as_bytes())
}
