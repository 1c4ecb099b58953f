//! A chunk compared with who is there: which rows are new, which change whom, which cannot be.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::stream::{StreamExt, TryStreamExt, iter};
use watchword_api::job::{ImportExisting, ImportMatch};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::user::{self as store, TABLE, User};

use super::Options;
use super::item::{FIELDS, Item, KEYS, names_of};
use super::place::{Place, Places};
use super::seen::Seen;
use super::value::{Change, Value};
use crate::ctx::Ctx;
use crate::custom_field::Fields;
use crate::job::{Counts, Problem};
use crate::security_settings::password::PasswordRules;
use crate::user::create::blank;
use crate::user::life;
use crate::user::password::{self, Plan as Password};

/// What is to be done with one item.
pub enum Step {
    Create {
        row: User,
        places: Vec<Place>,
    },
    /// The user as it will be.
    Update {
        row: User,
        password: bool,
        identities: Vec<store::Identity>,
        /// Empty when the user is in all departments of the row.
        places: Vec<Place>,
    },
    Unchanged,
    Keep,
}

/// What is to be done with a chunk.
#[derive(Default)]
pub struct Plan {
    /// With the number of the item.
    pub steps: Vec<(usize, Step)>,
    pub problems: Vec<Problem>,
    /// Users who are there and whom a row means.
    pub users: HashSet<String>,
    /// Names that users would have no more: their number in [`KEYS`], and the name.
    pub freed: Vec<(usize, String)>,
    /// Whose values of unique custom fields will be, `None` for nobody's.
    pub values: HashMap<Value, Option<u64>>,
}

impl Plan {
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, step) in &self.steps {
            match step {
                Step::Create { .. } => counts.created += 1,
                Step::Update { .. } => counts.updated += 1,
                Step::Unchanged => counts.unchanged += 1,
                Step::Keep => counts.kept += 1,
            }
        }
        counts
    }
}

/// An account elsewhere: source, kind and id there.
pub type Link = (String, String, String);

/// What the items before, of this chunk, have taken.
#[derive(Default)]
struct Taken {
    users: HashSet<String>,
    links: HashSet<Link>,
}

/// Who has the names of the items already.
struct There {
    /// Key and user id, in the order of [`KEYS`].
    owners: [HashMap<String, String>; 4],
    users: HashMap<String, User>,
    /// Whose they are.
    identities: HashMap<Link, String>,
    places: Places,
}

/// # Errors
/// When the database cannot be read.
pub async fn judge(ctx: &Ctx, options: &Options, fields: &Fields, seen: &Seen, items: &[Item]) -> Result<Plan> {
    let there = There::read(&mut ctx.read().await?, ctx, items, options).await?;
    let judge = Judge { ctx, options, fields, seen, there };
    let (mut plan, mut taken, mut changes) = (Plan::default(), Taken::default(), Vec::new());
    for (i, item) in items.iter().enumerate() {
        match judge.step(&mut plan, &mut taken, i, item) {
            Ok((step, change)) => {
                changes.extend(change);
                plan.steps.push((i, step));
            }
            Err(e) => plan.problems.push(Problem::of(item.line, &e)),
        }
    }
    plan.users = taken.users;
    plan.settle(ctx, items, seen, &changes).await?;
    Ok(plan)
}

impl There {
    async fn read(tx: &mut Tx, ctx: &Ctx, items: &[Item], options: &Options) -> Result<There> {
        let pool = ctx.pool();
        let mut owners: [HashMap<String, String>; 4] = Default::default();
        for (k, key) in KEYS.into_iter().enumerate() {
            let wanted: Vec<String> = items.iter().filter_map(|i| i.keys[k].clone()).collect();
            if !wanted.is_empty() {
                owners[k] = store::owners(tx, pool, key, &wanted).await?.into_iter().collect();
            }
        }
        let mut there = There { owners, users: HashMap::new(), identities: HashMap::new(), places: Places::default() };
        let mut ids: Vec<String> = items.iter().flat_map(|item| there.candidates(item, options)).collect();
        ids.sort_unstable();
        ids.dedup();
        if !ids.is_empty() {
            let rows = TABLE.get_many(tx, pool, &ids).await?;
            there.users = rows.into_iter().map(|u| (u.id.clone(), u)).collect();
        }
        there.places = Places::read(tx, ctx, items, options.department_id_type, &ids).await?;
        let wanted: Vec<String> =
            items.iter().flat_map(|i| i.identities.iter().map(|l| l.user_id_in_idp.clone())).collect();
        if !wanted.is_empty() {
            let found = store::identity_owners(tx, pool, &wanted).await?;
            there.identities = found.into_iter().map(|(idp, kind, id, user)| ((idp, kind, id), user)).collect();
        }
        Ok(there)
    }

    /// The ids of users whom the item may mean, the likeliest first.
    fn candidates(&self, item: &Item, options: &Options) -> Vec<String> {
        let by_key = |k: usize| item.keys[k].as_ref().and_then(|key| self.owners[k].get(key)).cloned();
        if options.match_by.is_empty() {
            let first = (0..KEYS.len()).find(|k| item.keys[*k].is_some()).and_then(by_key);
            return item.user_id.iter().cloned().chain(first).collect();
        }
        let by = |wanted: &ImportMatch| match wanted {
            ImportMatch::UserId => item.user_id.clone(),
            ImportMatch::ExternalId => by_key(0),
            ImportMatch::Username => by_key(1),
            ImportMatch::Email => by_key(2),
            ImportMatch::Phone => by_key(3),
        };
        options.match_by.iter().filter_map(by).collect()
    }

    /// The member by which an item means this user.
    fn known_by(&self, item: &Item, user: &str) -> &'static str {
        let by =
            |k: &usize| item.keys[*k].as_ref().and_then(|key| self.owners[*k].get(key)).is_some_and(|id| id == user);
        (0..KEYS.len()).find(by).map_or("userId", |k| FIELDS[k])
    }
}

/// What an item is compared with.
struct Judge<'a> {
    ctx: &'a Ctx,
    options: &'a Options,
    fields: &'a Fields,
    seen: &'a Seen,
    there: There,
}

impl Judge<'_> {
    fn step(&self, plan: &mut Plan, taken: &mut Taken, i: usize, item: &Item) -> Result<(Step, Option<Change>)> {
        let (ctx, there) = (self.ctx, &self.there);
        let found = there.candidates(item, self.options).into_iter().find_map(|id| there.users.get(&id));
        if let Some(user) = found {
            if self.seen.has_user(&user.id) || !taken.users.insert(user.id.clone()) {
                let twice = text!("a row before means the same user", "前面的行已指向同一用户");
                return Err(Error::invalid(there.known_by(item, &user.id), twice));
            }
            match self.options.existing {
                ImportExisting::Keep => return Ok((Step::Keep, None)),
                ImportExisting::Fail => {
                    return Err(Error::new(codes::USER_EXISTS).at(there.known_by(item, &user.id)));
                }
                ImportExisting::Update => {}
            }
        }
        let mut row = match found {
            Some(user) => user.clone(),
            None => fresh(ctx, self.options, item)?,
        };
        let drawn = item.apply(ctx, self.fields, &mut row, found.is_none())?;
        for (k, owners) in there.owners.iter().enumerate() {
            let owner = item.keys[k].as_ref().and_then(|key| owners.get(key));
            if owner.is_some_and(|id| *id != row.id) {
                return Err(Error::new(codes::USER_EXISTS).at(FIELDS[k]));
            }
        }
        let identities = self.new_identities(item, &row.id, &mut taken.links)?;
        let mut places = there.places.of(item)?;
        let change = drawn.map(|drawn| Change::new(i, &row.id, &drawn, found)).transpose()?;
        let Some(before) = found else { return Ok((Step::Create { row, places }, change)) };
        let password = item.password.is_some() && (self.options.overwrite_passwords || before.password_hash.is_none());
        // Who leaves is in none any more, so that those of the row are new.
        if there.places.has(&row.id, &places) && !life::has_left(&before.status, &row) {
            places.clear();
        }
        if row == *before && !password && identities.is_empty() && places.is_empty() {
            return Ok((Step::Unchanged, None));
        }
        for (k, (old, new)) in names_of(before).into_iter().zip(names_of(&row)).enumerate() {
            plan.freed.extend(old.iter().filter(|_| old != new).map(|name| (k, name.clone())));
        }
        row.updated_at = ctx.now();
        Ok((Step::Update { row, password, identities, places }, change))
    }

    /// The links that the user has not yet.
    fn new_identities(&self, item: &Item, user: &str, linked: &mut HashSet<Link>) -> Result<Vec<store::Identity>> {
        let mut new = Vec::new();
        for (n, link) in item.identities.iter().enumerate() {
            let key = (link.ext_idp_id.clone(), link.kind.clone(), link.user_id_in_idp.clone());
            let taken = || Error::new(codes::USER_EXISTS).at(format!("identities[{n}]"));
            match self.there.identities.get(&key) {
                Some(owner) if owner == user => continue,
                Some(_) => return Err(taken()),
                None if self.seen.has_link(&key) || !linked.insert(key) => return Err(taken()),
                None => new.push(store::Identity { user_id: user.to_owned(), ..link.clone() }),
            }
        }
        Ok(new)
    }
}

/// A new user, under the id of the file where that is asked for.
fn fresh(ctx: &Ctx, options: &Options, item: &Item) -> Result<User> {
    let mut row = blank(ctx);
    if let Some(id) = item.user_id.as_ref().filter(|_| options.keep_user_ids) {
        if id.len() != 24 || !id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(Error::invalid("userId", text!("must be 24 lower-case hex digits", "应为 24 位小写十六进制")));
        }
        row.id = id.clone();
    }
    Ok(row)
}

/// Hashes the plain passwords that the plan needs, as many at once as the server may.
///
/// # Errors
/// When a password cannot be hashed.
pub async fn hash_passwords(ctx: &Ctx, plan: &Plan, items: &mut [Item], rules: &PasswordRules) -> Result<()> {
    let needed: HashSet<usize> = plan
        .steps
        .iter()
        .filter(|(_, step)| matches!(step, Step::Create { .. } | Step::Update { password: true, .. }))
        .map(|(i, _)| *i)
        .collect();
    let work: Vec<(usize, Password)> = items
        .iter_mut()
        .enumerate()
        .filter(|(i, item)| needed.contains(i) && item.prepared.is_none())
        .filter_map(|(i, item)| Some((i, std::mem::replace(item.password.as_mut()?, Password::Nothing))))
        .collect();
    let at_once = ctx.settings.password_workers.max(1);
    let done: Vec<_> = iter(work)
        .map(|(i, plan)| async move { prepare(ctx, plan, rules).await.map(|prepared| (i, prepared)) })
        .buffer_unordered(at_once)
        .try_collect()
        .await?;
    for (i, prepared) in done {
        items[i].prepared = prepared;
    }
    Ok(())
}

/// Waits while the gate is full: people who sign in go first.
async fn prepare(ctx: &Ctx, plan: Password, rules: &PasswordRules) -> Result<Option<password::Prepared>> {
    while ctx.passwords.has_room().is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    password::prepare(ctx, plan, rules).await
}
