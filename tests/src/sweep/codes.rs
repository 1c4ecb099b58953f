//! The code table against the published list of codes.

use std::collections::BTreeMap;

use watchword_kit::codes;

use super::beside;

/// Published codes for what this server does not do yet. May only become shorter.
const NOT_USED: &[&str] = &[
    "1600", "1640", "1641", "1642", "1699", "1700", "1701", "1702", "1703", "1704", "1705", "1706", "1707", "2040",
    "4021", "2130010", "2820002",
];

/// Codes that share a published number and say more than its published message.
const MORE_EXACT: &[&str] = &["FACTOR_LOCKED"];

#[test]
fn published_codes_have_their_published_message() {
    let Some(protocol) = beside("protocol") else { return };
    let text = std::fs::read_to_string(protocol.join("api-codes.json")).expect("the list");
    let published: BTreeMap<String, String> = serde_json::from_str(&text).expect("JSON");
    for code in codes::ALL {
        let Some(message) = published.get(&code.api.to_string()) else { continue };
        let excused = MORE_EXACT.contains(&code.name);
        assert_eq!(code.zh == message, !excused, "{} ({}): published as {message}", code.name, code.api);
    }
    for number in published.keys() {
        let used = codes::ALL.iter().any(|code| code.api.to_string() == *number && !MORE_EXACT.contains(&code.name));
        let excused = NOT_USED.contains(&number.as_str());
        assert!(used || excused, "{number} ({}) is published, and we have no such code", published[number]);
        assert!(!(used && excused), "{number} is used: take it off the list NOT_USED");
    }
}

#[test]
fn a_success_is_200_and_a_refusal_is_not() {
    for code in codes::ALL {
        assert_eq!(code.status == 200, code.name == "OK", "{}", code.name);
    }
}
