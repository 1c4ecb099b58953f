//! A child process that ends when xtask ends, however xtask ends.
//!
//! A shell in a process group of its own waits for the end of a pipe that only xtask holds. Return, panic, Ctrl-C and
//! `kill -9` all close that pipe; then the shell stops the program and removes its directory.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::run::{self, Result};

/// $1 signal, $2 directory to remove or nothing, the rest the program. Ten seconds after the signal it is killed.
const SCRIPT: &str = r#"
signal=$1 directory=$2; shift 2
exec 3<&0 </dev/null
"$@" 3<&- & pid=$!
trap '' INT TERM HUP
(while read -r _; do :; done; kill -s "$signal" "$pid"; sleep 10; kill -9 "$pid") <&3 2>/dev/null & watch=$!
exec 3<&-
wait "$pid"; status=$?
kill -9 "$watch" 2>/dev/null
[ -z "$directory" ] || rm -rf -- "$directory"
exit "$status"
"#;

pub struct Guarded {
    shell: Child,
    /// Held open, as the file may go with the program's directory.
    log: File,
}

/// How the program is stopped and what is removed after it.
pub struct Ending<'a> {
    /// As `kill -s` names it.
    pub signal: &'a str,
    pub remove: Option<&'a Path>,
    /// User and group to run as, when xtask is root and the program refuses to be.
    pub user: Option<(u32, u32)>,
}

impl Guarded {
    /// Starts `command` with its output going to `log`.
    pub fn start(command: &Command, log: &Path, ending: &Ending) -> Result<Guarded> {
        let open = || File::options().create(true).append(true).read(true).open(log);
        let open = || open().map_err(|e| format!("cannot create {}: {e}", log.display()));
        let (stdout, stderr, log) = (open()?, open()?, open()?);
        let mut shell = run::command("/bin/sh");
        shell.args(["-c", SCRIPT, "guard", ending.signal]).arg(ending.remove.unwrap_or(Path::new("")));
        shell.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(dir) = command.get_current_dir() {
            shell.current_dir(dir);
        }
        if let Some((user, group)) = ending.user {
            shell.uid(user).gid(group);
        }
        let shell = shell.stdin(Stdio::piped()).stdout(stdout).stderr(stderr).process_group(0).spawn();
        let shell = shell.map_err(|e| format!("cannot start {}: {e}", command.get_program().display()))?;
        Ok(Guarded { shell, log })
    }

    /// Waits until `ready` says so; fails when the program ends first or `limit` passes, with the end of its log.
    pub fn wait_until(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) -> Result {
        const PAUSE: Duration = Duration::from_millis(20);
        let mut waited = Duration::ZERO;
        while !ready() {
            if let Ok(Some(status)) = self.shell.try_wait() {
                return Err(format!("it ended with {status}\n{}", self.last_words()));
            }
            if waited >= limit {
                return Err(format!("not ready after {} s\n{}", limit.as_secs(), self.last_words()));
            }
            #[expect(clippy::disallowed_methods, reason = "nothing else runs on this thread")]
            std::thread::sleep(PAUSE);
            waited += PAUSE;
        }
        Ok(())
    }

    /// The end of the program's log.
    pub fn last_words(&self) -> String {
        const TAIL: u64 = 16 * 1024;
        let length = self.log.metadata().map_or(0, |metadata| metadata.len());
        let mut tail = vec![0; length.min(TAIL) as usize];
        let read = self.log.read_at(&mut tail, length.saturating_sub(TAIL)).unwrap_or(0);
        let tail = String::from_utf8_lossy(&tail[..read]);
        let lines: Vec<&str> = tail.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A guarded shell that says hello in its directory, and the directory.
    fn start(name: &str, script: &str) -> (Guarded, PathBuf) {
        let dir = std::env::temp_dir().join(format!("watchword-guard-{name}-{}", std::process::id()));
        run::create_dir(&dir).unwrap();
        let mut command = Command::new("/bin/sh");
        command.current_dir(&dir).args(["-c", script]);
        let ending = Ending { signal: "TERM", remove: Some(&dir), user: None };
        (Guarded::start(&command, &dir.join("log"), &ending).unwrap(), dir)
    }

    #[test]
    fn a_guarded_program_runs_until_dropped_and_its_directory_goes_with_it() {
        let (mut guarded, dir) = start("runs", "echo $$ > pid; exec sleep 600");
        guarded.wait_until(Duration::from_secs(10), || dir.join("pid").exists()).unwrap();
        let pid = run::read(&dir.join("pid")).unwrap();
        drop(guarded);
        assert!(!dir.exists());
        assert!(!run::works(run::command("/bin/kill").args(["-0", pid.trim()])), "process {pid} is left");
    }

    #[test]
    fn a_program_that_ends_by_itself_is_reported_with_its_last_words() {
        let (mut guarded, dir) = start("ends", "echo no such port; exit 3");
        let error = guarded.wait_until(Duration::from_secs(10), || false).unwrap_err();
        assert!(error.contains("exit status: 3") && error.contains("no such port"), "{error}");
        assert!(!dir.exists());
    }
}
