//! Posts and who has them.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    pub struct Post {
        pub pool_id: String,
        pub id: String,
        pub code: String,
        pub name: String,
        /// Folded code and name, for searches.
        pub name_key: String,
        pub description: Option<String>,
        /// JSON object.
        pub custom_data: String,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

pub static TABLE: Table<Post> = Table::new("posts");

/// The posts with these codes, in no order.
pub async fn by_codes(tx: &mut Tx, pool: &PoolId, codes: &[String]) -> Result<Vec<Post>> {
    TABLE.find_many(tx, pool, "code", codes).await
}

/// Holds the post with this code until the transaction ends.
pub async fn hold_by_code(tx: &mut Tx, pool: &PoolId, code: &str, now: Millis) -> Result<Option<Post>> {
    let sql = sql!(
        "UPDATE posts SET updated_at = $3 WHERE pool_id = $1 AND code = $2
         RETURNING pool_id, id, code, name, name_key, description, custom_data, created_at, updated_at"
    );
    tx.maybe(sql, vals![pool, code, now]).await
}

/// Which of these posts there are; none of them is deleted before the transaction ends.
pub async fn hold(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<String>> {
    let sql = sql!("UPDATE posts SET updated_at = updated_at WHERE pool_id = $1 AND id IN ANY_OF($2) RETURNING id");
    Ok(tx.all::<(String,)>(sql, vals![pool, ids]).await?.into_iter().map(|(id,)| id).collect())
}

/// Of these posts: how many users have each; those that nobody has are left out.
pub async fn count_users(tx: &mut Tx, pool: &PoolId, posts: &[String]) -> Result<Vec<(String, i64)>> {
    let sql = sql!(
        "SELECT post_id, CAST(COUNT(*) AS BIGINT) AS total FROM post_users
         WHERE pool_id = $1 AND post_id IN ANY_OF($2) GROUP BY post_id"
    );
    tx.all(sql, vals![pool, posts]).await
}

/// As [`count_users`], of departments.
pub async fn count_departments(tx: &mut Tx, pool: &PoolId, posts: &[String]) -> Result<Vec<(String, i64)>> {
    let sql = sql!(
        "SELECT post_id, CAST(COUNT(*) AS BIGINT) AS total FROM post_departments
         WHERE pool_id = $1 AND post_id IN ANY_OF($2) GROUP BY post_id"
    );
    tx.all(sql, vals![pool, posts]).await
}

/// Post and department, in the order in which they came together.
pub async fn departments(tx: &mut Tx, pool: &PoolId, posts: &[String]) -> Result<Vec<(String, String)>> {
    let sql = sql!(
        "SELECT post_id, department_id FROM post_departments
         WHERE pool_id = $1 AND post_id IN ANY_OF($2) ORDER BY created_at, department_id"
    );
    tx.all(sql, vals![pool, posts]).await
}

/// User and post, in the order in which they came together.
pub async fn of_users(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<Vec<(String, String)>> {
    let sql = sql!(
        "SELECT user_id, post_id FROM post_users
         WHERE pool_id = $1 AND user_id IN ANY_OF($2) ORDER BY created_at, post_id"
    );
    tx.all(sql, vals![pool, users]).await
}

/// Which of these departments there are; none of them is deleted before the transaction ends.
pub async fn hold_departments(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<String>> {
    let sql =
        sql!("UPDATE departments SET updated_at = updated_at WHERE pool_id = $1 AND id IN ANY_OF($2) RETURNING id");
    Ok(tx.all::<(String,)>(sql, vals![pool, ids]).await?.into_iter().map(|(id,)| id).collect())
}

pub async fn add_department(tx: &mut Tx, pool: &PoolId, post: &str, department: &str, now: Millis) -> Result<()> {
    let sql = sql!(
        "INSERT INTO post_departments (pool_id, post_id, department_id, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, post_id, department_id) DO NOTHING"
    );
    tx.run(sql, vals![pool, post, department, now]).await.map(drop)
}

pub async fn drop_departments(tx: &mut Tx, pool: &PoolId, post: &str, departments: &[String]) -> Result<u64> {
    let sql = sql!("DELETE FROM post_departments WHERE pool_id = $1 AND post_id = $2 AND department_id IN ANY_OF($3)");
    tx.run(sql, vals![pool, post, departments]).await
}

/// Gives a post to a user while it exists; one who has it keeps it.
pub async fn add_user(tx: &mut Tx, pool: &PoolId, post: &str, user: &str, now: Millis) -> Result<()> {
    let sql = sql!(
        "INSERT INTO post_users (pool_id, post_id, user_id, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, post_id, user_id) DO NOTHING"
    );
    tx.run(sql, vals![pool, post, user, now]).await.map(drop)
}

pub async fn drop_users(tx: &mut Tx, pool: &PoolId, user: &str, posts: &[String]) -> Result<u64> {
    let sql = sql!("DELETE FROM post_users WHERE pool_id = $1 AND user_id = $2 AND post_id IN ANY_OF($3)");
    tx.run(sql, vals![pool, user, posts]).await
}

/// Deletes a post and takes it from everybody who has it; answers from how many users and departments.
pub async fn delete(tx: &mut Tx, pool: &PoolId, post: &str) -> Result<(u64, u64)> {
    let users = sql!("DELETE FROM post_users WHERE pool_id = $1 AND post_id = $2");
    let users = tx.run(users, vals![pool, post]).await?;
    let departments = sql!("DELETE FROM post_departments WHERE pool_id = $1 AND post_id = $2");
    let departments = tx.run(departments, vals![pool, post]).await?;
    TABLE.delete(tx, pool, post).await?;
    Ok((users, departments))
}
