//! What the operator decides, from four places: flags, environment, `watchword.toml`, defaults, the first that speaks.
//!
//! # Layout
//! - this file: every key with its meaning and default, and what must hold between keys
//! - [`sources`]: where values come from, and everything that can be wrong with them, told at once
//! - [`setting`]: how a value is written

pub mod setting;
pub mod sources;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use watchword_kit::Secret;

use self::setting::{Bytes, Level, LogFormat, Seconds, Setting};
use self::sources::{Found, Inputs};

/// What a document says about a key.
pub struct Key {
    /// Dotted, as in `watchword.toml`.
    pub name: &'static str,
    /// Sentences for docs/configuration.md.
    pub doc: &'static str,
    /// As one would write it; empty: none.
    pub default: &'static str,
    /// How its values are written.
    pub values: &'static str,
    /// Masked when shown; the environment also takes it as a file's name (`…_FILE`).
    pub secret: bool,
}

macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $name:literal $field:ident: $T:ty = $default:literal;)*) => {
        /// The effective configuration.
        #[derive(Debug)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $field: $T,)*
            /// Where each value came from.
            pub found: Found,
        }

        /// Every key, in the order of the document.
        pub const KEYS: &[Key] = &[$(Key {
            name: $name,
            doc: concat!($($doc, "\n"),+),
            default: $default,
            values: <$T as Setting>::VALUES,
            secret: <$T as Setting>::SECRET,
        }),*];

        impl Config {
            fn take(mut found: Found) -> (Config, Vec<String>) {
                let mut problems = Vec::new();
                $(let $field = found.read::<$T>($name, $default, &mut problems);)*
                (Config { $($field,)* found }, problems)
            }
        }
    };
}

keys! {
    /// Directory for the database, the master key and the lock file. Made with mode 0700 when it does not exist.
    "data_dir" data_dir: PathBuf = "watchword-data";
    /// Address and port to listen on. Anything but a loopback address needs TLS (`tls.cert`), a trusted proxy in
    /// front (`trusted_proxies`) or `allow_plain_http`.
    "listen" listen: SocketAddr = "127.0.0.1:8000";
    /// The address under which clients reach this server. Links and the token issuer are built from it, never from a
    /// request. Default: made from `listen`.
    "public_url" public_url: Option<String> = "";
    /// Serves plain HTTP on an address that is not loopback. Passwords and codes then cross the network readable.
    "allow_plain_http" allow_plain_http: bool = "false";
    /// Demo mode: messages need no provider and are shown at `/dev/inbox`. Never on data that matters.
    "demo" demo: bool = "false";
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/NAME`. Default: `watchword.db` in the data directory.
    "database.url" database_url: Option<Secret<String>> = "";
    /// Connections to PostgreSQL, or readers of SQLite.
    "database.connections" database_connections: usize = "16";
    /// The key that seals every secret in the database: 64 hex digits or base64 of 32 bytes. Default: the file
    /// `master.key` in the data directory, made on first start.
    "master_key" master_key: Option<Secret<String>> = "";
    /// A file that holds the master key. Refused when everyone can read it.
    "master_key_file" master_key_file: Option<PathBuf> = "";
    /// A command that prints the master key, for example a client of a key management service. Run by `/bin/sh`.
    "master_key_command" master_key_command: Option<String> = "";
    /// Certificate chain in PEM. With `tls.key` the listener speaks TLS 1.2 and 1.3 only.
    "tls.cert" tls_cert: Option<PathBuf> = "";
    /// Private key of the certificate in PEM. Refused when everyone can read it.
    "tls.key" tls_key: Option<PathBuf> = "";
    /// Addresses of reverse proxies whose `X-Forwarded-For` is believed.
    "trusted_proxies" trusted_proxies: Vec<IpAddr> = "";
    /// A second address and port, plain HTTP, for `/metrics`, `/healthz` and `/readyz`; `/metrics` is then only there.
    "monitoring_listen" monitoring_listen: Option<SocketAddr> = "";
    /// Lets message drivers, and mail servers that an access key configures, be at private and loopback addresses.
    "allow_private_networks" allow_private_networks: bool = "false";
    /// How log lines look: `human` or `json`. They go to standard error.
    "log.format" log_format: LogFormat = "human";
    /// The least important lines that are written.
    "log.level" log_level: Level = "info";
    /// Connections at once; further ones wait in the kernel's queue.
    "limits.connections" limits_connections: usize = "10000";
    /// Connections at once from one address, trusted proxies excepted; further ones are closed.
    "limits.connections_per_ip" limits_connections_per_ip: usize = "1000";
    /// Time for a request's headers to arrive, also while a new connection sends nothing at all.
    "limits.header_timeout" limits_header_timeout: Seconds = "10";
    /// Time for a request's body to arrive.
    "limits.body_timeout" limits_body_timeout: Seconds = "30";
    /// Time that a connection may stay open without a request.
    "limits.idle_timeout" limits_idle_timeout: Seconds = "75";
    /// After SIGTERM: how long new connections are still served while `/readyz` answers 503, so that a load balancer
    /// notices.
    "limits.drain_notice" limits_drain_notice: Seconds = "1";
    /// After that: how long running requests may take to finish.
    "limits.drain" limits_drain: Seconds = "25";
    /// Memory of a new Argon2id hash.
    "passwords.memory" passwords_memory: Bytes = "19 MiB";
    /// Passes of a new Argon2id hash.
    "passwords.passes" passwords_passes: u32 = "2";
    /// Lanes of a new Argon2id hash.
    "passwords.lanes" passwords_lanes: u32 = "1";
    /// Password hashes computed at once; 0: one per core.
    "passwords.workers" passwords_workers: usize = "0";
    /// Password hashes that may wait for a worker; more are refused with 429.
    "passwords.queue" passwords_queue: usize = "64";
    /// Days that the audit trail is kept; 0: for ever.
    "audit.retention_days" audit_retention_days: u32 = "400";
    /// Days that the sign-ins of users are kept for get-user-login-history and get-user-loggedin-apps; 0: for ever.
    "logins.retention_days" logins_retention_days: u32 = "400";
}

impl Config {
    /// Reads all sources.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn load(inputs: &Inputs) -> Result<Config, Vec<String>> {
        let (found, mut problems) = sources::find(inputs);
        let (config, unreadable) = Config::take(found);
        problems.extend(unreadable);
        config.judge(&mut problems);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// What must hold between keys.
    fn judge(&self, problems: &mut Vec<String>) {
        let sources = [self.master_key.is_some(), self.master_key_file.is_some(), self.master_key_command.is_some()];
        if sources.iter().filter(|s| **s).count() > 1 {
            problems.push("master_key, master_key_file and master_key_command: set only one of them".into());
        }
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            problems.push("tls.cert and tls.key: set both or neither".into());
        }
        let cover = self.tls() || self.allow_plain_http || self.demo || !self.trusted_proxies.is_empty();
        if !self.listen.ip().is_loopback() && !cover {
            problems.push(format!(
                "listen: {} is reachable from other machines, and passwords would cross the network in plain HTTP: set \
                 tls.cert and tls.key, name the TLS proxy in trusted_proxies, or accept it with allow_plain_http = true",
                self.listen
            ));
        }
        if let Some(url) = &self.public_url
            && let Some(why) = bad_public_url(url)
        {
            problems.push(format!("public_url: {why}"));
        }
        let lanes = self.passwords_lanes;
        if !(1..=16).contains(&lanes) {
            problems.push("passwords.lanes: from 1 to 16".into());
        }
        if !(1..=10).contains(&self.passwords_passes) {
            problems.push("passwords.passes: from 1 to 10".into());
        }
        let kib = self.passwords_memory.0 / 1024;
        if kib < 8 * u64::from(lanes.max(1)) || kib > 256 * 1024 {
            problems.push("passwords.memory: from 8 KiB per lane to 256 MiB".into());
        }
        let counts = [
            ("database.connections", self.database_connections),
            ("limits.connections", self.limits_connections),
            ("limits.connections_per_ip", self.limits_connections_per_ip),
        ];
        for (name, n) in counts {
            if n == 0 {
                problems.push(format!("{name}: at least 1"));
            }
        }
        let times = [
            ("limits.header_timeout", &self.limits_header_timeout),
            ("limits.body_timeout", &self.limits_body_timeout),
            ("limits.idle_timeout", &self.limits_idle_timeout),
        ];
        for (name, time) in times {
            if time.0.is_zero() {
                problems.push(format!("{name}: more than 0 seconds"));
            }
        }
    }

    pub fn tls(&self) -> bool {
        self.tls_cert.is_some()
    }

    /// Without a trailing slash.
    pub fn public_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => {
                let mut at = self.listen;
                if at.ip().is_unspecified() {
                    at.set_ip(if at.is_ipv4() { [127, 0, 0, 1].into() } else { IpAddr::V6(1.into()) });
                }
                format!("{}://{at}", if self.tls() { "https" } else { "http" })
            }
        }
    }

    pub fn database_url(&self) -> String {
        match &self.database_url {
            Some(url) => url.reveal().clone(),
            None => format!("sqlite:{}", self.data_dir.join("watchword.db").display()),
        }
    }
}

/// docs/configuration.md.
pub fn markdown() -> String {
    let mut out = String::from(MARKDOWN_HEAD);
    for key in KEYS {
        let default = match key.default {
            "" => "none".to_owned(),
            value => format!("`{value}`"),
        };
        let also = if key.secret {
            format!(", or a file named by `{}_FILE`", sources::variable(key.name))
        } else {
            String::new()
        };
        let doc = key.doc.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        out.push_str(&format!(
            "\n## `{}`\n{doc}\n\n- Environment: `{}`{also}\n- Values: {}\n- Default: {default}\n",
            key.name,
            sources::variable(key.name),
            key.values,
        ));
    }
    out
}

const MARKDOWN_HEAD: &str = "\
<!-- Made by `watchword check --markdown`; a test fails when it is stale. -->
# Configuration

Each key can be given by a flag (the common ones), by the environment, or in `watchword.toml`, in this order of
precedence; what none of them sets has its default. The file lies in the data directory, or is named by `--config` or
`WATCHWORD_CONFIG`. A dot in a key is a table in the file and `__` in the environment. A key that does not exist is an
error, and all errors are reported at once. `watchword check` shows every effective value and where it comes from.
";

fn bad_public_url(url: &str) -> Option<&'static str> {
    let Ok(uri) = url.parse::<http::Uri>() else { return Some("not a URL") };
    match uri.scheme_str() {
        Some("http" | "https") => {}
        _ => return Some("begins with http:// or https://"),
    }
    if uri.host().is_none_or(str::is_empty) || url.contains('@') {
        return Some("needs a host, and no user");
    }
    (uri.query().is_some() || url.contains('#')).then_some("has no query and no fragment")
}
