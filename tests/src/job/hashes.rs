//! Hashes of other systems: each signs its user in through the API once, and is then one of ours.

use serde_json::{Value, json};
use watchword_domain::passwords::Argon;
use watchword_kit::PoolId;
use watchword_testkit::Server;

use super::import;

const PASSWORD: &str = "correct horse 密码";

/// Made from [`PASSWORD`] by Django 5.2, Python's hashlib, hmac, bcrypt and argon2-cffi, not by this program.
fn hashes() -> Vec<Value> {
    vec![
        json!("pbkdf2_sha1$1000$uTBqgefO9Kr2$20ZvLQheJrXy5yXaBPfXRLr5Zrs="),
        json!("bcrypt_sha256$$2b$04$DfLnQsBOMv/H5ZPTgEhf6.DIwneqc6YsLMF.mkL6lD.G9McLlYsUm"),
        json!("bcrypt$$2b$04$OgRoKgbTCi60cwqml4ldHeUige42YSmES/CW3dxDprm8u7nGmsmCa"),
        json!("argon2$argon2id$v=19$m=64,t=2,p=2$c2FsdHNhbHRzYWx0$sNl+WVRdMpdej17h+f3zajsbGG2vwbQ3FOMXrG6qDDs"),
        json!(
            "scrypt$16$seasalt$8$2$kvn48SjZDLx+uPC34hMzN3l37S8nxyH9QvN79DlBuOCK48HEgieXnXpQZpl68cKy9dyS4jMhHP2RpwmtVQ2rOg=="
        ),
        json!("sha1$s4lt$480d5ff5f2b0fa9f12de920b13e1ef2af0a0181d"),
        json!("sha1-salt-first$s4lt$7c9e7c38956904391be440e6506594adb935adb6"),
        json!("sha256$s4lt$db4a8335129960e2172429aa9636ab003a24f58febfc3c95f9a67e07e77a479c"),
        json!("sha256-salt-first$s4lt$c7cb3ce5cc21746b4504e9d249be1ee9b2c2ed6bad5c38c706da22ee7eed6d46"),
        json!(
            "sha512$s4lt$a396efc6bbe52f48c10d162d9dfba96a5c7c24267ce4f74167a72b1bf027f638e22678e014b5577a34247d2a138f3ea11e0f5addbe1d4ca59aac7adc8e2cc62d"
        ),
        json!(
            "sha512-salt-first$s4lt$1732088ed6c286c1462205ed8810f12dafdb1d5961d6c6252066299f77a45eebda474d902487588a77582396ead494b7fa30273a4c8a4281200825a1c7c7aac4"
        ),
        json!("sha256$$94a9db9d63a8c6268e022c737e3e8d86585a4c0fda7778efdd96833f314825e8"),
        json!("{SMD5}fSgSVpiK49/ZnMeB7XcEkQD/BwnIAQID"),
        json!("{SSHA}64oLzPkrmNVmYnnj2KPvdVbNsB8A/wcJyAECAw=="),
        json!("{SSHA256}ShAcf1QLpKdIqPL0WqlOj2+hYkTN/6TZCvIRfldxfJMA/wcJyAECAw=="),
        json!(
            "{SSHA512}9Y5CmTq2fbghMI8NZWwx2rW8ulZZwhONh/IwxQBeL6px96QqPmMGnH5rDwPqxU1dVKLNsavf/lnrEFxsi9UjDwD/BwnIAQID"
        ),
        json!("{SHA}76ZszWpCNG/7s8j0Ok5qECPdVQ0="),
        json!("$salted-sha256$prefix$AP8HCcgBAgM$BfrvrLqFZa+LW6EfBdpykywls6kDbKJNUCPNL4INLxw"),
        json!(
            "$salted-sha512$suffix$AP8HCcgBAgM$9Y5CmTq2fbghMI8NZWwx2rW8ulZZwhONh/IwxQBeL6px96QqPmMGnH5rDwPqxU1dVKLNsavf/lnrEFxsi9UjDw"
        ),
        json!("$hmac-sha256$v=1$a2V5IG9mIHRoZSB0ZW5hbnQ$XLB3rQWBgFI7O0NfNusMNa5ZfBIkWT07gJwrrCJZOwg"),
        json!("$hmac-sha1$v=1$aw$VWiTN7tn9zzFuN7S/K7S5Ih7Z6E"),
        json!("$pbkdf2-sha1$i=1500,l=20$MDEyMzQ1Njc4OWFiY2RlZg$a4TtLQvUM/7USG6Bv0Q+/Zgqy/I"),
        json!("$pbkdf2$1000$MDEyMzQ1Njc4OWFiY2RlZg$mXks0CB5pRyRyTfNMpQXREwFboI"),
        json!(
            "$firebase-scrypt$ln=8,r=8$ZmlyZXNhbHS/EA$duKV1sNqLDFG3vfaivOf9oqBDl4h3GPBRl4cN2ibic/LtZe3UAaq5DIXFZxem2ogYC7G3ziQHyxYZ6D6I9l4AA"
        ),
        json!("$2b$04$60uO9.2XegavR7pscAn5g.BYJILks9vOxXR0yPQZbHPE3zG3sJF9."),
        json!("md5$s4lt$462d16477bcb9d105ef38a7ead417d29"),
        json!("$scrypt$ln=4,r=8,p=2$tfaeE8JYKwXgnFOKcc6Z8w$Y6gIQHeakuVgqrT+hZVY4um8rh6POOjpdKn4J19u40Y"),
        json!("$argon2i$v=19$m=64,t=2,p=2$JwTAmPNe6/1/7/0/p7QW4g$rwnz5+apvOr9mEoOEKbaT5AI4nRuMTx4JvygCweZhLU"),
        json!(
            "$pbkdf2-sha512$i=1500,l=64$MDEyMzQ1Njc4OWFiY2RlZg$Ufee4RM6aBb3KIZDt7DB9eiilWIG9zXcsUgdTNnctTKde9qhvW6/FO+HoUrxZgMwyXyAOY5odL8Ve2Ea9KwD/w"
        ),
        json!({"type": "password", "secretData": "{\"value\": \"8UPMSfxC31HNFqPwUouLdGNv+AAlwV/JbFYWx8n4IB2d+CQi7luUkTuTfFJJ+x+916rbvOg+tUitV8HQFD35ww==\", \"salt\": \"a2V5Y2xvYWtzYWx0MDEyMw==\", \"additionalParameters\": {}}", "credentialData": "{\"hashIterations\": 1000, \"algorithm\": \"pbkdf2-sha256\", \"additionalParameters\": {}}"}),
        json!({"type": "password", "secretData": "{\"value\": \"GX3A4vGBo2EHdPLne0H5ktUH9hQSpSosup1F7LURYqbUkxCDa/zT82fPhN+4465456Yci43gzB98t4Hg/NNsbA==\", \"salt\": \"a2V5Y2xvYWtzYWx0MDEyMw==\", \"additionalParameters\": {}}", "credentialData": "{\"hashIterations\": 1000, \"algorithm\": \"pbkdf2-sha512\", \"additionalParameters\": {}}"}),
        json!({"type": "password", "secretData": "{\"value\": \"97ia85VRlDrLj730gKrejoHLiiR6ahqeFwfLy8lNrcc=\", \"salt\": \"a2V5Y2xvYWtzYWx0MDEyMw==\", \"additionalParameters\": {}}", "credentialData": "{\"hashIterations\": 5, \"algorithm\": \"argon2\", \"additionalParameters\": {\"hashLength\": [\"32\"], \"memory\": [\"64\"], \"type\": [\"id\"], \"version\": [\"1.3\"], \"parallelism\": [\"1\"]}}"}),
        json!({"type": "password", "hashedSaltedValue": "Me3cNx5VdEp/JDUOUupouivzJr3P3qqIJiYcAmlFxszr+S/tzocGRUkHfp+DC2vr9NiZf1bxEEj2IGl1Je83KA==", "salt": "a2V5Y2xvYWtzYWx0MDEyMw==", "hashIterations": 1000, "algorithm": "pbkdf2"}),
        json!({"algorithm": "scrypt", "hash": {"value": "24b4e40427edd173779028e20d7f3404acbfa4c0b097b058725debb12b50db0f0ea2da43952662e2852bef084e85347f1edcb8feb3dc1ead6309bf0139822798", "encoding": "hex"}, "salt": {"value": "a0salt", "encoding": "utf8"}, "keylen": 64, "cost": 16, "blockSize": 8, "parallelization": 1}),
        json!({"algorithm": "sha256", "hash": {"value": "05faefacba8565af8b5ba11f05da72932c25b3a9036ca24d5023cd2f820d2f1c", "encoding": "hex"}, "salt": {"value": "00ff0709c8010203", "encoding": "hex", "position": "prefix"}}),
        json!({"algorithm": "md5", "hash": {"value": "2046dfe39b3122ba0a14fa71caf049f6", "encoding": "hex"}}),
        json!({"algorithm": "hmac", "hash": {"value": "HfGnjGwUh6A6R4Bkf3xw/fZWYqlg+V9HagLgMtJhiQE=", "encoding": "base64", "digest": "sha256", "key": {"value": "k3y"}}}),
    ]
}

async fn stored(s: &Server, user: &str) -> String {
    let mut tx = s.services.db.read().await.unwrap();
    let sql = String::from("SELECT password_hash FROM users WHERE pool_id = $1 AND username_key = $2");
    tx.one::<(String,)>(&sql, &[PoolId::new(&s.pool.id).into(), user.into()]).await.unwrap().0
}

#[tokio::test]
async fn every_style_of_hash_signs_its_user_in_and_becomes_one_of_ours() {
    // Dearer than any of them, so that none is good enough to stay.
    let s = Server::with(|settings| settings.argon = Argon { m_kib: 128, t: 2, p: 1 }).await;
    let rows: Vec<Value> = hashes()
        .into_iter()
        .enumerate()
        .map(|(n, hash)| json!({ "username": format!("user{n}"), "passwordHash": hash }))
        .collect();
    let (count, report) = (rows.len(), import(&s, json!({ "rows": rows })).await);
    assert_eq!((&report["created"], &report["problems"]), (&json!(count), &json!([])), "{report}");
    for n in 0..count {
        let user = format!("user{n}");
        let before = stored(&s, &user).await;
        let sign_in = |password: &str| json!({ "username": user.clone(), "password": password });
        s.sign_in_with(&user, sign_in("correct horse"), "openid").await.refused(403);
        s.sign_in_with(&user, sign_in(PASSWORD), "openid").await.ok();
        let after = stored(&s, &user).await;
        assert!(after.starts_with("$argon2id$v=19$m=128,t=2,p=1$") && after != before, "{before} became {after}");
        s.sign_in_with(&user, sign_in(PASSWORD), "openid").await.ok();
    }
}

#[tokio::test]
async fn a_plain_password_is_hashed_and_a_weak_one_or_an_unknown_hash_is_told_without_being_quoted() {
    let s = Server::start().await;
    let rows = json!([
        { "username": "plain", "password": PASSWORD },
        { "username": "weak", "password": "hunter2" },
        { "username": "odd", "passwordHash": "crypt$hunter2" },
        { "username": "mixed", "passwordHash": "00", "passwordSalt": "hunter2" },
        { "username": "none" },
    ]);
    let report = import(&s, json!({ "rows": rows })).await;
    let at: Vec<(i64, &str)> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["line"].as_i64().unwrap(), p["field"].as_str().unwrap()))
        .collect();
    assert_eq!(at, [(2, "password"), (3, "passwordHash"), (4, "passwordSalt")]);
    assert!(!report.to_string().contains("hunter2"), "{report}");
    let payload = json!({ "username": "plain", "password": PASSWORD });
    s.sign_in_with("plain", payload, "openid").await.ok();
    assert!(stored(&s, "plain").await.starts_with("$argon2id$"));
}

#[tokio::test]
async fn a_password_is_replaced_only_when_that_is_asked_for_and_then_ends_sessions() {
    let s = Server::start().await;
    let (session, _) = s.signed_in_as("ada").await;
    let row = json!([{ "username": "ada", "password": "another horse battery" }]);
    assert_eq!(import(&s, json!({ "rows": row })).await["unchanged"], 1);
    s.sign_in("ada").await.ok();
    session.get("/api/v3/list-enrolled-factors").await.ok();

    assert_eq!(import(&s, json!({ "rows": row, "overwritePasswords": true })).await["updated"], 1);
    s.sign_in("ada").await.refused(403);
    session.get("/api/v3/list-enrolled-factors").await.refused(401);
    let payload = json!({ "username": "ada", "password": "another horse battery" });
    s.sign_in_with("ada", payload, "openid").await.ok();
}
