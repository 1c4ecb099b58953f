//! Recovery codes: drawn, read in any spelling, stored hashed.
//!
//! A code of our own has 96 bits: more than anybody guesses, fewer than the 112 for which a plain hash would do (NIST
//! SP 800-63B §3.1.2.2), so it is stored as a salted HMAC under a key outside the database, which is fast enough to
//! import ten thousand. A code of any other shape may have been chosen by a person and is hashed like a password.

use data_encoding::BASE64_NOPAD;
use watchword_kit::{Entropy, Secret};

use crate::hash::{ct_eq, hmac_sha256};
use crate::password::{self, Argon, Verdict};

const PREFIX: &str = "hmac$";
const DIGITS: usize = 24;

/// A fresh code: six groups of four lower-case hex digits, 96 bits. Shown once.
pub fn generate(entropy: &Entropy) -> Secret<String> {
    let digits = Secret::new(entropy.hex(DIGITS / 2));
    let mut code = String::with_capacity(DIGITS + 5);
    for (i, digit) in digits.reveal().chars().enumerate() {
        if i > 0 && i % 4 == 0 {
            code.push('-');
        }
        code.push(digit);
    }
    Secret::new(code)
}

/// The form that is hashed and compared: without `-` and spaces, in lower case, 8 to 128 of `0-9a-z`; or nothing.
pub fn normalise(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len().min(128));
    for c in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
        if !c.is_ascii_alphanumeric() || out.len() == 128 {
            return None;
        }
        out.push(c.to_ascii_lowercase());
    }
    (out.len() >= 8).then_some(out)
}

/// Whether a normalised code has the shape of [`generate`]: 24 hex digits.
pub fn is_generated_shape(normalised: &str) -> bool {
    normalised.len() == DIGITS && normalised.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether hashing this code costs as much as a password, so that the caller must take a hashing permit first.
pub fn needs_argon(normalised: &str) -> bool {
    !is_generated_shape(normalised)
}

/// The stored form, which says itself how it was made: `hmac$<salt>$<tag>`, or an Argon2id PHC string.
///
/// `mac_key` is [`crate::vault::Vault::mac_key`] for recovery codes.
pub fn hash(normalised: &str, mac_key: &[u8; 32], entropy: &Entropy, argon: &Argon) -> String {
    if needs_argon(normalised) {
        return password::hash(normalised, argon, entropy);
    }
    let salt = entropy.bytes::<16>();
    let tag = tag(normalised, &salt, mac_key);
    format!("{PREFIX}{}${}", BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&tag))
}

/// Whether a normalised code is the stored one. A stored form that cannot be read matches nothing.
///
/// Costs an Argon2 evaluation only when the stored form is one: [`stored_needs_argon`].
pub fn verify(normalised: &str, stored: &str, mac_key: &[u8; 32]) -> bool {
    let Some(rest) = stored.strip_prefix(PREFIX) else {
        return stored_needs_argon(stored) && password::verify(normalised, stored, &Argon::default()) != Verdict::Wrong;
    };
    let Some((salt, expected)) = rest.split_once('$') else { return false };
    let (Ok(salt), Ok(expected)) = (BASE64_NOPAD.decode(salt.as_bytes()), BASE64_NOPAD.decode(expected.as_bytes()))
    else {
        return false;
    };
    ct_eq(tag(normalised, &salt, mac_key), expected)
}

/// Whether comparing with this stored form costs as much as a password.
pub fn stored_needs_argon(stored: &str) -> bool {
    stored.starts_with("$argon2")
}

fn tag(normalised: &str, salt: &[u8], mac_key: &[u8; 32]) -> [u8; 32] {
    let message = Secret::new([salt, normalised.as_bytes()].concat());
    hmac_sha256(mac_key, message.reveal())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const CHEAP: Argon = Argon { m_kib: 64, t: 1, p: 1 };

    fn has_contract_shape(code: &str) -> bool {
        let groups: Vec<&str> = code.split('-').collect();
        let hex = |g: &&str| g.len() == 4 && g.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        groups.len() == 6 && groups.iter().all(hex)
    }

    #[test]
    fn ten_thousand_codes_have_the_shape_and_none_repeats() {
        let codes: HashSet<String> = (0..10_000).map(|_| generate(&Entropy).reveal().clone()).collect();
        assert_eq!(codes.len(), 10_000);
        assert!(codes.iter().all(|c| has_contract_shape(c)));
        let ones: u32 = codes.iter().flat_map(|c| c.chars().filter_map(|d| d.to_digit(16))).map(u32::count_ones).sum();
        // 960,000 fair bits: six standard deviations are 2,939.
        assert!(ones.abs_diff(480_000) < 2_939, "{ones}");
    }

    #[test]
    fn case_dashes_and_spaces_do_not_matter() {
        let code = "a1b2-c3d4-e5f6-0718-293a-4b5c";
        let stored = hash(&normalise(code).expect("good"), &KEY, &Entropy, &CHEAP);
        for spelling in
            [code, "A1B2-C3D4-E5F6-0718-293A-4B5C", "a1b2c3d4e5f60718293a4b5c", " a1b2 c3d4 e5f60718293a-4b5c"]
        {
            assert!(verify(&normalise(spelling).expect("good"), &stored, &KEY), "{spelling}");
        }
        assert!(!verify("a1b2c3d4e5f60718293a4b5d", &stored, &KEY));
    }

    #[test]
    fn only_8_to_128_letters_and_digits_are_a_code() {
        assert_eq!(normalise("12345678").as_deref(), Some("12345678"));
        assert_eq!(normalise(&"Z".repeat(128)), Some("z".repeat(128)));
        for odd in ["", "1234567", "1-2-3-4-5-6-7", "1234 567_8", "abcdefgé", "１２３４５６７８", "12345678\n"]
        {
            assert_eq!(normalise(odd), None, "{odd:?}");
        }
        assert_eq!(normalise(&"z".repeat(129)), None);
    }

    #[test]
    fn a_generated_code_is_stored_under_the_key_and_a_chosen_one_as_a_password() {
        let own = normalise(generate(&Entropy).reveal()).expect("our own code is good");
        let stored = hash(&own, &KEY, &Entropy, &CHEAP);
        assert!(stored.starts_with("hmac$") && !stored.contains(&own));
        assert!(!verify(&own, &stored, &[8; 32]), "another key must not do");

        for chosen in ["correcthorsebattery", "a1b2c3d4e5f60718293a4b5g", "a1b2c3d4e5f60718293a4b5c0"] {
            assert!(needs_argon(chosen));
            let stored = hash(chosen, &KEY, &Entropy, &CHEAP);
            assert!(stored.starts_with("$argon2id$") && stored_needs_argon(&stored));
            assert!(verify(chosen, &stored, &KEY));
            assert!(!verify(&own, &stored, &KEY));
        }
    }

    #[test]
    fn one_code_is_stored_differently_each_time() {
        let own = "a1b2c3d4e5f60718293a4b5c";
        assert_ne!(hash(own, &KEY, &Entropy, &CHEAP), hash(own, &KEY, &Entropy, &CHEAP));
    }

    #[test]
    fn what_cannot_be_read_matches_nothing() {
        let own = "a1b2c3d4e5f60718293a4b5c";
        for stored in ["", "hmac$", "hmac$AAAA", "hmac$AAAA$", "hmac$!$!", own, "md5$$x", "$argon2id$v=19$m=1"] {
            assert!(!verify(own, stored, &KEY), "{stored:?}");
        }
    }
}
