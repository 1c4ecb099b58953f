//! A small HTTP/1.1 server that records requests and answers as told.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{Log, lock};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub enum Answer {
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// Says nothing, and keeps the connection open.
    Hang,
    /// Closes the connection.
    Close,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Answer::Reply { status, headers: Vec::new(), body: body.into() }
    }
}

/// One request the server took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// In the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Recorded {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A web server on loopback. Answers `200 {}` unless told otherwise; one request per connection.
pub struct HttpTrap {
    addr: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    next: Mutex<VecDeque<Answer>>,
    usual: Mutex<Answer>,
    requests: Log<Recorded>,
}

impl HttpTrap {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let addr = listener.local_addr().expect("a bound socket has an address");
        let usual = Mutex::new(Answer::new(200, "{}"));
        let shared = Arc::new(Shared { next: Mutex::default(), usual, requests: Log::default() });
        let served = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            let mut sessions = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&served);
                sessions.spawn(async move {
                    // A client that goes away in the middle is no fault of the test.
                    let _ = serve(stream, &shared).await;
                });
            }
        });
        HttpTrap { addr, shared, task }
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:port`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The answer to every request from now on for which none is queued.
    pub fn answer(&self, answer: Answer) {
        *lock(&self.shared.usual) = answer;
    }

    /// Queues the answer to one request.
    pub fn push(&self, answer: Answer) {
        lock(&self.shared.next).push_back(answer);
    }

    /// The requests taken so far, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.all()
    }

    /// Waits until `n` requests were taken.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn wait_for(&self, n: usize) -> Vec<Recorded> {
        self.shared.requests.wait_for(n, "requests").await
    }
}

impl Drop for HttpTrap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let request = read(&mut stream).await?;
    shared.requests.push(request);
    let queued = lock(&shared.next).pop_front();
    let answer = queued.unwrap_or_else(|| lock(&shared.usual).clone());
    match answer {
        Answer::Close => Ok(()),
        Answer::Hang => {
            // Until the client gives up.
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.map(|_| ())
        }
        Answer::Reply { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await?;
            stream.write_all(&body).await?;
            stream.shutdown().await
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Recorded> {
    let first = line(stream).await?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let line = line(stream).await?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(n, _)| n == "content-length").and_then(|(_, v)| v.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Recorded { method, target, headers, body })
}

async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
