//! What an administrator does about second factors: import secrets, read them, set and read the MFA status.

mod import;
mod status;

use serde_json::json;
use watchword_api::common::{FactorType, UserIdType, UserQuery};
use watchword_api::mfa_otp::{MfaBinding, OtpSecret, UserMfaInfo};
use watchword_kit::{Error, Millis, Result, codes, text};
use watchword_store::mfa_factor;
use watchword_store::quota::{self, Quota};

use crate::ctx::Ctx;
use crate::{otp, pool, throttle, user};

pub use import::{NewOtp, bind_new, import, prepare};
pub(crate) use status::target_factor;
pub use status::{get_status, set_status, trigger_data};

/// Seeds that one key may read in a minute: enough for support, too few to empty a pool unnoticed.
const READS_PER_MINUTE: i64 = 60;

/// `GET /api/v3/get-otp-secret-by-user`: the seed, canonical Base32 without padding. Audited.
///
/// # Errors
/// 404/2004, 422 without a bound authenticator, 403 where the pool has switched this off, 429 beyond 60 in a minute.
pub async fn read_secret(ctx: &Ctx, query: UserQuery) -> Result<OtpSecret> {
    let mut tx = ctx.write().await?;
    if !pool::settings(&mut tx, ctx.pool()).await?.otp_secret_readable {
        return Err(Error::new(codes::FORBIDDEN)
            .because(text!("reading OTP secrets is switched off for this user pool", "该用户池已关闭读取 OTP 密钥")));
    }
    let bucket = format!("otp-secret:{}", ctx.key_id().unwrap_or("-"));
    let quota = Quota { bucket: &bucket, limit: READS_PER_MINUTE, window: Millis::minutes(1) };
    if let Some(ends) = quota::charge(&mut tx, ctx.pool(), quota, ctx.now()).await? {
        return Err(throttle::too_many(ends - ctx.now()));
    }
    let user = user::resolve(&mut tx, ctx, ctx.pool(), &query.user_id, query.user_id_type.unwrap_or_default()).await?;
    let factors = mfa_factor::of_user(&mut tx, ctx.pool(), &user.id).await?;
    let factor = factors.iter().find(|f| f.kind == FactorType::Otp.as_str() && f.is_primary);
    let factor = factor.ok_or_else(|| Error::new(codes::FACTOR_NOT_BOUND))?;
    let secret = otp::secret_of(ctx, factor)?.canonical.reveal().clone();
    ctx.commit(tx, json!({ "userId": user.id, "factorId": factor.id })).await?;
    Ok(OtpSecret { secret })
}

/// `GET /api/v3/get-user-mfa-info`: which factors are bound and enabled.
///
/// # Errors
/// 404/2004.
pub async fn info(ctx: &Ctx, query: UserQuery) -> Result<UserMfaInfo> {
    let mut tx = ctx.read().await?;
    let user_id = match query.user_id_type.unwrap_or_default() {
        UserIdType::UserId => query.user_id,
        kind => user::resolve(&mut tx, ctx, ctx.pool(), &query.user_id, kind).await?.id,
    };
    let bound = mfa_factor::kinds_of_user(&mut tx, ctx.pool(), &user_id).await?;
    let bound = bound.ok_or_else(|| Error::new(codes::USER_NOT_FOUND))?;
    let state = |kind: FactorType| {
        let on = bound.iter().any(|(k, enabled)| *enabled && k == kind.as_str());
        if on { MfaBinding::Enabled } else { MfaBinding::Disabled }
    };
    Ok(UserMfaInfo {
        totp_status: state(FactorType::Otp),
        face_mfa_status: state(FactorType::Face),
        sms_mfa_status: state(FactorType::Sms),
        email_mfa_status: state(FactorType::Email),
    })
}
