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
pub fn post_form(out: &mut Vec<u8>, path: &str, headers: &str, form: &str) {
    post_as(out, path, headers, "application/x-www-form-urlencoded", form);
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
    let start = find(reply, b"\r\n\r\n")? + 4;
    let length: usize = headers(reply, "content-length").next()?.parse().ok()?;
    (reply.len() >= start + length).then_some(start..start + length)
}

/// The values of a header, whose name is given in lower case.
pub fn headers<'a>(reply: &'a [u8], name: &'a str) -> impl Iterator<Item = &'a str> {
    let head = &reply[..find(reply, b"\r\n\r\n").unwrap_or_default()];
    head.split(|b| *b == b'\n').filter_map(move |line| {
        let (given, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":").filter(|_| given.eq_ignore_ascii_case(name.as_bytes()))?;
        std::str::from_utf8(value.trim_ascii()).ok()
    })
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
