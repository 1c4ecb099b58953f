//! Firebase Authentication's own use of scrypt.
//!
//! Firebase encrypts its project's signer key with AES-256-CTR under the first 32 bytes of
//! scrypt(password, salt, separator) and stores the result. The XOR of the two is the keystream, which is all that
//! comparing needs: we keep it as `$firebase-scrypt$ln=14,r=8$salt and separator$keystream`, and the signer key stays
//! where it was.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use data_encoding::BASE64_NOPAD;
use watchword_kit::Secret;
use zeroize::Zeroizing;

use super::{Problem, Read, Stored, fields, named, salt_bytes, scrypt_params, tag_bytes};
use crate::hash::ct_eq;

const KEY: usize = 32;

pub(super) fn parse(rest: &str) -> Read<Stored<'static>> {
    let [params, salt, keystream] = fields(rest)?;
    let params = scrypt_params(named(params, "ln")?, named(params, "r")?, 1)?;
    let keystream = tag_bytes(keystream)?;
    if keystream.len() < KEY {
        return Err(Problem::Malformed);
    }
    Ok(Stored::Firebase { params, salt: salt_bytes(salt, 1)?, keystream })
}

pub(super) fn accepts(params: &scrypt::Params, salt: &[u8], keystream: &[u8], password: &[u8]) -> bool {
    let mut derived = Zeroizing::new([0; KEY]);
    scrypt::scrypt(password, salt, params, &mut *derived).is_ok()
        && encrypted_zeros(&*derived, keystream.len()).is_some_and(|got| ct_eq(got, keystream))
}

fn encrypted_zeros(key: &[u8], length: usize) -> Option<Vec<u8>> {
    let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_256, key).ok()?).ok()?;
    let mut out = vec![0; length];
    key.less_safe_encrypt(&mut out, EncryptionContext::Iv128(FixedLength::from([0; 16]))).ok()?;
    Some(out)
}

/// The stored form, from what Firebase exports and its project's parameters. `None` when they do not fit together.
pub fn stored_form(hash: &[u8], salt: &[u8], project: &Project) -> Option<String> {
    let signer = project.signer_key.reveal();
    if hash.len() != signer.len() || hash.len() < KEY {
        return None;
    }
    let keystream: Vec<u8> = hash.iter().zip(signer).map(|(a, b)| a ^ b).collect();
    let salt = [salt, &project.salt_separator].concat();
    let (ln, r) = (project.memory_cost, project.rounds);
    Some(format!("$firebase-scrypt$ln={ln},r={r}${}${}", BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&keystream)))
}

/// A Firebase project's password hash parameters, as its console shows them.
#[derive(Clone, Debug)]
pub struct Project {
    pub signer_key: Secret<Vec<u8>>,
    pub salt_separator: Vec<u8>,
    pub rounds: u32,
    pub memory_cost: u32,
}
