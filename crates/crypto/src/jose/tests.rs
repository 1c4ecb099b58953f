//! JOSE, against forged and published tokens.

use std::sync::LazyLock;

use data_encoding::BASE64;

use super::*;
use crate::hash::sha256;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(RsaSize::Rsa2048).expect("a key"));
static OTHER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(RsaSize::Rsa2048).expect("a key"));
const MAC: &[u8] = b"an invented secret of 32 bytes!!";

fn keys() -> Vec<VerifyKey> {
    vec![OTHER.verify_key(), KEY.verify_key()]
}

fn b64(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

/// A token with any header and claims, signed truly by [`KEY`].
fn signed(header: &str, claims: &str) -> String {
    let input = format!("{}.{}", b64(header), b64(claims));
    let signature = KEY.raw(input.as_bytes()).expect("signed");
    format!("{input}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn header(members: &str) -> String {
    format!(r#"{{"alg":"RS256","kid":"{}"{members}}}"#, KEY.kid())
}

#[test]
fn a_token_is_verified_by_the_key_it_names_and_keeps_its_claims() {
    let claims = json!({ "sub": "u", "exp": 1_795_148_267, "name": "王 >?~", "aud": ["a", "b"] });
    let token = KEY.sign(&claims, "JWT").expect("signed");
    assert_eq!(verify(&token, &keys()), Ok(claims));
    assert_eq!(verify(&token, &[OTHER.verify_key()]), Err(JoseError::UnknownKey));
}

#[test]
fn the_thumbprint_is_that_of_rfc_7638_section_3_1() {
    let n = concat!(
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs",
        "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5ha",
        "jrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    );
    let text = format!(r#"{{"e":"AQAB","kty":"RSA","n":"{n}"}}"#);
    assert_eq!(BASE64URL_NOPAD.encode(&sha256(text.as_bytes())), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    let jwk = KEY.public_jwk();
    let text = format!(r#"{{"e":{},"kty":{},"n":{}}}"#, jwk["e"], jwk["kty"], jwk["n"]);
    assert_eq!(jwk["kid"], BASE64URL_NOPAD.encode(&sha256(text.as_bytes())));
    assert_eq!(jwk["kid"], KEY.kid());
}

#[test]
fn the_public_key_has_the_members_clients_import_and_no_private_one() {
    let jwk = KEY.public_jwk();
    let names: Vec<&String> = jwk.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["kty", "use", "alg", "kid", "n", "e"]);
    assert_eq!(
        (&jwk["kty"], &jwk["use"], &jwk["alg"], &jwk["e"]),
        (&json!("RSA"), &json!("sig"), &json!("RS256"), &json!("AQAB"))
    );
    let n = BASE64URL_NOPAD.decode(jwk["n"].as_str().expect("text").as_bytes()).expect("base64url");
    assert_eq!((n.len(), n[0] >> 7), (256, 1));
}

#[test]
fn a_key_survives_pkcs8() {
    let der = KEY.to_pkcs8().expect("written");
    let again = SigningKey::from_pkcs8(Alg::Rs256, der.reveal()).expect("read");
    assert_eq!(again.kid(), KEY.kid());
    let token = again.sign(&json!({}), "JWT").expect("signed");
    assert_eq!(verify(&token, &keys()), Ok(json!({})));
    assert_eq!(SigningKey::from_pkcs8(Alg::Rs256, b"no key").err(), Some(JoseError::Key));
    assert!(!format!("{again:?}").contains(&BASE64.encode(&der.reveal()[..24])));
}

#[test]
fn twenty_forgeries_are_refused() {
    let good = KEY.sign(&json!({ "sub": "u" }), "JWT").expect("signed");
    let [h, c, s] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let n = KEY.public_jwk()["n"].as_str().expect("text").to_owned();
    let kid = KEY.kid();
    let none = b64(&format!(r#"{{"alg":"none","kid":"{kid}"}}"#));
    let hs = format!("{}.{c}", b64(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#)));
    let confused = |key: &[u8]| format!("{hs}.{}", BASE64URL_NOPAD.encode(&hmac_sha256(key, hs.as_bytes())));
    let foreign = OTHER.sign(&json!({ "sub": "u" }), "JWT").expect("signed");
    let foreign_signature = foreign.rsplit('.').next().expect("a part");
    let jwk = OTHER.public_jwk();
    let forged = [
        (format!("{none}.{c}."), JoseError::Algorithm),
        (format!("{none}.{c}.{s}"), JoseError::Algorithm),
        (format!("{}.{c}.", b64(&format!(r#"{{"alg":"NONE","kid":"{kid}"}}"#))), JoseError::Algorithm),
        (confused(n.as_bytes()), JoseError::Algorithm),
        (confused(b""), JoseError::Algorithm),
        (signed(&format!(r#"{{"alg":"RS512","kid":"{kid}"}}"#), "{}"), JoseError::Algorithm),
        (signed(&format!(r#"{{"alg":"rs256","kid":"{kid}"}}"#), "{}"), JoseError::Algorithm),
        (signed(r#"{"alg":"RS256"}"#, "{}"), JoseError::UnknownKey),
        (signed(r#"{"alg":"RS256","kid":"x"}"#, "{}"), JoseError::UnknownKey),
        (signed(&header(r#","crit":["exp"]"#), "{}"), JoseError::Algorithm),
        (signed(&header(r#","b64":false"#), "{}"), JoseError::Algorithm),
        (signed(&header(r#","alg":"RS256""#), "{}"), JoseError::Malformed),
        (signed(&header(""), "[]"), JoseError::Malformed),
        (signed(&header(""), "{} {}"), JoseError::Malformed),
        (format!("{h}.{}.{s}", b64(r#"{"sub":"v"}"#)), JoseError::Signature),
        (format!("{h}.{c}.{foreign_signature}"), JoseError::Signature),
        (
            {
                let own_key = b64(&header(&format!(r#","jwk":{jwk}"#)));
                format!("{own_key}.{c}.{foreign_signature}")
            },
            JoseError::Signature,
        ),
        (format!("{h}.{c}."), JoseError::Signature),
        (format!("{h}.{c}.{s}="), JoseError::Malformed),
        (format!("{h}.{c}.{s}.{s}"), JoseError::Malformed),
        (format!("{h}.{c}"), JoseError::Malformed),
        (format!("{h}=.{c}.{s}"), JoseError::Malformed),
        (format!(" {good}"), JoseError::Malformed),
        (format!("{good}\n"), JoseError::Malformed),
        (String::new(), JoseError::Malformed),
        ("..".to_owned(), JoseError::Malformed),
        (format!("{h}.{}.{s}", "A".repeat(MAX_TOKEN)), JoseError::Malformed),
    ];
    for (token, why) in forged {
        assert_eq!(verify(&token, &keys()), Err(why), "{token}");
    }
    assert!(verify(&good, &keys()).is_ok());
}

#[test]
fn a_signature_with_spare_bits_set_is_not_a_second_spelling_of_the_token() {
    let good = sign_hs256(MAC, "JWT", &json!({}));
    let last = good.chars().last().expect("not empty");
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet[alphabet.find(last).expect("in the alphabet") + 1..].chars().next().expect("spare bits are 0");
    let twin = format!("{}{next}", &good[..good.len() - 1]);
    assert_eq!(verify_hs256(&twin, MAC), Err(JoseError::Malformed));
}

#[test]
fn a_type_asked_for_must_be_there() {
    let token = KEY.sign(&json!({}), "at+jwt").expect("signed");
    assert_eq!(verify_as(&token, "at+jwt", &keys()), Ok(json!({})));
    assert_eq!(verify_as(&token, "AT+JWT", &keys()), Ok(json!({})));
    assert_eq!(verify_as(&token, "JWT", &keys()), Err(JoseError::Type));
    assert_eq!(verify_as(&signed(&header(""), "{}"), "JWT", &keys()), Err(JoseError::Type));
    assert_eq!(verify_as(&signed(&header(r#","typ":"application/at+jwt""#), "{}"), "at+jwt", &keys()), Ok(json!({})));
    let token = sign_hs256(MAC, "mgmt", &json!({}));
    assert_eq!(verify_hs256_as(&token, "mgmt", MAC), Ok(json!({})));
    assert_eq!(verify_hs256_as(&token, "JWT", MAC), Err(JoseError::Type));
}

#[test]
fn a_shared_key_signs_and_only_it_verifies() {
    let claims = json!({ "scoped_userpool_id": "6583a0a4e1f0aaaaaaaaaaaa", "exp": 1 });
    let token = sign_hs256(MAC, "JWT", &claims);
    assert_eq!(verify_hs256(&token, MAC), Ok(claims));
    assert_eq!(verify_hs256(&token, b"another"), Err(JoseError::Signature));
    assert_eq!(verify(&token, &keys()), Err(JoseError::Algorithm));
    let rsa = KEY.sign(&json!({}), "JWT").expect("signed");
    assert_eq!(verify_hs256(&rsa, MAC), Err(JoseError::Algorithm));
}

#[test]
fn hs256_agrees_with_the_published_example_of_jwt_io() {
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
    let claims = json!({ "sub": "1234567890", "name": "John Doe", "iat": 1_516_239_022 });
    assert_eq!(verify_hs256(token, b"your-256-bit-secret"), Ok(claims.clone()));
    assert_eq!(sign_hs256(b"your-256-bit-secret", "JWT", &claims), token);
}

#[test]
fn every_payload_decodes_with_plain_base64_whatever_it_says() {
    let every: String = (0..0x250).filter_map(char::from_u32).chain("🗝王>?~\u{7f}".chars()).collect();
    for start in 0..3 {
        let claims = json!({ "pad": "x".repeat(start), (every.clone()): every, "n": -1.5e300 });
        for token in [sign_hs256(MAC, "JWT", &claims), KEY.sign(&claims, "JWT").expect("signed")] {
            let payload = token.split('.').nth(1).expect("three parts");
            assert!(!payload.contains(['-', '_']), "{payload}");
            let padded = format!("{payload}{}", "=".repeat((4 - payload.len() % 4) % 4));
            let plain = BASE64.decode(padded.as_bytes()).expect("plain base64");
            assert!(plain.is_ascii());
            assert_eq!(serde_json::from_slice::<Value>(&plain).expect("JSON"), claims);
        }
    }
}

#[test]
fn numeric_dates_are_whole_seconds() {
    let claims = json!({ "exp": 1_795_148_267, "iat": 12.9, "nbf": -0.5, "s": "12", "big": 1e300, "null": null });
    assert_eq!(numeric(&claims, "exp"), Some(1_795_148_267));
    assert_eq!(numeric(&claims, "iat"), Some(12));
    assert_eq!(numeric(&claims, "nbf"), Some(-1));
    for none in ["s", "big", "null", "absent"] {
        assert_eq!(numeric(&claims, none), None, "{none}");
    }
}

#[test]
fn every_algorithm_signs_for_its_own_key_only_and_survives_pkcs8_and_jwk() {
    let all: Vec<SigningKey> = Alg::ALL.into_iter().map(|alg| SigningKey::generate_for(alg).expect("a key")).collect();
    let public: Vec<VerifyKey> = all.iter().map(SigningKey::verify_key).collect();
    for (key, alg) in all.iter().zip(Alg::ALL) {
        let token = key.sign(&json!({ "sub": "u" }), "JWT").expect("signed");
        assert_eq!(verify(&token, &public), Ok(json!({ "sub": "u" })), "{alg:?}");
        let others: Vec<VerifyKey> = public.iter().filter(|k| k.alg() != alg).cloned().collect();
        assert_eq!(verify(&token, &others), Err(JoseError::Algorithm));
        let again = SigningKey::from_pkcs8(alg, key.to_pkcs8().expect("written").reveal()).expect("read");
        assert_eq!(again.kid(), key.kid());
        let read = VerifyKey::from_jwk(&key.public_jwk()).expect("a key");
        assert_eq!((read.thumbprint(), read.jwk()), (key.kid(), key.public_jwk()));
        assert!(verify(&again.sign(&json!({}), "JWT").expect("signed"), &[read]).is_ok());
    }
}

#[test]
fn the_algorithm_in_the_header_cannot_choose_another_use_of_a_key() {
    let es = SigningKey::generate_for(Alg::Es256).expect("a key");
    let keys = [es.verify_key(), KEY.verify_key()];
    let header = b64(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, es.kid()));
    let input = format!("{header}.{}", b64("{}"));
    let token = format!("{input}.{}", BASE64URL_NOPAD.encode(&es.raw(input.as_bytes()).expect("signed")));
    assert_eq!(verify(&token, &keys), Err(JoseError::Algorithm));
}

#[test]
fn a_client_may_leave_its_keys_name_out_but_not_give_a_wrong_one() {
    let input = format!("{}.{}", b64(r#"{"alg":"RS256"}"#), b64("{}"));
    let token = format!("{input}.{}", BASE64URL_NOPAD.encode(&KEY.raw(input.as_bytes()).expect("signed")));
    assert_eq!(verify_by_any(&token, &keys()), Ok(json!({})));
    assert_eq!(verify_by_any(&token, &[OTHER.verify_key()]), Err(JoseError::Signature));
    assert_eq!(verify_by_any(&token, &[]), Err(JoseError::UnknownKey));
    let named = KEY.sign(&json!({}), "JWT").expect("signed");
    assert_eq!(verify_by_any(&named, &[OTHER.verify_key()]), Err(JoseError::UnknownKey));
}

fn proof(key: &SigningKey, claims: &Value) -> String {
    let header = json!({ "alg": key.alg().as_str(), "typ": "dpop+jwt", "jwk": key.public_jwk() });
    key.sign_under(&header, claims).expect("signed")
}

#[test]
fn possession_is_proven_by_the_key_inside_and_only_of_the_type_asked_for() {
    for alg in Alg::ALL {
        let key = SigningKey::generate_for(alg).expect("a key");
        let made = proof(&key, &json!({ "htm": "POST" }));
        let (claims, inside) = verify_possession(&made, "dpop+jwt").expect("a proof");
        assert_eq!((claims, inside.thumbprint()), (json!({ "htm": "POST" }), key.kid()));
        assert_eq!(verify_possession(&made, "JWT").err(), Some(JoseError::Type));
        let (_, rest) = made.split_once('.').expect("parts");
        let other = SigningKey::generate_for(alg).expect("a key");
        let foreign = proof(&other, &json!({}));
        let (header, _) = foreign.split_once('.').expect("parts");
        assert_eq!(verify_possession(&format!("{header}.{rest}"), "dpop+jwt").err(), Some(JoseError::Signature));
    }
    let named = KEY.sign(&json!({}), "dpop+jwt").expect("signed");
    assert_eq!(verify_possession(&named, "dpop+jwt").err(), Some(JoseError::UnknownKey));
}

#[test]
fn keys_that_are_private_weak_of_another_use_or_broken_are_no_keys() {
    let fine = KEY.public_jwk();
    let with = |name: &str, value: Value| {
        let mut jwk = fine.clone();
        jwk[name] = value;
        VerifyKey::from_jwk(&jwk).err()
    };
    for (name, value) in [
        ("d", json!("AQAB")),
        ("use", json!("enc")),
        ("alg", json!("RS512")),
        ("alg", json!("ES256")),
        ("kty", json!("oct")),
        ("e", json!("Ag")),
        ("e", json!("AQ")),
        ("n", json!("AQAB")),
        ("n", json!(7)),
        ("n", json!("")),
    ] {
        assert_eq!(with(name, value.clone()), Some(JoseError::Key), "{name} {value}");
    }
    assert_eq!(with("kid", json!("mine")), None);
    let point = json!({ "kty": "EC", "crv": "P-256", "x": BASE64URL_NOPAD.encode(&[1; 32]), "y": BASE64URL_NOPAD.encode(&[1; 32]) });
    assert_eq!(VerifyKey::from_jwk(&point).err(), Some(JoseError::Key), "not on the curve");
}

#[test]
fn half_hashes_agree_with_the_example_of_openid_connect_core() {
    // OpenID Connect Core 1.0, appendix A.3 and A.4.
    assert_eq!(half_hash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_eq!(
        half_hash("RS256", "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"),
        "LDktKdoQak3Pk0cnXxCltA"
    );
    assert_eq!(half_hash("EdDSA", "x").len(), 43);
}
