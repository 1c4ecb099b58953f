//! What an application may ask of the authorization endpoint, read from its `oidcConfig`.

use serde_json::Value;
use watchword_api::app::AppType;
use watchword_kit::{Error, Millis, Result};
use watchword_store::app::Application;

use crate::app;

pub struct Client {
    grant_types: Vec<String>,
    response_types: Vec<String>,
    redirect_uris: Vec<String>,
    native: bool,
    /// Keeps no secret, so PKCE is required.
    pub public: bool,
    /// Requires PKCE though it keeps a secret.
    pub pkce: bool,
    pub code_lifetime: Millis,
    pub asks_consent: bool,
}

/// Lifetime of a code when the application says nothing, in seconds.
const CODE_LIFETIME: i64 = 600;

impl Client {
    pub fn of(app: &Application) -> Result<Client> {
        let config = app::settings(app)?;
        let list = |name: &str| -> Vec<String> {
            let items = config.oidc.get(name).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(Value::as_str).map(sorted).collect()
        };
        let flag = |name: &str| config.oidc.get(name).and_then(Value::as_bool);
        let seconds = config.oidc.get("authorization_code_expire").and_then(Value::as_i64).unwrap_or(CODE_LIFETIME);
        Ok(Client {
            grant_types: list("grant_types"),
            response_types: list("response_types"),
            redirect_uris: serde_json::from_str(&app.redirect_uris).map_err(Error::internal)?,
            native: app.app_type == AppType::Native.as_str(),
            public: app::is_public_client(app)?,
            pkce: flag("require_pkce").unwrap_or(false),
            code_lifetime: Millis::seconds(seconds),
            asks_consent: flag("skip_consent") == Some(false) || config.login.show_authorization_page,
        })
    }

    pub fn may_grant(&self, grant: &str) -> bool {
        self.grant_types.iter().any(|g| g == grant)
    }

    /// `response_type` with its words in any order (OAuth 2.0 Multiple Response Types §3).
    pub fn may_respond(&self, response_type: &str) -> bool {
        let wanted = sorted(response_type);
        let words: Vec<&str> = wanted.split(' ').collect();
        let code = !words.contains(&"code") || self.may_grant("authorization_code");
        let front = !words.iter().any(|w| ["token", "id_token"].contains(w)) || self.may_grant("implicit");
        code && front && self.response_types.contains(&wanted)
    }

    /// Exactly as registered; a native application's loopback address may have another port (RFC 8252 §7.3).
    pub fn may_return_to(&self, uri: &str) -> bool {
        let exact = self.redirect_uris.iter().any(|r| r == uri);
        exact
            || (self.native
                && loopback(uri).is_some_and(|(given, _)| {
                    self.redirect_uris.iter().filter_map(|r| loopback(r)).any(|(registered, _)| registered == given)
                }))
    }
}

/// A loopback address without its port, and the port.
fn loopback(uri: &str) -> Option<(String, u16)> {
    for host in ["http://127.0.0.1", "http://[::1]"] {
        let Some(rest) = uri.strip_prefix(host) else { continue };
        let (port, path) = match rest.strip_prefix(':') {
            Some(rest) => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                (rest[..end].parse().ok()?, &rest[end..])
            }
            None => (80, rest),
        };
        let plain = path.is_empty() || path.starts_with('/') || path.starts_with('?');
        return (plain && !path.contains('#')).then(|| (format!("{host}{path}"), port));
    }
    None
}

/// The words of a list in order, so that two lists of the same words are the same text.
fn sorted(list: &str) -> String {
    let mut words: Vec<&str> = list.split_ascii_whitespace().collect();
    words.sort_unstable();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        let (a, _) = loopback("http://127.0.0.1:7777/cb").expect("loopback");
        assert_eq!(loopback("http://127.0.0.1:9/cb").map(|l| l.0), Some(a.clone()));
        assert_ne!(loopback("http://127.0.0.1:9/cb/").map(|l| l.0), Some(a));
        for wrong in
            ["http://127.0.0.1.evil.example/cb", "http://127.0.0.1:7777@evil.example/cb", "https://127.0.0.1/cb"]
        {
            assert!(loopback(wrong).is_none(), "{wrong}");
        }
    }
}
