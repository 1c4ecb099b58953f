//! Registration: users who make their own account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

use crate::common::{Object, PasswordEncryptType};
use crate::user::Gender;

wire_enum! {
    /// What the new user shows: a password of their choice, or a code that was sent before.
    pub enum SignUpConnection {
        Password = "PASSWORD",
        Passcode = "PASSCODE",
    }
}

/// Body of signup. The payload that `connection` names is needed. The application must have the way of registration
/// switched on: `EMAIL_PASSWORD` for a password, `EMAIL_CODE` and `PHONE_CODE` for a code.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignUpReq {
    /// What the user shows.
    pub connection: SignUpConnection,

    /// Name and password, for `PASSWORD`.
    pub password_payload: Option<SignUpPasswordPayload>,

    /// Address or number and code, for `PASSCODE`.
    pub pass_code_payload: Option<SignUpPassCodePayload>,

    /// What the user says of themselves.
    pub profile: Option<SignUpProfile>,

    /// Options.
    pub options: Option<SignUpOptions>,
}

/// User name, e-mail address or both, and a password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignUpPasswordPayload {
    /// Password, plain or encrypted as `options.passwordEncryptType` says.
    pub password: Secret<String>,

    /// User name.
    pub username: Option<String>,

    /// E-mail address, in any case. It is not proven until the link that is sent there is opened, or
    /// `options.emailPassCodeForInformationCompletion` proves it at once.
    pub email: Option<String>,
}

/// Exactly one of e-mail address and phone number, and a code of the channel `CHANNEL_REGISTER`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignUpPassCodePayload {
    /// The code that send-sms or send-email sent.
    pub pass_code: Secret<String>,

    /// E-mail address, in any case.
    pub email: Option<String>,

    /// Phone number without country code.
    pub phone: Option<String>,

    /// Country code of `phone`. Default `+86`.
    pub phone_country_code: Option<String>,
}

/// What a new user may say: the built-in and custom fields that the user pool lets users change themselves.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignUpProfile {
    /// Nickname.
    pub nickname: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Address of the portrait.
    pub photo: Option<String>,
    /// Device used.
    pub device: Option<String>,
    /// User agent of the browser used.
    pub browser: Option<String>,
    /// Real name.
    pub name: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Middle name.
    pub middle_name: Option<String>,
    /// Address of the profile page.
    pub profile: Option<String>,
    /// Name by which the user likes to be called.
    pub preferred_username: Option<String>,
    /// Address of the user's own page.
    pub website: Option<String>,
    /// Gender. Default `U`.
    pub gender: Option<Gender>,
    /// Date of birth, `YYYY-MM-DD`.
    pub birthdate: Option<String>,
    /// Time zone, such as `Asia/Shanghai`.
    pub zoneinfo: Option<String>,
    /// Language tag, such as `zh-CN`.
    pub locale: Option<String>,
    /// Address.
    pub address: Option<String>,
    /// The whole address in one text.
    pub formatted: Option<String>,
    /// Street and number.
    pub street_address: Option<String>,
    /// City, as OpenID Connect calls it; kept as `city`.
    pub locality: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// A further e-mail address of the account; needs `options.emailPassCodeForInformationCompletion`.
    pub email: Option<String>,
    /// A further phone number of the account; needs `options.phonePassCodeForInformationCompletion`.
    pub phone: Option<String>,
    /// Country code of `phone`. Default `+86`.
    pub phone_country_code: Option<String>,
    /// Custom fields.
    pub custom_data: Option<Object>,
}

/// Options of signup.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignUpOptions {
    /// Without effect: an address that anybody can write counts for nothing. The connection's own, or the one that a
    /// trusted proxy names, is taken.
    pub client_ip: Option<String>,

    /// A code of the channel `CHANNEL_COMPLETE_PHONE`, sent to `profile.phone`.
    pub phone_pass_code_for_information_completion: Option<Secret<String>>,

    /// A code of the channel `CHANNEL_COMPLETE_EMAIL`, sent to `profile.email`, or to the e-mail address of
    /// `passwordPayload`.
    pub email_pass_code_for_information_completion: Option<Secret<String>>,

    /// A password for an account that is made by a code. None, if absent.
    pub password_for_phone_pass_code: Option<Secret<String>>,

    /// Text of the picture, in any case, where the user pool asks for one.
    pub captcha_code: Option<String>,

    /// From get-captcha-code, with the picture.
    pub captcha_token: Option<String>,

    /// Values of custom fields, as `profile.customData`; of a member in both, this one counts.
    pub context: Option<Object>,

    /// How passwords of this request are encrypted. Default `none`.
    pub password_encrypt_type: Option<PasswordEncryptType>,
}
