//! Users: the people of a pool.
//!
//! # Layout
//! - [`resolve`]: who is meant by an id, and by a name at sign-in
//! - [`create`], [`update`], [`remove`]: the writes; `draft` and `unique` are what the first two have in common
//! - [`search`]: lists; [`view`]: a stored user as the API shows it; [`claims`]: as OpenID Connect does
//! - [`phone`], [`text`]: what identifiers may be; [`custom`]: custom data; `identity`: accounts elsewhere
//! - `password`: passwords that an administrator sets; `notice`: telling users of them

pub mod claims;
pub mod create;
pub mod custom;
mod draft;
mod identity;
mod notice;
mod password;
pub mod phone;
pub mod remove;
pub mod resolve;
pub mod search;
pub mod text;
mod unique;
pub mod update;
pub mod view;

use watchword_api::common::UserIdType;
use watchword_kit::{Error, PoolId, Result, codes};
use watchword_store::Tx;
use watchword_store::user::{TABLE, User};

use crate::ctx::Ctx;

pub use claims::claims;
pub use resolve::{LoginName, find_for_login, resolve, resolve_many};
pub use view::written;

/// The user with this id.
///
/// # Errors
/// 404/2004.
pub async fn by_id(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<User> {
    TABLE.get(tx, pool, id).await?.ok_or_else(|| Error::new(codes::USER_NOT_FOUND))
}

/// The id of the user whom `id` names in the way `kind` says; cheaper than the whole user where `id` is one already.
///
/// # Errors
/// As [`resolve`].
pub async fn resolve_id(tx: &mut Tx, ctx: &Ctx, pool: &PoolId, id: &str, kind: UserIdType) -> Result<String> {
    if kind != UserIdType::UserId {
        return Ok(resolve(tx, ctx, pool, id, kind).await?.id);
    }
    if watchword_store::user::exists(tx, pool, id).await? {
        return Ok(id.to_owned());
    }
    Err(Error::new(codes::USER_NOT_FOUND))
}
