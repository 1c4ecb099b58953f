//! The texts of a user: what may be in them, how long they may be, and the forms in which identifiers are compared.

use watchword_kit::unicode::{fold, is_plain};
use watchword_kit::{Error, Result, text};

use crate::message;

/// Longest user name and external id, in characters.
pub const MAX_NAME: usize = 128;
/// Longest external id, in characters.
pub const MAX_EXTERNAL_ID: usize = 256;
/// Longest e-mail address, in bytes (RFC 5321 §4.5.3.1.3 less its angle brackets).
const MAX_EMAIL: usize = 254;

/// An identifier as it is shown and as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    pub shown: String,
    pub key: String,
}

/// A user name or external id: 1 to `max` characters without controls, invisible or bidirectional ones; outer white
/// space is dropped.
///
/// # Errors
/// 400 at `field`.
pub fn identifier(field: &str, given: &str, max: usize) -> Result<Identifier> {
    let shown = given.trim();
    let key = fold(shown);
    if key.is_empty() {
        return Err(Error::invalid(
            field,
            text!("must not be empty; leave it out instead", "不能为空；没有值时请不要传"),
        ));
    }
    too_long(field, shown, max)?;
    too_long(field, &key, max * 2)?;
    if !shown.chars().chain(key.chars()).all(is_plain) {
        return Err(forbidden(field));
    }
    Ok(Identifier { shown: shown.to_owned(), key })
}

/// An e-mail address, shown as given and compared as messages to it are counted.
///
/// # Errors
/// 400 at `field`.
pub fn email(field: &str, given: &str) -> Result<Identifier> {
    let key = message::normalise_email(given).map_err(|e| e.at(field))?;
    let shown = given.trim();
    if shown.len() > MAX_EMAIL || !shown.chars().all(is_plain) {
        return Err(forbidden(field));
    }
    Ok(Identifier { shown: shown.to_owned(), key })
}

/// A descriptive text of at most `max` characters. An empty one is no value.
///
/// # Errors
/// 400 at `field` for controls and bidirectional formatting; line breaks are fine where `lines` says so.
pub fn plain(field: &str, given: &str, max: usize, lines: bool) -> Result<Option<String>> {
    if given.is_empty() {
        return Ok(None);
    }
    too_long(field, given, max)?;
    // Joiners make up emoji and some scripts; here nothing is compared by eye.
    let fine = |c: char| is_plain(c) || matches!(c, '\u{200c}' | '\u{200d}') || (lines && matches!(c, '\n' | '\r'));
    if !given.chars().all(fine) {
        return Err(forbidden(field));
    }
    Ok(Some(given.to_owned()))
}

/// An address of a page or picture that pages of ours may show: nothing that runs as a script.
///
/// # Errors
/// 400 at `field`.
pub fn link(field: &str, given: &str) -> Result<Option<String>> {
    let start: String = given.trim_start().chars().take(16).collect::<String>().to_ascii_lowercase();
    if ["javascript:", "vbscript:", "data:text"].iter().any(|scheme| start.starts_with(scheme)) {
        return Err(Error::invalid(field, text!("scripts are no address", "不允许脚本地址")));
    }
    plain(field, given, 2048, false)
}

/// `YYYY-MM-DD`, or `YYYY`, or `0000-MM-DD` without the year (OpenID Connect Core §5.1).
///
/// # Errors
/// 400 at `field`.
pub fn birthdate(field: &str, given: &str) -> Result<Option<String>> {
    if given.is_empty() {
        return Ok(None);
    }
    let year = given.len() == 4 && given.bytes().all(|b| b.is_ascii_digit());
    let dated = given.strip_prefix("0000-").map_or_else(|| given.to_owned(), |rest| format!("2000-{rest}"));
    if year || (dated.len() == 10 && watchword_kit::Millis::parse_iso(&dated).is_some()) {
        return Ok(Some(given.to_owned()));
    }
    Err(Error::invalid(field, text!("must be a date, YYYY-MM-DD", "应为日期，格式 YYYY-MM-DD")))
}

fn too_long(field: &str, s: &str, max: usize) -> Result<()> {
    if s.chars().nth(max).is_some() {
        return Err(Error::invalid(field, text!("longer than {max} characters", "超过 {max} 个字符")));
    }
    Ok(())
}

fn forbidden(field: &str) -> Error {
    Error::invalid(
        field,
        text!(
            "control, invisible and bidirectional characters are not allowed",
            "不允许控制字符、不可见字符和双向排版字符"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters() {
        assert!(identifier("username", &"王".repeat(MAX_NAME), MAX_NAME).is_ok());
        assert!(identifier("username", &"王".repeat(MAX_NAME + 1), MAX_NAME).is_err());
    }

    #[test]
    fn invisible_characters_are_no_part_of_a_name_but_joiners_are_part_of_an_emoji() {
        assert!(identifier("username", "ad\u{200b}min", 64).is_err());
        assert!(identifier("username", "nim\u{202e}da", 64).is_err());
        assert!(plain("nickname", "👨\u{200d}👩\u{200d}👧", 64, false).is_ok());
        assert!(plain("nickname", "nim\u{202e}da", 64, false).is_err());
        assert!(
            plain("nickname", "two\nlines", 64, false).is_err() && plain("address", "two\nlines", 64, true).is_ok()
        );
    }

    #[test]
    fn dates_are_dates() {
        for good in ["1999-12-31", "1999", "0000-02-29"] {
            assert!(birthdate("birthdate", good).is_ok(), "{good}");
        }
        for bad in ["1999-13-01", "31.12.1999", "yesterday", "1999-12-31T00:00:00Z"] {
            assert!(birthdate("birthdate", bad).is_err(), "{bad}");
        }
    }
}
