//! Fast digests, salted or keyed: MD5, SHA-1, SHA-256 and SHA-512, as older systems store passwords.

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};
use md5::{Digest, Md5};
use watchword_kit::Secret;

use super::{Problem, Read, base64, fields, tag_bytes};
use crate::hash::ct_eq;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Kind {
    fn parse(name: &str) -> Read<Kind> {
        match name {
            "md5" => Ok(Kind::Md5),
            "sha1" => Ok(Kind::Sha1),
            "sha256" => Ok(Kind::Sha256),
            "sha512" => Ok(Kind::Sha512),
            _ => Err(Problem::Unknown),
        }
    }

    fn length(self) -> usize {
        match self {
            Kind::Md5 => 16,
            Kind::Sha1 => 20,
            Kind::Sha256 => 32,
            Kind::Sha512 => 64,
        }
    }

    fn digest(self, data: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Kind::Md5 => return Md5::digest(data).to_vec(),
            Kind::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Kind::Sha256 => &digest::SHA256,
            Kind::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, data).as_ref().to_vec()
    }
}

/// A digest over password and salt, in one order or the other.
pub(in crate::password) struct Salted {
    kind: Kind,
    salt: Vec<u8>,
    salt_first: bool,
    tag: Vec<u8>,
}

impl Salted {
    pub(super) fn accepts(&self, password: &[u8]) -> bool {
        let parts = if self.salt_first { [&self.salt, password] } else { [password, &self.salt] };
        ct_eq(self.kind.digest(Secret::new(parts.concat()).reveal()), &self.tag)
    }

    fn of(kind: Kind, salt: &[u8], salt_first: bool, tag: Vec<u8>) -> Read<Salted> {
        if tag.len() != kind.length() {
            return Err(Problem::Malformed);
        }
        Ok(Salted { kind, salt: salt.to_vec(), salt_first, tag })
    }
}

/// `sha1$salt$hex` over password and salt, `sha1-salt-first$salt$hex` over salt and password. The salt may be empty
/// and may itself hold `$`; the digest is what follows the last one.
pub(super) fn bare(scheme: &str, rest: &str) -> Read<Salted> {
    let (name, salt_first) = match scheme.strip_suffix("-salt-first") {
        Some(name) => (name, true),
        None => (scheme, false),
    };
    let kind = Kind::parse(name)?;
    let (salt, tag) = rest.rsplit_once('$').ok_or(Problem::Malformed)?;
    let tag = HEXLOWER_PERMISSIVE.decode(tag.as_bytes()).map_err(|_| Problem::Malformed)?;
    Salted::of(kind, salt.as_bytes(), salt_first, tag)
}

/// `$salted-sha256$prefix$salt$tag` in base64, for salts that are no text; `suffix` is over password and salt.
pub(super) fn salted(name: &str, rest: &str) -> Read<Salted> {
    let kind = Kind::parse(name)?;
    let [position, salt, tag] = fields(rest)?;
    let salt_first = match position {
        "prefix" => true,
        "suffix" => false,
        _ => return Err(Problem::Malformed),
    };
    Salted::of(kind, &base64(salt)?, salt_first, tag_bytes(tag)?)
}

/// What follows `{` in `{SSHA}base64`, as directories store it: the digest over password and salt, then the salt.
pub(super) fn ldap(rest: &str) -> Read<Salted> {
    let (name, text) = rest.split_once('}').ok_or(Problem::Unknown)?;
    let name = name.to_ascii_uppercase();
    let (kind, with_salt) = match name.as_str() {
        "MD5" => (Kind::Md5, false),
        "SMD5" => (Kind::Md5, true),
        "SHA" => (Kind::Sha1, false),
        "SSHA" => (Kind::Sha1, true),
        "SHA256" => (Kind::Sha256, false),
        "SSHA256" => (Kind::Sha256, true),
        "SHA512" => (Kind::Sha512, false),
        "SSHA512" => (Kind::Sha512, true),
        _ => return Err(Problem::Unknown),
    };
    let bytes = BASE64.decode(text.as_bytes()).or_else(|_| BASE64_NOPAD.decode(text.as_bytes()));
    let bytes = bytes.map_err(|_| Problem::Malformed)?;
    let (tag, salt) = bytes.split_at_checked(kind.length()).ok_or(Problem::Malformed)?;
    if with_salt == salt.is_empty() {
        return Err(Problem::Malformed);
    }
    Salted::of(kind, salt, false, tag.to_vec())
}

/// HMAC over the password with a key of the other system.
pub(in crate::password) struct Keyed {
    algorithm: hmac::Algorithm,
    key: Vec<u8>,
    tag: Vec<u8>,
}

impl Keyed {
    pub(super) fn accepts(&self, password: &[u8]) -> bool {
        ct_eq(hmac::sign(&hmac::Key::new(self.algorithm, &self.key), password), &self.tag)
    }
}

/// `$hmac-sha256$v=1$key$tag` in base64.
pub(super) fn keyed(name: &str, rest: &str) -> Read<Keyed> {
    let algorithm = match name {
        "sha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "sha256" => hmac::HMAC_SHA256,
        "sha512" => hmac::HMAC_SHA512,
        _ => return Err(Problem::Unknown),
    };
    let [version, key, tag] = fields(rest)?;
    let tag = tag_bytes(tag)?;
    if version != "v=1" || tag.len() != algorithm.digest_algorithm().output_len() {
        return Err(Problem::Malformed);
    }
    Ok(Keyed { algorithm, key: base64(key)?, tag })
}
