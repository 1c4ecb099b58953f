//! SHA-256, HMAC, opaque tokens and comparison in constant time.

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use subtle::ConstantTimeEq;
use watchword_kit::Entropy;

/// SHA-256 as 32 bytes.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    out
}

/// SHA-256 as 64 lower-case hex digits.
pub fn sha256_hex(data: &[u8]) -> String {
    HEXLOWER.encode(&sha256(data))
}

/// SHA-256 over data that comes in parts.
pub struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Sha256(digest::Context::new(&digest::SHA256))
    }
}

impl Sha256 {
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// 64 lower-case hex digits.
    pub fn hex(self) -> String {
        HEXLOWER.encode(self.0.finish().as_ref())
    }
}

/// The form in which an opaque token is stored and looked up: SHA-256, base64url without padding, 43 characters.
///
/// Enough only for tokens with 112 bits of entropy or more (NIST SP 800-63B §3.1.2.2); [`crate::recovery`] and
/// [`crate::password`] hash what people choose.
pub fn token_hash(token: &str) -> String {
    BASE64URL_NOPAD.encode(&sha256(token.as_bytes()))
}

/// `bytes` random bytes as base64url without padding.
pub fn token(entropy: &Entropy, bytes: usize) -> String {
    let mut raw = vec![0; bytes];
    entropy.fill(&mut raw);
    BASE64URL_NOPAD.encode(&raw)
}

/// 128 random bytes as padded standard base64, the shape of the contract's `enrollmentToken`. Nothing is inside it.
pub fn enrollment_token(entropy: &Entropy) -> String {
    BASE64.encode(&entropy.bytes::<128>())
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
pub fn ct_eq(a: impl AsRef<[u8]>, b: impl AsRef<[u8]>) -> bool {
    a.as_ref().ct_eq(b.as_ref()).into()
}

/// HMAC-SHA-256 (RFC 2104).
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_abc_is_the_value_of_fips_180() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(token_hash("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }

    #[test]
    fn hmac_agrees_with_rfc_4231_case_2() {
        let tag = HEXLOWER.encode(&hmac_sha256(b"Jefe", b"what do ya want for nothing?"));
        assert_eq!(tag, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn an_enrollment_token_is_128_fresh_bytes() {
        let (a, b) = (enrollment_token(&Entropy), enrollment_token(&Entropy));
        assert_ne!(a, b);
        assert_eq!(BASE64.decode(a.as_bytes()).map(|raw| raw.len()), Ok(128));
    }

    #[test]
    fn a_token_carries_the_bytes_asked_for_and_fits_a_url() {
        let t = token(&Entropy, 32);
        assert_eq!(t.len(), 43);
        assert!(t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }

    #[test]
    fn comparison_tells_length_and_content_apart() {
        assert!(ct_eq("same", b"same"));
        assert!(!ct_eq("same", "sama"));
        assert!(!ct_eq("same", "same "));
    }
}
