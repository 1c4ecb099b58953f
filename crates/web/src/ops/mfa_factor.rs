//! Second factors as their user sees them, and the older paths by which mobile clients and the login widget verify.

use watchword_api::common::FactorType;
use watchword_api::grant::TokenSet;
use watchword_api::mfa_factor::{
    EnrollFactorReq, EnrolledFactor, EnrollmentStart, FactorToEnroll, GetFactorQuery, MfaTotpVerifyReq, ResetFactorReq,
    SendEnrollFactorReq, TotpVerification, V2EmailVerifyReq, V2MfaReply, V2SignedIn, V2SmsVerifyReq, V2TotpRecoveryReq,
    V2TotpVerifyReq,
};
use watchword_domain::login::{self, SignedIn};
use watchword_domain::{Audit, Ctx, message, mfa_factor, user};
use watchword_kit::{Error, Result, codes};

use crate::op::{Done, Maybe, Nothing, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/send-enroll-factor-request", send_enroll_factor_request, Audit::FactorEnrollStart)
            .user_or_mfa()
            .says("Begin to bind a second factor"),
        Op::write("POST", "/api/v3/enroll-factor", enroll_factor, Audit::FactorEnroll)
            .user_or_mfa()
            .says("Bind a second factor by proving a code"),
        Op::write("POST", "/api/v3/reset-factor", reset_factor, Audit::FactorReset)
            .user()
            .says("Unbind a second factor"),
        Op::read("GET", "/api/v3/list-enrolled-factors", list_enrolled_factors)
            .user_or_mfa()
            .says("List the bound second factors"),
        Op::read("GET", "/api/v3/get-factor", get_factor).user_or_mfa().says("Read one bound second factor"),
        Op::read("GET", "/api/v3/list-factors-to-enroll", list_factors_to_enroll)
            .user_or_mfa()
            .says("List the second factors that can be bound"),
        Op::write("POST", "/api/v3/mfa-totp-verify", mfa_totp_verify, Audit::MfaVerify)
            .user_or_mfa()
            .says("Verify a one-time password"),
        Op::write("POST", "/api/v2/mfa/totp/verify", v2_totp_verify, Audit::MfaVerify)
            .user_or_mfa()
            .v2()
            .says("Verify a one-time password and sign in"),
        Op::write("POST", "/api/v2/applications/mfa/totp/verify", v2_totp_verify, Audit::MfaVerify)
            .user_or_mfa()
            .v2()
            .says("Verify a one-time password and sign in"),
        Op::write("POST", "/api/v2/mfa/totp/recovery", v2_totp_recovery, Audit::RecoveryCodeUse)
            .user_or_mfa()
            .v2()
            .says("Sign in with a recovery code"),
        Op::write("POST", "/api/v2/applications/mfa/sms/verify", v2_sms_verify, Audit::MfaVerify)
            .user_or_mfa()
            .v2()
            .says("Verify a code sent by SMS and sign in"),
        Op::write("POST", "/api/v2/applications/mfa/email/verify", v2_email_verify, Audit::MfaVerify)
            .user_or_mfa()
            .v2()
            .says("Verify a code sent by e-mail and sign in"),
    ]
}

async fn send_enroll_factor_request(ctx: Ctx, req: SendEnrollFactorReq) -> Result<EnrollmentStart> {
    mfa_factor::start(&ctx, req).await
}

async fn enroll_factor(ctx: Ctx, req: EnrollFactorReq) -> Result<Maybe<TokenSet>> {
    mfa_factor::finish(&ctx, req).await.map(Maybe)
}

async fn reset_factor(ctx: Ctx, req: ResetFactorReq) -> Result<Done> {
    mfa_factor::reset(&ctx, req).await?;
    Ok(Done)
}

async fn list_enrolled_factors(ctx: Ctx, _: Nothing) -> Result<Vec<EnrolledFactor>> {
    mfa_factor::list(&ctx).await
}

async fn get_factor(ctx: Ctx, query: GetFactorQuery) -> Result<EnrolledFactor> {
    mfa_factor::get(&ctx, query).await
}

async fn list_factors_to_enroll(ctx: Ctx, _: Nothing) -> Result<Vec<FactorToEnroll>> {
    mfa_factor::list_to_enroll(&ctx).await
}

async fn mfa_totp_verify(ctx: Ctx, req: MfaTotpVerifyReq) -> Result<TotpVerification> {
    let signed_in = login::verify_otp(&ctx, req.totp).await?;
    Ok(TotpVerification {
        verified: signed_in.is_some(),
        tokens: signed_in.and_then(|s| s.fresh).map(|(_, tokens)| tokens),
    })
}

async fn v2_totp_verify(ctx: Ctx, req: V2TotpVerifyReq) -> Result<V2MfaReply> {
    let signed_in = login::verify_otp(&ctx, req.totp).await?;
    v2_reply(&ctx, signed_in.ok_or_else(|| Error::new(codes::TOTP_WRONG))?).await
}

async fn v2_totp_recovery(ctx: Ctx, req: V2TotpRecoveryReq) -> Result<V2MfaReply> {
    let (signed_in, next) = login::recover(&ctx, req.recovery_code).await?;
    Ok(V2MfaReply { recovery_code: Some(next.reveal().clone()), ..v2_reply(&ctx, signed_in).await? })
}

async fn v2_sms_verify(ctx: Ctx, req: V2SmsVerifyReq) -> Result<V2MfaReply> {
    let code = req.phone_country_code.as_deref();
    let target = message::normalise_phone(&req.phone, code).map_err(|e| e.at("phone"))?;
    let signed_in = login::verify_code(&ctx, FactorType::Sms, &target, req.code).await?;
    v2_reply(&ctx, signed_in.ok_or_else(|| Error::new(codes::PASS_CODE_WRONG))?).await
}

async fn v2_email_verify(ctx: Ctx, req: V2EmailVerifyReq) -> Result<V2MfaReply> {
    let target = message::normalise_email(&req.email).map_err(|e| e.at("email"))?;
    let signed_in = login::verify_code(&ctx, FactorType::Email, &target, req.code).await?;
    v2_reply(&ctx, signed_in.ok_or_else(|| Error::new(codes::PASS_CODE_WRONG))?).await
}

/// The user with tokens; `data` is absent when a session was stepped up and keeps its tokens.
async fn v2_reply(ctx: &Ctx, signed_in: SignedIn) -> Result<V2MfaReply> {
    let Some((user, tokens)) = signed_in.fresh else { return Ok(V2MfaReply { recovery_code: None, data: None }) };
    let data = V2SignedIn {
        id: user.id.clone(),
        token: tokens.access_token.clone().unwrap_or_default(),
        user: user::written(ctx, user).await?,
        tokens,
    };
    Ok(V2MfaReply { recovery_code: None, data: Some(data) })
}
