//! Bodies that do not end.

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use watchword_testkit::database::scratch;

use super::{Node, init};

const MIB: usize = 1 << 20;
/// What the kernel may hold of a connection that nobody reads, and more.
const BUFFERS: usize = 64 * MIB;

/// Sends a chunked body, and after the reply goes on with it. Answers the reply; panics when nobody ends the connection.
async fn endless(node: &Node, path: &str, limit: usize) -> String {
    let address = node.url.strip_prefix("http://").expect("an address");
    let (mut reader, mut writer) = TcpStream::connect(address).await.expect("a connection").into_split();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    writer.write_all(head.as_bytes()).await.expect("the head is taken");
    // White space, so that nothing but its length is wrong.
    let chunk = [&b"10000\r\n"[..], &[b' '; 65_536], b"\r\n"].concat();
    // Of the body alone.
    let mut written = 0;
    while written <= limit {
        if writer.write_all(&chunk).await.is_err() {
            break;
        }
        written += 65_536;
    }
    let mut reply = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&reply).contains("requestId") {
        match reader.read(&mut part).await {
            Ok(n) if n > 0 => reply.extend_from_slice(&part[..n]),
            _ => break,
        }
    }
    let due = written + BUFFERS;
    while writer.write_all(&chunk).await.is_ok() {
        written += 65_536;
        assert!(written < due, "{path}: the server goes on reading");
    }
    String::from_utf8_lossy(&reply).into_owned()
}

/// The most memory that the process has ever had, in bytes.
fn peak(node: &Node) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.process())).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    line.split_whitespace().next().and_then(|n| n.parse::<usize>().ok()).expect("a number") * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_body_is_refused_at_its_limit_and_cut_off_and_costs_no_more_memory_than_that() {
    let data = scratch("flood");
    init(&data);
    let node = Node::start(&data).await;
    let (small, big) = ("/api/v3/get-management-token", "/api/v3/import-otp");
    let refused = |reply: String| assert!(reply.contains("\"statusCode\":413"), "{reply}");
    refused(endless(&node, small, MIB).await);
    let before = peak(&node);
    for reply in join_all((0..4).map(|_| endless(&node, small, MIB))).await {
        refused(reply);
    }
    for _ in 0..8 {
        refused(endless(&node, small, MIB).await);
    }
    let grown = peak(&node) - before;
    assert!(grown < 20 * MIB, "{grown} bytes more for bodies of 1 MiB, four at once");
    for _ in 0..4 {
        refused(endless(&node, big, 16 * MIB).await);
    }
    let grown = peak(&node) - before;
    // What all bodies together may take.
    assert!(grown < 128 * MIB, "{grown} bytes more for bodies of 16 MiB, one after the other");
    assert_eq!(node.anonymous().get("/readyz").await.http, 200);
}
