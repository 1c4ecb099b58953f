//! Phone numbers: shown without their country code, compared as E.164.

use watchword_kit::unicode::fold;

use crate::message;

/// A phone number, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Digits without the country code.
    pub number: String,
    /// `+` and digits.
    pub country_code: String,
    /// `+` and at most 15 digits (ITU-T E.164), the form in which numbers are compared.
    pub e164: String,
}

/// Reads a number with or without its country code in front (`13800138000`, `+1 415-555-0123`), as
/// [`message::normalise_phone`] does. `country_code` (`+86`, `1`, `+1-684`) applies to a number without one, and must
/// agree with one that a number has. `None` for what is no phone number.
pub fn read(number: &str, country_code: Option<&str>) -> Option<Phone> {
    if number.len() > 64 {
        return None;
    }
    let given = match country_code {
        Some(code) => Some(code_digits(code)?),
        None => None,
    };
    let folded = fold(number);
    let e164 = match &given {
        // A code of a country and an area within its plan, such as +1-684.
        Some(code) if code.len() > 3 && !folded.starts_with('+') => {
            message::normalise_phone(&format!("+{code}{folded}"), None).ok()?
        }
        Some(code) => message::normalise_phone(&folded, Some(code)).ok()?,
        None => message::normalise_phone(&folded, None).ok()?,
    };
    let code = match given {
        Some(code) => code,
        None => phonenumber::parse(None, &e164).ok()?.code().value().to_string(),
    };
    let number = e164.strip_prefix('+')?.strip_prefix(&code).filter(|n| !n.is_empty())?.to_owned();
    Some(Phone { number, country_code: format!("+{code}"), e164 })
}

/// Whether this can be a country code.
pub fn is_country_code(code: &str) -> bool {
    code_digits(code).is_some()
}

fn code_digits(code: &str) -> Option<String> {
    let folded = fold(code);
    let code = folded.strip_prefix('+').or_else(|| folded.strip_prefix("00")).unwrap_or(&folded);
    let code: String = code.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let fits = (1..=6).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()) && !code.starts_with('0');
    fits.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(number: &str, code: Option<&str>) -> Option<String> {
        read(number, code).map(|p| p.e164)
    }

    #[test]
    fn a_number_without_a_country_code_is_chinese() {
        let phone = read("138 0013-8000", None).unwrap();
        assert_eq!(
            phone,
            Phone { number: "13800138000".into(), country_code: "+86".into(), e164: "+8613800138000".into() }
        );
        assert_eq!(read("+86 13800138000", None), Some(phone.clone()));
        assert_eq!(read("１３８００１３８０００", Some("86")), Some(phone));
    }

    #[test]
    fn every_way_to_write_a_number_is_one_number() {
        assert_eq!(e164("(415) 555-0123", Some("+1")).as_deref(), Some("+14155550123"));
        assert_eq!(e164("+1.415.555.0123", None).as_deref(), Some("+14155550123"));
        assert_eq!(e164("+14155550123", Some("+1")).as_deref(), Some("+14155550123"));
        assert_eq!(e164("6331234", Some("+1-684")).as_deref(), Some("+16846331234"));
        assert_eq!(e164("07911 123456", Some("+44")), e164("7911123456", Some("44")));
        assert_eq!(read("+14155550123", None).unwrap().number, "4155550123");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for (number, code) in [
            ("", None),
            ("+", None),
            ("1", None),
            ("1380013800a", None),
            ("13800138000", Some("")),
            ("13800138000", Some("+")),
            ("13800138000", Some("+0")),
            ("13800138000", Some("china")),
            ("+14155550123", Some("+44")),
            ("12345678901234567", None),
            ("+86+13800138000", None),
            ("13800138000;ext=5", None),
        ] {
            assert_eq!(read(number, code), None, "{number} {code:?}");
        }
    }
}
