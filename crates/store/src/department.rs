//! Departments: the nodes of an organisation's tree. The tree itself is in `department/tree.rs`, who is in it in
//! `department/member.rs`.

pub mod member;
pub mod tree;

use watchword_kit::{Millis, PoolId};

use crate::table::escape_like;
use crate::{Filter, Result, Table, Tx, Val, row, sql, vals};

row! {
    /// One node of a tree. `name_key` is the folded name.
    pub struct Department {
        pub pool_id: String,
        pub id: String,
        pub organization_id: String,
        pub parent_id: Option<String>,
        pub name: String,
        pub name_key: String,
        pub description: Option<String>,
        pub code: Option<String>,
        pub open_department_id: Option<String>,
        pub is_virtual: bool,
        pub enabled: bool,
        /// JSON object: the name in other languages.
        pub i18n: Option<String>,
        /// JSON object.
        pub custom_data: String,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

row! {
    /// One scalar member of a department's custom data.
    pub struct CustomValue {
        pub pool_id: String,
        pub name: String,
        pub value_key: String,
        pub department_id: String,
    }
}

row! {
    /// Where a synchronised department comes from.
    pub struct SyncRelation {
        pub pool_id: String,
        pub provider: String,
        pub id_in_idp: String,
        pub department_id: String,
        /// JSON object.
        pub info_in_idp: String,
        pub created_at: Millis,
    }
}

pub static TABLE: Table<Department> = Table::new("departments");
pub static CUSTOM_VALUES: Table<CustomValue> = Table::new("department_custom_values");
pub static SYNC_RELATIONS: Table<SyncRelation> = Table::new("department_sync_relations");

/// The codes of these departments.
pub async fn codes(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<(String, Option<String>)>> {
    tx.all(sql!("SELECT id, code FROM departments WHERE pool_id = $1 AND id IN ANY_OF($2)"), vals![pool, ids]).await
}

/// Every department of an organisation, for a search.
pub fn of_organization(pool: &PoolId, organization: &str) -> Filter {
    Filter::pool(pool).and("organization_id", "=", organization)
}

/// Adds: the name or the code contains the folded text.
pub fn and_keywords(filter: Filter, keywords: &str) -> Filter {
    let pattern = Val::Text(format!("%{}%", escape_like(keywords)));
    filter.and_each("name_key LIKE $$ ESCAPE '\\' OR LOWER(code) LIKE $$ ESCAPE '\\'", vec![pattern.clone(), pattern])
}

/// Of these ids at sources of synchronisation: provider, id there, department.
pub async fn by_sync_relations(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<(String, String, String)>> {
    let sql = sql!(
        "SELECT provider, id_in_idp, department_id FROM department_sync_relations
         WHERE pool_id = $1 AND id_in_idp IN ANY_OF($2)"
    );
    tx.all(sql, vals![pool, ids]).await
}

/// Of these values of custom members: member, value, department.
pub async fn by_custom_values(tx: &mut Tx, pool: &PoolId, values: &[String]) -> Result<Vec<(String, String, String)>> {
    let sql = sql!(
        "SELECT name, value_key, department_id FROM department_custom_values
         WHERE pool_id = $1 AND value_key IN ANY_OF($2)"
    );
    tx.all(sql, vals![pool, values]).await
}

/// Replaces the index of a department's custom data.
pub async fn set_custom_values(tx: &mut Tx, pool: &PoolId, department: &str, rows: &[CustomValue]) -> Result<()> {
    let sql = sql!("DELETE FROM department_custom_values WHERE pool_id = $1 AND department_id = $2");
    tx.run(sql, vals![pool, department]).await?;
    CUSTOM_VALUES.insert_many(tx, rows).await
}

/// The relations of a department, oldest first.
pub async fn sync_relations_of(tx: &mut Tx, pool: &PoolId, department: &str) -> Result<Vec<SyncRelation>> {
    let sql = sql!(
        "SELECT pool_id, provider, id_in_idp, department_id, info_in_idp, created_at FROM department_sync_relations
         WHERE pool_id = $1 AND department_id = $2 ORDER BY created_at, provider, id_in_idp"
    );
    tx.all(sql, vals![pool, department]).await
}

/// Forgets a department's relations with a provider; answers how many there were.
pub async fn delete_sync_relations(tx: &mut Tx, pool: &PoolId, department: &str, provider: &str) -> Result<u64> {
    let sql = sql!("DELETE FROM department_sync_relations WHERE pool_id = $1 AND department_id = $2 AND provider = $3");
    tx.run(sql, vals![pool, department, provider]).await
}

/// Posts of departments: department, post; by the time of their linking.
pub async fn posts_of(tx: &mut Tx, pool: &PoolId, departments: &[String]) -> Result<Vec<(String, String)>> {
    let sql = sql!(
        "SELECT department_id, post_id FROM post_departments
         WHERE pool_id = $1 AND department_id IN ANY_OF($2) ORDER BY created_at, post_id"
    );
    tx.all(sql, vals![pool, departments]).await
}

/// Holds these posts, so that none is deleted meanwhile; answers those that there are.
pub async fn hold_posts(tx: &mut Tx, pool: &PoolId, posts: &[String]) -> Result<Vec<String>> {
    let sql = sql!("UPDATE posts SET updated_at = updated_at WHERE pool_id = $1 AND id IN ANY_OF($2) RETURNING id");
    let rows: Vec<(String,)> = tx.all(sql, vals![pool, posts]).await?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// Makes these the posts of a department; those that it has already keep their time.
pub async fn set_posts(tx: &mut Tx, pool: &PoolId, department: &str, posts: &[String], now: Millis) -> Result<()> {
    let had: Vec<(String, String)> = posts_of(tx, pool, &[department.to_owned()]).await?;
    let gone: Vec<String> = had.iter().map(|(_, post)| post.clone()).filter(|post| !posts.contains(post)).collect();
    let sql = sql!("DELETE FROM post_departments WHERE pool_id = $1 AND department_id = $2 AND post_id IN ANY_OF($3)");
    tx.run(sql, vals![pool, department, gone]).await?;
    let insert = sql!(
        "INSERT INTO post_departments (pool_id, post_id, department_id, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, post_id, department_id) DO NOTHING"
    );
    let rows = posts.iter().map(|post| vec![pool.into(), post.into(), department.into(), now.into()]).collect();
    tx.insert_many(insert, rows).await.map(drop)
}

/// Deletes a department that has no children, with its links and assignments. Its members have left before.
pub async fn delete(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<()> {
    let all = [
        sql!("DELETE FROM department_members WHERE pool_id = $1 AND department_id = $2"),
        sql!("DELETE FROM department_tree_members WHERE pool_id = $1 AND department_id = $2"),
        sql!("DELETE FROM department_counts WHERE pool_id = $1 AND department_id = $2"),
        sql!("DELETE FROM department_custom_values WHERE pool_id = $1 AND department_id = $2"),
        sql!("DELETE FROM department_sync_relations WHERE pool_id = $1 AND department_id = $2"),
        sql!("DELETE FROM post_departments WHERE pool_id = $1 AND department_id = $2"),
        sql!("DELETE FROM app_access WHERE pool_id = $1 AND target_type = 'DEPARTMENT' AND target_id = $2"),
        sql!("DELETE FROM role_assignments WHERE pool_id = $1 AND target_type = 'DEPARTMENT' AND target_id = $2"),
        sql!("DELETE FROM custom_unique_values WHERE pool_id = $1 AND target_type = 'DEPARTMENT' AND target_id = $2"),
        sql!("DELETE FROM department_ancestors WHERE pool_id = $1 AND department_id = $2"),
        sql!("DELETE FROM departments WHERE pool_id = $1 AND id = $2"),
    ];
    for statement in all {
        tx.run(statement, vals![pool, id]).await?;
    }
    Ok(())
}
