//! What is written is read back as it was.

use std::io::Cursor;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::mapping::Mapping;
use crate::{column, table, xlsx};

fn write(kind: Kind, users: &[Object]) -> Vec<u8> {
    let mut writer = Writer::begin(kind, Cursor::new(Vec::new()), column::written(true)).unwrap();
    for user in users {
        writer.user(user).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(kind: Kind, file: Vec<u8>) -> Vec<Object> {
    let mapping = Mapping::default();
    let mut out = Vec::new();
    let mut each = |entry| {
        out.push(mapping.apply(entry, kind != Kind::JsonLines).fields.unwrap());
        true
    };
    let mut header = |names: &[String]| mapping.check(names);
    match kind {
        Kind::Csv => table::read(file.as_slice(), b',', &mut header, &mut each).unwrap(),
        Kind::Xlsx => xlsx::read(Cursor::new(file), None, &mut header, &mut each).unwrap(),
        Kind::JsonLines => crate::lines::read(file.as_slice(), &mut each).unwrap(),
    }
    out
}

fn user(name: &str, address: &str) -> Object {
    let json = json!({
        "userId": "64f0", "username": "=cmd|' /C calc'!A1", "phone": "13800138000", "phoneCountryCode": "+86",
        "emailVerified": false, "name": name, "address": address, "loginsCount": 7,
        "customData": { "size": 42, "note": "a,\"b\"\n=1" }, "identities": [{ "extIdpId": "x" }],
        "departmentIds": ["a;b", "c"], "passwordHash": "$2b$10$x",
    });
    let Value::Object(object) = json else { unreachable!() };
    object
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_format_is_read_back_exactly(name in "[ -~_x0041'=;|€王\u{1f600}]{1,12}", address in "[a\n\r\t<>&\"',-]{1,12}") {
        let users = [user(&name, &address), user("+1", "@x"), user("'", "''=")];
        for kind in [Kind::Csv, Kind::Xlsx, Kind::JsonLines] {
            prop_assert_eq!(&read(kind, write(kind, &users)), &users, "{:?}", kind);
        }
    }
}

#[test]
fn no_cell_of_a_table_begins_a_formula() {
    let text = String::from_utf8(write(Kind::Csv, &[user("-1+1", "\t=x")])).unwrap();
    let line = text.lines().nth(1).unwrap();
    assert!(line.contains("'=cmd|") && line.contains("'-1+1") && line.contains("'+86"), "{line}");
    assert!(!line.contains(",=") && !line.contains(",-") && !line.contains(",+"), "{line}");
}
