//! Credentials of other systems, against the password they were made from.

use serde_json::json;
use watchword_crypto::password::{Argon, Verdict, verify};
use watchword_kit::Lang;

use super::*;

const PASSWORD: &str = "correct horse 密码";

fn settled(hash: Value, salt: Option<&str>, style: &Style) -> Result<Object> {
    let mut fields = Object::new();
    fields.insert("passwordHash".into(), hash);
    if let Some(salt) = salt {
        fields.insert("passwordSalt".into(), salt.into());
    }
    settle(&mut fields, style).map(|()| fields)
}

#[track_caller]
fn verifies(hash: Value, salt: Option<&str>, style: &Style) {
    let fields = settled(hash, salt, style).unwrap();
    let stored = fields["passwordHash"].as_str().unwrap();
    let current = Argon { m_kib: 1024, t: 2, p: 1 };
    assert_eq!(verify(PASSWORD, stored, &current), Verdict::RightButStale, "{stored}");
    assert_eq!(verify("correct horse", stored, &current), Verdict::Wrong, "{stored}");
    assert!(!fields.contains_key("passwordSalt"));
}

/// Made by Python's hashlib and argon2-cffi after the formulas of Keycloak 8 and 26.
#[test]
fn a_keycloak_credential_verifies_as_an_object_and_as_text() {
    for credential in [
        json!({"type": "password", "secretData": "{\"value\": \"8UPMSfxC31HNFqPwUouLdGNv+AAlwV/JbFYWx8n4IB2d+CQi7luUkTuTfFJJ+x+916rbvOg+tUitV8HQFD35ww==\", \"salt\": \"a2V5Y2xvYWtzYWx0MDEyMw==\", \"additionalParameters\": {}}", "credentialData": "{\"hashIterations\": 1000, \"algorithm\": \"pbkdf2-sha256\", \"additionalParameters\": {}}"}),
        json!({"type": "password", "secretData": "{\"value\": \"GX3A4vGBo2EHdPLne0H5ktUH9hQSpSosup1F7LURYqbUkxCDa/zT82fPhN+4465456Yci43gzB98t4Hg/NNsbA==\", \"salt\": \"a2V5Y2xvYWtzYWx0MDEyMw==\", \"additionalParameters\": {}}", "credentialData": "{\"hashIterations\": 1000, \"algorithm\": \"pbkdf2-sha512\", \"additionalParameters\": {}}"}),
        json!({"type": "password", "secretData": "{\"value\": \"97ia85VRlDrLj730gKrejoHLiiR6ahqeFwfLy8lNrcc=\", \"salt\": \"a2V5Y2xvYWtzYWx0MDEyMw==\", \"additionalParameters\": {}}", "credentialData": "{\"hashIterations\": 5, \"algorithm\": \"argon2\", \"additionalParameters\": {\"hashLength\": [\"32\"], \"memory\": [\"64\"], \"type\": [\"id\"], \"version\": [\"1.3\"], \"parallelism\": [\"1\"]}}"}),
        json!({"type": "password", "hashedSaltedValue": "Me3cNx5VdEp/JDUOUupouivzJr3P3qqIJiYcAmlFxszr+S/tzocGRUkHfp+DC2vr9NiZf1bxEEj2IGl1Je83KA==", "salt": "a2V5Y2xvYWtzYWx0MDEyMw==", "hashIterations": 1000, "algorithm": "pbkdf2"}),
    ] {
        verifies(credential.clone(), None, &Style::Auto);
        verifies(credential.to_string().into(), None, &Style::Auto);
    }
    let plain = settled(json!({ "type": "password", "value": "pw" }), None, &Style::Auto).unwrap();
    assert_eq!(plain["password"], "pw");
}

/// Made by Python's hashlib and hmac after the schema of Auth0's bulk import.
#[test]
fn a_custom_password_hash_of_auth0_verifies() {
    for hash in [
        json!({"algorithm": "scrypt", "hash": {"value": "24b4e40427edd173779028e20d7f3404acbfa4c0b097b058725debb12b50db0f0ea2da43952662e2852bef084e85347f1edcb8feb3dc1ead6309bf0139822798", "encoding": "hex"}, "salt": {"value": "a0salt", "encoding": "utf8"}, "keylen": 64, "cost": 16, "blockSize": 8, "parallelization": 1}),
        json!({"algorithm": "sha256", "hash": {"value": "05faefacba8565af8b5ba11f05da72932c25b3a9036ca24d5023cd2f820d2f1c", "encoding": "hex"}, "salt": {"value": "00ff0709c8010203", "encoding": "hex", "position": "prefix"}}),
        json!({"algorithm": "md5", "hash": {"value": "2046dfe39b3122ba0a14fa71caf049f6", "encoding": "hex"}}),
        json!({"algorithm": "hmac", "hash": {"value": "HfGnjGwUh6A6R4Bkf3xw/fZWYqlg+V9HagLgMtJhiQE=", "encoding": "base64", "digest": "sha256", "key": {"value": "k3y"}}}),
        json!({ "algorithm": "bcrypt", "hash": { "value": "$2b$04$60uO9.2XegavR7pscAn5g.BYJILks9vOxXR0yPQZbHPE3zG3sJF9." } }),
        json!({ "algorithm": "pbkdf2", "hash": { "value": "$pbkdf2-sha1$i=1500,l=20$MDEyMzQ1Njc4OWFiY2RlZg$a4TtLQvUM/7USG6Bv0Q+/Zgqy/I" } }),
        json!({ "algorithm": "ldap", "hash": { "value": "{SSHA256}ShAcf1QLpKdIqPL0WqlOj2+hYkTN/6TZCvIRfldxfJMA/wcJyAECAw==" } }),
    ] {
        verifies(hash, None, &Style::Auto);
    }
    let other = json!({ "algorithm": "md4", "hash": { "value": "00" } });
    assert!(settled(other, None, &Style::Auto).is_err());
}

/// Made by Django 5.2 itself.
#[test]
fn what_django_stores_verifies_and_an_unusable_password_is_none() {
    for hash in [
        "pbkdf2_sha1$1000$uTBqgefO9Kr2$20ZvLQheJrXy5yXaBPfXRLr5Zrs=",
        "bcrypt_sha256$$2b$04$DfLnQsBOMv/H5ZPTgEhf6.DIwneqc6YsLMF.mkL6lD.G9McLlYsUm",
        "bcrypt$$2b$04$OgRoKgbTCi60cwqml4ldHeUige42YSmES/CW3dxDprm8u7nGmsmCa",
        "argon2$argon2id$v=19$m=64,t=2,p=2$c2FsdHNhbHRzYWx0$sNl+WVRdMpdej17h+f3zajsbGG2vwbQ3FOMXrG6qDDs",
        "scrypt$16$seasalt$8$2$kvn48SjZDLx+uPC34hMzN3l37S8nxyH9QvN79DlBuOCK48HEgieXnXpQZpl68cKy9dyS4jMhHP2RpwmtVQ2rOg==",
        "md5$s4lt$9c7a5759ae7b23155c3699398aef2dff",
    ] {
        verifies(hash.into(), None, &Style::Django);
    }
    assert!(settled("!kDtEk1".into(), None, &Style::Django).unwrap().is_empty());
}

#[test]
fn hash_and_salt_in_two_columns_go_together_as_the_style_says() {
    verifies(
        "db4a8335129960e2172429aa9636ab003a24f58febfc3c95f9a67e07e77a479c".into(),
        Some("s4lt"),
        &Style::Digest("sha256"),
    );
    verifies("7c9e7c38956904391be440e6506594adb935adb6".into(), Some("s4lt"), &Style::Digest("sha1-salt-first"));
    assert!(settled("00".into(), Some("s"), &Style::Auto).is_err());
}

/// Made by Python's hashlib.scrypt and AES-CTR after Firebase's published algorithm.
#[test]
fn a_firebase_hash_verifies_with_the_parameters_of_its_project() {
    let console = "hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==,\n  \
                   base64_salt_separator: vxA=,\n  rounds: 8,\n  mem_cost: 8,\n}";
    let project = firebase_project(console).unwrap();
    let hash = "duOX1cdvKjZO1/3Rhv6R+ZqQHE01yXXWXkcGLHSGl9DrlLWUdCOMwxo+P7dytkQPUB/07AylKRtgXprBH+RGPw==";
    verifies(hash.into(), Some("ZmlyZXNhbHQ="), &Style::Firebase(Box::new(project)));
    let e = firebase_project("{\"rounds\": 8}").unwrap_err();
    assert!(e.message(Lang::En).starts_with("base64_signer_key"), "{e}");
}
