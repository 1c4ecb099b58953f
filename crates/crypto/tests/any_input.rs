//! Everything that reads text from outside answers any text without a panic, and what it accepts it accepts twice.

use proptest::prelude::*;
use watchword_crypto::{base32, jose, otpauth, password, recovery, signature, totp, transport, vault};
use watchword_kit::{Entropy, Millis};

/// Pieces of the grammars, so that random texts get past the first check.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("$argon2id$v=19$m=64,t=1,p=1$".to_owned()),
        Just("$scrypt$ln=1,r=1,p=1$".to_owned()),
        Just("$pbkdf2-sha256$i=1$".to_owned()),
        Just("pbkdf2_sha256$1$".to_owned()),
        Just("$2b$04$".to_owned()),
        Just("md5$".to_owned()),
        Just("hmac$".to_owned()),
        Just("otpauth://".to_owned()),
        Just("sm2:04".to_owned()),
        "[A-Za-z0-9+/]{1,44}",
        "[\\[\\]%&=+.\"{}:,$-]{1,6}",
        "\\PC{0,8}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn secrets_are_read_or_refused_and_the_canonical_form_reads_back(text in pieces()) {
        if let Ok(secret) = base32::parse_secret(&text, 80) {
            let again = base32::parse_secret(secret.canonical.reveal(), 80).expect("the canonical form is good");
            prop_assert_eq!(again.canonical, secret.canonical);
            prop_assert_eq!(again.bytes, secret.bytes);
        }
    }

    #[test]
    fn stored_hashes_are_compared_or_refused(text in pieces(), guess in "\\PC{0,20}") {
        let cheap = password::Argon { m_kib: 64, t: 1, p: 1 };
        if password::is_supported(&text).is_err() {
            prop_assert_eq!(password::verify(&guess, &text, &cheap), password::Verdict::Wrong);
        }
        recovery::verify(&guess, &text, &[1; 32]);
        if let Some(code) = recovery::normalise(&text) {
            prop_assert_eq!(recovery::normalise(&code), Some(code));
        }
    }

    #[test]
    fn requests_have_few_candidates(path in pieces(), query in pieces(), body in pieces(), get in any::<bool>()) {
        let (method, body) = if get { ("GET", "") } else { ("POST", body.as_str()) };
        let request = signature::Signed { method, path: &path, query: Some(&query), headers: &[], body: body.as_bytes() };
        prop_assert!(signature::candidates(&request).len() <= 2);
        signature::parse_authorization(&query);
    }

    #[test]
    fn tokens_keys_and_ciphertexts_are_refused(text in pieces()) {
        prop_assert!(jose::verify_hs256(&text, b"key").is_err());
        prop_assert!(jose::verify(&text, &[]).is_err());
        vault::MasterKey::parse(&text);
        let scalar = transport::Sm2TransportKey::from_bytes(&[7; 32]).expect("a scalar");
        prop_assert!(scalar.decrypt(&text).is_none());
    }

    #[test]
    fn names_of_any_kind_make_an_ascii_address_with_two_ampersand_free_names(issuer in "\\PC{0,80}", account in pieces()) {
        let made = otpauth::uri(&issuer, &account, "GEZDGNBVGY3TQOJQ", &totp::Params::default());
        prop_assert!(made.is_ascii());
        prop_assert_eq!(made.matches(':').count(), 2);
        prop_assert_eq!(made.matches('&').count(), 4);
        prop_assert!(otpauth::qr_png_data_url(&made).is_ok());
    }

    #[test]
    fn a_code_matches_its_own_step_and_no_other_text_does(seconds in 0i64..20_000_000_000, text in "\\PC{0,8}") {
        let (params, now) = (totp::Params::default(), Millis::seconds(seconds));
        let step = totp::step_at(now, 30);
        let code = totp::totp_at(b"12345678901234567890", step, &params);
        let found = totp::match_totp(b"12345678901234567890", &code, now, &params, 0, 0, step - 1);
        prop_assert_eq!(found, Some(step));
        if !totp::is_code(&text, 6) {
            prop_assert_eq!(totp::match_totp(b"12345678901234567890", &text, now, &params, 0, 1, i64::MIN), None);
        }
    }

    #[test]
    fn sealed_values_open_again(plain in prop::collection::vec(any::<u8>(), 0..200), row in "\\PC{0,12}") {
        let (vault, _) = vault::Vault::create(&vault::MasterKey::generate(&Entropy), Millis(0), &Entropy);
        let aad = vault::Aad { pool: "p", row: &row, column: "c" };
        let blob = vault.seal(vault::Class::Otp, &aad, &plain, &Entropy);
        let opened = vault.open_blob(vault::Class::Otp, &aad, &blob).expect("the same place");
        prop_assert_eq!(opened.reveal(), &plain);
    }
}
