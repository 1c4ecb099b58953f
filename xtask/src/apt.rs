//! Installing what a bare Debian or Ubuntu machine lacks. Anywhere else the message says what to install.

use crate::run::{self, Result};

/// Installs `packages`, which bring `what`.
pub fn install(what: &str, packages: &[&str]) -> Result {
    let sudo = !is_root();
    let able = run::works(run::command("apt-get").arg("--version"))
        && (!sudo || run::works(run::command("sudo").args(["-n", "true"])));
    if !able {
        return Err(format!("{what} is missing; install it (on Debian: apt-get install {})", packages.join(" ")));
    }
    println!("{what} is missing: installing {}", packages.join(" "));
    run::run(&mut apt(sudo, &["update", "-q"]))?;
    // confold: a configuration file that we put there first stays.
    let mut args = vec!["install", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"];
    args.extend(packages);
    run::run(&mut apt(sudo, &args))
}

pub fn is_root() -> bool {
    run::output(run::command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn apt(sudo: bool, args: &[&str]) -> std::process::Command {
    let mut command = run::command(if sudo { "sudo" } else { "env" });
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(args);
    command
}
