//! Whether a value fits its field.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde_json::Value;
use watchword_api::custom_field::{FieldRule, FieldType, TargetType};
use watchword_kit::{Error, Millis, Result, Text, codes, text};
use watchword_store::custom_field::CustomField as Row;

use super::{Definition, seal};
use crate::ctx::Ctx;
use crate::message;
use crate::user::phone;

/// Longest regular expression, in characters.
const MAX_PATTERN: usize = 1_000;
/// Bytes that a compiled regular expression may take, and its cache of states.
const PROGRAM: usize = 256 * 1024;
const CACHE: usize = 1024 * 1024;

/// A field as it is defined, ready to judge values.
pub struct Field {
    pub data_type: FieldType,
    pub definition: Definition,
    pub created_at: Millis,
    pub key: String,
    /// The compiled expressions of `definition.validate_rules`, made when the first value comes.
    patterns: OnceLock<Vec<Option<Regex>>>,
}

/// What a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Regexp,
    Number,
    Email,
    Phone,
    Unique,
    None,
}

impl Rule {
    /// Reads the name of a rule, in the spellings of the fields' and of the registration's rules.
    pub(super) fn parse(name: &str) -> Option<Rule> {
        Some(match name.replace(['_', '-'], "").to_ascii_lowercase().as_str() {
            "regexp" => Rule::Regexp,
            "number" | "isnumber" => Rule::Number,
            "email" | "isemail" => Rule::Email,
            "phone" | "isphone" => Rule::Phone,
            "unique" | "isunique" => Rule::Unique,
            "none" | "" => Rule::None,
            _ => return None,
        })
    }
}

/// Compiles an expression that must match the whole of a value, in time that grows with the value only.
///
/// # Errors
/// 400 for one that is too long, too large or no expression.
pub(super) fn compile(pattern: &str) -> Result<Regex> {
    if pattern.chars().nth(MAX_PATTERN).is_some() {
        return Err(refused(text!("longer than {MAX_PATTERN} characters", "超过 {MAX_PATTERN} 个字符")));
    }
    let bound =
        |pattern: &str| RegexBuilder::new(pattern).size_limit(PROGRAM).dfa_size_limit(CACHE).nest_limit(50).build();
    // By itself first, so that brackets that do not match cannot undo the anchors.
    bound(pattern).and_then(|_| bound(&format!(r"\A(?:{pattern})\z"))).map_err(|_| {
        refused(text!(
            "not a regular expression that is supported; look-around and back references are not",
            "不是受支持的正则表达式；不支持环视和反向引用"
        ))
    })
}

impl Field {
    pub fn read(row: Row) -> Result<Field> {
        let data_type = FieldType::parse(&row.data_type).ok_or_else(|| Error::internal("unknown type of field"))?;
        let definition = serde_json::from_str(&row.definition).map_err(Error::internal)?;
        Ok(Field { data_type, definition, created_at: row.created_at, key: row.key, patterns: OnceLock::new() })
    }

    /// Whether the registration of this application asks for it.
    pub fn is_asked_by(&self, app: &str) -> bool {
        self.definition.app_ids.iter().any(|id| id == app)
    }

    /// The value that a text stands for, from clients that have nothing else.
    pub fn of_text(&self, value: Value) -> Value {
        match (&value, self.data_type) {
            (Value::String(s), FieldType::Number) => s.trim().parse().map_or(value, Value::Number),
            (Value::String(s), FieldType::Boolean) => match s.trim() {
                "true" => true.into(),
                "false" => false.into(),
                _ => value,
            },
            _ => value,
        }
    }

    /// # Errors
    /// 400 without a path for a value of another type, one that is none of the options, or one that breaks a rule.
    pub fn judge(&self, value: &Value) -> Result<()> {
        self.judge_type(value)?;
        let patterns = self.patterns.get_or_init(|| {
            let rules = self.definition.validate_rules.iter();
            rules
                .map(|r| matches!(Rule::parse(&r.kind), Some(Rule::Regexp)).then(|| compile(&r.content).ok())?)
                .collect()
        });
        for (rule, pattern) in self.definition.validate_rules.iter().zip(patterns) {
            judge_rule(rule, pattern.as_ref(), value)?;
        }
        Ok(())
    }

    fn judge_type(&self, value: &Value) -> Result<()> {
        let wrong = |detail| Err(refused(detail));
        match (self.data_type, value) {
            (FieldType::String, Value::String(_)) => Ok(()),
            (FieldType::String, _) => wrong(text!("must be a text", "应为字符串")),
            (FieldType::Number, Value::Number(_)) => Ok(()),
            (FieldType::Number, _) => wrong(text!("must be a number", "应为数字")),
            (FieldType::Boolean, Value::Bool(_)) => Ok(()),
            (FieldType::Boolean, _) => wrong(text!("must be true or false", "应为 true 或 false")),
            (FieldType::Datetime, Value::String(s)) if s.len() <= 40 && Millis::parse_iso(s).is_some() => Ok(()),
            (FieldType::Datetime, Value::Number(n)) if n.as_i64().is_some_and(is_time) => Ok(()),
            (FieldType::Datetime, _) => wrong(text!(
                "must be a time as 2026-01-31T09:00:00Z, a date as 2026-01-31, or Unix milliseconds",
                "应为时间（如 2026-01-31T09:00:00Z）、日期（如 2026-01-31）或毫秒时间戳"
            )),
            (FieldType::Enum, Value::String(s)) if self.definition.options.iter().any(|o| o.value == *s) => Ok(()),
            (FieldType::Enum, _) => wrong(text!("must be one of the field's options", "应为该字段的枚举值之一")),
        }
    }

    /// The value as it is stored.
    pub(super) fn sealed(&self, ctx: &Ctx, target: TargetType, id: &str, value: &Value) -> Result<Value> {
        if self.definition.encrypted { seal::seal(ctx, target, id, &self.key, value) } else { Ok(value.clone()) }
    }
}

/// Between the years −9999 and 9999.
fn is_time(ms: i64) -> bool {
    (-377_705_116_800_000..=253_402_300_799_999).contains(&ms)
}

fn judge_rule(rule: &FieldRule, pattern: Option<&Regex>, value: &Value) -> Result<()> {
    let text = match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    let (met, otherwise) = match Rule::parse(&rule.kind) {
        // What does not compile any more lets nothing pass.
        Some(Rule::Regexp) => (
            pattern.is_some_and(|p| p.is_match(&text)),
            text!("does not have the form that the field asks for", "格式不符合该字段的要求"),
        ),
        Some(Rule::Number) => {
            (text.trim().parse::<f64>().is_ok_and(f64::is_finite), text!("must be a number", "应为数字"))
        }
        Some(Rule::Email) => {
            (message::normalise_email(&text).is_ok(), text!("not an e-mail address", "不是合法的邮箱地址"))
        }
        Some(Rule::Phone) => (phone::read(&text, None).is_some(), text!("not a phone number", "不是有效的手机号")),
        Some(Rule::Unique | Rule::None) | None => return Ok(()),
    };
    if met {
        return Ok(());
    }
    let said = &rule.error;
    Err(refused(if said.is_empty() { otherwise } else { text!("{said}", "{said}") }))
}

fn refused(detail: Text) -> Error {
    Error::new(codes::INVALID).because(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_matches_the_whole_value() {
        let digits = compile(r"\d{3}|x").unwrap();
        for (text, fits) in [("123", true), ("x", true), ("1234", false), ("xy", false), ("123\n", false)] {
            assert_eq!(digits.is_match(text), fits, "{text:?}");
        }
        assert!(compile(r"^\d+$").unwrap().is_match("12"), "anchors of its own do no harm");
    }

    #[test]
    fn an_expression_that_could_cost_much_is_refused() {
        for bad in ["a)(b", "(?<=a)b", r"(a)\1", "(((a{100}){100}){100})", "[", "(?x)a #", &"a".repeat(1_001)] {
            assert!(compile(bad).is_err(), "{bad}");
        }
        let nested = compile("(a+)+b").unwrap();
        assert!(!nested.is_match(&"a".repeat(60_000)), "no backtracking");
    }
}
