//! Custom fields: definitions, who owns the values of unique ones, and the custom data of what is no user.

pub mod data;

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, row, sql, vals};

row! {
    /// The definition of a field.
    pub struct CustomField {
        pub pool_id: String,
        /// USER, ROLE, GROUP or DEPARTMENT.
        pub target_type: String,
        pub key: String,
        pub data_type: String,
        /// JSON of `domain::custom_field::Definition`.
        pub definition: String,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

row! {
    /// What a pool says of a built-in field of users.
    pub struct BaseField {
        pub pool_id: String,
        pub key: String,
        /// JSON of `domain::custom_field::base::Wishes`.
        pub definition: String,
        pub updated_at: Millis,
    }
}

/// The fields of one kind of thing, oldest first.
pub async fn of(tx: &mut Tx, pool: &PoolId, target_type: &str) -> Result<Vec<CustomField>> {
    let sql = sql!(
        "SELECT pool_id, target_type, key, data_type, definition, created_at, updated_at
         FROM custom_fields WHERE pool_id = $1 AND target_type = $2 ORDER BY created_at, key"
    );
    tx.all(sql, vals![pool, target_type]).await
}

/// Makes a field; `false`: there is one with this key.
pub async fn insert(tx: &mut Tx, f: &CustomField) -> Result<bool> {
    let sql = sql!(
        "INSERT INTO custom_fields (pool_id, target_type, key, data_type, definition, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (pool_id, target_type, key) DO NOTHING"
    );
    let vals = vals![&f.pool_id, &f.target_type, &f.key, &f.data_type, &f.definition, f.created_at, f.updated_at];
    Ok(tx.run(sql, vals).await? == 1)
}

/// Changes a field; `false`: there is none with this key.
pub async fn update(tx: &mut Tx, f: &CustomField) -> Result<bool> {
    let sql = sql!(
        "UPDATE custom_fields SET definition = $4, updated_at = $5
         WHERE pool_id = $1 AND target_type = $2 AND key = $3"
    );
    Ok(tx.run(sql, vals![&f.pool_id, &f.target_type, &f.key, &f.definition, f.updated_at]).await? == 1)
}

/// Deletes a field and who owns its values; `false`: there is none with this key.
pub async fn delete(tx: &mut Tx, pool: &PoolId, target_type: &str, key: &str) -> Result<bool> {
    release_all(tx, pool, target_type, key).await?;
    let sql = sql!("DELETE FROM custom_fields WHERE pool_id = $1 AND target_type = $2 AND key = $3");
    Ok(tx.run(sql, vals![pool, target_type, key]).await? == 1)
}

/// Takes a value of a unique field for its owner; `false`: another has it.
pub async fn claim(
    tx: &mut Tx,
    pool: &PoolId,
    target_type: &str,
    key: &str,
    value_key: &str,
    id: &str,
) -> Result<bool> {
    let sql = sql!(
        "INSERT INTO custom_unique_values (pool_id, target_type, key, value_key, target_id)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (pool_id, target_type, key, value_key) DO NOTHING"
    );
    Ok(tx.run(sql, vals![pool, target_type, key, value_key, id]).await? == 1)
}

/// Who has values of unique fields: field, value, owner. Of any of the fields and any of the values, in no order.
pub async fn unique_owners(
    tx: &mut Tx,
    pool: &PoolId,
    target_type: &str,
    keys: &[String],
    values: &[String],
) -> Result<Vec<(String, String, String)>> {
    let sql = sql!(
        "SELECT key, value_key, target_id FROM custom_unique_values
         WHERE pool_id = $1 AND target_type = $2 AND key IN ANY_OF($3) AND value_key IN ANY_OF($4)"
    );
    tx.all(sql, vals![pool, target_type, keys, values]).await
}

/// Gives the owner's values of these fields up.
pub async fn release(tx: &mut Tx, pool: &PoolId, target_type: &str, id: &str, keys: &[String]) -> Result<()> {
    let sql = sql!(
        "DELETE FROM custom_unique_values
         WHERE pool_id = $1 AND target_type = $2 AND target_id = $3 AND key IN ANY_OF($4)"
    );
    tx.run(sql, vals![pool, target_type, id, keys]).await.map(drop)
}

/// Gives every value of a field up.
pub async fn release_all(tx: &mut Tx, pool: &PoolId, target_type: &str, key: &str) -> Result<()> {
    let sql = sql!("DELETE FROM custom_unique_values WHERE pool_id = $1 AND target_type = $2 AND key = $3");
    tx.run(sql, vals![pool, target_type, key]).await.map(drop)
}

/// Gives up what owners that are deleted had. Users' go with `user::delete`.
pub async fn forget(tx: &mut Tx, pool: &PoolId, target_type: &str, ids: &[String]) -> Result<()> {
    let sql =
        sql!("DELETE FROM custom_unique_values WHERE pool_id = $1 AND target_type = $2 AND target_id IN ANY_OF($3)");
    tx.run(sql, vals![pool, target_type, ids]).await.map(drop)
}

/// What the pool says of built-in fields.
pub async fn base_fields(tx: &mut Tx, pool: &PoolId) -> Result<Vec<BaseField>> {
    let sql = sql!("SELECT pool_id, key, definition, updated_at FROM base_fields WHERE pool_id = $1 ORDER BY key");
    tx.all(sql, vals![pool]).await
}

pub async fn set_base_field(tx: &mut Tx, f: &BaseField) -> Result<()> {
    let sql = sql!(
        "INSERT INTO base_fields (pool_id, key, definition, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, key) DO UPDATE SET definition = excluded.definition, updated_at = excluded.updated_at"
    );
    tx.run(sql, vals![&f.pool_id, &f.key, &f.definition, f.updated_at]).await.map(drop)
}
