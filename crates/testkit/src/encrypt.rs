//! Encrypts passwords as the clients' own libraries do.

use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use data_encoding::BASE64;

/// RSA PKCS#1 v1.5 in Base64 under a PEM public key.
pub fn rsa(pem: &str, password: &str) -> String {
    let body: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    let der = BASE64.decode(body.as_bytes()).expect("Base64");
    let key = Pkcs1PublicEncryptingKey::new(PublicEncryptingKey::from_der(&der).expect("a public key")).expect("RSA");
    let mut out = vec![0; key.ciphertext_size()];
    let n = key.encrypt(password.as_bytes(), &mut out).expect("it fits").len();
    BASE64.encode(&out[..n])
}
