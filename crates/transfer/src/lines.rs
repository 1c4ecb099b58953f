//! JSON lines: one object a line.

use std::io::{BufRead, Read};

use watchword_kit::{Error, Result, text};

use crate::{Entry, Object, Sink, unreadable};

/// Largest line, in bytes.
const MAX_LINE: usize = 1 << 20;

/// Reads one object a line; blank lines are passed over. A line that is no object is an entry with its error.
///
/// # Errors
/// When the file cannot be read.
pub fn read(mut input: impl BufRead, each: &mut Sink<'_>) -> Result<()> {
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        let got = input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line).map_err(|e| unreadable(&e))?;
        if got == 0 {
            return Ok(());
        }
        number += 1;
        let too_long = line.len() > MAX_LINE && line.last() != Some(&b'\n');
        if too_long {
            skip_line(&mut input)?;
        }
        let text = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line) } else { &line };
        if text.trim_ascii().is_empty() {
            continue;
        }
        let fields = if too_long {
            Err(Error::invalid("row", text!("longer than {MAX_LINE} bytes", "超过 {MAX_LINE} 字节")))
        } else {
            object(text)
        };
        if !each(Entry { line: number, fields }) {
            return Ok(());
        }
    }
}

/// One object of a text that may hold secrets: what is wrong is said by its place only.
pub(crate) fn object(text: &[u8]) -> Result<Object> {
    serde_json::from_slice(text).map_err(|e| {
        let column = e.column();
        Error::invalid("row", text!("no JSON object, at column {column}", "不是 JSON 对象（第 {column} 列）"))
    })
}

fn skip_line(input: &mut impl BufRead) -> Result<()> {
    loop {
        let chunk = input.fill_buf().map_err(|e| unreadable(&e))?;
        let (used, ended) = match chunk.iter().position(|b| *b == b'\n') {
            Some(at) => (at + 1, true),
            None => (chunk.len(), chunk.is_empty()),
        };
        input.consume(used);
        if ended {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_no_object_is_told_by_number_without_its_content() {
        let text = format!("{{\"a\":1}}\n\n[\"hunter2\"]\n{{\"b\":\"{}\"}}\n{{\"c\":3}}", "x".repeat(MAX_LINE));
        let mut found = Vec::new();
        read(text.as_bytes(), &mut |entry| {
            found.push((entry.line, entry.fields.map(|o| o.len()).map_err(|e| e.message(watchword_kit::Lang::En))));
            true
        })
        .unwrap();
        assert_eq!(found[0], (1, Ok(1)));
        assert!(!found[1].1.as_ref().unwrap_err().contains("hunter2"));
        assert!(found[2].1.as_ref().unwrap_err().contains("longer"));
        assert_eq!((found[1].0, found[2].0, &found[3]), (3, 4, &(5, Ok(1))));
    }
}
