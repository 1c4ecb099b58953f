//! Password hashes: Argon2id of our own (RFC 9106), and verification of hashes imported from other systems.
//!
//! Every byte of a password counts, up to any length, except under an imported bcrypt hash: bcrypt itself reads 72
//! bytes only, so such a hash accepts any password that begins with the same 72. It is replaced at the next login.
//!
//! One evaluation takes about 12 ms and 19 MiB at the default cost: callers bound how many run at once.

mod imported;
mod policy;

use std::sync::{Mutex, PoisonError};

use argon2::{Argon2, Block};
use data_encoding::BASE64_NOPAD;
use watchword_kit::{Entropy, Text};

use crate::hash::ct_eq;
use imported::Stored;
pub use imported::firebase;
pub use policy::{MAX_LENGTH, check_policy, strength};

const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 32;

/// The cost of Argon2id. Values out of range are taken as the nearest in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon {
    /// Memory in KiB, at least 8 for each lane, at most 262,144 (256 MiB).
    pub m_kib: u32,
    /// Passes, 1 to 10.
    pub t: u32,
    /// Lanes, 1 to 16.
    pub p: u32,
}

impl Argon {
    const MAX_M_KIB: u32 = 256 * 1024;
    const MAX_T: u32 = 10;
    const MAX_P: u32 = 16;

    fn in_range(self) -> Self {
        let p = self.p.clamp(1, Self::MAX_P);
        Argon { m_kib: self.m_kib.clamp(8 * p, Self::MAX_M_KIB), t: self.t.clamp(1, Self::MAX_T), p }
    }
}

/// OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
impl Default for Argon {
    fn default() -> Self {
        Argon { m_kib: 19_456, t: 2, p: 1 }
    }
}

/// What comparing a password with a stored hash showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but the stored hash is of another kind or cheaper than new ones: hash the password again and store it.
    RightButStale,
}

/// A PHC string: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>`, 16 bytes of salt, 32 of tag.
pub fn hash(password: &str, argon: &Argon, entropy: &Entropy) -> String {
    let argon = argon.in_range();
    let salt = entropy.bytes::<SALT_BYTES>();
    let mut tag = [0; TAG_BYTES];
    evaluate(argon2::Algorithm::Argon2id, argon2::Version::V0x13, argon, password.as_bytes(), &salt, &mut tag);
    phc(argon, &salt, &tag)
}

/// Compares a password with a stored hash. `current` is the cost of new hashes, which decides what is stale.
///
/// A stored hash that [`is_supported`] refuses matches nothing and costs nothing.
pub fn verify(password: &str, stored: &str, current: &Argon) -> Verdict {
    let Ok(stored) = Stored::parse(stored) else { return Verdict::Wrong };
    if !stored.accepts(password.as_bytes()) {
        return Verdict::Wrong;
    }
    if stored.is_as_strong_as(current.in_range()) { Verdict::Right } else { Verdict::RightButStale }
}

/// Whether [`verify`] can compare with this hash, within bounds of cost that an imported one must not exceed.
///
/// Understood: Argon2 PHC strings; bcrypt `$2a$`, `$2b$`, `$2y$`; scrypt PHC strings (`$scrypt$ln=..,r=..,p=..$`);
/// PBKDF2 with SHA-1 to SHA-512 as PHC (`$pbkdf2-sha256$i=..$`) and as passlib writes it (`$pbkdf2-sha256$29000$`);
/// Django's `pbkdf2_sha256$`, `pbkdf2_sha1$`, `bcrypt$`, `bcrypt_sha256$`, `argon2$` and `scrypt$`; Firebase's scrypt as
/// [`firebase`] keeps it; MD5, SHA-1, SHA-256 or SHA-512 over password and salt (`md5$<salt>$<hex>`, `sha1$…`), over
/// salt and password (`md5-salt-first$<salt>$<hex>`), with a salt that is no text
/// (`$salted-sha256$prefix$<base64>$<base64>`), as directories write it (`{SSHA}<base64>`), or keyed
/// (`$hmac-sha256$v=1$<base64>$<base64>`).
pub fn is_supported(stored: &str) -> Result<(), Text> {
    Stored::parse(stored).map(|_| ()).map_err(|problem| problem.text())
}

/// Whether comparing with this hash evaluates Argon2, whatever is compared.
pub fn is_argon2(stored: &str) -> bool {
    matches!(Stored::parse(stored), Ok(Stored::Argon { .. }))
}

/// A hash at this cost that no known password has. Comparing with it takes an unknown user as long as a known one.
pub fn dummy_hash(argon: &Argon) -> String {
    let salt = *b"nobody's salt...";
    phc(argon.in_range(), &salt, &crate::hash::sha256(b"watchword: the tag of no password"))
}

fn phc(argon: Argon, salt: &[u8], tag: &[u8]) -> String {
    let Argon { m_kib, t, p } = argon;
    format!("$argon2id$v=19$m={m_kib},t={t},p={p}${}${}", BASE64_NOPAD.encode(salt), BASE64_NOPAD.encode(tag))
}

/// Fills `tag`. The caller has brought `argon` into range and `tag` to 4 bytes or more, `salt` to 8 or more.
fn evaluate(
    algorithm: argon2::Algorithm,
    version: argon2::Version,
    argon: Argon,
    password: &[u8],
    salt: &[u8],
    tag: &mut [u8],
) {
    let params = argon2::Params::new(argon.m_kib, argon.t, argon.p, Some(tag.len()))
        .expect("parameters in range are good parameters");
    let blocks = params.block_count();
    let argon = Argon2::new(algorithm, version, params);
    with_memory(blocks, |memory| argon.hash_password_into_with_memory(password, salt, tag, memory))
        .expect("lengths in range are good lengths");
}

/// Runs `work` on memory that earlier evaluations have used: fresh pages would cost as much as the hashing.
///
/// Kept for the process, not per thread: as many areas as evaluations ran at once, not as many as threads ever did.
fn with_memory<T>(blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
    static FREE: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());
    const KEPT: usize = 16;
    const KEPT_BLOCKS: usize = 64 * 1024;

    let mut memory = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    let done = work(&mut memory[..blocks]);
    if memory.len() <= KEPT_BLOCKS {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < KEPT {
            free.push(memory);
        }
    }
    done
}

impl Stored<'_> {
    fn accepts(&self, password: &[u8]) -> bool {
        match self {
            Stored::Argon { algorithm, version, argon, salt, tag } => {
                let mut got = vec![0; tag.len()];
                evaluate(*algorithm, *version, *argon, password, salt, &mut got);
                ct_eq(got, tag)
            }
            other => other.accepts_imported(password),
        }
    }

    fn is_as_strong_as(&self, current: Argon) -> bool {
        match self {
            Stored::Argon { algorithm, version, argon, salt, tag } => {
                *algorithm == argon2::Algorithm::Argon2id
                    && *version == argon2::Version::V0x13
                    && argon.m_kib >= current.m_kib
                    && argon.t >= current.t
                    && salt.len() >= SALT_BYTES
                    && tag.len() >= TAG_BYTES
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Argon = Argon { m_kib: 64, t: 1, p: 1 };

    #[test]
    fn a_hash_is_argon2id_at_the_cost_asked_for_with_a_fresh_salt() {
        let stored = hash("hunter2", &Argon::default(), &Entropy);
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(verify("hunter2", &stored, &Argon::default()), Verdict::Right);
        assert_eq!(verify("hunter3", &stored, &Argon::default()), Verdict::Wrong);
        assert_ne!(hash("hunter2", &CHEAP, &Entropy), hash("hunter2", &CHEAP, &Entropy));
    }

    #[test]
    fn no_byte_of_a_long_password_is_ignored() {
        let long = "é".repeat(99);
        let stored = hash(&format!("{long}a"), &CHEAP, &Entropy);
        assert_eq!(verify(&format!("{long}a"), &stored, &CHEAP), Verdict::Right);
        assert_eq!(verify(&format!("{long}b"), &stored, &CHEAP), Verdict::Wrong);
        let stored = hash("before\0after", &CHEAP, &Entropy);
        assert_eq!(verify("before\0other", &stored, &CHEAP), Verdict::Wrong);
        assert_eq!(verify("before", &stored, &CHEAP), Verdict::Wrong);
    }

    #[test]
    fn a_cheaper_hash_is_stale_and_a_dearer_one_is_not() {
        let stored = hash("pw", &Argon { m_kib: 128, t: 2, p: 1 }, &Entropy);
        let against = |m_kib, t| verify("pw", &stored, &Argon { m_kib, t, p: 1 });
        assert_eq!(against(128, 2), Verdict::Right);
        assert_eq!(against(64, 1), Verdict::Right);
        assert_eq!(against(129, 2), Verdict::RightButStale);
        assert_eq!(against(128, 3), Verdict::RightButStale);
    }

    #[test]
    fn memory_used_before_gives_the_same_hash_as_fresh_memory() {
        let stored = hash("pw", &Argon { m_kib: 256, t: 1, p: 1 }, &Entropy);
        for other in ["a", "b", "c"] {
            hash(other, &CHEAP, &Entropy);
        }
        assert_eq!(verify("pw", &stored, &CHEAP), Verdict::Right);
        let Ok(Stored::Argon { salt, tag, .. }) = Stored::parse(&stored) else { panic!("our own hash is read") };
        let params = argon2::Params::new(256, 1, 1, Some(32)).expect("good");
        let fresh = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let mut again = [0; 32];
        fresh.hash_password_into(b"pw", &salt, &mut again).expect("good");
        assert_eq!(again.as_slice(), tag);
    }

    #[test]
    fn nobody_has_the_dummy_hash_and_it_costs_what_a_real_one_does() {
        let dummy = dummy_hash(&CHEAP);
        let real = hash("pw", &CHEAP, &Entropy);
        assert_eq!(is_supported(&dummy), Ok(()));
        assert_eq!(dummy.len(), real.len());
        assert_eq!(dummy.split('$').take(4).collect::<Vec<_>>(), real.split('$').take(4).collect::<Vec<_>>());
        for guess in ["", "watchword: the tag of no password", "password"] {
            assert_eq!(verify(guess, &dummy, &CHEAP), Verdict::Wrong);
        }
    }

    #[test]
    fn cost_out_of_range_is_brought_into_range_and_can_be_verified() {
        let stored = hash("pw", &Argon { m_kib: 0, t: 0, p: 0 }, &Entropy);
        assert!(stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{stored}");
        assert_eq!(verify("pw", &stored, &Argon { m_kib: 0, t: 0, p: 0 }), Verdict::Right);
    }
}
