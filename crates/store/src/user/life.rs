//! The states of accounts: who is archived, whose time has come, what a leaver loses.

use watchword_kit::{Millis, PoolId};

use crate::table::Page;
use crate::{Result, Tx, sql, vals};

/// A page of the archived users since a moment, those of the longest standing first: id and when; and how many in all.
pub async fn archived(tx: &mut Tx, pool: &PoolId, since: Millis, page: Page) -> Result<(i64, Vec<(String, Millis)>)> {
    let count = sql!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS total FROM users
         WHERE pool_id = $1 AND status = 'Archived' AND status_changed_at >= $2"
    );
    let rows = sql!(
        "SELECT id, status_changed_at FROM users
         WHERE pool_id = $1 AND status = 'Archived' AND status_changed_at >= $2
         ORDER BY status_changed_at NULLS LAST, id LIMIT $3 OFFSET $4"
    );
    let (total,): (i64,) = tx.one(count, vals![pool, since]).await?;
    Ok((total, tx.all(rows, vals![pool, since, page.limit, page.offset]).await?))
}

/// Pool and id of users whose state is to change by now, those who wait longest first.
pub async fn due(tx: &mut Tx, now: Millis, limit: i64) -> Result<Vec<(String, String)>> {
    let suspend = sql!("SELECT pool_id, id FROM users WHERE suspend_at <= $1 ORDER BY suspend_at NULLS LAST LIMIT $2");
    let activate =
        sql!("SELECT pool_id, id FROM users WHERE activate_at <= $1 ORDER BY activate_at NULLS LAST LIMIT $2");
    let mut due = tx.all(suspend, vals![now, limit]).await?;
    due.extend(tx.all::<(String, String)>(activate, vals![now, limit]).await?);
    due.sort();
    due.dedup();
    Ok(due)
}

/// Ends what ties users, who are held, to others: departments, groups, posts, and the roles given to them in person.
pub async fn take_away(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<()> {
    // No move may bring back who is leaving a tree.
    crate::organization::hold_of_users(tx, pool, users).await?;
    let theirs = [
        sql!("DELETE FROM department_members WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM department_tree_members WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM group_members WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM post_users WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!(
            "DELETE FROM role_assignments
             WHERE pool_id = $1 AND target_type = 'USER' AND target_id IN ANY_OF($2)"
        ),
    ];
    for statement in theirs {
        tx.run(statement, vals![pool, users]).await?;
    }
    Ok(())
}

/// Whether an active user has a live session of this application.
pub async fn is_signed_in(tx: &mut Tx, pool: &PoolId, user: &str, app: &str, now: Millis) -> Result<bool> {
    let sql = sql!(
        "SELECT s.id FROM sessions s JOIN users u ON u.pool_id = s.pool_id AND u.id = s.user_id
         WHERE s.pool_id = $1 AND s.user_id = $2 AND s.app_id = $3 AND s.revoked_at IS NULL AND s.expires_at > $4
           AND u.status = 'Activated' AND (u.suspend_at IS NULL OR u.suspend_at > $4)
         LIMIT 1"
    );
    Ok(tx.maybe::<(String,)>(sql, vals![pool, user, app, now]).await?.is_some())
}
