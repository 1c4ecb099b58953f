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
