//! Names, addresses and what is counted of them.

use serde_json::{Value, json};
use watchword_crypto::password as hashes;
use watchword_crypto::vault::MasterKey;
use watchword_domain::passwords::Argon;
use watchword_domain::{Services, Settings};
use watchword_kit::{Clock, Entropy, PoolId};
use watchword_store::user::TABLE;
use watchword_store::{Db, Options};
use watchword_testkit::database::{MASTER_KEY, scratch};
use watchword_testkit::{PASSWORD, Server};

use super::{pass_code, password};

#[tokio::test]
async fn the_pause_does_not_tell_which_names_exist() {
    let s = Server::start().await;
    for user in [json!({ "phone": "13800138000" }), json!({ "email": "ada@example.com" })] {
        s.admin().await.post("/api/v3/create-user", user).await.ok();
    }
    // Two spellings of a name that exists, and two of one that does not.
    let pairs = [
        ("phone", ["13800138000", "+86 138-0013-8000"], ["13900139000", "+86 139-0013-9000"]),
        ("email", ["ada@example.com", "ADA@example.com."], ["bob@example.com", "BOB@example.com."]),
    ];
    for (field, known, unknown) in pairs {
        let answers = async |names: [&str; 2]| {
            let mut seen: Vec<(u16, Value)> = Vec::new();
            for name in [names[0]; 5].into_iter().chain([names[1]]) {
                let reply = password(&s, json!({ field: name, "password": "wrong wrong wrong" })).await;
                seen.push((reply.http, reply.body["statusCode"].clone()));
            }
            seen
        };
        assert_eq!(answers(known).await, answers(unknown).await, "{field}");
    }
}

#[tokio::test]
async fn wrong_codes_for_sign_in_close_their_address_and_stop_writing() {
    let s = Server::start().await;
    for i in 0..100 {
        pass_code(&s, json!({ "email": format!("a{i}@example.com"), "passCode": "000000" }))
            .await
            .refused_with(403, 2001);
    }
    let rows = s.audited("login.signin").await;
    for _ in 0..3 {
        let closed = pass_code(&s, json!({ "email": "ada@example.com", "passCode": "000000" })).await;
        assert_eq!(closed.http, 429, "{}", closed.text);
    }
    assert_eq!(password(&s, json!({ "username": "ada", "password": PASSWORD })).await.http, 429);
    assert_eq!(s.audited("login.signin").await, rows, "strangers cannot fill the trail");
    s.clock.advance(watchword_testkit::minutes(10));
    pass_code(&s, json!({ "email": "ada@example.com", "passCode": "000000" })).await.refused_with(403, 2001);
}

#[tokio::test]
async fn a_hash_of_lower_cost_is_replaced_at_the_next_sign_in() {
    let s = Server::with(|settings| settings.argon = Argon { m_kib: 16, t: 1, p: 1 }).await;
    let old = hashes::hash(PASSWORD, &watchword_testkit::server::CHEAP, &Entropy);
    let made = json!({ "username": "ada", "passwordHash": old });
    let user = s.admin().await.post("/api/v3/create-user", made).await.ok();
    let stored = async || {
        let mut tx = s.services.db.read().await.unwrap();
        let pool = PoolId::new(&s.pool.id);
        let row = TABLE.get(&mut tx, &pool, user["userId"].as_str().unwrap()).await.unwrap();
        row.unwrap().password_hash.unwrap()
    };
    assert_eq!(stored().await, old);
    password(&s, json!({ "username": "ada", "password": "wrong wrong wrong" })).await.refused_with(403, 2333);
    assert_eq!(stored().await, old, "a wrong password changes nothing");
    s.sign_in("ada").await.ok();
    assert!(stored().await.contains("m=16,"), "{}", stored().await);
    s.sign_in("ada").await.ok();
}

#[tokio::test]
async fn two_installations_have_different_keys_for_passwords_of_3072_bits() {
    let mut keys = Vec::new();
    for name in ["one", "two"] {
        let clock = Clock::system();
        let file = scratch(&format!("installation-{name}")).join("watchword.db");
        let db = Db::open(&Options::sqlite(file), &clock).await.unwrap();
        let master = MasterKey::parse(MASTER_KEY).unwrap();
        let services = Services::start(db, clock, &master, Settings::default()).await.unwrap();
        let pem = services.keys.rsa_transport.public_pem().to_owned();
        let base64: String = pem.lines().filter(|l| !l.starts_with('-')).collect();
        let der = data_encoding::BASE64.decode(base64.as_bytes()).unwrap();
        // A modulus of 3072 bits has 384 bytes.
        assert!(der.len() > 384, "{} bytes", der.len());
        keys.push(pem);
    }
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn every_mutation_of_an_encrypted_password_is_told_as_a_wrong_password() {
    let s = Server::start().await;
    s.user("ada").await;
    let public = s.anonymous().get("/api/v3/system").await.body;
    let right = watchword_testkit::encrypt::rsa(public["rsa"]["publicKey"].as_str().unwrap(), PASSWORD);
    let raw = data_encoding::BASE64.decode(right.as_bytes()).unwrap();
    let mut bodies = std::collections::HashSet::new();
    for i in 0..60 {
        let mut raw = raw.clone();
        match i % 4 {
            0 => raw[i * 6] ^= 1 << (i % 8),
            1 => raw.truncate(i * 6),
            2 => raw.push(0),
            _ => raw.rotate_left(i),
        }
        let payload = json!({ "username": "ada", "password": data_encoding::BASE64.encode(&raw) });
        let body = json!({ "connection": "PASSWORD", "passwordPayload": payload,
            "options": { "passwordEncryptType": "rsa" } });
        let mut reply = s.app().post("/api/v3/signin", body).await.refused_with(403, 2333);
        reply.as_object_mut().unwrap().remove("requestId");
        bodies.insert(reply.to_string());
        s.clock.advance(watchword_testkit::minutes(20));
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn numbers_at_the_edge_of_what_fits_break_no_list() {
    let s = Server::start().await;
    let admin = s.admin().await;
    for n in [i64::MIN, i64::MIN + 1, -1, 0, 99_999_999_999, 100_000_000_001, i64::MAX] {
        for name in ["updatedAtStart", "updatedAtEnd"] {
            admin.get(&format!("/api/v3/list-users?{name}={n}")).await.ok();
        }
        let filter = json!({ "advancedFilter": [{ "field": "createdAt", "operator": "GREATER", "value": n }] });
        admin.post("/api/v3/list-users", filter).await.ok();
        for member in ["page", "limit"] {
            let reply = admin.get(&format!("/api/v3/list-users?{member}={n}")).await;
            assert!(matches!(reply.body["statusCode"].as_u64(), Some(200 | 400)), "{member}={n}: {}", reply.text);
        }
    }
}

#[tokio::test]
async fn headers_of_more_than_16_kib_are_refused_and_the_server_goes_on() {
    let s = Server::start().await;
    let client = s.anonymous().header("x-long", &"a".repeat(20 * 1024));
    let reply = client.get("/api/v3/system").await;
    assert_eq!(reply.http, 431);
    s.anonymous().get("/api/v3/system").await;
    s.admin().await;
}
