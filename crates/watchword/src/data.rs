//! The data directory and the master key: what must be kept, and kept to oneself.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use watchword_crypto::vault::MasterKey;
use watchword_kit::{Entropy, Secret};

use crate::config::Config;

const KEY_FILE: &str = "master.key";
const NEXT_KEY_FILE: &str = "master.key.new";
const LOCK_FILE: &str = "watchword.lock";

/// Why the data directory cannot be used, for the operator.
pub type Result<T> = std::result::Result<T, String>;

/// Makes the directory (mode 0700) where it is missing.
pub fn prepare(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|e| format!("cannot make {}: {e}", dir.display()))
}

/// Makes the database file with mode 0600 where it is missing; SQLite gives the files beside it the same mode.
pub fn own_database(path: &Path) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(format!("cannot make {}: {e}", path.display())),
    }
}

/// Held by the one server that serves an embedded database; freed by the system when the process ends, however.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its drop")] File);

impl Lock {
    /// # Errors
    /// When another server has it.
    pub fn take(dir: &Path) -> Result<Lock> {
        let path = dir.join(LOCK_FILE);
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|e| format!("cannot open {}: {e}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(fs::TryLockError::WouldBlock) => Err(format!(
                "another watchword serves {}: stop it first, or use PostgreSQL for several nodes",
                dir.display()
            )),
            Err(fs::TryLockError::Error(e)) => Err(format!("cannot lock {}: {e}", path.display())),
        }
    }
}

/// Where the master key is.
#[derive(Debug)]
pub enum KeySource {
    /// Handed over by the environment, a file elsewhere or a command.
    Given(MasterKey),
    /// In the data directory.
    Own(PathBuf),
}

impl KeySource {
    pub fn of(config: &Config) -> Result<KeySource> {
        if let Some(text) = &config.master_key {
            return parse(text.reveal(), "master_key").map(KeySource::Given);
        }
        if let Some(path) = &config.master_key_file {
            let text = read_private(path, 0o007)?;
            return parse(text.reveal(), &path.display().to_string()).map(KeySource::Given);
        }
        if let Some(command) = &config.master_key_command {
            return parse(run(command)?.reveal(), "master_key_command").map(KeySource::Given);
        }
        Ok(KeySource::Own(config.data_dir.clone()))
    }

    /// The keys that may be the right one, the likelier first: the file, and one that a broken-off change of the
    /// master key left beside it. Empty: there is none yet.
    pub fn candidates(&self) -> Result<Vec<MasterKey>> {
        let dir = match self {
            KeySource::Given(key) => return Ok(vec![key.clone()]),
            KeySource::Own(dir) => dir,
        };
        let mut keys = Vec::new();
        for path in [dir.join(KEY_FILE), dir.join(NEXT_KEY_FILE)] {
            if path.exists() {
                keys.push(parse(read_private(&path, 0o077)?.reveal(), &path.display().to_string())?);
            }
        }
        Ok(keys)
    }
}

/// Makes a master key and writes it into the data directory.
pub fn generate_key(dir: &Path, entropy: &Entropy) -> Result<MasterKey> {
    let key = MasterKey::generate(entropy);
    write_private(&dir.join(KEY_FILE), key.to_hex().reveal())?;
    Ok(key)
}

/// Puts a new key beside the present one, before the database learns of it.
pub fn announce_key(dir: &Path, key: &MasterKey) -> Result<()> {
    let path = dir.join(NEXT_KEY_FILE);
    let _ = fs::remove_file(&path);
    write_private(&path, key.to_hex().reveal())
}

/// Puts the new key in the place of the old one, after the database has learnt of it.
pub fn settle_key(dir: &Path) -> Result<()> {
    let (from, to) = (dir.join(NEXT_KEY_FILE), dir.join(KEY_FILE));
    fs::rename(&from, &to).and_then(|()| sync_dir(dir)).map_err(|e| format!("cannot write {}: {e}", to.display()))
}

/// Reads a file that others must not have access to; `forbidden` are the mode bits that may not be set.
pub fn read_private(path: &Path, forbidden: u32) -> Result<Secret<String>> {
    let cannot = |e: io::Error| format!("cannot read {}: {e}", path.display());
    let mode = fs::metadata(path).map_err(cannot)?.permissions().mode() & 0o777;
    if mode & forbidden != 0 {
        let right = mode & !forbidden;
        return Err(format!(
            "{} has mode {mode:04o}, so others can reach the key: chmod {right:04o} {0}, and change the key if it may \
             have been read",
            path.display()
        ));
    }
    fs::read_to_string(path).map(Secret::new).map_err(cannot)
}

/// Writes a new file with mode 0600 and sees it to the disk. Never replaces one.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        path.parent().map_or(Ok(()), sync_dir)
    };
    write().map_err(|e| format!("cannot write {}: {e}", path.display()))
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

pub fn parse(text: &str, whence: &str) -> Result<MasterKey> {
    MasterKey::parse(text).ok_or_else(|| {
        format!("{whence}: not a master key, which is 64 hex digits or base64 of 32 bytes (openssl rand -hex 32)")
    })
}

fn run(command: &str) -> Result<Secret<String>> {
    let done = Command::new("/bin/sh").args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let done = done.map_err(|e| format!("master_key_command: {e}"))?;
    if !done.status.success() {
        return Err(format!("master_key_command: ended with {}", done.status));
    }
    String::from_utf8(done.stdout).map(Secret::new).map_err(|_| "master_key_command: printed no text".into())
}
