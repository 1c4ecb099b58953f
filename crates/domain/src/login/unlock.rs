//! Users open their own locked accounts.

use serde_json::json;
use watchword_api::login::{PassCodePayload, SelfUnlockReq};
use watchword_api::security_settings::SelfUnlockStrategy;
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::user::User;

use super::first_factor::{admit_address, charge_address, judge, pass_code_target, plain, who};
use super::{about, gate, missing};
use crate::captcha::Answer;
use crate::ctx::Ctx;
use crate::message::{self, Medium};
use crate::passwords::Verdict;
use crate::throttle::{self, Guess};
use crate::{pool, user};

/// `POST /api/v3/self-unlock-account`: a code sent to the account's address or number, and where the pool says so the
/// password, open the account again. Nobody is signed in by it.
///
/// The code is judged first and used up whatever comes after, so that a password can be tried once per code and only by
/// whoever receives it. What was wrong is not told, and counts as at sign-in.
///
/// # Errors
/// 403 while the pool does not let users unlock; 403/2000 and 403/2001 where the text of a picture is needed; 403/2001
/// for a wrong code, a wrong password and an account that does not exist; 429 after too many failures.
pub async fn unlock(ctx: &Ctx, req: SelfUnlockReq) -> Result<()> {
    let settings = pool::settings(&mut ctx.read().await?, ctx.pool()).await?.security.self_unlock;
    if !settings.enabled {
        let detail = text!("users do not unlock accounts here; ask an administrator", "未开启自助解锁，请联系管理员");
        return Err(Error::new(codes::FORBIDDEN).because(detail));
    }
    let with_password = settings.strategy == SelfUnlockStrategy::PasswordCaptcha;
    let given = match req.password {
        Some(given) if with_password => Some(plain(ctx, given, req.password_encrypt_type.unwrap_or_default())),
        None if with_password => return Err(missing("password")),
        _ => None,
    };
    let payload = PassCodePayload {
        pass_code: req.pass_code,
        email: req.email,
        phone: req.phone,
        phone_country_code: req.phone_country_code,
    };
    let (medium, target, name) = pass_code_target(&payload)?;
    let mut tx = ctx.read().await?;
    admit_address(&mut tx, ctx).await?;
    let found = user::find_for_login(&mut tx, ctx.pool(), &name).await?;
    drop(tx);
    let who = who(found.as_ref(), &name);
    let subject = format!("{who}:{}", ctx.network());
    gate::picture(ctx, &who, &Answer { text: req.captcha_code, token: req.captcha_token }).await?;
    if with_password {
        // Asked before, so that a pause does not cost the code.
        ctx.passwords.has_room()?;
        throttle::ask(&mut ctx.read().await?, ctx, Guess::Password, &subject).await?;
    }
    let (purpose, method) = match medium {
        Medium::Email => ("CHANNEL_UNLOCK_ACCOUNT", "email"),
        Medium::Sms => ("CHANNEL_IDENTITY_VERIFICATION", "sms"),
    };
    let mut tx = ctx.write().await?;
    let right = message::check_code(&mut tx, ctx, medium, &target, purpose, payload.pass_code.reveal()).await?;
    let stored = found.as_ref().and_then(|u| u.password_hash.clone());
    let Some(user) = found.filter(|_| right) else {
        return Err(refuse(tx, ctx, None, &who, method).await);
    };
    if let Some(given) = given {
        // Used up: the next password needs another code.
        tx.commit().await?;
        let verdict = judge(ctx, &subject, given, stored.clone()).await?;
        tx = ctx.write().await?;
        let held = user::hold(&mut tx, ctx.pool(), &user.id).await?;
        if verdict == Verdict::Wrong || held.password_hash != stored {
            return Err(refuse(tx, ctx, Some(&held), &who, "pwd").await);
        }
        throttle::absolve(&mut tx, ctx, Guess::Password, &subject).await?;
    } else {
        user::hold(&mut tx, ctx.pool(), &user.id).await?;
    }
    gate::unlock(&mut tx, ctx, &user.id).await?;
    ctx.commit(tx, json!({ "userId": user.id, "method": method })).await
}

/// Counts what was wrong: a password (of `user`), or a code.
async fn refuse(mut tx: Tx, ctx: &Ctx, user: Option<&User>, who: &str, method: &str) -> Error {
    let counted = async {
        charge_address(&mut tx, ctx).await?;
        gate::failed(&mut tx, ctx, user, who, user.is_some()).await
    };
    match counted.await {
        Ok(()) => ctx.commit_refusal(tx, Error::new(codes::PASS_CODE_WRONG), about(user, method)).await,
        Err(e) => e,
    }
}
