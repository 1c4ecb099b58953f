//! Keys of the installation: data keys wrapped by the master key, server keys sealed by data keys.

use watchword_crypto::jose::{RsaSize, SigningKey, VerifyKey};
use watchword_crypto::transport::{RsaTransportKey, Sm2TransportKey};
use watchword_crypto::vault::{Aad, Class, MasterKey, Vault, VaultError, WrappedKey};
use watchword_kit::{Clock, Entropy, Error, Millis, Result};
use watchword_store::server_key::{self, DataKey, ServerKey};
use watchword_store::{Db, Tx};

/// The private keys of this server, ready for use.
pub struct ServerKeys {
    /// Signs tokens; the newest first, as clients that look at one key only expect.
    pub signing: Vec<SigningKey>,
    pub verifying: Vec<VerifyKey>,
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
    let mut keys = server_key::server_keys(&mut db.read().await?).await?;
    if keys.is_empty() {
        make_server_keys(db, &vault, entropy, now).await?;
        keys = server_key::server_keys(&mut db.read().await?).await?;
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

async fn make_server_keys(db: &Db, vault: &Vault, entropy: &Entropy, now: Millis) -> Result<()> {
    let made = tokio::task::spawn_blocking(|| {
        let signing = SigningKey::generate(RsaSize::Rsa2048).and_then(|k| k.to_pkcs8());
        let transport = RsaTransportKey::generate(RsaSize::Rsa3072).and_then(|k| k.to_pkcs8());
        (signing, transport)
    });
    let (signing, transport) = made.await.map_err(Error::internal)?;
    let signing = signing.map_err(|e| Error::internal(format!("signing key: {e:?}")))?;
    let transport = transport.map_err(|_| Error::internal("transport key"))?;
    let sm2 = Sm2TransportKey::generate(entropy).to_bytes();
    let mut tx = db.write().await?;
    for (kind, plain) in [("signing", signing), ("rsa_transport", transport), ("sm2_transport", sm2)] {
        add(&mut tx, vault, entropy, kind, plain.reveal(), now).await?;
    }
    Ok(tx.commit().await?)
}

async fn add(tx: &mut Tx, vault: &Vault, entropy: &Entropy, kind: &str, plain: &[u8], now: Millis) -> Result<()> {
    let sealed = vault.seal(Class::SigningKey, &aad(kind, "1"), plain, entropy);
    let key = ServerKey { kind: kind.into(), id: "1".into(), sealed, created_at: now, retired_at: None };
    server_key::add_server_key(tx, &key).await?;
    Ok(())
}

fn unseal(vault: &Vault, stored: &[ServerKey]) -> Result<ServerKeys> {
    let mut signing = Vec::new();
    let (mut rsa, mut sm2) = (None, None);
    for key in stored {
        let plain = vault
            .open_blob(Class::SigningKey, &aad(&key.kind, &key.id), &key.sealed)
            .map_err(|e| Error::internal(format!("server key {}: {e:?}", key.kind)))?;
        let broken = || Error::internal(format!("server key {} is unreadable", key.kind));
        match key.kind.as_str() {
            "signing" => signing.push(SigningKey::from_pkcs8(plain.reveal()).map_err(|_| broken())?),
            "rsa_transport" => rsa = Some(RsaTransportKey::from_pkcs8(plain.reveal()).map_err(|_| broken())?),
            "sm2_transport" => sm2 = Some(Sm2TransportKey::from_bytes(plain.reveal()).map_err(|_| broken())?),
            _ => {}
        }
    }
    signing.reverse();
    let (Some(rsa_transport), Some(sm2_transport), false) = (rsa, sm2, signing.is_empty()) else {
        return Err(Error::internal("server keys are missing"));
    };
    Ok(ServerKeys {
        verifying: signing.iter().map(SigningKey::verify_key).collect(),
        signing,
        rsa_transport,
        sm2_transport,
        recovery_mac: vault.mac_key("recovery-code"),
        management_mac: vault.mac_key("management-token"),
        mfa_mac: vault.mac_key("mfa-token"),
        code_mac: vault.mac_key("verification-code"),
        custom_mac: vault.mac_key("custom-data"),
    })
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
