//! Who holds a role: distinct users out of assignments, groups and departments, in one statement however many.

use std::fmt::Write as _;

use watchword_kit::{Millis, PoolId};

use crate::table::Page;
use crate::target::Target;
use crate::{Result, Tx, Val, department, sql, vals};

/// Branches of a union that are written one by one: each is read in the order of its key, and merged.
const MOST_BRANCHES: usize = 48;
/// Holders up to which a page is made of the first of each source.
const FIRST_PAGES: i64 = 2_000;

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
                    (enable_at IS NULL OR enable_at <= $3) AND (end_at IS NULL OR end_at > $3)
                    AND (target_type <> 'DEPARTMENT' OR NOT EXISTS (
                         SELECT 1 FROM department_ancestors x
                         JOIN departments d ON d.pool_id = x.pool_id AND d.id = x.ancestor_id
                         WHERE x.pool_id = $1 AND x.department_id = target_id AND NOT d.enabled))))"
        );
        let mut found = Sources { now, ..Sources::default() };
        for (kind, id) in tx.all::<(String, String)>(sql, vals![pool, roles, now]).await? {
            let list = if kind == Target::Group.as_str() { &mut found.groups } else { &mut found.departments };
            list.push(id);
        }
        // A source that nobody comes from would make two out of one, which is read in the order of its key alone.
        let sql = sql!(
            "SELECT id FROM roles WHERE pool_id = $1 AND id IN ANY_OF($2) AND EXISTS (
                 SELECT 1 FROM role_assignments a
                 WHERE a.pool_id = $1 AND a.role_id = roles.id AND a.target_type = 'USER')"
        );
        let with_users: Vec<(String,)> = tx.all(sql, vals![pool, roles]).await?;
        found.roles = with_users.into_iter().map(|(id,)| id).collect();
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

    fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.groups.is_empty() && self.departments.is_empty()
    }

    /// A statement that answers each user once; with `first`, each source gives no more than that many. `vals` begins
    /// with the pool.
    fn union(&self, vals: &mut Vec<Val>, first: Option<i64>) -> String {
        let parts = self.branches(vals);
        let Some(first) = first.filter(|_| parts.len() > 1) else { return parts.join(" UNION ") };
        let n = place(vals, first.into());
        let head = |part: &String| format!("SELECT user_id FROM ({part} ORDER BY user_id LIMIT ${n}) AS s");
        parts.iter().map(head).collect::<Vec<_>>().join(" UNION ")
    }

    fn branches(&self, vals: &mut Vec<Val>) -> Vec<String> {
        let many = self.roles.len() + self.groups.len() + self.departments.len() > MOST_BRANCHES;
        let mut parts = Vec::new();
        let mut add = |vals: &mut Vec<Val>, head: &str, column: &str, ids: &[String], tail: &str| {
            if many && !ids.is_empty() {
                let n = place(vals, ids.into());
                let distinct = head.replacen("SELECT", "SELECT DISTINCT", 1);
                parts.push(format!("{distinct} AND {column} IN ANY_OF(${n}){tail}"));
            } else {
                for id in ids {
                    let n = place(vals, id.into());
                    parts.push(format!("{head} AND {column} = ${n}{tail}"));
                }
            }
        };
        let mut tail = " AND target_type = 'USER'".to_owned();
        if let Some(now) = self.now.filter(|_| !self.roles.is_empty()) {
            let n = place(vals, now.into());
            let _ = write!(tail, " AND (enable_at IS NULL OR enable_at <= ${n}) AND (end_at IS NULL OR end_at > ${n})");
        }
        let head = "SELECT target_id AS user_id FROM role_assignments WHERE pool_id = $1";
        add(vals, head, "role_id", &self.roles, &tail);
        add(vals, "SELECT user_id FROM group_members WHERE pool_id = $1", "group_id", &self.groups, "");
        let head = "SELECT user_id FROM department_tree_members WHERE pool_id = $1";
        add(vals, head, "department_id", &self.departments, "");
        parts
    }
}

fn place(vals: &mut Vec<Val>, val: Val) -> usize {
    vals.push(val);
    vals.len()
}

/// How many users there are, and the ids of one page of them, in the order of ids.
pub async fn members(tx: &mut Tx, pool: &PoolId, sources: &Sources, page: Page) -> Result<(i64, Vec<String>)> {
    if sources.is_empty() {
        return Ok((0, Vec::new()));
    }
    let total = match (sources.roles.as_slice(), sources.groups.as_slice(), sources.departments.as_slice()) {
        ([], [], [department]) => department::member::count(tx, pool, department, true).await?,
        _ => {
            let mut vals = vec![Val::from(pool)];
            let count = counting(sources, &mut vals);
            tx.one::<(i64,)>(&count, &vals).await?.0
        }
    };
    let mut vals = vec![Val::from(pool)];
    let sql = paging(sources, page, &mut vals);
    let ids: Vec<(String,)> = tx.all(&sql, &vals).await?;
    Ok((total, ids.into_iter().map(|(id,)| id).collect()))
}

fn counting(sources: &Sources, vals: &mut Vec<Val>) -> String {
    format!("SELECT COUNT(*) AS total FROM ({}) AS m", sources.union(vals, None))
}

fn paging(sources: &Sources, page: Page, vals: &mut Vec<Val>) -> String {
    // PostgreSQL sorts what it unites, so the first pages, which are read most, unite only what can be on them.
    let reach = page.offset + page.limit;
    let union = sources.union(vals, (reach <= FIRST_PAGES).then_some(reach));
    let (limit, offset) = (place(vals, page.limit.into()), place(vals, page.offset.into()));
    format!("{union} ORDER BY user_id LIMIT ${limit} OFFSET ${offset}")
}

/// Somebody who comes from both, if there is one.
pub async fn members_in_common(tx: &mut Tx, pool: &PoolId, a: &Sources, b: &Sources) -> Result<Option<String>> {
    if a.is_empty() || b.is_empty() {
        return Ok(None);
    }
    let mut vals = vec![Val::from(pool)];
    let (a, b) = (a.union(&mut vals, None), b.union(&mut vals, None));
    let sql = format!("SELECT user_id FROM ({a}) AS a INTERSECT SELECT user_id FROM ({b}) AS b LIMIT 1");
    Ok(tx.maybe::<(String,)>(&sql, &vals).await?.map(|(id,)| id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fourth column tells in words what a step of the plan does.
    struct Step(String);

    impl crate::FromRow for Step {
        fn from_row(row: &crate::Row<'_>) -> Result<Self> {
            Ok(Step(row.get(3)?))
        }
    }

    async fn plan(sql: &str, vals: &[Val]) -> Vec<String> {
        let place = crate::tests::sqlite().await;
        let mut tx = place.db.write().await.unwrap();
        let steps: Vec<Step> = tx.all(&format!("EXPLAIN QUERY PLAN {sql}"), vals).await.unwrap();
        steps.into_iter().map(|s| s.0).collect()
    }

    #[tokio::test]
    async fn holders_are_read_from_indexes_in_their_order_and_merged() {
        let names = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let several = Sources {
            roles: names(&["r", "s"]),
            groups: names(&["g"]),
            departments: names(&["d", "e"]),
            now: Some(Millis(1)),
        };
        let one = Sources { departments: names(&["d"]), ..Sources::default() };
        let crowd = Sources { groups: (0..60).map(|n| n.to_string()).collect(), ..several.clone() };
        for sources in [&several, &one, &crowd] {
            for offset in [0, 90_000] {
                let mut vals = vec![Val::from("p")];
                let sql = paging(sources, Page { limit: 50, offset }, &mut vals);
                let steps = plan(&sql, &vals).await;
                let ours = ["SCAN s", "SCAN m", "SCAN json_each", "SCAN (subquery"];
                let whole = |s: &String| {
                    s.ends_with("(pool_id=?)")
                        || (s.starts_with("SCAN ") && !ours.iter().any(|known| s.starts_with(known)))
                };
                assert!(!steps.iter().any(whole), "{sql}: {steps:#?}");
                let sorted = steps.iter().any(|s| s.contains("TEMP B-TREE"));
                assert!(!sorted || offset == 0 || sources.groups.len() > 48, "{sql}: {steps:#?}");
            }
            let mut vals = vec![Val::from("p")];
            let sql = counting(sources, &mut vals);
            let steps = plan(&sql, &vals).await;
            assert!(!steps.iter().any(|s| s.ends_with("(pool_id=?)")), "{sql}: {steps:#?}");
        }
    }
}
