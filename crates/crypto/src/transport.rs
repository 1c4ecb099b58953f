//! Passwords that a client encrypted before sending them, with RSA or SM2.
//!
//! TLS protects passwords; this exists because clients may set `passwordEncryptType`. Every failure is the same
//! [`None`]: the caller goes on with a password that cannot be right and answers after the same work as for a wrong
//! one, so that no ciphertext can be probed (RFC 8017 §7.2.2).

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use sm2::elliptic_curve::sec1::ToSec1Point;
use sm2::pke::{DecryptingKey, Mode};
use watchword_kit::{Entropy, Secret};
use zeroize::Zeroizing;

pub use crate::jose::RsaSize;

/// Longer ciphertexts are refused unread; a password has at most 1,024 bytes of UTF-8.
const MAX_TEXT: usize = 8 * 1024;

/// A private key could not be made, read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadKey;

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the transport key cannot be used")
    }
}

impl std::error::Error for BadKey {}

/// RSA with PKCS#1 v1.5 padding, which is what the official clients do.
pub struct RsaTransportKey {
    key: PrivateDecryptingKey,
    decrypting: Pkcs1PrivateDecryptingKey,
    public_pem: String,
}

impl RsaTransportKey {
    /// Draws a key from the library's own generator. Takes up to a second.
    pub fn generate(size: RsaSize) -> Result<Self, BadKey> {
        Self::new(PrivateDecryptingKey::generate(size.key_size()).map_err(|_| BadKey)?)
    }

    /// Reads PKCS#8 DER. 2048 to 8192 bits.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, BadKey> {
        Self::new(PrivateDecryptingKey::from_pkcs8(der).map_err(|_| BadKey)?)
    }

    /// PKCS#8 DER, to be sealed.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, BadKey> {
        let der: Pkcs8V1Der<'_> = self.key.as_der().map_err(|_| BadKey)?;
        Ok(Secret::new(der.as_ref().to_vec()))
    }

    /// The public key as PEM (`BEGIN PUBLIC KEY`), which `GET /api/v3/system` shows.
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// Decrypts standard base64 of one RSA block.
    pub fn decrypt(&self, base64: &str) -> Option<Secret<String>> {
        if base64.len() > MAX_TEXT {
            return None;
        }
        let sealed = BASE64.decode(base64.as_bytes()).ok()?;
        let mut buffer = Zeroizing::new(vec![0; self.decrypting.min_output_size()]);
        text(self.decrypting.decrypt(&sealed, &mut buffer).ok()?)
    }

    fn new(key: PrivateDecryptingKey) -> Result<Self, BadKey> {
        let der: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| BadKey)?;
        let public_pem = pem(der.as_ref());
        let decrypting = Pkcs1PrivateDecryptingKey::new(key.clone()).map_err(|_| BadKey)?;
        Ok(RsaTransportKey { key, decrypting, public_pem })
    }
}

impl fmt::Debug for RsaTransportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaTransportKey(***)")
    }
}

/// SM2 public-key encryption (GB/T 32918.4) in the framings of the official clients.
pub struct Sm2TransportKey {
    key: DecryptingKey,
    public_hex: String,
}

impl Sm2TransportKey {
    pub fn generate(entropy: &Entropy) -> Self {
        loop {
            // All but about 2^-32 of the numbers of 256 bits are scalars of the curve.
            if let Ok(key) = Self::from_bytes(&entropy.bytes::<32>()) {
                return key;
            }
        }
    }

    /// Reads a scalar of 32 bytes, big-endian.
    pub fn from_bytes(scalar: &[u8]) -> Result<Self, BadKey> {
        if scalar.len() != 32 {
            return Err(BadKey);
        }
        let key = DecryptingKey::from_slice(scalar).map_err(|_| BadKey)?;
        let public = key.encrypting_key().as_affine().to_sec1_point(false);
        Ok(Sm2TransportKey { public_hex: HEXLOWER.encode(public.as_bytes()), key })
    }

    /// The scalar, to be sealed.
    pub fn to_bytes(&self) -> Secret<Vec<u8>> {
        Secret::new(self.key.to_bytes().to_vec())
    }

    /// `04||x||y`, 130 hex digits, which `GET /api/v3/system` shows.
    pub fn public_hex(&self) -> &str {
        &self.public_hex
    }

    /// Decrypts hex, after an optional `sm2:` and with or without the leading `04`: C1C3C2, or else C1C2C3, whichever
    /// has the right hash C3. In C1C2C3 the text may itself be base64 of the password, as one client sends it.
    pub fn decrypt(&self, hex: &str) -> Option<Secret<String>> {
        if hex.len() > MAX_TEXT {
            return None;
        }
        let hex = hex.strip_prefix("sm2:").unwrap_or(hex);
        let given = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?;
        let prefixed = [&[4], given.as_slice()].concat();
        // A coordinate may itself begin with 04, so both readings are tried; only one is a point of the curve.
        let readings = [prefixed.as_slice(), given.as_slice()];
        let readings = readings.into_iter().filter(|r| r.first() == Some(&4));
        for sealed in readings {
            if let Some(plain) = self.open(sealed, Mode::C1C3C2) {
                return text(plain.reveal());
            }
            if let Some(plain) = self.open(sealed, Mode::C1C2C3) {
                return unwrap_base64(plain.reveal()).or_else(|| text(plain.reveal()));
            }
        }
        None
    }

    /// `sealed` begins with 04. An empty plain text counts as a failure.
    fn open(&self, sealed: &[u8], mode: Mode) -> Option<Secret<Vec<u8>>> {
        if sealed.len() <= 1 + 64 + 32 {
            return None;
        }
        let key = DecryptingKey::new_with_mode(*self.key.as_nonzero_scalar(), mode);
        key.decrypt(sealed).ok().map(Secret::new)
    }
}

impl fmt::Debug for Sm2TransportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm2TransportKey(***)")
    }
}

fn text(plain: &[u8]) -> Option<Secret<String>> {
    let joined = join_surrogates(plain);
    let text = std::str::from_utf8(joined.reveal()).ok()?;
    (!text.is_empty()).then(|| Secret::new(text.to_owned()))
}

/// jsencrypt encodes each half of a surrogate pair for itself (CESU-8): three bytes for a half, six for an emoji.
/// Such a pair becomes the four bytes of UTF-8; everything else stays.
fn join_surrogates(plain: &[u8]) -> Secret<Vec<u8>> {
    let mut out = Vec::with_capacity(plain.len());
    let mut rest = plain;
    while let Some(first) = rest.first() {
        if let [0xed, a @ 0xa0..=0xaf, b @ 0x80..=0xbf, 0xed, c @ 0xb0..=0xbf, d @ 0x80..=0xbf, tail @ ..] = rest {
            let [a, b, c, d] = [a, b, c, d].map(|byte| u32::from(*byte));
            let code = 0x1_0000 + ((a & 0x0f) << 16 | (b & 0x3f) << 10 | (c & 0x0f) << 6 | (d & 0x3f));
            let joined = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(joined.encode_utf8(&mut [0; 4]).as_bytes());
            rest = tail;
        } else {
            out.push(*first);
            rest = &rest[1..];
        }
    }
    Secret::new(out)
}

fn unwrap_base64(plain: &[u8]) -> Option<Secret<String>> {
    let inner = Secret::new(BASE64.decode(plain).ok()?);
    text(inner.reveal())
}

fn pem(der: &[u8]) -> String {
    let mut out = String::from("-----BEGIN PUBLIC KEY-----\n");
    let mut rest = BASE64.encode(der);
    while !rest.is_empty() {
        let tail = rest.split_off(rest.len().min(64));
        out.push_str(&rest);
        out.push('\n');
        rest = tail;
    }
    out.push_str("-----END PUBLIC KEY-----");
    out
}

#[cfg(test)]
mod tests;
