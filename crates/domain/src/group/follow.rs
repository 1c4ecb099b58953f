//! Rules are followed: who is in a dynamic group changes in the transaction that changes the user.
//!
//! A rule changes only while nobody writes users, and users change while rules stay ([`Tx::hold`], [`Tx::share`]),
//! so that a change of either sees the other.

use std::collections::HashSet;

use watchword_kit::Result;
use watchword_store::target::{self, Target};
use watchword_store::{Tx, group as store};

use super::rule::Rule;
use crate::ctx::Ctx;

/// What is held by a change of rules, and shared by changes of users.
const RULES: &str = "group rules";

/// After users were changed in this transaction, in whatever their columns, custom data, identities or departments
/// say. Users who are gone are passed over.
pub async fn changed(tx: &mut Tx, ctx: &Ctx, users: &[String]) -> Result<()> {
    let rules = rules(tx, ctx, |_| true).await?;
    if !rules.is_empty() {
        // Two transactions that change one user in different tables must not each miss what the other does.
        target::hold(tx, ctx.pool(), Target::User, users).await?;
        judge(tx, ctx, &rules, users).await?;
    }
    Ok(())
}

/// After users were inserted by this transaction, with all that is theirs.
pub async fn created(tx: &mut Tx, ctx: &Ctx, users: &[String]) -> Result<()> {
    let rules = rules(tx, ctx, |_| true).await?;
    judge(tx, ctx, &rules, users).await
}

/// After a sign-in or the proof of a second factor was recorded.
pub async fn signed_in(tx: &mut Tx, ctx: &Ctx, user: &str) -> Result<()> {
    let rules = rules(tx, ctx, Rule::follows_sign_in).await?;
    judge(tx, ctx, &rules, &[user.to_owned()]).await
}

/// After departments were moved or deleted: rules that name departments are judged for everybody.
pub async fn departments_moved(tx: &mut Tx, ctx: &Ctx) -> Result<()> {
    for (group, rule) in rules(tx, ctx, Rule::follows_departments).await? {
        store::refill(tx, ctx.pool(), &group, &rule.filter(ctx.pool())?, ctx.now()).await?;
    }
    Ok(())
}

/// Before users are deleted: no rule that is being written finds them meanwhile.
pub async fn before_delete(tx: &mut Tx, ctx: &Ctx) -> Result<()> {
    Ok(tx.share(ctx.pool(), RULES).await?)
}

/// Before a rule comes, changes or goes.
pub(super) async fn before_rule(tx: &mut Tx, ctx: &Ctx) -> Result<()> {
    Ok(tx.hold(ctx.pool(), RULES).await?)
}

/// The dynamic groups whose rule is of interest, and the rules.
async fn rules(tx: &mut Tx, ctx: &Ctx, wanted: impl Fn(&Rule) -> bool) -> Result<Vec<(String, Rule)>> {
    tx.share(ctx.pool(), RULES).await?;
    let mut found = Vec::new();
    for (group, json) in store::dynamic(tx, ctx.pool()).await? {
        let rule = Rule::stored(json.as_deref())?;
        if wanted(&rule) {
            found.push((group, rule));
        }
    }
    Ok(found)
}

async fn judge(tx: &mut Tx, ctx: &Ctx, rules: &[(String, Rule)], users: &[String]) -> Result<()> {
    if rules.is_empty() || users.is_empty() {
        return Ok(());
    }
    let groups: Vec<String> = rules.iter().map(|(group, _)| group.clone()).collect();
    let there: HashSet<(String, String)> =
        store::memberships(tx, ctx.pool(), &groups, users).await?.into_iter().collect();
    let mut come = Vec::new();
    for (group, rule) in rules {
        let now: HashSet<String> = store::matching(tx, &rule.filter(ctx.pool())?, users).await?.into_iter().collect();
        let gone: Vec<String> =
            there.iter().filter(|(g, user)| g == group && !now.contains(user)).map(|(_, user)| user.clone()).collect();
        if !gone.is_empty() {
            store::remove_members(tx, ctx.pool(), group, &gone).await?;
        }
        come.extend(now.into_iter().map(|user| (group.clone(), user)).filter(|pair| !there.contains(pair)));
    }
    come.sort_unstable();
    store::add_members(tx, ctx.pool(), &come, ctx.now()).await?;
    Ok(())
}
