//! User pools and their settings.

use serde::{Deserialize, Serialize};
use serde_json::json;
use watchword_api::common::FactorType;
use watchword_kit::{Error, PoolId, Result, codes, text};
use watchword_store::Tx;
use watchword_store::allowed_origin;
use watchword_store::pool::{self, Pool};

use crate::ctx::Ctx;
use crate::security_settings::{Security, within};

/// Seconds.
const YEAR: i64 = 365 * 86_400;

/// What an administrator decides for a pool. Members that a stored object lacks have their default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PoolSettings {
    /// Second factors that every application asks for unless it has its own.
    pub mfa_factors: Vec<FactorType>,
    /// Bits that an imported OTP secret must have: 80 or 128.
    pub min_imported_otp_bits: u32,
    /// Whether import-otp may replace a bound secret; otherwise it answers 409.
    pub otp_import_overwrite: bool,
    /// Time steps accepted before and after the present one: 1, or 0 as a strict reading of ASVS 6.5.5 wants.
    pub otp_window: i64,
    /// Whether get-otp-secret-by-user answers at all.
    pub otp_secret_readable: bool,
    /// Digits of a code sent by SMS or e-mail, 4 to 8.
    pub verify_code_length: usize,
    /// Wrong tries that void a code sent by SMS or e-mail.
    pub verify_code_max_attempts: i64,
    /// Codes by SMS and e-mail that the whole pool may send within 24 hours, per medium.
    pub messages_per_day: i64,
    /// Codes by SMS and e-mail that one address (IPv6: one /64) may ask for within an hour.
    pub messages_per_ip_and_hour: i64,
    /// Characters that a new password needs.
    pub password_min_length: usize,
    /// Seconds without use after which the sign-on of a browser ends, within `cookieSettings.cookieExpiresIn`.
    pub sign_on_idle_seconds: i64,
    /// Seconds without a refresh after which a session that has a refresh token ends, within the token's own lifetime.
    pub refresh_idle_seconds: i64,
    /// Whether applications may register themselves (RFC 7591), by an access key with `application:register`.
    pub dynamic_registration: bool,
    /// What update-security-settings keeps.
    pub security: Security,
}

impl Default for PoolSettings {
    fn default() -> Self {
        PoolSettings {
            mfa_factors: Vec::new(),
            min_imported_otp_bits: 80,
            otp_import_overwrite: true,
            otp_window: 1,
            otp_secret_readable: true,
            verify_code_length: 6,
            verify_code_max_attempts: 5,
            messages_per_day: 10_000,
            messages_per_ip_and_hour: 100,
            password_min_length: 10,
            sign_on_idle_seconds: 86_400,
            refresh_idle_seconds: 30 * 86_400,
            dynamic_registration: false,
            security: Security::default(),
        }
    }
}

/// The pool's name and settings.
pub async fn load(tx: &mut Tx, pool: &PoolId) -> Result<(Pool, PoolSettings)> {
    let row = pool::get(tx, pool).await?.ok_or_else(|| Error::new(codes::POOL_NOT_FOUND))?;
    let settings = read_settings(&row.settings)?;
    Ok((row, settings))
}

/// Stored settings.
pub fn read_settings(json: &str) -> Result<PoolSettings> {
    serde_json::from_str(json).map_err(Error::internal)
}

pub async fn settings(tx: &mut Tx, pool: &PoolId) -> Result<PoolSettings> {
    Ok(load(tx, pool).await?.1)
}

/// Changes settings inside a unit of work that the caller commits.
///
/// # Errors
/// 409 when somebody else changed them at the same moment.
pub async fn change(tx: &mut Tx, ctx: &Ctx, change: impl FnOnce(&mut PoolSettings)) -> Result<PoolSettings> {
    let (row, mut settings) = load(tx, ctx.pool()).await?;
    let origins = settings.security.allowed_origins.clone();
    change(&mut settings);
    let text = serde_json::to_string(&settings).map_err(Error::internal)?;
    if !pool::update_settings(tx, ctx.pool(), &text, &row.settings, ctx.now()).await? {
        return Err(Error::new(codes::CONFLICT));
    }
    if origins != settings.security.allowed_origins {
        allowed_origin::set(tx, ctx.pool(), &settings.security.allowed_origins).await?;
    }
    Ok(settings)
}

/// Makes an empty pool; `ctx` names it.
pub async fn create(ctx: &Ctx, name: &str) -> Result<()> {
    let mut tx = ctx.write().await?;
    let row = Pool {
        pool_id: ctx.pool().to_string(),
        name: name.to_owned(),
        settings: serde_json::to_string(&PoolSettings::default()).map_err(Error::internal)?,
        created_at: ctx.now(),
        updated_at: ctx.now(),
    };
    pool::insert(&mut tx, &row).await?;
    ctx.commit(tx, json!({ "name": name })).await
}

/// Changes some settings, given as a JSON object of [`PoolSettings`]' members; the others stay. For the command line:
/// the API has operations for the few that GenAuth knows.
///
/// # Errors
/// 400 at an unknown member or a value out of range, and nothing is changed.
pub async fn patch(ctx: &Ctx, changes: &serde_json::Map<String, serde_json::Value>) -> Result<PoolSettings> {
    let mut tx = ctx.write().await?;
    let current = settings(&mut tx, ctx.pool()).await?;
    let mut members = match serde_json::to_value(&current).map_err(Error::internal)? {
        serde_json::Value::Object(members) => members,
        _ => return Err(Error::internal("pool settings are no object")),
    };
    for (name, value) in changes {
        let known = members.keys().cloned().collect::<Vec<_>>().join(", ");
        let slot = members.get_mut(name);
        let unknown =
            || Error::invalid(name.clone(), text!("no such setting; there are {known}", "没有此设置，可用：{known}"));
        *slot.ok_or_else(unknown)? = value.clone();
    }
    let wanted = serde_json::from_value::<PoolSettings>(members.into());
    let wanted = wanted.map_err(|e| Error::invalid("settings", text!("{e}", "{e}")))?;
    wanted.check()?;
    let settings = change(&mut tx, ctx, |settings| *settings = wanted).await?;
    ctx.commit(tx, json!({ "changed": changes })).await?;
    Ok(settings)
}

impl PoolSettings {
    pub(crate) fn check(&self) -> Result<()> {
        let size = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        within("minImportedOtpBits", i64::from(self.min_imported_otp_bits), 80, 128)?;
        within("otpWindow", self.otp_window, 0, 1)?;
        within("verifyCodeLength", size(self.verify_code_length), 4, 8)?;
        within("verifyCodeMaxAttempts", self.verify_code_max_attempts, 1, 10)?;
        within("messagesPerDay", self.messages_per_day, 0, 100_000_000)?;
        within("messagesPerIpAndHour", self.messages_per_ip_and_hour, 0, 1_000_000)?;
        within("passwordMinLength", size(self.password_min_length), 8, 128)?;
        within("signOnIdleSeconds", self.sign_on_idle_seconds, 300, YEAR)?;
        within("refreshIdleSeconds", self.refresh_idle_seconds, 300, YEAR)?;
        if self.mfa_factors.contains(&FactorType::Face) {
            return Err(Error::new(codes::FACE_UNAVAILABLE).at("mfaFactors"));
        }
        self.security.check()
    }
}
