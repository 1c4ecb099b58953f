//! Requests as bytes, and replies taken apart.

use std::io::Write as _;
use std::ops::Range;

/// Appends a GET. `headers` are whole lines, each ended by CRLF.
pub fn get(out: &mut Vec<u8>, path: &str, headers: &str) {
    let _ = write!(out, "GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n");
}

/// Appends a POST of JSON.
pub fn post(out: &mut Vec<u8>, path: &str, headers: &str, json: &str) {
    post_as(out, path, headers, "application/json", json);
}

/// Appends a POST of a form.
pub fn post_form(out: &mut Vec<u8>, path: &str, form: &str) {
    post_as(out, path, "", "application/x-www-form-urlencoded", form);
}

fn post_as(out: &mut Vec<u8>, path: &str, headers: &str, kind: &str, body: &str) {
    let length = body.len();
    let _ = write!(
        out,
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
}

/// `Authorization: Bearer …` as a header line.
pub fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Where the body of a complete reply lies; `None`: more is to come. The server sends `Content-Length` with every reply.
pub fn body(reply: &[u8]) -> Option<Range<usize>> {
    let head = find(reply, b"\r\n\r\n")?;
    let length = reply[..head].split(|b| *b == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(b"content-length:".len())?;
        name.eq_ignore_ascii_case(b"content-length:").then(|| value.trim_ascii())
    })?;
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    let start = head + 4;
    (reply.len() >= start + length).then_some(start..start + length)
}

pub fn is_200(reply: &[u8]) -> bool {
    reply.starts_with(b"HTTP/1.1 200 ")
}

pub fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|w| w == what)
}

/// The text of the member `"name":"…"`, without escapes.
pub fn member<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let mark = format!("\"{name}\":\"");
    let rest = &body[find(body, mark.as_bytes())? + mark.len()..];
    std::str::from_utf8(&rest[..rest.iter().position(|b| *b == b'"')?]).ok()
}
