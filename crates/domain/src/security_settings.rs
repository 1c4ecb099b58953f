//! Security settings of the whole user pool.
//!
//! # Layout
//! - here: the settings, read and changed, and the pool's second factors
//! - [`password`]: what a new password must be, and when one grows old
//! - [`condition`]: when a sign-in needs the text of a picture, and what locks an account
//!
//! # Who acts
//! `login::gate` (pictures, locks, registration, confirmed addresses, old passwords), `message::code` (codes),
//! `user::password` (new passwords), the dispatcher (origins), the pages (how long a browser stays signed in), and
//! whoever changes an address or a number ([`Security::verify_old_email`], [`Security::verify_old_phone`]).

pub mod condition;
pub mod password;

use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;
use watchword_api::common::FactorType;
use watchword_api::security_settings::{
    ChangeEmailStrategy, ChangePhoneStrategy, CookieSettings, DisableGlobalMfaSettingsReq, FailCheck, IpWhitelistCheck,
    LoginAnomalyDetection, MfaSettings, PasswordPolicy, PasswordRotation, QrcodeLoginStrategy,
    RegisterAnomalyDetection, SecuritySettings, SelfUnlockAccount, UpdateGlobalMfaSettingsReq,
    UpdateSecuritySettingsReq,
};
use watchword_kit::{Error, PoolId, Result, Text, codes, text};
use watchword_store::allowed_origin;

use crate::ctx::Ctx;
use crate::pool::{self, PoolSettings};
use crate::services::Services;

/// Seconds for which a browser stays signed in, unless the pool says otherwise.
const TWO_WEEKS: i64 = 1_209_600;
const YEAR: i64 = 31_536_000;
const MAX_ORIGINS: usize = 100;
/// The contract's default, and the only value: there are no such tokens.
const AUTHING_TOKEN: i64 = 129_600;

/// The settings that [`PoolSettings`] keeps in its member `security`. Members that a stored object lacks have their
/// default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Security {
    /// Origins whose pages may call from a browser, as a browser writes them.
    pub allowed_origins: Vec<String>,
    /// Whether a change of the e-mail address needs a code sent to the old one.
    pub verify_old_email: bool,
    /// Whether a change of the phone number needs a code sent to the old one.
    pub verify_old_phone: bool,
    /// How long a browser stays signed in.
    pub cookie: CookieSettings,
    pub register_disabled: bool,
    pub register_anomaly: RegisterAnomalyDetection,
    pub login_anomaly: LoginAnomalyDetection,
    /// Whether an e-mail address must be confirmed before a sign-in with a password by it.
    pub login_require_email_verified: bool,
    pub self_unlock: SelfUnlockAccount,
    /// Strength at least, 1 to 3, of a new password.
    pub password_min_strength: i64,
    /// Regular expressions that each new password must match.
    pub password_patterns: Vec<String>,
    pub password_refuse_similar: bool,
    pub password_rotation: PasswordRotation,
}

impl Default for Security {
    fn default() -> Self {
        let fails = FailCheck { enabled: false, limit: 50, time_interval: 300, unit: None };
        Security {
            allowed_origins: Vec::new(),
            verify_old_email: true,
            verify_old_phone: true,
            cookie: CookieSettings { cookie_expires_in: TWO_WEEKS, cookie_expires_on_browser_session: false },
            register_disabled: false,
            register_anomaly: RegisterAnomalyDetection { enabled: false, limit: 50, time_interval: 300 },
            login_anomaly: LoginAnomalyDetection {
                login_fail_strategy: Default::default(),
                robot_verify: Default::default(),
                account_lock: Default::default(),
                login_fail_check: fails,
                login_password_fail_check: fails,
                account_lock_login_password_fail_check: Some(fails),
                robot_verify_login_password_fail_check: fails,
                robot_verify_login_ip_whitelist_check: IpWhitelistCheck::default(),
                robot_verify_login_time_check_enable: false,
                robot_verify_login_week_start_end_time: Vec::new(),
            },
            login_require_email_verified: false,
            self_unlock: SelfUnlockAccount { enabled: false, strategy: Default::default() },
            password_min_strength: 1,
            password_patterns: Vec::new(),
            password_refuse_similar: false,
            password_rotation: PasswordRotation { enabled: false, max_age_days: 90 },
        }
    }
}

impl Security {
    /// # Errors
    /// 400 at the first member out of bounds, under the names of the API.
    pub(crate) fn check(&self) -> Result<()> {
        origins(&self.allowed_origins)?;
        let cookie = self.cookie.cookie_expires_in;
        within("cookieSettings.cookieExpiresIn", cookie, 300, YEAR)?;
        within("registerAnomalyDetection.limit", self.register_anomaly.limit, 1, 1_000_000)?;
        within("registerAnomalyDetection.timeInterval", self.register_anomaly.time_interval, 1, 86_400)?;
        condition::check(&self.login_anomaly).map_err(|e| e.at("loginAnomalyDetection"))?;
        within("passwordPolicy.minStrength", self.password_min_strength, 1, 3)?;
        password::check_patterns(&self.password_patterns).map_err(|e| e.at("passwordPolicy"))?;
        within("passwordRotation.maxAgeDays", self.password_rotation.max_age_days, 1, 3650)
    }
}

/// Whether pages of this origin may read replies of the pool, or of any pool where it is not known yet.
pub async fn allows_origin(services: &Services, pool: Option<&PoolId>, origin: &str) -> Result<bool> {
    let mut tx = services.db.read().await?;
    Ok(match pool {
        Some(pool) => allowed_origin::allowed(&mut tx, pool, origin).await?,
        None => allowed_origin::known(&mut tx, origin).await?,
    })
}

/// `GET /api/v3/get-security-settings`.
pub async fn get(ctx: &Ctx) -> Result<SecuritySettings> {
    Ok(shown(pool::settings(&mut ctx.read().await?, ctx.pool()).await?))
}

/// `POST /api/v3/update-security-settings`. Members that are absent stay as they are.
///
/// # Errors
/// 400 at a member out of bounds, 501 at what this server cannot do, 409 when somebody else changed the settings at
/// the same moment; nothing is changed then.
pub async fn update(ctx: &Ctx, req: UpdateSecuritySettingsReq) -> Result<SecuritySettings> {
    refuse_unserved(&req)?;
    let mut tx = ctx.write().await?;
    let mut wanted = pool::settings(&mut tx, ctx.pool()).await?;
    let before = wanted.clone();
    apply(req, &mut wanted)?;
    wanted.check().map_err(under_api_names)?;
    let changed = changed(&before, &wanted)?;
    let settings = pool::change(&mut tx, ctx, |settings| *settings = wanted).await?;
    ctx.commit(tx, json!({ "changed": changed })).await?;
    Ok(shown(settings))
}

/// The command line names the settings as they are stored, the API some of them otherwise.
fn under_api_names(e: Error) -> Error {
    match e.field() {
        Some("passwordMinLength") => Error::invalid("passwordPolicy.minLength", text!("8 to 128", "应为 8 到 128")),
        _ => e,
    }
}

fn apply(req: UpdateSecuritySettingsReq, to: &mut PoolSettings) -> Result<()> {
    let size = |field: &str, n: i64| {
        usize::try_from(n).map_err(|_| Error::invalid(field, text!("a positive number", "应为正整数")))
    };
    if let Some(n) = req.verify_code_length {
        to.verify_code_length = size("verifyCodeLength", n)?;
    }
    if let Some(n) = req.verify_code_max_attempts {
        to.verify_code_max_attempts = n;
    }
    let own = &mut to.security;
    if let Some(list) = req.allowed_origins {
        own.allowed_origins = list;
    }
    if let Some(given) = req.change_email_strategy {
        own.verify_old_email = given.verify_old_email;
    }
    if let Some(given) = req.change_phone_strategy {
        own.verify_old_phone = given.verify_old_phone;
    }
    own.cookie = req.cookie_settings.unwrap_or(own.cookie);
    own.register_disabled = req.register_disabled.unwrap_or(own.register_disabled);
    own.register_anomaly = req.register_anomaly_detection.unwrap_or(own.register_anomaly);
    if let Some(given) = req.login_anomaly_detection {
        own.login_anomaly = given;
    }
    own.login_require_email_verified = req.login_require_email_verified.unwrap_or(own.login_require_email_verified);
    own.self_unlock = req.self_unlock_account.unwrap_or(own.self_unlock);
    if let Some(policy) = req.password_policy {
        to.password_min_length = size("passwordPolicy.minLength", policy.min_length)?;
        own.password_min_strength = policy.min_strength;
        own.password_patterns = policy.patterns;
        own.password_refuse_similar = policy.refuse_similar;
    }
    own.password_rotation = req.password_rotation.unwrap_or(own.password_rotation);
    Ok(())
}

/// What would be kept and never act.
fn refuse_unserved(req: &UpdateSecuritySettingsReq) -> Result<()> {
    let refuse = |field: &str, detail: Text| Err(Error::new(codes::NOT_IMPLEMENTED).because(detail).at(field));
    if req.authing_token_expires_in.is_some_and(|n| n != AUTHING_TOKEN) {
        let detail = text!(
            "this server issues no tokens of the older interface; set lifetimes at the application",
            "本服务不签发旧版 Token；请在应用中设置令牌有效期"
        );
        return refuse("authingTokenExpiresIn", detail);
    }
    if req.complete_password_after_pass_code_login == Some(true) {
        let detail = text!("the pages cannot ask for a password after a registration", "登录页暂不支持注册后补全密码");
        return refuse("completePasswordAfterPassCodeLogin", detail);
    }
    if req.enable_login_account_switch == Some(true) {
        return refuse(
            "enableLoginAccountSwitch",
            text!("the login page offers no choice of accounts", "登录页暂不支持选择账号"),
        );
    }
    let same = |given: &QrcodeLoginStrategy| {
        let units = QrcodeLoginStrategy { qrcode_expires_in_unit: None, ticket_expires_in_unit: None, ..*given };
        units == qrcode()
    };
    if req.qrcode_login_strategy.as_ref().is_some_and(|given| !same(given)) {
        return refuse("qrcodeLoginStrategy", text!("sign-in by QR code is not supported", "暂不支持扫码登录"));
    }
    Ok(())
}

fn qrcode() -> QrcodeLoginStrategy {
    QrcodeLoginStrategy {
        qrcode_expires_in: 120,
        qrcode_expires_in_unit: None,
        ticket_expires_in: 300,
        ticket_expires_in_unit: None,
        allow_exchange_user_info_from_browser: true,
        return_full_user_info: false,
    }
}

fn shown(settings: PoolSettings) -> SecuritySettings {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let own = settings.security;
    SecuritySettings {
        allowed_origins: own.allowed_origins.join("\n"),
        authing_token_expires_in: AUTHING_TOKEN,
        verify_code_length: number(settings.verify_code_length),
        verify_code_max_attempts: settings.verify_code_max_attempts,
        change_email_strategy: ChangeEmailStrategy { verify_old_email: own.verify_old_email },
        change_phone_strategy: ChangePhoneStrategy { verify_old_phone: own.verify_old_phone },
        cookie_settings: own.cookie,
        register_disabled: own.register_disabled,
        register_anomaly_detection: own.register_anomaly,
        complete_password_after_pass_code_login: false,
        login_anomaly_detection: own.login_anomaly,
        login_require_email_verified: own.login_require_email_verified,
        self_unlock_account: own.self_unlock,
        enable_login_account_switch: false,
        qrcode_login_strategy: qrcode(),
        password_policy: PasswordPolicy {
            min_length: number(settings.password_min_length),
            min_strength: own.password_min_strength,
            patterns: own.password_patterns,
            refuse_similar: own.password_refuse_similar,
        },
        password_rotation: own.password_rotation,
    }
}

/// Names of the stored members that differ, for the trail.
fn changed(before: &PoolSettings, after: &PoolSettings) -> Result<Vec<String>> {
    let (before, after) = (flat(before)?, flat(after)?);
    Ok(after.into_iter().filter(|(name, value)| before.get(name) != Some(value)).map(|(name, _)| name).collect())
}

fn flat(settings: &PoolSettings) -> Result<serde_json::Map<String, serde_json::Value>> {
    let mut value = serde_json::to_value(settings).map_err(Error::internal)?;
    let security = value.get_mut("security").map(serde_json::Value::take).unwrap_or_default();
    let mut members = value.as_object().cloned().unwrap_or_default();
    members.extend(security.as_object().cloned().unwrap_or_default());
    Ok(members)
}

/// Scheme, host and port as a browser writes them: anything else would never match, and `null` and wildcards match
/// too much.
fn origins(list: &[String]) -> Result<()> {
    if list.len() > MAX_ORIGINS {
        let detail = text!("at most {MAX_ORIGINS} origins", "最多 {MAX_ORIGINS} 个安全域");
        return Err(Error::invalid("allowedOrigins", detail));
    }
    for (i, origin) in list.iter().enumerate() {
        let written = Url::parse(origin).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let right = written.is_some_and(|url| url.origin().ascii_serialization() == *origin);
        if !right || origin.contains('*') || list[..i].contains(origin) {
            let detail = text!(
                "an origin such as https://app.example.com or http://localhost:3000, once, without path",
                "应为形如 https://app.example.com 或 http://localhost:3000 的来源，不含路径且不重复"
            );
            return Err(Error::invalid(format!("allowedOrigins[{i}]"), detail));
        }
    }
    Ok(())
}

pub(crate) fn within(field: &str, value: i64, least: i64, most: i64) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(field, text!("{least} to {most}", "应为 {least} 到 {most}")))
}

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
