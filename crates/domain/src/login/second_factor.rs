//! Answers to the demand for a second factor.

use serde_json::json;
use watchword_api::common::FactorType;
use watchword_crypto::recovery;
use watchword_kit::{Error, Result, Secret, codes};
use watchword_store::user::User;
use watchword_store::{Tx, mfa_factor};

use super::{SignedIn, complete};
use crate::ctx::{Actor, Ctx};
use crate::message::{self, Medium};
use crate::otp::{self, Verdict};
use crate::outbox::{Event, notify_user};
use crate::throttle::{self, Guess};
use crate::user::{self, history};
use crate::{app, sso_session};

/// A code of an authenticator. `Ok(None)` is a wrong one: what the client is told differs between endpoints.
///
/// # Errors
/// 400/6003 without a code, 422 when no authenticator is bound, 429 and 403 while guessing is closed.
pub async fn verify_otp(ctx: &Ctx, code: Option<Secret<String>>) -> Result<Option<SignedIn>> {
    let code = code.ok_or_else(|| Error::new(codes::TOTP_MISSING).at("totp"))?;
    let user_id = ctx.user_id().ok_or_else(|| Error::new(codes::NOT_SIGNED_IN))?.to_owned();
    let mut tx = ctx.write().await?;
    let user = hold(&mut tx, ctx, &user_id).await?;
    match otp::check(&mut tx, ctx, &user_id, code.reveal()).await? {
        Verdict::Wrong { closed } => {
            if closed {
                end_waiting(&mut tx, ctx, &user).await?;
            }
            failed(&mut tx, ctx, "otp").await?;
            let refusal = Error::new(codes::TOTP_WRONG);
            let told = ctx.commit_refusal(tx, refusal, json!({ "userId": user_id, "factor": "OTP" })).await;
            if told.code() == codes::TOTP_WRONG { Ok(None) } else { Err(told) }
        }
        Verdict::Right { factor_id } => {
            let completion = complete(&mut tx, ctx, &user, FactorType::Otp, "otp").await?;
            ctx.commit(tx, json!({ "userId": user_id, "factor": "OTP", "factorId": factor_id })).await?;
            completion.finish(ctx).map(Some)
        }
    }
}

/// A code that was sent to the bound number or address, as `POST /api/v2/applications/mfa/sms/verify` and its like
/// take it. `Ok(None)` is a wrong one.
///
/// # Errors
/// 422 when the target is not what the user has bound, 429 and 403 while guessing is closed.
pub async fn verify_code(ctx: &Ctx, kind: FactorType, target: &str, code: Secret<String>) -> Result<Option<SignedIn>> {
    let user_id = ctx.user_id().ok_or_else(|| Error::new(codes::NOT_SIGNED_IN))?.to_owned();
    let medium = if kind == FactorType::Sms { Medium::Sms } else { Medium::Email };
    let mut tx = ctx.write().await?;
    let user = hold(&mut tx, ctx, &user_id).await?;
    let held = throttle::hold(&mut tx, ctx, Guess::SecondFactor, &user_id).await?;
    let bound = mfa_factor::of_user(&mut tx, ctx.pool(), &user_id).await?;
    let factor = bound.iter().find(|f| f.enabled && f.kind == kind.as_str() && f.target.as_deref() == Some(target));
    let factor = factor.ok_or_else(|| Error::new(codes::FACTOR_NOT_BOUND))?;
    let about = json!({ "userId": user_id, "factor": kind.as_str(), "factorId": factor.id });
    if message::check_code(&mut tx, ctx, medium, target, "CHANNEL_VERIFY_MFA", code.reveal()).await? {
        held.succeeded(&mut tx, ctx).await?;
        let method = if kind == FactorType::Sms { "sms" } else { "email" };
        let completion = complete(&mut tx, ctx, &user, kind, method).await?;
        ctx.commit(tx, about).await?;
        return completion.finish(ctx).map(Some);
    }
    if held.failed(&mut tx, ctx).await? {
        end_waiting(&mut tx, ctx, &user).await?;
    }
    failed(&mut tx, ctx, if kind == FactorType::Sms { "sms" } else { "email" }).await?;
    let told = ctx.commit_refusal(tx, Error::new(codes::PASS_CODE_WRONG), about).await;
    if told.code() == codes::PASS_CODE_WRONG { Ok(None) } else { Err(told) }
}

/// A recovery code: signs in once, and the next one comes back.
///
/// # Errors
/// 400/6004 without a code, 403/6002 for a wrong one, 429 and 403 while guessing is closed.
pub async fn recover(ctx: &Ctx, code: Option<Secret<String>>) -> Result<(SignedIn, Secret<String>)> {
    let code = code.ok_or_else(|| Error::new(codes::RECOVERY_CODE_MISSING).at("recoveryCode"))?;
    let user_id = ctx.user_id().ok_or_else(|| Error::new(codes::NOT_SIGNED_IN))?.to_owned();
    let stored = mfa_factor::recovery_hash(&mut ctx.read().await?, ctx.pool(), &user_id).await?;
    let given = recovery::normalise(code.reveal());
    // A code of an unusual shape is stored under a slow hash: judge it under the gate, before the writer is taken,
    // and count the try before it is judged.
    if stored.as_deref().is_some_and(recovery::stored_needs_argon) {
        ctx.passwords.has_room()?;
    }
    let closed = throttle::charge(ctx, Guess::RecoveryCode, &user_id).await?;
    let right = match (&stored, given) {
        (Some(stored), Some(given)) if recovery::stored_needs_argon(stored) => {
            let (stored, key) = (stored.clone(), ctx.keys.recovery_mac);
            ctx.passwords.run(move || recovery::verify(&given, &stored, &key)).await?
        }
        (Some(stored), Some(given)) => recovery::verify(&given, stored, &ctx.keys.recovery_mac),
        _ => false,
    };
    let next = recovery::generate(&ctx.entropy);
    let next_hash = hash(ctx, &next);
    let mut tx = ctx.write().await?;
    let user = hold(&mut tx, ctx, &user_id).await?;
    let about = json!({ "userId": user_id, "factor": "RECOVERY_CODE" });
    let spent = match (&stored, right) {
        (Some(stored), true) => {
            mfa_factor::rotate_recovery(&mut tx, ctx.pool(), &user_id, stored, &next_hash, ctx.now()).await?
        }
        _ => false,
    };
    if !spent {
        if closed {
            end_waiting(&mut tx, ctx, &user).await?;
        }
        failed(&mut tx, ctx, "rc").await?;
        return Err(ctx.commit_refusal(tx, Error::new(codes::RECOVERY_CODE_WRONG), about).await);
    }
    throttle::absolve(&mut tx, ctx, Guess::RecoveryCode, &user_id).await?;
    // A recovery code reopens one-time passwords that too many failures have locked.
    throttle::reopen(&mut tx, ctx, Guess::SecondFactor, &user_id).await?;
    let completion = complete(&mut tx, ctx, &user, FactorType::Otp, "rc").await?;
    notify_user(&mut tx, ctx, &user, Event::RecoveryCodeUsed).await?;
    ctx.commit(tx, about).await?;
    Ok((completion.finish(ctx)?, next))
}

/// Keeps everybody else from guessing at this user's second factors and from changing the user, and answers the user.
pub(crate) async fn hold(tx: &mut Tx, ctx: &Ctx, user_id: &str) -> Result<User> {
    throttle::keep(tx, ctx, Guess::SecondFactor, user_id).await?;
    match ctx.actor() {
        Actor::Pending(waiting) if waiting.interaction_id.is_some() => {
            let app = app::load(tx, ctx.pool(), &waiting.app_id).await?;
            sso_session::hold(tx, ctx, &app, user_id).await
        }
        _ => user::hold(tx, ctx.pool(), user_id).await,
    }
}

/// A wrong second factor at a sign-in is an attempt that failed; in a session it is none.
async fn failed(tx: &mut Tx, ctx: &Ctx, method: &str) -> Result<()> {
    match ctx.actor() {
        Actor::Pending(waiting) => history::failed(tx, ctx, &waiting.user_id, method).await,
        _ => Ok(()),
    }
}

/// The stored form of a recovery code of the generated shape.
pub(crate) fn hash(ctx: &Ctx, code: &Secret<String>) -> String {
    let normal = recovery::normalise(code.reveal()).unwrap_or_default();
    recovery::hash(&normal, &ctx.keys.recovery_mac, &ctx.entropy, ctx.passwords.argon())
}

/// Closing the door ends the sign-ins that were waiting at it.
pub(crate) async fn end_waiting(tx: &mut Tx, ctx: &Ctx, user: &User) -> Result<()> {
    let users = [user.id.clone()];
    notify_user(tx, ctx, user, Event::Locked).await?;
    watchword_store::mfa_transaction::revoke_of_users(tx, ctx.pool(), &users, ctx.now()).await?;
    Ok(())
}
