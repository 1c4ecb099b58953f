//! Cells of tables: text to typed values, values to text, and text that no spreadsheet takes for a formula.

use serde_json::Value;
use watchword_kit::{Error, Result, text};

use crate::column::{Column, Kind};

/// Characters with which a spreadsheet begins to calculate.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The value of a cell, or nothing for an empty one.
///
/// # Errors
/// 400 at the column.
pub fn read(column: &Column, text: &str) -> Result<Option<Value>> {
    if text.is_empty() {
        return Ok(None);
    }
    let bad = |detail| Error::invalid(column.name, detail);
    let value = match column.kind {
        Kind::Text | Kind::Secret | Kind::Shown | Kind::Time => Value::String(text.to_owned()),
        Kind::Flag => Value::Bool(flag(text).ok_or_else(|| bad(text!("must be true or false", "应为 true 或 false")))?),
        Kind::Count => {
            let whole = text.trim().parse::<u32>();
            Value::from(whole.map_err(|_| bad(text!("must be a whole number", "应为整数")))?)
        }
        Kind::Json => match serde_json::from_str(text) {
            Ok(Value::Null) => return Ok(None),
            Ok(value) => value,
            Err(_) => return Err(bad(text!("must be JSON", "应为 JSON"))),
        },
        Kind::List => match serde_json::from_str(text) {
            Ok(list @ Value::Array(_)) => list,
            _ => text.split(';').map(str::trim).filter(|s| !s.is_empty()).collect(),
        },
    };
    Ok(Some(value))
}

/// The cell of a value; of null an empty one.
pub fn show(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "是" => Some(true),
        "false" | "0" | "no" | "n" | "否" => Some(false),
        _ => None,
    }
}

/// Puts `'` before a text that a spreadsheet would calculate, and before one that [`revive`] would take for such.
pub fn neutralise(text: String) -> String {
    let mut chars = text.chars();
    let harmless = match (chars.next(), chars.next()) {
        (Some('\''), Some(next)) => next != '\'' && !FORMULA.contains(&next),
        (Some(first), _) => !FORMULA.contains(&first),
        (None, _) => true,
    };
    if harmless { text } else { format!("'{text}") }
}

/// Undoes [`neutralise`].
pub fn revive(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA) || rest.starts_with('\'') => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_neutralised_is_revived_exactly_and_begins_no_formula(text in "[='+@\\-\t\rab]{0,6}") {
            let cell = neutralise(text.clone());
            prop_assert_eq!(revive(&cell), text);
            prop_assert!(!cell.starts_with(FORMULA));
        }
    }

    #[test]
    fn a_foreign_apostrophe_stays() {
        assert_eq!(revive("'s-Gravenhage"), "'s-Gravenhage");
        assert_eq!(revive("+86 138"), "+86 138");
        assert_eq!(neutralise("+86".into()), "'+86");
    }
}
