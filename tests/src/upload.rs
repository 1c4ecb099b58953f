//! Files of users: kept, served, and never run.

use serde_json::Value;
use watchword_testkit::{Client, Reply, Server};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\r\n--frontie\xff";
const PATH: &str = "/api/v2/upload";

async fn ada() -> (Server, Client) {
    let s = Server::start().await;
    let (client, _) = s.signed_in_as("ada").await;
    (s, client)
}

/// The path of an uploaded file at this server.
fn path(reply: &Value) -> String {
    let url = reply["url"].as_str().expect("an address");
    url.strip_prefix("https://id.example.com").expect("the configured address").to_owned()
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.get(name).map_or("", |v| v.to_str().expect("text"))
}

#[tokio::test]
async fn a_picture_is_shown_to_whoever_has_its_address_in_a_sandbox() {
    let (s, client) = ada().await;
    let made = client.post_file(&format!("{PATH}?folder=photos"), &[], "../../me.html", PNG).await.ok();
    let key = made["key"].as_str().expect("a key");
    assert!(key.starts_with("photos/") && key.ends_with(".png") && !key.contains("me"), "{key}");
    let shown = s.anonymous().get(&path(&made)).await;
    assert_eq!((shown.http, header(&shown, "content-type")), (200, "image/png"));
    assert_eq!(header(&shown, "content-disposition"), "inline");
    assert!(header(&shown, "content-security-policy").contains("sandbox"));
    assert_eq!(header(&shown, "x-content-type-options"), "nosniff");
    assert_eq!(header(&shown, "content-length"), PNG.len().to_string());
    assert_eq!(s.audited("user.upload").await, 1);
}

#[tokio::test]
async fn what_could_run_is_handed_out_as_bytes_whatever_it_is_called() {
    let (s, client) = ada().await;
    let files: [(&str, &[u8]); 4] = [
        ("a.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"),
        ("a.png", b"<!doctype html><script>alert(1)</script>"),
        ("a.html", b"\xef\xbb\xbf<html>"),
        ("a.pdf", b"%PDF-1.7"),
    ];
    for (name, content) in files {
        let made = client.post_file(PATH, &[("folder", "docs")], name, content).await.ok();
        let shown = s.anonymous().get(&path(&made)).await;
        assert_eq!(shown.http, 200);
        assert!(header(&shown, "content-disposition").starts_with("attachment"), "{name}");
        assert!(!header(&shown, "content-type").contains("html") && !header(&shown, "content-type").contains("svg"));
        assert!(header(&shown, "content-security-policy").contains("sandbox"));
    }
}

#[tokio::test]
async fn a_private_file_is_there_for_its_user_only() {
    let (s, client) = ada().await;
    let made = client.post_file(PATH, &[("isPrivate", "true")], "a.png", PNG).await.ok();
    let (eve, _) = s.signed_in_as("eve").await;
    for stranger in [s.anonymous(), eve, s.admin().await] {
        assert_eq!(stranger.get(&path(&made)).await.http, 404);
    }
    let own = client.get(&path(&made)).await;
    assert_eq!((own.http, header(&own, "cache-control")), (200, "private, no-store"));
}

#[tokio::test]
async fn nobody_reads_a_file_by_another_address() {
    let (s, client) = ada().await;
    let made = path(&client.post_file(PATH, &[], "a.png", PNG).await.ok());
    let other = s.new_pool("Another pool").await;
    let parts: Vec<&str> = made.split('/').collect();
    let wrong = [
        made.replace(&s.pool.id, &other.id),
        made.replace("/files/", "/photos/"),
        made.replace(".png", ".html"),
        made.replace(".png", ""),
        format!("/uploads/{}/files/..%2f{}", s.pool.id, parts.last().expect("a name")),
    ];
    for path in wrong {
        assert_eq!(s.anonymous().get(&path).await.http, 404, "{path}");
    }
}

#[tokio::test]
async fn what_is_no_upload_is_refused() {
    let (s, client) = ada().await;
    client.post(PATH, serde_json::json!({ "folder": "x" })).await.refused_at("body");
    client.post_file(PATH, &[], "a.png", b"").await.refused_at("file");
    for folder in ["a/b", "..", "ä", &"x".repeat(65)] {
        client.post_file(PATH, &[("folder", folder)], "a.png", PNG).await.refused_at("folder");
    }
    client.post_file(PATH, &[], "a.png", &vec![b'x'; (4 << 20) + 1]).await.refused(413);
    s.app().post_file(PATH, &[], "a.png", PNG).await.refused(401);
    client.post_file(PATH, &[], "a.png", &vec![b'x'; 4 << 20]).await.ok();
    assert_eq!(s.audited("user.upload").await, 8);
}

#[tokio::test]
async fn a_user_has_at_most_64_mib_of_files() {
    let (_s, client) = ada().await;
    for _ in 0..16 {
        client.post_file(PATH, &[], "a.bin", &vec![b'x'; 4 << 20]).await.ok();
    }
    client.post_file(PATH, &[], "a.bin", b"x").await.refused(422);
}
