//! Roles, to whom they are assigned, and which exclude each other.
//!
//! Where a function takes `now`, it passes over assignments and roles that are not in force then; `None`: all count.

mod member;

use watchword_kit::{Millis, PoolId};

use crate::table::Page;
use crate::target::Target;
use crate::{Filter, Record, Result, Table, Tx, row, sql, vals};

pub use member::{Sources, members, members_in_common};

row! {
    /// What somebody may be in a permission space.
    pub struct Role {
        pub pool_id: String,
        pub id: String,
        pub namespace: String,
        /// Unique in the space, as is `name_key`.
        pub code: String,
        pub name: String,
        pub name_key: String,
        pub description: String,
        /// `ENABLE` or `DISABLE`.
        pub status: String,
        pub disable_at: Option<Millis>,
        pub is_admin: bool,
        /// JSON object.
        pub custom_data: String,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

row! {
    /// A role given to a user, or to all who hold another role or are in a group or department.
    pub struct RoleAssignment {
        pub pool_id: String,
        pub role_id: String,
        /// [`Target::as_str`].
        pub target_type: String,
        pub target_id: String,
        pub enable_at: Option<Millis>,
        pub end_at: Option<Millis>,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

row! {
    /// A permission space beside those that every pool and application has.
    pub struct Namespace {
        pub pool_id: String,
        pub code: String,
        pub name: String,
        pub description: Option<String>,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

pub static TABLE: Table<Role> = Table::new("roles");
pub static ASSIGNMENTS: Table<RoleAssignment> = Table::new("role_assignments");
pub static NAMESPACES: Table<Namespace> = Table::new("namespaces");

/// The roles of a space with these codes, in no order.
pub async fn by_codes(tx: &mut Tx, pool: &PoolId, namespace: &str, codes: &[String]) -> Result<Vec<Role>> {
    let sql = format!(
        "SELECT {} FROM roles WHERE pool_id = $1 AND namespace = $2 AND code IN ANY_OF($3)",
        Role::COLUMNS.join(", ")
    );
    tx.all(&sql, vals![pool, namespace, codes]).await
}

/// Who has these folded names in a space: name, id.
pub async fn names(tx: &mut Tx, pool: &PoolId, namespace: &str, keys: &[String]) -> Result<Vec<(String, String)>> {
    let sql = sql!("SELECT name_key, id FROM roles WHERE pool_id = $1 AND namespace = $2 AND name_key IN ANY_OF($3)");
    tx.all(sql, vals![pool, namespace, keys]).await
}

/// The roles of a space, as many as there are.
pub async fn ids_of_space(tx: &mut Tx, pool: &PoolId, namespace: &str) -> Result<Vec<String>> {
    let sql = sql!("SELECT id FROM roles WHERE pool_id = $1 AND namespace = $2");
    Ok(tx.all::<(String,)>(sql, vals![pool, namespace]).await?.into_iter().map(|(id,)| id).collect())
}

/// Writes assignments; one that is there already takes over the times.
pub async fn assign(tx: &mut Tx, rows: &[RoleAssignment]) -> Result<()> {
    let sql = format!(
        "{} ON CONFLICT (pool_id, role_id, target_type, target_id)
         DO UPDATE SET enable_at = excluded.enable_at, end_at = excluded.end_at, updated_at = excluded.updated_at",
        ASSIGNMENTS.insert_sql()
    );
    tx.insert_many(&sql, rows.iter().map(Record::values).collect()).await.map(drop)
}

/// Takes roles away from targets of one kind; answers how many assignments there were.
pub async fn revoke(tx: &mut Tx, pool: &PoolId, roles: &[String], kind: Target, targets: &[String]) -> Result<u64> {
    let sql = sql!(
        "DELETE FROM role_assignments
         WHERE pool_id = $1 AND role_id IN ANY_OF($2) AND target_type = $3 AND target_id IN ANY_OF($4)"
    );
    tx.run(sql, vals![pool, roles, kind.as_str(), targets]).await
}

/// Deletes roles, their assignments, what was assigned to them, and their exclusions.
pub async fn delete(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<u64> {
    let theirs = [
        sql!("DELETE FROM app_access WHERE pool_id = $1 AND target_type = 'ROLE' AND target_id IN ANY_OF($2)"),
        sql!("DELETE FROM role_assignments WHERE pool_id = $1 AND role_id IN ANY_OF($2)"),
        sql!(
            "DELETE FROM role_assignments
             WHERE pool_id = $1 AND target_type = 'ROLE' AND target_id IN ANY_OF($2)"
        ),
        sql!(
            "DELETE FROM custom_unique_values
             WHERE pool_id = $1 AND target_type = 'ROLE' AND target_id IN ANY_OF($2)"
        ),
    ];
    for statement in theirs {
        tx.run(statement, vals![pool, ids]).await?;
    }
    exclude(tx, pool, ids, &[]).await?;
    tx.run(sql!("DELETE FROM roles WHERE pool_id = $1 AND id IN ANY_OF($2)"), vals![pool, ids]).await
}

/// Replaces what these roles exclude by `others`.
pub async fn exclude(tx: &mut Tx, pool: &PoolId, roles: &[String], others: &[String]) -> Result<()> {
    let away = sql!(
        "DELETE FROM role_exclusions WHERE pool_id = $1 AND role_id IN
         (SELECT other_id FROM role_exclusions WHERE pool_id = $1 AND role_id IN ANY_OF($2))
         AND other_id IN ANY_OF($2)"
    );
    tx.run(away, vals![pool, roles]).await?;
    let own = sql!("DELETE FROM role_exclusions WHERE pool_id = $1 AND role_id IN ANY_OF($2)");
    tx.run(own, vals![pool, roles]).await?;
    let sql = sql!(
        "INSERT INTO role_exclusions (pool_id, role_id, other_id) VALUES ($1, $2, $3)
         ON CONFLICT (pool_id, role_id, other_id) DO NOTHING"
    );
    let pairs = roles.iter().flat_map(|a| others.iter().flat_map(move |b| [(a, b), (b, a)]));
    tx.insert_many(sql, pairs.map(|(a, b)| vals![pool, a, b].to_vec()).collect()).await.map(drop)
}

/// Pairs that exclude each other, whose first is one of these roles.
pub async fn exclusions(tx: &mut Tx, pool: &PoolId, roles: &[String]) -> Result<Vec<(String, String)>> {
    let sql = sql!("SELECT role_id, other_id FROM role_exclusions WHERE pool_id = $1 AND role_id IN ANY_OF($2)");
    tx.all(sql, vals![pool, roles]).await
}

/// The roles whose holders hold one of these, too: to which one of these is assigned.
pub async fn below(tx: &mut Tx, pool: &PoolId, roles: &[String], now: Option<Millis>) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT DISTINCT a.target_id FROM role_assignments a
         JOIN roles r ON r.pool_id = a.pool_id AND r.id = a.target_id
         WHERE a.pool_id = $1 AND a.role_id IN ANY_OF($2) AND a.target_type = 'ROLE'
           AND (CAST($3 AS BIGINT) IS NULL OR (
                (a.enable_at IS NULL OR a.enable_at <= $3) AND (a.end_at IS NULL OR a.end_at > $3)
                AND r.status = 'ENABLE' AND (r.disable_at IS NULL OR r.disable_at > $3)))"
    );
    Ok(tx.all::<(String,)>(sql, vals![pool, roles, now]).await?.into_iter().map(|(id,)| id).collect())
}

/// The roles that are assigned to one of these roles.
pub async fn above(tx: &mut Tx, pool: &PoolId, roles: &[String], now: Option<Millis>) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT DISTINCT a.role_id FROM role_assignments a
         JOIN roles r ON r.pool_id = a.pool_id AND r.id = a.role_id
         WHERE a.pool_id = $1 AND a.target_type = 'ROLE' AND a.target_id IN ANY_OF($2)
           AND (CAST($3 AS BIGINT) IS NULL OR (
                (a.enable_at IS NULL OR a.enable_at <= $3) AND (a.end_at IS NULL OR a.end_at > $3)
                AND r.status = 'ENABLE' AND (r.disable_at IS NULL OR r.disable_at > $3)))"
    );
    Ok(tx.all::<(String,)>(sql, vals![pool, roles, now]).await?.into_iter().map(|(id,)| id).collect())
}

/// The roles that a user has in force by an assignment to the user, a group or a department in use: role, kind of the
/// target.
pub async fn of_user(tx: &mut Tx, pool: &PoolId, user: &str, now: Millis) -> Result<Vec<(String, String)>> {
    let sql = sql!(
        "SELECT a.role_id, a.target_type FROM role_assignments a
         JOIN roles r ON r.pool_id = a.pool_id AND r.id = a.role_id
         WHERE a.pool_id = $1 AND a.target_type = 'USER' AND a.target_id = $2
           AND (a.enable_at IS NULL OR a.enable_at <= $3) AND (a.end_at IS NULL OR a.end_at > $3)
           AND r.status = 'ENABLE' AND (r.disable_at IS NULL OR r.disable_at > $3)
         UNION
         SELECT a.role_id, a.target_type FROM group_members m
         JOIN role_assignments a ON a.pool_id = m.pool_id AND a.target_type = 'GROUP' AND a.target_id = m.group_id
         JOIN roles r ON r.pool_id = a.pool_id AND r.id = a.role_id
         WHERE m.pool_id = $1 AND m.user_id = $2
           AND (a.enable_at IS NULL OR a.enable_at <= $3) AND (a.end_at IS NULL OR a.end_at > $3)
           AND r.status = 'ENABLE' AND (r.disable_at IS NULL OR r.disable_at > $3)
         UNION
         SELECT a.role_id, a.target_type FROM department_tree_members m
         JOIN role_assignments a
           ON a.pool_id = m.pool_id AND a.target_type = 'DEPARTMENT' AND a.target_id = m.department_id
         JOIN roles r ON r.pool_id = a.pool_id AND r.id = a.role_id
         WHERE m.pool_id = $1 AND m.user_id = $2
           AND (a.enable_at IS NULL OR a.enable_at <= $3) AND (a.end_at IS NULL OR a.end_at > $3)
           AND r.status = 'ENABLE' AND (r.disable_at IS NULL OR r.disable_at > $3)
           AND NOT EXISTS (
               SELECT 1 FROM department_ancestors x JOIN departments d ON d.pool_id = x.pool_id AND d.id = x.ancestor_id
               WHERE x.pool_id = $1 AND x.department_id = m.department_id AND NOT d.enabled)"
    );
    tx.all(sql, vals![pool, user, now]).await
}

/// The roles that are assigned to these targets of one kind, in force or not.
pub async fn of_targets(tx: &mut Tx, pool: &PoolId, kind: Target, targets: &[String]) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT DISTINCT role_id FROM role_assignments
         WHERE pool_id = $1 AND target_type = $2 AND target_id IN ANY_OF($3)"
    );
    Ok(tx.all::<(String,)>(sql, vals![pool, kind.as_str(), targets]).await?.into_iter().map(|(id,)| id).collect())
}

/// Which of these users have the role by an assignment in force to themselves.
pub async fn assigned_users(
    tx: &mut Tx,
    pool: &PoolId,
    role: &str,
    users: &[String],
    now: Millis,
) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT target_id FROM role_assignments
         WHERE pool_id = $1 AND role_id = $2 AND target_type = 'USER' AND target_id IN ANY_OF($3)
           AND (enable_at IS NULL OR enable_at <= $4) AND (end_at IS NULL OR end_at > $4)"
    );
    Ok(tx.all::<(String,)>(sql, vals![pool, role, users, now]).await?.into_iter().map(|(id,)| id).collect())
}

/// Departments in use to which a role is assigned in force: how many, and id, code, name and description of one page.
pub async fn departments(
    tx: &mut Tx,
    pool: &PoolId,
    role: &str,
    now: Millis,
    page: Page,
) -> Result<(i64, Vec<(String, Option<String>, String, Option<String>)>)> {
    let count = sql!(
        "SELECT COUNT(*) AS total FROM role_assignments
         WHERE pool_id = $1 AND role_id = $2 AND target_type = 'DEPARTMENT'
           AND (enable_at IS NULL OR enable_at <= $3) AND (end_at IS NULL OR end_at > $3)
           AND NOT EXISTS (
               SELECT 1 FROM department_ancestors x JOIN departments d ON d.pool_id = x.pool_id AND d.id = x.ancestor_id
               WHERE x.pool_id = $1 AND x.department_id = target_id AND NOT d.enabled)"
    );
    let (total,): (i64,) = tx.one(count, vals![pool, role, now]).await?;
    let sql = sql!(
        "SELECT d.id, d.code, d.name, d.description FROM role_assignments a
         JOIN departments d ON d.pool_id = a.pool_id AND d.id = a.target_id
         WHERE a.pool_id = $1 AND a.role_id = $2 AND a.target_type = 'DEPARTMENT'
           AND (a.enable_at IS NULL OR a.enable_at <= $3) AND (a.end_at IS NULL OR a.end_at > $3)
           AND NOT EXISTS (
               SELECT 1 FROM department_ancestors x JOIN departments n ON n.pool_id = x.pool_id AND n.id = x.ancestor_id
               WHERE x.pool_id = $1 AND x.department_id = a.target_id AND NOT n.enabled)
         ORDER BY a.target_id LIMIT $4 OFFSET $5"
    );
    Ok((total, tx.all(sql, vals![pool, role, now, page.limit, page.offset]).await?))
}

/// Assignments of these roles to targets of these kinds: how many, and one page in the order of role, kind and target.
pub async fn assignments(
    tx: &mut Tx,
    pool: &PoolId,
    roles: &[String],
    kinds: &[String],
    page: Page,
) -> Result<(i64, Vec<RoleAssignment>)> {
    let filter = Filter::pool(pool).and_raw("role_id IN ANY_OF($$)", roles).and_raw("target_type IN ANY_OF($$)", kinds);
    // Table::page ends the order with the role, which is the first of it already.
    ASSIGNMENTS.page(tx, &filter, "role_id, target_type, target_id", page).await
}
