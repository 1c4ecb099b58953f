//! What users do with their own account. Changes in two steps are in `profile/change.rs`, devices in
//! `profile/device.rs`.

mod change;
mod device;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::{Field, Secret};

use crate::common::{Object, PasswordEncryptType};
use crate::user::Gender;

pub use change::{
    DeleteAccountMethod, DeleteAccountPassword, DeleteAccountReq, DeleteAccountToken, PasswordResetToken,
    ProvenByEmail, ProvenByPhone, ResetPasswordMethod, ResetPasswordReq, UpdateEmailMethod, UpdateEmailProof,
    UpdateEmailReq, UpdateEmailToken, UpdatePhoneMethod, UpdatePhoneProof, UpdatePhoneReq, UpdatePhoneToken,
    VerifyDeleteAccountReq, VerifyResetPasswordReq, VerifyUpdateEmailReq, VerifyUpdatePhoneReq,
};
pub use device::{Device, DeviceReq, DeviceState, DeviceType, ListDevicesQuery, MyDevice, RevokeSessionsReq};

/// Query of get-profile.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetProfileQuery {
    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return `identities`. Default false.
    pub with_identities: Option<bool>,

    /// Whether to return `departmentIds`. Default false.
    pub with_department_ids: Option<bool>,
}

/// Body of update-profile. A member that is absent stays as it is, null clears it. Members that the user pool does not
/// let users change are refused, unless they only say what is there.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateProfileReq {
    /// Real name.
    #[serde(default)]
    pub name: Field<String>,
    /// Nickname.
    #[serde(default)]
    pub nickname: Field<String>,
    /// Address of the portrait.
    #[serde(default)]
    pub photo: Field<String>,
    /// Id in the customer's own system, unique in the user pool.
    #[serde(default)]
    pub external_id: Field<String>,
    /// Date of birth, `YYYY-MM-DD`.
    #[serde(default)]
    pub birthdate: Field<String>,
    /// Country.
    #[serde(default)]
    pub country: Field<String>,
    /// Province or state.
    #[serde(default)]
    pub province: Field<String>,
    /// City.
    #[serde(default)]
    pub city: Field<String>,
    /// Address.
    #[serde(default)]
    pub address: Field<String>,
    /// Street and number.
    #[serde(default)]
    pub street_address: Field<String>,
    /// Postal code.
    #[serde(default)]
    pub postal_code: Field<String>,
    /// Gender.
    pub gender: Option<Gender>,
    /// User name, unique in the user pool.
    #[serde(default)]
    pub username: Field<String>,
    /// Company.
    #[serde(default)]
    pub company: Field<String>,
    /// Custom fields; members that are not named stay, null takes one away.
    pub custom_data: Option<Object>,
    /// Number of the identity card.
    #[serde(default)]
    pub identity_number: Field<String>,
}

/// Body of bind-email.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BindEmailReq {
    /// E-mail address, in any case.
    pub email: String,

    /// A code of the channel `CHANNEL_BIND_EMAIL`, sent there.
    pub pass_code: Secret<String>,
}

/// Body of bind-phone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BindPhoneReq {
    /// Phone number without country code.
    pub phone_number: String,

    /// A code of the channel `CHANNEL_BIND_PHONE`, sent there.
    pub pass_code: Secret<String>,

    /// Country code. Default `+86`.
    pub phone_country_code: Option<String>,
}

/// Body of unbind-email and unbind-phone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnbindReq {
    /// A code of the channel `CHANNEL_UNBIND_EMAIL` or `CHANNEL_UNBIND_PHONE`, sent to what is to be unbound.
    pub pass_code: Secret<String>,
}

/// How well an account is protected.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityInfo {
    /// Strength of the password: 1 weak, 2 fair, 3 strong; 0 without a password, and for an imported one until it is
    /// changed.
    pub password_security_level: i64,

    /// Whether a second factor is bound and switched on.
    pub mfa_enrolled: bool,

    /// Whether there is a password.
    pub password_set: bool,

    /// Whether there is an e-mail address.
    pub email_binded: bool,

    /// Whether there is a phone number.
    pub phone_binded: bool,

    /// 0 to 100: a second factor counts 40, the password 10 for each level, e-mail address and phone number 15 each
    /// where proven, 5 where not.
    pub security_score: i64,
}

/// Body of update-password. Other sessions of the user end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdatePasswordReq {
    /// The new password.
    pub new_password: Secret<String>,

    /// The present one; needed where there is one.
    pub old_password: Option<Secret<String>>,

    /// How both are encrypted. Default `none`.
    pub password_encrypt_type: Option<PasswordEncryptType>,
}

/// Body of validate-password: of several names the e-mail address goes before the phone number, that before the user
/// name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidatePasswordReq {
    /// Phone number without country code.
    pub phone: Option<String>,

    /// E-mail address, in any case.
    pub email: Option<String>,

    /// User name.
    pub username: Option<String>,

    /// Country code of `phone`. Default `+86`.
    pub phone_country_code: Option<String>,

    /// The password.
    pub password: Secret<String>,

    /// How it is encrypted. Default `none`.
    pub password_encrypt_type: Option<PasswordEncryptType>,
}

/// Answer of validate-password.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidatedPassword {
    /// Whether this is the password of that account; false also where there is no such account.
    pub valid: bool,
}

wire_enum! {
    /// What kind of account.
    pub enum AccountKind {
        Person = "1",
        Public = "2",
    }
}

/// Query of get-user-select-login-public-accounts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublicAccountsQuery {
    /// Whether to return the user beside the public accounts. Without effect while there are none.
    pub with_origin_user: Option<bool>,
}

/// An account that one can switch to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelectableAccount {
    /// Id of the account.
    pub user_id: String,

    /// Address of its portrait.
    pub avatar: Option<String>,

    /// Its name.
    pub display_name: Option<String>,

    /// `1` a person's, `2` a public one.
    pub usertype: Option<AccountKind>,
}

/// The public accounts that a user can switch to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SelectableAccounts {
    /// The public accounts.
    pub public_accounts: Vec<SelectableAccount>,

    /// The user's own account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_user: Option<SelectableAccount>,
}
