//! Keys, codes, hashes and signatures: pure functions over bytes.
//!
//! # Layout
//! - [`totp`]: one-time codes (RFC 4226, RFC 6238)
//! - [`base32`]: the text form of a one-time-code secret, read and drawn
//! - [`recovery`]: recovery codes, drawn, normalised, hashed and compared
//! - [`password`]: Argon2id hashes of our own, verification of imported ones, strength and policy
//! - [`vault`]: envelope encryption of columns; keys derived for message authentication
//! - [`jose`]: RS256, ES256, EdDSA and HS256 tokens, public keys of clients and of our own (RFC 7515, 7517, 7519)
//! - [`transport`]: decryption of passwords that a client encrypted with RSA or SM2
//! - [`signature`]: the request signature of the official Node client
//! - [`otpauth`]: `otpauth://` addresses and their QR images
//! - [`captcha`]: pictures of a text for people to read
//! - [`hash`]: SHA-256, HMAC, opaque tokens, constant-time comparison
//!
//! # Not here
//! No clock and no store: the present time and stored values are arguments. No rule about who may do what, how often
//! a code may be tried or how long a token lives. No random bytes but through [`watchword_kit::Entropy`], except
//! inside RSA key generation, which draws from the library's own generator.

pub mod base32;
pub mod captcha;
pub mod hash;
pub mod jose;
pub mod otpauth;
pub mod password;
pub mod recovery;
pub mod signature;
pub mod totp;
pub mod transport;
pub mod vault;
