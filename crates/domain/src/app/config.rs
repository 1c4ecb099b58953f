//! The settings of an application that are kept as one JSON object.

use serde::{Deserialize, Serialize};
use watchword_api::app::{
    AppProtocol, BrandingConfig, BrandingConfigReq, DefaultLoginMethod, DefaultLoginMethodReq, LoginConfig,
    LoginConfigReq, LoginConnection, LoginMethod, RegisterConfig, RegisterConnection, RegisterMethod,
};
use watchword_api::common::{Locale, Object};
use watchword_kit::{Error, Result, Text, codes, text};

use super::{client, rules};

/// Bytes of JSON that one protocol's settings may have.
const MAX_OBJECT: usize = 16 * 1024;

/// Stored in `applications.config`. Members that a stored object lacks have their default.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppConfig {
    pub login: LoginConfig,
    pub register: RegisterConfig,
    pub branding: BrandingConfig,
    /// Whether the branding was given for this application.
    pub own_branding: bool,
    pub oidc: Object,
    pub saml: Option<Object>,
    pub cas: Option<Object>,
}

impl AppConfig {
    /// Of the application that comes with a pool: users may register, too.
    pub fn open() -> AppConfig {
        let mut config = AppConfig::default();
        config.register.enabled_basic_register_methods = RegisterMethod::ALL.to_vec();
        config
    }
}

impl Default for AppConfig {
    fn default() -> Self {
        AppConfig {
            login: LoginConfig {
                // An application that says nothing of sign-ins lets users in by every way that this server has; one
                // that says something but not which, by those of the contract.
                enabled_basic_login_methods: LoginMethod::ALL
                    .iter()
                    .copied()
                    .filter(|way| *way != LoginMethod::SelfBuiltAppQrcode)
                    .collect(),
                ..LoginConfig::default()
            },
            register: RegisterConfig {
                enabled_basic_register_methods: Vec::new(),
                default_register_method: RegisterConnection::Passcode,
            },
            branding: BrandingConfig::default(),
            own_branding: false,
            oidc: client::defaults(),
            saml: None,
            cas: None,
        }
    }
}

/// Settings of OAuth 2.0 as the older clients write them. Its endpoints serve the grants, lifetimes and methods of
/// `oidcConfig`, so that there is nothing else to say here: `given` may repeat them.
///
/// # Errors
/// 501 at the first member that says something else.
pub(super) fn oauth(given: Option<Object>, oidc: &Object) -> Result<()> {
    let Some(given) = given else { return Ok(()) };
    bounded("oauthConfig", &given)?;
    let in_force = as_oauth(oidc);
    match given.iter().find(|(name, value)| in_force.get(*name) != Some(*value)) {
        None => Ok(()),
        Some((name, _)) => {
            let detail = text!(
                "/oauth/ follows oidcConfig: leave this out, or repeat what is in force there",
                "/oauth/ 遵循 oidcConfig：请省略此项，或与其保持一致"
            );
            Err(unsupported(detail).at(member(name)).at("oauthConfig"))
        }
    }
}

/// What the endpoints of OAuth 2.0 do, in the words of `oauthConfig`.
pub(super) fn as_oauth(oidc: &Object) -> Object {
    const NAMES: [(&str, &str); 5] = [
        ("grants", "grant_types"),
        ("access_token_lifetime", "access_token_expire"),
        ("refresh_token_lifetime", "refresh_token_expire"),
        ("introspection_endpoint_auth_method", "introspection_endpoint_auth_method"),
        ("revocation_endpoint_auth_method", "revocation_endpoint_auth_method"),
    ];
    NAMES.iter().filter_map(|(name, from)| Some(((*name).to_owned(), oidc.get(*from)?.clone()))).collect()
}

pub(super) fn bounded(field: &'static str, object: &Object) -> Result<()> {
    let size = serde_json::to_string(object).map_err(Error::internal)?.len();
    if size > MAX_OBJECT {
        return Err(Error::invalid(field, text!("larger than {MAX_OBJECT} bytes", "超过 {MAX_OBJECT} 字节")));
    }
    Ok(())
}

/// A member's name as part of a path: the caller's own text, so only a plain and short piece of it.
pub(super) fn member(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// How users sign in. External identity providers and QR codes do not exist yet, so that naming them is refused.
pub(super) fn login(given: LoginConfigReq) -> Result<LoginConfig> {
    let at = |field: &str| format!("loginConfig.{field}");
    if given.enabled_ext_idp_conn_ids.is_some_and(|ids| !ids.is_empty()) {
        return Err(Error::invalid(
            at("enabledExtIdpConnIds[0].extIdpConnId"),
            text!("no such connection: this user pool has none", "身份源连接不存在：此用户池没有身份源连接"),
        ));
    }
    if given.enabled_all_ext_idp_conns == Some(true) {
        return Err(unsupported(no_idp()).at(at("enabledAllExtIdpConns")));
    }
    let methods = given.enabled_basic_login_methods;
    let methods = methods.unwrap_or_else(|| vec![LoginMethod::EmailCode, LoginMethod::EmailPassword]);
    if let Some(i) = methods.iter().position(|m| *m == LoginMethod::SelfBuiltAppQrcode) {
        return Err(unsupported(no_qr()).at(at(&format!("enabledBasicLoginMethods[{i}]"))));
    }
    Ok(LoginConfig {
        merge_login_and_register_page: given.merge_login_and_register_page.unwrap_or(false),
        enabled_basic_login_methods: rules::distinct(methods),
        default_login_method: default_method(given.default_login_method).map_err(|e| e.at(at("defaultLoginMethod")))?,
        enabled_ext_idp_conns: Vec::new(),
        show_authorization_page: given.show_authorization_page,
    })
}

fn default_method(given: Option<DefaultLoginMethodReq>) -> Result<DefaultLoginMethod> {
    let Some(given) = given else { return Ok(DefaultLoginMethod::default()) };
    match given.connection_type {
        LoginConnection::Password | LoginConnection::Passcode => {}
        LoginConnection::Qrcode => return Err(unsupported(no_qr()).at("connectionType")),
        LoginConnection::Ldap | LoginConnection::Ad => return Err(unsupported(no_idp()).at("connectionType")),
    }
    if given.qrcode_type.is_some() {
        return Err(unsupported(no_qr()).at("qrcodeType"));
    }
    let named = [
        ("qrcodeExtIdpConnId", given.qrcode_ext_idp_conn_id),
        ("adExtIdpConnId", given.ad_ext_idp_conn_id),
        ("ldapExtIdpConnId", given.ldap_ext_idp_conn_id),
    ];
    for (field, id) in named {
        if id.is_some_and(|id| !id.is_empty()) {
            return Err(Error::invalid(field, text!("no such connection", "身份源连接不存在")));
        }
    }
    Ok(DefaultLoginMethod { connection_type: given.connection_type, ..DefaultLoginMethod::default() })
}

/// How the login page looks. What the plain pages do not do is refused.
pub(super) fn branding(given: BrandingConfigReq) -> Result<BrandingConfig> {
    let defaults = BrandingConfig::default();
    let at = |field: &str| format!("brandingConfig.{field}");
    let plain = || unsupported(text!("the login page has one plain look", "登录页暂不支持自定义样式"));
    let empty = |text: &Option<String>| text.as_ref().is_none_or(|t| t.is_empty());
    for (field, unset) in [
        ("customCSSEnabled", given.custom_css_enabled != Some(true)),
        ("customCSS", empty(&given.custom_css)),
        ("customBackground", empty(&given.custom_background)),
        ("customLoadingImage", empty(&given.custom_loading_image)),
        ("guardVersion", given.guard_version.is_none_or(|v| v == defaults.guard_version)),
    ] {
        if !unset {
            return Err(plain().at(at(field)));
        }
    }
    if matches!(given.default_language, Some(Locale::ZhTw | Locale::JaJp)) {
        let detail = text!("the pages are in zh-CN and en-US", "登录页仅有 zh-CN 和 en-US 两种语言");
        return Err(unsupported(detail).at(at("defaultLanguage")));
    }
    Ok(BrandingConfig {
        show_change_language_button: given.show_change_language_button.unwrap_or(defaults.show_change_language_button),
        default_language: given.default_language.unwrap_or(defaults.default_language),
        show_forget_password_button: given.show_forget_password_button.unwrap_or(defaults.show_forget_password_button),
        show_enterprise_connections: given.show_enterprise_connections.unwrap_or(defaults.show_enterprise_connections),
        show_social_connections: given.show_social_connections.unwrap_or(defaults.show_social_connections),
        ..defaults
    })
}

pub(super) fn register(given: RegisterConfig) -> RegisterConfig {
    RegisterConfig {
        enabled_basic_register_methods: rules::distinct(given.enabled_basic_register_methods),
        default_register_method: given.default_register_method,
    }
}

pub(super) fn unsupported(detail: Text) -> Error {
    Error::new(codes::NOT_IMPLEMENTED).because(detail)
}

/// What a request to make or change an application says of protocols and templates.
pub(super) struct Elsewhere<'a> {
    pub template_data: Option<&'a String>,
    pub default_protocol: Option<AppProtocol>,
    pub saml: Option<bool>,
    pub oauth: Option<bool>,
    pub cas: Option<bool>,
    pub saml_config: Option<&'a Object>,
    pub cas_config: Option<&'a Object>,
}

impl Elsewhere<'_> {
    /// # Errors
    /// 501 at the first member that this server cannot serve.
    pub fn refuse(self) -> Result<()> {
        if self.template_data.is_some_and(|t| !t.is_empty()) {
            return Err(no_templates().at("templateData"));
        }
        let unserved = [
            ("defaultProtocol", self.default_protocol.is_some_and(|p| p != AppProtocol::Oidc)),
            ("samlProviderEnabled", self.saml == Some(true)),
            ("oauthProviderEnabled", self.oauth == Some(true)),
            ("casProviderEnabled", self.cas == Some(true)),
            ("samlConfig", self.saml_config.is_some_and(|c| !c.is_empty())),
            ("casConfig", self.cas_config.is_some_and(|c| !c.is_empty())),
        ];
        match unserved.iter().find(|(_, asked)| *asked) {
            Some((field, _)) => {
                Err(unsupported(text!("only OpenID Connect is supported", "目前仅支持 OIDC 协议")).at(*field))
            }
            None => Ok(()),
        }
    }
}

pub(super) fn no_templates() -> Error {
    unsupported(text!("integrated applications are not supported", "暂不支持集成应用"))
}

/// What a request would say to get this.
pub(super) fn as_given(method: &DefaultLoginMethod) -> DefaultLoginMethodReq {
    DefaultLoginMethodReq {
        connection_type: method.connection_type,
        qrcode_type: method.qrcode_type,
        qrcode_ext_idp_conn_id: method.qrcode_ext_idp_conn_id.clone(),
        ad_ext_idp_conn_id: method.ad_ext_idp_conn_id.clone(),
        ldap_ext_idp_conn_id: method.ldap_ext_idp_conn_id.clone(),
    }
}

fn no_idp() -> Text {
    text!("external identity providers are not supported", "暂不支持外部身份源")
}

fn no_qr() -> Text {
    text!("sign-in by QR code is not supported", "暂不支持扫码登录")
}
