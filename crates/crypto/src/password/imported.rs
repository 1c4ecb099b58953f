//! Stored hashes as other systems write them, read within bounds so that none can exhaust the server.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use watchword_kit::{Secret, Text, text};

use self::digest::{Keyed, Salted};
use super::Argon;
use crate::hash::{ct_eq, sha256};

mod digest;
pub mod firebase;

const MAX_TEXT: usize = 512;
const MAX_BCRYPT_COST: u32 = 15;
const MAX_SCRYPT_LN: u8 = 17;
/// Bounds time: N·r·p, twice what OWASP recommends.
const MAX_SCRYPT_WORK: u64 = 1 << 21;
const MAX_PBKDF2_ROUNDS: u32 = 2_000_000;

/// A stored hash, taken apart.
pub(super) enum Stored<'a> {
    Argon {
        algorithm: argon2::Algorithm,
        version: argon2::Version,
        argon: Argon,
        salt: Vec<u8>,
        tag: Vec<u8>,
    },
    Bcrypt(&'a str),
    /// Django's way around bcrypt's 72 bytes: bcrypt over the hex digits of SHA-256.
    BcryptSha256(&'a str),
    Scrypt {
        params: scrypt::Params,
        salt: Vec<u8>,
        tag: Vec<u8>,
    },
    Pbkdf2 {
        algorithm: pbkdf2::Algorithm,
        rounds: NonZeroU32,
        salt: Vec<u8>,
        tag: Vec<u8>,
    },
    Firebase {
        params: scrypt::Params,
        salt: Vec<u8>,
        keystream: Vec<u8>,
    },
    Salted(Salted),
    Keyed(Keyed),
}

/// Why a stored hash is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Unknown,
    Malformed,
    TooCostly,
}

impl Problem {
    pub(super) fn text(self) -> Text {
        match self {
            Problem::Unknown => text!(
                "unknown password hash; use Argon2, bcrypt ($2a$, $2b$, $2y$), scrypt, PBKDF2, a form of Django, {{SSHA}} and its kin, or md5$salt$hex (sha1, sha256, sha512 alike)",
                "无法识别的密码哈希；请使用 Argon2、bcrypt（$2a$、$2b$、$2y$）、scrypt、PBKDF2、Django 格式、{{SSHA}} 系列，或 md5$salt$hex（sha1、sha256、sha512 同理）"
            ),
            Problem::Malformed => text!("the password hash is incomplete or damaged", "密码哈希不完整或已损坏"),
            Problem::TooCostly => text!(
                "the password hash costs too much to check; at most bcrypt cost {MAX_BCRYPT_COST}, scrypt ln {MAX_SCRYPT_LN}, {MAX_PBKDF2_ROUNDS} PBKDF2 rounds, Argon2 with 256 MiB and 10 passes",
                "密码哈希的校验成本过高；上限为 bcrypt cost {MAX_BCRYPT_COST}、scrypt ln {MAX_SCRYPT_LN}、PBKDF2 {MAX_PBKDF2_ROUNDS} 轮、Argon2 256 MiB 和 10 轮"
            ),
        }
    }
}

type Read<T> = Result<T, Problem>;

impl<'a> Stored<'a> {
    pub(super) fn parse(stored: &'a str) -> Read<Self> {
        if stored.len() > MAX_TEXT {
            return Err(Problem::Malformed);
        }
        if let Some(ldap) = stored.strip_prefix('{') {
            return digest::ldap(ldap).map(Stored::Salted);
        }
        let (scheme, rest) = match stored.strip_prefix('$') {
            Some(phc) => phc.split_once('$').ok_or(Problem::Unknown)?,
            None => return Self::parse_bare(stored),
        };
        match scheme {
            "argon2id" => argon(argon2::Algorithm::Argon2id, rest),
            "argon2i" => argon(argon2::Algorithm::Argon2i, rest),
            "argon2d" => argon(argon2::Algorithm::Argon2d, rest),
            "2a" | "2b" | "2y" => bcrypt(stored).map(Stored::Bcrypt),
            "scrypt" => scrypt(rest),
            "pbkdf2" | "pbkdf2-sha1" => pbkdf2(pbkdf2::PBKDF2_HMAC_SHA1, rest),
            "pbkdf2-sha256" => pbkdf2(pbkdf2::PBKDF2_HMAC_SHA256, rest),
            "pbkdf2-sha384" => pbkdf2(pbkdf2::PBKDF2_HMAC_SHA384, rest),
            "pbkdf2-sha512" => pbkdf2(pbkdf2::PBKDF2_HMAC_SHA512, rest),
            "firebase-scrypt" => firebase::parse(rest),
            _ => match scheme.split_once('-') {
                Some(("salted", kind)) => digest::salted(kind, rest).map(Stored::Salted),
                Some(("hmac", kind)) => digest::keyed(kind, rest).map(Stored::Keyed),
                _ => Err(Problem::Unknown),
            },
        }
    }

    /// Without a `$` in front: Django's forms, and digests over salt and password in hex.
    fn parse_bare(stored: &'a str) -> Read<Self> {
        let (scheme, rest) = stored.split_once('$').ok_or(Problem::Unknown)?;
        match scheme {
            "pbkdf2_sha256" => django(pbkdf2::PBKDF2_HMAC_SHA256, rest, 32),
            "pbkdf2_sha1" => django(pbkdf2::PBKDF2_HMAC_SHA1, rest, 20),
            "bcrypt" => bcrypt(rest).map(Stored::Bcrypt),
            "bcrypt_sha256" => bcrypt(rest).map(Stored::BcryptSha256),
            "argon2" => match rest.split_once('$') {
                Some(("argon2id", rest)) => argon(argon2::Algorithm::Argon2id, rest),
                Some(("argon2i", rest)) => argon(argon2::Algorithm::Argon2i, rest),
                Some(("argon2d", rest)) => argon(argon2::Algorithm::Argon2d, rest),
                _ => Err(Problem::Malformed),
            },
            "scrypt" => django_scrypt(rest),
            _ => digest::bare(scheme, rest).map(Stored::Salted),
        }
    }

    pub(super) fn accepts_imported(&self, password: &[u8]) -> bool {
        match self {
            Stored::Argon { .. } => false,
            Stored::Bcrypt(stored) => bcrypt::verify(password, stored).unwrap_or(false),
            Stored::Scrypt { params, salt, tag } => {
                let mut got = vec![0; tag.len()];
                scrypt::scrypt(password, salt, params, &mut got).is_ok() && ct_eq(got, tag)
            }
            Stored::Pbkdf2 { algorithm, rounds, salt, tag } => {
                pbkdf2::verify(*algorithm, *rounds, salt, password, tag).is_ok()
            }
            Stored::BcryptSha256(stored) => {
                let hex = Secret::new(HEXLOWER.encode(&sha256(password)));
                bcrypt::verify(hex.reveal().as_bytes(), stored).unwrap_or(false)
            }
            Stored::Firebase { params, salt, keystream } => firebase::accepts(params, salt, keystream, password),
            Stored::Salted(salted) => salted.accepts(password),
            Stored::Keyed(keyed) => keyed.accepts(password),
        }
    }
}

fn argon(algorithm: argon2::Algorithm, rest: &str) -> Read<Stored<'static>> {
    let (version, rest) = match rest.strip_prefix("v=") {
        Some(rest) => rest.split_once('$').ok_or(Problem::Malformed)?,
        None => ("16", rest),
    };
    let version = match version {
        "16" => argon2::Version::V0x10,
        "19" => argon2::Version::V0x13,
        _ => return Err(Problem::Unknown),
    };
    let [params, salt, tag] = fields(rest)?;
    let argon = Argon { m_kib: named(params, "m")?, t: named(params, "t")?, p: named(params, "p")? };
    if argon.m_kib > Argon::MAX_M_KIB || argon.t > Argon::MAX_T || argon.p > Argon::MAX_P {
        return Err(Problem::TooCostly);
    }
    if argon != argon.in_range() {
        return Err(Problem::Malformed);
    }
    Ok(Stored::Argon { algorithm, version, argon, salt: salt_bytes(salt, 8)?, tag: tag_bytes(tag)? })
}

fn bcrypt(stored: &str) -> Read<&str> {
    let parts: bcrypt::HashParts = stored.parse().map_err(|_| Problem::Malformed)?;
    match parts.get_cost() {
        0..4 => Err(Problem::Malformed),
        4..=MAX_BCRYPT_COST => Ok(stored),
        _ => Err(Problem::TooCostly),
    }
}

fn scrypt(rest: &str) -> Read<Stored<'static>> {
    let [params, salt, tag] = fields(rest)?;
    let params = scrypt_params(named(params, "ln")?, named(params, "r")?, named(params, "p")?)?;
    Ok(Stored::Scrypt { params, salt: salt_bytes(salt, 1)?, tag: tag_bytes(tag)? })
}

fn scrypt_params(ln: u32, r: u32, p: u32) -> Read<scrypt::Params> {
    let ln = u8::try_from(ln).map_err(|_| Problem::TooCostly)?;
    if ln > MAX_SCRYPT_LN || (u64::from(r) << ln).saturating_mul(u64::from(p)) > MAX_SCRYPT_WORK {
        return Err(Problem::TooCostly);
    }
    if ln == 0 {
        return Err(Problem::Malformed);
    }
    scrypt::Params::new(ln, r, p).map_err(|_| Problem::Malformed)
}

/// `N$salt$r$p$tag`, N itself rather than its logarithm, the salt as text.
fn django_scrypt(rest: &str) -> Read<Stored<'static>> {
    let parts: Vec<&str> = rest.split('$').collect();
    let [n, salt, r, p, tag] = parts.as_slice() else { return Err(Problem::Malformed) };
    let n = number(n)?;
    if !n.is_power_of_two() || salt.is_empty() {
        return Err(Problem::Malformed);
    }
    let params = scrypt_params(n.trailing_zeros(), number(r)?, number(p)?)?;
    Ok(Stored::Scrypt { params, salt: salt.as_bytes().to_vec(), tag: tag_bytes(tag)? })
}

/// PHC (`i=600000,l=32`) and passlib (`29000`) differ in how they write the rounds.
fn pbkdf2(algorithm: pbkdf2::Algorithm, rest: &str) -> Read<Stored<'static>> {
    let [params, salt, tag] = fields(rest)?;
    let rounds = if params.contains('=') { named(params, "i")? } else { number(params)? };
    let rounds = rounds_in_range(rounds)?;
    Ok(Stored::Pbkdf2 { algorithm, rounds, salt: salt_bytes(salt, 1)?, tag: tag_bytes(tag)? })
}

/// Django salts with the text itself and pads its base64.
fn django(algorithm: pbkdf2::Algorithm, rest: &str, length: usize) -> Read<Stored<'static>> {
    let [rounds, salt, tag] = fields(rest)?;
    let rounds = rounds_in_range(number(rounds)?)?;
    let tag = BASE64.decode(tag.as_bytes()).map_err(|_| Problem::Malformed)?;
    if salt.is_empty() || tag.len() != length {
        return Err(Problem::Malformed);
    }
    Ok(Stored::Pbkdf2 { algorithm, rounds, salt: salt.as_bytes().to_vec(), tag })
}

fn fields(rest: &str) -> Read<[&str; 3]> {
    let mut parts = rest.split('$');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(params), Some(salt), Some(tag), None) => Ok([params, salt, tag]),
        _ => Err(Problem::Malformed),
    }
}

/// The value of `name` in `a=1,b=2`.
fn named(params: &str, name: &str) -> Read<u32> {
    let value = params.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    number(value.ok_or(Problem::Malformed)?)
}

fn number(digits: &str) -> Read<u32> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::Malformed);
    }
    digits.parse().map_err(|_| Problem::TooCostly)
}

fn rounds_in_range(rounds: u32) -> Read<NonZeroU32> {
    if rounds > MAX_PBKDF2_ROUNDS {
        return Err(Problem::TooCostly);
    }
    NonZeroU32::new(rounds).ok_or(Problem::Malformed)
}

/// Base64 without padding; passlib writes `.` for `+`.
fn base64(text: &str) -> Read<Vec<u8>> {
    let text = text.trim_end_matches('=').replace('.', "+");
    BASE64_NOPAD.decode(text.as_bytes()).map_err(|_| Problem::Malformed)
}

fn salt_bytes(text: &str, least: usize) -> Read<Vec<u8>> {
    let salt = base64(text)?;
    if salt.len() < least { Err(Problem::Malformed) } else { Ok(salt) }
}

/// At least 128 bits, so that no short tag matches by chance; at most 64 bytes, so that none multiplies the work.
fn tag_bytes(text: &str) -> Read<Vec<u8>> {
    let tag = base64(text)?;
    if (16..=64).contains(&tag.len()) { Ok(tag) } else { Err(Problem::Malformed) }
}

#[cfg(test)]
mod tests;
