//! A small SMTP server: EHLO, AUTH PLAIN and LOGIN, MAIL, RCPT, DATA, RSET, NOOP, QUIT. No TLS.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{Log, lock};

/// Where in the dialogue the server misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Instead of the banner.
    Greeting,
    Hello,
    Auth,
    Mail,
    Rcpt,
    /// Instead of `354`.
    Data,
    /// After the message's final dot. With [`Behaviour::Reply`] the message is not recorded.
    Message,
    Quit,
}

/// What the server does at a [`Stage`] instead of agreeing.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Sends this line, for example `550 5.1.1 no such user`.
    Reply(String),
    /// Says nothing more, and keeps the connection open.
    Hang,
    /// Closes the connection.
    Close,
}

/// One mail the server took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The envelope's sender, without angle brackets.
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body with CRLF line ends, dot-stuffing undone.
    pub data: String,
}

/// A mail server on loopback.
pub struct SmtpTrap {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    behaviours: Mutex<HashMap<Stage, Behaviour>>,
    login: Mutex<Option<(String, String)>>,
    messages: Log<Received>,
    commands: Log<String>,
}

impl SmtpTrap {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let served = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut sessions = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&served);
                sessions.spawn(async move { Session::new(stream, shared).run().await });
            }
        });
        SmtpTrap { addr, shared, task }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Misbehaves at `stage` from now on, until [`SmtpTrap::behave`].
    pub fn on(&self, stage: Stage, behaviour: Behaviour) {
        lock(&self.shared.behaviours).insert(stage, behaviour);
    }

    /// Agrees to everything again.
    pub fn behave(&self) {
        lock(&self.shared.behaviours).clear();
    }

    /// Offers AUTH, and takes mail only from who signs in so.
    pub fn require_login(&self, username: &str, password: &str) {
        *lock(&self.shared.login) = Some((username.to_owned(), password.to_owned()));
    }

    /// The mails taken so far, oldest first.
    pub fn messages(&self) -> Vec<Received> {
        self.shared.messages.all()
    }

    /// Waits until `n` mails were taken.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn wait_for(&self, n: usize) -> Vec<Received> {
        self.shared.messages.wait_for(n, "mails").await
    }

    /// Every line received outside messages, oldest first.
    pub fn commands(&self) -> Vec<String> {
        self.shared.commands.all()
    }
}

impl Drop for SmtpTrap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Received {
    /// The header's value, unfolded, RFC 2047 words in Base64 decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.data.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
        let line = head.split("\r\n").find(|l| l.split(':').next().is_some_and(|n| n.eq_ignore_ascii_case(name)))?;
        Some(decode_words(line.split_once(':')?.1.trim()))
    }

    /// The decoded text of the first `text/plain` part, line ends as LF.
    pub fn text(&self) -> Option<String> {
        self.part("text/plain")
    }

    /// The decoded text of the first `text/html` part, line ends as LF.
    pub fn html(&self) -> Option<String> {
        self.part("text/html")
    }

    fn part(&self, kind: &str) -> Option<String> {
        let start = self.data.find(&format!("Content-Type: {kind}"))?;
        // In a message of one part the encoding may be written before the type.
        let entity = self.data[..start].rfind("\r\n--").or(self.data[..start].rfind("\r\n\r\n")).unwrap_or(0);
        let (_, body) = self.data[start..].split_once("\r\n\r\n")?;
        let head = &self.data[entity..self.data.len() - body.len()];
        let body = body.split("\r\n--").next()?;
        let encoding = head.split("Content-Transfer-Encoding: ").nth(1).and_then(|e| e.split("\r\n").next());
        let bytes = match encoding.map(str::trim) {
            Some("base64") => BASE64.decode(body.replace("\r\n", "").as_bytes()).ok()?,
            Some("quoted-printable") => quoted_printable(body),
            _ => body.as_bytes().to_vec(),
        };
        Some(String::from_utf8(bytes).ok()?.replace("\r\n", "\n"))
    }
}

fn decode_words(s: &str) -> String {
    let joined = s.replace("?= =?", "?==?");
    let mut out = String::new();
    let mut rest = joined.as_str();
    while let Some((before, after)) = rest.split_once("=?utf-8?b?") {
        out.push_str(before);
        let (word, tail) = after.split_once("?=").unwrap_or((after, ""));
        out.push_str(&String::from_utf8_lossy(&BASE64.decode(word.as_bytes()).unwrap_or_default()));
        rest = tail;
    }
    out + rest
}

fn quoted_printable(s: &str) -> Vec<u8> {
    let s = s.replace("=\r\n", "");
    let mut out = Vec::with_capacity(s.len());
    let mut bytes = s.bytes();
    while let Some(b) = bytes.next() {
        let escaped = (b == b'=').then(|| [bytes.next(), bytes.next()]);
        match escaped {
            Some([Some(high), Some(low)]) => {
                let digits = [high, low];
                let hex = std::str::from_utf8(&digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok());
                out.extend(hex);
            }
            _ => out.push(b),
        }
    }
    out
}

/// Whether the session goes on.
type Goes = io::Result<bool>;

struct Session {
    stream: BufReader<TcpStream>,
    shared: Arc<Shared>,
    from: String,
    to: Vec<String>,
    signed_in: bool,
}

impl Session {
    fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        Session { stream: BufReader::new(stream), shared, from: String::new(), to: Vec::new(), signed_in: false }
    }

    async fn run(mut self) {
        let mut goes = self.answer(Stage::Greeting, "220 trap ESMTP").await;
        while let Ok(true) = goes {
            goes = match self.line().await {
                Ok(Some(line)) => {
                    self.shared.commands.push(line.clone());
                    self.command(&line).await
                }
                _ => return,
            };
        }
    }

    async fn command(&mut self, line: &str) -> Goes {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let login = lock(&self.shared.login).clone();
        match verb.as_str() {
            "EHLO" | "HELO" => {
                let auth = if login.is_some() { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
                self.answer(Stage::Hello, &format!("250-trap\r\n{auth}250 8BITMIME")).await
            }
            "AUTH" => self.auth(line, login).await,
            "MAIL" | "RCPT" if login.is_some() && !self.signed_in => self.say("530 5.7.0 sign in first").await,
            "MAIL" => {
                (self.from, self.to) = (path(line), Vec::new());
                self.answer(Stage::Mail, "250 ok").await
            }
            "RCPT" => {
                self.to.push(path(line));
                self.answer(Stage::Rcpt, "250 ok").await
            }
            "DATA" if self.to.is_empty() => self.say("503 5.5.1 RCPT first").await,
            "DATA" => self.data().await,
            "RSET" | "NOOP" => self.say("250 ok").await,
            "QUIT" => {
                self.answer(Stage::Quit, "221 bye").await?;
                Ok(false)
            }
            _ => self.say("500 5.5.2 unknown").await,
        }
    }

    async fn auth(&mut self, line: &str, login: Option<(String, String)>) -> Goes {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let given = match (mechanism.as_str(), words.next()) {
            ("PLAIN", Some(initial)) => {
                let raw = decode64(initial);
                let mut parts = raw.split('\0').skip(1).map(str::to_owned);
                parts.next().zip(parts.next())
            }
            ("LOGIN", _) => {
                self.say("334 VXNlcm5hbWU6").await?;
                let username = self.line().await?.unwrap_or_default();
                self.say("334 UGFzc3dvcmQ6").await?;
                let password = self.line().await?.unwrap_or_default();
                Some((decode64(&username), decode64(&password)))
            }
            _ => None,
        };
        self.signed_in = given.is_some() && given == login;
        let reply = if self.signed_in { "235 2.7.0 ok" } else { "535 5.7.8 wrong name or password" };
        self.answer(Stage::Auth, reply).await
    }

    async fn data(&mut self) -> Goes {
        if !self.refuses(Stage::Data) {
            self.say("354 go on").await?;
        } else {
            return self.answer(Stage::Data, "").await;
        }
        let mut data = String::new();
        loop {
            let Some(line) = self.line().await? else { return Ok(false) };
            if line == "." {
                break;
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
            data.push_str("\r\n");
        }
        if !self.refuses(Stage::Message) {
            let (from, to) = (self.from.clone(), std::mem::take(&mut self.to));
            self.shared.messages.push(Received { from, to, data });
        }
        self.answer(Stage::Message, "250 2.0.0 queued as T1").await
    }

    fn refuses(&self, stage: Stage) -> bool {
        lock(&self.shared.behaviours).contains_key(&stage)
    }

    async fn answer(&mut self, stage: Stage, otherwise: &str) -> Goes {
        let behaviour = lock(&self.shared.behaviours).get(&stage).cloned();
        match behaviour {
            None => self.say(otherwise).await,
            Some(Behaviour::Reply(line)) => self.say(&line).await,
            Some(Behaviour::Close) => Ok(false),
            Some(Behaviour::Hang) => {
                // Until the client gives up.
                while self.line().await?.is_some() {}
                Ok(false)
            }
        }
    }

    async fn say(&mut self, line: &str) -> Goes {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        Ok(true)
    }

    /// One line that ends with CRLF. A bare LF does not end it, as RFC 5321 §2.3.8 demands.
    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut raw = Vec::new();
        loop {
            if self.stream.read_until(b'\n', &mut raw).await? == 0 {
                return Ok(None);
            }
            if raw.ends_with(b"\r\n") {
                raw.truncate(raw.len() - 2);
                return Ok(Some(String::from_utf8_lossy(&raw).into_owned()));
            }
        }
    }
}

fn decode64(s: &str) -> String {
    String::from_utf8_lossy(&BASE64.decode(s.as_bytes()).unwrap_or_default()).into_owned()
}

/// What stands between the angle brackets of MAIL and RCPT.
fn path(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, r)| r.rsplit_once('>')).map(|(p, _)| p);
    inner.unwrap_or_default().to_owned()
}
