//! Users open their own locked accounts.

use serde_json::json;
use watchword_api::login::{PassCodePayload, SelfUnlockReq};
use watchword_api::security_settings::SelfUnlockStrategy;
use watchword_kit::{Error, Result, codes, text};

use super::first_factor::{admit_address, charge_address, judge, pass_code_target, plain, who};
use super::{about, gate, missing};
use crate::ctx::Ctx;
use crate::message::{self, Medium};
use crate::passwords::Verdict;
use crate::throttle::{self, Guess};
use crate::{pool, user};

/// `POST /api/v3/self-unlock-account`: a code sent to the account's address or number, and where the pool says so the
/// password, open the account again. Nobody is signed in by it.
///
/// # Errors
/// 403 while the pool does not let users unlock; 403/2001 for a wrong code, and 403/2333 for a wrong password, the
/// same for accounts that do not exist; 429 after too many failures.
pub async fn unlock(ctx: &Ctx, req: SelfUnlockReq) -> Result<()> {
    let mut tx = ctx.read().await?;
    let settings = pool::settings(&mut tx, ctx.pool()).await?.security.self_unlock;
    if !settings.enabled {
        let detail = text!("users do not unlock accounts here; ask an administrator", "未开启自助解锁，请联系管理员");
        return Err(Error::new(codes::FORBIDDEN).because(detail));
    }
    admit_address(&mut tx, ctx).await?;
    let payload = PassCodePayload {
        pass_code: req.pass_code,
        email: req.email,
        phone: req.phone,
        phone_country_code: req.phone_country_code,
    };
    let (medium, target, name) = pass_code_target(&payload)?;
    let found = user::find_for_login(&mut tx, ctx.pool(), &name).await?;
    drop(tx);
    let who = who(found.as_ref(), &name);
    let subject = format!("{who}:{}", ctx.network());
    let with_password = settings.strategy == SelfUnlockStrategy::PasswordCaptcha;
    if with_password {
        let given = req.password.ok_or_else(|| missing("password"))?;
        let given = plain(ctx, given, req.password_encrypt_type.unwrap_or_default());
        let stored = found.as_ref().and_then(|u| u.password_hash.clone());
        if judge(ctx, &subject, given, stored).await? == Verdict::Wrong {
            let mut tx = ctx.write().await?;
            charge_address(&mut tx, ctx).await?;
            let refusal = Error::new(codes::CREDENTIALS_WRONG);
            return Err(ctx.commit_refusal(tx, refusal, about(found.as_ref(), "pwd")).await);
        }
    }
    let mut tx = ctx.write().await?;
    if with_password {
        throttle::absolve(&mut tx, ctx, Guess::Password, &subject).await?;
    }
    let (purpose, method) = match medium {
        Medium::Email => ("CHANNEL_UNLOCK_ACCOUNT", "email"),
        Medium::Sms => ("CHANNEL_IDENTITY_VERIFICATION", "sms"),
    };
    let right = message::check_code(&mut tx, ctx, medium, &target, purpose, payload.pass_code.reveal()).await?;
    let Some(user) = found.filter(|_| right) else {
        charge_address(&mut tx, ctx).await?;
        let refusal = Error::new(codes::PASS_CODE_WRONG);
        return Err(ctx.commit_refusal(tx, refusal, json!({ "method": method })).await);
    };
    gate::unlock(&mut tx, ctx, &user.id).await?;
    ctx.commit(tx, json!({ "userId": user.id, "method": method })).await
}
