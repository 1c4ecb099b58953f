//! `watchword healthcheck`: asks a running server whether it is ready; for container images without a shell.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Shell;
use super::failure::{Failure, Outcome};

const PATIENCE: Duration = Duration::from_secs(3);

pub async fn run(shell: &Shell) -> Outcome {
    let config = shell.config()?;
    let mut at = config.monitoring_listen.unwrap_or(config.listen);
    if at.ip().is_unspecified() {
        at.set_ip(if at.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    if config.tls() && config.monitoring_listen.is_none() {
        // The certificate names the public host, not this address: that something accepts must do.
        return TcpStream::connect_timeout(&at, PATIENCE).map(drop).map_err(|e| Failure::server(format!("{at}: {e}")));
    }
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&at, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n")?;
        let mut reply = String::new();
        stream.take(4096).read_to_string(&mut reply)?;
        Ok(reply)
    };
    let reply = ask().map_err(|e| Failure::server(format!("{at}: {e}")))?;
    match reply.split(' ').nth(1) {
        Some("200") => Ok(()),
        status => Err(Failure::server(format!("{at}: not ready (HTTP {})", status.unwrap_or("nothing")))),
    }
}
