//! A private PostgreSQL: own directory, own port, gone afterwards.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::apt;
use crate::guard::{Ending, Guarded};
use crate::run::{self, Result};

/// Whether commits wait for the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// `fsync=off`: right for tests, whose data nobody keeps.
    Fast,
    /// As in production: right for measurements.
    Durable,
}

/// $1 initdb, $2 data directory, the rest the server and its arguments.
const INITDB_THEN_RUN: &str = r#"
"$1" -D "$2" -U watchword -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions || exit
shift 2
exec "$@"
"#;

/// A running cluster. Dropping it stops the server and removes its directory.
pub struct Cluster {
    /// Held for its `Drop`.
    _server: Guarded,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    /// Finds or installs PostgreSQL, then starts a cluster that listens on a free loopback port.
    pub fn start(durability: Durability) -> Result<Cluster> {
        let programs = programs()?;
        let owner = unprivileged()?;
        let mut last = String::new();
        // The port was free when asked; another program may take it before PostgreSQL does.
        for _ in 0..3 {
            match start(&programs, owner, durability) {
                Ok(cluster) => return Ok(cluster),
                Err(error) => last = error,
            }
        }
        Err(format!("cannot start PostgreSQL: {last}"))
    }

    /// A new empty database, as a URL.
    pub fn create_database(&self, name: &str) -> Result<String> {
        let sql = format!("CREATE DATABASE \"{name}\"");
        run::output(self.psql("postgres").args(["-c", &sql]))?;
        Ok(self.url(name))
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://watchword@127.0.0.1:{}/{database}", self.port)
    }

    /// A client program of the same version, `pgbench` for one, pointed at this cluster.
    pub fn client(&self, program: &str) -> Command {
        let mut command = run::command(self.programs.join(program));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "watchword"]);
        command
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = self.client("psql");
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database]);
        psql
    }
}

fn start(programs: &Path, owner: Option<(u32, u32)>, durability: Durability) -> Result<Cluster> {
    let port = free_port()?;
    let dir = std::env::temp_dir().join(format!("watchword-pg-{}-{port}", std::process::id()));
    let data = dir.join("data");
    run::create_dir(&dir)?;
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(&dir, private).map_err(|e| e.to_string())?;
    if let Some((user, group)) = owner {
        chown(&dir, Some(user), Some(group)).map_err(|e| e.to_string())?;
    }

    let mut server = Command::new("/bin/sh");
    server.current_dir(&dir).env("LC_ALL", "C.UTF-8").args(["-c", INITDB_THEN_RUN, "postgres"]);
    server.arg(programs.join("initdb")).arg(&data);
    server.arg(programs.join("postgres")).arg("-D").arg(&data).args(settings(port, &dir, durability));
    let log = std::env::temp_dir().join(format!("watchword-pg-{}-{port}.log", std::process::id()));
    let ending = Ending { signal: "QUIT", remove: Some(&dir), user: owner };
    let server = Guarded::start(&server, &log, &ending)?;
    let mut cluster = Cluster { _server: server, programs: programs.to_owned(), port };
    let mut probe = cluster.client("pg_isready");
    let ready = cluster._server.wait_until(Duration::from_secs(60), || run::works(&mut probe));
    let _ = std::fs::remove_file(&log);
    ready?;
    cluster.create_database("watchword")?;
    Ok(cluster)
}

fn settings(port: u16, dir: &Path, durability: Durability) -> Vec<String> {
    let mut settings = vec![
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", dir.display()),
        "max_connections=300".to_owned(),
        "shared_buffers=256MB".to_owned(),
        "max_wal_size=4GB".to_owned(),
    ];
    if durability == Durability::Fast {
        settings.extend(["fsync=off", "full_page_writes=off", "synchronous_commit=off"].map(str::to_owned));
    }
    settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}

/// A loopback port that nobody listens on now.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| format!("no loopback port: {e}"))?;
    Ok(listener.local_addr().map_err(|e| e.to_string())?.port())
}

/// The directory of `initdb` and its fellows, installing them if need be.
fn programs() -> Result<PathBuf> {
    if let Some(found) = find_programs() {
        return Ok(found);
    }
    if apt::is_root() {
        // Without this the package starts a cluster of its own on port 5432.
        run::create_dir(Path::new("/etc/postgresql-common"))?;
        run::write(Path::new("/etc/postgresql-common/createcluster.conf"), "create_main_cluster = false\n")?;
    }
    apt::install("PostgreSQL", &["postgresql"])?;
    find_programs().ok_or_else(|| "PostgreSQL was installed, but initdb is nowhere to be found".to_owned())
}

fn find_programs() -> Option<PathBuf> {
    let newest = |dir: &Path| -> Option<PathBuf> {
        let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(dir)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter_map(|path| Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin"))))
            .filter(|(_, bin)| bin.join("initdb").exists())
            .collect();
        versions.sort();
        Some(versions.pop()?.1)
    };
    // PATH may hold links to single programs, so follow them to where the rest is.
    let on_path = || {
        let path = run::env("PATH")?;
        let initdb = std::env::split_paths(&path).map(|dir| dir.join("initdb")).find(|file| file.exists())?;
        Some(initdb.canonicalize().ok()?.parent()?.to_owned())
    };
    newest(Path::new("/usr/lib/postgresql")).or_else(on_path)
}

/// PostgreSQL refuses to run as root; then the user is `postgres`, else `nobody`.
fn unprivileged() -> Result<Option<(u32, u32)>> {
    if !apt::is_root() {
        return Ok(None);
    }
    let passwd = run::read(Path::new("/etc/passwd"))?;
    let ids = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let found = ids("postgres").or_else(|| ids("nobody"));
    found.map(Some).ok_or_else(|| "neither user `postgres` nor `nobody` to run PostgreSQL as".to_owned())
}
