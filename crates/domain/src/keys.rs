//! Keys of the installation: data keys wrapped by the master key, server keys sealed by data keys.

pub mod signing;

use watchword_crypto::jose::{Alg, RsaSize, SigningKey};
use watchword_crypto::transport::{RsaTransportKey, Sm2TransportKey};
use watchword_crypto::vault::{Aad, Class, MasterKey, Vault, VaultError, WrappedKey};
use watchword_kit::{Clock, Entropy, Error, Millis, Result, Secret};
use watchword_store::server_key::{self, DataKey, ServerKey};
use watchword_store::{Db, Tx};

use self::signing::{Held, SigningKeys};

/// The private keys of this server, ready for use.
pub struct ServerKeys {
    /// Signs tokens.
    pub signing: SigningKeys,
    pub rsa_transport: RsaTransportKey,
    pub sm2_transport: Sm2TransportKey,
    /// HMAC keys, derived and held outside the database.
    pub recovery_mac: [u8; 32],
    pub management_mac: [u8; 32],
    pub mfa_mac: [u8; 32],
    pub code_mac: [u8; 32],
    /// Compares encrypted values of custom fields.
    pub custom_mac: [u8; 32],
}

/// Makes or opens all keys. Nodes that start together on one database end up with the same ones.
pub async fn open(db: &Db, clock: &Clock, entropy: &Entropy, master: &MasterKey) -> Result<(Vault, ServerKeys)> {
    let now = clock.now();
    let mut stored = server_key::data_keys(&mut db.read().await?).await?;
    let mut wrapped: Vec<WrappedKey> = stored.iter().filter_map(from_row).collect();
    // All of them at first start; later those of the classes that a newer version brings, if the master key is right.
    let missing = Vault::missing(master, &wrapped, now, entropy);
    if !missing.is_empty() && fits(master, &stored) {
        let mut tx = db.write().await?;
        for key in missing {
            server_key::add_data_key(&mut tx, &to_row(&key)).await?;
        }
        tx.commit().await?;
        stored = server_key::data_keys(&mut db.read().await?).await?;
        wrapped = stored.iter().filter_map(from_row).collect();
    }
    let vault = Vault::open(master, &wrapped).map_err(|e| {
        Error::internal(match e {
            VaultError::WrongMasterKey => {
                "the master key is not the one that sealed this database: restore the right key, or start with an \
                 empty data directory"
                    .to_owned()
            }
            other => format!("the data keys cannot be opened: {other:?}"),
        })
    })?;
    let mut keys = server_key::server_keys(&mut db.read().await?, now).await?;
    let missing: Vec<&'static str> =
        KINDS.into_iter().filter(|kind| !keys.iter().any(|key| key.kind == *kind)).collect();
    if !missing.is_empty() {
        make_server_keys(db, &vault, entropy, &missing, now).await?;
        keys = server_key::server_keys(&mut db.read().await?, now).await?;
    }
    let keys = unseal(&vault, &keys)?;
    Ok((vault, keys))
}

/// Whether this master key opens what is stored. Nothing stored fits every key.
pub fn fits(master: &MasterKey, stored: &[DataKey]) -> bool {
    let wrapped: Vec<WrappedKey> = stored.iter().filter_map(from_row).collect();
    !matches!(Vault::open(master, &wrapped), Err(VaultError::WrongMasterKey))
}

/// Wraps every data key under another master key; from then on only that one opens the database. Servers that run
/// keep the opened keys and notice nothing.
pub async fn rewrap(db: &Db, vault: &Vault, master: &MasterKey, entropy: &Entropy) -> Result<usize> {
    let wrapped = vault.rewrap(master, entropy);
    let mut tx = db.write().await?;
    for key in &wrapped {
        server_key::rewrap_data_key(&mut tx, &to_row(key)).await?;
    }
    tx.commit().await?;
    Ok(wrapped.len())
}

/// Every kind of key that a server has, the signing ones by what they sign with.
const KINDS: [&str; 5] =
    [kind_of(Alg::Rs256), kind_of(Alg::Es256), kind_of(Alg::EdDsa), "rsa_transport", "sm2_transport"];

const fn kind_of(alg: Alg) -> &'static str {
    match alg {
        Alg::Rs256 => "signing",
        Alg::Es256 => "signing_es256",
        Alg::EdDsa => "signing_eddsa",
    }
}

fn alg_of(kind: &str) -> Option<Alg> {
    Alg::ALL.into_iter().find(|alg| kind_of(*alg) == kind)
}

/// Makes one key of each of these kinds: all at first start, later those that a newer version brings.
async fn make_server_keys(
    db: &Db,
    vault: &Vault,
    entropy: &Entropy,
    kinds: &[&'static str],
    now: Millis,
) -> Result<()> {
    let mut made = Vec::new();
    for kind in kinds {
        made.push((*kind, make(kind, *entropy).await?));
    }
    let mut tx = db.write().await?;
    for (kind, plain) in made {
        add(&mut tx, vault, entropy, (kind, "1"), plain.reveal(), (now, now)).await?;
    }
    Ok(tx.commit().await?)
}

/// A new private key of this kind, as it is sealed. Takes up to a second.
async fn make(kind: &'static str, entropy: Entropy) -> Result<Secret<Vec<u8>>> {
    let making = tokio::task::spawn_blocking(move || match (alg_of(kind), kind) {
        (Some(alg), _) => SigningKey::generate_for(alg)
            .and_then(|k| k.to_pkcs8())
            .map_err(|e| Error::internal(format!("signing key: {e:?}"))),
        (None, "rsa_transport") => RsaTransportKey::generate(RsaSize::Rsa3072)
            .and_then(|k| k.to_pkcs8())
            .map_err(|_| Error::internal("transport key")),
        _ => Ok(Sm2TransportKey::generate(&entropy).to_bytes()),
    });
    making.await.map_err(Error::internal)?
}

/// `times`: when the key was made, and from when on it signs.
async fn add(
    tx: &mut Tx,
    vault: &Vault,
    entropy: &Entropy,
    (kind, id): (&str, &str),
    plain: &[u8],
    times: (Millis, Millis),
) -> Result<bool> {
    let sealed = vault.seal(Class::SigningKey, &aad(kind, id), plain, entropy);
    let (created_at, signs_from) = times;
    let key = ServerKey { kind: kind.into(), id: id.into(), sealed, created_at, signs_from, retired_at: None };
    Ok(server_key::add_server_key(tx, &key).await?)
}

fn open_one(vault: &Vault, key: &ServerKey) -> Result<Secret<Vec<u8>>> {
    vault
        .open_blob(Class::SigningKey, &aad(&key.kind, &key.id), &key.sealed)
        .map_err(|e| Error::internal(format!("server key {}: {e:?}", key.kind)))
}

fn unseal(vault: &Vault, stored: &[ServerKey]) -> Result<ServerKeys> {
    let (mut rsa, mut sm2) = (None, None);
    for key in stored {
        let broken = || Error::internal(format!("server key {} is unreadable", key.kind));
        match key.kind.as_str() {
            "rsa_transport" => {
                let plain = open_one(vault, key)?;
                rsa = Some(RsaTransportKey::from_pkcs8(plain.reveal()).map_err(|_| broken())?);
            }
            "sm2_transport" => {
                let plain = open_one(vault, key)?;
                sm2 = Some(Sm2TransportKey::from_bytes(plain.reveal()).map_err(|_| broken())?);
            }
            _ => {}
        }
    }
    let (Some(rsa_transport), Some(sm2_transport)) = (rsa, sm2) else {
        return Err(Error::internal("server keys are missing"));
    };
    Ok(ServerKeys {
        signing: SigningKeys::new(unseal_signing(vault, stored)?),
        rsa_transport,
        sm2_transport,
        recovery_mac: vault.mac_key("recovery-code"),
        management_mac: vault.mac_key("management-token"),
        mfa_mac: vault.mac_key("mfa-token"),
        code_mac: vault.mac_key("verification-code"),
        custom_mac: vault.mac_key("custom-data"),
    })
}

fn unseal_signing(vault: &Vault, stored: &[ServerKey]) -> Result<Vec<Held>> {
    let mut held = Vec::new();
    for row in stored {
        let Some(alg) = alg_of(&row.kind) else { continue };
        let plain = open_one(vault, row)?;
        let key = SigningKey::from_pkcs8(alg, plain.reveal())
            .map_err(|_| Error::internal(format!("server key {} is unreadable", row.kind)))?;
        held.push(Held { key, id: row.id.clone(), signs_from: row.signs_from, retired_at: row.retired_at });
    }
    Ok(held)
}

fn aad<'a>(kind: &'a str, id: &'a str) -> Aad<'a> {
    Aad { pool: kind, row: id, column: "server_keys.sealed" }
}

fn to_row(key: &WrappedKey) -> DataKey {
    DataKey {
        class: key.class.as_str().into(),
        key_id: i64::from(key.id),
        wrapped: key.wrapped.clone(),
        created_at: key.created,
    }
}

fn from_row(row: &DataKey) -> Option<WrappedKey> {
    Some(WrappedKey {
        class: Class::parse(&row.class)?,
        id: u32::try_from(row.key_id).ok()?,
        wrapped: row.wrapped.clone(),
        created: row.created_at,
    })
}
