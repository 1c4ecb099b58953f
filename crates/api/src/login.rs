//! Sign-in with a user's credentials.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

use crate::common::{Object, PasswordEncryptType};

wire_enum! {
    /// What the user shows: a password, a code sent before, or the password of a directory.
    pub enum SignInConnection {
        Password = "PASSWORD",
        Passcode = "PASSCODE",
        Ldap = "LDAP",
        Ad = "AD",
    }
}

/// Body of signin. The payload that `connection` names is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInReq {
    /// What the user shows.
    pub connection: SignInConnection,

    /// Account and password, for `PASSWORD`.
    pub password_payload: Option<PasswordPayload>,

    /// Account and code, for `PASSCODE`.
    pub pass_code_payload: Option<PassCodePayload>,

    /// Account and password, for `AD`.
    pub ad_payload: Option<AdPayload>,

    /// Account and password, for `LDAP`.
    pub ldap_payload: Option<LdapPayload>,

    /// Options.
    pub options: Option<SignInOptions>,

    /// Id of the application, where it authenticates by `client_secret_post`.
    #[serde(rename = "client_id")]
    pub client_id: Option<String>,

    /// Secret of the application, where it authenticates by `client_secret_post`.
    #[serde(rename = "client_secret")]
    pub client_secret: Option<Secret<String>>,
}

/// Account and password; exactly one of account, email, username and phone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordPayload {
    /// Password, plain or encrypted as `options.passwordEncryptType` says.
    pub password: Secret<String>,

    /// User name, phone number or e-mail address.
    pub account: Option<String>,

    /// E-mail address, in any case.
    pub email: Option<String>,

    /// User name.
    pub username: Option<String>,

    /// Phone number without country code.
    pub phone: Option<String>,
}

/// Account and code; exactly one of email and phone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PassCodePayload {
    /// The code that send-sms or send-email sent.
    pub pass_code: Secret<String>,

    /// E-mail address, in any case.
    pub email: Option<String>,

    /// Phone number without country code.
    pub phone: Option<String>,

    /// Country code of `phone`. Default `+86`.
    pub phone_country_code: Option<String>,
}

/// Account and password of an Active Directory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdPayload {
    /// Password, plain or encrypted as `options.passwordEncryptType` says.
    pub password: Secret<String>,

    /// The account's `sAMAccountName`.
    #[serde(rename = "sAMAccountName")]
    pub sam_account_name: String,
}

/// Account and password of an LDAP directory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LdapPayload {
    /// Password, plain or encrypted as `options.passwordEncryptType` says.
    pub password: Secret<String>,

    /// The account's `sAMAccountName`.
    #[serde(rename = "sAMAccountName")]
    pub sam_account_name: String,
}

/// Options of signin.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInOptions {
    /// Scopes, separated by spaces, of those that the application may ask for; `openid` must be among them,
    /// `offline_access` yields a refresh token. Default `openid profile`.
    pub scope: Option<String>,

    /// The user's IP address, when a server calls for the user.
    pub client_ip: Option<String>,

    /// Without effect: it is for pipelines, which this server does not have.
    pub context: Option<Object>,

    /// Id of the tenant.
    pub tenant_id: Option<String>,

    /// Custom fields for a user who is registered by this call, as far as users may set them; otherwise not looked at.
    pub custom_data: Option<Object>,

    /// Whether to make an account that does not exist, under the rules of `signup` and in the way of the sign-in, which
    /// the application must have switched on for registration: a user name or an e-mail address with the password, or the
    /// target of the code, of the channel `CHANNEL_LOGIN`. Where it has not, an unknown account is refused like a wrong
    /// password or code. Default false.
    pub auto_register: Option<bool>,

    /// Text of the picture, in any case. It counts where the pool asks for one; otherwise it is not looked at.
    pub captcha_code: Option<String>,

    /// What get-captcha-code named the picture by; without it the latest pictures of captcha-code count that the same
    /// address and user agent asked for.
    pub captcha_token: Option<String>,

    /// How the password is encrypted. Default `none`.
    pub password_encrypt_type: Option<PasswordEncryptType>,
}

/// Body of self-unlock-account: exactly one of email and phone, and the code that was sent there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelfUnlockReq {
    /// The code that send-email sent for `CHANNEL_UNLOCK_ACCOUNT`, or send-sms for `CHANNEL_IDENTITY_VERIFICATION`.
    pub pass_code: Secret<String>,

    /// E-mail address of the account, in any case.
    pub email: Option<String>,

    /// Phone number of the account, without country code.
    pub phone: Option<String>,

    /// Country code of `phone`. Default `+86`.
    pub phone_country_code: Option<String>,

    /// Password, where the pool's strategy is `password-captcha`; otherwise it is not looked at. A wrong one is told as a
    /// wrong code is, and the code is used up.
    pub password: Option<Secret<String>>,

    /// Text of the picture, in any case, where the user pool asks for one.
    pub captcha_code: Option<String>,

    /// From get-captcha-code, with the picture.
    pub captcha_token: Option<String>,

    /// How the password is encrypted. Default `none`.
    pub password_encrypt_type: Option<PasswordEncryptType>,
}
