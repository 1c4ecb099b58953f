//! The official SDKs, unmodified, against a server of their own: the journeys in `tests/sdk` and README.md's snippets.

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
}

/// Runs the program `name` of the language against a new server.
pub fn journey(language: Language, name: &str, binary: &Path, database: Option<&str>) -> Result {
    let environment = Environment::of(language)?;
    let file = format!("{name}.{}", language.extension());
    let source = run::root().join("tests/sdk").join(language.directory()).join(&file);
    let program = environment.place(&run::read(&source)?, &file)?;
    drive(&environment, &program, binary, database)
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
        let program = environment.place(text, &format!("readme-{}.{}", number + 1, language.extension()))?;
        drive(&environment, &program, binary, database)?;
    }
    Ok(())
}

fn drive(environment: &Environment, program: &Path, binary: &Path, database: Option<&str>) -> Result {
    let server = Server::start(binary, database)?;
    let mut command = run::command(&environment.interpreter);
    command.arg(program).envs(server.environment()?);
    run::run(&mut command).map_err(|error| format!("{error}\nthe server's last words:\n{}", server.last_words()))
}

impl Language {
    pub fn directory(self) -> &'static str {
        match self {
            Language::Node => "node",
            Language::Python => "python",
        }
    }

    fn fence(self) -> &'static str {
        match self {
            Language::Node => "js",
            Language::Python => "python",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Language::Node => "mjs",
            Language::Python => "py",
        }
    }

    fn lock(self) -> &'static str {
        match self {
            Language::Node => "package-lock.json",
            Language::Python => "requirements.txt",
        }
    }
}

/// A directory under `target` with the SDK installed, named after the lock file's content, so that it is made once.
struct Environment {
    dir: PathBuf,
    interpreter: PathBuf,
}

impl Environment {
    fn of(language: Language) -> Result<Environment> {
        let source = run::root().join("tests/sdk").join(language.directory());
        let lock = run::read(&source.join(language.lock()))?;
        let mut hasher = DefaultHasher::new();
        lock.hash(&mut hasher);
        let dir = run::target().join("sdk").join(format!("{}-{:016x}", language.directory(), hasher.finish()));
        let interpreter = match language {
            Language::Node => PathBuf::from("node"),
            Language::Python => dir.join("venv/bin/python"),
        };
        let environment = Environment { dir, interpreter };
        let installed = environment.dir.join("installed");
        if !installed.exists() {
            let _ = std::fs::remove_dir_all(&environment.dir);
            run::create_dir(&environment.dir)?;
            match language {
                Language::Node => environment.install_node(&source)?,
                Language::Python => environment.install_python(&source)?,
            }
            run::write(&installed, "")?;
        }
        Ok(environment)
    }

    fn install_node(&self, source: &Path) -> Result {
        if !run::works(run::command("node").arg("--version")) || !run::works(run::command("npm").arg("--version")) {
            apt::install("Node.js", &["nodejs", "npm"])?;
        }
        for file in ["package.json", "package-lock.json"] {
            run::write(&self.dir.join(file), &run::read(&source.join(file))?)?;
        }
        let mut npm = run::command("npm");
        run::run(
            npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]).current_dir(&self.dir),
        )
    }

    fn install_python(&self, source: &Path) -> Result {
        let venv = self.dir.join("venv");
        if !run::works(run::command("python3").args(["-c", "import venv, ensurepip"])) {
            apt::install("Python 3 with venv", &["python3", "python3-venv"])?;
        }
        run::run(run::command("python3").args(["-m", "venv"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        run::run(pip.arg(source.join("requirements.txt")))
    }

    /// Puts a program where it finds the SDK (Node looks beside the file).
    fn place(&self, text: &str, name: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        run::write(&path, text)?;
        Ok(path)
    }
}
