//! Imported hashes, against vectors of the systems that made them.

use super::*;
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

#[test]
fn hashes_of_other_systems_are_right_but_stale() {
    for stored in FOREIGN {
        assert_eq!(is_supported(stored), Ok(()), "{stored}");
        let strong = stored.starts_with("$argon2id$");
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
        "md5$5f4dcc3b5aa765d61d8327deb882cf99".to_owned(),
        format!("$argon2id$v=19$m=64,t=2,p=1${salt}${}", "A".repeat(600)),
    ];
    for stored in &malformed {
        assert_eq!(Stored::parse(stored).err(), Some(Problem::Malformed), "{stored}");
    }
    for stored in
        ["", "plain", "5f4dcc3b5aa765d61d8327deb882cf99", "$2x$10$a", "$1$salt$hash", "$6$salt$hash", "sha1$a$b"]
    {
        assert_eq!(Stored::parse(stored).err(), Some(Problem::Unknown), "{stored}");
        assert!(is_supported(stored).is_err());
    }
}
