//! Each operation is called by some test of its own, not only by the sweeps.

use std::path::Path;

use super::{named, root};

/// Operations without a test of their own. May only become shorter.
const NOT_YET: &[&str] = &[];

#[test]
fn every_operation_is_called_by_a_test() {
    let mut sources = String::new();
    read(&root().join("tests/src"), &mut sources);
    for op in watchword_web::operations() {
        let called = calls(&sources, op.path);
        let excused = NOT_YET.contains(&named(&op).as_str());
        assert!(called || excused, "no test in tests/src calls {}", named(&op));
        assert!(!(called && excused), "{} is tested: take it off the list NOT_YET", named(&op));
    }
    for name in NOT_YET {
        assert!(watchword_web::operations().iter().any(|op| named(op) == *name), "{name} is no operation");
    }
}

/// Whether the text has the path, and not only a longer one that begins with it. A parameter may have any value.
fn calls(sources: &str, path: &str) -> bool {
    let path = path.rsplit('}').next().unwrap_or(path);
    sources.match_indices(path).any(|(at, _)| {
        let next = sources[at + path.len()..].chars().next();
        next.is_none_or(|c| !(c.is_ascii_alphanumeric() || c == '-' || c == '/'))
    })
}

fn read(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("sweep") {
                read(&path, into);
            }
        } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("sweep.rs") {
            into.push_str(&std::fs::read_to_string(&path).expect("a source file"));
        }
    }
}
