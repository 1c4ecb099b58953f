//! One error type: what the caller may read, and what only the log keeps.

use std::fmt;

use crate::codes::{self, Code};
use crate::{Lang, Text};

pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation was refused or failed.
///
/// The outside message is the code's own, refined by [`Error::because`]; the inside message ([`Error::inside`])
/// goes to the log and never to the caller. Boxed, so that `Result` stays one word wide.
pub struct Error(Box<Parts>);

struct Parts {
    code: &'static Code,
    detail: Option<Text>,
    field: Option<String>,
    inside: Option<String>,
    data: Option<serde_json::Value>,
    retry_after: Option<u32>,
}

impl Error {
    pub fn new(code: &'static Code) -> Self {
        Error(Box::new(Parts { code, detail: None, field: None, inside: None, data: None, retry_after: None }))
    }

    /// 400, with the path of the offending member (`list[3].otp.secret`) and what would be right.
    pub fn invalid(field: impl Into<String>, detail: Text) -> Self {
        Error::new(codes::INVALID).because(detail).at(field)
    }

    /// 500. The caller learns nothing but the request id.
    pub fn internal(inside: impl fmt::Display) -> Self {
        Error::new(codes::INTERNAL).inside(inside)
    }

    /// Replaces the code's message by a more exact one.
    pub fn because(mut self, detail: Text) -> Self {
        self.0.detail = Some(detail);
        self
    }

    /// Puts `prefix` before the field's path: `secret` at `list[3].otp` becomes `list[3].otp.secret`.
    pub fn at(mut self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        self.0.field = Some(match self.0.field.take() {
            None => prefix,
            Some(f) if f.starts_with('[') => format!("{prefix}{f}"),
            Some(f) => format!("{prefix}.{f}"),
        });
        self
    }

    /// Says the path of the offending member anew, for a caller who knows it under another name.
    pub fn renamed(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Keeps a message for the log.
    pub fn inside(mut self, inside: impl fmt::Display) -> Self {
        self.0.inside = Some(inside.to_string());
        self
    }

    /// Sends `data` with the refusal, as sign-in does when it asks for a second factor.
    pub fn with_data(mut self, data: serde_json::Value) -> Self {
        self.0.data = Some(data);
        self
    }

    /// Seconds after which trying again makes sense; sent as `Retry-After` with 429.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    pub fn code(&self) -> &'static Code {
        self.0.code
    }

    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    pub fn data(&self) -> Option<&serde_json::Value> {
        self.0.data.as_ref()
    }

    pub fn inside_message(&self) -> Option<&str> {
        self.0.inside.as_deref()
    }

    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// What the caller reads: `list[3].otp.secret: not Base32`.
    pub fn message(&self, lang: Lang) -> String {
        let said = match &self.0.detail {
            Some(t) => t.get(lang),
            None => self.0.code.message(lang),
        };
        match &self.0.field {
            Some(f) => format!("{f}: {said}"),
            None => said.to_owned(),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.code.name, self.message(Lang::En))?;
        match &self.0.inside {
            Some(inside) => write!(f, " <- {inside}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Error {}

impl From<&'static Code> for Error {
    fn from(code: &'static Code) -> Self {
        Error::new(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn paths_grow_from_the_inside_out() {
        let e = Error::invalid("secret", text!("not Base32", "不是 Base32")).at("otp").at("list[3]");
        assert_eq!(e.message(Lang::En), "list[3].otp.secret: not Base32");
        assert_eq!(e.message(Lang::Zh), "list[3].otp.secret: 不是 Base32");
    }

    #[test]
    fn the_inside_stays_inside() {
        let e = Error::internal("disk full at /var/lib");
        assert_eq!(e.message(Lang::En), "internal error");
        assert!(format!("{e:?}").contains("disk full"));
    }
}
