//! Encrypted transport of passwords.

use std::sync::LazyLock;

use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use serde_json::Value;
use sm2::elliptic_curve::common::getrandom::SysRng;
use sm2::pke::EncryptingKey;

use super::*;

/// Made by other programs: see the file's own note.
static FOREIGN: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../testdata/transport.json")).expect("JSON"));
static OWN: LazyLock<RsaTransportKey> = LazyLock::new(|| RsaTransportKey::generate(RsaSize::Rsa2048).expect("a key"));

fn foreign(path: &str) -> &'static str {
    FOREIGN.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path}"))
}

fn foreign_rsa() -> RsaTransportKey {
    RsaTransportKey::from_pkcs8(&BASE64.decode(foreign("/rsa/pkcs8").as_bytes()).expect("base64")).expect("a key")
}

fn foreign_sm2() -> Sm2TransportKey {
    Sm2TransportKey::from_bytes(&HEXLOWER.decode(foreign("/sm2/private").as_bytes()).expect("hex")).expect("a key")
}

fn rsa_encrypt(key: &RsaTransportKey, plain: &[u8]) -> String {
    let pem: String = key.public_pem().lines().filter(|l| !l.starts_with('-')).collect();
    let public = PublicEncryptingKey::from_der(&BASE64.decode(pem.as_bytes()).expect("base64")).expect("SPKI");
    let public = Pkcs1PublicEncryptingKey::new(public).expect("a key");
    let mut out = vec![0; public.ciphertext_size()];
    BASE64.encode(public.encrypt(plain, &mut out).expect("encrypted"))
}

fn sm2_encrypt(key: &Sm2TransportKey, mode: Mode, plain: &[u8]) -> String {
    let public = EncryptingKey::new_with_mode(key.key.encrypting_key().as_affine().try_into().expect("a point"), mode);
    HEXLOWER.encode(&public.encrypt(&mut SysRng, plain).expect("encrypted"))
}

fn shown(plain: Option<Secret<String>>) -> Option<String> {
    plain.map(|p| p.reveal().clone())
}

fn password() -> Option<String> {
    Some(foreign("/password").to_owned())
}

#[test]
fn rsa_ciphertexts_of_openssl_and_jsencrypt_are_read() {
    let key = foreign_rsa();
    assert_eq!(shown(key.decrypt(foreign("/rsa/openssl_pkcs1"))), password());
    assert_eq!(shown(key.decrypt(foreign("/rsa/jsencrypt"))), password());
    assert_eq!(key.public_pem(), foreign("/rsa/public_pem"));
}

#[test]
fn every_rsa_failure_is_the_same_none() {
    let key = foreign_rsa();
    let good = foreign("/rsa/openssl_pkcs1");
    let block = BASE64.decode(good.as_bytes()).expect("base64");
    let mut flipped = block.clone();
    flipped[100] ^= 1;
    let encoded = |bytes: &[u8]| BASE64.encode(bytes);
    let bad = [
        foreign("/rsa/openssl_oaep").to_owned(),
        foreign("/rsa/not_utf8").to_owned(),
        rsa_encrypt(&OWN, b"for another key"),
        rsa_encrypt(&key, b""),
        encoded(&flipped),
        encoded(&block[1..]),
        encoded(&[&block[..], &[0]].concat()),
        encoded(&[0xff; 256]),
        encoded(&[0; 256]),
        String::new(),
        "not base64!".to_owned(),
        good.trim_end_matches('=').to_owned(),
        "A".repeat(MAX_TEXT + 4),
    ];
    for text in bad {
        assert!(key.decrypt(&text).is_none(), "{text}");
    }
}

#[test]
fn halves_of_surrogate_pairs_are_joined_and_single_ones_refused() {
    let key = &*OWN;
    for text in ["🗝", "a\u{10000}b", "\u{10ffff}", "한", "\u{d7ff}"] {
        let cesu: Vec<u8> = text
            .encode_utf16()
            .flat_map(|u| match u {
                0..0x80 => vec![u as u8],
                _ => vec![0xe0 | (u >> 12) as u8, 0x80 | (u >> 6 & 0x3f) as u8, 0x80 | (u & 0x3f) as u8],
            })
            .collect();
        assert_eq!(shown(key.decrypt(&rsa_encrypt(key, &cesu))).as_deref(), Some(text));
        assert_eq!(shown(key.decrypt(&rsa_encrypt(key, text.as_bytes()))).as_deref(), Some(text));
    }
    for half in [&[0xed, 0xa0, 0x80][..], &[0xed, 0xb0, 0x80], &[0xed, 0xb0, 0x80, 0xed, 0xa0, 0x80], &[0xed, 0xa0]] {
        assert!(key.decrypt(&rsa_encrypt(key, half)).is_none(), "{half:x?}");
    }
}

#[test]
fn an_rsa_key_survives_pkcs8_and_is_not_shown() {
    let again = RsaTransportKey::from_pkcs8(OWN.to_pkcs8().expect("written").reveal()).expect("read");
    assert_eq!(again.public_pem(), OWN.public_pem());
    assert_eq!(shown(again.decrypt(&rsa_encrypt(&OWN, b"hunter2"))).as_deref(), Some("hunter2"));
    assert!(RsaTransportKey::from_pkcs8(b"no key").is_err());
    assert_eq!(format!("{again:?}"), "RsaTransportKey(***)");
}

#[test]
fn sm2_ciphertexts_of_sm_crypto_are_read_in_every_framing() {
    let key = foreign_sm2();
    assert_eq!(key.public_hex(), foreign("/sm2/public"));
    for name in ["c1c3c2", "c1c2c3", "c1c2c3_of_base64"] {
        let hex = foreign(&format!("/sm2/{name}"));
        let bare = if name == "c1c2c3_of_base64" { &hex[2..] } else { hex };
        for framed in
            [bare.to_owned(), format!("04{bare}"), format!("sm2:{bare}"), format!("sm2:04{bare}"), bare.to_uppercase()]
        {
            assert_eq!(shown(key.decrypt(&framed)), password(), "{name}: {framed}");
        }
    }
}

#[test]
fn a_coordinate_that_begins_with_04_is_not_taken_for_the_prefix() {
    let hex = foreign("/sm2/c1c3c2_that_starts_with_04");
    assert!(hex.starts_with("04"));
    assert_eq!(shown(foreign_sm2().decrypt(hex)).as_deref(), Some("starts with 04"));
    assert_eq!(shown(foreign_sm2().decrypt(&format!("04{hex}"))).as_deref(), Some("starts with 04"));
}

#[test]
fn base64_is_unwrapped_in_c1c2c3_only() {
    let wrapped = BASE64.encode(foreign("/password").as_bytes());
    assert_eq!(shown(foreign_sm2().decrypt(foreign("/sm2/c1c3c2_of_base64"))), Some(wrapped));
    let key = Sm2TransportKey::generate(&Entropy);
    let plain = "not base64 but a password";
    assert_eq!(shown(key.decrypt(&sm2_encrypt(&key, Mode::C1C2C3, plain.as_bytes()))).as_deref(), Some(plain));
}

#[test]
fn every_sm2_failure_is_the_same_none() {
    let key = foreign_sm2();
    let good = foreign("/sm2/c1c3c2");
    let other = Sm2TransportKey::generate(&Entropy);
    let mut bad = vec![
        String::new(),
        "sm2:".to_owned(),
        "04".to_owned(),
        "zz".to_owned(),
        good[..good.len() - 1].to_owned(),
        good[..192].to_owned(),
        format!("sm2:sm2:{good}"),
        format!("0404{good}"),
        "00".repeat(120),
        "04".repeat(120),
        "ff".repeat(120),
        "A".repeat(MAX_TEXT + 2),
        sm2_encrypt(&other, Mode::C1C3C2, b"for another key"),
        sm2_encrypt(&key, Mode::C1C3C2, &[0xff, 0xfe]),
    ];
    for i in (0..good.len()).step_by(7) {
        let digit = if good[i..].starts_with('0') { '1' } else { '0' };
        bad.push(format!("{}{digit}{}", &good[..i], &good[i + 1..]));
    }
    for text in bad {
        assert!(key.decrypt(&text).is_none(), "{text}");
    }
}

#[test]
fn an_sm2_key_survives_its_bytes_and_is_not_shown() {
    let key = Sm2TransportKey::generate(&Entropy);
    let again = Sm2TransportKey::from_bytes(key.to_bytes().reveal()).expect("read");
    assert_eq!((again.public_hex(), again.public_hex().len()), (key.public_hex(), 130));
    assert!(again.public_hex().starts_with("04"));
    assert_eq!(shown(again.decrypt(&sm2_encrypt(&key, Mode::C1C3C2, b"hunter2"))).as_deref(), Some("hunter2"));
    assert_eq!(format!("{again:?}"), "Sm2TransportKey(***)");
    for bad in [&[0; 32][..], &[0xff; 32], &[1; 31], &[1; 33], &[]] {
        assert!(Sm2TransportKey::from_bytes(bad).is_err());
    }
}
