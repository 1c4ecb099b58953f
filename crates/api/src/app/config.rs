//! How an application's users sign in and register, and how its login page looks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::Locale;
use crate::idp::{ExtIdpConnType, ExtIdpType};

wire_enum! {
    /// A way to sign in without an external identity provider.
    pub enum LoginMethod {
        PhoneCode = "PHONE_CODE",
        EmailCode = "EMAIL_CODE",
        PhonePassword = "PHONE_PASSWORD",
        EmailPassword = "EMAIL_PASSWORD",
        UsernamePassword = "USERNAME_PASSWORD",
        SelfBuiltAppQrcode = "SELF_BUILT_APP_QRCODE",
    }
}

wire_enum! {
    /// What the login page asks for first.
    #[derive(Default)]
    pub enum LoginConnection {
        Passcode = "PASSCODE",
        #[default]
        Password = "PASSWORD",
        Qrcode = "QRCODE",
        Ldap = "LDAP",
        Ad = "AD",
    }
}

wire_enum! {
    /// Who reads the QR code: an own app, or WeChat by an official account or by a mini program.
    pub enum QrcodeType {
        SelfBuiltApp = "SELF_BUILT_APP",
        WechatOfficialAccount = "WECHAT_OFFICIAL_ACCOUNT",
        WechatMiniProgram = "WECHAT_MINI_PROGRAM",
    }
}

wire_enum! {
    /// A way to register.
    pub enum RegisterMethod {
        PhoneCode = "PHONE_CODE",
        EmailCode = "EMAIL_CODE",
        EmailPassword = "EMAIL_PASSWORD",
    }
}

wire_enum! {
    /// What the registration page asks for first.
    #[derive(Default)]
    pub enum RegisterConnection {
        #[default]
        Passcode = "PASSCODE",
        Password = "PASSWORD",
    }
}

wire_enum! {
    /// Version of the login box.
    #[derive(Default)]
    pub enum GuardVersion {
        #[default]
        Advanced = "Advanced",
        Classical = "Classical",
    }
}

wire_enum! {
    /// A page that shows an agreement.
    pub enum AgreementPage {
        LoginPage = "LoginPage",
        RegisterPage = "RegisterPage",
    }
}

/// How users sign in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginConfigReq {
    /// Whether the sign-in page has the forms of registration, too, instead of a link to them. Default false.
    pub merge_login_and_register_page: Option<bool>,

    /// Ways to sign in; others are refused, and the page has no forms for them. Default `EMAIL_CODE` and
    /// `EMAIL_PASSWORD`; of an application without `loginConfig` every way.
    pub enabled_basic_login_methods: Option<Vec<LoginMethod>>,

    /// The way shown first.
    pub default_login_method: Option<DefaultLoginMethodReq>,

    /// Connections to external identity providers.
    pub enabled_ext_idp_conn_ids: Option<Vec<ExtIdpConnRef>>,

    /// Whether every connection of the user pool is offered. Default false.
    pub enabled_all_ext_idp_conns: Option<bool>,

    /// Whether users are asked to consent.
    pub show_authorization_page: bool,
}

/// The way to sign in that is shown first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DefaultLoginMethodReq {
    /// What is asked for.
    pub connection_type: LoginConnection,

    /// Who reads the QR code, for `QRCODE`.
    pub qrcode_type: Option<QrcodeType>,

    /// Id of the connection, for `QRCODE`.
    pub qrcode_ext_idp_conn_id: Option<String>,

    /// Id of the connection, for `AD`.
    pub ad_ext_idp_conn_id: Option<String>,

    /// Id of the connection, for `LDAP`.
    pub ldap_ext_idp_conn_id: Option<String>,
}

/// A connection to an external identity provider.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtIdpConnRef {
    /// Id of the connection.
    pub ext_idp_conn_id: String,
}

/// How users sign in.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginConfig {
    /// Whether sign-in and registration share a page.
    pub merge_login_and_register_page: bool,

    /// Ways to sign in.
    pub enabled_basic_login_methods: Vec<LoginMethod>,

    /// The way shown first.
    pub default_login_method: DefaultLoginMethod,

    /// Connections to external identity providers.
    pub enabled_ext_idp_conns: Vec<EnabledExtIdpConn>,

    /// Whether users are asked to consent.
    pub show_authorization_page: bool,
}

/// The way to sign in that is shown first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DefaultLoginMethod {
    /// What is asked for.
    pub connection_type: LoginConnection,

    /// Who reads the QR code, for `QRCODE`.
    pub qrcode_type: Option<QrcodeType>,

    /// Id of the connection, for `QRCODE`.
    pub qrcode_ext_idp_conn_id: Option<String>,

    /// Id of the connection, for `AD`.
    pub ad_ext_idp_conn_id: Option<String>,

    /// Id of the connection, for `LDAP`.
    pub ldap_ext_idp_conn_id: Option<String>,
}

/// A connection to an external identity provider.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnabledExtIdpConn {
    /// Whether it is a social network.
    pub is_social: bool,

    /// Id of the identity source.
    pub ext_idp_id: String,

    /// Kind of the provider.
    pub ext_idp_type: ExtIdpType,

    /// Id of the connection.
    pub ext_idp_conn_id: String,

    /// Kind of the connection.
    pub ext_idp_conn_type: ExtIdpConnType,

    /// Readable name, unique in the user pool.
    pub ext_idp_conn_identifier: String,

    /// Name that users see.
    pub ext_idp_conn_display_name: String,

    /// Address of the logo.
    pub ext_idp_conn_logo: String,

    /// Whether the connection may be used.
    pub enabled: Option<bool>,
}

/// How users register.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegisterConfig {
    /// Ways to register.
    pub enabled_basic_register_methods: Vec<RegisterMethod>,

    /// What is asked for first.
    pub default_register_method: RegisterConnection,
}

/// How the login page looks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BrandingConfigReq {
    /// Whether `customCSS` applies. Default false.
    #[serde(rename = "customCSSEnabled")]
    pub custom_css_enabled: Option<bool>,

    /// Style sheet.
    #[serde(rename = "customCSS")]
    pub custom_css: Option<String>,

    /// Version of the login box. Default `Advanced`.
    pub guard_version: Option<GuardVersion>,

    /// Address of the picture shown while loading.
    pub custom_loading_image: Option<String>,

    /// CSS value of the background.
    pub custom_background: Option<String>,

    /// Whether the pages offer the other language. Default false.
    pub show_change_language_button: Option<bool>,

    /// Language of the pages where neither the request nor the browser names one that they have. Default `en-US`;
    /// `zh-TW` and `ja-JP` are refused, since there are no pages in these languages.
    pub default_language: Option<Locale>,

    /// Whether the page offers to reset the password. Default true.
    pub show_forget_password_button: Option<bool>,

    /// Whether enterprise identity providers are shown. Default true. There are none yet, so that the pages are the same
    /// either way.
    pub show_enterprise_connections: Option<bool>,

    /// Whether social networks are shown. Default true. There are none yet, so that the pages are the same either way.
    pub show_social_connections: Option<bool>,
}

/// How the login page looks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BrandingConfig {
    /// Whether `customCSS` applies.
    #[serde(rename = "customCSSEnabled")]
    pub custom_css_enabled: bool,

    /// Style sheet.
    #[serde(rename = "customCSS")]
    pub custom_css: Option<String>,

    /// Version of the login box.
    pub guard_version: GuardVersion,

    /// Address of the picture shown while loading.
    pub custom_loading_image: Option<String>,

    /// CSS value of the background.
    pub custom_background: Option<String>,

    /// Whether users can change the language.
    pub show_change_language_button: bool,

    /// Language of the page.
    pub default_language: Locale,

    /// Whether the page offers to reset the password.
    pub show_forget_password_button: bool,

    /// Whether enterprise identity providers are shown.
    pub show_enterprise_connections: bool,

    /// Whether social networks are shown.
    pub show_social_connections: bool,

    /// Whether the agreements are shown.
    pub show_agreement: bool,

    /// Agreements to accept.
    pub agreements: Vec<Agreement>,
}

impl Default for BrandingConfig {
    fn default() -> Self {
        BrandingConfig {
            custom_css_enabled: false,
            custom_css: None,
            guard_version: GuardVersion::Advanced,
            custom_loading_image: None,
            custom_background: None,
            show_change_language_button: false,
            default_language: Locale::EnUs,
            show_forget_password_button: true,
            show_enterprise_connections: true,
            show_social_connections: true,
            show_agreement: false,
            agreements: Vec::new(),
        }
    }
}

/// A text that users accept.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    /// Pages that show it.
    pub display_at: Vec<AgreementPage>,

    /// Whether it must be accepted.
    pub is_required: bool,

    /// Language for which it is meant.
    pub lang: Locale,

    /// The text, HTML.
    pub content: String,
}
