//! Access tokens whose signature was found right lately. Checking one takes longer than all else that identifies its
//! bearer, and a client sends the same token with every request.
//!
//! Only the signature is remembered: whether the token has expired and whether its session still lives is asked each
//! time. What is kept is the token's SHA-256 and its claims, never the token. When a signing key ends,
//! all is forgotten.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use watchword_crypto::hash::sha256;

use crate::token::AccessClaims;

/// Parts with a lock of their own.
const PARTS: usize = 16;
/// Tokens in one generation of one part; two generations are kept, about 10 MiB in all.
const GENERATION: usize = 1024;

type Generation = HashMap<[u8; 32], AccessClaims>;

/// A bounded memory of tokens: what was not asked for during a whole generation is forgotten.
#[derive(Default)]
pub struct VerifiedTokens([Mutex<Part>; PARTS]);

#[derive(Default)]
struct Part {
    young: Generation,
    old: Generation,
}

impl VerifiedTokens {
    /// The claims of this token: remembered, or what `verify` finds, which is then remembered.
    pub fn claims(&self, token: &str, verify: impl FnOnce() -> Option<AccessClaims>) -> Option<AccessClaims> {
        let key = sha256(token.as_bytes());
        let part = &self.0[usize::from(key[0]) % PARTS];
        if let Some(known) = part.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(known);
        }
        let claims = verify()?;
        part.lock().unwrap_or_else(PoisonError::into_inner).put(key, claims.clone());
        Some(claims)
    }
}

impl VerifiedTokens {
    /// Every token is verified anew.
    pub fn forget(&self) {
        for part in &self.0 {
            *part.lock().unwrap_or_else(PoisonError::into_inner) = Part::default();
        }
    }
}

impl Part {
    fn get(&mut self, key: &[u8; 32]) -> Option<AccessClaims> {
        if let Some(claims) = self.young.get(key) {
            return Some(claims.clone());
        }
        let claims = self.old.remove(key)?;
        self.put(*key, claims.clone());
        Some(claims)
    }

    fn put(&mut self, key: [u8; 32], claims: AccessClaims) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, claims);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(session: &str) -> AccessClaims {
        AccessClaims { session: Some(session.into()), ..AccessClaims::default() }
    }

    #[test]
    fn a_token_is_verified_once_and_another_token_is_not_taken_for_it() {
        let known = VerifiedTokens::default();
        assert_eq!(known.claims("one", || Some(claims("s1"))).expect("verified").session.as_deref(), Some("s1"));
        assert_eq!(known.claims("one", || panic!("asked again")).expect("known").session.as_deref(), Some("s1"));
        assert!(known.claims("onf", || None).is_none());
        assert!(known.claims("onf", || None).is_none(), "a refusal is not remembered as a success");
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_what_is_used() {
        let known = VerifiedTokens::default();
        known.claims("kept", || Some(claims("kept")));
        for n in 0..10 * 2 * PARTS * GENERATION {
            known.claims(&format!("token {n}"), || Some(claims("x")));
            if n % 1000 == 0 {
                known.claims("kept", || panic!("forgotten after {n}"));
            }
        }
        let size = |p: &Mutex<Part>| p.lock().map(|p| p.young.len().max(p.old.len())).unwrap_or(usize::MAX);
        assert!(known.0.iter().all(|p| size(p) <= GENERATION));
    }
}
