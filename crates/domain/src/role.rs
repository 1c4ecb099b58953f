//! Roles: what users may be in a permission space.
//!
//! A role is held by the users it is assigned to, by the members of groups and of departments (and of those below
//! them) it is assigned to, and by whoever holds a role it is assigned to. An assignment counts from its `enableTime`
//! to before its `endTime`, a role while it is enabled and before its `disableTime`; what does not count now gives
//! nobody anything, wherever it stands on the way.
//!
//! # Layout
//! - `space`: permission spaces; `manage`: roles come, change and go; `view`: a stored role as the API shows it
//! - `assign`: to whom roles are given; `held`: who holds what; `exclusion`: roles that nobody may hold together

mod assign;
mod exclusion;
mod held;
mod manage;
mod space;
mod view;

use std::collections::BTreeSet;

use watchword_kit::{Error, Millis, PoolId, Result, codes, text};
use watchword_store::Tx;
use watchword_store::role::{self as store, Role};

use crate::ctx::Ctx;

pub use assign::{assign, assign_batch, assignments, revoke, revoke_batch};
pub use exclusion::{check as check_exclusion, check_target};
pub use held::{departments, has_any, members, of_user};
pub(crate) use held::{ids_held, of_id};
pub(crate) use manage::forget_space;
pub use manage::{check, create, create_admin, create_batch, delete, delete_admin, delete_of_spaces, update};
pub use space::{Space, named as space};
pub use view::{authorized_resources, get, list};

/// Most roles, codes or targets in one request.
const MAX_BATCH: usize = 50;

/// The role of a space with this code.
///
/// # Errors
/// 404 at `code`.
async fn by_code(tx: &mut Tx, ctx: &Ctx, space: &Space, code: &str) -> Result<Role> {
    let found = store::by_codes(tx, ctx.pool(), &space.code, &[code.to_owned()]).await?;
    found.into_iter().next().ok_or_else(|| unknown().at("code"))
}

fn unknown() -> Error {
    Error::new(codes::NOT_FOUND).because(text!("no such role", "角色不存在"))
}

fn in_force(role: &Role, now: Millis) -> bool {
    role.status == "ENABLE" && role.disable_at.is_none_or(|end| end > now)
}

/// Which way from a role to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// To the roles whose holders hold it, too.
    Below,
    /// To the roles that its holders hold, too.
    Above,
}

/// These roles and all that they lead to; with `now`, by what is in force then.
async fn reach(tx: &mut Tx, pool: &PoolId, start: &[String], way: Way, now: Option<Millis>) -> Result<Vec<String>> {
    let mut seen: BTreeSet<String> = start.iter().cloned().collect();
    let mut edge: Vec<String> = start.to_vec();
    while !edge.is_empty() {
        let next = match way {
            Way::Below => store::below(tx, pool, &edge, now).await?,
            Way::Above => store::above(tx, pool, &edge, now).await?,
        };
        edge = next.into_iter().filter(|role| seen.insert(role.clone())).collect();
    }
    Ok(seen.into_iter().collect())
}

/// Before assignments, exclusions, or members of what roles are assigned to change: one such change of a pool at a
/// time, so that none misses what another does.
pub(crate) async fn before_holders_change(tx: &mut Tx, ctx: &Ctx) -> Result<()> {
    Ok(tx.hold(ctx.pool(), "holders of roles").await?)
}
