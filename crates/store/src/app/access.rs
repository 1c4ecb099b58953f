//! Who may use an application: one row for an application and a user, role, group or department.

use std::collections::BTreeMap;

use watchword_kit::{Millis, PoolId};

use crate::table::Page;
use crate::target::Target;
use crate::{Record, Result, Table, Tx, Val, row, sql, vals};

row! {
    /// A rule of an application.
    pub struct AppAccess {
        pub pool_id: String,
        pub id: String,
        pub app_id: String,
        /// As `Target::as_str` says.
        pub target_type: String,
        pub target_id: String,
        /// `ALLOW` or `DENY`.
        pub effect: String,
        pub enabled: bool,
        /// Of a department: those below it, too.
        pub inherit: bool,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

pub static TABLE: Table<AppAccess> = Table::new("app_access");

/// Writes rules; one for the same application and target takes the place of the former.
pub async fn put(tx: &mut Tx, rules: &[AppAccess]) -> Result<()> {
    for rule in rules {
        let sql = sql!(
            "INSERT INTO app_access
                 (pool_id, id, app_id, target_type, target_id, effect, enabled, inherit, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (pool_id, app_id, target_type, target_id) DO UPDATE SET effect = excluded.effect,
                 enabled = excluded.enabled, inherit = excluded.inherit, updated_at = excluded.updated_at"
        );
        tx.run(sql, &rule.values()).await?;
    }
    Ok(())
}

/// Takes rules of an application away; answers how many there were.
pub async fn remove(tx: &mut Tx, pool: &PoolId, app: &str, kind: Target, targets: &[String]) -> Result<u64> {
    let sql = sql!(
        "DELETE FROM app_access WHERE pool_id = $1 AND app_id = $2 AND target_type = $3 AND target_id IN ANY_OF($4)"
    );
    tx.run(sql, vals![pool, app, kind.as_str(), targets]).await
}

/// Takes rules away by their ids.
pub async fn remove_ids(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<u64> {
    tx.run(sql!("DELETE FROM app_access WHERE pool_id = $1 AND id IN ANY_OF($2)"), vals![pool, ids]).await
}

/// Switches a rule on or off; `false`: there is none.
pub async fn switch(tx: &mut Tx, pool: &PoolId, id: &str, enabled: bool, now: Millis) -> Result<bool> {
    let sql = sql!("UPDATE app_access SET enabled = $3, updated_at = $4 WHERE pool_id = $1 AND id = $2");
    Ok(tx.run(sql, vals![pool, id, enabled, now]).await? == 1)
}

/// The effects of an application's rules that reach a user, apart from those by way of a role; `ROLE` says that there
/// are such. Of a department out of use only what denies counts.
pub async fn effects(tx: &mut Tx, pool: &PoolId, app: &str, user: &str) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT effect FROM app_access
         WHERE pool_id = $1 AND app_id = $2 AND target_type = 'USER' AND target_id = $3 AND enabled
         UNION
         SELECT a.effect FROM group_members m
         JOIN app_access a ON a.pool_id = m.pool_id AND a.app_id = $2 AND a.target_type = 'GROUP'
              AND a.target_id = m.group_id
         WHERE m.pool_id = $1 AND m.user_id = $3 AND a.enabled
         UNION
         SELECT a.effect FROM department_members m
         JOIN app_access a ON a.pool_id = m.pool_id AND a.app_id = $2 AND a.target_type = 'DEPARTMENT'
              AND a.target_id = m.department_id
         WHERE m.pool_id = $1 AND m.user_id = $3 AND a.enabled
           AND (a.effect = 'DENY' OR NOT EXISTS (
               SELECT 1 FROM department_ancestors x JOIN departments d ON d.pool_id = x.pool_id AND d.id = x.ancestor_id
               WHERE x.pool_id = $1 AND x.department_id = m.department_id AND NOT d.enabled))
         UNION
         SELECT a.effect FROM department_tree_members m
         JOIN app_access a ON a.pool_id = m.pool_id AND a.app_id = $2 AND a.target_type = 'DEPARTMENT'
              AND a.target_id = m.department_id
         WHERE m.pool_id = $1 AND m.user_id = $3 AND a.enabled AND a.inherit
           AND (a.effect = 'DENY' OR NOT EXISTS (
               SELECT 1 FROM department_ancestors x JOIN departments d ON d.pool_id = x.pool_id AND d.id = x.ancestor_id
               WHERE x.pool_id = $1 AND x.department_id = m.department_id AND NOT d.enabled))
         UNION
         SELECT 'ROLE' AS effect WHERE EXISTS (
             SELECT 1 FROM app_access r WHERE r.pool_id = $1 AND r.app_id = $2 AND r.target_type = 'ROLE' AND r.enabled)"
    );
    Ok(tx.all::<(String,)>(sql, vals![pool, app, user]).await?.into_iter().map(|(effect,)| effect).collect())
}

/// The effects of an application's rules that name one of these roles.
pub async fn role_effects(tx: &mut Tx, pool: &PoolId, app: &str, roles: &[String]) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT DISTINCT effect FROM app_access
         WHERE pool_id = $1 AND app_id = $2 AND target_type = 'ROLE' AND target_id IN ANY_OF($3) AND enabled"
    );
    Ok(tx.all::<(String,)>(sql, vals![pool, app, roles]).await?.into_iter().map(|(effect,)| effect).collect())
}

/// The rules of any application that name one of these targets.
pub async fn naming(tx: &mut Tx, pool: &PoolId, kind: Target, targets: &[String]) -> Result<Vec<AppAccess>> {
    let sql = sql!(
        "SELECT pool_id, id, app_id, target_type, target_id, effect, enabled, inherit, created_at, updated_at
         FROM app_access WHERE pool_id = $1 AND target_type = $2 AND target_id IN ANY_OF($3)"
    );
    tx.all(sql, vals![pool, kind.as_str(), targets]).await
}

/// A department by which rules reach somebody.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Whether it is only above the one in question.
    pub above: bool,
    /// Whether it, or one above it, is out of use: then only what denies counts.
    pub idle: bool,
}

type Reaches = Vec<(String, bool, bool)>;

fn reaches(rows: Reaches) -> BTreeMap<String, Reach> {
    rows.into_iter().map(|(id, above, idle)| (id, Reach { above, idle })).collect()
}

/// A department and those above it.
pub async fn departments_above(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<BTreeMap<String, Reach>> {
    let sql = sql!(
        "SELECT a.ancestor_id, CASE WHEN a.depth > 0 THEN TRUE ELSE FALSE END AS above,
                CASE WHEN EXISTS (
                    SELECT 1 FROM department_ancestors x
                    JOIN departments d ON d.pool_id = x.pool_id AND d.id = x.ancestor_id
                    WHERE x.pool_id = $1 AND x.department_id = a.ancestor_id AND NOT d.enabled)
                THEN TRUE ELSE FALSE END AS idle
         FROM department_ancestors a WHERE a.pool_id = $1 AND a.department_id = $2"
    );
    Ok(reaches(tx.all(sql, vals![pool, id]).await?))
}

/// The departments that a user is in, also by one below.
pub async fn departments_of(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<BTreeMap<String, Reach>> {
    let sql = sql!(
        "SELECT t.department_id, CASE WHEN m.user_id IS NULL THEN TRUE ELSE FALSE END AS above,
                CASE WHEN EXISTS (
                    SELECT 1 FROM department_ancestors x
                    JOIN departments d ON d.pool_id = x.pool_id AND d.id = x.ancestor_id
                    WHERE x.pool_id = $1 AND x.department_id = t.department_id AND NOT d.enabled)
                THEN TRUE ELSE FALSE END AS idle
         FROM department_tree_members t
         LEFT JOIN department_members m
              ON m.pool_id = t.pool_id AND m.department_id = t.department_id AND m.user_id = t.user_id
         WHERE t.pool_id = $1 AND t.user_id = $2"
    );
    Ok(reaches(tx.all(sql, vals![pool, user]).await?))
}

/// Which rules of an application; what is absent does not choose.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Part of the target's name, folded.
    pub name: Option<String>,
    pub kinds: Option<Vec<String>>,
    pub effect: Option<String>,
    pub enabled: Option<bool>,
}

/// A page of an application's rules, the newest first, and how many there are.
pub async fn page(tx: &mut Tx, pool: &PoolId, app: &str, w: &Wanted, page: Page) -> Result<(i64, Vec<AppAccess>)> {
    let mut vals: Vec<Val> = vec![pool.into(), app.into()];
    let mut condition = String::from("pool_id = $1 AND app_id = $2");
    let mut add = |text: &str, val: Val| {
        vals.push(val);
        condition.push_str(&text.replace("$?", &format!("${}", vals.len())));
    };
    if let Some(kinds) = &w.kinds {
        add(" AND target_type IN ANY_OF($?)", kinds.as_slice().into());
    }
    if let Some(effect) = &w.effect {
        add(" AND effect = $?", effect.into());
    }
    if let Some(enabled) = w.enabled {
        add(" AND enabled = $?", enabled.into());
    }
    if let Some(name) = &w.name {
        let names = "
            AND CASE target_type
                WHEN 'USER' THEN EXISTS (SELECT 1 FROM users t WHERE t.pool_id = $1 AND t.id = app_access.target_id
                    AND (t.username_key LIKE $? ESCAPE '\\' OR t.name_key LIKE $? ESCAPE '\\'
                         OR t.nickname_key LIKE $? ESCAPE '\\' OR t.email_key LIKE $? ESCAPE '\\'))
                WHEN 'GROUP' THEN EXISTS (SELECT 1 FROM groups t WHERE t.pool_id = $1 AND t.id = app_access.target_id
                    AND t.name_key LIKE $? ESCAPE '\\')
                WHEN 'ROLE' THEN EXISTS (SELECT 1 FROM roles t WHERE t.pool_id = $1 AND t.id = app_access.target_id
                    AND t.name_key LIKE $? ESCAPE '\\')
                ELSE EXISTS (SELECT 1 FROM departments t WHERE t.pool_id = $1 AND t.id = app_access.target_id
                    AND t.name_key LIKE $? ESCAPE '\\') END";
        add(names, format!("%{}%", crate::table::escape_like(name)).into());
    }
    let count = format!("SELECT CAST(COUNT(*) AS BIGINT) AS total FROM app_access WHERE {condition}");
    let (total,): (i64,) = tx.one(&count, &vals).await?;
    let (limit, offset) = (vals.len() + 1, vals.len() + 2);
    let columns = AppAccess::COLUMNS.join(", ");
    let rows = format!(
        "SELECT {columns} FROM app_access WHERE {condition} ORDER BY created_at DESC, id DESC LIMIT ${limit} OFFSET ${offset}"
    );
    vals.push(page.limit.into());
    vals.push(page.offset.into());
    Ok((total, tx.all(&rows, &vals).await?))
}
