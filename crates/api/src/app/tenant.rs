//! Applications and login pages of tenants, which this server does not have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LoginConfig;
use crate::common::Object;

wire_enum! {
    /// Where a user may change the tenant.
    pub enum TenantSwitch {
        Console = "tenant-console",
        App = "tenant-app",
        Launchpad = "tenant-launpad",
    }
}

/// Query of list-tenant-applications.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListTenantApplicationsQuery {
    /// Page number, from 1.
    pub page: String,

    /// Rows per page, 1 to 50.
    pub limit: String,

    /// Part of a name; there is nothing to be found.
    pub keywords: String,

    /// Only applications with single sign-on; there are none.
    pub sso_enabled: bool,
}

/// An application of a tenant.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantApplication {
    /// Id of the user pool.
    pub user_pool_id: String,

    /// Id of the application.
    pub tenant_app_id: String,

    /// Name.
    pub name: String,

    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,

    /// Address of the logo.
    pub logo: String,

    /// Kind.
    pub application_type: String,

    /// Whether single sign-on is on.
    pub sso_enabled: bool,

    /// Id of the application.
    pub app_id: String,
}

/// Body of update-login-page-config and update-userpool-tenant-config, both of which are refused.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct UpdateLoginPageReq {
    /// What would be changed.
    pub update: LoginPage,
}

/// How a login page of tenants would look.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginPage {
    /// Order of the tabs.
    pub tab_methods_sort_config: Object,

    /// Order of the QR codes.
    pub qr_code_sort_config: Object,

    /// Look of the page.
    pub sso_page_customization_settings: Object,

    /// The tab for passwords.
    pub password_tab_config: Object,

    /// The tab for codes.
    pub verify_code_tab_config: Object,

    /// Settings of the page.
    pub config: LoginPageConfig,

    /// Whether users make tenants.
    pub enable_create_tenant: bool,

    /// Where.
    pub create_tenant_scenes: Vec<String>,

    /// Whether users join tenants.
    pub enable_join_tenant: bool,

    /// Where.
    pub join_tenant_scenes: Vec<String>,

    /// Whether the domain of a company is verified.
    pub enable_verify_domain: bool,

    /// Where.
    pub verify_domain_scenes: Vec<String>,
}

/// Settings of the whole page.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct LoginPageConfig {
    /// Settings of the whole page.
    pub global: Object,
}

/// Answer of userpool-tenant-config, which is refused.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolTenantConfig {
    /// Id of the user pool.
    pub user_pool_id: String,

    /// Whether the pool is a tenant itself.
    pub is_user_pool_as_tenant: bool,

    /// Where a user may change the tenant.
    pub enable_switch_type: TenantSwitch,

    /// Style sheet.
    pub css: String,

    /// Whether it applies.
    pub css_enabled: bool,

    /// Picture shown while loading.
    pub custom_loading: String,

    /// Whether the version of the login box can be changed.
    pub enable_guard_version_switch: bool,

    /// Version of the login box.
    pub guard_version: String,

    /// Background while loading.
    pub loading_background: String,

    /// Whether users make tenants.
    pub enable_create_tenant: bool,

    /// Where.
    pub create_tenant_scenes: Vec<String>,

    /// Whether users join tenants.
    pub enable_join_tenant: bool,

    /// Where.
    pub join_tenant_scenes: Vec<String>,

    /// Whether the domain of a company is verified.
    pub enable_verify_domain: bool,

    /// Where.
    pub verify_domain_scenes: Vec<String>,

    /// Look of the page.
    pub sso_page_customization_settings: Object,

    /// Whether users choose a portal.
    pub enable_multiple_tenant_portal: bool,

    /// How users sign in.
    pub login_config: LoginConfig,
}

/// Body of update-userpool-tenant-appqrcode-state, which is refused.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TenantQrcodeReq {
    /// Whether sign-in by QR code would be on.
    pub enabled: bool,
}

/// Body of change-userpool-tenant-ext-idp-conn-state, which is refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantConnectionsReq {
    /// Ids of connections to external identity providers.
    pub conn_ids: Vec<String>,

    /// Whether they would be on.
    pub enabled: bool,
}
