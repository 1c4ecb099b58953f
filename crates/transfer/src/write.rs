//! Writers of users: CSV, XLSX and JSON lines, row by row in bounded memory.

mod xlsx;

use std::io::{Seek, Write};

use serde_json::Value;
use watchword_kit::{Result, text};

use crate::column::Column;
use crate::{Object, cell};

/// A file being written.
pub enum Writer<W: Write + Seek> {
    Csv { out: W, columns: Vec<&'static Column> },
    Lines { out: W, columns: Vec<&'static Column> },
    Xlsx { out: Box<xlsx::Sheet<W>>, columns: Vec<&'static Column> },
}

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Csv,
    Xlsx,
    JsonLines,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a file; tables begin with a header.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn begin(kind: Kind, out: W, columns: Vec<&'static Column>) -> Result<Self> {
        let names: Vec<String> = columns.iter().map(|c| c.name.to_owned()).collect();
        match kind {
            Kind::Csv => {
                let mut writer = Writer::Csv { out, columns };
                writer.cells(names)?;
                Ok(writer)
            }
            Kind::Xlsx => {
                let mut writer = Writer::Xlsx { out: Box::new(xlsx::Sheet::begin(out)?), columns };
                writer.cells(names)?;
                Ok(writer)
            }
            Kind::JsonLines => Ok(Writer::Lines { out, columns }),
        }
    }

    /// Writes one user.
    ///
    /// # Errors
    /// When nothing can be written; 400 when a sheet is full.
    pub fn user(&mut self, user: &Object) -> Result<()> {
        match self {
            Writer::Lines { out, columns } => {
                let shown = columns.iter().filter_map(|c| Some((c.name.to_owned(), user.get(c.name)?.clone())));
                let shown: Object = shown.filter(|(_, v)| !v.is_null()).collect();
                let mut line = Value::Object(shown).to_string();
                line.push('\n');
                out.write_all(line.as_bytes()).map_err(|e| unwritable(&e))
            }
            Writer::Csv { columns, .. } | Writer::Xlsx { columns, .. } => {
                let shown = |c: &&Column| cell::neutralise(user.get(c.name).map(cell::show).unwrap_or_default());
                let cells = columns.iter().map(shown).collect();
                self.cells(cells)
            }
        }
    }

    fn cells(&mut self, cells: Vec<String>) -> Result<()> {
        match self {
            Writer::Csv { out, .. } => {
                let quoted: Vec<String> = cells.into_iter().map(quoted).collect();
                out.write_all((quoted.join(",") + "\r\n").as_bytes()).map_err(|e| unwritable(&e))
            }
            Writer::Xlsx { out, .. } => out.row(&cells),
            Writer::Lines { .. } => Ok(()),
        }
    }

    /// Ends the file and hands it back, everything written.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn finish(self) -> Result<W> {
        let mut out = match self {
            Writer::Csv { out, .. } | Writer::Lines { out, .. } => out,
            Writer::Xlsx { out, .. } => out.finish()?,
        };
        out.flush().map_err(|e| unwritable(&e))?;
        Ok(out)
    }
}

fn quoted(cell: String) -> String {
    if cell.contains(['"', ',', '\n', '\r', ';', '\t', '|']) || cell.trim().len() != cell.len() {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}

fn unwritable(e: &std::io::Error) -> watchword_kit::Error {
    watchword_kit::Error::internal(format!("cannot write: {e}"))
}

fn full() -> watchword_kit::Error {
    watchword_kit::Error::invalid(
        "format",
        text!(
            "a sheet has room for 1,048,575 users: use csv or jsonl",
            "工作表最多容纳 1,048,575 个用户：请使用 csv 或 jsonl"
        ),
    )
}

#[cfg(test)]
mod tests;
