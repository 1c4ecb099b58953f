//! Security settings of the whole user pool.

use watchword_api::security_settings::{
    DisableGlobalMfaSettingsReq, MfaSettings, SecuritySettings, UpdateGlobalMfaSettingsReq, UpdateSecuritySettingsReq,
};
use watchword_domain::{Audit, Ctx, Permission, security_settings};
use watchword_kit::Result;

use crate::op::{Nothing, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/get-security-settings", get)
            .needs(Permission::SecuritySettingsRead)
            .says("Read the user pool's security settings"),
        Op::write("POST", "/api/v3/update-security-settings", update, Audit::SecuritySettingsUpdate)
            .needs(Permission::SecuritySettingsWrite)
            .says("Change the user pool's security settings"),
        Op::read("GET", "/api/v3/get-global-mfa-settings", mfa)
            .needs(Permission::SecuritySettingsRead)
            .says("Read the user pool's second factors"),
        Op::write("POST", "/api/v3/update-global-mfa-settings", enable_mfa, Audit::MfaSettingsUpdate)
            .needs(Permission::SecuritySettingsWrite)
            .says("Switch second factors of the user pool on"),
        Op::write("POST", "/api/v3/disable-global-mfa-settings", disable_mfa, Audit::MfaSettingsUpdate)
            .needs(Permission::SecuritySettingsWrite)
            .says("Switch second factors of the user pool off"),
    ]
}

async fn get(ctx: Ctx, _: Nothing) -> Result<SecuritySettings> {
    security_settings::get(&ctx).await
}

async fn update(ctx: Ctx, req: UpdateSecuritySettingsReq) -> Result<SecuritySettings> {
    security_settings::update(&ctx, req).await
}

async fn mfa(ctx: Ctx, _: Nothing) -> Result<MfaSettings> {
    security_settings::mfa(&ctx).await
}

async fn enable_mfa(ctx: Ctx, req: UpdateGlobalMfaSettingsReq) -> Result<MfaSettings> {
    security_settings::enable_mfa(&ctx, req).await
}

async fn disable_mfa(ctx: Ctx, req: DisableGlobalMfaSettingsReq) -> Result<MfaSettings> {
    security_settings::disable_mfa(&ctx, req).await
}
