//! What the codes, names and lists of the directory may be.

use watchword_kit::{Error, Result, codes, text};

use crate::user::text::plain;

/// Longest code and name, in characters.
const MAX_NAME: usize = 50;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 200;

/// 501 for what would be about a tenant.
pub fn tenants() -> Error {
    Error::new(codes::NOT_IMPLEMENTED).because(text!("tenants are not supported", "暂不支持租户"))
}

/// # Errors
/// 501 at `field` when a tenant is named.
pub fn no_tenant(id: Option<&str>, field: &str) -> Result<()> {
    if id.is_none_or(str::is_empty) { Ok(()) } else { Err(tenants().at(field)) }
}

/// # Errors
/// 400 at `field` unless there are 1 to `max`.
pub fn count(field: &str, n: usize, max: usize) -> Result<()> {
    if (1..=max).contains(&n) {
        return Ok(());
    }
    Err(Error::invalid(field, text!("must have 1 to {max} items", "应有 1 到 {max} 项")))
}

/// # Errors
/// 400 at the second of two equal items.
pub fn once(field: &str, items: &[String]) -> Result<()> {
    for (i, item) in items.iter().enumerate() {
        if items[..i].contains(item) {
            return Err(Error::invalid(format!("{field}[{i}]"), text!("given twice", "重复")));
        }
    }
    Ok(())
}

/// A code of a role or group.
///
/// # Errors
/// 400 at `field` unless it has 1 to 50 letters, digits, `-` and `_`.
pub fn code(field: &str, given: &str) -> Result<String> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if (1..=MAX_NAME).contains(&given.len()) && given.bytes().all(fine) {
        return Ok(given.to_owned());
    }
    let detail = text!("1 to {MAX_NAME} letters, digits, - and _", "应为 1 到 {MAX_NAME} 个字母、数字、- 和 _");
    Err(Error::invalid(field, detail))
}

/// A name of a role or group, without outer white space.
///
/// # Errors
/// 400 at `field` when it is empty or longer than 50 characters.
pub fn name(field: &str, given: &str) -> Result<String> {
    let empty = || Error::invalid(field, text!("must not be empty", "不能为空"));
    plain(field, given.trim(), MAX_NAME, false)?.ok_or_else(empty)
}

/// # Errors
/// 400 at `description` when it is longer than 200 characters.
pub fn description(given: Option<String>) -> Result<String> {
    Ok(plain("description", &given.unwrap_or_default(), MAX_DESCRIPTION, true)?.unwrap_or_default())
}
