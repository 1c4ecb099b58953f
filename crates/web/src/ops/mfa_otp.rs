//! Second factors as an administrator sees them.

use watchword_api::common::{Success, UserQuery};
use watchword_api::mfa_otp::{
    ImportOtpReq, MfaTriggerData, MfaTriggerDataQuery, OtpSecret, SetMfaStatusReq, UserMfaInfo,
};
use watchword_domain::{Audit, Ctx, Permission, mfa_otp};
use watchword_kit::Result;

use crate::op::{Done, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/import-otp", import_otp, Audit::OtpImport)
            .needs(Permission::MfaWrite)
            .big()
            .says("Import OTP secrets of users"),
        Op::write("GET", "/api/v3/get-otp-secret-by-user", get_otp_secret_by_user, Audit::OtpSecretRead)
            .needs(Permission::MfaReadSecret)
            .says("Read the OTP secret bound to a user"),
        Op::write("POST", "/api/v3/set-mfa-status", set_mfa_status, Audit::MfaStatusSet)
            .needs(Permission::MfaWrite)
            .says("Set the MFA status of a user"),
        Op::read("GET", "/api/v3/get-mfa-status", get_mfa_status)
            .needs(Permission::MfaRead)
            .says("Read the MFA status of a user"),
        Op::read("GET", "/api/v3/get-user-mfa-info", get_user_mfa_info)
            .needs(Permission::MfaRead)
            .says("Read which factors a user has bound"),
        Op::write("GET", "/api/v3/get-mfa-trigger-data", get_mfa_trigger_data, Audit::MfaTriggerIssue)
            .needs(Permission::MfaWrite)
            .says("Read what second factor an application asks of a user"),
    ]
}

async fn import_otp(ctx: Ctx, req: ImportOtpReq) -> Result<Done> {
    mfa_otp::import(&ctx, req).await?;
    Ok(Done)
}

async fn get_otp_secret_by_user(ctx: Ctx, query: UserQuery) -> Result<OtpSecret> {
    mfa_otp::read_secret(&ctx, query).await
}

async fn set_mfa_status(ctx: Ctx, req: SetMfaStatusReq) -> Result<Success> {
    mfa_otp::set_status(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn get_mfa_status(ctx: Ctx, query: UserQuery) -> Result<MfaTriggerData> {
    mfa_otp::get_status(&ctx, query).await
}

async fn get_user_mfa_info(ctx: Ctx, query: UserQuery) -> Result<UserMfaInfo> {
    mfa_otp::info(&ctx, query).await
}

async fn get_mfa_trigger_data(ctx: Ctx, query: MfaTriggerDataQuery) -> Result<MfaTriggerData> {
    mfa_otp::trigger_data(&ctx, query).await
}
