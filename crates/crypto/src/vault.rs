//! Envelope encryption: a master key outside the database wraps data keys inside it, and data keys seal columns.
//!
//! Each [`Class`] of secret has data keys of its own, numbered from 1; the newest seals and all open, so rotation
//! needs no rewriting. A sealed value is bound to its class, pool, row and column ([`Aad`]): moved elsewhere it does
//! not open. AES-256-GCM with random nonces; rotate a class before 2^32 values are sealed under one key
//! (NIST SP 800-38D §8.3).
//!
//! Blob: version byte 1 | key id, 4 bytes big-endian | nonce, 12 bytes | ciphertext and 16-byte tag.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{self, AES_256_GCM, LessSafeKey, Nonce, UnboundKey};
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use watchword_kit::{Entropy, Millis, Secret};

use crate::hash::hmac_sha256;

const VERSION: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;
const HEADER: usize = 5;

/// The key that wraps data keys. Kept outside the database; its loss loses every sealed value.
#[derive(Clone)]
pub struct MasterKey(Secret<[u8; 32]>);

impl MasterKey {
    /// Reads 64 hex digits or the base64 of 32 bytes, standard or URL-safe, padded or not; white space around it is
    /// ignored. A key whose bytes are all equal is refused as a placeholder.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let raw = if text.len() == 64 {
            HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?
        } else {
            let text = text.strip_suffix('=').unwrap_or(text).as_bytes();
            BASE64_NOPAD.decode(text).or_else(|_| BASE64URL_NOPAD.decode(text)).ok()?
        };
        let raw = Secret::new(raw);
        let key = <[u8; 32]>::try_from(raw.reveal().as_slice()).ok()?;
        let placeholder = key.iter().all(|b| *b == key[0]);
        (!placeholder).then(|| MasterKey(Secret::new(key)))
    }

    pub fn generate(entropy: &Entropy) -> Self {
        MasterKey(Secret::new(entropy.bytes()))
    }

    /// 64 hex digits, to be written to the key file.
    pub fn to_hex(&self) -> Secret<String> {
        Secret::new(HEXLOWER.encode(self.0.reveal()))
    }

    fn cipher(&self) -> LessSafeKey {
        cipher(self.0.reveal())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

/// What a data key may seal. Keys of one class do not open another's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// One-time-code secrets.
    Otp,
    /// Private keys that sign tokens or decrypt passwords in transport.
    SigningKey,
    /// Secrets of management access keys.
    AccessKey,
    /// Secrets of applications.
    AppSecret,
    /// Credentials for mail, SMS and external identity providers.
    Provider,
    /// Values of custom fields that are stored encrypted.
    CustomData,
    /// Root of [`Vault::mac_key`].
    Mac,
}

impl Class {
    pub const ALL: [Class; 7] = [
        Class::Otp,
        Class::SigningKey,
        Class::AccessKey,
        Class::AppSecret,
        Class::Provider,
        Class::CustomData,
        Class::Mac,
    ];

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Otp => "otp",
            Class::SigningKey => "signing_key",
            Class::AccessKey => "access_key",
            Class::AppSecret => "app_secret",
            Class::Provider => "provider",
            Class::CustomData => "custom_data",
            Class::Mac => "mac",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == name)
    }
}

/// A data key as stored: 12 bytes of nonce, then the key and its tag, encrypted under the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    pub class: Class,
    /// Counts from 1 within the class.
    pub id: u32,
    pub wrapped: Vec<u8>,
    pub created: Millis,
}

/// Why a vault or a value did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultError {
    /// A data key did not unwrap: another master key wrapped it, or it is damaged.
    WrongMasterKey,
    /// The class has no data key.
    MissingKey(Class),
    /// The value names a data key that this vault does not hold.
    UnknownKey,
    /// The value is damaged or belongs to another pool, row or column.
    Refused,
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VaultError::WrongMasterKey => f.write_str("the master key does not open the data keys"),
            VaultError::MissingKey(class) => write!(f, "there is no data key of class {}", class.as_str()),
            VaultError::UnknownKey => f.write_str("the value is sealed under an unknown data key"),
            VaultError::Refused => f.write_str("the sealed value is damaged or belongs elsewhere"),
        }
    }
}

impl std::error::Error for VaultError {}

/// Where a sealed value belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aad<'a> {
    pub pool: &'a str,
    pub row: &'a str,
    pub column: &'a str,
}

impl Aad<'_> {
    /// Each part behind its length, so that no two places give the same bytes.
    fn encode(&self, class: Class) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        for part in [class.as_str(), self.pool, self.row, self.column] {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part.as_bytes());
        }
        out
    }
}

/// The opened data keys. Cheap to clone: rotate a clone and put it in the place of the old one.
#[derive(Clone)]
pub struct Vault {
    rings: BTreeMap<Class, BTreeMap<u32, Arc<DataKey>>>,
}

struct DataKey {
    raw: Secret<[u8; 32]>,
    cipher: LessSafeKey,
    created: Millis,
}

impl DataKey {
    fn new(raw: [u8; 32], created: Millis) -> Arc<Self> {
        Arc::new(DataKey { cipher: cipher(&raw), raw: Secret::new(raw), created })
    }
}

impl Vault {
    /// A vault with one fresh data key for each class, and those keys wrapped for the store.
    pub fn create(master: &MasterKey, now: Millis, entropy: &Entropy) -> (Vault, Vec<WrappedKey>) {
        let mut vault = Vault { rings: BTreeMap::new() };
        let wrapped = Class::ALL.map(|class| vault.rotate(class, master, now, entropy)).to_vec();
        (vault, wrapped)
    }

    /// First data keys of the classes that have none among `stored`: those that are newer than the database.
    pub fn missing(master: &MasterKey, stored: &[WrappedKey], now: Millis, entropy: &Entropy) -> Vec<WrappedKey> {
        let mut fresh = Vault { rings: BTreeMap::new() };
        let lacking = Class::ALL.into_iter().filter(|class| stored.iter().all(|key| key.class != *class));
        lacking.map(|class| fresh.rotate(class, master, now, entropy)).collect()
    }

    /// Opens stored data keys. Every class must have one.
    pub fn open(master: &MasterKey, keys: &[WrappedKey]) -> Result<Vault, VaultError> {
        let master = master.cipher();
        let mut rings: BTreeMap<Class, BTreeMap<u32, Arc<DataKey>>> = BTreeMap::new();
        for key in keys {
            let raw = decrypt(&master, &key.wrapped, &wrap_aad(key.class, key.id)).ok_or(VaultError::WrongMasterKey)?;
            let raw = <[u8; 32]>::try_from(raw.reveal().as_slice()).map_err(|_| VaultError::WrongMasterKey)?;
            rings.entry(key.class).or_default().insert(key.id, DataKey::new(raw, key.created));
        }
        match Class::ALL.into_iter().find(|class| !rings.contains_key(class)) {
            Some(class) => Err(VaultError::MissingKey(class)),
            None => Ok(Vault { rings }),
        }
    }

    /// All data keys wrapped under another master key. Sealed values stay as they are.
    pub fn rewrap(&self, new_master: &MasterKey, entropy: &Entropy) -> Vec<WrappedKey> {
        let master = new_master.cipher();
        let keys = self.rings.iter().flat_map(|(class, ring)| ring.iter().map(|(id, key)| (*class, *id, key)));
        keys.map(|(class, id, key)| wrap(&master, class, id, key, entropy)).collect()
    }

    /// Adds a fresh data key to a class, from now on the one that seals, and wraps it for the store.
    pub fn rotate(&mut self, class: Class, master: &MasterKey, now: Millis, entropy: &Entropy) -> WrappedKey {
        let ring = self.rings.entry(class).or_default();
        let id = ring.last_key_value().map_or(1, |(newest, _)| newest + 1);
        let key = DataKey::new(entropy.bytes(), now);
        let wrapped = wrap(&master.cipher(), class, id, &key, entropy);
        ring.insert(id, key);
        wrapped
    }

    /// Encrypts a value under the newest key of its class.
    pub fn seal(&self, class: Class, aad: &Aad<'_>, plain: &[u8], entropy: &Entropy) -> Vec<u8> {
        let (id, key) = self.ring(class).last_key_value().expect("every class of an open vault has a key");
        let mut blob = Vec::with_capacity(HEADER + NONCE + plain.len() + TAG);
        blob.push(VERSION);
        blob.extend_from_slice(&id.to_be_bytes());
        encrypt(&key.cipher, plain, &aad.encode(class), entropy, &mut blob);
        blob
    }

    /// Decrypts a value that was sealed for this very place.
    pub fn open_blob(&self, class: Class, aad: &Aad<'_>, blob: &[u8]) -> Result<Secret<Vec<u8>>, VaultError> {
        let (header, sealed) = blob.split_first_chunk::<HEADER>().ok_or(VaultError::Refused)?;
        let [VERSION, a, b, c, d] = *header else { return Err(VaultError::Refused) };
        let key = self.ring(class).get(&u32::from_be_bytes([a, b, c, d])).ok_or(VaultError::UnknownKey)?;
        decrypt(&key.cipher, sealed, &aad.encode(class)).ok_or(VaultError::Refused)
    }

    /// The id of the key that seals this class, to find values that an older one sealed.
    pub fn newest(&self, class: Class) -> u32 {
        self.ring(class).last_key_value().map_or(0, |(id, _)| *id)
    }

    /// A key for message authentication, one for each purpose, the same for the life of the vault: derived by
    /// HKDF-SHA-256 (RFC 5869) from the oldest key of [`Class::Mac`].
    pub fn mac_key(&self, purpose: &str) -> [u8; 32] {
        let (_, root) = self.ring(Class::Mac).first_key_value().expect("every class of an open vault has a key");
        let extracted = Secret::new(hmac_sha256(b"watchword mac key 1", root.raw.reveal()));
        hmac_sha256(extracted.reveal(), &[purpose.as_bytes(), &[1]].concat())
    }

    fn ring(&self, class: Class) -> &BTreeMap<u32, Arc<DataKey>> {
        &self.rings[&class]
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}

fn wrap(master: &LessSafeKey, class: Class, id: u32, key: &DataKey, entropy: &Entropy) -> WrappedKey {
    let mut wrapped = Vec::with_capacity(NONCE + 32 + TAG);
    encrypt(master, key.raw.reveal(), &wrap_aad(class, id), entropy, &mut wrapped);
    WrappedKey { class, id, wrapped, created: key.created }
}

fn wrap_aad(class: Class, id: u32) -> Vec<u8> {
    format!("watchword data key 1 {} {id}", class.as_str()).into_bytes()
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are an AES-256 key"))
}

/// Appends nonce, ciphertext and tag to `out`.
fn encrypt(key: &LessSafeKey, plain: &[u8], aad: &[u8], entropy: &Entropy, out: &mut Vec<u8>) {
    let nonce: [u8; NONCE] = entropy.bytes();
    out.extend_from_slice(&nonce);
    let start = out.len();
    out.extend_from_slice(plain);
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aead::Aad::from(aad), &mut out[start..])
        .expect("a value in memory is shorter than AES-GCM's limit of 64 GiB");
    out.extend_from_slice(tag.as_ref());
}

fn decrypt(key: &LessSafeKey, sealed: &[u8], aad: &[u8]) -> Option<Secret<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let (sealed, tag) = sealed.split_last_chunk::<TAG>()?;
    let mut plain = vec![0; sealed.len()];
    let nonce = Nonce::assume_unique_for_key(*nonce);
    key.open_separate_gather(nonce, aead::Aad::from(aad), sealed, tag, &mut plain).ok()?;
    Some(Secret::new(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_795_148_267_000);
    const PLACE: Aad<'_> = Aad { pool: "pool-a", row: "user-1", column: "seed" };

    fn vault() -> (MasterKey, Vault, Vec<WrappedKey>) {
        let master = MasterKey::generate(&Entropy);
        let (vault, keys) = Vault::create(&master, NOW, &Entropy);
        (master, vault, keys)
    }

    fn opened(vault: &Vault, class: Class, aad: &Aad<'_>, blob: &[u8]) -> Result<Vec<u8>, VaultError> {
        vault.open_blob(class, aad, blob).map(|s| s.reveal().clone())
    }

    #[test]
    fn a_value_opens_in_its_place_after_a_restart() {
        let (master, vault, keys) = vault();
        for class in Class::ALL {
            let blob = vault.seal(class, &PLACE, b"plain text", &Entropy);
            let again = Vault::open(&master, &keys).expect("the same master key");
            assert_eq!(opened(&again, class, &PLACE, &blob), Ok(b"plain text".to_vec()));
        }
        let empty = vault.seal(Class::Otp, &PLACE, b"", &Entropy);
        assert_eq!(opened(&vault, Class::Otp, &PLACE, &empty), Ok(Vec::new()));
    }

    #[test]
    fn a_class_newer_than_the_database_gets_its_first_key() {
        let (master, _, mut keys) = vault();
        assert!(Vault::missing(&master, &keys, NOW, &Entropy).is_empty());
        keys.retain(|key| key.class != Class::CustomData);
        let made = Vault::missing(&master, &keys, NOW, &Entropy);
        assert_eq!(made.iter().map(|key| (key.class, key.id)).collect::<Vec<_>>(), [(Class::CustomData, 1)]);
        keys.extend(made);
        assert!(Vault::open(&master, &keys).is_ok());
    }

    #[test]
    fn a_value_moved_to_another_row_column_pool_or_class_does_not_open() {
        let (_, vault, _) = vault();
        let mine = vault.seal(Class::Otp, &PLACE, b"mine", &Entropy);
        let theirs_at = Aad { row: "user-2", ..PLACE };
        let theirs = vault.seal(Class::Otp, &theirs_at, b"theirs", &Entropy);
        assert_eq!(opened(&vault, Class::Otp, &PLACE, &theirs), Err(VaultError::Refused));
        assert_eq!(opened(&vault, Class::Otp, &theirs_at, &mine), Err(VaultError::Refused));
        for elsewhere in [
            Aad { pool: "pool-b", ..PLACE },
            Aad { column: "recovery", ..PLACE },
            Aad { pool: "pool-auser-1", row: "", column: "seed" },
            Aad { pool: "pool-", row: "auser-1", column: "seed" },
            Aad { pool: "pool-a", row: "user-1s", column: "eed" },
        ] {
            assert_eq!(opened(&vault, Class::Otp, &elsewhere, &mine), Err(VaultError::Refused), "{elsewhere:?}");
        }
        assert_eq!(opened(&vault, Class::Provider, &PLACE, &mine), Err(VaultError::Refused));
    }

    #[test]
    fn any_flipped_bit_and_any_cut_is_refused() {
        let (_, vault, _) = vault();
        let blob = vault.seal(Class::Otp, &PLACE, b"secret", &Entropy);
        for bit in 0..blob.len() * 8 {
            let mut bad = blob.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(opened(&vault, Class::Otp, &PLACE, &bad).is_err(), "bit {bit}");
        }
        for len in 0..blob.len() {
            assert!(opened(&vault, Class::Otp, &PLACE, &blob[..len]).is_err(), "length {len}");
        }
    }

    #[test]
    fn a_sealed_value_shows_neither_its_text_nor_that_two_are_equal() {
        let (_, vault, _) = vault();
        let plain = b"GEZDGNBVGY3TQOJQ";
        let (one, two) =
            (vault.seal(Class::Otp, &PLACE, plain, &Entropy), vault.seal(Class::Otp, &PLACE, plain, &Entropy));
        assert_ne!(one[HEADER..], two[HEADER..]);
        assert!(!one.windows(4).any(|w| plain.windows(4).any(|p| p == w)));
    }

    #[test]
    fn another_master_key_or_a_damaged_data_key_is_refused() {
        let (master, _, mut keys) = vault();
        let other = MasterKey::generate(&Entropy);
        assert_eq!(Vault::open(&other, &keys).err(), Some(VaultError::WrongMasterKey));
        let (otp, mac) = (keys[0].wrapped.clone(), keys[5].wrapped.clone());
        (keys[0].wrapped, keys[5].wrapped) = (mac, otp);
        assert_eq!(Vault::open(&master, &keys).err(), Some(VaultError::WrongMasterKey), "swapped data keys");
        assert_eq!(Vault::open(&master, &[]).err(), Some(VaultError::MissingKey(Class::Otp)));
    }

    #[test]
    fn after_rotation_the_newest_key_seals_and_all_keys_open() {
        let (master, mut vault, mut keys) = vault();
        let old = vault.seal(Class::Otp, &PLACE, b"old", &Entropy);
        keys.push(vault.rotate(Class::Otp, &master, NOW, &Entropy));
        let new = vault.seal(Class::Otp, &PLACE, b"new", &Entropy);
        assert_eq!((old[..HEADER].to_vec(), new[..HEADER].to_vec()), (vec![1, 0, 0, 0, 1], vec![1, 0, 0, 0, 2]));
        let again = Vault::open(&master, &keys).expect("the same master key");
        assert_eq!(opened(&again, Class::Otp, &PLACE, &old), Ok(b"old".to_vec()));
        assert_eq!(opened(&again, Class::Otp, &PLACE, &new), Ok(b"new".to_vec()));
        assert_eq!(again.newest(Class::Otp), 2);
        let without: Vec<WrappedKey> = keys.into_iter().filter(|k| k.id == 1).collect();
        let before = Vault::open(&master, &without).expect("the same master key");
        assert_eq!(opened(&before, Class::Otp, &PLACE, &new), Err(VaultError::UnknownKey));
    }

    #[test]
    fn after_rewrapping_only_the_new_master_key_opens_and_values_stay() {
        let (old_master, vault, keys) = vault();
        let blob = vault.seal(Class::Provider, &PLACE, b"value", &Entropy);
        let new_master = MasterKey::generate(&Entropy);
        let rewrapped = vault.rewrap(&new_master, &Entropy);
        assert_eq!(rewrapped.len(), keys.len());
        assert!(rewrapped.iter().all(|k| k.created == NOW));
        assert_eq!(Vault::open(&old_master, &rewrapped).err(), Some(VaultError::WrongMasterKey));
        let again = Vault::open(&new_master, &rewrapped).expect("the new master key");
        assert_eq!(opened(&again, Class::Provider, &PLACE, &blob), Ok(b"value".to_vec()));
    }

    #[test]
    fn mac_keys_differ_by_purpose_and_survive_rotation() {
        let (master, mut vault, _) = vault();
        let (recovery, nonce) = (vault.mac_key("recovery"), vault.mac_key("nonce"));
        assert_ne!(recovery, nonce);
        vault.rotate(Class::Mac, &master, NOW, &Entropy);
        assert_eq!(vault.mac_key("recovery"), recovery);
    }

    #[test]
    fn a_master_key_is_read_from_hex_and_base64_and_never_shown() {
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1ef/";
        assert!(MasterKey::parse(hex).is_none());
        let hex = "fbff02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let same = [
            hex.to_owned(),
            hex.to_uppercase(),
            format!("{hex}\n"),
            "+/8CAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(),
            "-_8CAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".to_owned(),
        ];
        for text in &same {
            let key = MasterKey::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(key.to_hex().reveal(), hex);
            assert_eq!(format!("{key:?}"), "MasterKey(***)");
        }
        for bad in ["", "short", &hex[1..], &"00".repeat(32), &"A".repeat(43)] {
            assert!(MasterKey::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn class_names_read_back() {
        for class in Class::ALL {
            assert_eq!(Class::parse(class.as_str()), Some(class));
        }
    }
}
