//! What names, codes and descriptions of departments and organisations may be.

use watchword_api::common::{LangInput, LangObject, Object};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Result, codes, text};

use super::resolve::ROOT;
use crate::user::text::{identifier, plain};

const MAX_NAME: usize = 256;
const MAX_CODE: usize = 128;
const MAX_OPEN_ID: usize = 256;
const MAX_DESCRIPTION: usize = 1024;
const MAX_KEYWORDS: usize = 256;

/// # Errors
/// 400 at `field`.
pub fn name(field: &str, given: &str) -> Result<String> {
    let empty = || Error::invalid(field, text!("must not be empty", "不能为空"));
    plain(field, given.trim(), MAX_NAME, false)?.ok_or_else(empty)
}

/// A code: compared as it is written, outer white space dropped. `root` is no code, for it names the root.
///
/// # Errors
/// 400 at `field`.
pub fn code(field: &str, given: &str) -> Result<String> {
    own(field, identifier(field, given, MAX_CODE)?.shown)
}

/// The caller's own id of a department, as [`code`].
///
/// # Errors
/// 400 at `field`.
pub fn open_id(field: &str, given: &str) -> Result<String> {
    own(field, identifier(field, given, MAX_OPEN_ID)?.shown)
}

fn own(field: &str, given: String) -> Result<String> {
    if given == ROOT {
        return Err(Error::invalid(field, text!("root names the root of the tree", "root 表示根部门，不能使用")));
    }
    Ok(given)
}

/// # Errors
/// 400 at `field`.
pub fn description(field: &str, given: &str) -> Result<Option<String>> {
    plain(field, given, MAX_DESCRIPTION, true)
}

/// Writes the languages that a request names over those that are there.
///
/// # Errors
/// 400 at `{field}.{language}.value`.
pub fn languages(field: &str, given: &LangInput, stored: &mut LangObject) -> Result<()> {
    let pairs = [
        ("zh-CN", &given.zh_cn, &mut stored.zh_cn),
        ("en-US", &given.en_us, &mut stored.en_us),
        ("zh-TW", &given.zh_tw, &mut stored.zh_tw),
        ("ja-JP", &given.ja_jp, &mut stored.ja_jp),
    ];
    for (language, given, stored) in pairs {
        if let Some(unit) = given {
            plain(&format!("{field}.{language}.value"), &unit.value, MAX_NAME, false)?;
            stored.clone_from(unit);
        }
    }
    Ok(())
}

/// Words to look for, folded.
///
/// # Errors
/// 400 at `keywords` when there are none, or too many.
pub fn keywords(given: &str) -> Result<String> {
    let folded = fold(given);
    if folded.is_empty() || folded.chars().nth(MAX_KEYWORDS).is_some() {
        let bounds = text!("must have 1 to {MAX_KEYWORDS} characters", "应为 1 到 {MAX_KEYWORDS} 个字符");
        return Err(Error::invalid("keywords", bounds));
    }
    Ok(folded)
}

/// # Errors
/// 501 at `metadata` unless it is empty: departments have no data objects.
pub fn no_metadata(given: Option<&Object>) -> Result<()> {
    if given.is_none_or(|m| m.is_empty()) {
        return Ok(());
    }
    let none = text!("departments have no data objects; use customData", "部门暂不支持数据对象，请使用 customData");
    Err(Error::new(codes::NOT_IMPLEMENTED).because(none).at("metadata"))
}
