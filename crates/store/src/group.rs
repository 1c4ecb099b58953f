//! Groups and who is in them.

use watchword_kit::{Millis, PoolId};

use crate::statement::{Sql, Statement, renumber};
use crate::table::Page;
use crate::{Filter, Record, Result, Table, Tx, Val, row, sql, vals};

row! {
    /// A set of users: chosen one by one, or by a rule.
    pub struct Group {
        pub pool_id: String,
        pub id: String,
        pub code: String,
        pub name: String,
        pub name_key: String,
        pub description: String,
        /// `static` or `dynamic`.
        pub kind: String,
        /// JSON list of conditions; of dynamic groups only.
        pub rule: Option<String>,
        /// JSON object.
        pub custom_data: String,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

pub static TABLE: Table<Group> = Table::new("groups");

/// The groups with these codes, in no order.
pub async fn by_codes(tx: &mut Tx, pool: &PoolId, codes: &[String]) -> Result<Vec<Group>> {
    TABLE.find_many(tx, pool, "code", codes).await
}

/// Every group of the pool, the newest first.
pub async fn all(tx: &mut Tx, pool: &PoolId) -> Result<Vec<Group>> {
    let sql =
        format!("SELECT {} FROM groups WHERE pool_id = $1 ORDER BY created_at DESC, id", Group::COLUMNS.join(", "));
    tx.all(&sql, vals![pool]).await
}

/// The groups a user is in, the newest first.
pub async fn of_user(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<Vec<Group>> {
    let sql = format!(
        "SELECT {} FROM groups WHERE pool_id = $1
         AND id IN (SELECT group_id FROM group_members WHERE pool_id = $1 AND user_id = $2)
         ORDER BY created_at DESC, id",
        Group::COLUMNS.join(", ")
    );
    tx.all(&sql, vals![pool, user]).await
}

/// Id and rule of every dynamic group.
pub async fn dynamic(tx: &mut Tx, pool: &PoolId) -> Result<Vec<(String, Option<String>)>> {
    let sql = sql!("SELECT id, rule FROM groups WHERE pool_id = $1 AND kind = 'dynamic'");
    tx.all(sql, vals![pool]).await
}

/// Adds memberships (group, user) that are not there yet; answers how many.
pub async fn add_members(tx: &mut Tx, pool: &PoolId, members: &[(String, String)], now: Millis) -> Result<u64> {
    let sql = sql!(
        "INSERT INTO group_members (pool_id, group_id, user_id, joined_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, group_id, user_id) DO NOTHING"
    );
    let row = |(group, user): &(String, String)| vals![pool, group, user, now].to_vec();
    tx.insert_many(sql, members.iter().map(row).collect()).await
}

/// Ends memberships; answers how many there were.
pub async fn remove_members(tx: &mut Tx, pool: &PoolId, group: &str, users: &[String]) -> Result<u64> {
    tx.run(leave(), vals![pool, group, users]).await
}

/// Ends memberships of several groups: group, users.
pub async fn remove_all(tx: &mut Tx, pool: &PoolId, gone: Vec<(String, Vec<String>)>) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let vals: Vec<[Val; 3]> = gone.into_iter().map(|(g, users)| [pool.into(), g.into(), users.into()]).collect();
    let list: Vec<(Sql<'_>, &[Val])> = vals.iter().map(|v| (leave().into(), v.as_slice())).collect();
    tx.run_together(&list).await.map(drop)
}

fn leave() -> &'static Statement {
    sql!("DELETE FROM group_members WHERE pool_id = $1 AND group_id = $2 AND user_id IN ANY_OF($3)")
}

/// Which of these users are in which of these groups: group, user.
pub async fn memberships(
    tx: &mut Tx,
    pool: &PoolId,
    groups: &[String],
    users: &[String],
) -> Result<Vec<(String, String)>> {
    let sql = sql!(
        "SELECT group_id, user_id FROM group_members
         WHERE pool_id = $1 AND group_id IN ANY_OF($2) AND user_id IN ANY_OF($3)"
    );
    tx.all(sql, vals![pool, groups, users]).await
}

/// How many users are in a group, and the ids of one page of them, who came first before.
pub async fn members(tx: &mut Tx, pool: &PoolId, group: &str, page: Page) -> Result<(i64, Vec<String>)> {
    let count = sql!("SELECT COUNT(*) AS total FROM group_members WHERE pool_id = $1 AND group_id = $2");
    let (total,): (i64,) = tx.one(count, vals![pool, group]).await?;
    let sql = sql!(
        "SELECT user_id AS member FROM group_members WHERE pool_id = $1 AND group_id = $2
         ORDER BY joined_at, member LIMIT $3 OFFSET $4"
    );
    let ids: Vec<(String,)> = tx.all(sql, vals![pool, group, page.limit, page.offset]).await?;
    Ok((total, ids.into_iter().map(|(id,)| id).collect()))
}

/// The first `most` memberships of these groups, in the order of their members: group, user.
pub async fn members_of_all(tx: &mut Tx, pool: &PoolId, groups: &[String], most: i64) -> Result<Vec<(String, String)>> {
    let sql = sql!(
        "SELECT group_id, user_id AS member FROM group_members WHERE pool_id = $1 AND group_id IN ANY_OF($2)
         ORDER BY group_id, joined_at, member LIMIT $3"
    );
    tx.all(sql, vals![pool, groups, most]).await
}

/// Conditions and text of one statement; both engines bound the depth of an expression, SQLite its parameters, too.
const MOST_CONDITIONS: usize = 100;
const MOST_TEXT: usize = 64 << 10;

/// For which of these users which of the conditions hold: user, and place of the condition; in no order.
///
/// A statement finds each user by the key and asks him everything. Conditions that choose users are tempting to a
/// planner: it may read all who meet one to find the few who are asked about.
pub async fn matching(
    tx: &mut Tx,
    pool: &PoolId,
    conditions: &[Filter],
    users: &[String],
) -> Result<Vec<(String, usize)>> {
    let (mut found, mut from) = (Vec::new(), 0);
    while from < conditions.len() {
        let (mut vals, mut asked) = (vec![Val::from(pool), Val::from(users)], Vec::new());
        let mut length = 0;
        for condition in &conditions[from..] {
            let (text, theirs) = condition.parts();
            length += text.len();
            if !asked.is_empty() && (length > MOST_TEXT || asked.len() == MOST_CONDITIONS) {
                break;
            }
            // Every condition begins with the pool.
            let before = vals.len() - 1;
            let text = renumber(text, |n| if n == 1 { 1 } else { n + before });
            asked.push(format!("CASE WHEN {text} THEN '1' ELSE '0' END"));
            vals.extend_from_slice(&theirs[1..]);
        }
        let sql =
            format!("SELECT id, {} AS answers FROM users WHERE pool_id = $1 AND id IN ANY_OF($2)", asked.join(" || "));
        for (user, answers) in tx.all::<(String, String)>(&sql, &vals).await? {
            let holds = answers.bytes().enumerate().filter(|(_, answer)| *answer == b'1');
            found.extend(holds.map(|(i, _)| (user.clone(), from + i)));
        }
        from += asked.len();
    }
    Ok(found)
}

/// Makes the users for whom a condition holds, and nobody else, the members of a group.
pub async fn refill(tx: &mut Tx, pool: &PoolId, group: &str, condition: &Filter, now: Millis) -> Result<()> {
    let (text, given) = condition.parts();
    let mut vals = given.to_vec();
    vals.extend([Val::from(pool), Val::from(group)]);
    let (p, g) = (vals.len() - 1, vals.len());
    let sql = format!(
        "DELETE FROM group_members WHERE pool_id = ${p} AND group_id = ${g}
         AND user_id NOT IN (SELECT id FROM users WHERE {text})"
    );
    tx.run(&sql, &vals).await?;
    let mut vals = given.to_vec();
    vals.extend([Val::from(group), Val::from(now)]);
    let (g, n) = (vals.len() - 1, vals.len());
    let sql = format!(
        "INSERT INTO group_members (pool_id, group_id, user_id, joined_at)
         SELECT pool_id, CAST(${g} AS TEXT), id, CAST(${n} AS BIGINT) FROM users WHERE {text}
         ON CONFLICT (pool_id, group_id, user_id) DO NOTHING"
    );
    tx.run(&sql, &vals).await.map(drop)
}

/// Deletes groups, who was in them, and what was assigned to them.
pub async fn delete(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<u64> {
    let theirs = [
        sql!("DELETE FROM group_members WHERE pool_id = $1 AND group_id IN ANY_OF($2)"),
        sql!("DELETE FROM app_access WHERE pool_id = $1 AND target_type = 'GROUP' AND target_id IN ANY_OF($2)"),
        sql!(
            "DELETE FROM role_assignments
             WHERE pool_id = $1 AND target_type = 'GROUP' AND target_id IN ANY_OF($2)"
        ),
        sql!(
            "DELETE FROM custom_unique_values
             WHERE pool_id = $1 AND target_type = 'GROUP' AND target_id IN ANY_OF($2)"
        ),
    ];
    for statement in theirs {
        tx.run(statement, vals![pool, ids]).await?;
    }
    tx.run(sql!("DELETE FROM groups WHERE pool_id = $1 AND id IN ANY_OF($2)"), vals![pool, ids]).await
}
