//! Access keys and applications on the command line.

use super::*;

#[test]
fn keys_are_made_rotated_and_deleted_by_the_operator() {
    let (data, keys) = Data::initialised("keys");
    let made = data.run(&["key", "create", "--permission", "user:read", "--output", "json"]).json();
    let id = made["accessKeyId"].as_str().unwrap();
    let server = data.serve(&[]);
    let works =
        |keys: &Value| server.post("/api/v3/get-management-token", "", &token_request(keys)).contains("access_token");
    assert!(works(&made));
    let rotated = data.run(&["key", "rotate", id, "--yes", "--output", "json"]).json();
    assert!(!works(&made) && works(&rotated));
    let own = keys["accessKeyId"].as_str().unwrap();
    let rotated_own = data.run(&["key", "rotate", own, "--yes", "--output", "json"]).json();
    assert!(!works(&keys) && works(&rotated_own));
    data.run(&["key", "delete", id]).exits(2);
    data.run(&["key", "delete", id, "--yes", "--output", "json"]).json();
    assert!(!works(&rotated));
    data.run(&["key", "delete", id, "--yes"]).exits(4);
    data.run(&["key", "delete", own, "--yes"]).exits(5);
    data.run(&["key", "create", "--permission", "everything"]).exits(2);
}

#[test]
fn an_application_is_registered_by_the_operator_and_gets_tokens_with_what_was_printed() {
    let (data, keys) = Data::initialised("apps");
    let callback = "https://shop.example.com/cb";
    let create = ["app", "create", "Shop", "--identifier", "shop", "--redirect-uri", callback, "--grant"];
    let made = data.run(&[&create[..], &["client_credentials", "--output", "json"]].concat()).json();
    assert_eq!((&made["kind"], &made["issuer"]), (&json!("app"), &keys["issuer"]));
    let id = made["appId"].as_str().unwrap();
    let shown = data.run(&["app", "show", id, "--output", "json"]).json();
    assert_eq!((&shown["appName"], &shown["redirectUris"]), (&json!("Shop"), &json!([callback])));
    assert_eq!(
        shown["oidcConfig"]["grant_types"],
        json!(["authorization_code", "refresh_token", "client_credentials"])
    );
    let secret = made["appSecret"].as_str().unwrap();
    assert!(!shown.to_string().contains(secret));
    assert_eq!(data.run(&["app", "secret", id, "--output", "json"]).json()["appSecret"], made["appSecret"]);
    let listed = data.run(&["app", "list", "--output", "json"]).json();
    let names: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|app| &app["identifier"]).collect();
    assert!(names.len() == 2 && names[0] == "shop", "{listed}");
    let text = data.run(&["app", "show", id]);
    let text = String::from_utf8_lossy(&text.0.stdout).into_owned();
    assert!(text.lines().any(|line| line.starts_with("appName ") && line.ends_with(" Shop")), "{text}");
    let public = data.run(&["app", "create", "Page", "--type", "spa", "--public", "--output", "json"]).json();
    assert!(public.get("appSecret").is_none(), "{public}");
    let server = data.serve(&[]);
    let works = |secret: &str| {
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let length = form.len();
        let head = "POST /oidc/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded";
        server
            .ask(&format!("{head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{form}"))
            .contains("access_token")
    };
    assert!(works(secret));
    data.run(&["app", "secret", id, "--rotate"]).exits(2);
    let rotated = data.run(&["app", "secret", id, "--rotate", "--yes", "--output", "json"]).json();
    assert!(!works(secret) && works(rotated["appSecret"].as_str().unwrap()));
    data.run(&["app", "show", "nobody"]).exits(4);
    data.run(&["app", "create", "Shop", "--identifier", "shop"]).exits(5);
    data.run(&["app", "create", "Shop", "--redirect-uri", "javascript:alert(1)"]).exits(2);
    data.run(&["app", "create", "Shop", "--type", "desktop"]).exits(2);
}
