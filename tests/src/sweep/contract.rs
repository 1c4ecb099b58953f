//! Our OpenAPI document against the published contract, with the contract's own comparison.

use std::collections::BTreeSet;
use std::process::Command;

use super::{beside, named};

const OPERATIONS: &str = include_str!("contract-operations.txt");

/// Operations of older or hosted interfaces that the published documents do not describe.
fn listed() -> BTreeSet<&'static str> {
    OPERATIONS.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn every_listed_operation_exists() {
    let pages = watchword_web::pages::oidc::described();
    let ours: BTreeSet<String> = watchword_web::operations().iter().chain(&pages).map(named).collect();
    let missing: Vec<&str> = listed().into_iter().filter(|op| !ours.contains(*op)).collect();
    assert!(missing.is_empty(), "operations of contract-operations.txt that are not there: {missing:#?}");
}

/// Operations that only newer clients call; the published documents are older.
const NEWER: &[&str] = &[
    "POST /api/v3/batch-get-user-encrypt-password",
    "POST /api/v3/check-role-mutual-exclusion",
    "POST /api/v3/disable-global-mfa-settings",
    "POST /api/v3/update-application",
    "GET /api/v3/get-captcha-code",
    "POST /api/v3/get-department-available-app",
    "POST /api/v3/list-users-by-keywords",
    "POST /api/v3/send-user-reset-password-email-link",
    "POST /api/v3/list-post",
    "POST /api/v3/validate-password",
    "POST /api/v3/add-whitelist-of-app",
    "POST /api/v3/delete-whitelist-of-app",
    "GET /api/v3/list-whitelist-of-app",
];
/// Operations of our own.
const ADDITIONS: &[&str] = &[
    "/api/v3/import-users",
    "/api/v3/get-import-job",
    "/api/v3/cancel-import-job",
    "/api/v3/export-users",
    "/api/v3/get-device-authorization",
    "/api/v3/decide-device-authorization",
    "/api/v3/self-unlock-account",
    "/api/v3/mydevices/revoke-all-sessions",
];

/// A new operation of the contract is compared with it from the first day.
#[test]
fn every_operation_of_the_published_interface_is_listed() {
    for op in watchword_web::operations() {
        let newer = NEWER.contains(&named(&op).as_str()) || ADDITIONS.contains(&op.path);
        let own = !op.path.starts_with("/api/v3/") || newer;
        assert!(own || listed().contains(named(&op).as_str()), "add {} to contract-operations.txt", named(&op));
    }
}

#[test]
fn our_document_differs_from_the_contract_in_nothing_that_a_client_depends_on() {
    let Some(contract) = beside("contract") else { return };
    let document = watchword_web::openapi::document(&watchword_web::operations(), "https://id.example.com");
    let folder = watchword_testkit::database::scratch("contract");
    let (ours, list) = (folder.join("ours.json"), folder.join("operations.txt"));
    std::fs::write(&ours, document.to_string()).expect("a file");
    std::fs::write(&list, OPERATIONS).expect("a file");
    let checked = Command::new("python3").arg(contract.join("check.py")).arg(&ours).arg("--ops").arg(&list).output();
    let checked = checked.expect("python3 is installed");
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}{}", String::from_utf8_lossy(&checked.stderr));
    println!("{said}");
}

/// A second type of one name gets a number in the document, and a client's types get it, too.
#[test]
fn no_two_types_of_the_document_share_a_name() {
    let document = watchword_web::openapi::document(&watchword_web::operations(), "https://id.example.com");
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    assert!(schemas.len() > 100, "only {} schemas", schemas.len());
    let stem = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    let twice: Vec<&String> =
        schemas.keys().filter(|name| stem(name) != **name && schemas.contains_key(&stem(name))).collect();
    assert!(twice.is_empty(), "types of different modules with one name: {twice:?}");
}

#[test]
fn every_operation_has_an_id_of_its_own_and_a_summary() {
    let document = watchword_web::openapi::document(&watchword_web::operations(), "https://id.example.com");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, op) in item.as_object().expect("methods") {
            assert!(ids.insert(op["operationId"].clone().to_string()), "{method} {path}: {}", op["operationId"]);
            assert!(op["summary"].as_str().is_some_and(|s| s.len() > 8), "{method} {path} has no summary");
        }
    }
}
