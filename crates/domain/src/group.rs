//! Groups: sets of users, chosen one by one or by a rule.
//!
//! # Layout
//! - `manage`: groups come, change and go; `view`: a stored group as the API shows it
//! - `member`: who is in a group, and in which groups a user is
//! - [`follow`]: rules are followed with every change of a user; `rule`: what a rule may say
//!
//! # For whoever changes users
//! Call [`follow::changed`] in the transaction that changes a user, after the change: columns, custom data,
//! identities, departments. [`follow::created`] after inserting, [`follow::before_delete`] before deleting,
//! [`follow::trees_changed`] when departments move, go or are called otherwise. Each is one indexed read in a pool without
//! dynamic groups.

pub mod follow;
mod manage;
mod member;
mod rule;
mod view;

use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::group::{self as store, Group};

use crate::ctx::Ctx;

pub use manage::{create, create_batch, create_or_update, delete, update};
pub(crate) use member::users;
pub use member::{add, list as list_members, of_user, remove};
pub use view::{all, authorized_resources, get, list};

/// Most groups, codes or users in one request.
const MAX_BATCH: usize = 50;

/// The group with this code.
///
/// # Errors
/// 404 at `code`.
async fn by_code(tx: &mut Tx, ctx: &Ctx, code: &str) -> Result<Group> {
    let found = store::by_codes(tx, ctx.pool(), &[code.to_owned()]).await?;
    found.into_iter().next().ok_or_else(|| unknown().at("code"))
}

fn unknown() -> Error {
    Error::new(codes::NOT_FOUND).because(text!("no such group", "分组不存在"))
}

fn is_dynamic(group: &Group) -> bool {
    group.kind == "dynamic"
}
