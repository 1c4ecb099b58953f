//! What users do with their own account.

use watchword_api::common::Success;
use watchword_api::profile::{
    BindEmailReq, BindPhoneReq, DeleteAccountReq, DeleteAccountToken, DeviceReq, GetProfileQuery, ListDevicesQuery,
    MyDevice, PasswordResetToken, PublicAccountsQuery, ResetPasswordReq, RevokeSessionsReq, SecurityInfo,
    SelectableAccounts, UnbindReq, UpdateEmailReq, UpdateEmailToken, UpdatePasswordReq, UpdatePhoneReq,
    UpdatePhoneToken, UpdateProfileReq, ValidatePasswordReq, ValidatedPassword, VerifyDeleteAccountReq,
    VerifyResetPasswordReq, VerifyUpdateEmailReq, VerifyUpdatePhoneReq,
};
use watchword_api::user::User;
use watchword_domain::profile::{self, contact, device, password, remove};
use watchword_domain::{Audit, Ctx, login};
use watchword_kit::Result;

use crate::op::{Done, Nothing, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/get-profile", get_profile).user().says("Read one's own account"),
        Op::write("POST", "/api/v3/update-profile", update_profile, Audit::ProfileUpdate)
            .user()
            .says("Change one's own account"),
        Op::write("POST", "/api/v3/bind-email", bind_email, Audit::EmailBind)
            .user()
            .says("Add an e-mail address to one's own account"),
        Op::write("POST", "/api/v3/unbind-email", unbind_email, Audit::EmailUnbind)
            .user()
            .says("Remove the e-mail address of one's own account"),
        Op::write("POST", "/api/v3/bind-phone", bind_phone, Audit::PhoneBind)
            .user()
            .says("Add a phone number to one's own account"),
        Op::write("POST", "/api/v3/unbind-phone", unbind_phone, Audit::PhoneUnbind)
            .user()
            .says("Remove the phone number of one's own account"),
        Op::read("GET", "/api/v3/get-security-info", get_security_info)
            .user()
            .says("How well one's own account is protected"),
        Op::write("POST", "/api/v3/update-password", update_password, Audit::PasswordChange)
            .user()
            .says("Change one's own password"),
        Op::write("POST", "/api/v3/validate-password", validate_password, Audit::PasswordCheck)
            .application()
            .says("Whether a password is that of an account"),
        Op::write("POST", "/api/v3/verify-update-email-request", verify_update_email, Audit::EmailChangeStart)
            .user()
            .says("Begin to change one's e-mail address"),
        Op::write("POST", "/api/v3/update-email", update_email, Audit::EmailChange)
            .user()
            .says("Change one's e-mail address"),
        Op::write("POST", "/api/v3/verify-update-phone-request", verify_update_phone, Audit::PhoneChangeStart)
            .user()
            .says("Begin to change one's phone number"),
        Op::write("POST", "/api/v3/update-phone", update_phone, Audit::PhoneChange)
            .user()
            .says("Change one's phone number"),
        Op::write("POST", "/api/v3/verify-reset-password-request", verify_reset_password, Audit::PasswordResetStart)
            .application()
            .says("Begin to replace a forgotten password"),
        Op::write("POST", "/api/v3/reset-password", reset_password, Audit::PasswordReset)
            .application()
            .says("Replace a forgotten password, or one that must be changed first"),
        Op::write("POST", "/api/v3/verify-delete-account-request", verify_delete_account, Audit::AccountDeleteStart)
            .user()
            .says("Begin to delete one's own account"),
        Op::write("POST", "/api/v3/delete-account", delete_account, Audit::AccountDelete)
            .user()
            .says("Delete one's own account"),
        Op::read("GET", "/api/v3/get-user-select-login-public-accounts", get_public_accounts)
            .user()
            .says("List the public accounts that one can switch to"),
        Op::read("GET", "/api/v3/mydevices/list", list_devices).user().says("List whence one has signed in"),
        Op::write("POST", "/api/v3/mydevices/unbind", unbind_device, Audit::DeviceUnbind)
            .user()
            .says("Forget a device and end its sessions"),
        Op::write("POST", "/api/v3/mydevices/revoke-session", revoke_device_session, Audit::DeviceSignOut)
            .user()
            .says("End the sessions of a device"),
        Op::write("POST", "/api/v3/mydevices/revoke-all-sessions", revoke_all_sessions, Audit::SessionsEnd)
            .user()
            .says("End one's other sessions, or all"),
    ]
}

async fn get_profile(ctx: Ctx, query: GetProfileQuery) -> Result<User> {
    profile::get(&ctx, query).await
}

async fn update_profile(ctx: Ctx, req: UpdateProfileReq) -> Result<User> {
    profile::update(&ctx, req).await
}

async fn bind_email(ctx: Ctx, req: BindEmailReq) -> Result<Done> {
    contact::bind_email(&ctx, req).await?;
    Ok(Done)
}

async fn unbind_email(ctx: Ctx, req: UnbindReq) -> Result<Done> {
    contact::unbind_email(&ctx, req).await?;
    Ok(Done)
}

async fn bind_phone(ctx: Ctx, req: BindPhoneReq) -> Result<Done> {
    contact::bind_phone(&ctx, req).await?;
    Ok(Done)
}

async fn unbind_phone(ctx: Ctx, req: UnbindReq) -> Result<Done> {
    contact::unbind_phone(&ctx, req).await?;
    Ok(Done)
}

async fn get_security_info(ctx: Ctx, _: Nothing) -> Result<SecurityInfo> {
    profile::security(&ctx).await
}

async fn update_password(ctx: Ctx, req: UpdatePasswordReq) -> Result<Done> {
    password::update(&ctx, req).await?;
    Ok(Done)
}

async fn validate_password(ctx: Ctx, req: ValidatePasswordReq) -> Result<ValidatedPassword> {
    login::validate_password(&ctx, req).await
}

async fn verify_update_email(ctx: Ctx, req: VerifyUpdateEmailReq) -> Result<UpdateEmailToken> {
    contact::verify_email(&ctx, req).await
}

async fn update_email(ctx: Ctx, req: UpdateEmailReq) -> Result<Done> {
    contact::update_email(&ctx, req).await?;
    Ok(Done)
}

async fn verify_update_phone(ctx: Ctx, req: VerifyUpdatePhoneReq) -> Result<UpdatePhoneToken> {
    contact::verify_phone(&ctx, req).await
}

async fn update_phone(ctx: Ctx, req: UpdatePhoneReq) -> Result<Done> {
    contact::update_phone(&ctx, req).await?;
    Ok(Done)
}

async fn verify_reset_password(ctx: Ctx, req: VerifyResetPasswordReq) -> Result<PasswordResetToken> {
    password::verify_reset(&ctx, req).await
}

async fn reset_password(ctx: Ctx, req: ResetPasswordReq) -> Result<Success> {
    password::reset(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn verify_delete_account(ctx: Ctx, req: VerifyDeleteAccountReq) -> Result<DeleteAccountToken> {
    remove::verify(&ctx, req).await
}

async fn delete_account(ctx: Ctx, req: DeleteAccountReq) -> Result<Success> {
    remove::delete(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn get_public_accounts(ctx: Ctx, query: PublicAccountsQuery) -> Result<Vec<SelectableAccounts>> {
    profile::public_accounts(&ctx, query).await
}

async fn list_devices(ctx: Ctx, query: ListDevicesQuery) -> Result<Vec<MyDevice>> {
    device::list(&ctx, query).await
}

async fn unbind_device(ctx: Ctx, req: DeviceReq) -> Result<Done> {
    device::unbind(&ctx, req).await?;
    Ok(Done)
}

async fn revoke_all_sessions(ctx: Ctx, req: RevokeSessionsReq) -> Result<Done> {
    device::revoke_all(&ctx, req).await?;
    Ok(Done)
}

async fn revoke_device_session(ctx: Ctx, req: DeviceReq) -> Result<Done> {
    device::revoke_session(&ctx, req).await?;
    Ok(Done)
}
