//! Second factors of the whole user pool; `account`: what it asks of users who change their own account.

mod account;

use serde_json::json;
use watchword_api::common::FactorType;
use watchword_api::security_settings::{DisableGlobalMfaSettingsReq, MfaSettings, UpdateGlobalMfaSettingsReq};
use watchword_kit::{Error, Result, codes};

use crate::ctx::Ctx;
use crate::pool;

pub use account::{AccountRules, account_rules};

/// The factors that the pool asks for, in the order of the contract.
pub async fn mfa(ctx: &Ctx) -> Result<MfaSettings> {
    let settings = pool::settings(&mut ctx.read().await?, ctx.pool()).await?;
    Ok(MfaSettings { enabled_factors: in_order(|f| settings.mfa_factors.contains(f)) })
}

/// Switches the listed factors on; others stay as they are.
///
/// # Errors
/// 501 for FACE; 409 when somebody else changed the settings at the same moment.
pub async fn enable_mfa(ctx: &Ctx, req: UpdateGlobalMfaSettingsReq) -> Result<MfaSettings> {
    refuse_unavailable("enabledFactors", &req.enabled_factors)?;
    change(ctx, |f, was| was || req.enabled_factors.contains(f)).await
}

/// Switches the listed factors off; others stay as they are.
///
/// # Errors
/// 409 when somebody else changed the settings at the same moment.
pub async fn disable_mfa(ctx: &Ctx, req: DisableGlobalMfaSettingsReq) -> Result<MfaSettings> {
    change(ctx, |f, was| was && !req.disable_factors.contains(f)).await
}

/// Refuses to switch on a factor for which nothing is configured.
///
/// # Errors
/// 501.
pub(crate) fn refuse_unavailable(field: &str, factors: &[FactorType]) -> Result<()> {
    match factors.iter().position(|f| *f == FactorType::Face) {
        Some(i) => Err(Error::new(codes::FACE_UNAVAILABLE).at(format!("{field}[{i}]"))),
        None => Ok(()),
    }
}

async fn change(ctx: &Ctx, on: impl Fn(&FactorType, bool) -> bool) -> Result<MfaSettings> {
    let mut tx = ctx.write().await?;
    let settings = pool::change(&mut tx, ctx, |settings| {
        settings.mfa_factors = in_order(|f| on(f, settings.mfa_factors.contains(f)));
    })
    .await?;
    let enabled_factors = settings.mfa_factors;
    ctx.commit(tx, json!({ "enabledFactors": enabled_factors })).await?;
    Ok(MfaSettings { enabled_factors })
}

fn in_order(on: impl Fn(&FactorType) -> bool) -> Vec<FactorType> {
    FactorType::ALL.iter().copied().filter(|f| on(f)).collect()
}
