//! The shape of a tree: who is above whom, and what a move does to it.
//!
//! `department_ancestors` holds every department with itself and all above it, so that a subtree and a path are one
//! search each. The organisation must be held by whoever changes it.

use watchword_kit::{Millis, PoolId};

use super::{Department, TABLE};
use crate::{Record, Result, Tx, sql, vals};

/// Puts a department, whose row exists, below its parent (`None`: a root).
pub async fn plant(tx: &mut Tx, pool: &PoolId, id: &str, parent: Option<&str>) -> Result<()> {
    let own =
        sql!("INSERT INTO department_ancestors (pool_id, department_id, ancestor_id, depth) VALUES ($1, $2, $3, $4)");
    tx.run(own, vals![pool, id, id, 0_i64]).await?;
    let Some(parent) = parent else { return Ok(()) };
    let above = sql!(
        "INSERT INTO department_ancestors (pool_id, department_id, ancestor_id, depth)
         SELECT a.pool_id, $2, a.ancestor_id, a.depth + 1 FROM department_ancestors a
         WHERE a.pool_id = $1 AND a.department_id = $3"
    );
    tx.run(above, vals![pool, id, parent]).await.map(drop)
}

/// The path of each of these departments: department, ancestor, how far above; the root first, the department last.
pub async fn paths(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<(String, String, i64)>> {
    let sql = sql!(
        "SELECT department_id, ancestor_id, depth FROM department_ancestors
         WHERE pool_id = $1 AND department_id IN ANY_OF($2) ORDER BY department_id, depth DESC"
    );
    tx.all(sql, vals![pool, ids]).await
}

/// The departments above one, it not among them.
pub async fn above(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT ancestor_id FROM department_ancestors
         WHERE pool_id = $1 AND department_id = $2 AND depth > 0 ORDER BY depth"
    );
    let rows: Vec<(String,)> = tx.all(sql, vals![pool, id]).await?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// A department and all below it: nearer ones first, then the older.
pub async fn below(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<Vec<Department>> {
    let columns: Vec<String> = Department::COLUMNS.iter().map(|c| format!("d.{c}")).collect();
    let sql = format!(
        "SELECT {} FROM department_ancestors a JOIN departments d ON d.pool_id = a.pool_id AND d.id = a.department_id
         WHERE a.pool_id = $1 AND a.ancestor_id = $2 ORDER BY a.depth, d.created_at, d.id",
        columns.join(", ")
    );
    tx.all(&sql, vals![pool, id]).await
}

/// How many levels are below a department.
pub async fn height(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<i64> {
    let sql = sql!(
        "SELECT depth FROM department_ancestors WHERE pool_id = $1 AND ancestor_id = $2 ORDER BY depth DESC LIMIT 1"
    );
    Ok(tx.maybe::<(i64,)>(sql, vals![pool, id]).await?.map_or(0, |r| r.0))
}

/// Puts many departments, whose rows exist, below others: department, ancestor, depth.
pub async fn plant_many(tx: &mut Tx, pool: &PoolId, links: &[(String, String, i64)]) -> Result<()> {
    let sql =
        sql!("INSERT INTO department_ancestors (pool_id, department_id, ancestor_id, depth) VALUES ($1, $2, $3, $4)");
    let rows = links.iter().map(|(id, above, depth)| vec![pool.into(), id.into(), above.into(), depth.into()]);
    tx.insert_many(sql, rows.collect()).await.map(drop)
}

/// The children of a department, the oldest first.
pub async fn children(tx: &mut Tx, pool: &PoolId, parent: &str) -> Result<Vec<Department>> {
    let mut rows = TABLE.find_many(tx, pool, "parent_id", &[parent.to_owned()]).await?;
    rows.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(rows)
}

/// Which of these have children.
pub async fn parents(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT DISTINCT parent_id FROM departments
         WHERE pool_id = $1 AND parent_id IS NOT NULL AND parent_id IN ANY_OF($2)"
    );
    let rows: Vec<(String,)> = tx.all(sql, vals![pool, ids]).await?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// Moves a department with everything below it under another parent of the same tree, which must not be below it.
/// The memberships of the ancestors follow, in statements whose number does not depend on how many are moved. Answers
/// the departments that everybody below it has left or joined.
pub async fn relocate(tx: &mut Tx, pool: &PoolId, id: &str, parent: &str, now: Millis) -> Result<Vec<String>> {
    let old = above(tx, pool, id).await?;
    let mut new = above(tx, pool, parent).await?;
    new.push(parent.to_owned());
    let sql = sql!("UPDATE departments SET parent_id = $3, updated_at = $4 WHERE pool_id = $1 AND id = $2");
    tx.run(sql, vals![pool, id, parent, now]).await?;
    let cut = sql!(
        "DELETE FROM department_ancestors WHERE pool_id = $1 AND ancestor_id IN ANY_OF($3) AND department_id IN
         (SELECT s.department_id FROM department_ancestors s WHERE s.pool_id = $1 AND s.ancestor_id = $2)"
    );
    tx.run(cut, vals![pool, id, old.as_slice()]).await?;
    let graft = sql!(
        "INSERT INTO department_ancestors (pool_id, department_id, ancestor_id, depth)
         SELECT s.pool_id, s.department_id, p.ancestor_id, s.depth + p.depth + 1
         FROM department_ancestors p
         JOIN department_ancestors s ON s.pool_id = p.pool_id AND s.ancestor_id = $2
         WHERE p.pool_id = $1 AND p.department_id = $3"
    );
    tx.run(graft, vals![pool, id, parent]).await?;
    let lost: Vec<String> = old.iter().filter(|a| !new.contains(a)).cloned().collect();
    let gained: Vec<String> = new.iter().filter(|a| !old.contains(a)).cloned().collect();
    super::member::leave_above(tx, pool, id, &lost).await?;
    super::member::join_above(tx, pool, id, &gained).await?;
    Ok([lost, gained].concat())
}
