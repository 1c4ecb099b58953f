//! Precedence, problems told together, and what is never shown.

use std::path::PathBuf;

use super::sources::{Inputs, Source};
use super::*;

/// A configuration directory of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, toml: &str) -> Folder {
        let dir = std::env::temp_dir().join(format!("watchword-config-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("watchword.toml"), toml).unwrap();
        Folder(dir)
    }

    /// The inputs of `watchword … --data DIR` in this environment.
    fn inputs(&self, environment: &[(&str, &str)]) -> Inputs {
        Inputs {
            flags: vec![("data_dir", self.0.display().to_string())],
            file: None,
            environment: environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn key(name: &str) -> &'static Key {
    KEYS.iter().find(|k| k.name == name).unwrap()
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let toml = "public_url = 'https://file.example'\n[limits]\nconnections = 11\ndrain = 3\n[log]\nlevel = 'warn'";
    let folder = Folder::with("precedence", toml);
    let environment = [("WATCHWORD_PUBLIC_URL", "https://env.example/"), ("WATCHWORD_LIMITS__CONNECTIONS", "12")];
    let mut inputs = folder.inputs(&environment);
    inputs.flags.push(("public_url", "https://flag.example/".into()));
    let config = Config::load(&inputs).unwrap();
    assert_eq!(config.public_url(), "https://flag.example");
    assert_eq!(config.limits_connections, 12);
    assert_eq!(config.limits_drain.0.as_secs(), 3);
    assert_eq!(config.limits_body_timeout.0.as_secs(), 30);
    let source = |name: &str| config.found.show(key(name)).1;
    assert_eq!(source("public_url"), Source::Flag);
    assert_eq!(source("limits.connections"), Source::Environment("WATCHWORD_LIMITS__CONNECTIONS".into()));
    assert_eq!(source("limits.drain"), Source::File(folder.0.join("watchword.toml")));
    assert_eq!(source("limits.body_timeout"), Source::Default);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_suggestions() {
    let folder = Folder::with("wrong", "lisen = '127.0.0.1:1'\n[limits]\nconections = 1\ndrain = 'soon'");
    let environment = [
        ("WATCHWORD_PUBLIC_ULR", "x"),
        ("WATCHWORD_LISTEN", "here"),
        ("WATCHWORD_MASTER_KEY_FILE", "/nonexistent/key"),
    ];
    let problems = Config::load(&folder.inputs(&environment)).unwrap_err();
    let told = |part: &str| assert!(problems.iter().any(|p| p.contains(part)), "{part}: {problems:#?}");
    told("unknown key lisen; did you mean listen?");
    told("unknown key limits.conections; did you mean limits.connections?");
    told("unknown environment variable WATCHWORD_PUBLIC_ULR; did you mean WATCHWORD_PUBLIC_URL?");
    told("listen (environment WATCHWORD_LISTEN): expected an IP address and a port");
    told("limits.drain (file ");
    assert_eq!(problems.len(), 5, "{problems:#?}");
}

#[test]
fn variables_of_clients_are_left_alone() {
    let folder = Folder::with("clients", "");
    Config::load(&folder.inputs(&[("WATCHWORD_HOST", "http://127.0.0.1:8000"), ("PATH", "/bin")])).unwrap();
}

#[test]
fn a_secret_may_lie_in_a_file_and_is_never_shown() {
    let folder = Folder::with("secret", "");
    let file = folder.0.join("url");
    std::fs::write(&file, "postgres://ww:canary@db.example/ww?password=canary\n").unwrap();
    let environment = [("WATCHWORD_DATABASE__URL_FILE", file.to_str().unwrap()), ("WATCHWORD_MASTER_KEY", "canary")];
    let config = Config::load(&folder.inputs(&environment)).unwrap();
    assert_eq!(config.database_url(), "postgres://ww:canary@db.example/ww?password=canary");
    let shown: Vec<String> = KEYS.iter().map(|k| config.found.show(k).0).collect();
    assert!(!shown.join(" ").contains("canary") && !format!("{config:?}").contains("canary"), "{shown:?}");
    assert_eq!(config.found.show(key("database.url")).0, "postgres://ww:***@db.example/ww");
}

#[test]
fn a_broken_file_is_told_by_its_line_without_quoting_it() {
    let folder = Folder::with("broken", "demo = true\nmaster_key = 'canary\n");
    let problems = Config::load(&folder.inputs(&[])).unwrap_err();
    assert!(problems[0].contains("line 2") && !problems[0].contains("canary"), "{problems:?}");
}

#[test]
fn plain_http_leaves_this_machine_only_when_somebody_says_so() {
    let folder = Folder::with("plain", "");
    let load = |more: &[(&str, &str)]| {
        let open = [("WATCHWORD_LISTEN", "0.0.0.0:8000")];
        Config::load(&folder.inputs(&[&open[..], more].concat()))
    };
    assert!(load(&[]).unwrap_err()[0].contains("allow_plain_http = true"));
    for switch in [
        ("WATCHWORD_ALLOW_PLAIN_HTTP", "true"),
        ("WATCHWORD_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.2"),
        ("WATCHWORD_DEMO", "true"),
    ] {
        assert!(load(&[switch]).is_ok(), "{switch:?}");
    }
}

#[test]
fn a_file_in_the_data_directory_cannot_move_it_and_a_named_one_can() {
    let folder = Folder::with("moved", "data_dir = '/elsewhere'");
    assert!(Config::load(&folder.inputs(&[])).unwrap_err()[0].contains("cannot move it"));
    let named = Inputs { file: Some(folder.0.join("watchword.toml")), ..Inputs::default() };
    assert_eq!(Config::load(&named).unwrap().data_dir, PathBuf::from("/elsewhere"));
}

#[test]
fn a_named_file_must_exist() {
    let named = Inputs { file: Some("/nonexistent/watchword.toml".into()), ..Inputs::default() };
    assert!(Config::load(&named).is_err());
}

#[test]
fn public_urls_have_a_scheme_and_a_host_and_nothing_behind_the_path() {
    for good in ["https://id.example.com", "http://10.0.0.1:8000", "https://example.com/auth"] {
        assert_eq!(bad_public_url(good), None, "{good}");
    }
    for bad in ["id.example.com", "ftp://x", "https://", "https://u@x", "https://x/?a", "https://x/#a", ""] {
        assert!(bad_public_url(bad).is_some(), "{bad}");
    }
}

#[test]
fn every_default_is_a_value_of_its_key_and_docs_configuration_md_is_fresh() {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let committed = std::fs::read_to_string(committed).unwrap_or_default();
    assert_eq!(committed, markdown(), "run: watchword check --markdown > docs/configuration.md");
    Config::load(&Folder::with("defaults", "").inputs(&[])).unwrap();
}
