//! Bodies with a file (RFC 7578). At most one part has a file name; the others are short texts, as in a form.

use serde::de::DeserializeOwned;
use watchword_kit::{Error, Result, text};

use super::query::Fields;
use crate::op::Raw;

const MAX_PARTS: usize = 16;
/// Bytes of the headers of one part.
const MAX_HEAD: usize = 4096;
/// Bytes of a part that is a text.
const MAX_TEXT: usize = 4096;
/// What the part with a file name is read into, whatever the client calls it.
const FILE: &str = "file";

/// # Errors
/// 400 for what is no such body; otherwise as [`super::parse`].
pub fn parse<T: DeserializeOwned>(raw: &Raw) -> Result<T> {
    let boundary = raw.content_type.as_deref().and_then(boundary);
    let boundary = boundary
        .ok_or_else(|| Error::invalid("body", text!("must be multipart/form-data", "应为 multipart/form-data")))?;
    let mut fields = Fields::read(&format!("{}{}", raw.path, raw.query))?;
    let broken = || Error::invalid("body", text!("not a well-formed multipart body", "multipart 格式不正确"));
    let mut has_file = false;
    for part in parts(&raw.body, &boundary).ok_or_else(broken)? {
        let disposition = disposition(part.head).ok_or_else(broken)?;
        if let Some(name) = disposition.file_name {
            if std::mem::replace(&mut has_file, true) {
                return Err(Error::invalid(FILE, text!("one file in one call", "一次只能上传一个文件")));
            }
            fields.file(FILE, name, part.content.to_vec());
            continue;
        }
        let text = std::str::from_utf8(part.content).ok().filter(|t| t.len() <= MAX_TEXT && !t.contains('\0'));
        fields.text(&disposition.name, text.ok_or_else(broken)?);
    }
    fields.into()
}

/// The boundary that the content type names (RFC 2046 §5.1.1): 1 to 70 characters.
fn boundary(content_type: &str) -> Option<String> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let found = rest.split(';').find_map(|member| {
        let (name, value) = member.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    })?;
    (1..=70).contains(&found.len()).then_some(found)
}

struct Part<'a> {
    head: &'a [u8],
    content: &'a [u8],
}

fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let delimiter = format!("--{boundary}");
    let between = format!("\r\n{delimiter}");
    let mut rest = body.strip_prefix(b"\r\n").unwrap_or(body).strip_prefix(delimiter.as_bytes())?;
    let mut out = Vec::new();
    while !rest.starts_with(b"--") {
        rest = rest.strip_prefix(b"\r\n")?;
        let head = find(rest, b"\r\n\r\n").filter(|at| *at <= MAX_HEAD)?;
        let content = &rest[head + 4..];
        let end = find(content, between.as_bytes())?;
        out.push(Part { head: &rest[..head], content: &content[..end] });
        if out.len() > MAX_PARTS {
            return None;
        }
        rest = &content[end + between.len()..];
    }
    Some(out)
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(step) = hay[from..].iter().position(|b| *b == first) {
        let at = from + step;
        if hay[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

struct Disposition {
    name: String,
    file_name: Option<String>,
}

fn disposition(head: &[u8]) -> Option<Disposition> {
    let head = String::from_utf8_lossy(head);
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then(|| value.trim().to_owned())
    })?;
    let mut members = line.strip_prefix("form-data")?;
    let (mut name, mut file_name) = (None, None);
    while let Some((_, rest)) = members.split_once(';') {
        let (key, rest) = rest.split_once('=')?;
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_at(rest.find(';').unwrap_or(rest.len())),
        };
        match key.trim() {
            "name" => name = Some(value.to_owned()),
            "filename" => file_name = Some(value.to_owned()),
            _ => {}
        }
        members = rest;
    }
    Some(Disposition { name: name?, file_name })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde::Deserialize;
    use watchword_api::upload::FilePart;
    use watchword_kit::Lang;

    use super::*;
    use crate::op::Source;

    #[derive(Debug, Deserialize)]
    struct Input {
        folder: Option<String>,
        file: FilePart,
    }

    fn read(content_type: &str, query: &str, body: &[u8]) -> Result<Input> {
        let (body, content_type) = (Bytes::copy_from_slice(body), Some(content_type.to_owned()));
        parse(&Raw { source: Source::Multipart, path: String::new(), query: query.into(), body, content_type })
    }

    const KIND: &str = "multipart/form-data; boundary=XX";

    #[test]
    fn a_file_is_read_byte_by_byte_and_texts_beside_it() {
        let body = b"--XX\r\nContent-Disposition: form-data; name=\"folder\"\r\n\r\nphotos\r\n--XX\r\n\
            Content-Disposition: form-data; name=\"x\"; filename=\"a;b.png\"\r\nContent-Type: image/png\r\n\r\n\
            \r\n--X\0\xff\r\n\r\n--XX--\r\n";
        let input = read(KIND, "", body).unwrap();
        assert_eq!((input.folder.as_deref(), input.file.name.as_str()), (Some("photos"), "a;b.png"));
        assert_eq!(input.file.content, b"\r\n--X\0\xff\r\n");
        let alone = b"--XX\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n1\r\n--XX--";
        let input = read("multipart/form-data; boundary=\"XX\"", "folder=q", alone).unwrap();
        assert_eq!((input.folder.as_deref(), input.file.content.as_slice()), (Some("q"), &b"1"[..]));
    }

    #[test]
    fn what_is_no_such_body_is_refused_and_nothing_panics() {
        let refuse = |kind: &str, body: &[u8]| read(kind, "", body).unwrap_err().message(Lang::En);
        assert!(refuse("application/json", b"{}").starts_with("body: must be multipart"));
        let whole = b"--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n1\r\n--XX--";
        for end in 0..whole.len() - 2 {
            assert!(refuse(KIND, &whole[..end]).starts_with("body"), "{end}");
        }
        let twice = [&whole[..whole.len() - 2], &whole[4..]].concat();
        assert!(refuse(KIND, &twice).starts_with("file: one file"), "{}", refuse(KIND, &twice));
        let none = b"--XX\r\nContent-Disposition: form-data; name=\"folder\"\r\n\r\nx\r\n--XX--";
        assert_eq!(refuse(KIND, none), "file: required");
    }
}
