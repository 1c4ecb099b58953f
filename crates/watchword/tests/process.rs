//! The program itself, as a process: what it refuses, how it ends, what it leaves behind.

#[path = "process/operator.rs"]
mod operator;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

/// Longer than anything here takes; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A data directory of one test, removed at its end.
struct Data(PathBuf);

impl Data {
    fn new(name: &str) -> Data {
        let dir = std::env::temp_dir().join(format!("watchword-process-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Data(dir)
    }

    fn initialised(name: &str) -> (Data, Value) {
        let data = Data::new(name);
        let keys = data.run(&["init", "--output", "json"]).json();
        (data, keys)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchword"));
        command.args(args).arg("--data").arg(&self.0).env_clear().stdin(Stdio::null());
        // Hashing as cheap as it gets: what these tests wait for is not what they test.
        command.env("WATCHWORD_PASSWORDS__MEMORY", "8 KiB").env("WATCHWORD_PASSWORDS__PASSES", "1");
        command
    }

    fn run(&self, args: &[&str]) -> Done {
        Done(self.command(args).output().unwrap())
    }

    fn serve(&self, environment: &[(&str, &str)]) -> Server {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
        command.envs(environment.iter().copied());
        Server::start(command)
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A command that has ended.
struct Done(Output);

impl Done {
    #[track_caller]
    fn json(&self) -> Value {
        assert!(self.0.status.success(), "{}", self.stderr());
        serde_json::from_slice(&self.0.stdout).unwrap()
    }

    #[track_caller]
    fn exits(&self, code: i32) -> String {
        assert_eq!(self.0.status.code(), Some(code), "{}", self.stderr());
        assert!(self.0.stdout.is_empty(), "nothing is printed beside the refusal");
        self.stderr()
    }

    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}

/// A running server; killed when dropped.
struct Server {
    process: Child,
    address: SocketAddr,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Starts and waits for the log line that says where it listens.
    fn start(mut command: Command) -> Server {
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let (found, address) = std::sync::mpsc::channel();
        let kept = log.clone();
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(address) = parsed["address"].as_str() {
                    let _ = found.send(address.parse().unwrap());
                }
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let address = address.recv_timeout(PATIENCE);
        let address = address.unwrap_or_else(|_| panic!("not ready: {}", log.lock().unwrap()));
        Server { process, address, log, reader: Some(reader) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Status line, headers and body of a reply, on a connection of its own.
    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        read_all(&mut stream)
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"))
    }

    fn post(&self, path: &str, headers: &str, body: &Value) -> String {
        let (head, body) = post(path, headers, body);
        self.ask(&(head + &body))
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.process.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end by itself; answers its exit code and log.
    fn ended(mut self) -> (Option<i32>, String) {
        let code = self.process.wait().unwrap().code();
        self.reader.take().unwrap().join().unwrap();
        let log = self.log.lock().unwrap().clone();
        (code, log)
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn post(path: &str, headers: &str, body: &Value) -> (String, String) {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n{headers}\r\n",
        body.len()
    );
    (head, body)
}

#[track_caller]
fn read_all(stream: &mut TcpStream) -> String {
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).expect("the server ends the connection in order");
    String::from_utf8_lossy(&reply).into_owned()
}

/// One reply of a connection that stays open.
#[track_caller]
fn read_reply(stream: &mut TcpStream) -> String {
    let mut reply = String::new();
    let mut byte = [0];
    while !reply.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        reply.push(char::from(byte[0]));
    }
    let length = reply.split("content-length: ").nth(1).and_then(|l| l.lines().next()?.parse().ok()).unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a body");
    reply + &String::from_utf8_lossy(&body)
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The request with which a management client begins.
fn token_request(keys: &Value) -> Value {
    json!({ "accessKeyId": keys["accessKeyId"], "accessKeySecret": keys["accessKeySecret"] })
}

#[test]
fn init_prints_the_credentials_once_and_keeps_to_itself() {
    let (data, keys) = Data::initialised("init");
    let names: Vec<&String> = keys.as_object().unwrap().keys().collect();
    let expected = ["userPoolId", "accessKeyId", "accessKeySecret", "appId", "appSecret", "issuer", "baseUrl"];
    assert_eq!(names, expected);
    assert_eq!(mode(&data.0), 0o700);
    for file in ["master.key", "watchword.db"] {
        assert_eq!(mode(&data.path(file)), 0o600, "{file}");
    }
    let again = data.run(&["init", "--output", "json"]).exits(5);
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["error"]["code"], "refused");
}

#[test]
fn a_missing_master_key_is_never_replaced_by_a_new_one() {
    let (data, _) = Data::initialised("missing-key");
    let key = data.path("master.key");
    let right = std::fs::read_to_string(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    assert!(data.run(&["pool", "list"]).exits(9).contains("master.key is missing"));
    assert!(data.run(&["serve", "--listen", "127.0.0.1:0"]).exits(9).contains("master.key is missing"));
    assert!(!key.exists());
    let mut elsewhere = data.command(&["pool", "list", "--output", "json"]);
    let done = Done(elsewhere.env("WATCHWORD_MASTER_KEY", right).output().unwrap());
    assert_eq!(done.json()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn another_master_key_and_a_readable_one_are_refused() {
    let (data, _) = Data::initialised("wrong-key");
    let key = data.path("master.key");
    let right = std::fs::read_to_string(&key).unwrap();
    for loose in [0o644, 0o640, 0o604] {
        set_mode(&key, loose);
        let said = data.run(&["serve", "--listen", "127.0.0.1:0"]).exits(9);
        assert!(said.contains("chmod 0600"), "{said}");
        assert!(!said.contains(right.trim()));
    }
    set_mode(&key, 0o600);
    std::fs::write(&key, "5".repeat(63) + "6").unwrap();
    assert!(data.run(&["serve", "--listen", "127.0.0.1:0"]).exits(9).contains("not the one that sealed"));
    std::fs::write(&key, right).unwrap();
    data.run(&["pool", "list", "--output", "json"]).json();
}

#[test]
fn after_rotation_only_the_new_master_key_opens_and_a_broken_off_one_is_finished() {
    let (data, keys) = Data::initialised("rotate");
    let (key, next) = (data.path("master.key"), data.path("master.key.new"));
    let old = std::fs::read_to_string(&key).unwrap();
    data.run(&["master-key", "rotate"]).exits(2);
    data.run(&["master-key", "rotate", "--yes", "--output", "json"]).json();
    let new = std::fs::read_to_string(&key).unwrap();
    assert_ne!(old, new);
    assert!(!next.exists());

    // As if the power had failed after the database learnt of the new key and before the file was replaced.
    std::fs::rename(&key, &next).unwrap();
    std::fs::write(&key, &old).unwrap();
    set_mode(&key, 0o600);
    let server = data.serve(&[]);
    assert!(server.post("/api/v3/get-management-token", "", &token_request(&keys)).contains("access_token"));
    server.kill();
    assert_eq!(std::fs::read_to_string(&key).unwrap(), new);

    std::fs::write(&key, &old).unwrap();
    assert!(data.run(&["pool", "list"]).exits(9).contains("not the one that sealed"));
}

#[test]
fn a_command_or_a_file_may_hand_over_the_master_key() {
    let (data, _) = Data::initialised("key-source");
    let moved = data.path("elsewhere");
    std::fs::rename(data.path("master.key"), &moved).unwrap();
    let with = |name: &str, value: &str| {
        Done(data.command(&["pool", "list", "--output", "json"]).env(name, value).output().unwrap())
    };
    with("WATCHWORD_MASTER_KEY_FILE", moved.to_str().unwrap()).json();
    with("WATCHWORD_MASTER_KEY_COMMAND", &format!("/bin/cat {}", moved.display())).json();
    assert!(with("WATCHWORD_MASTER_KEY_COMMAND", "exit 3").exits(9).contains("master_key_command"));
    assert!(!data.path("master.key").exists());
}

#[test]
fn unknown_keys_are_reported_together_with_suggestions() {
    let data = Data::new("unknown");
    std::fs::create_dir_all(&data.0).unwrap();
    std::fs::write(data.path("watchword.toml"), "lisen = '127.0.0.1:1'\n").unwrap();
    let mut check = data.command(&["check"]);
    let said = Done(check.env("WATCHWORD_PUBLIC_ULR", "x").env("WATCHWORD_HOST", "x").output().unwrap()).exits(2);
    assert!(said.contains("lisen; did you mean listen?"), "{said}");
    assert!(said.contains("WATCHWORD_PUBLIC_ULR; did you mean WATCHWORD_PUBLIC_URL?"), "{said}");
    assert!(!said.contains("WATCHWORD_HOST"), "{said}");
}

#[test]
fn one_data_directory_has_one_server() {
    let (data, _) = Data::initialised("lock");
    let _server = data.serve(&[]);
    assert!(data.run(&["serve", "--listen", "127.0.0.1:0"]).exits(5).contains("another watchword"));
    // Commands of the operator work beside it.
    data.run(&["pool", "list", "--output", "json"]).json();
}

#[test]
fn a_request_under_way_survives_sigterm() {
    let (data, keys) = Data::initialised("drain");
    let server = data.serve(&[("WATCHWORD_LIMITS__DRAIN_NOTICE", "2")]);
    let (head, body) = post("/api/v3/get-management-token", "", &token_request(&keys));
    let mut slow = server.connect();
    slow.write_all(head.as_bytes()).unwrap();
    slow.write_all(&body.as_bytes()[..5]).unwrap();
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));

    server.signal("TERM");
    while !server.get("/readyz").starts_with("HTTP/1.1 503") {}
    // Whoever has not noticed yet is still served, and told to go elsewhere next time.
    let late = server.get("/version");
    assert!(late.starts_with("HTTP/1.1 200") && late.contains("connection: close"), "{late}");

    slow.write_all(&body.as_bytes()[5..]).unwrap();
    assert!(read_all(&mut slow).contains("access_token"));
    let (code, log) = server.ended();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_request_that_outlasts_the_notice_is_still_answered() {
    let (data, keys) = Data::initialised("drain-late");
    let server = data.serve(&[("WATCHWORD_LIMITS__DRAIN_NOTICE", "0")]);
    let (head, body) = post("/api/v3/get-management-token", "", &token_request(&keys));
    let mut slow = server.connect();
    slow.write_all(head.as_bytes()).unwrap();
    slow.write_all(&body.as_bytes()[..5]).unwrap();
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
    server.signal("TERM");
    // Until nobody listens any more.
    while TcpStream::connect(server.address).is_ok() {}
    slow.write_all(&body.as_bytes()[5..]).unwrap();
    assert!(read_all(&mut slow).contains("access_token"));
    assert_eq!(server.ended().0, Some(0));
}

#[test]
fn while_readiness_is_denied_nobody_who_still_comes_is_turned_away() {
    let (data, _) = Data::initialised("rolling");
    let server = data.serve(&[("WATCHWORD_LIMITS__DRAIN_NOTICE", "2")]);
    let noticed = AtomicBool::new(false);
    let answered = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                // A kept-alive connection is given up only when the server says so, as clients do.
                let mut stream = server.connect();
                while !noticed.load(Ordering::SeqCst) {
                    stream.write_all(b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
                    let reply = read_reply(&mut stream);
                    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
                    answered.fetch_add(1, Ordering::SeqCst);
                    if reply.contains("connection: close") {
                        stream = server.connect();
                    }
                }
            });
        }
        while answered.load(Ordering::SeqCst) < 100 {}
        server.signal("TERM");
        while !server.get("/readyz").starts_with("HTTP/1.1 503") {}
        let so_far = answered.load(Ordering::SeqCst);
        while answered.load(Ordering::SeqCst) < so_far + 100 {}
        noticed.store(true, Ordering::SeqCst);
    });
    assert_eq!(server.ended().0, Some(0));
}

/// An HTTP/2 connection after the prefaces, settings exchanged.
fn http2(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    stream
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Writes until the server has had enough; whether it ended the connection before `limit` bytes.
fn cut_before(stream: &mut TcpStream, limit: usize, mut next: impl FnMut() -> Vec<u8>) -> bool {
    let mut written = 0;
    while written < limit {
        let bytes = next();
        if stream.write_all(&bytes).is_err() {
            return true;
        }
        written += bytes.len();
    }
    false
}

#[test]
fn http2_floods_end_their_connection_and_nobody_elses() {
    const HEADERS: u8 = 1;
    const RESET: u8 = 3;
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const CONTINUATION: u8 = 9;
    // GET http://x/ of HPACK's static table.
    const REQUEST: &[u8] = &[0x82, 0x86, 0x84, 0x41, 1, b'x'];
    let (data, _) = Data::initialised("floods");
    let server = data.serve(&[("WATCHWORD_LIMITS__IDLE_TIMEOUT", "1"), ("WATCHWORD_LIMITS__HEADER_TIMEOUT", "1")]);
    let mut id = 1;
    // CVE-2023-44487.
    let resets = || {
        let pair = [frame(HEADERS, 5, id, REQUEST), frame(RESET, 0, id, &[0, 0, 0, 8])].concat();
        id += 2;
        pair
    };
    assert!(cut_before(&mut http2(&server), 64 << 20, resets), "rapid resets");
    let mut stream = http2(&server);
    stream.write_all(&frame(HEADERS, 0, 1, REQUEST)).unwrap();
    let field = [&[0x40, 1, b'a', 0x7f, 0x81, 0x7e][..], &vec![b'a'; 16_000][..]].concat();
    assert!(cut_before(&mut stream, 64 << 20, || frame(CONTINUATION, 0, 1, &field)), "endless headers");
    // Acknowledgements that nobody reads.
    for (kind, payload) in [(SETTINGS, &[][..]), (PING, &[0; 8][..])] {
        let chunk: Vec<u8> = (0..1000).flat_map(|_| frame(kind, 0, 0, payload)).collect();
        assert!(cut_before(&mut http2(&server), 512 << 20, || chunk.clone()), "frames of type {kind}");
    }
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
}

#[test]
fn with_a_certificate_the_server_speaks_tls_only() {
    let (data, _) = Data::initialised("tls");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let key = data.path("tls.key");
    std::fs::copy(here.join("tls-key.pem"), &key).unwrap();
    let certificate = here.join("tls-cert.pem");
    let environment =
        [("WATCHWORD_TLS__CERT", certificate.to_str().unwrap()), ("WATCHWORD_TLS__KEY", key.to_str().unwrap())];
    set_mode(&key, 0o644);
    let mut loose = data.command(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(Done(loose.envs(environment).output().unwrap()).exits(2).contains("tls.key"));
    set_mode(&key, 0o600);
    let server = data.serve(&environment);

    let mut roots = rustls::RootCertStore::empty();
    for der in CertificateDer::pem_file_iter(&certificate).unwrap() {
        roots.add(der.unwrap()).unwrap();
    }
    let roots = Arc::new(roots);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let client = Arc::new(client.with_root_certificates(roots.clone()).with_no_client_auth());
        let mut client = rustls::ClientConnection::new(client, "localhost".try_into().unwrap()).unwrap();
        let mut socket = server.connect();
        let mut stream = rustls::Stream::new(&mut client, &mut socket);
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut reply = [0; 12];
        stream.read_exact(&mut reply).unwrap();
        assert_eq!(&reply, b"HTTP/1.1 200", "{version:?}");
    }
    let mut plain = server.connect();
    plain.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "plain HTTP is not answered");
}

#[test]
fn silent_and_dribbling_connections_are_closed() {
    let (data, _) = Data::initialised("silent");
    let server = data.serve(&[("WATCHWORD_LIMITS__HEADER_TIMEOUT", "1"), ("WATCHWORD_LIMITS__IDLE_TIMEOUT", "1")]);
    // Nothing, half an HTTP/1 head, half an HTTP/2 preface, a preface and no request.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let starts: [&[u8]; 4] = [b"", b"GET / HTTP/1.1\r\nhost: x\r\n", b"PRI * HT", preface];
    let mut open: Vec<TcpStream> = starts
        .iter()
        .map(|bytes| {
            let mut stream = server.connect();
            stream.write_all(bytes).unwrap();
            stream
        })
        .collect();
    // A kept-alive connection whose first request was answered.
    let mut kept = server.connect();
    kept.write_all(b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    open.push(kept);
    for (n, stream) in open.iter_mut().enumerate() {
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        assert!(
            ended.is_ok() || ended.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset),
            "connection {n}"
        );
    }
}

#[test]
fn one_address_has_its_share_of_connections() {
    let (data, _) = Data::initialised("share");
    let server = data.serve(&[("WATCHWORD_LIMITS__CONNECTIONS_PER_IP", "2")]);
    let mut first = server.connect();
    first.write_all(b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).unwrap();
    let mut second = server.connect();
    second.write_all(b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    second.read_exact(&mut byte).unwrap();
    let mut third = server.connect();
    let _ = third.write_all(b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(!matches!(third.read(&mut byte), Ok(1)), "a third connection is not served");
}

#[test]
fn after_kill_9_the_server_starts_again_on_what_is_there() {
    let (data, keys) = Data::initialised("kill");
    let server = data.serve(&[]);
    let made = server.post("/api/v3/get-management-token", "", &token_request(&keys));
    assert!(made.contains("access_token"), "{made}");
    server.kill();
    let server = data.serve(&[]);
    assert!(server.get("/readyz").starts_with("HTTP/1.1 200"));
    assert!(server.post("/api/v3/get-management-token", "", &token_request(&keys)).contains("access_token"));
}

#[test]
fn log_lines_name_the_request_and_hold_no_secret() {
    const CANARY: &str = "c4n4ryc4n4ryc4n4ry";
    let (data, keys) = Data::initialised("log");
    let server = data.serve(&[("WATCHWORD_LOG__LEVEL", "trace")]);
    let wrong = json!({ "accessKeyId": keys["accessKeyId"], "accessKeySecret": CANARY });
    let headers =
        format!("authorization: Bearer {CANARY}\r\nx-authing-app-id: {}\r\n", keys["appId"].as_str().unwrap());
    let mut replies = vec![server.post("/api/v3/get-management-token", &headers, &wrong)];
    replies.push(server.post(
        "/api/v3/import-otp",
        &headers,
        &json!({ "list": [{ "userId": "x", "otp": { "secret": CANARY } }] }),
    ));
    let signin = json!({ "connection": "PASSWORD", "passwordPayload": { "username": "ada", "password": CANARY } });
    replies.push(server.post("/api/v3/signin", &headers, &signin));
    replies.push(server.post("/api/v3/get-management-token", "", &token_request(&keys)));
    server.signal("TERM");
    let (_, log) = server.ended();
    let ids: Vec<&str> =
        replies.iter().map(|r| r.split("x-request-id: ").nth(1).unwrap().lines().next().unwrap()).collect();
    for id in ids {
        assert!(log.lines().any(|l| l.contains(id)), "no line of {id}:\n{log}");
    }
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).expect("every line is JSON");
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
    let token = replies[3].split("\"access_token\":\"").nth(1).unwrap().split('"').next().unwrap();
    for secret in [CANARY, keys["accessKeySecret"].as_str().unwrap(), token] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn every_reply_tells_browsers_to_keep_out_and_none_tells_what_serves_it() {
    let (data, _) = Data::initialised("headers");
    let server = data.serve(&[("WATCHWORD_PUBLIC_URL", "https://id.example.com")]);
    for path in [
        "/",
        "/docs",
        "/openapi.json",
        "/healthz",
        "/readyz",
        "/metrics",
        "/version",
        "/style.css",
        "/nothing",
        "/api/v3/nothing",
        "/api/v3/get-user",
    ] {
        let reply = server.get(path);
        let head = reply.split("\r\n\r\n").next().unwrap();
        for header in [
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'",
            "referrer-policy: no-referrer",
            "x-frame-options: DENY",
            "strict-transport-security: max-age=31536000",
            "cache-control: no-store",
        ] {
            assert!(head.contains(header), "{path} lacks {header}:\n{head}");
        }
        assert!(!head.contains("\r\nserver:") && !head.contains("x-powered-by"), "{path}:\n{head}");
    }
    for method in ["TRACE", "CONNECT", "DELETE"] {
        let reply = server
            .ask(&format!("{method} /version HTTP/1.1\r\nhost: x\r\ncookie: canary\r\nconnection: close\r\n\r\n"));
        assert!(reply.starts_with("HTTP/1.1 4") && !reply.contains("canary"), "{method}: {reply}");
    }
}

#[test]
fn healthcheck_answers_for_a_server_that_runs() {
    let (data, _) = Data::initialised("healthcheck");
    let server = data.serve(&[]);
    let mut check = data.command(&["healthcheck"]);
    assert!(check.env("WATCHWORD_LISTEN", server.address.to_string()).status().unwrap().success());
    let address = server.address.to_string();
    server.kill();
    let mut check = data.command(&["healthcheck"]);
    assert_eq!(check.env("WATCHWORD_LISTEN", address).output().unwrap().status.code(), Some(9));
}

#[test]
fn a_provider_is_set_from_standard_input_and_shown_without_its_secrets() {
    let (data, _) = Data::initialised("provider");
    let set = |config: &str| {
        let mut command = data.command(&["provider", "set", "email"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(config.as_bytes()).unwrap();
        Done(child.wait_with_output().unwrap())
    };
    data.run(&["provider", "show", "email"]).exits(4);
    set("{\"driver\":\"smtp\"}").exits(2);
    let config = r#"{"host":"mail.example.com","port":587,"security":"startTls","username":"u","password":"canary","from":"id@example.com"}"#;
    let done = set(config);
    assert!(done.0.status.success(), "{}", done.stderr());
    let shown = data.run(&["provider", "show", "email", "--output", "json"]).json();
    assert_eq!((&shown["host"], &shown["password"]), (&json!("mail.example.com"), &json!("***")));
    data.run(&["provider", "remove", "email", "--yes"]);
    data.run(&["provider", "show", "email"]).exits(4);
}

#[test]
fn the_document_and_the_table_come_without_a_data_directory() {
    let data = Data::new("documents");
    let document = data.run(&["openapi"]).json();
    assert!(document["paths"]["/api/v3/get-management-token"]["post"].is_object());
    let table = data.run(&["openapi", "--compatibility-table"]);
    let table = String::from_utf8(table.0.stdout).unwrap();
    assert!(table.contains("| `POST /api/v3/get-management-token` |"), "{table}");
    let script = data.run(&["completion", "bash"]);
    assert!(String::from_utf8(script.0.stdout).unwrap().contains("reset-mfa"));
    assert!(!data.0.exists());
}
