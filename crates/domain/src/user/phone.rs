//! Phone numbers: stored as people write them, compared as E.164.

use watchword_kit::unicode::fold;

/// The country code of a number that names none.
pub const DEFAULT_COUNTRY_CODE: &str = "+86";

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

/// Reads a number with or without its country code in front (`13800138000`, `+1 415-555-0123`); spaces, dots, dashes
/// and parentheses are dropped. `country_code` (`+86`, `1`, `+1-684`) applies to a number without one, and must agree
/// with one that a number has. `None` for what is no phone number.
pub fn read(number: &str, country_code: Option<&str>) -> Option<Phone> {
    if number.len() > 64 {
        return None;
    }
    let compact: String = fold(number).chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    let given = match country_code {
        Some(code) => Some(code_digits(code)?),
        None => None,
    };
    let Some(international) = compact.strip_prefix('+') else {
        let code = given.unwrap_or_else(|| code_digits(DEFAULT_COUNTRY_CODE).unwrap_or_default());
        digits(&compact, 3..=15)?;
        let e164 = parse(&format!("+{code}{compact}"))?.1;
        return Some(Phone { number: compact, country_code: format!("+{code}"), e164 });
    };
    digits(international, 6..=18)?;
    let (code, e164) = parse(&compact)?;
    let code = match given {
        Some(given) if e164[1..].starts_with(&given) => given,
        Some(_) => return None,
        None => code,
    };
    Some(Phone { number: e164[1 + code.len()..].to_owned(), country_code: format!("+{code}"), e164 })
}

/// Country code and E.164 form of a number that begins with `+`.
fn parse(international: &str) -> Option<(String, String)> {
    let parsed = phonenumber::parse(None, international).ok()?;
    let e164 = parsed.format().mode(phonenumber::Mode::E164).to_string();
    digits(e164.strip_prefix('+')?, 5..=15)?;
    Some((parsed.code().value().to_string(), e164))
}

fn code_digits(code: &str) -> Option<String> {
    let folded = fold(code);
    let code: String =
        folded.strip_prefix('+').unwrap_or(&folded).chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    digits(&code, 1..=7)?;
    (!code.starts_with('0')).then_some(code)
}

fn digits(s: &str, length: std::ops::RangeInclusive<usize>) -> Option<()> {
    (length.contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit())).then_some(())
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
            ("12", None),
            ("1380013800a", None),
            ("13800138000", Some("")),
            ("13800138000", Some("+")),
            ("13800138000", Some("+0")),
            ("13800138000", Some("china")),
            ("+14155550123", Some("+44")),
            ("1234567890123456", None),
            ("+86+13800138000", None),
            ("138００1３8000;ext=5", None),
        ] {
            assert_eq!(read(number, code), None, "{number} {code:?}");
        }
    }
}
