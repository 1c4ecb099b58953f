//! Which passwords people may choose, and how strong they look.
//!
//! `common-passwords.txt` beside this file is the frequency list of the `zxcvbn` package for Python (4.5.0, MIT
//! licence, Copyright 2016 Daniel Wolf; see `common-passwords.LICENSE`), entries of six characters or more, sorted.

use std::sync::OnceLock;

use watchword_kit::{Text, text};

/// The most characters a password may have: room for any passphrase, and a bound on work.
pub const MAX_LENGTH: usize = 256;

/// Refuses a password that is too short, too long or one of the common ones. No rule asks for kinds of characters
/// (NIST SP 800-63B §3.1.1.2). `min_len` counts Unicode scalar values.
pub fn check_policy(password: &str, min_len: usize) -> Result<(), Text> {
    let length = password.chars().take(MAX_LENGTH + 1).count();
    if length < min_len {
        return Err(text!("the password needs at least {min_len} characters", "密码至少需要 {min_len} 个字符"));
    }
    if length > MAX_LENGTH {
        return Err(text!("the password may have at most {MAX_LENGTH} characters", "密码最多 {MAX_LENGTH} 个字符"));
    }
    if is_common(password) {
        return Err(text!(
            "this password is one of the most common ones and would be guessed; choose another",
            "该密码是最常见的密码之一，容易被猜中；请更换"
        ));
    }
    Ok(())
}

/// How strong a password looks: 1 low, 2 middle, 3 high (the contract's `passwordSecurityLevel`).
///
/// Kinds are lower case, upper case, digits and everything else.
/// - low: common, or under 8 characters, or under 5 different ones, or one kind and under 12
/// - high: 16 characters or more, or 10 or more of at least three kinds
/// - middle: the rest
pub fn strength(password: &str) -> u8 {
    let length = password.chars().count();
    let kinds = kinds(password);
    if length < 8 || distinct(password) < 5 || (kinds == 1 && length < 12) || is_common(password) {
        1
    } else if length >= 16 || (length >= 10 && kinds >= 3) {
        3
    } else {
        2
    }
}

fn kinds(password: &str) -> usize {
    let tests: [fn(char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        |c| c.is_ascii_digit(),
        |c| !c.is_lowercase() && !c.is_uppercase() && !c.is_ascii_digit(),
    ];
    tests.iter().filter(|test| password.chars().any(**test)).count()
}

fn distinct(password: &str) -> usize {
    let mut chars: Vec<char> = password.chars().collect();
    chars.sort_unstable();
    chars.dedup();
    chars.len()
}

fn is_common(password: &str) -> bool {
    common().binary_search(&password.to_lowercase().as_str()).is_ok()
}

fn common() -> &'static [&'static str] {
    static COMMON: OnceLock<Vec<&'static str>> = OnceLock::new();
    COMMON.get_or_init(|| include_str!("common-passwords.txt").lines().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_lower_case_and_has_ten_thousand_of_eight_characters() {
        assert!(common().is_sorted());
        assert!(common().iter().all(|p| *p == p.to_lowercase() && !p.is_empty()));
        assert!(common().iter().filter(|p| p.len() >= 8).count() >= 10_000);
    }

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        for common in ["password1", "PassWord1", "1234567890", "qwertyuiop", "iloveyou"] {
            assert!(check_policy(common, 8).is_err(), "{common}");
        }
        assert_eq!(check_policy("tulip-anvil-7", 8), Ok(()));
    }

    #[test]
    fn length_counts_characters_of_any_script() {
        assert!(check_policy("密码密码密码密", 8).is_err());
        assert_eq!(check_policy("密码很长很安全", 7), Ok(()));
        assert_eq!(check_policy(&"🗝".repeat(128), 10), Ok(()));
        assert_eq!(check_policy(&"é".repeat(256), 10), Ok(()));
        assert!(check_policy(&"é".repeat(257), 10).is_err());
        assert_eq!(check_policy("with\0nul and spaces", 10), Ok(()));
    }

    #[test]
    fn no_kind_of_character_is_demanded() {
        assert_eq!(check_policy("onlylowercaseletters", 10), Ok(()));
        assert_eq!(check_policy("82736450918273", 10), Ok(()));
    }

    #[test]
    fn strength_follows_its_rule() {
        for (password, level) in [
            ("", 1),
            ("Ab1$xyz", 1),
            ("aaaaaaaaaaaaaaaaaaaa", 1),
            ("lowercases", 1),
            ("password1", 1),
            ("lowercaseonly", 2),
            ("lower1234", 2),
            ("Lower1234", 2),
            ("Lower12345", 3),
            ("correct horse battery", 3),
        ] {
            assert_eq!(strength(password), level, "{password:?}");
        }
    }
}
