//! Security settings of the whole user pool.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::FactorType;

/// Body of update-global-mfa-settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateGlobalMfaSettingsReq {
    /// Factors to switch on; others stay as they are.
    pub enabled_factors: Vec<FactorType>,
}

/// Body of disable-global-mfa-settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DisableGlobalMfaSettingsReq {
    /// Factors to switch off; others stay as they are.
    pub disable_factors: Vec<FactorType>,
}

/// The factors that are on, for the user pool or for one application.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaSettings {
    /// The factors that are on.
    pub enabled_factors: Vec<FactorType>,
}

wire_enum! {
    /// What older clients let failures lead to.
    #[derive(Default)]
    pub enum LoginFailStrategy {
        #[default]
        Captcha = "captcha",
        BlockAccount = "block-account",
    }
}

wire_enum! {
    /// What proves that whoever unlocks an account is its owner.
    #[derive(Default)]
    pub enum SelfUnlockStrategy {
        #[default]
        Captcha = "captcha",
        PasswordCaptcha = "password-captcha",
    }
}

wire_enum! {
    /// A unit in which a console shows a span of time; the span itself is always in seconds.
    pub enum TimeUnit {
        Second = "Second",
        Minute = "Minute",
        Hour = "Hour",
        Day = "Day",
    }
}

wire_enum! {
    /// When a sign-in needs the text of a picture.
    #[derive(Default)]
    pub enum RobotVerify {
        #[default]
        Disable = "disable",
        ConditionSet = "condition_set",
        AlwaysEnable = "always_enable",
    }
}

wire_enum! {
    /// Whether wrong passwords lock an account.
    #[derive(Default)]
    pub enum AccountLock {
        #[default]
        Disable = "disable",
        ConditionSet = "condition_set",
    }
}

/// What changing one's e-mail address takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeEmailStrategy {
    /// Whether a code sent to the old address is needed.
    pub verify_old_email: bool,
}

/// What changing one's phone number takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangePhoneStrategy {
    /// Whether a code sent to the old number is needed.
    pub verify_old_phone: bool,
}

/// How long a browser stays signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CookieSettings {
    /// Seconds until the user must sign in again, 300 to 31,536,000.
    pub cookie_expires_in: i64,

    /// Whether the sign-in ends when the browser is closed.
    pub cookie_expires_on_browser_session: bool,
}

/// A limit on registrations from one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegisterAnomalyDetection {
    /// Whether registrations from one address are counted.
    pub enabled: bool,

    /// Accounts that one address (IPv6: one /64) may make, 1 to 1,000,000.
    pub limit: i64,

    /// Seconds within which, 1 to 86,400.
    pub time_interval: i64,
}

/// So many failures within a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailCheck {
    /// Whether they are counted.
    pub enabled: bool,

    /// Failures after which the consequence follows, 1 to 1,000,000.
    pub limit: i64,

    /// Seconds within which they count, 1 to 2,592,000.
    pub time_interval: i64,

    /// How a console shows the span; it changes nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<TimeUnit>,
}

/// Addresses from which no picture is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IpWhitelistCheck {
    /// Whether the list counts.
    pub enabled: bool,

    /// Addresses and CIDR networks, separated by commas or line ends, at most 200.
    pub ip_whitelist: String,
}

/// What failures at sign-in lead to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginAnomalyDetection {
    /// What the conditions of older clients lead to. It counts only while `robotVerify` and `accountLock` are both
    /// `disable`: then `captcha` makes `loginFailCheck` and `loginPasswordFailCheck` ask for a picture, and
    /// `block-account` makes `loginPasswordFailCheck` lock.
    pub login_fail_strategy: LoginFailStrategy,

    /// When the text of a picture is asked for: never, when one of the conditions below holds, or always.
    pub robot_verify: RobotVerify,

    /// Whether wrong passwords lock an account, besides the pauses that no setting switches off.
    pub account_lock: AccountLock,

    /// Failed sign-ins from one address (IPv6: one /64), whatever the accounts: a condition of `robotVerify`.
    pub login_fail_check: FailCheck,

    /// Wrong passwords of one account, for `loginFailStrategy`.
    pub login_password_fail_check: FailCheck,

    /// Wrong passwords of one account that lock it, for `accountLock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_lock_login_password_fail_check: Option<FailCheck>,

    /// Wrong passwords of one account after which its next sign-in needs a picture: a condition of `robotVerify`.
    pub robot_verify_login_password_fail_check: FailCheck,

    /// An address that is not in this list: a condition of `robotVerify`.
    pub robot_verify_login_ip_whitelist_check: IpWhitelistCheck,

    /// Whether a moment outside of the hours below is a condition of `robotVerify`.
    pub robot_verify_login_time_check_enable: bool,

    /// Hours within which no picture is asked for: `1 09:00-18:00` or `1 09:00-18:00+08:00`, the day from 1 (Monday)
    /// to 7, in UTC unless an offset says otherwise. At most 50.
    #[serde(rename = "robotVerifyloginWeekStartEndTime")]
    pub robot_verify_login_week_start_end_time: Vec<String>,
}

/// Whether users open their own locked accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelfUnlockAccount {
    /// Whether they may.
    pub enabled: bool,

    /// A code by SMS or e-mail (`captcha`), or the password and such a code (`password-captcha`).
    pub strategy: SelfUnlockStrategy,
}

/// Sign-in by QR code, which this server does not have: other values than the defaults are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QrcodeLoginStrategy {
    /// Seconds for which a code would live.
    pub qrcode_expires_in: i64,

    /// How a console shows the span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qrcode_expires_in_unit: Option<TimeUnit>,

    /// Seconds for which a ticket would live.
    pub ticket_expires_in: i64,

    /// How a console shows the span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_expires_in_unit: Option<TimeUnit>,

    /// Whether a browser could exchange a ticket.
    pub allow_exchange_user_info_from_browser: bool,

    /// Whether polling would answer with the whole user.
    pub return_full_user_info: bool,
}

/// What a new password must be. An addition of this server. Common passwords are refused whatever it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordPolicy {
    /// Characters at least, 8 to 128.
    pub min_length: i64,

    /// Strength at least, as `passwordSecurityLevel` counts it: 1 (any) to 3.
    pub min_strength: i64,

    /// Regular expressions of which each must match somewhere, at most 10; without look-around and back references.
    pub patterns: Vec<String>,

    /// Whether a password that contains the user's name, user name, e-mail address or phone number is refused, and at
    /// a change one that nearly is the old one.
    pub refuse_similar: bool,
}

/// When a password grows old. An addition of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordRotation {
    /// Whether a sign-in with an old password is refused until it is changed.
    pub enabled: bool,

    /// Days for which a password is good, 1 to 3,650.
    pub max_age_days: i64,
}

/// Body of update-security-settings. What is absent stays as it is; an object replaces the whole object.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateSecuritySettingsReq {
    /// Origins whose pages may call this pool's interfaces from a browser: scheme, host and port, no path; at most
    /// 100. Compared letter by letter.
    pub allowed_origins: Option<Vec<String>>,

    /// Seconds for which tokens of the older interface live. This server issues none: another value than the default
    /// is refused.
    pub authing_token_expires_in: Option<i64>,

    /// Digits of a code by SMS or e-mail and signs of a picture, 4 to 8.
    pub verify_code_length: Option<i64>,

    /// Wrong tries that void a code, 1 to 10.
    pub verify_code_max_attempts: Option<i64>,

    /// What changing one's e-mail address takes.
    pub change_email_strategy: Option<ChangeEmailStrategy>,

    /// What changing one's phone number takes.
    pub change_phone_strategy: Option<ChangePhoneStrategy>,

    /// How long a browser stays signed in.
    pub cookie_settings: Option<CookieSettings>,

    /// Whether nobody registers; administrators make the accounts.
    pub register_disabled: Option<bool>,

    /// A limit on registrations from one address.
    pub register_anomaly_detection: Option<RegisterAnomalyDetection>,

    /// Whether pages ask for a password after a registration by code. They do not yet: `true` is refused.
    pub complete_password_after_pass_code_login: Option<bool>,

    /// What failures at sign-in lead to.
    pub login_anomaly_detection: Option<LoginAnomalyDetection>,

    /// Whether a sign-in with a password by an e-mail address that was never confirmed is refused, and a link to
    /// confirm it sent.
    pub login_require_email_verified: Option<bool>,

    /// Whether users open their own locked accounts.
    pub self_unlock_account: Option<SelfUnlockAccount>,

    /// Whether the login page offers a choice of accounts. It does not yet: `true` is refused.
    pub enable_login_account_switch: Option<bool>,

    /// Sign-in by QR code.
    pub qrcode_login_strategy: Option<QrcodeLoginStrategy>,

    /// What a new password must be. An addition of this server.
    pub password_policy: Option<PasswordPolicy>,

    /// When a password grows old. An addition of this server.
    pub password_rotation: Option<PasswordRotation>,
}

/// Security settings of the user pool.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecuritySettings {
    /// Origins whose pages may call this pool's interfaces from a browser, one a line.
    pub allowed_origins: String,

    /// Seconds for which tokens of the older interface would live.
    pub authing_token_expires_in: i64,

    /// Digits of a code by SMS or e-mail and signs of a picture.
    pub verify_code_length: i64,

    /// Wrong tries that void a code.
    pub verify_code_max_attempts: i64,

    /// What changing one's e-mail address takes.
    pub change_email_strategy: ChangeEmailStrategy,

    /// What changing one's phone number takes.
    pub change_phone_strategy: ChangePhoneStrategy,

    /// How long a browser stays signed in.
    pub cookie_settings: CookieSettings,

    /// Whether nobody registers.
    pub register_disabled: bool,

    /// A limit on registrations from one address.
    pub register_anomaly_detection: RegisterAnomalyDetection,

    /// Whether pages ask for a password after a registration by code.
    pub complete_password_after_pass_code_login: bool,

    /// What failures at sign-in lead to.
    pub login_anomaly_detection: LoginAnomalyDetection,

    /// Whether an e-mail address must be confirmed before a sign-in with a password by it.
    pub login_require_email_verified: bool,

    /// Whether users open their own locked accounts.
    pub self_unlock_account: SelfUnlockAccount,

    /// Whether the login page offers a choice of accounts.
    pub enable_login_account_switch: bool,

    /// Sign-in by QR code.
    pub qrcode_login_strategy: QrcodeLoginStrategy,

    /// What a new password must be.
    pub password_policy: PasswordPolicy,

    /// When a password grows old.
    pub password_rotation: PasswordRotation,
}
