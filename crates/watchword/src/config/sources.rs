//! Where values come from: flags, `WATCHWORD_*`, `watchword.toml`, defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use watchword_kit::Secret;

use super::setting::Setting;
use super::{KEYS, Key};

const PREFIX: &str = "WATCHWORD_";
/// Read by clients (the quickstart programs), not by the server.
const OF_CLIENTS: &[&str] = &["WATCHWORD_HOST"];
/// Names the configuration file.
const CONFIG: &str = "WATCHWORD_CONFIG";
const FILE_NAME: &str = "watchword.toml";

/// Everything outside that may speak.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Key and value of each flag given.
    pub flags: Vec<(&'static str, String)>,
    /// `--config`.
    pub file: Option<PathBuf>,
    pub environment: Vec<(String, String)>,
}

/// Which source spoke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Flag,
    /// The variable's name.
    Environment(String),
    File(PathBuf),
    Default,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Flag => f.write_str("flag"),
            Source::Environment(name) => write!(f, "environment {name}"),
            Source::File(path) => write!(f, "file {}", path.display()),
            Source::Default => f.write_str("default"),
        }
    }
}

/// The value of each key that some source sets, as text, and who set it.
#[derive(Default)]
pub struct Found(BTreeMap<&'static str, (Secret<String>, Source)>);

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, (_, source))| (name, source))).finish()
    }
}

impl Found {
    /// What `watchword check` shows: value (masked if secret) and source.
    pub fn show(&self, key: &Key) -> (String, Source) {
        match self.0.get(key.name) {
            None => (key.default.to_owned(), Source::Default),
            Some((value, source)) if key.secret => (mask(value.reveal()), source.clone()),
            Some((value, source)) => (value.reveal().clone(), source.clone()),
        }
    }

    pub(super) fn read<T: Setting>(&mut self, name: &'static str, default: &str, problems: &mut Vec<String>) -> T {
        let by_default = || T::read(default).unwrap_or_else(|e| panic!("the default of {name}: {e}"));
        let Some((value, source)) = self.0.get(name) else { return by_default() };
        T::read(value.reveal()).unwrap_or_else(|expected| {
            problems.push(format!("{name} ({source}): expected {expected}"));
            by_default()
        })
    }

    /// Earlier sources win.
    fn offer(&mut self, name: &'static str, value: String, source: Source) {
        self.0.entry(name).or_insert((Secret::new(value), source));
    }
}

/// A secret that is a URL shows all but its password.
fn mask(value: &str) -> String {
    match value.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?))) {
        Some((scheme, (user, rest))) => {
            format!("{scheme}://{}:***@{}", user.split(':').next().unwrap_or_default(), before_query(rest))
        }
        None if value.starts_with("sqlite:") || value.contains("://") => before_query(value).to_owned(),
        None => "***".into(),
    }
}

/// A PostgreSQL URL may carry its password as a parameter.
fn before_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// Collects all values, and what is wrong with the sources themselves.
pub fn find(inputs: &Inputs) -> (Found, Vec<String>) {
    let (mut found, mut problems) = (Found::default(), Vec::new());
    for (name, value) in &inputs.flags {
        found.offer(name, value.clone(), Source::Flag);
    }
    let mut named_file = inputs.file.clone();
    for (variable, value) in &inputs.environment {
        if variable == CONFIG {
            named_file = named_file.or(Some(value.into()));
        } else if variable.starts_with(PREFIX) && !OF_CLIENTS.contains(&variable.as_str()) {
            from_variable(variable, value, &mut found, &mut problems);
        }
    }
    let named = named_file.is_some();
    let file = named_file.unwrap_or_else(|| data_dir(&found).join(FILE_NAME));
    match std::fs::read_to_string(&file) {
        Ok(text) => from_file(&file, &text, named, &mut found, &mut problems),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => {}
        Err(e) => problems.push(format!("{}: {e}", file.display())),
    }
    (found, problems)
}

fn data_dir(found: &Found) -> PathBuf {
    let default = KEYS.iter().find(|k| k.name == "data_dir").map_or("", |k| k.default);
    found.0.get("data_dir").map_or_else(|| default.into(), |(value, _)| value.reveal().into())
}

/// `database.url` is `WATCHWORD_DATABASE__URL`.
pub fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

fn from_variable(variable_name: &str, value: &str, found: &mut Found, problems: &mut Vec<String>) {
    let source = || Source::Environment(variable_name.to_owned());
    if let Some(key) = KEYS.iter().find(|k| variable(k.name) == variable_name) {
        return found.offer(key.name, value.to_owned(), source());
    }
    let of_file = variable_name.strip_suffix("_FILE");
    if let Some(key) = of_file.and_then(|name| KEYS.iter().find(|k| k.secret && variable(k.name) == name)) {
        match std::fs::read_to_string(value) {
            Ok(text) => found.offer(key.name, text.trim().to_owned(), source()),
            Err(e) => problems.push(format!("{variable_name}: {value}: {e}")),
        }
        return;
    }
    let names: Vec<String> = KEYS.iter().map(|k| variable(k.name)).collect();
    problems.push(unknown("environment variable", variable_name, names.iter().map(String::as_str)));
}

fn from_file(path: &Path, text: &str, named: bool, found: &mut Found, problems: &mut Vec<String>) {
    let table = match text.parse::<toml::Table>() {
        Ok(table) => table,
        Err(e) => {
            // The message alone: the excerpt that usually follows may hold a secret.
            let line = e.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
            return problems.push(format!("{} line {line}: {}", path.display(), e.message()));
        }
    };
    let mut flat = Vec::new();
    flatten("", &toml::Value::Table(table), &mut flat);
    for (name, value) in flat {
        let Some(key) = KEYS.iter().find(|k| k.name == name) else {
            let problem = unknown("key", &name, KEYS.iter().map(|k| k.name));
            problems.push(format!("{}: {problem}", path.display()));
            continue;
        };
        if key.name == "data_dir" && !named {
            problems.push(format!("{}: data_dir: a file inside the data directory cannot move it", path.display()));
            continue;
        }
        match value {
            Some(value) => found.offer(key.name, value, Source::File(path.to_owned())),
            None => problems.push(format!("{}: {}: expected {}", path.display(), key.name, key.values)),
        }
    }
}

/// Dotted names and their values as text; `None` for what no key takes.
fn flatten(prefix: &str, value: &toml::Value, out: &mut Vec<(String, Option<String>)>) {
    let text = match value {
        toml::Value::Table(table) => {
            for (name, value) in table {
                let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&name, value, out);
            }
            return;
        }
        toml::Value::String(s) => Some(s.clone()),
        toml::Value::Integer(n) => Some(n.to_string()),
        toml::Value::Boolean(b) => Some(b.to_string()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            texts.map(|t| t.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) => None,
    };
    out.push((prefix.to_owned(), text));
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let closest = known.map(|k| (distance(name, k), k)).min();
    match closest {
        Some((d, k)) if d <= 3.max(name.len() / 3) => format!("unknown {what} {name}; did you mean {k}?"),
        _ => format!("unknown {what} {name}"),
    }
}

/// Edit distance (insert, delete, replace).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replace = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
