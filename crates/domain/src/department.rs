//! Departments: the nodes of an organisation's tree, and the people in them.
//!
//! # Layout
//! - [`resolve`]: which department an id means; [`view`]: a stored department as the API shows it
//! - [`manage`]: the writes, [`change`] what they have in common with organisations; [`names`]: what names may be
//! - [`list`]: children, subtrees, searches
//! - [`member`]: who is in a department; [`of_user`]: in which departments a user is
//! - [`import`]: a tree with its people in one call; [`sync_relation`]: what sources of synchronisation know
//!
//! # Main department
//! A user has at most one. Who joins a department without having one gets it as the main one, unless the request says
//! otherwise; who leaves the main one has none until it is said, or until another is joined.

pub mod change;
pub mod import;
pub mod list;
pub mod manage;
pub mod member;
pub mod names;
pub mod of_user;
pub mod resolve;
pub mod sync_relation;
pub mod view;

use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::department::member as store;

use crate::ctx::Ctx;

pub use resolve::{find, hold, only, resolve_each, resolve_many};

/// Most users in one request about members.
pub const MAX_MEMBERS: usize = 1_000;

pub(crate) fn unknown(field: &str) -> Error {
    Error::new(codes::NOT_FOUND).because(text!("no such department", "部门不存在")).at(field)
}

/// Holds these users, given by their ids, before any organisation is held; answers each once.
///
/// # Errors
/// 404/2004 at `field[i]` for the first who is not there.
pub(crate) async fn held_people(tx: &mut Tx, ctx: &Ctx, field: &str, ids: &[String]) -> Result<Vec<String>> {
    let mut users: Vec<String> = ids.to_vec();
    users.sort();
    users.dedup();
    if users.is_empty() {
        return Ok(users);
    }
    let gone = store::hold_users(tx, ctx.pool(), &users).await?;
    match ids.iter().position(|id| gone.contains(id)) {
        Some(i) => Err(Error::new(codes::USER_NOT_FOUND).at(format!("{field}[{i}]"))),
        None => Ok(users),
    }
}
