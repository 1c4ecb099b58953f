//! Applications. Their login, registration and branding settings are in `app/config.rs`.

mod access;
mod config;
mod tenant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{FactorType, Object};

pub use access::{
    AccessRule, AccessSubject, AccessTarget, ActiveUsersOptions, AuthType, AuthorizeAccessReq, AuthsQuery,
    CheckDomainReq, DomainAvailable, ListActiveUsersReq, ListAuthsReq, ListSubjectAuthReq, PermissionStrategy,
    PermissionStrategyData, PermissionType, RevokeAccessReq, SubjectApp, SubjectAppType, SubjectAuthDetail,
    SubjectAuthQuery, SubjectAuths, SubjectKind, SubjectList, UpdateAuthEnabledReq, UpdatePermissionStrategyReq,
};
pub use config::{
    Agreement, AgreementPage, BrandingConfig, BrandingConfigReq, DefaultLoginMethod, DefaultLoginMethodReq,
    EnabledExtIdpConn, ExtIdpConnRef, GuardVersion, LoginConfig, LoginConfigReq, LoginConnection, LoginMethod,
    QrcodeType, RegisterConfig, RegisterConnection, RegisterMethod,
};
pub use tenant::{
    ListTenantApplicationsQuery, LoginPage, LoginPageConfig, PoolTenantConfig, TenantApplication, TenantConnectionsReq,
    TenantQrcodeReq, TenantSwitch, UpdateLoginPageReq,
};

wire_enum! {
    /// Kind of an application.
    #[derive(Default)]
    pub enum AppType {
        #[default]
        Web = "web",
        Spa = "spa",
        Native = "native",
        Api = "api",
        Mfa = "mfa",
        MiniProgram = "mini-program",
    }
}

wire_enum! {
    /// Protocol that an application speaks first.
    #[derive(Default)]
    pub enum AppProtocol {
        #[default]
        Oidc = "oidc",
        Oauth = "oauth",
        Saml = "saml",
        Cas = "cas",
        Asa = "asa",
    }
}

wire_enum! {
    /// What a sign-in by API does when a second factor is due: `enforce` it, or only advise it. An addition of this
    /// server.
    #[derive(Default)]
    pub enum MfaOnApiSignin {
        #[default]
        Enforce = "enforce",
        Advisory = "advisory",
    }
}

/// Body of delete-application and refresh-application-secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppIdReq {
    /// Id of the application.
    pub app_id: String,
}

/// Query of get-application, get-application-simple-info and get-application-secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppIdQuery {
    /// Id of the application.
    pub app_id: String,
}

/// Query of list-applications and list-application-simple-info.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListApplicationsQuery {
    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Only integrated applications; together with `isSelfBuiltApp` both kinds. Default false: no condition.
    pub is_integrate_app: Option<bool>,

    /// Only self-built applications. Default false: no condition.
    pub is_self_built_app: Option<bool>,

    /// Only applications with single sign-on. Default false: no condition.
    pub sso_enabled: Option<bool>,

    /// Text to look for in the name or identifier.
    pub keywords: Option<String>,

    /// Whether to search all applications. Default false. No application of a pool is left out here, so that both
    /// answer the same.
    pub all: Option<bool>,
}

/// Body of create-application.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateApplicationReq {
    /// Name of the application.
    pub app_name: String,

    /// Template of an integrated application.
    pub template: Option<String>,

    /// Data of the template, as JSON text.
    pub template_data: Option<String>,

    /// Readable name, unique among all applications; made when absent.
    pub app_identifier: Option<String>,

    /// Address of the logo.
    pub app_logo: Option<String>,

    /// Description.
    pub app_description: Option<String>,

    /// Kind. Default `web`.
    pub app_type: Option<AppType>,

    /// Protocol. Default `oidc`.
    pub default_protocol: Option<AppProtocol>,

    /// Addresses to which a sign-in may return.
    pub redirect_uris: Option<Vec<String>>,

    /// Addresses to which a sign-out may return.
    pub logout_redirect_uris: Option<Vec<String>>,

    /// Address that starts a sign-in.
    pub init_login_uri: Option<String>,

    /// Whether single sign-on is on. Default false.
    pub sso_enabled: Option<bool>,

    /// Settings of OpenID Connect, such as `id_token_expire` in seconds.
    pub oidc_config: Option<Object>,

    /// Whether the application uses SAML. Default false.
    pub saml_provider_enabled: Option<bool>,

    /// Settings of SAML.
    pub saml_config: Option<Object>,

    /// Whether the application uses OAuth 2.0. Default false.
    pub oauth_provider_enabled: Option<bool>,

    /// Settings of OAuth 2.0. `/oauth/…` follows `oidcConfig`, so that members that say anything else are refused.
    pub oauth_config: Option<Object>,

    /// Whether the application uses CAS. Default false.
    pub cas_provider_enabled: Option<bool>,

    /// Settings of CAS.
    pub cas_config: Option<Object>,

    /// How users sign in.
    pub login_config: Option<LoginConfigReq>,

    /// How users register.
    pub register_config: Option<RegisterConfig>,

    /// How the login page looks.
    pub branding_config: Option<BrandingConfigReq>,

    /// What a sign-in by API does when a second factor is due. Default `enforce`. An addition of this server.
    pub mfa_on_api_signin: Option<MfaOnApiSignin>,
}

/// Body of update-application. What is absent stays as it is, inside of the objects, too.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateApplicationReq {
    /// Id of the application.
    pub app_id: String,

    /// Name.
    pub app_name: Option<String>,

    /// Data of the template; templates are not supported.
    pub template_data: Option<String>,

    /// Readable name, unique among all applications.
    pub app_identifier: Option<String>,

    /// Address of the logo.
    pub app_logo: Option<String>,

    /// Description.
    pub app_description: Option<String>,

    /// Protocol: `oidc`.
    pub default_protocol: Option<AppProtocol>,

    /// Addresses to which a sign-in may return.
    pub redirect_uris: Option<Vec<String>>,

    /// Addresses to which a sign-out may return.
    pub logout_redirect_uris: Option<Vec<String>>,

    /// Address that starts a sign-in.
    pub init_login_uri: Option<String>,

    /// Whether single sign-on is on.
    pub sso_enabled: Option<bool>,

    /// Settings of OpenID Connect, such as `id_token_expire` in seconds.
    pub oidc_config: Option<Object>,

    /// Whether the application uses SAML, which is not supported.
    pub saml_provider_enabled: Option<bool>,

    /// Settings of SAML, which is not supported.
    pub saml_config: Option<Object>,

    /// Whether the application uses OAuth 2.0.
    pub oauth_provider_enabled: Option<bool>,

    /// Settings of OAuth 2.0. `/oauth/…` follows `oidcConfig`, so that members that say anything else are refused.
    pub oauth_config: Option<Object>,

    /// Whether the application uses CAS, which is not supported.
    pub cas_provider_enabled: Option<bool>,

    /// Settings of CAS, which is not supported.
    pub cas_config: Option<Object>,

    /// How users sign in.
    pub login_config: Option<LoginConfigReq>,

    /// How users register.
    pub register_config: Option<RegisterConfig>,

    /// How the login page looks.
    pub branding_config: Option<BrandingConfigReq>,

    /// Whether the application panel shows it; there is none.
    pub sso_show_launchpad: Option<bool>,

    /// Whether users may apply for access, which is not supported.
    pub enable_permission_apply: Option<bool>,
}

/// An application.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Id, 24 hex digits; the client id of OpenID Connect.
    pub app_id: String,

    /// Readable name, unique among all applications.
    pub app_identifier: String,

    /// Name.
    pub app_name: String,

    /// Address of the logo.
    pub app_logo: String,

    /// Description.
    pub app_description: Option<String>,

    /// Kind.
    pub app_type: AppType,

    /// Id of the user pool.
    pub user_pool_id: String,

    /// Whether it was made from a template.
    pub is_integrate_app: bool,

    /// Protocol that it speaks first.
    pub default_protocol: AppProtocol,

    /// Addresses to which a sign-in may return.
    pub redirect_uris: Vec<String>,

    /// Addresses to which a sign-out may return.
    pub logout_redirect_uris: Vec<String>,

    /// Address that starts a sign-in.
    pub init_login_uri: String,

    /// Whether single sign-on is on.
    pub sso_enabled: bool,

    /// When single sign-on was switched on, RFC 3339.
    pub sso_enabled_at: Option<String>,

    /// How users sign in.
    pub login_config: LoginConfig,

    /// How users register.
    pub register_config: RegisterConfig,

    /// How the login page looks.
    pub branding_config: BrandingConfig,

    /// Settings of OpenID Connect. Never holds the client secret.
    pub oidc_config: Object,

    /// Whether the application uses SAML.
    pub saml_provider_enabled: bool,

    /// Settings of SAML.
    pub saml_config: Option<Object>,

    /// Whether the application uses OAuth 2.0.
    pub oauth_provider_enabled: bool,

    /// Settings of OAuth 2.0, as they follow from `oidcConfig`.
    pub oauth_config: Option<Object>,

    /// Whether the application uses CAS.
    pub cas_provider_enabled: bool,

    /// Settings of CAS.
    pub cas_config: Option<Object>,

    /// Whether the application has a login page of its own look.
    pub custom_branding_enabled: bool,

    /// Whether the application has security rules of its own.
    pub custom_security_enabled: bool,

    /// Template of an integrated application.
    pub template: Option<String>,

    /// What a sign-in by API does when a second factor is due. An addition of this server.
    pub mfa_on_api_signin: MfaOnApiSignin,
}

/// An application in short.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSimpleInfo {
    /// Id, 24 hex digits.
    pub app_id: String,

    /// Readable name, unique among all applications.
    pub app_identifier: String,

    /// Name.
    pub app_name: String,

    /// Address of the logo.
    pub app_logo: String,

    /// Description.
    pub app_description: Option<String>,

    /// Kind.
    pub app_type: AppType,

    /// Whether it was made from a template.
    pub is_integrate_app: bool,
}

/// Answer of get-application-secret and refresh-application-secret.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSecret {
    /// Client secret of the application.
    pub secret: String,
}

quiet_debug!(ApplicationSecret);

/// Body of update-application-mfa-settings. A factor that neither list names stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateApplicationMfaSettingsReq {
    /// Id of the application.
    pub app_id: String,

    /// Factors to switch on. Default none.
    pub enabled_factors: Option<Vec<FactorType>>,

    /// Factors to switch off. Default none.
    pub disabled_factors: Option<Vec<FactorType>>,

    /// What a sign-in by API does when a second factor is due; unchanged when absent. An addition of this server.
    pub mfa_on_api_signin: Option<MfaOnApiSignin>,
}
