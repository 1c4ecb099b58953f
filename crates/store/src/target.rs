//! Users, roles, groups and departments as what something else names: held, so that they are not deleted meanwhile.

use watchword_kit::PoolId;

use crate::statement::Sql;
use crate::{Result, Tx, Val, sql, vals};

/// What a membership or an assignment may point to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    User,
    Role,
    Group,
    Department,
}

impl Target {
    pub const ALL: [Target; 4] = [Target::User, Target::Role, Target::Group, Target::Department];

    /// As columns named `target_type` have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Target::User => "USER",
            Target::Role => "ROLE",
            Target::Group => "GROUP",
            Target::Department => "DEPARTMENT",
        }
    }

    pub fn parse(s: &str) -> Option<Target> {
        Target::ALL.into_iter().find(|t| t.as_str() == s)
    }
}

/// Keeps rows as they are until this unit ends, in the order of their ids, and answers which there are. Nothing in
/// them changes. Departments are kept by their organisations, as whoever changes a tree does.
pub async fn hold(tx: &mut Tx, pool: &PoolId, kind: Target, ids: &[String]) -> Result<Vec<String>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if tx.is_alone() {
        return existing(tx, pool, kind, ids).await;
    }
    let sql = match kind {
        Target::User => sql!("UPDATE users SET id = id WHERE pool_id = $1 AND id = $2"),
        Target::Role => sql!("UPDATE roles SET id = id WHERE pool_id = $1 AND id = $2"),
        Target::Group => sql!("UPDATE groups SET id = id WHERE pool_id = $1 AND id = $2"),
        Target::Department => sql!("UPDATE organizations SET id = id WHERE pool_id = $1 AND id = $2"),
    };
    let mut order = match kind {
        Target::Department => {
            let trees =
                sql!("SELECT DISTINCT organization_id FROM departments WHERE pool_id = $1 AND id IN ANY_OF($2)");
            tx.all::<(String,)>(trees, vals![pool, ids]).await?.into_iter().map(|(id,)| id).collect()
        }
        _ => ids.to_vec(),
    };
    order.sort_unstable();
    order.dedup();
    let vals: Vec<[Val; 2]> = order.iter().map(|id| [pool.into(), id.into()]).collect();
    let list: Vec<(Sql<'_>, &[Val])> = vals.iter().map(|v| (sql.into(), v.as_slice())).collect();
    let held = tx.run_together(&list).await?;
    if kind == Target::Department {
        return existing(tx, pool, kind, ids).await;
    }
    Ok(order.into_iter().zip(held).filter(|(_, n)| *n == 1).map(|(id, _)| id).collect())
}

/// Which of these ids there are, in no order.
pub async fn existing(tx: &mut Tx, pool: &PoolId, kind: Target, ids: &[String]) -> Result<Vec<String>> {
    let sql = match kind {
        Target::User => sql!("SELECT id FROM users WHERE pool_id = $1 AND id IN ANY_OF($2)"),
        Target::Role => sql!("SELECT id FROM roles WHERE pool_id = $1 AND id IN ANY_OF($2)"),
        Target::Group => sql!("SELECT id FROM groups WHERE pool_id = $1 AND id IN ANY_OF($2)"),
        Target::Department => sql!("SELECT id FROM departments WHERE pool_id = $1 AND id IN ANY_OF($2)"),
    };
    Ok(tx.all::<(String,)>(sql, vals![pool, ids]).await?.into_iter().map(|(id,)| id).collect())
}
