//! The files of the repository: layers, sizes, words that have no place in them.

use std::path::Path;

use super::root;

/// Longest source file, in lines.
const LONG: usize = 700;

/// Longer files. May only become shorter.
const LONGER: &[(&str, usize)] = &[];

/// Where the wall clock and the environment may be read.
const CLOCK: &[&str] = &["crates/kit/src/clock.rs"];
/// RSA signing wants a generator of its own library; the test of SM2 makes a key.
const RANDOMNESS: &[&str] =
    &["crates/kit/src/entropy.rs", "crates/crypto/src/jose", "crates/crypto/src/transport/tests.rs"];
const ENVIRONMENT: &[&str] = &[
    "crates/watchword/src/config",
    "crates/watchword/src/cli",
    "crates/watchword/src/main.rs",
    "crates/testkit/src/postgres.rs",
    "tests/sdk/",
    "tests/src/crash.rs",
    "xtask/src/",
];

/// Which of our crates a crate may use, development aside.
const LAYERS: &[(&str, &[&str])] = &[
    ("kit", &[]),
    ("api", &["kit"]),
    ("crypto", &["kit"]),
    ("store", &["kit"]),
    ("send", &["kit"]),
    ("transfer", &["kit", "crypto"]),
    ("domain", &["kit", "api", "crypto", "store", "transfer"]),
    ("oidc", &["kit", "api", "crypto", "domain"]),
    ("web", &["kit", "api", "domain", "oidc"]),
    ("watchword", &["kit", "api", "crypto", "store", "transfer", "domain", "send", "oidc", "web"]),
];

/// Path in the repository, and text.
fn files(extensions: &[&str]) -> Vec<(String, String)> {
    const ASIDE: &[&str] = &["target", ".git", "node_modules", "watchword-data", "__pycache__"];
    let root = root();
    let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if ASIDE.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if extensions.is_empty() || path.extension().is_some_and(|e| extensions.iter().any(|x| e == *x)) {
                let Ok(text) = std::fs::read_to_string(&path) else { continue };
                let path = path.strip_prefix(&root).expect("inside").to_string_lossy().replace('\\', "/");
                found.push((path, text));
            }
        }
    }
    found
}

fn complain(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn every_source_file_opens_by_saying_what_it_is_and_is_not_long() {
    let mut problems = Vec::new();
    for (path, text) in files(&["rs"]) {
        let lines = text.lines().count();
        let allowed = LONGER.iter().find(|(name, _)| *name == path).map(|(_, n)| *n);
        if lines > allowed.unwrap_or(LONG) {
            problems.push(format!("{path}: {lines} lines; split it"));
        }
        if allowed.is_some_and(|n| lines < n) {
            problems.push(format!("{path}: only {lines} lines now; lower its number in LONGER"));
        }
        if path.ends_with("/mod.rs") {
            problems.push(format!("{path}: name it after its folder"));
        }
        if !text.starts_with("//!") {
            problems.push(format!("{path}: does not open with a //! line"));
        }
        if text.contains("(being written)") && !path.ends_with("tidy.rs") {
            problems.push(format!("{path}: is still a stub"));
        }
    }
    complain(problems);
}

#[test]
fn clock_environment_and_randomness_are_read_where_they_may_be() {
    let places: [(&[&str], &[&str]); 3] = [
        (&["SystemTime::now", "Utc::now", "Timestamp::now", "Zoned::now"], CLOCK),
        (&["env::var(", "env::var_os(", "env::vars(", "env::vars_os("], ENVIRONMENT),
        (&["getrandom::", "SystemRandom", "thread_rng", "rand::rng"], RANDOMNESS),
    ];
    let mut problems = Vec::new();
    for (path, text) in files(&["rs"]).into_iter().filter(|(path, _)| !path.ends_with("tidy.rs")) {
        for (words, allowed) in places {
            if allowed.iter().any(|place| path.starts_with(place)) {
                continue;
            }
            let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
            for (n, line) in code.filter(|(_, line)| words.iter().any(|word| line.contains(word))) {
                problems.push(format!("{path}:{}: {}", n + 1, line.trim()));
            }
        }
    }
    complain(problems);
}

#[test]
fn no_layer_uses_what_it_may_not() {
    let mut problems = Vec::new();
    for (name, may) in LAYERS {
        let manifest = std::fs::read_to_string(root().join(format!("crates/{name}/Cargo.toml"))).expect("a manifest");
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for line in dependencies.lines() {
            let word = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or_default();
            if let Some(used) = word.strip_prefix("watchword-").filter(|used| !may.contains(used)) {
                problems.push(format!("crates/{name} uses {used}"));
            }
        }
    }
    let crates = std::fs::read_dir(root().join("crates")).expect("crates").flatten();
    let crates: Vec<String> = crates.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    for name in crates.iter().filter(|name| *name != "testkit") {
        if !LAYERS.iter().any(|(layer, _)| layer == name) {
            problems.push(format!("crates/{name} has no row in LAYERS"));
        }
    }
    for (path, text) in files(&["rs"]) {
        let sql = ["SELECT ", "INSERT INTO ", "DELETE FROM "].iter().any(|word| text.contains(word));
        let outside = ["crates/web/", "crates/oidc/", "crates/api/", "crates/domain/", "crates/send/"];
        if sql && outside.iter().any(|layer| path.starts_with(layer)) {
            problems.push(format!("{path}: SQL outside crates/store"));
        }
    }
    complain(problems);
}

#[test]
fn nothing_is_left_to_do() {
    let words = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("dbg", "!("),
    ];
    let mut problems = Vec::new();
    for (path, text) in files(&["rs", "md", "toml", "sql", "py", "mjs", "yml", "yaml"]) {
        for (n, line) in text.lines().enumerate().filter(|(_, line)| words.iter().any(|word| line.contains(word))) {
            problems.push(format!("{path}:{}: {}", n + 1, line.trim()));
        }
    }
    complain(problems);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut problems = Vec::new();
    for (path, text) in files(&["md"]) {
        let folder = Path::new(&path).parent().unwrap_or(Path::new("")).to_owned();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|t| !t.contains("://") && !t.starts_with('#') && !t.starts_with("mailto:")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let full = root().join(&folder).join(file);
            if !full.exists() {
                problems.push(format!("{path}: no {target}"));
            } else if !anchor.is_empty() && file.ends_with(".md") {
                let headings = std::fs::read_to_string(&full).unwrap_or_default();
                if !headings.lines().any(|line| slug(line) == anchor) {
                    problems.push(format!("{path}: {file} has no heading #{anchor}"));
                }
            }
        }
    }
    complain(problems);
}

/// The anchor of a heading, as code forges make it.
fn slug(line: &str) -> String {
    let Some(title) = line.strip_prefix('#') else { return String::new() };
    let title = title.trim_start_matches('#').trim().to_lowercase();
    title
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Whoever builds this has other folders and may have another registry.
#[test]
fn no_file_names_a_folder_of_somebodys_machine_or_a_registry_of_their_own() {
    let folders = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/Us", "ers/"),
        concat!("/tmp", "/x/"),
    ];
    let mut problems = Vec::new();
    for (path, text) in files(&[]) {
        for (n, line) in text.lines().enumerate() {
            if let Some(folder) = folders.iter().find(|folder| names_folder(line, folder)) {
                problems.push(format!("{path}:{}: {folder}", n + 1));
            }
            let source = line.trim().strip_prefix("source = \"").or(line.trim().strip_prefix("\"resolved\": \""));
            let usual = ["registry+https://github.com/rust-lang/crates.io-index", "https://registry.npmjs.org/"];
            if path.contains("lock") && source.is_some_and(|s| !usual.iter().any(|u| s.starts_with(u))) {
                problems.push(format!("{path}:{}: {}", n + 1, line.trim()));
            }
        }
    }
    complain(problems);
}

/// Whether the line has the folder at the beginning of a path.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder)
        .any(|(at, _)| line[..at].chars().next_back().is_none_or(|c| !(c.is_alphanumeric() || "._-~*{}$/".contains(c))))
}
