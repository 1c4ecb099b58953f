//! Imported hashes, against vectors of the systems that made them.

use super::*;
use crate::password::firebase::{Project, stored_form};
use crate::password::{Verdict, is_supported, verify};

const PASSWORD: &str = "correct horse 密码";
const CURRENT: Argon = Argon { m_kib: 64, t: 2, p: 1 };

/// Made by passlib 1.7.4, argon2-cffi and Python's hashlib from [`PASSWORD`].
const FOREIGN: &[&str] = &[
    "$2b$04$dVgdhfS/I33EsQdYsQtmseJP6TiD5vD9px9v0DaWgxen0nQQI8Mzm",
    "$2a$04$wxGLqdAeXt944zfDp7u/R.atusLvKD9uZxqHjNtGtA4MMk.4ucFka",
    "$2y$04$m1QOOm7BwIYXbcDACs4Ta.25oS8Y8tl9GOfeH5YWxlSynVVTxlgxu",
    "$scrypt$ln=4,r=8,p=2$tfaeE8JYKwXgnFOKcc6Z8w$Y6gIQHeakuVgqrT+hZVY4um8rh6POOjpdKn4J19u40Y",
    "$pbkdf2-sha256$1000$DQHAGCNkbK21NgYghJASYg$FmCzdVoTloz677Ob8ColSnfeduyG56FajEtkExdfYa0",
    "$pbkdf2-sha512$1000$I6R0DiEEgHBurXUupbRWyg$RM4/KPBQR8a3NsKMGm/nVp859/czNjehCclp4Vstxx7.tsM.WaHAqUVDf/tDoH/scUNeGxzDlLduzwE1yIOrJw",
    "pbkdf2_sha256$1000$uTBqgefO9Kr2$PPTmXoFYCGk0jLEpL39Fzolo5cXkmZIoJWMpXl03aXU=",
    "$pbkdf2-sha256$i=1500,l=32$MDEyMzQ1Njc4OWFiY2RlZg$uG//s2nTEi3BPb3u/hIWDyUzr7X/PrF38iDQYMcM17w",
    "$pbkdf2-sha512$i=1500,l=64$MDEyMzQ1Njc4OWFiY2RlZg$Ufee4RM6aBb3KIZDt7DB9eiilWIG9zXcsUgdTNnctTKde9qhvW6/FO+HoUrxZgMwyXyAOY5odL8Ve2Ea9KwD/w",
    "$argon2id$v=19$m=64,t=2,p=2$wNh7L8VYi5GSUioFYMw5Zw$Ry8DJZvCs0VTuwNR9JWQPFjcyealkgWA3NekJqNGcXY",
    "$argon2i$v=19$m=64,t=2,p=2$JwTAmPNe6/1/7/0/p7QW4g$rwnz5+apvOr9mEoOEKbaT5AI4nRuMTx4JvygCweZhLU",
    "$argon2d$v=19$m=64,t=2,p=2$HEMo5ZwzBoBwbm1tzdmbEw$GTmMb9V/Lc4YfIl+Ok6lChx4B8O3R6EMnwrV0MfwhnI",
    "md5$s4lt$462d16477bcb9d105ef38a7ead417d29",
    "md5-salt-first$s4lt$9c7a5759ae7b23155c3699398aef2dff",
    "md5$$2046DFE39B3122BA0A14FA71CAF049F6",
];

/// Made by Django 5.2, Python's hashlib, hmac and bcrypt, and AES-CTR of the package cryptography from [`PASSWORD`].
const MIGRATED: &[&str] = &[
    "pbkdf2_sha1$1000$uTBqgefO9Kr2$20ZvLQheJrXy5yXaBPfXRLr5Zrs=",
    "bcrypt_sha256$$2b$04$DfLnQsBOMv/H5ZPTgEhf6.DIwneqc6YsLMF.mkL6lD.G9McLlYsUm",
    "bcrypt$$2b$04$OgRoKgbTCi60cwqml4ldHeUige42YSmES/CW3dxDprm8u7nGmsmCa",
    "argon2$argon2id$v=19$m=64,t=2,p=2$c2FsdHNhbHRzYWx0$sNl+WVRdMpdej17h+f3zajsbGG2vwbQ3FOMXrG6qDDs",
    "scrypt$16$seasalt$8$2$kvn48SjZDLx+uPC34hMzN3l37S8nxyH9QvN79DlBuOCK48HEgieXnXpQZpl68cKy9dyS4jMhHP2RpwmtVQ2rOg==",
    "sha1$s4lt$480d5ff5f2b0fa9f12de920b13e1ef2af0a0181d",
    "sha1-salt-first$s4lt$7c9e7c38956904391be440e6506594adb935adb6",
    "sha256$s4lt$db4a8335129960e2172429aa9636ab003a24f58febfc3c95f9a67e07e77a479c",
    "sha256-salt-first$s4lt$c7cb3ce5cc21746b4504e9d249be1ee9b2c2ed6bad5c38c706da22ee7eed6d46",
    "sha512$s4lt$a396efc6bbe52f48c10d162d9dfba96a5c7c24267ce4f74167a72b1bf027f638e22678e014b5577a34247d2a138f3ea11e0f5addbe1d4ca59aac7adc8e2cc62d",
    "sha512-salt-first$s4lt$1732088ed6c286c1462205ed8810f12dafdb1d5961d6c6252066299f77a45eebda474d902487588a77582396ead494b7fa30273a4c8a4281200825a1c7c7aac4",
    "sha256$$94a9db9d63a8c6268e022c737e3e8d86585a4c0fda7778efdd96833f314825e8",
    "{SMD5}fSgSVpiK49/ZnMeB7XcEkQD/BwnIAQID",
    "{SSHA}64oLzPkrmNVmYnnj2KPvdVbNsB8A/wcJyAECAw==",
    "{SSHA256}ShAcf1QLpKdIqPL0WqlOj2+hYkTN/6TZCvIRfldxfJMA/wcJyAECAw==",
    "{SSHA512}9Y5CmTq2fbghMI8NZWwx2rW8ulZZwhONh/IwxQBeL6px96QqPmMGnH5rDwPqxU1dVKLNsavf/lnrEFxsi9UjDwD/BwnIAQID",
    "{SHA}76ZszWpCNG/7s8j0Ok5qECPdVQ0=",
    "$salted-sha256$prefix$AP8HCcgBAgM$BfrvrLqFZa+LW6EfBdpykywls6kDbKJNUCPNL4INLxw",
    "$salted-sha512$suffix$AP8HCcgBAgM$9Y5CmTq2fbghMI8NZWwx2rW8ulZZwhONh/IwxQBeL6px96QqPmMGnH5rDwPqxU1dVKLNsavf/lnrEFxsi9UjDw",
    "$hmac-sha256$v=1$a2V5IG9mIHRoZSB0ZW5hbnQ$XLB3rQWBgFI7O0NfNusMNa5ZfBIkWT07gJwrrCJZOwg",
    "$hmac-sha1$v=1$aw$VWiTN7tn9zzFuN7S/K7S5Ih7Z6E",
    "$pbkdf2-sha1$i=1500,l=20$MDEyMzQ1Njc4OWFiY2RlZg$a4TtLQvUM/7USG6Bv0Q+/Zgqy/I",
    "$pbkdf2$1000$MDEyMzQ1Njc4OWFiY2RlZg$mXks0CB5pRyRyTfNMpQXREwFboI",
    "$firebase-scrypt$ln=8,r=8$ZmlyZXNhbHS/EA$duKV1sNqLDFG3vfaivOf9oqBDl4h3GPBRl4cN2ibic/LtZe3UAaq5DIXFZxem2ogYC7G3ziQHyxYZ6D6I9l4AA",
];

#[test]
fn hashes_of_other_systems_are_right_but_stale() {
    for stored in FOREIGN.iter().chain(MIGRATED) {
        assert_eq!(is_supported(stored), Ok(()), "{stored}");
        let strong = stored.contains("argon2id$") && stored.contains("$wNh7L8VYi5GSUioFYMw5Zw$");
        let want = if strong { Verdict::Right } else { Verdict::RightButStale };
        assert_eq!(verify(PASSWORD, stored, &CURRENT), want, "{stored}");
        assert_eq!(verify("correct horse", stored, &CURRENT), Verdict::Wrong, "{stored}");
        assert_eq!(verify("", stored, &CURRENT), Verdict::Wrong, "{stored}");
    }
}

#[test]
fn a_changed_character_of_the_tag_never_matches() {
    for stored in FOREIGN {
        for i in stored.len() - 20..stored.len() {
            let other = if stored[i..].starts_with(['a', 'A']) { "b" } else { "a" };
            let changed = format!("{}{other}{}", &stored[..i], &stored[i + 1..]);
            assert_eq!(verify(PASSWORD, &changed, &CURRENT), Verdict::Wrong, "{changed}");
        }
    }
}

#[test]
fn bcrypt_reads_72_bytes_and_no_more() {
    let stored = bcrypt::hash_with_salt("x".repeat(72), 4, [9; 16]).expect("good").to_string();
    assert_eq!(verify(&"x".repeat(100), &stored, &CURRENT), Verdict::RightButStale);
    assert_eq!(verify(&"x".repeat(71), &stored, &CURRENT), Verdict::Wrong);
}

#[test]
fn absurd_costs_are_refused_before_any_work() {
    let tag = "A".repeat(43);
    let salt = "A".repeat(22);
    let dots = ".".repeat(22);
    let costly = [
        format!("$2b$16${dots}{dots}........."),
        format!("$2b$31${dots}{dots}........."),
        format!("$scrypt$ln=18,r=8,p=1${salt}${tag}"),
        format!("$scrypt$ln=17,r=32,p=1${salt}${tag}"),
        format!("$scrypt$ln=17,r=1,p=4294967295${salt}${tag}"),
        format!("$scrypt$ln=4294967295,r=8,p=1${salt}${tag}"),
        format!("scrypt$262144$salt$8$1${tag}"),
        format!("$firebase-scrypt$ln=18,r=8${salt}${tag}"),
        format!("$pbkdf2-sha256$i=2000001${salt}${tag}"),
        format!("$pbkdf2-sha512$99999999999${salt}${tag}"),
        format!("pbkdf2_sha256$2000001$salt${tag}="),
        format!("$argon2id$v=19$m=262145,t=1,p=1${salt}${tag}"),
        format!("$argon2id$v=19$m=64,t=11,p=1${salt}${tag}"),
        format!("$argon2id$v=19$m=4096,t=1,p=17${salt}${tag}"),
    ];
    for stored in &costly {
        assert_eq!(Stored::parse(stored).err(), Some(Problem::TooCostly), "{stored}");
        assert_eq!(verify(PASSWORD, stored, &CURRENT), Verdict::Wrong);
    }
    for stored in [
        format!("$2b$15${dots}{dots}........."),
        format!("$scrypt$ln=17,r=8,p=1${salt}${tag}"),
        format!("$pbkdf2-sha256$i=2000000${salt}${tag}"),
        format!("$argon2id$v=19$m=262144,t=10,p=1${salt}${tag}"),
    ] {
        assert_eq!(is_supported(&stored), Ok(()), "{stored}");
    }
}

#[test]
fn damaged_and_unknown_forms_are_told_apart() {
    let (salt, tag, dots) = ("A".repeat(22), "A".repeat(43), ".".repeat(22));
    let malformed = [
        format!("$argon2id$v=19$m=64,t=2${salt}${tag}"),
        format!("$argon2id$v=19$m=7,t=2,p=1${salt}${tag}"),
        format!("$argon2id$v=19$m=64,t=2,p=1$AAAA${tag}"),
        format!("$argon2id$v=19$m=64,t=2,p=1${salt}$AAAA"),
        format!("$argon2id$v=19$m=64,t=+2,p=1${salt}${tag}"),
        format!("$argon2id$v=19$m=64,t=2,p=1${salt}${tag}$more"),
        format!("$2b$03${dots}{dots}........."),
        "$2b$10$short".to_owned(),
        format!("$scrypt$ln=0,r=8,p=1${salt}${tag}"),
        format!("$scrypt$ln=4,r=0,p=1${salt}${tag}"),
        format!("$pbkdf2-sha256$0${salt}${tag}"),
        format!("$pbkdf2-sha256$1000${salt}${}", "A".repeat(200)),
        "md5$salt$0123".to_owned(),
        "sha1$a$b".to_owned(),
        format!("sha256$salt${}", "0".repeat(40)),
        "{SSHA}AAAA".to_owned(),
        "{SSHA}76ZszWpCNG/7s8j0Ok5qECPdVQ0=".to_owned(),
        format!("$salted-sha256$middle${salt}${tag}"),
        format!("$hmac-sha512$v=1${salt}${tag}"),
        format!("$firebase-scrypt$ln=14,r=8${salt}${salt}"),
        format!("scrypt$15$salt$8$1${tag}"),
        "bcrypt$2b$10$short".to_owned(),
        "argon2$argon2x$v=19".to_owned(),
        "md5$5f4dcc3b5aa765d61d8327deb882cf99".to_owned(),
        format!("$argon2id$v=19$m=64,t=2,p=1${salt}${}", "A".repeat(600)),
    ];
    for stored in &malformed {
        assert_eq!(Stored::parse(stored).err(), Some(Problem::Malformed), "{stored}");
    }
    for stored in [
        "",
        "plain",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$2x$10$a",
        "$1$salt$hash",
        "$6$salt$hash",
        "crypt$a$b",
        "{CRYPT}x",
    ] {
        assert_eq!(Stored::parse(stored).err(), Some(Problem::Unknown), "{stored}");
        assert!(is_supported(stored).is_err());
    }
}

#[test]
fn a_firebase_hash_is_kept_without_its_projects_signer_key() {
    let decode = |text: &str| BASE64.decode(text.as_bytes()).expect("base64");
    let signer = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";
    let project =
        Project { signer_key: Secret::new(decode(signer)), salt_separator: decode("vxA="), rounds: 8, memory_cost: 8 };
    let hash = decode("duOX1cdvKjZO1/3Rhv6R+ZqQHE01yXXWXkcGLHSGl9DrlLWUdCOMwxo+P7dytkQPUB/07AylKRtgXprBH+RGPw==");
    let stored = stored_form(&hash, &decode("ZmlyZXNhbHQ="), &project).expect("they fit");
    assert_eq!(verify(PASSWORD, &stored, &CURRENT), Verdict::RightButStale);
    assert!(!stored.contains(signer.trim_end_matches('=')));
    assert_eq!(stored_form(&hash[1..], b"salt", &project), None);
}
