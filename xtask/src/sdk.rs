//! Clients that we did not write, against a server of their own: the journeys in `tests/sdk`, README.md's snippets, and
//! the other provider that the benchmark is held against.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::Server;
use crate::{apt, docs, run};
use run::Result;

#[derive(Clone, Copy)]
pub enum Language {
    Node,
    Python,
    Rust,
}

/// Runs the program `name` of the language against a new server.
pub fn journey(language: Language, name: &str, binary: &Path, database: Option<&str>) -> Result {
    let file = format!("{name}.{}", language.extension());
    let source = run::root().join("tests/sdk").join(language.directory());
    let program = match language {
        Language::Rust => built(&source, name)?,
        _ => Environment::of(language)?.program(&run::read(&source.join(&file))?, &file)?,
    };
    // Its users read the codes that they are sent.
    let flags: &[&str] = if name == "account" { &["--demo"] } else { &[] };
    drive(program, binary, database, flags)
}

/// Runs README.md's snippets in this language, as they stand, each against a new server.
pub fn readme(language: Language, binary: &Path, database: Option<&str>) -> Result {
    let readme = run::read(&run::root().join("README.md"))?;
    let snippets = docs::snippets(&readme, language.fence());
    if snippets.is_empty() {
        return Err(format!("README.md has no block ```{} snippet", language.fence()));
    }
    let environment = Environment::of(language)?;
    for (number, text) in snippets.iter().enumerate() {
        let program = environment.program(text, &format!("readme-{}.{}", number + 1, language.extension()))?;
        drive(program, binary, database, &[])?;
    }
    Ok(())
}

/// The program of the provider in `bench/peer`, with what it needs beside it.
pub fn peer() -> Result<PathBuf> {
    let source = run::root().join("bench/peer");
    let dir = installed("peer", &source.join("package-lock.json"), |dir| install_node(dir, &source))?;
    let program = "oidc-provider.mjs";
    placed(&dir, &run::read(&source.join(program))?, program)
}

fn drive(mut program: Command, binary: &Path, database: Option<&str>, flags: &[&str]) -> Result {
    let server = Server::start(binary, database, flags)?;
    program.envs(server.environment()?);
    run::run(&mut program).map_err(|error| format!("{error}\nthe server's last words:\n{}", server.last_words()))
}

impl Language {
    pub fn directory(self) -> &'static str {
        match self {
            Language::Node => "node",
            Language::Python => "python",
            Language::Rust => "rust",
        }
    }

    fn fence(self) -> &'static str {
        match self {
            Language::Node => "js",
            Language::Python => "python",
            Language::Rust => "rust",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Language::Node => "mjs",
            Language::Python => "py",
            Language::Rust => "rs",
        }
    }
}

/// A program of the package at `source`, a workspace of its own: what it depends on is not what the server depends on.
fn built(source: &Path, name: &str) -> Result<Command> {
    let target = run::target().join("sdk/rust");
    let mut cargo = run::cargo(&["build", "--locked", "--manifest-path"]);
    run::run(cargo.arg(source.join("Cargo.toml")).arg("--target-dir").arg(&target))?;
    Ok(run::command(target.join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))))
}

/// A directory under `target` where an interpreter finds what the lock file names.
struct Environment {
    dir: PathBuf,
    interpreter: PathBuf,
}

impl Environment {
    fn of(language: Language) -> Result<Environment> {
        let source = run::root().join("tests/sdk").join(language.directory());
        let name = language.directory();
        match language {
            Language::Node => {
                let dir = installed(name, &source.join("package-lock.json"), |dir| install_node(dir, &source))?;
                Ok(Environment { dir, interpreter: PathBuf::from("node") })
            }
            Language::Python => {
                let dir = installed(name, &source.join("requirements.txt"), |dir| install_python(dir, &source))?;
                Ok(Environment { interpreter: dir.join("venv/bin/python"), dir })
            }
            Language::Rust => Err("programs in Rust are built".to_owned()),
        }
    }

    fn program(&self, text: &str, name: &str) -> Result<Command> {
        let mut command = run::command(&self.interpreter);
        command.arg(placed(&self.dir, text, name)?);
        Ok(command)
    }
}

/// Puts a program where it finds its packages (Node looks beside the file).
fn placed(dir: &Path, text: &str, name: &str) -> Result<PathBuf> {
    let path = dir.join(name);
    run::write(&path, text)?;
    Ok(path)
}

/// A directory named after the lock file's content, so that it is made once.
fn installed(name: &str, lock: &Path, install: impl FnOnce(&Path) -> Result) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    run::read(lock)?.hash(&mut hasher);
    let dir = run::target().join("sdk").join(format!("{name}-{:016x}", hasher.finish()));
    let done = dir.join("installed");
    if !done.exists() {
        let _ = std::fs::remove_dir_all(&dir);
        run::create_dir(&dir)?;
        install(&dir)?;
        run::write(&done, "")?;
    }
    Ok(dir)
}

fn install_node(dir: &Path, source: &Path) -> Result {
    if !run::works(run::command("node").arg("--version")) || !run::works(run::command("npm").arg("--version")) {
        apt::install("Node.js", &["nodejs", "npm"])?;
    }
    for file in ["package.json", "package-lock.json"] {
        run::write(&dir.join(file), &run::read(&source.join(file))?)?;
    }
    let mut npm = run::command("npm");
    run::run(npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]).current_dir(dir))
}

fn install_python(dir: &Path, source: &Path) -> Result {
    let venv = dir.join("venv");
    if !run::works(run::command("python3").args(["-c", "import venv, ensurepip"])) {
        apt::install("Python 3 with venv", &["python3", "python3-venv"])?;
    }
    run::run(run::command("python3").args(["-m", "venv"]).arg(&venv))?;
    let mut pip = Command::new(venv.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    run::run(pip.arg(source.join("requirements.txt")))
}
