//! Users: the people of a pool.
//!
//! # Layout
//! - [`resolve`]: who is meant by an id, and by a name at sign-in
//! - [`create`], [`update`], [`remove`]: the writes; `draft` and `unique` are what the first two have in common
//! - [`search`]: lists; [`view`]: a stored user as the API shows it; [`claims`]: as OpenID Connect does
//! - [`import`], [`export`]: many at once, from and to files
//! - [`agent`]: what a user agent tells
//! - [`life`]: states of an account and their changes; [`history`]: sign-ins, and applications entered
//! - [`decrypt`]: values that callers encrypted to a key of their own
//! - [`phone`], [`text`]: what identifiers may be; [`custom`]: custom data; [`identity`]: accounts elsewhere
//! - `password`: passwords that an administrator sets; `notice`: telling users of them; [`reset_link`]: those that
//!   users set themselves by a link
//! - `people`: taken where they are known, made where they are not

pub mod agent;
pub mod claims;
pub mod create;
pub mod custom;
pub mod decrypt;
mod draft;
pub mod export;
pub mod history;
pub mod identity;
pub mod import;
pub mod life;
mod notice;
pub(crate) mod password;
pub(crate) mod people;
pub mod phone;
pub mod remove;
pub mod reset_link;
pub mod resolve;
pub mod search;
pub mod text;
pub(crate) mod unique;
pub mod update;
pub mod view;

use watchword_kit::{Error, PoolId, Result, codes};
use watchword_store::Tx;
use watchword_store::user::{TABLE, User};

pub use claims::{claims, requested_claims, scope_of_claim};
pub use resolve::{LoginName, find_for_login, resolve, resolve_many};
pub use view::written;

/// The user with this id.
///
/// # Errors
/// 404/2004.
pub async fn by_id(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<User> {
    TABLE.get(tx, pool, id).await?.ok_or_else(|| Error::new(codes::USER_NOT_FOUND))
}

/// As [`by_id`], and every other writer of the user waits until the unit of work ends. Whoever acts upon what a user
/// has, or writes what is theirs, holds the user first, after names and before anything else («Lock order» in
/// ARCHITECTURE.md); what was read before is read again.
///
/// # Errors
/// 404/2004.
pub(crate) async fn hold(tx: &mut Tx, pool: &PoolId, id: &str) -> Result<User> {
    TABLE.keep(tx, pool, id).await?.ok_or_else(|| Error::new(codes::USER_NOT_FOUND))
}
