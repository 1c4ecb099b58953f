//! What is the user's own: sign-ins, applications, roles, groups, departments, resources.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::ResourceType;
use crate::department::{SortDirection, UserDepartmentSortBy};

/// Query of get-my-login-history.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyLoginHistoryQuery {
    /// Only sign-ins to this application.
    pub app_id: Option<String>,

    /// Only sign-ins from this address.
    pub client_ip: Option<String>,

    /// Only sign-ins that succeeded, or only those that failed. Default: both.
    pub success: Option<bool>,

    /// Only sign-ins at this moment or later; Unix time in milliseconds.
    pub start: Option<i64>,

    /// Only sign-ins at this moment or earlier; Unix time in milliseconds.
    pub end: Option<i64>,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,
}

/// A sign-in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyLogin {
    /// Id of the user.
    pub user_id: String,

    /// Id of the application.
    pub app_id: String,

    /// Name of the application; empty once it is deleted.
    pub app_name: String,

    /// Where one signs in to the application.
    pub app_login_url: String,

    /// Address of the application's logo.
    pub app_logo: String,

    /// When.
    pub login_at: String,

    /// Address of the client.
    pub client_ip: String,

    /// Whether it succeeded.
    pub success: bool,

    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,

    /// User agent of the client; empty where it sends none.
    pub user_agent: String,

    /// What the user agent tells.
    pub parsed_user_agent: ParsedUserAgent,

    /// How (RFC 8176), with commas between: `pwd`, `sms`, `email`, `otp`, `rc` recovery code, `mfa` more than one.
    pub login_method: String,

    /// Where the client was. Always absent: this server asks nobody where addresses are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geoip: Option<GeoIp>,

    /// Id of the tenant. Always absent: there are no tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// What a user agent tells; empty where it tells nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParsedUserAgent {
    /// Kind of device.
    pub device: String,

    /// Name of the browser.
    pub browser: String,

    /// Operating system.
    pub os: String,
}

/// Where an address is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GeoIp {
    /// Where on Earth.
    pub location: GeoPoint,
    /// Name of the country.
    pub country_name: String,
    /// ISO 3166-1 code of two letters.
    pub country_code2: String,
    /// ISO 3166-1 code of three letters.
    pub country_code3: String,
    /// Name of the region.
    pub region_name: String,
    /// Code of the region.
    pub region_code: String,
    /// Name of the city.
    pub city_name: String,
    /// Code of the continent.
    pub continent_code: String,
    /// Time zone.
    pub timezone: String,
}

/// Where on Earth, in degrees.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GeoPoint {
    /// Longitude.
    pub lon: f64,
    /// Latitude.
    pub lat: f64,
}

/// An application of the user.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyApp {
    /// Id of the application.
    pub app_id: String,

    /// Name of the application.
    pub app_name: String,

    /// Where one signs in to the application.
    pub app_login_url: String,

    /// Address of the application's logo.
    pub app_logo: String,

    /// Whether the user has a live session there.
    pub active: bool,
}

/// A tenant of the user.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyTenant {
    /// Id of the tenant.
    pub tenant_id: String,

    /// Name of the tenant.
    pub tenant_name: String,

    /// When the user joined.
    pub join_at: String,
}

/// Query of get-my-role-list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyRolesQuery {
    /// Code of the permission space. Default: every one.
    pub namespace: Option<String>,
}

/// Query of get-my-department-list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyDepartmentsQuery {
    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// By what to sort. Default `JoinDepartmentAt`.
    pub sort_by: Option<UserDepartmentSortBy>,

    /// The direction. Default `Desc`.
    pub order_by: Option<SortDirection>,
}

/// Query of get-my-authorized-resources.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyResourcesQuery {
    /// Code of the permission space. Without effect while there are no resources.
    pub namespace: Option<String>,

    /// Kind of resource. Without effect while there are no resources.
    pub resource_type: Option<ResourceType>,
}
