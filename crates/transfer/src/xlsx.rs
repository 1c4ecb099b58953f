//! Workbooks of spreadsheets (ECMA-376 part 1): one sheet, row by row.
//!
//! Texts that cells share lie in front of the rows in a part of their own, so they are kept in memory, at most
//! [`MAX_STRINGS`] bytes of them; a workbook with more is to be saved as CSV. Everything else is read as a stream, and
//! no element of it may be larger than [`MAX_ELEMENT`], so that a small file cannot unpack into a large memory.

use std::io::{self, BufRead, BufReader, Read, Seek};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use watchword_kit::{Error, Result, text};
use zip::ZipArchive;

use crate::table::{MAX_COLUMNS, object};
use crate::{Entry, Sink, broken};

/// Bytes of shared texts.
const MAX_STRINGS: usize = 64 << 20;
/// Shared texts.
const MAX_COUNT: usize = 8 << 20;
/// Bytes of one element of XML.
const MAX_ELEMENT: usize = 1 << 20;
/// Bytes of one row.
const MAX_ROW: usize = 1 << 20;
/// Bytes of a part that describes the workbook.
const MAX_PART: u64 = 4 << 20;

/// Reads a sheet (the first, unless named) whose first row is a header.
///
/// # Errors
/// What `header` says; 400 for what is no workbook, has no such sheet, or is too large.
pub fn read(
    file: impl Read + Seek,
    sheet: Option<&str>,
    header: &mut dyn FnMut(&[String]) -> Result<()>,
    each: &mut Sink<'_>,
) -> Result<()> {
    let mut archive = ZipArchive::new(file).map_err(|_| damaged())?;
    let path = sheet_path(&mut archive, sheet)?;
    let strings = Strings::read(&mut archive)?;
    let part = archive.by_name(&path).map_err(|_| damaged())?;
    let mut rows = Rows { xml: Xml::new(part), strings: &strings, number: 0 };
    let Some((_, names)) = rows.next()? else {
        return Err(broken(1, text!("the sheet is empty", "工作表为空")));
    };
    let names: Vec<String> = names.into_iter().map(|n| n.trim().to_owned()).collect();
    header(&names)?;
    while let Some((line, cells)) = rows.next()? {
        if cells.iter().all(String::is_empty) {
            continue;
        }
        let (have, want) = (cells.len(), names.len());
        let fields = if cells.iter().skip(want).any(|c| !c.is_empty()) {
            Err(Error::invalid(
                "row",
                text!("has {have} cells, the header {want}", "有 {have} 个单元格，表头只有 {want} 个"),
            ))
        } else {
            Ok(object(&names, cells.iter().map(String::as_str)))
        };
        if !each(Entry { line, fields }) {
            break;
        }
    }
    Ok(())
}

fn damaged() -> Error {
    Error::invalid("file", text!("no workbook, or a damaged one", "不是工作簿，或文件已损坏"))
}

fn too_large() -> Error {
    Error::invalid(
        "file",
        text!("more text than a workbook may have here: save it as CSV", "工作簿内容过大：请另存为 CSV"),
    )
}

/// Where the sheet is within the archive.
fn sheet_path<R: Read + Seek>(archive: &mut ZipArchive<R>, wanted: Option<&str>) -> Result<String> {
    let mut sheets = Vec::new();
    elements(archive, "xl/workbook.xml", b"sheet", &mut |e| {
        sheets.push((attribute(e, b"name"), attribute(e, b"r:id")));
    })?;
    let mut targets = Vec::new();
    elements(archive, "xl/_rels/workbook.xml.rels", b"Relationship", &mut |e| {
        targets.push((attribute(e, b"Id"), attribute(e, b"Target")));
    })?;
    let found = sheets.iter().find(|(name, _)| wanted.is_none_or(|w| w == name)).ok_or_else(|| {
        let names: Vec<&str> = sheets.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(", ");
        Error::invalid("sheet", text!("no such sheet; there are: {names}", "没有此工作表，可用：{names}"))
    })?;
    let target = targets.into_iter().find(|(id, _)| *id == found.1).ok_or_else(damaged)?.1;
    Ok(match target.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("xl/{target}"),
    })
}

fn elements<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    part: &str,
    name: &[u8],
    each: &mut dyn FnMut(&BytesStart<'_>),
) -> Result<()> {
    let part = archive.by_name(part).map_err(|_| damaged())?;
    let mut xml = Xml::new(part.take(MAX_PART));
    while let Some(event) = xml.next()? {
        if let Event::Start(e) | Event::Empty(e) = event
            && e.local_name().as_ref() == name
        {
            each(&e);
        }
    }
    Ok(())
}

fn attribute(element: &BytesStart<'_>, name: &[u8]) -> String {
    let found = element.attributes().flatten().find(|a| a.key.as_ref() == name);
    found.map(|a| unescaped(&String::from_utf8_lossy(&a.value))).unwrap_or_default()
}

fn unescaped(text: &str) -> String {
    quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), |t| t.into_owned())
}

/// A stream of XML events, each of bounded size.
struct Xml<R: Read> {
    reader: Reader<Guard<BufReader<R>>>,
    buffer: Vec<u8>,
}

impl<R: Read> Xml<R> {
    fn new(part: R) -> Self {
        let guarded = Guard { inner: BufReader::with_capacity(64 << 10, part), left: MAX_ELEMENT };
        Xml { reader: Reader::from_reader(guarded), buffer: Vec::new() }
    }

    /// The next event; `None` at the end.
    fn next(&mut self) -> Result<Option<Event<'_>>> {
        self.buffer.clear();
        self.reader.get_mut().left = MAX_ELEMENT;
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(Event::Eof) => Ok(None),
            Ok(Event::DocType(_)) | Err(_) => Err(damaged()),
            Ok(event) => Ok(Some(event)),
        }
    }
}

/// Ends with an error where one element reads too much.
struct Guard<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.inner.read(out)
    }
}

impl<R: BufRead> BufRead for Guard<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other("an element is too large"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.left = self.left.saturating_sub(n);
        self.inner.consume(n);
    }
}

/// Adds what an event within a text says.
fn add_text(out: &mut String, event: &Event<'_>) -> Result<()> {
    match event {
        Event::Text(t) => out.push_str(&t.xml10_content().map_err(|_| damaged())?),
        Event::CData(t) => out.push_str(&t.decode().map_err(|_| damaged())?),
        Event::GeneralRef(r) => match r.resolve_char_ref().map_err(|_| damaged())? {
            Some(c) => out.push(c),
            None => match &**r {
                b"lt" => out.push('<'),
                b"gt" => out.push('>'),
                b"amp" => out.push('&'),
                b"apos" => out.push('\''),
                b"quot" => out.push('"'),
                _ => return Err(damaged()),
            },
        },
        _ => {}
    }
    Ok(())
}

/// The texts that cells name by number, one after the other.
#[derive(Default)]
struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    fn read<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<Strings> {
        let mut strings = Strings::default();
        let Ok(part) = archive.by_name("xl/sharedStrings.xml") else { return Ok(strings) };
        let mut xml = Xml::new(part);
        // Phonetic readings (rPh) are no part of the text.
        let (mut in_text, mut phonetic) = (false, false);
        while let Some(event) = xml.next()? {
            match &event {
                Event::Start(e) if e.local_name().as_ref() == b"t" => in_text = !phonetic,
                Event::End(e) if e.local_name().as_ref() == b"t" => in_text = false,
                Event::Start(e) if e.local_name().as_ref() == b"rPh" => phonetic = true,
                Event::End(e) if e.local_name().as_ref() == b"rPh" => phonetic = false,
                Event::End(e) if e.local_name().as_ref() == b"si" => strings.end()?,
                Event::Empty(e) if e.local_name().as_ref() == b"si" => strings.end()?,
                other if in_text => add_text(&mut strings.text, other)?,
                _ => {}
            }
        }
        Ok(strings)
    }

    fn end(&mut self) -> Result<()> {
        if self.text.len() > MAX_STRINGS || self.ends.len() >= MAX_COUNT {
            return Err(too_large());
        }
        self.ends.push(u32::try_from(self.text.len()).map_err(|_| too_large())?);
        Ok(())
    }

    fn get(&self, i: usize) -> Option<&str> {
        let end = *self.ends.get(i)? as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        self.text.get(start..end)
    }
}

struct Rows<'a, R: Read> {
    xml: Xml<R>,
    strings: &'a Strings,
    /// The row before, for rows that do not say their number.
    number: u64,
}

#[derive(Default)]
struct Cell {
    column: usize,
    kind: Vec<u8>,
    text: String,
}

impl<R: Read> Rows<'_, R> {
    /// The next row's number and cells.
    fn next(&mut self) -> Result<Option<(u64, Vec<String>)>> {
        let mut cells: Vec<String> = Vec::new();
        let (mut cell, mut in_text, mut size) = (Cell::default(), false, 0);
        while let Some(event) = self.xml.next()? {
            match &event {
                Event::Start(e) | Event::Empty(e) if e.local_name().as_ref() == b"row" => {
                    self.number = attribute(e, b"r").parse().unwrap_or(self.number + 1);
                    if matches!(event, Event::Empty(_)) {
                        return Ok(Some((self.number, cells)));
                    }
                }
                Event::Start(e) if e.local_name().as_ref() == b"c" => {
                    let column = column_of(&attribute(e, b"r")).unwrap_or(cells.len());
                    cell = Cell { column, kind: attribute(e, b"t").into_bytes(), text: String::new() };
                }
                Event::Start(e) => in_text = matches!(e.local_name().as_ref(), b"v" | b"t"),
                Event::End(e) => match e.local_name().as_ref() {
                    b"v" | b"t" => in_text = false,
                    b"c" => {
                        let cell = std::mem::take(&mut cell);
                        if cell.column >= MAX_COLUMNS {
                            return Err(broken(
                                self.number,
                                text!("more than {MAX_COLUMNS} columns", "超过 {MAX_COLUMNS} 列"),
                            ));
                        }
                        if cells.len() <= cell.column {
                            cells.resize(cell.column + 1, String::new());
                        }
                        cells[cell.column] = self.value(&cell)?;
                        size += cells[cell.column].len();
                        if size > MAX_ROW {
                            return Err(broken(self.number, text!("a row of more than 1 MiB", "一行超过 1 MiB")));
                        }
                    }
                    b"row" => return Ok(Some((self.number, cells))),
                    _ => {}
                },
                other if in_text => {
                    add_text(&mut cell.text, other)?;
                    if cell.text.len() > MAX_ROW {
                        return Err(broken(self.number, text!("a row of more than 1 MiB", "一行超过 1 MiB")));
                    }
                }
                _ => {}
            }
        }
        Ok(None)
    }

    fn value(&self, cell: &Cell) -> Result<String> {
        Ok(match cell.kind.as_slice() {
            b"s" => {
                let text = cell.text.trim().parse().ok().and_then(|i| self.strings.get(i));
                unescape_controls(text.ok_or_else(damaged)?)
            }
            b"b" => if cell.text.trim() == "1" { "true" } else { "false" }.into(),
            // What could not be calculated.
            b"e" => String::new(),
            b"" | b"n" => number(cell.text.trim()),
            _ => unescape_controls(&cell.text),
        })
    }
}

/// `A1` is column 0, `AB7` column 27.
fn column_of(reference: &str) -> Option<usize> {
    let letters: Vec<u8> = reference.bytes().take_while(u8::is_ascii_uppercase).collect();
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    Some(letters.iter().fold(0, |n, b| n * 26 + usize::from(b - b'A') + 1) - 1)
}

/// A number as people write it: a phone number in a cell is `1.38E10` in the file.
fn number(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(n) if n.fract() == 0.0 && n.abs() < 1e15 => format!("{n:.0}"),
        _ => text.to_owned(),
    }
}

/// `_x000D_` stands for a character that XML cannot have or would change (ECMA-376 part 1, §22.4.2.4).
fn unescape_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let c = code.filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
        match c.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
