//! Users of GenAuth: the answer of list-users, whose names ours are.

use serde_json::Value;
use watchword_kit::Result;

use crate::Object;
use crate::column;

/// Where the users of a page are.
pub const NAMES: &[&str] = &["data", "list"];

/// One user. What this server knows no column for stays behind; so do null and empty values.
///
/// # Errors
/// None so far.
pub fn user(from: Object) -> Result<Object> {
    let known = |name: &String| column::COLUMNS.iter().any(|c| c.name == name);
    let filled = |value: &Value| !value.is_null() && value.as_str() != Some("");
    let mut to: Object = from.into_iter().filter(|(name, value)| known(name) && filled(value)).collect();
    if !to.contains_key("phone") {
        to.remove("phoneVerified");
        to.remove("phoneCountryCode");
    }
    if !to.contains_key("email") {
        to.remove("emailVerified");
    }
    if to.get("customData").is_some_and(|v| !v.is_object()) {
        to.remove("customData");
    }
    // Departments and providers of the other system are not those of this one.
    to.remove("departmentIds");
    to.remove("mainDepartmentId");
    to.remove("identities");
    Ok(to)
}
