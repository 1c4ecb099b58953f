//! Rules are followed: who is in a dynamic group changes in the transaction that changes the user.
//!
//! A rule changes only while nobody writes users, and users change while rules stay ([`Tx::hold`], [`Tx::share`]),
//! so that a change of either sees the other. Users and organisations are held before.

use std::collections::{BTreeMap, HashSet};

use watchword_kit::Result;
use watchword_store::{Tx, group as store};

use super::rule::Rule;
pub use super::rule::Trees;
use crate::ctx::Ctx;

/// What is held by a change of rules, and shared by changes of users.
const RULES: &str = "group rules";

/// After users, whom this transaction holds, were changed in whatever their columns, custom data, identities or
/// departments say. Users who are gone are passed over.
///
/// They must be held, so that two transactions that change one user in different tables do not each miss what the
/// other does.
pub async fn changed(tx: &mut Tx, ctx: &Ctx, users: &[String]) -> Result<()> {
    let rules = rules(tx, ctx, |_| Ok(true)).await?;
    judge(tx, ctx, &rules, users).await
}

/// After users were inserted by this transaction, with all that is theirs.
pub async fn created(tx: &mut Tx, ctx: &Ctx, users: &[String]) -> Result<()> {
    let rules = rules(tx, ctx, |_| Ok(true)).await?;
    let come = holding(tx, ctx, &rules, users).await?;
    join(tx, ctx, come).await
}

/// After a sign-in or the proof of a second factor was recorded.
pub async fn signed_in(tx: &mut Tx, ctx: &Ctx, user: &str) -> Result<()> {
    let rules = rules(tx, ctx, |rule| Ok(rule.follows_sign_in())).await?;
    judge(tx, ctx, &rules, &[user.to_owned()]).await
}

/// After departments were moved, deleted or called otherwise: rules that name one of them are judged for everybody.
///
/// The people in them are not held: whoever changes one of them at the moment comes before or after this transaction.
pub async fn trees_changed(tx: &mut Tx, ctx: &Ctx, trees: &Trees<'_>) -> Result<()> {
    tx.hold(ctx.pool(), RULES).await?;
    for (group, rule) in stored(tx, ctx, |rule| rule.names(trees)).await? {
        store::refill(tx, ctx.pool(), &group, &rule.filter(ctx.pool())?, ctx.now()).await?;
    }
    Ok(())
}

/// After something was taken from users whom nobody has listed, as a custom field: every rule is judged for everybody.
pub async fn all(tx: &mut Tx, ctx: &Ctx) -> Result<()> {
    for (group, rule) in rules(tx, ctx, |_| Ok(true)).await? {
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

/// The dynamic groups whose rule is of interest, and the rules, which stay as they are until this transaction ends.
async fn rules(tx: &mut Tx, ctx: &Ctx, wanted: impl Fn(&Rule) -> Result<bool>) -> Result<Vec<(String, Rule)>> {
    tx.share(ctx.pool(), RULES).await?;
    stored(tx, ctx, wanted).await
}

async fn stored(tx: &mut Tx, ctx: &Ctx, wanted: impl Fn(&Rule) -> Result<bool>) -> Result<Vec<(String, Rule)>> {
    let mut found = Vec::new();
    for (group, json) in store::dynamic(tx, ctx.pool()).await? {
        let rule = Rule::stored(json.as_deref())?;
        if wanted(&rule)? {
            found.push((group, rule));
        }
    }
    Ok(found)
}

/// Who of these users is to be in which group.
async fn holding(
    tx: &mut Tx,
    ctx: &Ctx,
    rules: &[(String, Rule)],
    users: &[String],
) -> Result<HashSet<(String, String)>> {
    if rules.is_empty() || users.is_empty() {
        return Ok(HashSet::new());
    }
    let filters = rules.iter().map(|(_, rule)| rule.filter(ctx.pool())).collect::<Result<Vec<_>>>()?;
    let found = store::matching(tx, ctx.pool(), &filters, users).await?;
    Ok(found.into_iter().map(|(user, rule)| (rules[rule].0.clone(), user)).collect())
}

async fn judge(tx: &mut Tx, ctx: &Ctx, rules: &[(String, Rule)], users: &[String]) -> Result<()> {
    let mut come = holding(tx, ctx, rules, users).await?;
    let groups: Vec<String> = rules.iter().map(|(group, _)| group.clone()).collect();
    let mut gone: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if !groups.is_empty() {
        for pair in store::memberships(tx, ctx.pool(), &groups, users).await? {
            if !come.remove(&pair) {
                gone.entry(pair.0).or_default().push(pair.1);
            }
        }
    }
    store::remove_all(tx, ctx.pool(), gone.into_iter().collect()).await?;
    join(tx, ctx, come).await
}

async fn join(tx: &mut Tx, ctx: &Ctx, come: HashSet<(String, String)>) -> Result<()> {
    let mut come: Vec<(String, String)> = come.into_iter().collect();
    come.sort_unstable();
    Ok(store::add_members(tx, ctx.pool(), &come, ctx.now()).await.map(drop)?)
}
