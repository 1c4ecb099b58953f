//! Who holds a role: distinct users out of assignments, groups and departments, in one statement however many.

use std::fmt::Write as _;

use watchword_kit::{Millis, PoolId};

use crate::table::Page;
use crate::target::Target;
use crate::{Result, Tx, Val, sql, vals};

/// Branches of a union that are written one by one: each is read in the order of its key, and merged.
const MOST_BRANCHES: usize = 48;

/// Where the holders of some roles come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Roles assigned to users themselves.
    roles: Vec<String>,
    groups: Vec<String>,
    departments: Vec<String>,
    now: Option<Millis>,
}

impl Sources {
    /// The sources of whoever holds one of these roles, which are all that lead to the one that is asked about.
    pub async fn of(tx: &mut Tx, pool: &PoolId, roles: &[String], now: Option<Millis>) -> Result<Sources> {
        let sql = sql!(
            "SELECT DISTINCT target_type, target_id FROM role_assignments
             WHERE pool_id = $1 AND role_id IN ANY_OF($2) AND target_type IN ('GROUP', 'DEPARTMENT')
               AND (CAST($3 AS BIGINT) IS NULL OR (
                    (enable_at IS NULL OR enable_at <= $3) AND (end_at IS NULL OR end_at > $3)))"
        );
        let mut found = Sources { roles: roles.to_vec(), now, ..Sources::default() };
        for (kind, id) in tx.all::<(String, String)>(sql, vals![pool, roles, now]).await? {
            let list = if kind == Target::Group.as_str() { &mut found.groups } else { &mut found.departments };
            list.push(id);
        }
        let sql = sql!(
            "SELECT department_id FROM department_ancestors
             WHERE pool_id = $1 AND department_id IN ANY_OF($2) AND ancestor_id IN ANY_OF($2)
               AND department_id <> ancestor_id"
        );
        // Who is in a department is also in those above it.
        if found.departments.len() > 1 {
            let covered: Vec<(String,)> = tx.all(sql, vals![pool, found.departments.as_slice()]).await?;
            found.departments.retain(|id| !covered.iter().any(|(c,)| c == id));
        }
        Ok(found)
    }

    /// A statement that answers each user once. `vals` begins with the pool.
    fn union(&self, vals: &mut Vec<Val>) -> String {
        let many = self.roles.len() + self.groups.len() + self.departments.len() > MOST_BRANCHES;
        let time = self.now.map(|now| place(vals, now.into()));
        let mut parts = Vec::new();
        let mut add = |head: &str, column: &str, ids: &[String], tail: &str| {
            if many && !ids.is_empty() {
                let n = place(vals, ids.into());
                parts.push(format!("{head} AND {column} IN ANY_OF(${n}){tail}"));
            } else {
                for id in ids {
                    let n = place(vals, id.into());
                    parts.push(format!("{head} AND {column} = ${n}{tail}"));
                }
            }
        };
        let mut tail = " AND target_type = 'USER'".to_owned();
        if let Some(n) = time {
            let _ = write!(tail, " AND (enable_at IS NULL OR enable_at <= ${n}) AND (end_at IS NULL OR end_at > ${n})");
        }
        add("SELECT target_id AS user_id FROM role_assignments WHERE pool_id = $1", "role_id", &self.roles, &tail);
        add("SELECT user_id FROM group_members WHERE pool_id = $1", "group_id", &self.groups, "");
        let head = "SELECT user_id FROM department_tree_members WHERE pool_id = $1";
        add(head, "department_id", &self.departments, "");
        parts.join(" UNION ")
    }
}

fn place(vals: &mut Vec<Val>, val: Val) -> usize {
    vals.push(val);
    vals.len()
}

/// How many users there are, and the ids of one page of them, in the order of ids.
pub async fn members(tx: &mut Tx, pool: &PoolId, sources: &Sources, page: Page) -> Result<(i64, Vec<String>)> {
    let mut vals = vec![Val::from(pool)];
    let union = sources.union(&mut vals);
    if sources.roles.is_empty() {
        return Ok((0, Vec::new()));
    }
    let count = format!("SELECT COUNT(*) AS total FROM ({union}) AS m");
    let (total,): (i64,) = tx.one(&count, &vals).await?;
    let (limit, offset) = (place(&mut vals, page.limit.into()), place(&mut vals, page.offset.into()));
    let sql = format!("{union} ORDER BY user_id LIMIT ${limit} OFFSET ${offset}");
    let ids: Vec<(String,)> = tx.all(&sql, &vals).await?;
    Ok((total, ids.into_iter().map(|(id,)| id).collect()))
}

/// Somebody who comes from both, if there is one.
pub async fn members_in_common(tx: &mut Tx, pool: &PoolId, a: &Sources, b: &Sources) -> Result<Option<String>> {
    if a.roles.is_empty() || b.roles.is_empty() {
        return Ok(None);
    }
    let mut vals = vec![Val::from(pool)];
    let (a, b) = (a.union(&mut vals), b.union(&mut vals));
    let sql = format!("SELECT user_id FROM ({a}) AS a INTERSECT SELECT user_id FROM ({b}) AS b LIMIT 1");
    Ok(tx.maybe::<(String,)>(&sql, &vals).await?.map(|(id,)| id))
}
