//! One mail to one recipient over SMTP (RFC 5321), the message in RFC 5322 and MIME.

mod message;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use serde::Deserialize;
use watchword_kit::reach::admits;
use watchword_kit::{Millis, Secret, text};

use crate::fetch::look_up;
use crate::{Outcome, Problem, one_line};

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Security {
    /// Not at all. Only to this machine, unless [`SmtpConfig::allow_plain`].
    None,
    /// Plain at first, then encrypted before anything is said (RFC 3207); never falls back. Usually port 587.
    #[default]
    StartTls,
    /// Encrypted from the first byte (RFC 8314 §3.3). Usually port 465.
    Tls,
}

/// The mail server of one pool or of the whole installation. Certificates are checked against Mozilla's roots.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SmtpConfig {
    pub host: String,
    pub port: u16,
    #[serde(default)]
    pub security: Security,
    /// Signs in with PLAIN or LOGIN when set; goes together with `password`.
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub password: Option<Secret<String>>,
    /// The sender's address. Its domain is also the name given in EHLO.
    pub from: String,
    #[serde(default)]
    pub from_name: Option<String>,
    /// Milliseconds each step of the dialogue may take, 100 to 60,000.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Permits [`Security::None`] to another machine.
    #[serde(default)]
    pub allow_plain: bool,
    /// Set by an access key, not by the operator: the server must be on the public Internet, as with any other call
    /// that a setting causes.
    #[serde(default)]
    pub guarded: bool,
    /// The operator's `allow_private_networks`, for guarded ones.
    #[serde(skip)]
    pub allow_private: bool,
}

/// One mail, rendered.
#[derive(Clone)]
pub struct Email {
    /// One bare address, `ada@example.com`.
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    /// The sender's name in the place of the configured one.
    pub from_name: Option<String>,
    /// `<id@domain>` with or without its brackets. The same for every attempt, so that duplicates can be seen.
    pub message_id: String,
    pub date: Millis,
}

impl fmt::Debug for Email {
    /// Neither subject nor text: they hold codes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

/// Hands `email` to the server. A 5xx reply is a permanent refusal, a 4xx reply a temporary one (RFC 5321 §4.2.1).
///
/// When the final reply is lost the mail may have been accepted; a further attempt then makes a duplicate
/// with the same Message-ID.
pub async fn send(config: &SmtpConfig, email: &Email) -> Outcome {
    if let Some(refusal) = Outcome::misconfigured(&config.validate()) {
        return refusal;
    }
    let message = match message::build(config, email) {
        Ok(message) => message,
        Err(inside) => return Outcome::refused(inside),
    };
    match deliver(config, &message).await {
        Ok(provider_id) => Outcome::Sent { provider_id },
        Err(failure) => failure,
    }
}

impl SmtpConfig {
    /// Every fault at once; empty when the configuration can be used.
    pub fn validate(&self) -> Vec<Problem> {
        let mut found: Vec<Problem> = Vec::new();
        let mut add = |field: &str, text| found.push((field.to_owned(), text));
        if self.host.is_empty() || self.host.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/') {
            add("host", text!("a host name or an IP address", "应为主机名或 IP 地址"));
        }
        if self.port == 0 {
            add("port", text!("1 to 65535", "应为 1 到 65535"));
        }
        if self.username.is_some() && self.password.is_none() {
            add("password", text!("needed together with username", "设置 username 时必填"));
        }
        if self.username.is_none() && self.password.is_some() {
            add("username", text!("needed together with password", "设置 password 时必填"));
        }
        if message::address(&self.from).is_err() {
            add("from", text!("one e-mail address", "应为一个邮箱地址"));
        }
        if self.from_name.as_deref().is_some_and(|n| n.chars().any(char::is_control)) {
            add("fromName", text!("no control characters", "不能包含控制字符"));
        }
        if !(100..=60_000).contains(&self.timeout_ms) {
            add("timeoutMs", text!("100 to 60000 milliseconds", "应为 100 到 60000 毫秒"));
        }
        if self.security == Security::None && !self.allow_plain && !is_this_machine(&self.host) {
            add(
                "security",
                text!(
                    "startTls or tls; none only to this machine, or with allowPlain",
                    "应为 startTls 或 tls；none 仅可用于本机，或显式设置 allowPlain"
                ),
            );
        }
        found
    }
}

/// What a server that has accepted the mail is granted to say goodbye.
const QUIT_LIMIT: Duration = Duration::from_millis(500);

fn default_timeout_ms() -> u64 {
    10_000
}

fn bare_host(host: &str) -> &str {
    host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || bare_host(host).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The dialogue, step by step rather than by lettre's `send`, which on refusal waits without limit for the reply
/// to QUIT and would so turn a clear 550 of a slow server into a timeout.
async fn deliver(config: &SmtpConfig, message: &Message) -> Result<Option<String>, Outcome> {
    let envelope = message.envelope();
    let own_name = envelope.from().map(|a| a.domain()).filter(|d| d.is_ascii()).unwrap_or("localhost");
    let mut dialogue = Dialogue::open(config, own_name).await?;
    dialogue.sign_in(config).await?;
    let mut options = Vec::new();
    if !envelope.from().into_iter().chain(envelope.to()).all(|a| a.to_string().is_ascii()) {
        if !dialogue.server.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Outcome::refused("the server takes no address outside ASCII (SMTPUTF8)"));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    let limit = dialogue.limit;
    let server = &mut dialogue.server;
    step("MAIL", limit, server.command(Mail::new(envelope.from().cloned(), options))).await?;
    for to in envelope.to() {
        step("RCPT", limit, server.command(Rcpt::new(to.clone(), Vec::new()))).await?;
    }
    step("DATA", limit, server.command(Data)).await?;
    let reply: Response = step("message", limit, server.message(&message.formatted())).await?;
    // The mail is accepted: how the server parts makes no difference.
    let _ = tokio::time::timeout(QUIT_LIMIT, server.quit()).await;
    Ok(reply.message().next().map(one_line))
}

struct Dialogue {
    server: AsyncSmtpConnection,
    limit: Duration,
}

impl Dialogue {
    /// Connects, greets, and encrypts when the configuration says so.
    async fn open(config: &SmtpConfig, hello: &str) -> Result<Self, Outcome> {
        let limit = Duration::from_millis(config.timeout_ms);
        let hello = ClientId::Domain(hello.to_owned());
        let host = bare_host(&config.host);
        let tls = || TlsParameters::new(host.to_owned()).map_err(|e| failure("TLS", &e));
        let wrapper = if config.security == Security::Tls { Some(tls()?) } else { None };
        let mut server = match reachable(config, host).await? {
            None => {
                let connecting =
                    AsyncSmtpConnection::connect_tokio1((host, config.port), Some(limit), &hello, wrapper, None);
                step("connect", limit, connecting).await?
            }
            // To an address that was checked: the name is not looked up again.
            Some(addresses) => {
                let connecting =
                    AsyncSmtpConnection::connect_tokio1(addresses.as_slice(), Some(limit), &hello, wrapper, None);
                step("connect", limit, connecting).await?
            }
        };
        if config.security == Security::StartTls {
            if !server.can_starttls() {
                return Err(Outcome::unreachable("the server does not offer STARTTLS"));
            }
            step("STARTTLS", limit, server.starttls(tls()?, &hello)).await?;
        }
        Ok(Dialogue { server, limit })
    }

    async fn sign_in(&mut self, config: &SmtpConfig) -> Result<(), Outcome> {
        let (Some(username), Some(password)) = (&config.username, &config.password) else { return Ok(()) };
        let credentials = Credentials::new(username.clone(), password.reveal().clone());
        step("AUTH", self.limit, self.server.auth(DEFAULT_MECHANISMS, &credentials)).await.map(|_| ())
    }
}

/// Where a guarded configuration may connect to; `None`: wherever its name leads.
async fn reachable(config: &SmtpConfig, host: &str) -> Result<Option<Vec<SocketAddr>>, Outcome> {
    if !config.guarded {
        return Ok(None);
    }
    let limit = Duration::from_millis(config.timeout_ms);
    let found = match tokio::time::timeout(limit, look_up(host.to_owned())).await {
        Ok(found) => found.map_err(|e| Outcome::unreachable(format!("look-up: {e}")))?,
        Err(_) => return Err(Outcome::unreachable(format!("look-up: no answer within {} ms", limit.as_millis()))),
    };
    let admitted = found.into_iter().filter(|ip| admits(config.allow_private, *ip));
    let addresses: Vec<SocketAddr> = admitted.map(|ip| SocketAddr::new(ip, config.port)).collect();
    if addresses.is_empty() {
        return Err(Outcome::refused("the mail server has no address on the public Internet"));
    }
    Ok(Some(addresses))
}

async fn step<T>(
    name: &str,
    limit: Duration,
    work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, Outcome> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done.map_err(|e| failure(name, &e)),
        Err(_) => Err(Outcome::unreachable(format!("{name}: no answer within {} ms", limit.as_millis()))),
    }
}

fn failure(step: &str, e: &lettre::transport::smtp::Error) -> Outcome {
    let inside = format!("{step}: {e}");
    if e.is_permanent() || e.is_client() {
        Outcome::refused(inside)
    } else if e.is_transient() {
        Outcome::refused_for_now(inside)
    } else {
        Outcome::unreachable(inside)
    }
}
