//! The two providers as their clients know them.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Client, member};
use crate::load::Connection;
use crate::server::{Process, free_address};
use crate::{Result, http, said};

/// The signature of a token.
#[derive(Clone, Copy)]
pub enum Token {
    Rs256,
    Es256,
}

impl Token {
    /// Characters of its signature in base64.
    const fn signature(self) -> usize {
        match self {
            Token::Rs256 => 342,
            Token::Es256 => 86,
        }
    }
}

pub struct Party {
    pub name: &'static str,
    pub process: Process,
    /// Before the paths of its endpoints.
    root: &'static str,
    /// Forms that ask for a token.
    rs256: String,
    es256: String,
    /// One that asks for a token that can be introspected.
    introspectable: String,
    /// Who introspects.
    credentials: String,
}

impl Party {
    pub async fn ours(process: Process, rs256: &Client, es256: &Client) -> Result<Party> {
        let credentials = |c: &Client| format!("client_id={}&client_secret={}", c.id, c.secret);
        let form = |c: &Client| format!("grant_type=client_credentials&scope=read&{}", credentials(c));
        let party = Party {
            name: "watchword",
            process,
            root: "/oidc",
            rs256: form(rs256),
            es256: form(es256),
            introspectable: form(rs256),
            credentials: credentials(rs256),
        };
        party.checked().await
    }

    /// Starts `oidc-provider`, as `bench/peer/oidc-provider.mjs` configures it.
    pub async fn peer(script: &Path, data: &Path) -> Result<Party> {
        let at = free_address()?;
        let log = File::create(data.join("peer.log")).map_err(said)?;
        let mut node = Command::new("node");
        node.arg(script).arg(at.port().to_string()).env("NODE_ENV", "production");
        node.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let credentials = "client_id=bench&client_secret=a-secret-of-the-benchmark-and-of-nothing-else";
        let form = |more: &str| format!("grant_type=client_credentials&{credentials}{more}");
        let party = Party {
            name: "oidc-provider",
            process: Process::start(node, at, "/.well-known/openid-configuration").await?,
            root: "",
            rs256: form("&scope=read&resource=urn:bench"),
            es256: form("&scope=read&resource=urn:bench:es256"),
            introspectable: form(""),
            credentials: credentials.to_owned(),
        };
        party.checked().await
    }

    /// That it signs as it is asked to.
    async fn checked(self) -> Result<Party> {
        for token in [Token::Rs256, Token::Es256] {
            let made = self.token(&mut Connection::open(self.process.at).await?, &self.form(token)).await?;
            if made.rsplit('.').next().is_none_or(|signature| signature.len() != token.signature()) {
                return Err(format!("{} signed otherwise: {made}", self.name));
            }
        }
        Ok(self)
    }

    pub fn path(&self, endpoint: &str) -> String {
        format!("{}{endpoint}", self.root)
    }

    pub fn form(&self, token: Token) -> String {
        match token {
            Token::Rs256 => self.rs256.clone(),
            Token::Es256 => self.es256.clone(),
        }
    }

    /// Forms that introspect as many fresh tokens.
    pub async fn introspections(&self, count: usize) -> Result<Vec<String>> {
        let mut connection = Connection::open(self.process.at).await?;
        let mut forms = Vec::with_capacity(count);
        for _ in 0..count {
            let token = self.token(&mut connection, &self.introspectable).await?;
            forms.push(format!("token={token}&{}", self.credentials));
        }
        Ok(forms)
    }

    async fn token(&self, connection: &mut Connection, form: &str) -> Result<String> {
        let mut request = Vec::new();
        http::post_form(&mut request, &self.path("/token"), "", form);
        member(connection.exchange(&request).await?, "access_token")
    }
}
