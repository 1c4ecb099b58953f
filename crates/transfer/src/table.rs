//! CSV (RFC 4180) and its kin: any of four separators, quotes, any line end, a byte-order mark or none.

use std::io::BufRead;

use serde_json::Value;
use watchword_kit::{Error, Result, text};

use crate::cell::revive;
use crate::{Entry, Object, Sink, broken, unreadable};

/// Largest row, in bytes: beyond it a quote was not closed.
const MAX_ROW: usize = 1 << 20;
pub(crate) const MAX_COLUMNS: usize = 1000;

/// The separator of a table, told by its first line: the most frequent of comma, semicolon, tab and bar outside quotes.
pub fn separator(head: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in head {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            byte if !quoted => counts.iter_mut().filter(|(s, _)| s == byte).for_each(|(_, n)| *n += 1),
            _ => {}
        }
    }
    // The first of equals: `max_by_key` would take the last.
    counts.into_iter().rev().max_by_key(|(_, n)| *n).map_or(b',', |(s, _)| s)
}

/// Reads a table with a header. `header` sees the names of the columns before the first row.
///
/// # Errors
/// What `header` says; 400 where the table is no table any more. A row that cannot be is an entry with its error.
pub fn read(
    input: impl BufRead,
    separator: u8,
    header: &mut dyn FnMut(&[String]) -> Result<()>,
    each: &mut Sink<'_>,
) -> Result<()> {
    let mut rows = Rows::new(input, separator);
    let mut row = Row::default();
    if !rows.next(&mut row)? {
        return Err(broken(1, text!("the file is empty", "文件为空")));
    }
    let names = row.texts().map_err(|()| broken(row.line, not_utf8()))?;
    let names: Vec<String> = names.into_iter().map(|n| n.trim().to_owned()).collect();
    header(&names)?;
    while rows.next(&mut row)? {
        if !each(Entry { line: row.line, fields: row.fields(&names) }) {
            break;
        }
    }
    Ok(())
}

fn not_utf8() -> watchword_kit::Text {
    text!("not UTF-8: save the table as «CSV UTF-8»", "不是 UTF-8 编码：请将表格另存为“CSV UTF-8”")
}

/// Members from cells, for every kind of table.
pub(crate) fn object<'a>(names: &[String], cells: impl Iterator<Item = &'a str>) -> Object {
    let filled = names.iter().zip(cells).filter(|(name, cell)| !cell.is_empty() && !name.is_empty());
    filled.map(|(name, cell)| (name.clone(), Value::String(revive(cell).to_owned()))).collect()
}

#[derive(Default)]
struct Row {
    line: u64,
    bytes: Vec<u8>,
    /// Where each cell ends.
    ends: Vec<usize>,
}

impl Row {
    fn texts(&self) -> std::result::Result<Vec<&str>, ()> {
        let mut start = 0;
        let cut = |end: &usize| std::str::from_utf8(&self.bytes[std::mem::replace(&mut start, *end)..*end]);
        self.ends.iter().map(cut).collect::<std::result::Result<_, _>>().map_err(drop)
    }

    fn fields(&self, names: &[String]) -> Result<Object> {
        let cells = self.texts().map_err(|()| Error::invalid("row", not_utf8()))?;
        let (have, want) = (cells.len(), names.len());
        if have > want && cells[want..].iter().any(|c| !c.is_empty()) {
            return Err(Error::invalid(
                "row",
                text!("has {have} cells, the header {want}", "有 {have} 个单元格，表头只有 {want} 个"),
            ));
        }
        Ok(object(names, cells.into_iter()))
    }
}

struct Rows<R> {
    input: R,
    separator: u8,
    /// The line that comes next.
    line: u64,
    begun: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    CellStart,
    Plain,
    Quoted,
    /// A quote within a quoted cell: the end of it, or the first of two.
    Quote,
}

impl<R: BufRead> Rows<R> {
    fn new(input: R, separator: u8) -> Self {
        Rows { input, separator, line: 1, begun: false }
    }

    /// Reads the next row that is not empty; `false` at the end.
    fn next(&mut self, row: &mut Row) -> Result<bool> {
        loop {
            row.bytes.clear();
            row.ends.clear();
            row.line = self.line;
            let (more, quotes) = self.fill(row)?;
            let empty = row.ends.len() <= 1 && row.bytes.is_empty() && !quotes;
            if !empty {
                return Ok(true);
            }
            if !more {
                return Ok(false);
            }
        }
    }

    /// Answers whether the row ended with a line end rather than the file, and whether it had quotes.
    fn fill(&mut self, row: &mut Row) -> Result<(bool, bool)> {
        let (mut at, mut quotes) = (At::CellStart, false);
        loop {
            let chunk = self.input.fill_buf().map_err(|e| unreadable(&e))?;
            let mut skip = 0;
            if !std::mem::replace(&mut self.begun, true) && chunk.starts_with(b"\xef\xbb\xbf") {
                skip = 3;
            }
            if chunk.is_empty() {
                row.end_cell(at);
                return Ok((false, quotes));
            }
            let mut used = chunk.len();
            let mut ended = false;
            for (i, byte) in chunk.iter().copied().enumerate().skip(skip) {
                self.line += u64::from(byte == b'\n');
                at = match (at, byte) {
                    (At::Quoted, b'"') => At::Quote,
                    (At::Quoted, byte) => row.push(byte, At::Quoted),
                    (At::Quote, b'"') => row.push(b'"', At::Quoted),
                    (at, b'\n') => {
                        row.end_cell(at);
                        (used, ended) = (i + 1, true);
                        break;
                    }
                    (at, byte) if byte == self.separator => {
                        row.end_cell(if at == At::Plain { At::CellStart } else { at });
                        At::CellStart
                    }
                    (At::CellStart, b'"') => {
                        quotes = true;
                        At::Quoted
                    }
                    (At::Quote, b'\r') => At::Quote,
                    (_, byte) => row.push(byte, At::Plain),
                };
            }
            self.input.consume(used);
            if ended {
                return Ok((true, quotes));
            }
            if row.bytes.len() > MAX_ROW || row.ends.len() > MAX_COLUMNS {
                let line = row.line;
                return Err(broken(
                    line,
                    text!("a row without end: is a quote not closed?", "行过长：是否有引号未闭合？"),
                ));
            }
        }
    }
}

impl Row {
    fn push(&mut self, byte: u8, then: At) -> At {
        self.bytes.push(byte);
        then
    }

    /// Ends a cell; at the end of a line, the return before it goes.
    fn end_cell(&mut self, at: At) {
        if at == At::Plain
            && self.bytes.last() == Some(&b'\r')
            && self.bytes.len() > self.ends.last().copied().unwrap_or(0)
        {
            self.bytes.pop();
        }
        self.ends.push(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8], separator: u8) -> Result<Vec<(u64, std::result::Result<String, String>)>> {
        let mut out = Vec::new();
        read(text, separator, &mut |_| Ok(()), &mut |entry| {
            let said = |e: Error| e.message(watchword_kit::Lang::En);
            out.push((entry.line, entry.fields.map(|o| Value::Object(o).to_string()).map_err(said)));
            true
        })
        .map(|()| out)
    }

    #[test]
    fn quotes_line_ends_and_blank_lines_are_read_as_spreadsheets_write_them() {
        let text = "\u{feff}name,note\r\n\"Ada \"\"A\"\"\",\"two\nlines, one cell\"\r\n\r\nBob,\r\n\"\",x";
        let found = rows(text.as_bytes(), b',').unwrap();
        assert_eq!(
            found,
            [
                (2, Ok(r#"{"name":"Ada \"A\"","note":"two\nlines, one cell"}"#.into())),
                (5, Ok(r#"{"name":"Bob"}"#.into())),
                (6, Ok(r#"{"note":"x"}"#.into())),
            ]
        );
    }

    #[test]
    fn a_row_that_is_wrong_is_told_and_the_others_are_read() {
        let found = rows(b"a;b\n1;2;3\n\xff;2\n3;4\n", b';').unwrap();
        assert_eq!(found[0], (2, Err("row: has 3 cells, the header 2".into())));
        assert!(found[1].1.as_ref().unwrap_err().contains("UTF-8"));
        assert_eq!(found[2], (4, Ok(r#"{"a":"3","b":"4"}"#.into())));
    }

    #[test]
    fn an_unclosed_quote_does_not_swallow_the_memory() {
        let text = format!("a,b\n\"{}", "x,\n".repeat(1_000_000));
        assert!(rows(text.as_bytes(), b',').unwrap_err().message(watchword_kit::Lang::En).contains("line 2"));
    }

    #[test]
    fn the_separator_is_the_most_frequent_one_outside_quotes() {
        assert_eq!(separator(b"a;b;c,d\n,,,,,"), b';');
        assert_eq!(separator(b"\"a;b;c\",d\n"), b',');
        assert_eq!(separator(b"a\tb"), b'\t');
        assert_eq!(separator(b"username"), b',');
    }
}
