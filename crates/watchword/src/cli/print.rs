//! What a command prints: tables for people, JSON for programs. No YAML: JSON is YAML (YAML 1.2 §1.3), so whoever
//! wants the one can read the other.

use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    #[default]
    Table,
    Json,
}

/// Rows under headings, or `{"kind": …, "items": […]}` with the same names as members.
pub fn list(output: Output, kind: &str, columns: &[&str], rows: &[Vec<String>]) {
    match output {
        Output::Json => {
            let items: Vec<Value> = rows.iter().map(|row| object(columns, row)).collect();
            println!("{}", json!({ "kind": kind, "items": items }));
        }
        Output::Table => print!("{}", table(columns, rows)),
    }
}

/// One thing: `name: value` lines, or a JSON object with `kind` first.
pub fn one(output: Output, kind: &str, members: &[(&str, String)]) {
    match output {
        Output::Json => {
            let mut out = serde_json::Map::new();
            out.insert("kind".into(), kind.into());
            out.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())));
            println!("{}", Value::Object(out));
        }
        Output::Table => {
            let width = members.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
            for (name, value) in members {
                println!("{name:width$}  {value}");
            }
        }
    }
}

fn object(columns: &[&str], row: &[String]) -> Value {
    Value::Object(columns.iter().zip(row).map(|(c, v)| ((*c).to_owned(), v.clone().into())).collect())
}

fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = columns.iter().map(|c| c.to_uppercase()).collect();
    let lines = || std::iter::once(&heads).chain(rows);
    let width = |i: usize| lines().map(|r| r.get(i).map_or(0, |c| c.chars().count())).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut out = String::new();
    for line in lines() {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(c, w)| format!("{c:w$}")).collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["1".into(), "long value".into()], vec!["12345".into(), "x".into()]];
        assert_eq!(table(&["id", "name"], &rows), "ID     NAME\n1      long value\n12345  x\n");
    }
}
