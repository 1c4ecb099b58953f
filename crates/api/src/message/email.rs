//! E-mail templates and how a pool sends e-mail.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

wire_enum! {
    /// What an e-mail tells.
    pub enum EmailTemplateType {
        WelcomeEmail = "WELCOME_EMAIL",
        FirstCreatedUser = "FIRST_CREATED_USER",
        RegisterVerifyCode = "REGISTER_VERIFY_CODE",
        LoginVerifyCode = "LOGIN_VERIFY_CODE",
        MfaVerifyCode = "MFA_VERIFY_CODE",
        InformationCompletionVerifyCode = "INFORMATION_COMPLETION_VERIFY_CODE",
        FirstEmailLoginVerify = "FIRST_EMAIL_LOGIN_VERIFY",
        ConsoleConductedVerify = "CONSOLE_CONDUCTED_VERIFY",
        UserPasswordUpdateRemind = "USER_PASSWORD_UPDATE_REMIND",
        AdminResetUserPasswordNotification = "ADMIN_RESET_USER_PASSWORD_NOTIFICATION",
        UserPasswordResetNotification = "USER_PASSWORD_RESET_NOTIFICATION",
        ResetPasswordVerifyCode = "RESET_PASSWORD_VERIFY_CODE",
        SelfUnlockingVerifyCode = "SELF_UNLOCKING_VERIFY_CODE",
        EmailBindVerifyCode = "EMAIL_BIND_VERIFY_CODE",
        EmailUnbindVerifyCode = "EMAIL_UNBIND_VERIFY_CODE",
    }
}

wire_enum! {
    /// How a template is rendered. `ejs` would run code and is refused.
    #[derive(Default)]
    pub enum TemplateEngine {
        #[default]
        Handlebar = "handlebar",
        Ejs = "ejs",
    }
}

wire_enum! {
    /// Who carries the e-mails: Alibaba's or Tencent's company mail, SendGrid, or a mail server of one's own.
    pub enum EmailProviderType {
        Ali = "ali",
        Qq = "qq",
        Sendgrid = "sendgrid",
        Custom = "custom",
    }
}

/// A template. Placeholders are `{{app_name}}`, `{{client_name}}` (the user pool), `{{user_name}}`, `{{email}}`, and
/// where they make sense `{{code}}`, `{{expires_in}}` (minutes), `{{url}}` and `{{password}}`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailTemplate {
    /// Whether this template is used in the place of this server's own text.
    pub customize_enabled: bool,

    /// What it tells.
    #[serde(rename = "type")]
    pub kind: EmailTemplateType,

    /// Name for administrators, 1 to 100 characters.
    pub name: String,

    /// Subject, with placeholders, 1 to 200 characters.
    pub subject: String,

    /// Name of the sender, with placeholders, 1 to 100 characters.
    pub sender: String,

    /// HTML, with placeholders, 1 to 32,768 bytes. Values are escaped.
    pub content: String,

    /// Seconds for which a code (30 to 3,600) or a link (30 to 604,800) is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<i64>,

    /// Address to go to after a confirmation, which is refused: the page says where to go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_to: Option<String>,

    /// How it is rendered. Default `handlebar`, of which there are plain placeholders and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tpl_engine: Option<TemplateEngine>,
}

/// A kind of e-mails, for a console.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailTemplateCategory {
    /// Name in Chinese.
    pub title: String,

    /// Name in English.
    pub title_en: String,

    /// Description in Chinese.
    pub desc: String,

    /// Description in English.
    pub desc_en: String,
}

/// Answer of get-email-templates.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailTemplates {
    /// The templates, in the order of the contract: the pool's own where it has one, otherwise this server's.
    pub templates: Vec<EmailTemplate>,

    /// Kinds of them.
    pub categories: Vec<EmailTemplateCategory>,
}

/// Body of preview-email-template. What is absent is taken from the pool's template.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewEmailTemplateReq {
    /// What it tells.
    #[serde(rename = "type")]
    pub kind: EmailTemplateType,

    /// HTML, with placeholders.
    pub content: Option<String>,

    /// Subject, with placeholders.
    pub subject: Option<String>,

    /// Name of the sender, with placeholders.
    pub sender: Option<String>,

    /// Seconds for which a code or a link is good.
    #[schemars(range(min = 1))]
    pub expires_in: Option<i64>,

    /// How it is rendered.
    pub tpl_engine: Option<TemplateEngine>,
}

/// A template with example values in it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailPreview {
    /// HTML.
    pub content: String,

    /// Subject.
    pub subject: String,

    /// Name of the sender.
    pub sender: String,
}

/// Body of config-email-provider. The object that `type` names is needed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigEmailProviderReq {
    /// Whether e-mails are sent so. When false the pool's provider is forgotten, and no e-mail can be sent.
    pub enabled: bool,

    /// Who carries the e-mails.
    #[serde(rename = "type")]
    pub kind: EmailProviderType,

    /// A mail server of one's own.
    pub smtp_config: Option<SmtpConfigReq>,

    /// SendGrid.
    pub send_grid_config: Option<SendGridConfigReq>,

    /// Alibaba's company mail.
    pub ali_exmail_config: Option<ExmailConfigReq>,

    /// Tencent's company mail.
    pub tencent_exmail_config: Option<ExmailConfigReq>,
}

/// A mail server of one's own.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SmtpConfigReq {
    /// Host.
    pub smtp_host: String,

    /// Port, 1 to 65,535.
    pub smtp_port: i64,

    /// Address that signs in and that the e-mails are from.
    pub sender: Option<String>,

    /// Password. `***` keeps the present one while host, port and address stay.
    #[serde(rename = "senderPass")]
    pub sender_pass: Secret<String>,

    /// Whether the connection is encrypted from its first byte; otherwise it is before anything is said (STARTTLS).
    /// Default false.
    pub secure: Option<bool>,
}

/// SendGrid.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SendGridConfigReq {
    /// Address that the e-mails are from.
    pub sender: String,

    /// API key. `***` keeps the present one while the address stays.
    pub apikey: Secret<String>,
}

/// A company's mail account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExmailConfigReq {
    /// Address that signs in and that the e-mails are from.
    pub sender: String,

    /// Password. `***` keeps the present one while the address stays.
    pub sender_pass: Secret<String>,
}

/// How a pool sends e-mail; secrets are shown as `***`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailProvider {
    /// Whether the pool has a provider.
    pub enabled: bool,

    /// Who carries the e-mails.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<EmailProviderType>,

    /// A mail server of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_config: Option<SmtpConfig>,

    /// SendGrid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_grid_config: Option<SendGridConfig>,

    /// Alibaba's company mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ali_exmail_config: Option<ExmailConfig>,

    /// Tencent's company mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tencent_exmail_config: Option<ExmailConfig>,
}

/// A mail server of one's own.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SmtpConfig {
    /// Host.
    pub smtp_host: String,

    /// Port.
    pub smtp_port: i64,

    /// Address that signs in.
    pub sender: String,

    /// `***`.
    #[serde(rename = "senderPass")]
    pub sender_pass: String,

    /// Whether the connection is encrypted from its first byte.
    pub secure: bool,
}

/// SendGrid.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SendGridConfig {
    /// Address that the e-mails are from.
    pub sender: String,

    /// `***`.
    pub apikey: String,
}

/// A company's mail account.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExmailConfig {
    /// Address that signs in.
    pub sender: String,

    /// `***`.
    pub sender_pass: String,
}
