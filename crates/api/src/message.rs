//! Codes by SMS and e-mail; templates and providers of e-mail.

mod email;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

pub use email::{
    ConfigEmailProviderReq, EmailPreview, EmailProvider, EmailProviderType, EmailTemplate, EmailTemplateCategory,
    EmailTemplateType, EmailTemplates, ExmailConfig, ExmailConfigReq, PreviewEmailTemplateReq, SendGridConfig,
    SendGridConfigReq, SmtpConfig, SmtpConfigReq, TemplateEngine,
};

wire_enum! {
    /// What an SMS code is for.
    pub enum SmsChannel {
        Login = "CHANNEL_LOGIN",
        Register = "CHANNEL_REGISTER",
        ResetPassword = "CHANNEL_RESET_PASSWORD",
        BindPhone = "CHANNEL_BIND_PHONE",
        UnbindPhone = "CHANNEL_UNBIND_PHONE",
        BindMfa = "CHANNEL_BIND_MFA",
        VerifyMfa = "CHANNEL_VERIFY_MFA",
        UnbindMfa = "CHANNEL_UNBIND_MFA",
        CompletePhone = "CHANNEL_COMPLETE_PHONE",
        IdentityVerification = "CHANNEL_IDENTITY_VERIFICATION",
        DeleteAccount = "CHANNEL_DELETE_ACCOUNT",
    }
}

wire_enum! {
    /// What a code or link by e-mail is for.
    pub enum EmailChannel {
        Login = "CHANNEL_LOGIN",
        Register = "CHANNEL_REGISTER",
        ResetPassword = "CHANNEL_RESET_PASSWORD",
        VerifyEmailLink = "CHANNEL_VERIFY_EMAIL_LINK",
        UpdateEmail = "CHANNEL_UPDATE_EMAIL",
        BindEmail = "CHANNEL_BIND_EMAIL",
        UnbindEmail = "CHANNEL_UNBIND_EMAIL",
        VerifyMfa = "CHANNEL_VERIFY_MFA",
        UnlockAccount = "CHANNEL_UNLOCK_ACCOUNT",
        CompleteEmail = "CHANNEL_COMPLETE_EMAIL",
        DeleteAccount = "CHANNEL_DELETE_ACCOUNT",
    }
}

/// Body of send-sms. One code per number and minute.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendSmsReq {
    /// Phone number without country code.
    pub phone_number: String,

    /// What the code is for.
    pub channel: SmsChannel,

    /// Country code. Default `+86`.
    pub phone_country_code: Option<String>,

    /// Text of a picture, where the pool asks for one (`robotVerify`) and nobody is signed in. An addition of this
    /// server.
    pub captcha_code: Option<String>,

    /// What get-captcha-code named the picture by. An addition of this server.
    pub captcha_token: Option<String>,
}

/// Body of send-email. One code per address and minute.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendEmailReq {
    /// E-mail address, in any case.
    pub email: String,

    /// What the code is for.
    pub channel: EmailChannel,

    /// Text of a picture, where the pool asks for one (`robotVerify`) and nobody is signed in. An addition of this
    /// server.
    pub captcha_code: Option<String>,

    /// What get-captcha-code named the picture by. An addition of this server.
    pub captcha_token: Option<String>,
}

wire_enum! {
    /// By what a code was sent.
    pub enum CodeType {
        Sms = "SMS",
        Email = "EMAIL",
    }
}

/// Body of pre-check-code. The payload that `codeType` names is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreCheckCodeReq {
    /// By what the code was sent.
    pub code_type: CodeType,

    /// For `SMS`.
    pub sms_code_payload: Option<SmsCodePayload>,

    /// For `EMAIL`.
    pub email_code_payload: Option<EmailCodePayload>,
}

/// A code sent by SMS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SmsCodePayload {
    /// Phone number without country code.
    pub phone: String,

    /// The code.
    pub pass_code: Secret<String>,

    /// Country code. Default `+86`.
    pub phone_country_code: Option<String>,

    /// What the code is for.
    pub channel: SmsChannel,
}

/// A code sent by e-mail.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailCodePayload {
    /// E-mail address, in any case.
    pub email: String,

    /// The code.
    pub pass_code: Secret<String>,

    /// What the code is for.
    pub channel: EmailChannel,
}

/// Answer of pre-check-code.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreCheckedCode {
    /// Whether the code is right and still good. A right one can be used afterwards; a wrong one counts as a try.
    pub is_valid: bool,

    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
