//! The one HTTP client. What it is told to call is a setting, and a setting may be hostile: the guard makes sure
//! that no request reaches this machine's own network (SSRF).
//!
//! The name is resolved once, each address is checked, and the connection goes to an address that passed. There is
//! no second look-up between check and use, so a name that changes its address in between (rebinding) gains nothing.

#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use watchword_kit::reach::admits;
use watchword_kit::{Text, text};

/// Bytes of a reply that are read; what follows is cut.
pub const MAX_REPLY: usize = 64 * 1024;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const TOTAL_LIMIT: Duration = Duration::from_secs(10);

/// The guarded client: rustls with Mozilla's roots, no redirects, no proxy, no cookies, 5 s to connect and 10 s
/// in all, replies cut at [`MAX_REPLY`]. Clones share connections.
#[derive(Clone, Debug)]
pub struct Fetch {
    client: reqwest::Client,
    allow_private: bool,
}

/// What came back, whatever its status.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// At most [`MAX_REPLY`] bytes.
    pub body: Vec<u8>,
    /// Whether there was more.
    pub cut: bool,
}

/// Why there is no reply. The text is for the log and holds no URL: URLs may carry tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// The guard refused; nothing was sent, and trying again is pointless.
    Forbidden(String),
    /// No connection, a broken one, or a timeout.
    Unreachable(String),
}

impl Fetch {
    /// `allow_private` is the operator's `allow_private_networks`: it admits private and loopback addresses and
    /// plain `http`. Link-local and metadata addresses stay refused.
    ///
    /// # Panics
    /// When TLS cannot be set up, which depends on nothing outside the program.
    pub fn new(allow_private: bool) -> Self {
        Self::build(allow_private, TOTAL_LIMIT, Arc::new(|name| Box::pin(look_up(name))))
    }

    pub fn allows_private(&self) -> bool {
        self.allow_private
    }

    /// POSTs `body`. Header values are treated as secrets.
    pub async fn post(&self, url: &str, headers: &[(String, String)], body: Vec<u8>) -> Result<Reply, FetchError> {
        let url = check_url(url, self.allow_private).map_err(|t| FetchError::Forbidden(t.en.into_owned()))?;
        let sending = self.client.post(url).headers(header_map(headers)?).body(body).send();
        let mut response = sending.await.map_err(failure)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            let room = MAX_REPLY - body.len();
            if chunk.len() > room {
                body.extend_from_slice(&chunk[..room]);
                return Ok(Reply { status, body, cut: true });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body, cut: false })
    }

    fn build(allow_private: bool, total: Duration, lookup: Lookup) -> Self {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls())
            .dns_resolver(Guard { allow_private, lookup })
            .https_only(!allow_private)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("watchword/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT.min(total))
            .timeout(total)
            .pool_max_idle_per_host(4)
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .expect("the HTTP client can be built from constants");
        Fetch { client, allow_private }
    }
}

/// Checks a URL as a setting, before anything is resolved: scheme, no credentials, and an address written as a
/// number in any notation. Names are checked again at each call, by the addresses they resolve to.
pub fn check_url(url: &str, allow_private: bool) -> Result<Url, Text> {
    let url = Url::parse(url.trim()).map_err(|_| text!("a complete URL", "应为完整的 URL"))?;
    match url.scheme() {
        "https" => {}
        "http" if allow_private => {}
        _ => return Err(text!("the URL must begin with https://", "URL 必须以 https:// 开头")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(text!("no user name or password in a URL", "URL 中不能包含用户名或密码"));
    }
    // For http and https the parser has already turned 0x7f.1, 2130706433 and the like into dotted form.
    let host = url.host_str().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if bare.is_empty() {
        return Err(text!("a complete URL", "应为完整的 URL"));
    }
    if bare.parse::<IpAddr>().is_ok_and(|ip| !admits(allow_private, ip)) {
        return Err(text!("this address is not on the public Internet", "该地址不是公网地址"));
    }
    Ok(url)
}

fn tls() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("aws-lc speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, FetchError> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let bad = || FetchError::Forbidden(String::from("a header that cannot be sent"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}

fn failure(e: reqwest::Error) -> FetchError {
    let e = e.without_url();
    let mut inside = e.to_string();
    let mut source = e.source();
    while let Some(cause) = source {
        if let Some(forbidden) = cause.downcast_ref::<Forbidden>() {
            return FetchError::Forbidden(forbidden.to_string());
        }
        inside = format!("{inside}: {cause}");
        source = cause.source();
    }
    FetchError::Unreachable(inside)
}

type Lookup = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

pub(crate) async fn look_up(name: String) -> io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|a| a.ip()).collect())
}

/// Resolves names and lets through only addresses that may be called.
struct Guard {
    allow_private: bool,
    lookup: Lookup,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let answer = (self.lookup)(name.clone());
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = answer.await?;
            if found.is_empty() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
            }
            let checked: Vec<_> = found.into_iter().filter(|ip| admits(allow_private, *ip)).collect();
            if checked.is_empty() {
                return Err(Forbidden(name).into());
            }
            Ok(Box::new(checked.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

#[derive(Debug)]
struct Forbidden(String);

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no address on the public Internet", self.0)
    }
}

impl StdError for Forbidden {}
