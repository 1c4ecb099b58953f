//! Sign-ins as they happened.

use watchword_kit::{Millis, PoolId};

use crate::table::Page;
use crate::{Record, Result, Tx, row, sql, vals};

row! {
    /// A sign-in that came to an end, well or not.
    pub struct Login {
        pub pool_id: String,
        pub user_id: String,
        pub at: Millis,
        pub id: String,
        pub app_id: String,
        /// JSON list (RFC 8176): what was proven, or what was tried last.
        pub methods: String,
        pub success: bool,
        pub ip: Option<String>,
        pub user_agent: Option<String>,
    }
}

/// Which sign-ins of a user; what is absent does not choose.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub app_id: Option<String>,
    pub ip: Option<String>,
    pub from: Option<Millis>,
    /// Included.
    pub until: Option<Millis>,
    pub failures: bool,
    pub successes: bool,
}

/// Notes a sign-in.
pub async fn add(tx: &mut Tx, login: &Login) -> Result<()> {
    let sql = sql!(
        "INSERT INTO user_logins (pool_id, user_id, at, id, app_id, methods, success, ip, user_agent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    tx.later(sql, &login.values()).await
}

/// Addresses of a user's latest sign-ins since a moment, up to fifty sign-ins.
pub async fn addresses(tx: &mut Tx, pool: &PoolId, user: &str, since: Millis) -> Result<Vec<Option<String>>> {
    let sql = sql!(
        "SELECT ip FROM user_logins WHERE pool_id = $1 AND user_id = $2 AND at >= $3 AND success
         ORDER BY at DESC, id DESC LIMIT 50"
    );
    Ok(tx.all::<(Option<String>,)>(sql, vals![pool, user, since]).await?.into_iter().map(|(ip,)| ip).collect())
}

/// A page of a user's sign-ins, the latest first, and how many in all.
pub async fn list(tx: &mut Tx, pool: &PoolId, user: &str, w: &Wanted, page: Page) -> Result<(i64, Vec<Login>)> {
    let count = sql!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS total FROM user_logins
         WHERE pool_id = $1 AND user_id = $2 AND at >= $3 AND at <= $4 AND (success OR $5)
           AND ($6 = '' OR app_id = $6) AND ($7 = '' OR ip = $7) AND (NOT success OR $8)"
    );
    let rows = sql!(
        "SELECT pool_id, user_id, at, id, app_id, methods, success, ip, user_agent FROM user_logins
         WHERE pool_id = $1 AND user_id = $2 AND at >= $3 AND at <= $4 AND (success OR $5)
           AND ($6 = '' OR app_id = $6) AND ($7 = '' OR ip = $7) AND (NOT success OR $8)
         ORDER BY at DESC, id DESC LIMIT $9 OFFSET $10"
    );
    let (from, until) = (w.from.unwrap_or(Millis(i64::MIN)), w.until.unwrap_or(Millis(i64::MAX)));
    let (app, ip) = (w.app_id.as_deref().unwrap_or_default(), w.ip.as_deref().unwrap_or_default());
    let (total,): (i64,) = tx.one(count, vals![pool, user, from, until, w.failures, app, ip, w.successes]).await?;
    let vals = vals![pool, user, from, until, w.failures, app, ip, w.successes, page.limit, page.offset];
    Ok((total, tx.all(rows, vals).await?))
}

/// Ids of the applications that a user has signed in to, the latest first.
pub async fn apps(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT app_id, MAX(at) AS latest FROM user_logins WHERE pool_id = $1 AND user_id = $2 AND success
         GROUP BY app_id ORDER BY latest DESC NULLS LAST, app_id NULLS LAST"
    );
    Ok(tx.all::<(String, i64)>(sql, vals![pool, user]).await?.into_iter().map(|(id, _)| id).collect())
}
