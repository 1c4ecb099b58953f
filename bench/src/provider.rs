//! The OpenID Provider: what clients ask of it, and a whole sign-in at the browser. Where npm `oidc-provider` has the
//! same operation, it is asked the same in the same minute.

mod flow;
mod party;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use self::flow::{FLOWS_PER_SECOND, Shop};
use self::party::{Party, Token};
use crate::load::{self, Connection, Load};
use crate::result::{Baseline, Row, medians};
use crate::seed::{Seeded, Shares};
use crate::server::{Process, free_address};
use crate::work::{Fetch, Form};
use crate::{Plan, Result, baseline, http, note, seed};

const CONNECTIONS: usize = 64;
/// Tokens that are introspected in turn. The peer keeps a thousand things at most.
const INTROSPECTED: usize = 500;
/// The longest that a flow may take besides the hashing of its password, in milliseconds.
const PROMPT: f64 = 60.0;

struct Run<'a> {
    plan: &'a Plan,
    seeded: Seeded,
    ours: Party,
    peer: Party,
    shop: Arc<Shop>,
}

/// Every row of the provider.
pub async fn run(plan: &Plan) -> Result<Vec<Row>> {
    let script = plan.peer.as_deref().ok_or("the part provider needs --peer")?;
    let at = free_address()?;
    let seeded = seed::seed(plan, &format!("http://{at}"), Shares::provider()).await?;
    let server = Process::serve(plan, at).await?;
    let management = seeded.key.header(at).await?;
    let machine = |alg| json!({ "grant_types": ["client_credentials"], "access_token_signing_alg": alg });
    let rs256 = Client::register(at, &management, "rs256", machine("RS256")).await?;
    let es256 = Client::register(at, &management, "es256", machine("ES256")).await?;
    let shop = Client::register(at, &management, "shop", json!({ "grant_types": ["authorization_code"] })).await?;
    let run = Run {
        plan,
        shop: Arc::new(Shop::new(at, shop, seeded.names.clone())),
        ours: Party::ours(server, &rs256, &es256).await?,
        peer: Party::peer(script, &plan.data).await?,
        seeded,
    };
    let passes = if plan.quick { 1 } else { 3 };
    let mut all = Vec::new();
    for pass in 0..passes {
        note(&format!("pass {} of {passes}", pass + 1));
        all.push(run.pass(pass).await?);
    }
    Ok(medians(all))
}

/// An application of ours.
pub struct Client {
    pub id: String,
    pub secret: String,
}

impl Client {
    async fn register(at: SocketAddr, management: &str, name: &str, oidc: Value) -> Result<Client> {
        let body = json!({ "appName": name, "redirectUris": [flow::CALLBACK], "oidcConfig": oidc });
        let mut request = Vec::new();
        http::post(&mut request, "/api/v3/create-application", management, &body.to_string());
        let mut connection = Connection::open(at).await?;
        let id = member(connection.exchange(&request).await?, "appId")?;
        request.clear();
        http::get(&mut request, &format!("/api/v3/get-application-secret?appId={id}"), management);
        Ok(Client { id, secret: member(connection.exchange(&request).await?, "secret")? })
    }
}

/// The text of a member, or what was answered instead.
fn member(body: &[u8], name: &str) -> Result<String> {
    let found = http::member(body, name).map(str::to_owned);
    found.ok_or_else(|| format!("no {name} in {}", String::from_utf8_lossy(body)))
}

impl Run<'_> {
    async fn pass(&self, n: usize) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (name, token, least) in [
            ("client_credentials, RS256, 64 connections", Token::Rs256, 1.5),
            ("client_credentials, ES256, 64 connections", Token::Es256, 3.0),
        ] {
            let works = |party: &Party| Form::new(party.path("/token"), vec![party.form(token)], "access_token");
            let (peer, ours) = (self.ask(&self.peer, name, works).await?, self.ask(&self.ours, name, works).await?);
            rows.push(beside(name, &ours, &peer, least));
        }
        let name = "introspection of such a token, 64 connections";
        let mut done = Vec::new();
        for party in [&self.peer, &self.ours] {
            let forms = party.introspections(INTROSPECTED).await?;
            let works = |party: &Party| Form::new(party.path("/token/introspection"), forms.clone(), "client_id");
            done.push(self.ask(party, name, works).await?);
        }
        rows.push(beside(name, &done[1], &done[0], 3.0));
        rows.extend(self.reads().await?);
        rows.extend(self.flows(n).await?);
        Ok(rows)
    }

    /// What is only read, against the constant reply.
    async fn reads(&self) -> Result<Vec<Row>> {
        let constant = baseline::constant(self.time(3.0)).await?;
        let a = Baseline { name: "(a) constant JSON, 64 connections", value: constant.per_second };
        let tokens: Arc<Vec<String>> = Arc::new(self.seeded.bare_tokens.iter().map(|t| http::bearer(t)).collect());
        let nobody = Arc::new(vec![String::new()]);
        let mut rows = Vec::new();
        for (name, path, headers, mark, least) in [
            ("userinfo, 64 connections", "/oidc/me", &tokens, r#""sub":""#, 0.2),
            ("JWKS, 64 connections", "/oidc/.well-known/jwks.json", &nobody, r#"{"keys":["#, 0.6),
            ("discovery, 64 connections", "/oidc/.well-known/openid-configuration", &nobody, r#""jwks_uri":""#, 0.6),
        ] {
            let work = |n: usize| Fetch { path, headers: headers.clone(), next: n * 97, mark };
            let done = self.load(&self.ours, name, (0..CONNECTIONS).map(work).collect()).await?;
            rows.push(Row::rate(name, &done, &a, least, None));
        }
        Ok(rows)
    }

    /// A user's way through the pages, from the client's link to its tokens.
    async fn flows(&self, n: usize) -> Result<Vec<Row>> {
        let hash = baseline::one_hash(self.time(1.0)).await?;
        let before = self.ours.process.cpu()?;
        let done = flow::run(&self.shop, n, self.time(20.0)).await?;
        let each = (self.ours.process.cpu()? - before) * 1000.0 / done.requests.max(1) as f64;
        let Load { median, p99, .. } = done;
        note(&format!(
            "code flow: median {median:.1} ms, p99 {p99:.1} ms, about {each:.1} ms of the server's CPU each"
        ));
        let name = format!("authorization code flow, {FLOWS_PER_SECOND} a second, p99 without one hash");
        Ok(vec![
            Row::told("one Argon2id hash, alone", hash, "ms"),
            Row { latency: Some((median, p99)), ..Row::at_most(name, p99 - hash, "ms", PROMPT) },
        ])
    }

    async fn ask(&self, party: &Party, name: &str, work: impl Fn(&Party) -> Form) -> Result<Load> {
        self.load(party, name, (0..CONNECTIONS).map(|n| work(party).from(n * 97)).collect()).await
    }

    /// Runs the load and tells what it costs the server.
    async fn load<W: load::Work>(&self, party: &Party, name: &str, works: Vec<W>) -> Result<Load> {
        let (length, process) = (self.time(4.0), &party.process);
        let before = process.cpu()?;
        let told = |e| format!("{}, {name}: {e}", party.name);
        let done = load::run(process.at, works, length / 8, length).await.map_err(told)?;
        let micros = (process.cpu()? - before) * 1e6 / (done.requests as f64 * 1.125).max(1.0);
        note(&format!("{}, {name}: {:.0}/s, about {micros:.0} µs of its CPU each", party.name, done.per_second));
        Ok(done)
    }

    /// Half as long with `--quick`.
    fn time(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64(if self.plan.quick { seconds / 2.0 } else { seconds })
    }
}

fn beside(name: &str, ours: &Load, peer: &Load, least: f64) -> Row {
    Row::rate(name, ours, &Baseline { name: "npm oidc-provider", value: peer.per_second }, least, None)
}
