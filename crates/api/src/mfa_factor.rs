//! What a user does about the own second factors, with the user's token or an MFA token.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

use crate::common::{FactorType, Object};
use crate::grant::TokenSet;
use crate::user::User;

/// Body of send-enroll-factor-request.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendEnrollFactorReq {
    /// The factor to bind.
    pub factor_type: FactorType,

    /// Where to send the code. Not needed for `OTP`.
    pub profile: Option<EnrollProfile>,
}

/// Where to send the code of an enrolment.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrollProfile {
    /// Phone number without country code; needed for `SMS`. One code per number and minute.
    pub phone_number: Option<String>,

    /// Country code of `phoneNumber`. Default `+86`.
    pub phone_country_code: Option<String>,

    /// E-mail address; needed for `EMAIL`. One code per address and minute.
    pub email: Option<String>,
}

/// Answer of send-enroll-factor-request.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrollmentStart {
    /// Token for enroll-factor, valid for 60 seconds and once.
    pub enrollment_token: String,

    /// What an authenticator app needs. Only for `OTP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otp_data: Option<OtpEnrollment>,
}

quiet_debug!(EnrollmentStart);

/// What an authenticator app needs.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OtpEnrollment {
    /// `otpauth://totp/...` address with the secret.
    pub qr_code_uri: String,

    /// The same as a QR code: `data:image/png;base64,...`.
    pub qr_code_data_url: String,

    /// Recovery code, shown only here: 6 groups of 4 hex digits joined by `-`.
    pub recovery_code: String,
}

quiet_debug!(OtpEnrollment);

/// Body of enroll-factor.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrollFactorReq {
    /// The factor to bind; the one for which the token was made.
    pub factor_type: FactorType,

    /// Token that send-enroll-factor-request returned.
    pub enrollment_token: Secret<String>,

    /// The proof.
    pub enrollment_data: EnrollmentData,
}

/// The proof that the user holds the factor.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrollmentData {
    /// Code from the SMS, the e-mail or the authenticator app.
    pub pass_code: Option<Secret<String>>,

    /// Address of the portrait, for `FACE`.
    pub photo: Option<String>,

    /// Whether `photo` lies on another server, for `FACE`.
    pub is_external_photo: Option<bool>,
}

/// Body of reset-factor.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetFactorReq {
    /// Id of the factor to unbind.
    pub factor_id: String,
}

/// Query of get-factor.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetFactorQuery {
    /// Id of the factor.
    pub factor_id: String,
}

/// A factor that the user has bound.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolledFactor {
    /// Id of the factor.
    pub factor_id: String,

    /// What it is.
    pub factor_type: FactorType,

    /// Where codes go, masked: `phoneNumber` and `phoneCountryCode`, or `email`; empty for `OTP`.
    pub profile: Object,
}

/// A factor that the application accepts and the user has not bound.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FactorToEnroll {
    /// What it is.
    pub factor_type: FactorType,
}

/// Body of mfa-totp-verify.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaTotpVerifyReq {
    /// The one-time password. Its absence is answered with apiCode 6003.
    pub totp: Option<Secret<String>>,
}

/// Answer of mfa-totp-verify.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TotpVerification {
    /// Whether the one-time password is right.
    pub verified: bool,

    /// Tokens, when an MFA token was shown: the sign-in is complete.
    #[serde(flatten)]
    pub tokens: Option<TokenSet>,
}

/// Body of `POST /api/v2/mfa/totp/verify`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct V2TotpVerifyReq {
    /// The one-time password. Its absence is answered with 6003.
    pub totp: Option<Secret<String>>,
}

/// Body of `POST /api/v2/mfa/totp/recovery`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct V2TotpRecoveryReq {
    /// The recovery code. Its absence is answered with 6004.
    pub recovery_code: Option<Secret<String>>,
}

/// A code sent by SMS, as `POST /api/v2/applications/mfa/sms/verify` takes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct V2SmsVerifyReq {
    /// The bound number.
    pub phone: String,

    /// Country code of a number without one. Default `+86`.
    pub phone_country_code: Option<String>,

    /// The code.
    pub code: Secret<String>,
}

/// A code sent by e-mail, as `POST /api/v2/applications/mfa/email/verify` takes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct V2EmailVerifyReq {
    /// The bound address.
    pub email: String,

    /// The code.
    pub code: Secret<String>,
}

/// What the older verification paths answer beside `code` and `message`.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct V2MfaReply {
    /// After a sign-in by recovery code: the next one, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_code: Option<String>,

    /// The user who is signed in now. Absent after a step-up of a session, which keeps its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<V2SignedIn>,
}

quiet_debug!(V2MfaReply);

/// A signed-in user as v2 clients read it.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct V2SignedIn {
    /// Id of the user; the same as `userId`.
    pub id: String,

    /// Id token.
    pub token: String,

    /// The user.
    #[serde(flatten)]
    pub user: User,

    /// Tokens.
    #[serde(flatten)]
    pub tokens: TokenSet,
}

quiet_debug!(V2SignedIn);
