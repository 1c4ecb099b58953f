//! Lists against a plain model, after each of many changes: what they hold, in which order, and that their pages fit
//! together. (Lists of users, departments and holders of roles have models of their own.)

mod noun;
mod others;

use serde_json::Value;
use watchword_testkit::encode;

use crate::chance::Chance;

/// What a list shows of a page, and how many rows it says there are in all.
struct Shown {
    total: i64,
    keys: Vec<String>,
}

impl Shown {
    /// A page whose rows are in `list` and called by their member `key`.
    fn read(reply: &Value, list: &str, key: &str) -> Shown {
        let rows = reply[list].as_array().unwrap_or_else(|| panic!("no {list} in {reply}"));
        let keys = rows.iter().map(|row| row[key].as_str().expect("a text").to_owned()).collect();
        Shown { total: reply["totalCount"].as_i64().expect("a count"), keys }
    }
}

/// Reads the list in pages of several sizes. `expected` has every row with its rank: rows of one rank may come in any
/// order, but in the same one whatever the size.
async fn judge(what: &str, expected: &[(i64, String)], chance: &mut Chance, ask: impl AsyncFn(usize, usize) -> Shown) {
    let mut first: Option<Vec<String>> = None;
    for limit in [50, 1 + chance.below(4), 5 + chance.below(20)] {
        let mut all = Vec::new();
        for page in 1.. {
            let shown = ask(page, limit).await;
            assert_eq!(shown.total, expected.len() as i64, "{what}: how many there are, on page {page} of {limit}");
            let due = expected.len().saturating_sub(all.len()).min(limit);
            assert_eq!(shown.keys.len(), due, "{what}: rows on page {page} of {limit}");
            all.extend(shown.keys);
            if due < limit {
                break;
            }
        }
        match &first {
            Some(first) => assert_eq!(&all, first, "{what}: pages of {limit} and pages of 50"),
            None => first = Some(all),
        }
    }
    let rank = |key: &String| {
        let found = expected.iter().find(|(_, k)| k == key);
        found.unwrap_or_else(|| panic!("{what}: {key} does not belong there")).0
    };
    let found = first.expect("read above");
    let mut ranks: Vec<i64> = found.iter().map(rank).collect();
    assert!(ranks.is_sorted(), "{what}: {found:?} is out of order");
    let mut due: Vec<i64> = expected.iter().map(|(rank, _)| *rank).collect();
    due.sort_unstable();
    ranks.sort_unstable();
    assert_eq!(ranks, due, "{what}: a row twice, and another not at all");
}

/// A query out of what is given.
fn query(path: &str, members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    format!("{path}?{}", members.join("&"))
}
