//! Readers and writers of files that carry users from one system to another.
//!
//! A reader turns a file into entries, one after the other and in bounded memory, and hands each to a function; it
//! knows nothing of users. What the entries mean is said by [`column`] and [`mapping`] for our own names, and by
//! [`foreign`] for the exports of other systems.
//!
//! # Layout
//! - [`format`](mod@format): the kinds of file and how they are told apart; [`source`]: a file read from begin to end
//! - [`table`]: CSV and TSV; [`xlsx`]: the first sheet of a workbook; [`lines`]: JSON lines; [`document`]: one large
//!   JSON document
//! - [`column`]: the columns of a user; [`mapping`]: names of a file to columns; [`cell`]: text to values and back
//! - [`foreign`]: users of Keycloak, Auth0, Firebase and GenAuth; [`hash`]: their password hashes
//! - [`write`](mod@write): CSV, XLSX and JSON lines
//!
//! # Not here
//! No SQL and no rule of the product: whether a user may be as an entry says, `domain` decides. No network, no clock.

pub mod cell;
pub mod column;
pub mod document;
pub mod foreign;
pub mod format;
pub mod hash;
pub mod lines;
pub mod mapping;
pub mod source;
pub mod table;
pub mod write;
pub mod xlsx;

use watchword_kit::{Error, Result, text};

/// A JSON object, its members in the order of the file.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// One user of a file, or why there is none.
pub struct Entry {
    /// The line of the file where the entry begins, from 1; the row of a sheet; in a JSON document the number of the
    /// entry.
    pub line: u64,
    /// Member and value. An error names the column and never quotes what is in it.
    pub fields: Result<Object>,
}

/// An entry may hold passwords: only its place is shown.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("line", &self.line).finish_non_exhaustive()
    }
}

/// Takes entries one by one; `false` ends the reading.
pub type Sink<'a> = dyn FnMut(Entry) -> bool + 'a;

/// The file as a whole cannot be read further.
pub(crate) fn broken(line: u64, what: watchword_kit::Text) -> Error {
    let (en, zh) = (what.en, what.zh);
    Error::invalid("file", text!("line {line}: {en}", "第 {line} 行：{zh}"))
}

pub(crate) fn unreadable(e: &std::io::Error) -> Error {
    Error::invalid("file", text!("cannot be read: {e}", "无法读取：{e}"))
}
