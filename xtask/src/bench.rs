//! `cargo xtask bench`: the server against what the machine can do, on both engines, as a table.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::postgres::{Cluster, Durability};
use crate::run::{self, Result};

/// Where `--write` puts the table, between these lines.
const REPORT: &str = "docs/performance.md";
const BEGIN: &str = "<!-- made by `cargo xtask bench --write` -->";
const END: &str = "<!-- end -->";

#[derive(Default)]
struct Options {
    quick: bool,
    write: bool,
    sqlite_only: bool,
    /// `login` or `directory`; else both.
    only: Option<String>,
    /// Minutes.
    soak: Option<String>,
}

pub fn run(args: &[String]) -> Result {
    let options = read(args)?;
    run::run(&mut run::cargo(&["build", "--locked", "--release", "-p", "watchword", "-p", "watchword-bench"]))?;
    let programs = run::target().join("release");
    let mut columns = vec![("SQLite", measure(&programs, &options, None)?)];
    if !options.sqlite_only {
        let cluster = Cluster::start(Durability::Durable)?;
        columns.push(("PostgreSQL", measure(&programs, &options, Some(&cluster))?));
    }
    let table = table(&columns);
    println!("\n{table}");
    if options.write {
        write(&table)?;
    }
    Ok(())
}

fn read(args: &[String]) -> Result<Options> {
    let mut options = Options::default();
    let mut args = args.iter().peekable();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => options.quick = true,
            "--write" => options.write = true,
            "--sqlite-only" => options.sqlite_only = true,
            "--only" => options.only = Some(args.next().ok_or("--only takes login or directory")?.clone()),
            "--soak" => {
                let minutes = args.next_if(|next| !next.starts_with("--")).cloned();
                options.soak = Some(minutes.unwrap_or_else(|| "10".to_owned()));
            }
            other => return Err(format!("no such option of bench: {other}")),
        }
    }
    let partial = options.quick || options.soak.is_some() || options.sqlite_only || options.only.is_some();
    if options.write && partial {
        return Err("--write keeps the full run only".to_owned());
    }
    Ok(options)
}

/// One engine's rows.
fn measure(programs: &Path, options: &Options, cluster: Option<&Cluster>) -> Result<Vec<Value>> {
    let program = |name: &str| programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    println!("\n{}", if cluster.is_some() { "PostgreSQL" } else { "SQLite" });
    let data = Scratch::new(if cluster.is_some() { "postgres" } else { "sqlite" })?;
    let mut bench = run::command(program("watchword-bench"));
    bench.arg("measure").arg("--watchword").arg(program("watchword")).arg("--data").arg(&data.0);
    if let Some(cluster) = cluster {
        bench.args(["--database", &cluster.url("watchword")]);
        bench.arg("--pgbench").arg(cluster.client("pgbench").get_program());
    }
    if options.quick {
        bench.arg("--quick");
    }
    if let Some(part) = &options.only {
        bench.args(["--only", part]);
    }
    if let Some(minutes) = &options.soak {
        bench.args(["--soak", minutes]);
    }
    let done = bench.stderr(Stdio::inherit()).output().map_err(|e| format!("cannot start watchword-bench: {e}"))?;
    if !done.status.success() {
        let log = std::fs::read_to_string(data.0.join("server.log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(5).collect();
        return Err(format!(
            "the benchmark ended with {}\nlast lines of the server, newest first:\n{}",
            done.status,
            tail.join("\n")
        ));
    }
    let rows: Value =
        serde_json::from_slice(&done.stdout).map_err(|e| format!("the benchmark printed no JSON: {e}"))?;
    rows.as_array().cloned().ok_or_else(|| "the benchmark printed no rows".to_owned())
}

/// A directory that goes with this value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Result<Scratch> {
        let dir = run::target().join(format!("bench-{name}-{}", std::process::id()));
        run::create_dir(&dir)?;
        Ok(Scratch(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn table(engines: &[(&str, Vec<Value>)]) -> String {
    let mut lines = Vec::new();
    for (engine, rows) in engines {
        lines.push(format!("### {engine}\n"));
        lines.push("| | measured | median, p99 | against | ratio | target | |".to_owned());
        lines.push("|---|---|---|---|---|---|---|".to_owned());
        lines.extend(rows.iter().map(line));
        lines.push(String::new());
    }
    lines.join("\n")
}

fn line(row: &Value) -> String {
    let unit = row["unit"].as_str().unwrap_or_default();
    let space = if unit.starts_with('/') || unit == "%" { "" } else { " " };
    let baseline = &row["baseline"];
    let against = match baseline["name"].as_str() {
        Some(name) => format!("{name}: {}", number(&baseline["value"])),
        None => String::new(),
    };
    let percent = |value: &Value| value.as_f64().map(part);
    let target = match (percent(&row["least"]), percent(&row["aim"]), row["most"].as_f64()) {
        (Some(least), Some(aim), _) => format!("≥ {least}, aim {aim}"),
        (Some(least), None, _) => format!("≥ {least}"),
        (_, _, Some(most)) => format!("≤ {most}{space}{unit}"),
        _ => String::new(),
    };
    let latency = match (row["latency"][0].as_f64(), row["latency"][1].as_f64()) {
        (Some(median), Some(p99)) => format!("{median:.1} ms, {p99:.1} ms"),
        _ => String::new(),
    };
    let reached = match row["reached"].as_bool() {
        Some(true) => "reached",
        Some(false) => "**not reached**",
        None => "",
    };
    let name = row["name"].as_str().unwrap_or_default();
    let (value, ratio) = (number(&row["value"]), percent(&row["ratio"]).unwrap_or_default());
    format!("| {name} | {value}{space}{unit} | {latency} | {against} | {ratio} | {target} | {reached} |")
}

/// `0.15` as `15 %`, `2` as `2.0 ×`.
fn part(ratio: f64) -> String {
    if ratio >= 1.5 { format!("{ratio:.1} ×") } else { format!("{:.0} %", ratio * 100.0) }
}

/// Three digits that count, thousands apart.
fn number(value: &Value) -> String {
    let value = value.as_f64().unwrap_or_default();
    if value < 10.0 {
        return format!("{value:.2}");
    }
    let rounded = if value < 1000.0 { value.round() } else { (value / 10.0).round() * 10.0 };
    let digits = format!("{rounded:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn write(table: &str) -> Result {
    let path = run::root().join(REPORT);
    let report = run::read(&path)?;
    let parts = report.split_once(BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = parts.ok_or_else(|| format!("{REPORT} has no place for the table"))?;
    run::write(&path, &format!("{head}{BEGIN}\n{}\n{END}{tail}", table.trim_end()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_told_to_what_can_be_known_of_them() {
        let told: Vec<String> = [0.428, 9.5, 37.2, 999.7, 61_234.5].iter().map(|n| number(&json!(n))).collect();
        assert_eq!(told, ["0.43", "9.50", "37", "1,000", "61,230"]);
    }

    #[test]
    fn a_row_tells_its_baseline_its_target_and_whether_it_is_reached() {
        let row = json!({
            "name": "verify", "value": 12_000.0, "unit": "/s", "baseline": { "name": "(a)", "value": 100_000.0 },
            "ratio": 0.12, "least": 0.15, "aim": 0.25, "most": null, "reached": false, "latency": [1.25, 4.0],
        });
        let expected =
            "| verify | 12,000/s | 1.2 ms, 4.0 ms | (a): 100,000 | 12 % | ≥ 15 %, aim 25 % | **not reached** |";
        assert_eq!(line(&row), expected);
        let row = json!({ "name": "memory", "value": 23.0, "unit": "MiB", "most": 40.0, "reached": true });
        assert_eq!(line(&row), "| memory | 23 MiB |  |  |  | ≤ 40 MiB | reached |");
    }
}
