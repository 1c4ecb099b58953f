//! A user's way through the pages: authorization request, sign-in page, password, code, tokens. Flows begin at fixed
//! moments, whatever became of those before, and last from the moment at which they were due.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use watchword_crypto::hash;

use super::Client;
use crate::load::{self, Connection, Load};
use crate::seed::PASSWORD;
use crate::{Result, http, note, said};

/// Where the application has its users sent. Nobody listens there: the flow takes the code from the address.
pub const CALLBACK: &str = "https://app.example.com/callback";
const CALLBACK_ENCODED: &str = "https%3A%2F%2Fapp.example.com%2Fcallback";
pub const FLOWS_PER_SECOND: u32 = 50;
/// Flows that do not count: they open the connections.
const WARM_UP: u32 = 50;
/// Of every flow; 43 characters and more, as RFC 7636 wants.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// An application whose users sign in.
pub struct Shop {
    at: SocketAddr,
    client: Client,
    users: Vec<String>,
    /// Connections that no flow uses now.
    idle: Mutex<Vec<Connection>>,
}

/// What a browser looks at in a reply.
struct Page {
    location: Option<String>,
    cookies: Vec<String>,
    text: String,
}

/// Flows at a constant rate for so long; the users of one pass are not those of the pass before.
pub async fn run(shop: &Arc<Shop>, pass: usize, length: Duration) -> Result<Load> {
    // Those of the pass before are closed by now: nobody spoke on them.
    shop.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let count = (length.as_secs_f64() * f64::from(FLOWS_PER_SECOND)) as u32 + WARM_UP;
    let begin = Instant::now();
    let mut flows = JoinSet::new();
    for n in 0..count {
        let due = begin + Duration::from_secs(1) * n / FLOWS_PER_SECOND;
        tokio::time::sleep_until(due.into()).await;
        let (shop, user) = (shop.clone(), (pass * count as usize + n as usize) % shop.users.len());
        flows.spawn(async move {
            shop.flow(user).await?;
            Ok::<_, String>((n, due.elapsed()))
        });
    }
    let mut samples = Vec::new();
    while let Some(done) = flows.join_next().await {
        let (n, took) = done.map_err(said)??;
        if n >= WARM_UP {
            samples.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
    }
    let connections = shop.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
    note(&format!("{} flows over {connections} connections", samples.len()));
    Ok(load::sum_up(samples, begin.elapsed()))
}

impl Shop {
    pub fn new(at: SocketAddr, client: Client, users: Vec<String>) -> Shop {
        Shop { at, client, users, idle: Mutex::default() }
    }

    async fn flow(&self, user: usize) -> Result {
        let challenge = hash::token_hash(VERIFIER);
        let asked = format!(
            "/oidc/auth?client_id={}&redirect_uri={CALLBACK_ENCODED}&response_type=code&scope=openid+profile\
             &state=state-{user}&nonce=nonce-{user}&code_challenge={challenge}&code_challenge_method=S256",
            self.client.id
        );
        let mut browser = self.connection().await?;
        let begun = get(&mut browser, &asked, "").await?;
        let cookie = format!("Cookie: {}\r\n", begun.cookies.join("; "));
        let to = begun.location.as_deref().ok_or_else(|| unexpected("no way to a page", &begun))?;
        let page = get(&mut browser, to, &cookie).await?;
        let csrf = page.text.split_once(r#"name="csrf" value=""#).and_then(|(_, rest)| rest.split('"').next());
        let csrf = csrf.ok_or_else(|| unexpected("no sign-in page", &page))?;
        let form = format!("csrf={csrf}&account={}&password={}", self.users[user], PASSWORD.replace(' ', "+"));
        let headers = format!("{cookie}Origin: http://{}\r\n", self.at);
        let action = format!("{}/login", to.split('?').next().unwrap_or(to));
        let mut page = post(&mut browser, &action, &headers, &form).await?;
        if page.location.as_deref().is_some_and(|to| to.starts_with('/')) {
            page = get(&mut browser, page.location.as_deref().unwrap_or_default(), &cookie).await?;
        }
        self.keep(browser);
        let code = page.location.as_deref().and_then(code).ok_or_else(|| unexpected("no code", &page))?;
        let Client { id, secret } = &self.client;
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={CALLBACK_ENCODED}&code_verifier={VERIFIER}\
             &client_id={id}&client_secret={secret}"
        );
        let mut back = self.connection().await?;
        let tokens = post(&mut back, "/oidc/token", "", &form).await?;
        self.keep(back);
        let has = |name: &str| http::member(tokens.text.as_bytes(), name).is_some();
        if has("access_token") && has("id_token") { Ok(()) } else { Err(unexpected("no tokens", &tokens)) }
    }

    async fn connection(&self) -> Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(connection) => Ok(connection),
            None => Connection::open(self.at).await,
        }
    }

    fn keep(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// The code in an address of the application.
fn code(address: &str) -> Option<&str> {
    let members = address.strip_prefix(CALLBACK)?.strip_prefix('?')?;
    members.split('&').find_map(|member| member.strip_prefix("code="))
}

async fn get(connection: &mut Connection, path: &str, headers: &str) -> Result<Page> {
    let mut request = Vec::new();
    http::get(&mut request, path, headers);
    page(connection.reply(&request).await?)
}

async fn post(connection: &mut Connection, path: &str, headers: &str, form: &str) -> Result<Page> {
    let mut request = Vec::new();
    http::post_form(&mut request, path, headers, form);
    page(connection.reply(&request).await?)
}

fn page(reply: &[u8]) -> Result<Page> {
    let body = http::body(reply).ok_or("half a reply")?;
    let pair = |line: &str| line.split(';').next().unwrap_or_default().to_owned();
    Ok(Page {
        location: http::headers(reply, "location").next().map(str::to_owned),
        cookies: http::headers(reply, "set-cookie").map(pair).collect(),
        text: String::from_utf8_lossy(&reply[body]).into_owned(),
    })
}

/// What the page complains of, or all that it says.
fn unexpected(what: &str, page: &Page) -> String {
    let alert = page.text.split_once(r#"role="alert">"#).and_then(|(_, rest)| rest.split('<').next());
    format!("{what}: {:?} {}", page.location, alert.unwrap_or(&page.text))
}
