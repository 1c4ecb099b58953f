//! Keys that sign and keys that verify: RSA, P-256 and Ed25519 (RFC 7517, RFC 7518 §6, RFC 8037).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, VerificationAlgorithm,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use watchword_kit::Secret;

use super::{JoseError, RsaSize, decode, signing_input};
use crate::hash::sha256;

/// A signature with a key pair (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alg {
    Rs256,
    Es256,
    EdDsa,
}

impl Alg {
    pub const ALL: [Alg; 3] = [Alg::Rs256, Alg::Es256, Alg::EdDsa];

    pub const fn as_str(self) -> &'static str {
        match self {
            Alg::Rs256 => "RS256",
            Alg::Es256 => "ES256",
            Alg::EdDsa => "EdDSA",
        }
    }

    pub fn parse(name: &str) -> Option<Alg> {
        Alg::ALL.into_iter().find(|a| a.as_str() == name)
    }
}

/// A key that signs, held ready: parsing it for every token would cost more than signing. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey(Arc<Ready>);

struct Ready {
    pair: Pair,
    verify: VerifyKey,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Draws an RSA key from the library's own generator. Takes up to a second.
    pub fn generate(size: RsaSize) -> Result<Self, JoseError> {
        Self::from_pair(Pair::Rsa(RsaKeyPair::generate(size.key_size()).map_err(|_| JoseError::Key)?))
    }

    /// Draws a key for this algorithm: RSA of 2048 bits, P-256 or Ed25519.
    pub fn generate_for(alg: Alg) -> Result<Self, JoseError> {
        match alg {
            Alg::Rs256 => Self::generate(RsaSize::Rsa2048),
            Alg::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| JoseError::Key)?;
                Self::from_pair(Pair::P256(pair))
            }
            Alg::EdDsa => Self::from_pair(Pair::Ed25519(Ed25519KeyPair::generate().map_err(|_| JoseError::Key)?)),
        }
    }

    /// Reads what [`to_pkcs8`](Self::to_pkcs8) wrote: RSA of 2048 to 8192 bits, P-256 or Ed25519.
    pub fn from_pkcs8(alg: Alg, der: &[u8]) -> Result<Self, JoseError> {
        let pair = match alg {
            Alg::Rs256 => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
            Alg::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::P256),
            Alg::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed25519),
        };
        Self::from_pair(pair.map_err(|_| JoseError::Key)?)
    }

    /// PKCS#8 DER, to be sealed.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, JoseError> {
        let der = match &self.0.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| JoseError::Key)?;
                der.as_ref().to_vec()
            }
            Pair::P256(pair) => pair.to_pkcs8v1().map_err(|_| JoseError::Key)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map_err(|_| JoseError::Key)?.as_ref().to_vec(),
        };
        Ok(Secret::new(der))
    }

    pub fn alg(&self) -> Alg {
        self.0.verify.alg()
    }

    /// The RFC 7638 thumbprint of the public key: SHA-256, base64url.
    pub fn kid(&self) -> &str {
        self.0.verify.kid()
    }

    /// The public key for the key set: `kty`, `use`, `alg`, `kid`, and the members of its kind.
    pub fn public_jwk(&self) -> Value {
        self.0.verify.jwk()
    }

    pub fn verify_key(&self) -> VerifyKey {
        self.0.verify.clone()
    }

    /// A compact token with `alg`, `typ` and `kid` in its header.
    pub fn sign(&self, claims: &Value, typ: &str) -> Result<String, JoseError> {
        self.sign_under(&json!({ "alg": self.alg().as_str(), "typ": typ, "kid": self.kid() }), claims)
    }

    /// A compact token with this header, whatever it says.
    pub fn sign_under(&self, header: &Value, claims: &Value) -> Result<String, JoseError> {
        let mut token = signing_input(header, claims);
        let signature = self.raw(token.as_bytes())?;
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        Ok(token)
    }

    pub(super) fn raw(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        match &self.0.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| JoseError::Key)?;
                Ok(signature)
            }
            Pair::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| JoseError::Key)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }

    fn from_pair(pair: Pair) -> Result<Self, JoseError> {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let public = match &pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                Members::Rsa {
                    n: text(public.modulus().big_endian_without_leading_zero()),
                    e: text(public.exponent().big_endian_without_leading_zero()),
                }
            }
            Pair::P256(pair) => {
                // 0x04, x, y: SEC 1 §2.3.3.
                let point = pair.public_key().as_ref();
                let (x, y) = (point.get(1..33).ok_or(JoseError::Key)?, point.get(33..65).ok_or(JoseError::Key)?);
                Members::P256 { x: text(x), y: text(y) }
            }
            Pair::Ed25519(pair) => Members::Ed25519 { x: text(pair.public_key().as_ref()) },
        };
        Ok(SigningKey(Arc::new(Ready { pair, verify: VerifyKey::new(public, None)? })))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.kid())
    }
}

/// A public key. Cheap to clone.
#[derive(Clone)]
pub struct VerifyKey(Arc<Public>);

struct Public {
    kid: String,
    thumbprint: String,
    members: Members,
    key: ParsedPublicKey,
}

/// What makes a public key, base64url.
enum Members {
    Rsa { n: String, e: String },
    P256 { x: String, y: String },
    Ed25519 { x: String },
}

impl Members {
    fn alg(&self) -> Alg {
        match self {
            Members::Rsa { .. } => Alg::Rs256,
            Members::P256 { .. } => Alg::Es256,
            Members::Ed25519 { .. } => Alg::EdDsa,
        }
    }

    /// What is hashed for the thumbprint: the members that make the key, in the order of their names (RFC 7638 §3).
    fn canonical(&self) -> String {
        match self {
            Members::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
            Members::P256 { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
            Members::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
        }
    }

    fn parse(&self) -> Result<ParsedPublicKey, JoseError> {
        let (algorithm, bytes): (&'static dyn VerificationAlgorithm, Vec<u8>) = match self {
            Members::Rsa { n, e } => {
                let (n, e) = (decode(n)?, decode(e)?);
                // Within 2^16 to 2^32, as anybody makes them: a huge exponent makes verifying slow.
                if !(3..=4).contains(&e.len()) || e.last().is_none_or(|last| last % 2 == 0) {
                    return Err(JoseError::Key);
                }
                if !(256..=1024).contains(&n.len()) || n.first() == Some(&0) {
                    return Err(JoseError::Key);
                }
                (&RSA_PKCS1_2048_8192_SHA256, der_sequence(&[der_integer(&n), der_integer(&e)].concat()))
            }
            Members::P256 { x, y } => {
                let (x, y) = (decode(x)?, decode(y)?);
                if x.len() != 32 || y.len() != 32 {
                    return Err(JoseError::Key);
                }
                (&ECDSA_P256_SHA256_FIXED, [&[4][..], &x, &y].concat())
            }
            Members::Ed25519 { x } => (&ED25519, decode(x)?),
        };
        ParsedPublicKey::new(algorithm, bytes).map_err(|_| JoseError::Key)
    }
}

/// DER lengths of up to 65,535 bytes.
fn der_with(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..=127 => out.push(length as u8),
        128..=255 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(content);
    out
}

/// A positive number: a leading zero where the first bit is set.
fn der_integer(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[bytes.iter().take_while(|b| **b == 0).count()..];
    let sign: &[u8] = if bytes.first().is_none_or(|b| b & 0x80 != 0) { &[0] } else { &[] };
    der_with(2, &[sign, bytes].concat())
}

fn der_sequence(content: &[u8]) -> Vec<u8> {
    der_with(0x30, content)
}

impl VerifyKey {
    /// A public key as clients publish it (RFC 7517 §4): `RSA` of 2048 to 8192 bits, `EC` on P-256, `OKP` on Ed25519.
    ///
    /// # Errors
    /// [`JoseError::Key`] for other kinds, broken ones, ones meant for another use, and private ones.
    pub fn from_jwk(jwk: &Value) -> Result<Self, JoseError> {
        const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let need = |name: &str| text(name).filter(|t| t.len() <= 1400).map(str::to_owned).ok_or(JoseError::Key);
        if PRIVATE.iter().any(|name| jwk.get(name).is_some()) || text("use").is_some_and(|usage| usage != "sig") {
            return Err(JoseError::Key);
        }
        let members = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => Members::Rsa { n: need("n")?, e: need("e")? },
            (Some("EC"), Some("P-256")) => Members::P256 { x: need("x")?, y: need("y")? },
            (Some("OKP"), Some("Ed25519")) => Members::Ed25519 { x: need("x")? },
            _ => return Err(JoseError::Key),
        };
        // `Ed25519` is RFC 9864's name for what RFC 8037 calls `EdDSA`.
        let fits = |alg: &str| alg == members.alg().as_str() || (members.alg() == Alg::EdDsa && alg == "Ed25519");
        if text("alg").is_some_and(|alg| !fits(alg)) {
            return Err(JoseError::Key);
        }
        Self::new(members, text("kid").map(str::to_owned))
    }

    /// An RSA public key as PEM (RFC 7468 §13), of 2048 bits or more.
    ///
    /// # Errors
    /// [`JoseError::Key`] for everything else.
    pub fn check_pem(pem: &str) -> Result<(), JoseError> {
        let inner = pem
            .trim()
            .strip_prefix("-----BEGIN PUBLIC KEY-----")
            .and_then(|t| t.strip_suffix("-----END PUBLIC KEY-----"));
        let text: String = inner.ok_or(JoseError::Key)?.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = data_encoding::BASE64.decode(text.as_bytes()).map_err(|_| JoseError::Key)?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &der).map_err(|_| JoseError::Key)?;
        // SubjectPublicKeyInfo of an RSA key of 2048 bits has 294 bytes.
        if key.as_ref().len() < 290 { Err(JoseError::Key) } else { Ok(()) }
    }

    fn new(members: Members, kid: Option<String>) -> Result<Self, JoseError> {
        let key = members.parse()?;
        let thumbprint = BASE64URL_NOPAD.encode(&sha256(members.canonical().as_bytes()));
        let kid = kid.unwrap_or_else(|| thumbprint.clone());
        Ok(VerifyKey(Arc::new(Public { kid, thumbprint, members, key })))
    }

    pub fn alg(&self) -> Alg {
        self.0.members.alg()
    }

    /// The name that the key was given, or else its thumbprint.
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// RFC 7638, SHA-256, base64url.
    pub fn thumbprint(&self) -> &str {
        &self.0.thumbprint
    }

    /// The key for a key set.
    pub fn jwk(&self) -> Value {
        let (alg, kid) = (self.alg().as_str(), self.kid());
        match &self.0.members {
            Members::Rsa { n, e } => json!({ "kty": "RSA", "use": "sig", "alg": alg, "kid": kid, "n": n, "e": e }),
            Members::P256 { x, y } => {
                json!({ "kty": "EC", "use": "sig", "alg": alg, "kid": kid, "crv": "P-256", "x": x, "y": y })
            }
            Members::Ed25519 { x } => {
                json!({ "kty": "OKP", "use": "sig", "alg": alg, "kid": kid, "crv": "Ed25519", "x": x })
            }
        }
    }

    pub(super) fn verifies(&self, signed: &str, signature: &[u8]) -> Result<(), JoseError> {
        self.0.key.verify_sig(signed.as_bytes(), signature).map_err(|_| JoseError::Signature)
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyKey({})", self.kid())
    }
}
