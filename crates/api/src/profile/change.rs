//! Changes in two steps: what proves that they are wanted, the token that says so, and the act.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

use crate::common::PasswordEncryptType;

wire_enum! {
    /// By what a change of the e-mail address is proven.
    pub enum UpdateEmailMethod {
        EmailPasscode = "EMAIL_PASSCODE",
    }
}

wire_enum! {
    /// By what a change of the phone number is proven.
    pub enum UpdatePhoneMethod {
        PhonePasscode = "PHONE_PASSCODE",
    }
}

wire_enum! {
    /// By what somebody proves to be the user whose password is forgotten.
    pub enum ResetPasswordMethod {
        EmailPasscode = "EMAIL_PASSCODE",
        PhonePasscode = "PHONE_PASSCODE",
    }
}

wire_enum! {
    /// By what the end of an account is proven to be wanted.
    pub enum DeleteAccountMethod {
        PhonePasscode = "PHONE_PASSCODE",
        EmailPasscode = "EMAIL_PASSCODE",
        Password = "PASSWORD",
    }
}

/// Body of verify-update-email-request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyUpdateEmailReq {
    /// How.
    pub verify_method: UpdateEmailMethod,

    /// The codes.
    pub email_pass_code_payload: UpdateEmailProof,
}

/// Codes of the channel `CHANNEL_UPDATE_EMAIL`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateEmailProof {
    /// The new address.
    pub new_email: String,

    /// The code sent there.
    pub new_email_pass_code: Secret<String>,

    /// The present address; needed where the user pool asks for it (`changeEmailStrategy`).
    pub old_email: Option<String>,

    /// The code sent there.
    pub old_email_pass_code: Option<Secret<String>>,
}

/// Answer of verify-update-email-request.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateEmailToken {
    /// For update-email, once, in the same session.
    pub update_email_token: String,

    /// Seconds.
    pub token_expires_in: i64,
}

quiet_debug!(UpdateEmailToken);

/// Body of update-email.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateEmailReq {
    /// From verify-update-email-request.
    pub update_email_token: Secret<String>,
}

/// Body of verify-update-phone-request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyUpdatePhoneReq {
    /// How.
    pub verify_method: UpdatePhoneMethod,

    /// The codes.
    pub phone_pass_code_payload: UpdatePhoneProof,
}

/// Codes by SMS: of the channel `CHANNEL_BIND_PHONE` to the new number, `CHANNEL_UNBIND_PHONE` to the present one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdatePhoneProof {
    /// The new number, without country code.
    pub new_phone_number: String,

    /// The code sent there.
    pub new_phone_pass_code: Secret<String>,

    /// Country code of the new number. Default `+86`.
    pub new_phone_country_code: Option<String>,

    /// The present number; needed where the user pool asks for it (`changePhoneStrategy`).
    pub old_phone_number: Option<String>,

    /// The code sent there.
    pub old_phone_pass_code: Option<Secret<String>>,

    /// Country code of the present number. Default `+86`.
    pub old_phone_country_code: Option<String>,
}

/// Answer of verify-update-phone-request.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdatePhoneToken {
    /// For update-phone, once, in the same session.
    pub update_phone_token: String,

    /// Seconds.
    pub token_expires_in: i64,
}

quiet_debug!(UpdatePhoneToken);

/// Body of update-phone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdatePhoneReq {
    /// From verify-update-phone-request.
    pub update_phone_token: Secret<String>,
}

/// Body of verify-reset-password-request. The payload that `verifyMethod` names is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyResetPasswordReq {
    /// How.
    pub verify_method: ResetPasswordMethod,

    /// For `PHONE_PASSCODE`; the channel is `CHANNEL_RESET_PASSWORD`.
    pub phone_pass_code_payload: Option<ProvenByPhone>,

    /// For `EMAIL_PASSCODE`; the channel is `CHANNEL_RESET_PASSWORD`.
    pub email_pass_code_payload: Option<ProvenByEmail>,
}

/// The account's phone number and a code sent there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProvenByPhone {
    /// Phone number without country code.
    pub phone_number: String,

    /// The code.
    pub pass_code: Secret<String>,

    /// Country code. Default `+86`.
    pub phone_country_code: Option<String>,
}

/// The account's e-mail address and a code sent there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProvenByEmail {
    /// E-mail address, in any case. Default, for whoever is signed in: the account's.
    pub email: Option<String>,

    /// The code.
    pub pass_code: Secret<String>,
}

/// Answer of verify-reset-password-request.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordResetToken {
    /// For reset-password, once, by the same application.
    pub password_reset_token: String,

    /// Seconds.
    pub token_expires_in: i64,
}

quiet_debug!(PasswordResetToken);

/// Body of reset-password. Every session of the user ends; second factors stay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetPasswordReq {
    /// From verify-reset-password-request, or from a sign-in that was answered with `apiCode` 1639.
    pub password_reset_token: Secret<String>,

    /// The new password.
    pub password: Secret<String>,

    /// How it is encrypted. Default `none`.
    pub password_encrypt_type: Option<PasswordEncryptType>,
}

/// Body of verify-delete-account-request. The payload that `verifyMethod` names is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyDeleteAccountReq {
    /// How.
    pub verify_method: DeleteAccountMethod,

    /// For `PHONE_PASSCODE`; the channel is `CHANNEL_DELETE_ACCOUNT`.
    pub phone_pass_code_payload: Option<ProvenByPhone>,

    /// For `EMAIL_PASSCODE`; the channel is `CHANNEL_DELETE_ACCOUNT`.
    pub email_pass_code_payload: Option<ProvenByEmail>,

    /// For `PASSWORD`.
    pub password_payload: Option<DeleteAccountPassword>,
}

/// The account's password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAccountPassword {
    /// The password.
    pub password: Secret<String>,

    /// How it is encrypted. Default `none`.
    pub password_encrypt_type: Option<PasswordEncryptType>,
}

/// Answer of verify-delete-account-request.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAccountToken {
    /// For delete-account, once, in the same session.
    pub delete_account_token: String,

    /// Seconds.
    pub token_expires_in: i64,
}

quiet_debug!(DeleteAccountToken);

/// Body of delete-account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAccountReq {
    /// From verify-delete-account-request.
    pub delete_account_token: Secret<String>,
}
