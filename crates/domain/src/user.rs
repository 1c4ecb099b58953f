//! Users.

use serde_json::{Map, Value};
use watchword_api::common::UserIdType;
use watchword_kit::{Error, PoolId, Result, codes};
use watchword_store::Tx;
use watchword_store::user::{TABLE, User};

use crate::ctx::Ctx;

/// The user whom `id` names in the way `kind` says.
///
/// # Errors
/// 404/2004, the same for unknown, deleted and foreign users.
pub async fn resolve(tx: &mut Tx, _ctx: &Ctx, pool: &PoolId, id: &str, kind: UserIdType) -> Result<User> {
    match kind {
        UserIdType::UserId => TABLE.get(tx, pool, id).await?.ok_or_else(|| Error::new(codes::USER_NOT_FOUND)),
        _ => Err(Error::new(codes::NOT_IMPLEMENTED)),
    }
}

/// OpenID Connect claims of the user for a scope (OpenID Connect Core §5.4).
pub fn claims(_user: &User, _scope: &str) -> Map<String, Value> {
    Map::new()
}

/// The user with this id.
///
/// # Errors
/// 404/2004.
pub async fn by_id(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<User> {
    TABLE.get(tx, pool, id).await?.ok_or_else(|| Error::new(codes::USER_NOT_FOUND))
}

/// How somebody names themselves at sign-in.
#[derive(Clone, Debug)]
pub enum LoginName {
    Account(String),
    Username(String),
    Email(String),
    Phone { number: String, country_code: Option<String> },
}

impl LoginName {
    pub fn text(&self) -> &str {
        match self {
            LoginName::Account(s) | LoginName::Username(s) | LoginName::Email(s) => s,
            LoginName::Phone { number, .. } => number,
        }
    }
}

pub async fn find_for_login(_tx: &mut Tx, _pool: &PoolId, _name: &LoginName) -> Result<Option<User>> {
    Ok(None)
}

/// The id of the user whom `id` names in the way `kind` says.
pub async fn resolve_id(tx: &mut Tx, ctx: &Ctx, pool: &PoolId, id: &str, kind: UserIdType) -> Result<String> {
    Ok(resolve(tx, ctx, pool, id, kind).await?.id)
}

pub fn written(row: User) -> Result<watchword_api::user::User> {
    let _ = row;
    Err(Error::new(codes::NOT_IMPLEMENTED))
}
