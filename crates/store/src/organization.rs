//! Organisations: the trees of departments of a pool.

use watchword_kit::{Millis, PoolId};

use crate::statement::Sql;
use crate::table::{Page, escape_like};
use crate::{Filter, Result, Table, Tx, Val, row, sql, vals};

row! {
    /// A tree; its id is that of its root department.
    pub struct Organization {
        pub pool_id: String,
        pub id: String,
        pub code: String,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

pub static TABLE: Table<Organization> = Table::new("organizations");

/// The organisations with these codes, in no order.
pub async fn by_codes(tx: &mut Tx, pool: &PoolId, codes: &[String]) -> Result<Vec<Organization>> {
    TABLE.find_many(tx, pool, "code", codes).await
}

/// Holds the organisation's row until this transaction ends: whoever changes the tree, or who is in it, takes turns.
/// Users are held before organisations, and each by ascending id. Answers the row, if it is still there.
pub async fn hold(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<Option<Organization>> {
    let sql = sql!(
        "UPDATE organizations SET updated_at = updated_at WHERE pool_id = $1 AND id = $2
         RETURNING pool_id, id, code, created_at, updated_at"
    );
    tx.maybe(sql, vals![pool, id]).await
}

/// Holds several organisations, in the order in which everybody holds them; answers whether all are there.
pub async fn hold_many(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<bool> {
    let mut ids: Vec<&String> = ids.iter().collect();
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Ok(true);
    }
    let sql = sql!("UPDATE organizations SET updated_at = updated_at WHERE pool_id = $1 AND id = $2");
    let vals: Vec<[Val; 2]> = ids.into_iter().map(|id| [pool.into(), id.into()]).collect();
    let list: Vec<(Sql<'_>, &[Val])> = vals.iter().map(|v| (sql.into(), v.as_slice())).collect();
    Ok(tx.run_together(&list).await?.into_iter().all(|n| n == 1))
}

/// Holds the organisations of these users, who must be held already.
pub async fn hold_of_users(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<()> {
    let ids = of_users(tx, pool, users).await?;
    hold_many(tx, pool, &ids).await.map(drop)
}

/// The organisations that these users are in.
pub async fn of_users(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT DISTINCT d.organization_id FROM department_members m
         JOIN departments d ON d.pool_id = m.pool_id AND d.id = m.department_id
         WHERE m.pool_id = $1 AND m.user_id IN ANY_OF($2)"
    );
    let rows: Vec<(String,)> = tx.all(sql, vals![pool, users]).await?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// Which organisations of a list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub enabled: Option<bool>,
    /// Folded; in the name or the code.
    pub keywords: Option<String>,
}

/// One page, oldest first, and how many there are.
pub async fn page(tx: &mut Tx, pool: &PoolId, wanted: &Wanted, page: Page) -> Result<(i64, Vec<Organization>)> {
    let root = |condition: &str| {
        format!(
            "EXISTS (SELECT 1 FROM departments d
             WHERE d.pool_id = organizations.pool_id AND d.id = organizations.id AND {condition})"
        )
    };
    let mut filter = Filter::pool(pool);
    if let Some(enabled) = wanted.enabled {
        filter = filter.and_each(&root("d.enabled = $$"), vec![Val::Bool(enabled)]);
    }
    if let Some(keywords) = &wanted.keywords {
        let pattern = Val::Text(format!("%{}%", escape_like(keywords)));
        let text = format!("LOWER(code) LIKE $$ ESCAPE '\\' OR {}", root("d.name_key LIKE $$ ESCAPE '\\'"));
        filter = filter.and_each(&text, vec![pattern.clone(), pattern]);
    }
    TABLE.page(tx, &filter, "created_at", page).await
}

/// The organisations whose root has this name, oldest first.
pub async fn by_name(tx: &mut Tx, pool: &PoolId, name_key: &str) -> Result<Vec<Organization>> {
    let sql = sql!(
        "SELECT o.pool_id, o.id, o.code, o.created_at, o.updated_at FROM departments d
         JOIN organizations o ON o.pool_id = d.pool_id AND o.id = d.id
         WHERE d.pool_id = $1 AND d.name_key = $2 ORDER BY o.created_at, o.id"
    );
    tx.all(sql, vals![pool, name_key]).await
}

/// Deletes the organisation with every department, membership, link and assignment of the tree.
pub async fn delete(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<()> {
    let all = [
        sql!(
            "DELETE FROM department_members WHERE pool_id = $1 AND department_id IN
             (SELECT id FROM departments WHERE pool_id = $1 AND organization_id = $2)"
        ),
        sql!(
            "DELETE FROM department_tree_members WHERE pool_id = $1 AND department_id IN
             (SELECT id FROM departments WHERE pool_id = $1 AND organization_id = $2)"
        ),
        sql!(
            "DELETE FROM department_counts WHERE pool_id = $1 AND department_id IN
             (SELECT id FROM departments WHERE pool_id = $1 AND organization_id = $2)"
        ),
        sql!(
            "DELETE FROM department_custom_values WHERE pool_id = $1 AND department_id IN
             (SELECT id FROM departments WHERE pool_id = $1 AND organization_id = $2)"
        ),
        sql!(
            "DELETE FROM department_sync_relations WHERE pool_id = $1 AND department_id IN
             (SELECT id FROM departments WHERE pool_id = $1 AND organization_id = $2)"
        ),
        sql!(
            "DELETE FROM post_departments WHERE pool_id = $1 AND department_id IN
             (SELECT id FROM departments WHERE pool_id = $1 AND organization_id = $2)"
        ),
        sql!(
            "DELETE FROM role_assignments WHERE pool_id = $1 AND target_type = 'DEPARTMENT' AND target_id IN
             (SELECT id FROM departments WHERE pool_id = $1 AND organization_id = $2)"
        ),
        sql!(
            "DELETE FROM custom_unique_values WHERE pool_id = $1 AND target_type = 'DEPARTMENT' AND target_id IN
             (SELECT id FROM departments WHERE pool_id = $1 AND organization_id = $2)"
        ),
        sql!(
            "DELETE FROM department_ancestors WHERE pool_id = $1 AND department_id IN
             (SELECT id FROM departments WHERE pool_id = $1 AND organization_id = $2)"
        ),
        sql!("DELETE FROM departments WHERE pool_id = $1 AND organization_id = $2"),
        sql!("DELETE FROM organizations WHERE pool_id = $1 AND id = $2"),
    ];
    for statement in all {
        tx.run(statement, vals![pool, id]).await?;
    }
    Ok(())
}
