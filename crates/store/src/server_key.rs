//! Keys of the whole installation: sealed or wrapped, never plain.

use watchword_kit::Millis;

use crate::{Result, Tx, row, sql, vals};

row! {
    /// A data key, wrapped by the master key.
    pub struct DataKey {
        pub class: String,
        pub key_id: i64,
        pub wrapped: Vec<u8>,
        pub created_at: Millis,
    }
}

row! {
    /// A private key of this server: `signing` (RSA), `signing_es256`, `signing_eddsa`, `rsa_transport` or
    /// `sm2_transport`.
    pub struct ServerKey {
        pub kind: String,
        pub id: String,
        pub sealed: Vec<u8>,
        pub created_at: Millis,
        pub signs_from: Millis,
        pub retired_at: Option<Millis>,
    }
}

pub async fn data_keys(tx: &mut Tx) -> Result<Vec<DataKey>> {
    tx.all(sql!("SELECT class, key_id, wrapped, created_at FROM data_keys ORDER BY class, key_id"), &[]).await
}

/// Keeps the first: of two nodes that start together, one wins and the other reads what it wrote.
pub async fn add_data_key(tx: &mut Tx, key: &DataKey) -> Result<bool> {
    let sql = sql!(
        "INSERT INTO data_keys (class, key_id, wrapped, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (class, key_id) DO NOTHING"
    );
    Ok(tx.run(sql, vals![&key.class, key.key_id, &key.wrapped, key.created_at]).await? == 1)
}

/// Replaces the wrapping, as changing the master key does.
pub async fn rewrap_data_key(tx: &mut Tx, key: &DataKey) -> Result<()> {
    let sql = sql!("UPDATE data_keys SET wrapped = $3 WHERE class = $1 AND key_id = $2");
    tx.run(sql, vals![&key.class, key.key_id, &key.wrapped]).await.map(drop)
}

/// Keys in force, oldest first.
pub async fn server_keys(tx: &mut Tx, now: Millis) -> Result<Vec<ServerKey>> {
    let sql = sql!(
        "SELECT kind, id, sealed, created_at, signs_from, retired_at FROM server_keys
         WHERE retired_at IS NULL OR retired_at > $1 ORDER BY kind, signs_from, id"
    );
    tx.all(sql, vals![now]).await
}

pub async fn add_server_key(tx: &mut Tx, key: &ServerKey) -> Result<bool> {
    let sql = sql!(
        "INSERT INTO server_keys (kind, id, sealed, created_at, signs_from, retired_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (kind, id) DO NOTHING"
    );
    let vals = vals![&key.kind, &key.id, &key.sealed, key.created_at, key.signs_from, key.retired_at];
    Ok(tx.run(sql, vals).await? == 1)
}

/// Says when the keys of a kind that have no end yet are over, but for one; answers how many those are.
pub async fn retire_others(tx: &mut Tx, kind: &str, except: &str, at: Millis) -> Result<u64> {
    let sql = sql!("UPDATE server_keys SET retired_at = $3 WHERE kind = $1 AND id <> $2 AND retired_at IS NULL");
    tx.run(sql, vals![kind, except, at]).await
}

/// Ends one key; `false` means that there is none in force.
pub async fn retire(tx: &mut Tx, kind: &str, id: &str, at: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE server_keys SET retired_at = $3
         WHERE kind = $1 AND id = $2 AND (retired_at IS NULL OR retired_at > $3)"
    );
    Ok(tx.run(sql, vals![kind, id, at]).await? == 1)
}
