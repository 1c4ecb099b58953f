//! `cargo xtask docs`: what is generated from the operation table, and the snippets that README.md shows.
//!
//! A generated part of README.md stands between `<!-- begin NAME -->` and `<!-- end -->`. NAME is a file of the
//! repository, shown as a code block, or `compatibility-table`.

use std::path::Path;

use crate::run::{self, Result};

const OPENAPI: &str = "docs/openapi.json";
const README: &str = "README.md";

/// Writes the generated files, or with `--check` fails when they differ.
pub fn run(args: &[String]) -> Result {
    match args {
        [] => {
            for (path, text) in generate(&run::watchword_binary()?)? {
                run::write(&run::root().join(path), &text)?;
                println!("wrote {path}");
            }
            Ok(())
        }
        [flag] if flag == "--check" => check(&run::watchword_binary()?),
        _ => Err("usage: cargo xtask docs [--check]".to_owned()),
    }
}

/// Fails, naming the file, when a generated file is not what the program generates.
pub fn check(binary: &Path) -> Result {
    for (path, fresh) in generate(binary)? {
        let committed = run::read(&run::root().join(path))?;
        if let Some(difference) = first_difference(&committed, &fresh) {
            return Err(format!("{path} is stale; run `cargo xtask docs` and commit it\n{difference}"));
        }
        println!("{path} is fresh");
    }
    Ok(())
}

pub fn print_openapi() -> Result {
    print!("{}", openapi(&run::watchword_binary()?)?);
    Ok(())
}

/// The code blocks of `markdown` whose info string is `language snippet`, without their fences.
pub fn snippets(markdown: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language} snippet");
    let mut found = Vec::new();
    let mut lines = markdown.lines();
    while lines.any(|line| line.trim_end() == opening) {
        let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim_end() != "```").collect();
        found.push(block.join("\n") + "\n");
    }
    found
}

fn generate(binary: &Path) -> Result<[(&'static str, String); 2]> {
    let table = run::output(run::command(binary).args(["openapi", "--compatibility-table"]))?;
    let readme = run::read(&run::root().join(README))?;
    let readme = fill(&readme, |name| match name {
        "compatibility-table" => Ok(table.trim_end().to_owned()),
        path => Ok(code_block(path, &run::read(&run::root().join(path))?)),
    })?;
    Ok([(OPENAPI, openapi(binary)?), (README, readme)])
}

fn openapi(binary: &Path) -> Result<String> {
    let document = run::output(run::command(binary).arg("openapi"))?;
    Ok(document.trim_end().to_owned() + "\n")
}

/// `markdown` with every generated part replaced by `content(NAME)`.
fn fill(markdown: &str, content: impl Fn(&str) -> Result<String>) -> Result<String> {
    let mut filled = String::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        filled.push_str(line);
        filled.push('\n');
        let Some(name) = line.strip_prefix("<!-- begin ").and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        if !lines.any(|line| line == "<!-- end -->") {
            return Err(format!("`<!-- begin {name} -->` has no `<!-- end -->`"));
        }
        filled.push_str(&content(name)?);
        filled.push_str("\n<!-- end -->\n");
    }
    Ok(filled)
}

fn code_block(path: &str, text: &str) -> String {
    let language = match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("mjs") => "js",
        Some("py") => "python",
        Some(other) => other,
        None => "",
    };
    format!("```{language} snippet\n{}\n```", text.trim_end())
}

fn first_difference(committed: &str, fresh: &str) -> Option<String> {
    if committed == fresh {
        return None;
    }
    let (mut old, mut new) = (committed.lines(), fresh.lines());
    for number in 1.. {
        match (old.next(), new.next()) {
            (None, None) => break,
            (old, new) if old == new => {}
            (old, new) => {
                let shown = |line: Option<&str>| line.unwrap_or("(end of file)").to_owned();
                return Some(format!("line {number}\n- {}\n+ {}", shown(old), shown(new)));
            }
        }
    }
    Some("only line endings differ".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_part_is_replaced_and_the_rest_is_kept() {
        let stale = "# Title\n<!-- begin table -->\nold\nolder\n<!-- end -->\nafter\n";
        let fresh = fill(stale, |name| Ok(format!("new {name}"))).unwrap();
        assert_eq!(fresh, "# Title\n<!-- begin table -->\nnew table\n<!-- end -->\nafter\n");
        assert_eq!(fill(&fresh, |name| Ok(format!("new {name}"))).unwrap(), fresh);
    }

    #[test]
    fn a_generated_part_without_an_end_is_an_error() {
        assert!(fill("<!-- begin table -->\ntext\n", |_| Ok(String::new())).is_err());
    }

    #[test]
    fn a_file_shown_in_markdown_can_be_taken_out_as_it_stands() {
        let markdown = format!("text\n{}\nmore\n", code_block("a/b.mjs", "one();\n\ntwo();\n"));
        assert_eq!(snippets(&markdown, "js"), ["one();\n\ntwo();\n"]);
        assert_eq!(snippets(&markdown, "python"), Vec::<String>::new());
    }

    #[test]
    fn the_first_differing_line_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n").unwrap(), "line 2\n- b\n+ c");
    }

    #[test]
    fn the_readme_shows_the_snippets_as_they_stand_in_docs() {
        let readme = run::read(&run::root().join(README)).unwrap();
        for (file, language) in [("quickstart.mjs", "js"), ("quickstart.py", "python"), ("Quickstart.java", "java")] {
            let text = run::read(&run::root().join("docs/snippets").join(file)).unwrap();
            assert_eq!(snippets(&readme, language), [text], "{file}; run `cargo xtask docs`");
        }
    }
}
