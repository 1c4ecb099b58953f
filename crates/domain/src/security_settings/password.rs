//! What a new password must be, and when one grows old.

use regex::{Regex, RegexBuilder};
use watchword_api::security_settings::PasswordRotation;
use watchword_crypto::password;
use watchword_kit::{Error, Millis, Result, Secret, Text, codes, text, unicode};
use watchword_store::user::User;

use crate::pool::PoolSettings;

const MAX_PATTERNS: usize = 10;
const MAX_PATTERN: usize = 500;
/// Bytes that a compiled expression may take.
const MAX_COMPILED: usize = 256 * 1024;
/// Shorter names say nothing: half of all passwords contain `li`.
const TELLING: usize = 3;

/// What the pool asks of a new password; by default nothing but that it is no common one.
#[derive(Clone, Debug, Default)]
pub struct PasswordRules {
    pub min_length: usize,
    min_strength: i64,
    patterns: Vec<Regex>,
    refuse_similar: bool,
    /// What the password must not be like.
    about: Vec<String>,
    former: Option<Secret<String>>,
}

impl PasswordRules {
    /// # Errors
    /// 500 when a stored expression does not compile; it did when it was stored.
    pub fn of(settings: &PoolSettings) -> Result<PasswordRules> {
        let own = &settings.security;
        Ok(PasswordRules {
            min_length: settings.password_min_length,
            min_strength: own.password_min_strength,
            patterns: own
                .password_patterns
                .iter()
                .map(|p| compile(p).map_err(Error::internal))
                .collect::<Result<_>>()?,
            refuse_similar: own.password_refuse_similar,
            about: Vec::new(),
            former: None,
        })
    }

    /// The same rules for this user, whose names and addresses count.
    #[must_use]
    pub fn of_user(mut self, user: &User) -> PasswordRules {
        let email = user.email.as_deref().and_then(|e| e.split('@').next());
        let names = [&user.username, &user.phone, &user.name, &user.nickname, &user.given_name, &user.family_name];
        self.about.extend(names.into_iter().filter_map(|n| n.as_deref()).chain(email).map(str::to_owned));
        self
    }

    /// The same rules where a former password is known.
    #[must_use]
    pub fn after(mut self, former: &Secret<String>) -> PasswordRules {
        self.former = Some(former.clone());
        self
    }

    /// # Errors
    /// What would be right, without the password.
    pub fn check(&self, given: &str) -> std::result::Result<(), Text> {
        password::check_policy(given, self.min_length)?;
        if i64::from(password::strength(given)) < self.min_strength {
            return Err(text!(
                "the password is too weak; make it longer, or use letters, digits and signs",
                "密码强度不足，请增加长度，或混合使用字母、数字和符号"
            ));
        }
        if !self.patterns.iter().all(|p| p.is_match(given)) {
            return Err(text!(
                "the password does not have the form that the administrator demands",
                "密码不符合管理员设置的格式要求"
            ));
        }
        let known = self.about.iter().map(String::as_str).chain(self.former.as_ref().map(|f| f.reveal().as_str()));
        if self.refuse_similar && known.into_iter().any(|known| similar(given, known)) {
            return Err(text!(
                "the password must not contain your name, address or number, nor be like the former one",
                "密码不能包含您的姓名、用户名、邮箱或手机号，也不能与旧密码相似"
            ));
        }
        Ok(())
    }
}

/// Whether one contains the other, or they differ in at most two places at the ends, in any case and width.
fn similar(given: &str, known: &str) -> bool {
    let (given, known) = (unicode::fold(given), unicode::fold(known));
    if known.chars().count() < TELLING {
        return false;
    }
    given.contains(&known) || known.contains(&given) || {
        let stem = |s: &str| s.trim_end_matches(|c: char| !c.is_alphabetic()).to_owned();
        let (a, b) = (stem(&given), stem(&known));
        a.chars().count() >= TELLING && a == b
    }
}

/// Whether the password was set longer ago than the pool allows. One whose age is unknown counts from the making of
/// the account.
pub fn is_old(rotation: &PasswordRotation, user: &User, now: Millis) -> bool {
    let set_at = user.password_set_at.unwrap_or(user.created_at);
    rotation.enabled && now - set_at > Millis::days(rotation.max_age_days)
}

pub(super) fn check_patterns(patterns: &[String]) -> Result<()> {
    if patterns.len() > MAX_PATTERNS {
        let detail = text!("at most {MAX_PATTERNS} expressions", "最多 {MAX_PATTERNS} 个正则表达式");
        return Err(Error::invalid("patterns", detail));
    }
    for (i, pattern) in patterns.iter().enumerate() {
        if pattern.is_empty() || pattern.len() > MAX_PATTERN || compile(pattern).is_err() {
            let detail = text!(
                "a regular expression of 1 to {MAX_PATTERN} bytes without look-around; write each demand as one of its own",
                "应为 1 到 {MAX_PATTERN} 字节的正则表达式，不支持环视；请将每项要求分别写成一个表达式"
            );
            return Err(Error::new(codes::INVALID).because(detail).at(format!("patterns[{i}]")));
        }
    }
    Ok(())
}

fn compile(pattern: &str) -> std::result::Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_like_a_name_when_it_contains_it_or_is_its_like_with_other_digits() {
        assert!(similar("Lovelace-1815", "lovelace"));
        assert!(similar("ＬＯＶＥＬＡＣＥ and more", "lovelace"));
        assert!(similar("summer-party-2026", "summer-party-2025"));
        assert!(!similar("tulip-anvil-7", "li"));
        assert!(!similar("tulip-anvil-7", "lovelace"));
        assert!(!similar("1234567890123", "9876543210987"));
    }
}
