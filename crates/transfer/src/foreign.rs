//! Users of other systems under our names. What has no column of ours becomes custom data.

pub mod auth0;
pub mod firebase;
pub mod genauth;
pub mod keycloak;

use serde_json::Value;

use crate::Object;

/// A user under our names, being put together.
#[derive(Default)]
pub(crate) struct Taken {
    out: Object,
    custom: Object,
}

impl Taken {
    /// Sets a column, unless there is no value or an empty one.
    pub fn set(&mut self, column: &str, value: Option<Value>) {
        if let Some(value) = value.filter(|v| !v.is_null() && v.as_str() != Some("")) {
            self.out.insert(column.to_owned(), value);
        }
    }

    /// Sets a member of custom data.
    pub fn custom(&mut self, member: &str, value: Value) {
        if !value.is_null() {
            self.custom.insert(member.to_owned(), value);
        }
    }

    pub fn has(&self, column: &str) -> bool {
        self.out.contains_key(column)
    }

    pub fn finish(mut self) -> Object {
        if !self.custom.is_empty() {
            self.out.insert("customData".into(), Value::Object(self.custom));
        }
        self.out
    }
}

/// A time in milliseconds, as a number or as text, in the form of ours.
pub(crate) fn millis(value: Option<Value>) -> Option<Value> {
    let n = match value? {
        Value::Number(n) => n.as_i64()?,
        Value::String(s) => s.parse().ok()?,
        _ => return None,
    };
    Some(watchword_kit::Millis(n).iso().into())
}

/// A phone number with its country code in front has no other column for it.
pub(crate) fn phone(taken: &mut Taken, number: Option<Value>, verified: Option<Value>) {
    if number.as_ref().and_then(Value::as_str).is_some_and(|n| !n.is_empty()) {
        taken.set("phone", number);
        taken.set("phoneVerified", verified.filter(Value::is_boolean));
    }
}

#[cfg(test)]
mod tests;
