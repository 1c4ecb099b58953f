//! What is said of tenants, which this server does not have.

use watchword_api::app::ListTenantApplicationsQuery;
use watchword_kit::{Error, Result, text};

use super::config::unsupported;
use crate::user::search::page;

/// # Errors
/// 400 outside the bounds of a page.
pub fn no_tenant_apps(query: &ListTenantApplicationsQuery) -> Result<()> {
    let number = |field: &str, text: &str| {
        text.parse::<i64>().map_err(|_| Error::invalid(field, text!("a whole number", "应为整数")))
    };
    page(Some(number("page", &query.page)?), Some(number("limit", &query.limit)?), "").map(drop)
}

/// 501.
pub fn no_login_page() -> Error {
    unsupported(text!(
        "the login page has one plain look; update-application says what it offers",
        "登录页暂不支持自定义；登录方式请通过 update-application 配置"
    ))
}
