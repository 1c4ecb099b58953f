//! `cargo xtask bench`: the server against what the machine can do, on both engines, as a table.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::postgres::{Cluster, Durability};
use crate::run::{self, Result};
use crate::sdk;

/// Where `--write` puts the tables: each part's between lines of its own.
const REPORT: &str = "docs/performance.md";
const END: &str = "<!-- end -->";
/// What is measured, each part in databases of its own.
const PARTS: [&str; 3] = ["login", "provider", "directory"];

#[derive(Default)]
struct Options {
    quick: bool,
    write: bool,
    sqlite_only: bool,
    /// One of [`PARTS`]; else all of them.
    only: Option<String>,
    /// Minutes.
    soak: Option<String>,
}

impl Options {
    fn parts(&self) -> Vec<&str> {
        match (&self.soak, &self.only) {
            (Some(_), _) => vec!["soak"],
            (None, Some(part)) => vec![part],
            (None, None) => PARTS.to_vec(),
        }
    }
}

pub fn run(args: &[String]) -> Result {
    let options = read(args)?;
    run::run(&mut run::cargo(&["build", "--locked", "--release", "-p", "watchword", "-p", "watchword-bench"]))?;
    let programs = run::target().join("release");
    for part in options.parts() {
        let mut columns = vec![("SQLite", measure(&programs, &options, part, None)?)];
        if !options.sqlite_only {
            let cluster = Cluster::start(Durability::Durable)?;
            columns.push(("PostgreSQL", measure(&programs, &options, part, Some(&cluster))?));
        }
        let table = table(&columns);
        println!("\n{table}");
        if options.write {
            write(part, &table)?;
        }
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
            "--only" => match args.next() {
                Some(part) if PARTS.contains(&part.as_str()) => options.only = Some(part.clone()),
                _ => return Err(format!("--only takes one of {}", PARTS.join(", "))),
            },
            "--soak" => {
                let minutes = args.next_if(|next| !next.starts_with("--")).cloned();
                options.soak = Some(minutes.unwrap_or_else(|| "10".to_owned()));
            }
            other => return Err(format!("no such option of bench: {other}")),
        }
    }
    if options.write && (options.quick || options.sqlite_only) {
        return Err("--write keeps whole tables only: no --quick, no --sqlite-only".to_owned());
    }
    Ok(options)
}

/// One engine's rows of a part.
fn measure(programs: &Path, options: &Options, part: &str, cluster: Option<&Cluster>) -> Result<Vec<Value>> {
    let program = |name: &str| programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    println!("\n{}", if cluster.is_some() { "PostgreSQL" } else { "SQLite" });
    let data = Scratch::new(if cluster.is_some() { "postgres" } else { "sqlite" })?;
    let mut bench = run::command(program("watchword-bench"));
    bench.arg("measure").arg("--watchword").arg(program("watchword")).arg("--data").arg(&data.0);
    if let Some(cluster) = cluster {
        bench.args(["--database", &cluster.url("watchword")]);
        bench.arg("--pgbench").arg(cluster.client("pgbench").get_program());
    }
    if part == "provider" {
        bench.arg("--peer").arg(sdk::peer()?);
    }
    if options.quick {
        bench.arg("--quick");
    }
    match &options.soak {
        Some(minutes) => bench.args(["--soak", minutes]),
        None => bench.args(["--only", part]),
    };
    let done = bench.stderr(Stdio::inherit()).output().map_err(|e| format!("cannot start watchword-bench: {e}"))?;
    if !done.status.success() {
        let logs = last_lines(&data.0).join("\n");
        return Err(format!(
            "the benchmark ended with {}\nlast lines of the servers, newest first:\n{logs}",
            done.status
        ));
    }
    let rows: Value =
        serde_json::from_slice(&done.stdout).map_err(|e| format!("the benchmark printed no JSON: {e}"))?;
    rows.as_array().cloned().ok_or_else(|| "the benchmark printed no rows".to_owned())
}

/// What the servers of this directory and those in it said last.
fn last_lines(data: &Path) -> Vec<String> {
    let inside = std::fs::read_dir(data).into_iter().flatten().flatten().map(|entry| entry.path());
    let logs = inside.map(|dir| dir.join("server.log")).chain([data.join("server.log")]);
    let texts = logs.filter_map(|log| std::fs::read_to_string(log).ok());
    texts.flat_map(|log| log.lines().rev().take(5).map(str::to_owned).collect::<Vec<_>>()).collect()
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
        lines.push(format!("#### {engine}\n"));
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
        (_, _, Some(most)) => match percent(&row["times"]) {
            Some(times) => format!("≤ {most}{space}{unit}, ≤ {times}"),
            None => format!("≤ {most}{space}{unit}"),
        },
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

fn write(part: &str, table: &str) -> Result {
    let path = run::root().join(REPORT);
    let report = run::read(&path)?;
    let option = if part == "soak" { "--soak " } else { "" };
    let begin = format!("<!-- {part}: made by `cargo xtask bench {option}--write` -->");
    let parts = report.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = parts.ok_or_else(|| format!("{REPORT} has no place for the table of {part}"))?;
    run::write(&path, &format!("{head}{begin}\n{}\n{END}{tail}", table.trim_end()))
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
