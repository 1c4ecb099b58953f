//! The custom data of users, roles, groups and departments: read, held and written by what names them in the API.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Tx, sql, vals};

/// Whose custom data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    User,
    Role,
    Group,
    Department,
}

/// A row's id and custom data.
pub type Data = (String, String);

/// Who has this name: a user's or department's id, a group's code, a role's code in `namespace`.
pub async fn find(tx: &mut Tx, pool: &PoolId, owner: Owner, name: &str, namespace: &str) -> Result<Option<Data>> {
    let sql = match owner {
        Owner::User => sql!("SELECT id, custom_data FROM users WHERE pool_id = $1 AND id = $2"),
        Owner::Group => sql!("SELECT id, custom_data FROM groups WHERE pool_id = $1 AND code = $2"),
        Owner::Department => sql!("SELECT id, custom_data FROM departments WHERE pool_id = $1 AND id = $2"),
        Owner::Role => {
            let sql = sql!("SELECT id, custom_data FROM roles WHERE pool_id = $1 AND namespace = $2 AND code = $3");
            return tx.maybe(sql, vals![pool, namespace, name]).await;
        }
    };
    tx.maybe(sql, vals![pool, name]).await
}

/// Keeps every other writer from a row until this transaction ends, and answers its custom data as it is then.
pub async fn hold(tx: &mut Tx, pool: &PoolId, owner: Owner, id: &str, now: Millis) -> Result<Option<String>> {
    let sql = match owner {
        Owner::User => sql!("UPDATE users SET updated_at = $3 WHERE pool_id = $1 AND id = $2 RETURNING custom_data"),
        Owner::Role => sql!("UPDATE roles SET updated_at = $3 WHERE pool_id = $1 AND id = $2 RETURNING custom_data"),
        Owner::Group => sql!("UPDATE groups SET updated_at = $3 WHERE pool_id = $1 AND id = $2 RETURNING custom_data"),
        Owner::Department => {
            sql!("UPDATE departments SET updated_at = $3 WHERE pool_id = $1 AND id = $2 RETURNING custom_data")
        }
    };
    Ok(tx.maybe::<(String,)>(sql, vals![pool, id, now]).await?.map(|(data,)| data))
}

pub async fn set(tx: &mut Tx, pool: &PoolId, owner: Owner, id: &str, data: &str) -> Result<bool> {
    let sql = match owner {
        Owner::User => sql!("UPDATE users SET custom_data = $3 WHERE pool_id = $1 AND id = $2"),
        Owner::Role => sql!("UPDATE roles SET custom_data = $3 WHERE pool_id = $1 AND id = $2"),
        Owner::Group => sql!("UPDATE groups SET custom_data = $3 WHERE pool_id = $1 AND id = $2"),
        Owner::Department => sql!("UPDATE departments SET custom_data = $3 WHERE pool_id = $1 AND id = $2"),
    };
    Ok(tx.run(sql, vals![pool, id, data]).await? == 1)
}

/// Up to `limit` users who have the member, in no order.
pub async fn users_with(tx: &mut Tx, pool: &PoolId, key: &str, limit: i64) -> Result<Vec<String>> {
    let sql = sql!("SELECT user_id FROM user_custom_values WHERE pool_id = $1 AND name = $2 LIMIT $3");
    Ok(tx.all::<(String,)>(sql, vals![pool, key, limit]).await?.into_iter().map(|(id,)| id).collect())
}

/// As [`hold`], for many users; whoever holds several holds the pool first.
pub async fn hold_users(tx: &mut Tx, pool: &PoolId, ids: &[String], now: Millis) -> Result<Vec<Data>> {
    let sql =
        sql!("UPDATE users SET updated_at = $3 WHERE pool_id = $1 AND id IN ANY_OF($2) RETURNING id, custom_data");
    tx.all(sql, vals![pool, ids, now]).await
}

/// Takes a member of these users out of the index of users' data.
pub async fn unindex(tx: &mut Tx, pool: &PoolId, key: &str, users: &[String]) -> Result<()> {
    let sql = sql!("DELETE FROM user_custom_values WHERE pool_id = $1 AND name = $2 AND user_id IN ANY_OF($3)");
    tx.run(sql, vals![pool, key, users]).await.map(drop)
}

/// Whether two users have the same value of a member.
pub async fn repeated(tx: &mut Tx, pool: &PoolId, key: &str) -> Result<bool> {
    let sql = sql!(
        "SELECT value_key FROM user_custom_values WHERE pool_id = $1 AND name = $2 AND value_key <> 'OBJECT'
         GROUP BY value_key HAVING COUNT(*) > 1 LIMIT 1"
    );
    Ok(tx.maybe::<(String,)>(sql, vals![pool, key]).await?.is_some())
}

/// Makes every user the owner of their value of a member.
pub async fn claim_all(tx: &mut Tx, pool: &PoolId, key: &str) -> Result<()> {
    let sql = sql!(
        "INSERT INTO custom_unique_values (pool_id, target_type, key, value_key, target_id)
         SELECT pool_id, 'USER', name, value_key, user_id FROM user_custom_values
         WHERE pool_id = $1 AND name = $2 AND value_key <> 'OBJECT'"
    );
    tx.run(sql, vals![pool, key]).await.map(drop)
}

/// The roles, groups or departments, of which there are few, whose custom data may have the member; of users, none.
pub async fn having(tx: &mut Tx, pool: &PoolId, owner: Owner, key: &str) -> Result<Vec<Data>> {
    let sql = match owner {
        Owner::User => return Ok(Vec::new()),
        Owner::Role => {
            sql!("SELECT id, custom_data FROM roles WHERE pool_id = $1 AND custom_data LIKE $2 ESCAPE '\\' ORDER BY id")
        }
        Owner::Group => sql!(
            "SELECT id, custom_data FROM groups WHERE pool_id = $1 AND custom_data LIKE $2 ESCAPE '\\' ORDER BY id"
        ),
        Owner::Department => sql!(
            "SELECT id, custom_data FROM departments WHERE pool_id = $1 AND custom_data LIKE $2 ESCAPE '\\' ORDER BY id"
        ),
    };
    let member = serde_json::Value::from(key).to_string();
    tx.all(sql, vals![pool, format!("%{}%", crate::table::escape_like(&member))]).await
}
