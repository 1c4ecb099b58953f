//! Authorization requests that wait for their user. Every change names the browser that began the interaction.

use watchword_kit::{Millis, PoolId};

use crate::{Result, Table, Tx, row, sql, vals};

row! {
    pub struct Interaction {
        pub pool_id: String,
        pub id: String,
        pub app_id: String,
        /// SHA-256 of the cookie of the browser that began it.
        pub browser: String,
        /// JSON of the checked request.
        pub request: String,
        /// Who signed in during this interaction.
        pub user_id: Option<String>,
        /// Who has proven a password that must be changed first.
        pub password_user_id: Option<String>,
        /// The sign-in or step-up that waits for its second factor.
        pub mfa_id: Option<String>,
        /// The user chose to go on as who was signed in.
        pub selected: bool,
        pub created_at: Millis,
        pub expires_at: Millis,
        pub ended_at: Option<Millis>,
    }
}

pub static TABLE: Table<Interaction> = Table::new("interactions");

/// The interaction with this key in whichever pool it lives, while it can go on.
pub async fn live(tx: &mut Tx, id: &str, browser: &str, now: Millis) -> Result<Option<Interaction>> {
    let Some((pool,)) =
        tx.maybe::<(String,)>(sql!("SELECT pool_id FROM interactions WHERE id = $1"), vals![id]).await?
    else {
        return Ok(None);
    };
    let found = TABLE.get(tx, &PoolId::new(pool), id).await?;
    Ok(found.filter(|i| i.browser == browser && i.ended_at.is_none() && i.expires_at > now))
}

/// A first factor is proven and something else is owed: a second factor (`mfa`) or a new password of `password_user`.
/// `false` means that the interaction is over.
pub async fn wait(
    tx: &mut Tx,
    pool: &PoolId,
    id: &str,
    mfa: Option<&str>,
    password_user: Option<&str>,
    now: Millis,
) -> Result<bool> {
    let sql = sql!(
        "UPDATE interactions SET mfa_id = $3, password_user_id = $4
         WHERE pool_id = $1 AND id = $2 AND ended_at IS NULL AND expires_at > $5"
    );
    Ok(tx.run(sql, vals![pool, id, mfa, password_user, now]).await? == 1)
}

/// Takes the password that must be changed away from the interaction; `false` means that it is not owed any more.
pub async fn take_password(tx: &mut Tx, pool: &PoolId, id: &str, user: &str, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE interactions SET password_user_id = NULL
         WHERE pool_id = $1 AND id = $2 AND password_user_id = $3 AND ended_at IS NULL AND expires_at > $4"
    );
    Ok(tx.run(sql, vals![pool, id, user, now]).await? == 1)
}

/// What a user, who is held, has proven by a password is worth nothing any more.
pub async fn void_password(tx: &mut Tx, pool: &PoolId, user: &str) -> Result<()> {
    let sql = sql!("UPDATE interactions SET password_user_id = NULL WHERE pool_id = $1 AND password_user_id = $2");
    tx.run(sql, vals![pool, user]).await.map(drop)
}

/// Somebody has signed in; nothing is owed any more.
pub async fn signed_in(tx: &mut Tx, pool: &PoolId, id: &str, user: &str, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE interactions SET user_id = $3, mfa_id = NULL, password_user_id = NULL
         WHERE pool_id = $1 AND id = $2 AND ended_at IS NULL AND expires_at > $4"
    );
    Ok(tx.run(sql, vals![pool, id, user, now]).await? == 1)
}

/// The user goes on as who is signed in.
pub async fn select(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE interactions SET selected = TRUE
         WHERE pool_id = $1 AND id = $2 AND ended_at IS NULL AND expires_at > $3"
    );
    Ok(tx.run(sql, vals![pool, id, now]).await? == 1)
}

/// Ends it; `false` means that somebody else has, or that it is over.
pub async fn end(tx: &mut Tx, pool: &PoolId, id: &str, now: Millis) -> Result<bool> {
    let sql = sql!(
        "UPDATE interactions SET ended_at = $3
         WHERE pool_id = $1 AND id = $2 AND ended_at IS NULL AND expires_at > $3"
    );
    Ok(tx.run(sql, vals![pool, id, now]).await? == 1)
}
