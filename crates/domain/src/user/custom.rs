//! Custom data: any JSON object, its scalar members also indexed so that users are found by them.

use serde_json::{Number, Value};
use watchword_api::common::Object;
use watchword_kit::unicode::{fold, is_plain};
use watchword_kit::{Error, Millis, Result, codes, text};
use watchword_store::user::CustomValue;

use crate::custom_field;

/// Largest JSON object that one member of a user may hold, in bytes.
pub const MAX_JSON: usize = 64 * 1024;
const MAX_KEYS: usize = 256;
const MAX_KEY: usize = 128;
/// Characters of a value that are indexed as they stand; of longer ones the head and a hash.
const INDEXED: usize = 200;

/// The stored form of an object.
///
/// # Errors
/// 400 at `field` when it is too large or a key is no name.
pub fn json(field: &str, object: &Object) -> Result<String> {
    text(object).map_err(|e| e.at(field))
}

/// As [`json`]; the caller adds the path.
pub fn text(object: &Object) -> Result<String> {
    let refused = |detail| Err(Error::new(codes::INVALID).because(detail));
    if object.len() > MAX_KEYS {
        return refused(text!("more than {MAX_KEYS} members", "成员超过 {MAX_KEYS} 个"));
    }
    if !object.keys().all(|key| is_key(key)) {
        return refused(text!(
            "a member's name has 1 to {MAX_KEY} characters, no control or invisible ones",
            "成员名应为 1 到 {MAX_KEY} 个字符，不含控制字符和不可见字符"
        ));
    }
    let text = serde_json::to_string(object).map_err(Error::internal)?;
    if text.len() > MAX_JSON {
        return refused(text!("larger than {MAX_JSON} bytes", "超过 {MAX_JSON} 字节"));
    }
    Ok(text)
}

/// Whether a member of custom data may have this name.
pub fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().nth(MAX_KEY).is_none() && key.chars().all(is_plain)
}

/// What is stored, as an object.
pub fn object(stored: &str) -> Result<Object> {
    serde_json::from_str(stored).map_err(Error::internal)
}

/// Stands in the index for the value of a member that is a list or an object; no folded text has capital letters.
const STRUCTURE: &str = "OBJECT";

/// The index rows of an object: one per member.
pub fn index(pool: &str, user: &str, object: &Object) -> Vec<CustomValue> {
    let row = |(name, value): (&String, &Value)| CustomValue {
        pool_id: pool.to_owned(),
        name: name.clone(),
        value_key: value_key(value).unwrap_or_else(|| STRUCTURE.into()),
        user_id: user.to_owned(),
        number_key: number_key(value),
    };
    object.iter().map(row).collect()
}

/// One spelling per number: `1.0` and `1e0` are `1`.
fn number(n: &Number) -> String {
    match n.as_f64() {
        Some(f) if n.is_f64() && f.fract() == 0.0 && f.abs() < 9e15 => format!("{}", f as i64),
        _ => n.to_string(),
    }
}

/// The form in which a value is compared, for an encrypted one its code of authentication; `None` for lists, other
/// objects and null.
pub fn value_key(value: &Value) -> Option<String> {
    let folded = match value {
        Value::String(s) => fold(s),
        Value::Number(n) => number(n),
        Value::Bool(b) => b.to_string(),
        Value::Object(_) => return custom_field::sealed_key(value).map(str::to_owned),
        Value::Null | Value::Array(_) => return None,
    };
    if folded.chars().nth(INDEXED).is_none() {
        return Some(folded);
    }
    let head: String = folded.chars().take(INDEXED).collect();
    Some(format!("{head}#{}", watchword_crypto::hash::sha256_hex(folded.as_bytes())))
}

/// A number, or a date as milliseconds, as 16 hex digits that sort as numbers do.
pub fn number_key(value: &Value) -> Option<String> {
    let number = match value {
        Value::Number(n) => n.as_f64()?,
        Value::String(s) if s.len() <= 40 => Millis::parse_iso(s)?.0 as f64,
        _ => return None,
    };
    // Flipping the sign bit of positive and every bit of negative numbers makes IEEE 754 order that of its bits.
    let bits = (number + 0.0).to_bits();
    let ordered = if bits >> 63 == 0 { bits ^ (1 << 63) } else { !bits };
    Some(format!("{ordered:016x}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn number_keys_sort_as_numbers_do() {
        let sorted = [json!(-1e300), json!(-2), json!(-1.5), json!(0), json!(0.1), json!(9), json!(10), json!(1e300)];
        let keys: Vec<String> = sorted.iter().map(|v| number_key(v).unwrap()).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(number_key(&json!(-0.0)), number_key(&json!(0)));
        assert!(number_key(&json!("2026-01-01")) < number_key(&json!("2026-01-02T00:00:00Z")));
        assert_eq!(number_key(&json!("ten")), None);
    }

    #[test]
    fn a_number_has_one_spelling() {
        for same in [json!(1), json!(1.0), json!(1e0)] {
            assert_eq!(value_key(&same).as_deref(), Some("1"));
        }
        assert_eq!(value_key(&json!(-0.0)).as_deref(), Some("0"));
        assert_ne!(value_key(&json!(u64::MAX)), value_key(&json!(u64::MAX - 1)));
        assert_ne!(value_key(&json!(0.1)), value_key(&json!(0.2)));
    }

    #[test]
    fn long_values_differ_by_their_hash() {
        let (a, b) = ("x".repeat(5000) + "a", "x".repeat(5000) + "b");
        assert_ne!(value_key(&json!(a)), value_key(&json!(b)));
        assert!(value_key(&json!(a)).unwrap().len() < 300);
    }
}
