//! Who is in a department, and who is anywhere below it.
//!
//! `department_members` is what somebody said; `department_tree_members` follows from it and from the tree, and is
//! kept with every change by statements over whole sets. The organisation must be held by whoever changes either.
//!
//! `CROSS JOIN` is how SQLite is told the order of the tables: from the few people concerned outwards. On its own it
//! begins with all that is below an ancestor, and a move of 10,000 people takes minutes.

use watchword_kit::{Millis, PoolId};

use crate::statement::Sql;
use crate::table::Page;
use crate::{Result, Table, Tx, Val, row, sql, vals};

row! {
    /// A user in a department.
    pub struct Member {
        pub pool_id: String,
        pub department_id: String,
        pub user_id: String,
        pub is_leader: bool,
        pub is_main: bool,
        pub joined_at: Millis,
    }
}

pub static TABLE: Table<Member> = Table::new("department_members");

/// Holds the rows of these users until this transaction ends, by ascending id; answers those who are gone.
pub async fn hold_users(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<Vec<String>> {
    let mut ids: Vec<&String> = users.iter().collect();
    ids.sort();
    ids.dedup();
    let sql = sql!("UPDATE users SET updated_at = updated_at WHERE pool_id = $1 AND id = $2");
    let vals: Vec<[Val; 2]> = ids.iter().map(|id| [pool.into(), (*id).into()]).collect();
    let list: Vec<(Sql<'_>, &[Val])> = vals.iter().map(|v| (sql.into(), v.as_slice())).collect();
    let held = tx.run_together(&list).await?;
    Ok(ids.into_iter().zip(held).filter(|(_, n)| *n == 0).map(|(id, _)| id.clone()).collect())
}

/// The memberships of these users, by the time of joining.
pub async fn of_users(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<Vec<Member>> {
    let sql = sql!(
        "SELECT pool_id, department_id, user_id, is_leader, is_main, joined_at FROM department_members
         WHERE pool_id = $1 AND user_id IN ANY_OF($2) ORDER BY joined_at, department_id"
    );
    tx.all(sql, vals![pool, users]).await
}

/// The leaders of these departments: department, user; by the time of joining.
pub async fn leaders(tx: &mut Tx, pool: &PoolId, departments: &[String]) -> Result<Vec<(String, String)>> {
    let sql = sql!(
        "SELECT department_id, user_id FROM department_members
         WHERE pool_id = $1 AND department_id IN ANY_OF($2) AND is_leader ORDER BY joined_at, user_id"
    );
    tx.all(sql, vals![pool, departments]).await
}

/// How many are in each of these departments, and how many in or below it; one that never had members is left out.
pub async fn counts(tx: &mut Tx, pool: &PoolId, departments: &[String]) -> Result<Vec<(String, i64, i64)>> {
    let sql = sql!(
        "SELECT department_id, members, tree_members FROM department_counts
         WHERE pool_id = $1 AND department_id IN ANY_OF($2)"
    );
    tx.all(sql, vals![pool, departments]).await
}

/// How many are in the department, or, with `tree`, anywhere below it.
pub async fn count(tx: &mut Tx, pool: &PoolId, department: &str, tree: bool) -> Result<i64> {
    let counted = counts(tx, pool, &[department.to_owned()]).await?;
    Ok(counted.first().map_or(0, |(_, members, below)| if tree { *below } else { *members }))
}

/// The table of members of departments, or, with `tree`, of all below them.
pub(crate) fn table(tree: bool) -> &'static str {
    if tree { "department_tree_members" } else { "department_members" }
}

/// Whether the user is in the department, or, with `tree`, anywhere below it.
pub async fn is_in(tx: &mut Tx, pool: &PoolId, department: &str, user: &str, tree: bool) -> Result<bool> {
    let sql = if tree {
        sql!("SELECT user_id FROM department_tree_members WHERE pool_id = $1 AND department_id = $2 AND user_id = $3")
    } else {
        sql!("SELECT user_id FROM department_members WHERE pool_id = $1 AND department_id = $2 AND user_id = $3")
    };
    Ok(tx.maybe::<(String,)>(sql, vals![pool, department, user]).await?.is_some())
}

/// Everybody directly in the department, by the time of joining.
pub async fn ids(tx: &mut Tx, pool: &PoolId, department: &str) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT user_id FROM department_members WHERE pool_id = $1 AND department_id = $2 ORDER BY joined_at, user_id"
    );
    let rows: Vec<(String,)> = tx.all(sql, vals![pool, department]).await?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// How a list of members is ordered.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// By the time of joining and then the user's id; otherwise by the user's id alone, which is the age of the account.
    pub by_joining: bool,
    pub descending: bool,
}

/// One page of the members of a department, or, with `tree`, of all below it, each once; and how many there are. A page
/// behind the middle is read from the end, so that the last one costs what the first does.
pub async fn page(
    tx: &mut Tx,
    pool: &PoolId,
    department: &str,
    tree: bool,
    order: Order,
    page: Page,
) -> Result<(i64, Vec<String>)> {
    let total = count(tx, pool, department, tree).await?;
    if page.offset >= total {
        return Ok((total, Vec::new()));
    }
    let limit = page.limit.min(total - page.offset);
    let behind = page.offset > total / 2;
    let offset = if behind { total - page.offset - limit } else { page.offset };
    let table = table(tree);
    let direction = if order.descending != behind { "DESC" } else { "ASC" };
    let by = if order.by_joining { format!("joined_at {direction}, user_id") } else { "user_id".into() };
    let sql = format!(
        "SELECT user_id FROM {table} WHERE pool_id = $1 AND department_id = $2
         ORDER BY {by} {direction} LIMIT $3 OFFSET $4"
    );
    let rows: Vec<(String,)> = tx.all(&sql, vals![pool, department, limit, offset]).await?;
    let mut found: Vec<String> = rows.into_iter().map(|r| r.0).collect();
    if behind {
        found.reverse();
    }
    Ok((total, found))
}

/// Writes memberships: a new one as it stands, of an old one the marks, whose time of joining stays. Afterwards
/// [`refresh`] is due.
pub async fn put(tx: &mut Tx, rows: &[Member]) -> Result<()> {
    let sql = sql!(
        "INSERT INTO department_members (pool_id, department_id, user_id, is_leader, is_main, joined_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (pool_id, department_id, user_id)
         DO UPDATE SET is_leader = excluded.is_leader, is_main = excluded.is_main"
    );
    tx.insert_many(sql, rows.iter().map(crate::Record::values).collect()).await.map(drop)
}

/// Takes users out of these departments; answers how many memberships there were. Afterwards [`refresh`] is due.
pub async fn remove(tx: &mut Tx, pool: &PoolId, departments: &[String], users: &[String]) -> Result<u64> {
    let sql = sql!(
        "DELETE FROM department_members
         WHERE pool_id = $1 AND department_id IN ANY_OF($2) AND user_id IN ANY_OF($3)"
    );
    tx.run(sql, vals![pool, departments, users]).await
}

/// Makes exactly these of the members the leaders of a department.
pub async fn set_leaders(tx: &mut Tx, pool: &PoolId, department: &str, users: &[String]) -> Result<()> {
    let off = sql!(
        "UPDATE department_members SET is_leader = FALSE
         WHERE pool_id = $1 AND department_id = $2 AND is_leader AND NOT (user_id IN ANY_OF($3))"
    );
    tx.run(off, vals![pool, department, users]).await?;
    let on = sql!(
        "UPDATE department_members SET is_leader = TRUE
         WHERE pool_id = $1 AND department_id = $2 AND NOT is_leader AND user_id IN ANY_OF($3)"
    );
    tx.run(on, vals![pool, department, users]).await.map(drop)
}

/// Brings the tree members of these users up to date in these organisations, which are held.
pub async fn refresh(tx: &mut Tx, pool: &PoolId, users: &[String], organizations: &[String]) -> Result<()> {
    let out = sql!(
        "DELETE FROM department_tree_members WHERE pool_id = $1 AND user_id IN ANY_OF($2) AND EXISTS
         (SELECT 1 FROM departments d WHERE d.pool_id = department_tree_members.pool_id
          AND d.id = department_tree_members.department_id AND d.organization_id IN ANY_OF($3))"
    );
    tx.run(out, vals![pool, users, organizations]).await?;
    let into = sql!(
        "INSERT INTO department_tree_members (pool_id, department_id, user_id, joined_at)
         SELECT m.pool_id, a.ancestor_id, m.user_id, MIN(m.joined_at)
         FROM department_members m CROSS JOIN departments d CROSS JOIN department_ancestors a
         WHERE m.pool_id = $1 AND m.user_id IN ANY_OF($2)
         AND d.pool_id = m.pool_id AND d.id = m.department_id AND d.organization_id IN ANY_OF($3)
         AND a.pool_id = m.pool_id AND a.department_id = m.department_id
         GROUP BY m.pool_id, a.ancestor_id, m.user_id"
    );
    tx.run(into, vals![pool, users, organizations]).await.map(drop)
}

/// Everybody in the subtree of `id` leaves these departments, which are no longer above it: who is below them in
/// another place stays, since the time of joining there.
pub async fn leave_above(tx: &mut Tx, pool: &PoolId, id: &str, lost: &[String]) -> Result<()> {
    if lost.is_empty() {
        return Ok(());
    }
    let out = sql!(
        "DELETE FROM department_tree_members WHERE pool_id = $1 AND department_id IN ANY_OF($3) AND user_id IN
         (SELECT t.user_id FROM department_tree_members t WHERE t.pool_id = $1 AND t.department_id = $2)"
    );
    tx.run(out, vals![pool, id, lost]).await?;
    let again = sql!(
        "INSERT INTO department_tree_members (pool_id, department_id, user_id, joined_at)
         SELECT t.pool_id, a.ancestor_id, t.user_id, MIN(m.joined_at)
         FROM department_tree_members t CROSS JOIN department_members m CROSS JOIN department_ancestors a
         WHERE t.pool_id = $1 AND t.department_id = $2 AND m.pool_id = t.pool_id AND m.user_id = t.user_id
         AND a.pool_id = m.pool_id AND a.department_id = m.department_id AND a.ancestor_id IN ANY_OF($3)
         GROUP BY t.pool_id, a.ancestor_id, t.user_id"
    );
    tx.run(again, vals![pool, id, lost]).await.map(drop)
}

/// Everybody in the subtree of `id` joins these departments, which are now above it.
pub async fn join_above(tx: &mut Tx, pool: &PoolId, id: &str, gained: &[String]) -> Result<()> {
    if gained.is_empty() {
        return Ok(());
    }
    let into = sql!(
        "INSERT INTO department_tree_members (pool_id, department_id, user_id, joined_at)
         SELECT t.pool_id, d.id, t.user_id, t.joined_at
         FROM department_tree_members t CROSS JOIN departments d
         WHERE t.pool_id = $1 AND t.department_id = $2 AND d.pool_id = t.pool_id AND d.id IN ANY_OF($3)
         ON CONFLICT (pool_id, department_id, user_id) DO UPDATE SET joined_at = excluded.joined_at
         WHERE excluded.joined_at < department_tree_members.joined_at"
    );
    tx.run(into, vals![pool, id, gained]).await.map(drop)
}

/// Ends the memberships of a department that is about to be deleted, also in what is above it.
pub async fn dissolve(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<()> {
    let above = super::tree::above(tx, pool, id).await?;
    let sql = sql!("DELETE FROM department_members WHERE pool_id = $1 AND department_id = $2");
    tx.run(sql, vals![pool, id]).await?;
    leave_above(tx, pool, id, &above).await
}
