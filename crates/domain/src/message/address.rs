//! The one form in which a phone number or an e-mail address is stored, compared and counted.

use watchword_kit::unicode::{fold, is_plain};
use watchword_kit::{Error, Result, text};

use super::Medium;

/// Country code of numbers that name none, as in the contract.
const DEFAULT_COUNTRY: &str = "86";

/// `138-0013 8000` with `+86`, `0086138…` and `+86 138…` all become `+8613800138000` (E.164).
///
/// A number that carries a country code keeps it; `country_code` (`+86`, `0086`, `86`; default 86) serves those
/// that do not. A trunk prefix (the 0 of `020 7946 0018`) is dropped where the country has one.
///
/// # Errors
/// 400 without a path: the caller adds it.
pub fn normalise_phone(phone: &str, country_code: Option<&str>) -> Result<String> {
    let number = dialled(phone).ok_or_else(bad_phone)?;
    let international = match number.strip_prefix('+') {
        Some(rest) => rest.to_owned(),
        None => format!("{}{number}", country(country_code)?),
    };
    let parsed = phonenumber::parse(None, format!("+{international}")).map_err(|_| bad_phone())?;
    let code = parsed.code().value().to_string();
    let national = international.strip_prefix(&code).ok_or_else(bad_phone)?;
    let national =
        if has_trunk_zero(parsed.code().value()) { national.strip_prefix('0').unwrap_or(national) } else { national };
    let out = format!("+{code}{national}");
    let digits = out.len() - 1;
    if !(7..=15).contains(&digits) || !out[1..].bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad_phone());
    }
    Ok(out)
}

/// Folds case and width; refuses what is no bare address.
///
/// # Errors
/// 400 without a path: the caller adds it.
pub fn normalise_email(email: &str) -> Result<String> {
    let bad = || {
        let detail = text!("not an e-mail address", "不是合法的邮箱地址");
        Error::new(watchword_kit::codes::INVALID).because(detail)
    };
    let folded = fold(email);
    let (local, domain) = folded.rsplit_once('@').ok_or_else(bad)?;
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let plain = |s: &str| s.chars().all(|c| is_plain(c) && !c.is_whitespace());
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && plain(local)
        && !local.contains(['@', '"', '(', ')', ',', ':', ';', '<', '>', '[', ']', '\\'])
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label_ok = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && l.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let domain_ok = domain.len() <= 253 && plain(domain) && domain.split('.').all(label_ok);
    if !local_ok || !domain_ok || local.len() + 1 + domain.len() > 254 {
        return Err(bad());
    }
    Ok(format!("{local}@{domain}"))
}

/// The form under which messages to a normalised target are counted: addresses that are known to end in one mailbox
/// are one. Only Google says so of its own (dots and `+tag`).
pub(super) fn counted(medium: Medium, target: &str) -> String {
    if medium == Medium::Sms {
        return target.to_owned();
    }
    match target.rsplit_once('@') {
        Some((local, "gmail.com" | "googlemail.com")) => {
            let local = local.split('+').next().unwrap_or_default().replace('.', "");
            format!("{local}@gmail.com")
        }
        _ => target.to_owned(),
    }
}

/// What an operator may read in the trail: enough to recognise, too little to use.
pub fn masked(medium: Medium, target: &str) -> String {
    let keep = |s: &str, head: usize, tail: usize| {
        let chars: Vec<char> = s.chars().collect();
        if chars.len() <= head + tail {
            return "*".repeat(chars.len());
        }
        let (first, last) = (&chars[..head], &chars[chars.len() - tail..]);
        format!("{}****{}", first.iter().collect::<String>(), last.iter().collect::<String>())
    };
    match (medium, target.rsplit_once('@')) {
        (Medium::Email, Some((local, domain))) => format!("{}@{domain}", keep(local, 1, 0)),
        _ => keep(target, 3, 4),
    }
}

/// The digits that would be dialled, behind a plus sign where the number is international.
fn dialled(phone: &str) -> Option<String> {
    let folded = fold(phone);
    let mut out = String::with_capacity(folded.len());
    for c in folded.chars() {
        match c {
            '0'..='9' => out.push(c),
            '+' if out.is_empty() => out.push(c),
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
            _ => return None,
        }
    }
    if let Some(rest) = out.strip_prefix("00") {
        out = format!("+{rest}");
    }
    (out.len() >= 4 && out.len() <= 20).then_some(out)
}

/// Whether the countries of this code dial a zero that is not part of the number; in Italy, say, it is.
fn has_trunk_zero(code: u16) -> bool {
    let countries = phonenumber::metadata::DATABASE.by_code(&code).unwrap_or_default();
    countries.first().is_some_and(|c| c.national_prefix() == Some("0"))
}

/// Country code as bare digits.
///
/// # Errors
/// 400 without a path: the caller adds it.
pub(super) fn country(given: Option<&str>) -> Result<String> {
    let Some(given) = given.map(fold).filter(|s| !s.is_empty()) else { return Ok(DEFAULT_COUNTRY.into()) };
    let digits = given.strip_prefix('+').or_else(|| given.strip_prefix("00")).unwrap_or(&given);
    if (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0') {
        Ok(digits.to_owned())
    } else {
        Err(Error::new(watchword_kit::codes::INVALID)
            .because(text!("not a country code such as +86", "不是合法的国家区号（如 +86）")))
    }
}

fn bad_phone() -> Error {
    Error::new(watchword_kit::codes::INVALID).because(text!("not a phone number", "不是合法的手机号"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_number_is_one_number() {
        let same = |list: &[(&str, Option<&str>)], want: &str| {
            for (phone, code) in list {
                assert_eq!(normalise_phone(phone, *code).ok().as_deref(), Some(want), "{phone} {code:?}");
            }
        };
        same(
            &[
                ("13800138000", None),
                ("13800138000", Some("+86")),
                ("13800138000", Some("86")),
                ("13800138000", Some("0086")),
                ("+8613800138000", None),
                ("+86 138-0013-8000", Some("+1")),
                ("008613800138000", None),
                ("013800138000", None),
                ("138.0013.8000", None),
                ("(138) 0013 8000", Some("")),
                ("１３８００１３８０００", Some("＋86")),
            ],
            "+8613800138000",
        );
        same(&[("07700 900123", Some("+44")), ("7700900123", Some("44")), ("+4407700900123", None)], "+447700900123");
        // In Italy the zero belongs to the number.
        same(&[("06 1234 5678", Some("+39"))], "+390612345678");
        same(&[("812 123-45-67", Some("+7"))], "+78121234567");
        same(&[("(415) 555-2671", Some("+1"))], "+14155552671");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for bad in ["", "+", "abc", "1380013800a", "13800138000\n1", "+999123456789", "1", "1".repeat(30).as_str()] {
            assert!(normalise_phone(bad, None).is_err(), "{bad}");
        }
        for bad in ["+", "abc", "12345", "-1"] {
            assert!(normalise_phone("13800138000", Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_fold_and_headers_cannot_be_smuggled_in() {
        assert_eq!(normalise_email(" Ada@Example.COM. ").ok().as_deref(), Some("ada@example.com"));
        assert_eq!(normalise_email("Ａda+x@例え.jp").ok().as_deref(), Some("ada+x@例え.jp"));
        for bad in [
            "ada",
            "@x.com",
            "ada@",
            "a b@x.com",
            "a@x.com\r\nBcc: e@x.com",
            "a@b@x.com",
            "\"a\"@x.com",
            "a,b@x.com",
            "<a@x.com>",
            "a@x..com",
            ".a@x.com",
            "a@-x.com",
            "a\u{200b}@x.com",
            "a@[127.0.0.1]",
        ] {
            assert!(normalise_email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn one_mailbox_counts_once_and_a_mask_hides_most() {
        assert_eq!(counted(Medium::Email, "a.d.a+1@googlemail.com"), counted(Medium::Email, "ada@gmail.com"));
        assert_ne!(counted(Medium::Email, "a.da@x.com"), counted(Medium::Email, "ada@x.com"));
        assert_eq!(masked(Medium::Sms, "+8613800138000"), "+86****8000");
        assert_eq!(masked(Medium::Email, "ada@x.com"), "a****@x.com");
        assert_eq!(masked(Medium::Email, "a@x.com"), "*@x.com");
    }
}
