//! A file of users, read from begin to end: opened, recognised, and every entry under our names.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use watchword_kit::{Millis, Result};

use crate::foreign::auth0::Hashes;
use crate::foreign::{auth0, firebase, genauth, keycloak};
use crate::format::{Format, SNIFF};
use crate::hash::{Style, settle};
use crate::mapping::Mapping;
use crate::{Entry, Object, Sink, document, lines, table, unreadable, xlsx};

/// How a file is read.
#[derive(Debug, Default)]
pub struct Options {
    /// Told by the file itself where it is `None`.
    pub format: Option<Format>,
    /// Of CSV; told by the header where it is `None`.
    pub separator: Option<u8>,
    /// Of a workbook; the first where it is `None`.
    pub sheet: Option<String>,
    pub mapping: Mapping,
    pub hashes: Style,
    /// Of Auth0.
    pub auth0_hashes: Option<Hashes>,
}

/// How far the reading is, for a progress bar in another thread.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Bytes of the file read so far.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the file is.
///
/// # Errors
/// 400 when it cannot be read.
pub fn format_of(path: &Path, options: &Options) -> Result<Format> {
    match options.format {
        Some(format) => Ok(format),
        None => Ok(Format::sniff(&head(&mut open(path)?)?)),
    }
}

/// Reads every entry of a file, under our names and with hashes in the form of ours.
///
/// # Errors
/// 400 when the file cannot be read or is not what it should be; entries before that have been handed over.
pub fn read(path: &Path, options: &Options, progress: &Progress, each: &mut Sink<'_>) -> Result<()> {
    let mut file = open(path)?;
    let head = head(&mut file)?;
    let format = options.format.unwrap_or_else(|| Format::sniff(&head));
    let counted = Counted { inner: file, seen: progress.clone() };
    let settled =
        |entry: Entry| Entry { line: entry.line, fields: entry.fields.and_then(|f| finish(f, options, format)) };
    let mut header = |names: &[String]| options.mapping.check(names);
    let mut own = |entry: Entry| each(settled(options.mapping.apply(entry, format.is_table())));
    match format {
        Format::Csv => {
            let separator = options.separator.unwrap_or_else(|| table::separator(&head));
            return table::read(buffered(counted), separator, &mut header, &mut own);
        }
        Format::Xlsx => return xlsx::read(buffered(counted), options.sheet.as_deref(), &mut header, &mut own),
        Format::JsonLines => return lines::read(buffered(counted), &mut own),
        _ => {}
    }
    let mut foreign = |entry: Entry| {
        let translate = |object: Object| match format {
            Format::Keycloak => keycloak::user(object),
            Format::Auth0 => auth0::user(object, options.auth0_hashes.as_ref()),
            Format::Firebase => firebase::user(object, &options.hashes),
            _ => genauth::user(object),
        };
        each(options.mapping.refine(Entry { line: entry.line, fields: entry.fields.and_then(translate) }))
    };
    match format {
        Format::Auth0 => lines::read(buffered(counted), &mut foreign),
        Format::Keycloak => document::read(buffered(counted), keycloak::NAMES, &mut foreign),
        Format::Firebase => document::read(buffered(counted), firebase::NAMES, &mut foreign),
        _ => document::read(buffered(counted), genauth::NAMES, &mut foreign),
    }
}

fn finish(mut fields: Object, options: &Options, format: Format) -> Result<Object> {
    settle(&mut fields, &options.hashes)?;
    if format == Format::Xlsx
        && let Some(Value::String(text)) = fields.get_mut("birthdate")
    {
        *text = date(text).unwrap_or_else(|| std::mem::take(text));
    }
    Ok(fields)
}

/// A spreadsheet's date is the number of days since the end of 1899.
fn date(text: &str) -> Option<String> {
    const EPOCH: i64 = 25_569;
    let days = text.parse::<i64>().ok().filter(|_| text.len() == 5)?;
    Millis::days(days - EPOCH).iso().get(..10).map(str::to_owned)
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| unreadable(&e))
}

fn head(file: &mut File) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    file.by_ref().take(SNIFF as u64).read_to_end(&mut head).map_err(|e| unreadable(&e))?;
    file.seek(SeekFrom::Start(0)).map_err(|e| unreadable(&e))?;
    Ok(head)
}

fn buffered<R: Read>(inner: R) -> BufReader<R> {
    BufReader::with_capacity(256 << 10, inner)
}

/// Counts what is read.
struct Counted {
    inner: File,
    seen: Progress,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(out)?;
        self.seen.0.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_a_spreadsheet_is_a_date() {
        assert_eq!(date("36161").as_deref(), Some("1999-01-01"));
        assert_eq!(date("1999"), None);
        assert_eq!(date("1999-01-01"), None);
    }
}
