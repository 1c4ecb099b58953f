//! Sign-ins of a user, and the applications that a user can enter or has entered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::UserIdType;

/// Query of get-user-login-history.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginHistoryQuery {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,

    /// Only sign-ins to this application.
    pub app_id: Option<String>,

    /// Only sign-ins from this address.
    pub client_ip: Option<String>,

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

    /// Whether to return attempts that failed, too. Default false.
    pub with_failures: Option<bool>,
}

/// A sign-in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginRecord {
    /// Id of the application.
    pub app_id: String,

    /// Name of the application; empty once it is deleted.
    pub app_name: String,

    /// Address of the application's logo.
    pub app_logo: String,

    /// Where one signs in to the application.
    pub app_login_url: String,

    /// Address of the client.
    pub client_ip: String,

    /// User agent of the client.
    pub user_agent: Option<String>,

    /// When.
    pub time: String,

    /// How (RFC 8176): `pwd` password, `sms`, `email`, `otp`, `rc` recovery code, `mfa` more than one; of a failed
    /// attempt what was tried last.
    pub methods: Vec<String>,

    /// Whether it succeeded.
    pub success: bool,
}

/// An application that a user has signed in to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedInApp {
    /// Id of the application.
    pub app_id: String,

    /// Name of the application.
    pub app_name: String,

    /// Address of the application's logo.
    pub app_logo: String,

    /// Where one signs in to the application.
    pub app_login_url: String,
}

wire_enum! {
    /// Who may enter an application unless a rule says otherwise.
    pub enum LoginStrategy {
        AllowAll = "ALLOW_ALL",
        DenyAll = "DENY_ALL",
    }
}

/// An application that a user may enter.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessibleApp {
    /// Id of the application.
    pub app_id: String,

    /// Name of the application.
    pub app_name: String,

    /// Address of the application's logo.
    pub app_logo: String,

    /// Where one signs in to the application.
    pub app_login_url: String,

    /// Who may enter unless a rule says otherwise.
    pub app_default_login_strategy: LoginStrategy,
}
