//! Single identities: whose they are, linked and taken away. Those of a user are in [`super::identities_of`].

use watchword_kit::PoolId;

use super::{IDENTITIES, Identity};
use crate::{Record, Result, Tx, sql, vals};

/// The kind of provider that a source is, as far as an identity of it is known.
pub async fn provider_of(tx: &mut Tx, pool: &PoolId, source: &str) -> Result<Option<String>> {
    let sql = sql!("SELECT provider FROM user_identities WHERE pool_id = $1 AND ext_idp_id = $2 LIMIT 1");
    Ok(tx.maybe::<(String,)>(sql, vals![pool, source]).await?.map(|(provider,)| provider))
}

/// Whose this identity is.
pub async fn owner(tx: &mut Tx, pool: &PoolId, source: &str, id: &str, kind: &str) -> Result<Option<String>> {
    let sql = sql!(
        "SELECT user_id FROM user_identities
         WHERE pool_id = $1 AND ext_idp_id = $2 AND user_id_in_idp = $3 AND kind = $4"
    );
    Ok(tx.maybe::<(String,)>(sql, vals![pool, source, id, kind]).await?.map(|(user,)| user))
}

pub async fn count(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<i64> {
    let sql = sql!("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM user_identities WHERE pool_id = $1 AND user_id = $2");
    Ok(tx.one::<(i64,)>(sql, vals![pool, user]).await?.0)
}

/// Links an identity; `false` means that somebody has it.
pub async fn link(tx: &mut Tx, row: &Identity) -> Result<bool> {
    let insert = IDENTITIES.insert_sql();
    let sql = format!("{insert} ON CONFLICT (pool_id, ext_idp_id, user_id_in_idp, kind) DO NOTHING");
    Ok(tx.run(&sql, &row.values()).await? == 1)
}

/// Takes a user's identities at a source away, all or those of one kind; answers how many.
pub async fn unlink(tx: &mut Tx, pool: &PoolId, user: &str, source: &str, kind: Option<&str>) -> Result<u64> {
    let sql = sql!(
        "DELETE FROM user_identities
         WHERE pool_id = $1 AND user_id = $2 AND ext_idp_id = $3 AND ($4 = '' OR kind = $4)"
    );
    tx.run(sql, vals![pool, user, source, kind.unwrap_or_default()]).await
}

/// Where a user comes from: provider, id there, what is known there, the oldest first.
pub async fn sync_relations(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<Vec<(String, String, String)>> {
    let sql = sql!(
        "SELECT provider, user_id_in_idp, user_info_in_idp FROM sync_relations
         WHERE pool_id = $1 AND user_id = $2 ORDER BY created_at, provider, user_id_in_idp"
    );
    tx.all(sql, vals![pool, user]).await
}

/// Forgets where a user comes from, as far as one provider goes; answers how many relations there were.
pub async fn drop_sync_relations(tx: &mut Tx, pool: &PoolId, user: &str, provider: &str) -> Result<u64> {
    let sql = sql!("DELETE FROM sync_relations WHERE pool_id = $1 AND user_id = $2 AND provider = $3");
    tx.run(sql, vals![pool, user, provider]).await
}
