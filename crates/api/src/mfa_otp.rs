//! What an administrator does about second factors: import, look up, set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::{Field, Secret};

use crate::common::UserIdType;
use crate::user::OtpInput;

/// Body of import-otp: all items are imported or none is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportOtpReq {
    /// The authenticators, 1 to 10000, one user each.
    #[schemars(length(min = 1, max = 10000))]
    pub list: Vec<ImportOtpItem>,
}

/// One user's authenticator.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportOtpItem {
    /// Id of the user, as given by this server.
    pub user_id: String,

    /// The authenticator.
    pub otp: OtpInput,
}

/// Answer of get-otp-secret-by-user.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OtpSecret {
    /// Shared secret in Base32 without padding.
    pub secret: String,
}

quiet_debug!(OtpSecret);

/// Body of set-mfa-status.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetMfaStatusReq {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,

    /// The wished state; a member that is absent stays as it is.
    pub mfa_trigger_data: MfaTriggerDataReq,
}

/// The wished state of a user's second factors, in the shape that get-mfa-status returns.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaTriggerDataReq {
    /// MFA token, at most 2048 bytes. Accepted and not used.
    pub mfa_token: Option<Secret<String>>,

    /// Phone number for SMS codes, without country code. Null unbinds it.
    #[serde(default)]
    pub mfa_phone: Field<String>,

    /// Country code of `mfaPhone`. Default `+86`.
    #[serde(default)]
    pub mfa_phone_country_code: Field<String>,

    /// E-mail address for codes. Null unbinds it.
    #[serde(default)]
    pub mfa_email: Field<String>,

    /// Accepted and not used.
    pub nickname: Option<String>,

    /// Accepted and not used.
    pub username: Option<String>,

    /// Accepted and not used.
    pub phone: Option<String>,

    /// Accepted and not used.
    pub phone_country_code: Option<String>,

    /// False switches the face factor off, true on; there must be a face to switch on.
    pub face_mfa_enabled: Option<bool>,

    /// False switches the one-time password factor off, true on; there must be a secret to switch on.
    pub totp_mfa_enabled: Option<bool>,

    /// The factors; takes the place of the whole stored list.
    pub application_mfa: Option<Vec<ApplicationMfaReq>>,
}

/// The wished state of one factor.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationMfaReq {
    /// The factor: `OTP`, `SMS`, `EMAIL` or `FACE`.
    pub mfa_policy: String,

    /// 1 on, 0 off.
    pub status: Option<i64>,

    /// Position in the list, from 0, smallest first.
    #[schemars(range(min = 0))]
    pub sort: Option<i64>,
}

/// What a login page needs to ask for a second factor. Sign-in returns it with apiCode 1636.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaTriggerData {
    /// Short-lived token that proves the first factor.
    pub mfa_token: String,

    /// Phone number bound for SMS codes, without country code.
    pub mfa_phone: Option<String>,

    /// Country code of `mfaPhone`.
    pub mfa_phone_country_code: Option<String>,

    /// E-mail address bound for codes.
    pub mfa_email: Option<String>,

    /// The user's nickname.
    pub nickname: Option<String>,

    /// The user's user name.
    pub username: Option<String>,

    /// The user's phone number, without country code.
    pub phone: Option<String>,

    /// Country code of `phone`.
    pub phone_country_code: Option<String>,

    /// Whether the face factor is bound.
    pub face_mfa_enabled: bool,

    /// Whether the one-time password factor is bound.
    pub totp_mfa_enabled: bool,

    /// The factors that the application accepts; empty when it asks for none.
    pub application_mfa: Vec<ApplicationMfa>,
}

quiet_debug!(MfaTriggerData);

/// One factor that the application accepts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationMfa {
    /// The factor: `OTP`, `SMS`, `EMAIL` or `FACE`.
    pub mfa_policy: String,

    /// 1 on, 0 off.
    pub status: i64,

    /// Position in the list, smallest first.
    pub sort: i64,
}

/// Query of get-mfa-trigger-data.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaTriggerDataQuery {
    /// Id of the application.
    pub app_id: String,

    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,
}

wire_enum! {
    /// Whether a factor is bound.
    pub enum MfaBinding {
        Enabled = "enabled",
        Disabled = "disabled",
    }
}

/// Answer of get-user-mfa-info.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserMfaInfo {
    /// Whether a one-time password authenticator is bound.
    pub totp_status: MfaBinding,

    /// Whether a face is bound.
    pub face_mfa_status: MfaBinding,

    /// Whether a phone number for codes is bound.
    pub sms_mfa_status: MfaBinding,

    /// Whether an e-mail address for codes is bound.
    pub email_mfa_status: MfaBinding,
}
