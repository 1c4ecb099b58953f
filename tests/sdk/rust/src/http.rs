//! One request over one connection of plain HTTP, which is what the server under test speaks.

use std::io::{Error, Read, Write};
use std::net::TcpStream;

use openidconnect::http::{Request, Response};

/// Sends a request and reads its reply to the end.
pub fn send(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Error> {
    let uri = request.uri();
    let address = uri.authority().ok_or_else(|| Error::other("no address"))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut head = format!("{} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", request.method());
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().map_err(Error::other)?);
    }
    let body = request.body();
    head += &format!("content-length: {}\r\n\r\n", body.len());
    let mut stream = TcpStream::connect(address.as_str())?;
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    read(&reply)
}

fn read(reply: &[u8]) -> Result<Response<Vec<u8>>, Error> {
    let end = reply.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(|| Error::other("half a reply"))?;
    let head = std::str::from_utf8(&reply[..end]).map_err(Error::other)?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let mut response = Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        response = response.header(name, value.trim());
    }
    response.body(reply[end + 4..].to_vec()).map_err(Error::other)
}
