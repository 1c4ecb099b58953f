//! A workbook with one sheet of texts (ECMA-376 part 1), written as a stream.

use std::fmt::Write as _;
use std::io::{Seek, Write};

use watchword_kit::{Error, Result};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{full, unwritable};

/// Rows of a sheet.
const MAX_ROWS: u64 = 1_048_576;

const PARTS: &[(&str, &str)] = &[
    (
        "[Content_Types].xml",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#,
    ),
    (
        "_rels/.rels",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Users" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
    ),
];

/// The sheet being written.
pub struct Sheet<W: Write + Seek> {
    zip: ZipWriter<W>,
    rows: u64,
    line: String,
}

impl<W: Write + Seek> Sheet<W> {
    pub fn begin(out: W) -> Result<Self> {
        let mut zip = ZipWriter::new(out);
        for (name, text) in PARTS {
            zip.start_file(*name, SimpleFileOptions::default()).map_err(broken)?;
            zip.write_all(text.as_bytes()).map_err(|e| unwritable(&e))?;
        }
        let large = SimpleFileOptions::default().large_file(true).compression_level(Some(1));
        zip.start_file("xl/worksheets/sheet1.xml", large).map_err(broken)?;
        let head = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;
        zip.write_all(head.as_bytes()).map_err(|e| unwritable(&e))?;
        Ok(Sheet { zip, rows: 0, line: String::new() })
    }

    pub fn row(&mut self, cells: &[String]) -> Result<()> {
        if self.rows == MAX_ROWS {
            return Err(full());
        }
        self.rows += 1;
        self.line.clear();
        let _ = write!(self.line, "<row r=\"{}\">", self.rows);
        for (i, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let _ =
                write!(self.line, "<c r=\"{}{}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">", column(i), self.rows);
            escape(&mut self.line, cell);
            self.line.push_str("</t></is></c>");
        }
        self.line.push_str("</row>");
        self.zip.write_all(self.line.as_bytes()).map_err(|e| unwritable(&e))
    }

    pub fn finish(mut self) -> Result<W> {
        self.zip.write_all(b"</sheetData></worksheet>").map_err(|e| unwritable(&e))?;
        self.zip.finish().map_err(broken)
    }
}

fn broken(e: zip::result::ZipError) -> Error {
    Error::internal(format!("cannot write the workbook: {e}"))
}

/// 0 is `A`, 27 is `AB`.
fn column(i: usize) -> String {
    let letter = char::from(b'A' + u8::try_from(i % 26).unwrap_or_default());
    if i < 26 { letter.to_string() } else { format!("{}{letter}", column(i / 26 - 1)) }
}

/// Text of a cell: what XML or the spreadsheet would read otherwise is written by its code.
fn escape(out: &mut String, text: &str) {
    for (i, c) in text.char_indices() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '_' if text[i..].starts_with("_x") => out.push_str("_x005F_"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(out, "_x{:04X}_", u32::from(c));
            }
            c => out.push(c),
        }
    }
}
