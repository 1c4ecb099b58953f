//! Starting programs: where, with which environment, and what their failure says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The message is for the developer's terminal.
pub type Result<T = ()> = std::result::Result<T, String>;

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository").to_owned()
}

/// Cargo's build directory.
pub fn target() -> PathBuf {
    match env("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// One variable of xtask's own environment.
#[expect(clippy::disallowed_methods, reason = "a developer's tool has no configuration but its environment")]
pub fn env(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// `program` in the repository's root, without stdin and without variables that would change the outcome.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    for name in inherited_noise() {
        command.env_remove(name);
    }
    command
}

/// `cargo` with `args`; `--locked` is the caller's, as some subcommands have none.
pub fn cargo(args: &[&str]) -> Command {
    let mut cargo = command(env("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(args);
    cargo
}

/// Runs to the end with output passed through.
pub fn run(command: &mut Command) -> Result {
    println!("$ {}", shown(command));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}` ended with {status}", shown(command))),
        Err(error) => Err(format!("cannot start `{}`: {error}", shown(command))),
    }
}

/// Runs to the end and returns stdout; stderr joins the error message.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|e| format!("cannot start `{}`: {e}", shown(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{}` ended with {}\n{}", shown(command), output.status, said.trim_end()));
    }
    String::from_utf8(output.stdout).map_err(|e| format!("`{}` printed no UTF-8: {e}", shown(command)))
}

/// Whether `program --version` (or the given arguments) runs.
pub fn works(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Builds the server as a user would get it, unoptimised, and returns its path.
pub fn watchword_binary() -> Result<PathBuf> {
    run(&mut cargo(&["build", "--locked", "--workspace", "--bins"]))?;
    Ok(target().join("debug").join(format!("watchword{}", std::env::consts::EXE_SUFFIX)))
}

pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

pub fn write(path: &Path, text: &str) -> Result {
    std::fs::write(path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

pub fn create_dir(path: &Path) -> Result {
    std::fs::create_dir_all(path).map_err(|e| format!("cannot create {}: {e}", path.display()))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    words.join(" ")
}

/// What `cargo run` sets for xtask alone (build scripts would run again over it), and the developer's own server settings.
#[expect(clippy::disallowed_methods, reason = "see `env`")]
fn inherited_noise() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        ["CARGO_PKG_", "CARGO_MANIFEST_", "WATCHWORD_"].iter().any(|prefix| name.starts_with(prefix))
    })
}
