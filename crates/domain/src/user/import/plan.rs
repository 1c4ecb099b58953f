//! A chunk compared with who is there: which rows are new, which change whom, which cannot be.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::stream::{StreamExt, TryStreamExt, iter};
use watchword_api::job::{ImportExisting, ImportMatch};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::custom_field::unique_owners;
use watchword_store::user::{self as store, TABLE, User};

use super::Options;
use super::item::{FIELDS, Item, KEYS};
use crate::ctx::Ctx;
use crate::custom_field::{Drawn, Fields};
use crate::job::{Counts, Problem};
use crate::security_settings::password::PasswordRules;
use crate::user::create::blank;
use crate::user::password::{self, Plan as Password};

/// What is to be done with one item.
pub enum Step {
    Create(User),
    /// The user as it will be.
    Update {
        row: User,
        password: bool,
        identities: Vec<store::Identity>,
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
}

impl Plan {
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, step) in &self.steps {
            match step {
                Step::Create(_) => counts.created += 1,
                Step::Update { .. } => counts.updated += 1,
                Step::Unchanged => counts.unchanged += 1,
                Step::Keep => counts.kept += 1,
            }
        }
        counts
    }
}

impl Plan {
    /// Takes back the steps of items whose values of unique custom fields others have.
    async fn refuse_taken_values(&mut self, ctx: &Ctx, items: &[Item], drawn: &[(usize, String, Drawn)]) -> Result<()> {
        let wanted: Vec<(String, String)> = drawn
            .iter()
            .flat_map(|(_, _, claims)| claims.wanted().map(|(key, value)| (key.to_owned(), value.to_owned())))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let (keys, values): (Vec<String>, Vec<String>) = wanted.into_iter().unzip();
        let there = unique_owners(&mut ctx.read().await?, ctx.pool(), "USER", &keys, &values).await?;
        let mut owners: HashMap<(String, String), String> =
            there.into_iter().map(|(key, value, owner)| ((key, value), owner)).collect();
        for (i, id, claims) in drawn {
            let other = claims.wanted().find(|(key, value)| {
                let owner = owners.entry(((*key).to_owned(), (*value).to_owned())).or_insert_with(|| id.clone());
                owner != id
            });
            if let Some((key, _)) = other {
                let detail = text!("another has this value already", "该值已被占用");
                let refusal = Error::new(codes::CONFLICT).because(detail).at(format!("customData.{key}"));
                self.problems.push(Problem::of(items[*i].line, &refusal));
                self.steps.retain(|(n, _)| n != i);
            }
        }
        Ok(())
    }
}

/// Accounts elsewhere that items of this chunk link.
type Taken = HashSet<(String, String, String)>;

/// Who has the names of the items already.
struct There {
    /// Key and user id, in the order of [`KEYS`].
    owners: [HashMap<String, String>; 4],
    users: HashMap<String, User>,
    /// Source, kind and id there; user id.
    identities: HashMap<(String, String, String), String>,
}

/// # Errors
/// When the database cannot be read.
pub async fn judge(ctx: &Ctx, options: &Options, fields: &Fields, items: &[Item]) -> Result<Plan> {
    let there = There::read(&mut ctx.read().await?, ctx, items, options).await?;
    let mut plan = Plan::default();
    let mut taken = Taken::default();
    let mut drawn: Vec<(usize, String, Drawn)> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        match there.step(ctx, options, fields, item, &mut taken) {
            Ok((step, claims)) => {
                drawn.extend(claims.map(|(id, claims)| (i, id, claims)));
                plan.steps.push((i, step));
            }
            Err(e) => plan.problems.push(Problem::of(item.line, &e)),
        }
    }
    plan.refuse_taken_values(ctx, items, &drawn).await?;
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
        let mut there = There { owners, users: HashMap::new(), identities: HashMap::new() };
        let mut ids: Vec<String> = items.iter().flat_map(|item| there.candidates(item, options)).collect();
        ids.sort_unstable();
        ids.dedup();
        if !ids.is_empty() {
            let rows = TABLE.get_many(tx, pool, &ids).await?;
            there.users = rows.into_iter().map(|u| (u.id.clone(), u)).collect();
        }
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

    fn step(
        &self,
        ctx: &Ctx,
        options: &Options,
        fields: &Fields,
        item: &Item,
        linked: &mut Taken,
    ) -> Result<(Step, Option<(String, Drawn)>)> {
        let found = self.candidates(item, options).into_iter().find_map(|id| self.users.get(&id));
        let mut row = match found {
            Some(user) => user.clone(),
            None => fresh(ctx, options, item)?,
        };
        match (found, options.existing) {
            (Some(_), ImportExisting::Keep) => return Ok((Step::Keep, None)),
            (Some(_), ImportExisting::Fail) => return Err(self.exists(item)),
            _ => {}
        }
        let claims = item.apply(ctx, fields, &mut row, found.is_none())?.map(|drawn| (row.id.clone(), drawn));
        for (k, owners) in self.owners.iter().enumerate() {
            let owner = item.keys[k].as_ref().and_then(|key| owners.get(key));
            if owner.is_some_and(|id| *id != row.id) {
                return Err(Error::new(codes::USER_EXISTS).at(FIELDS[k]));
            }
        }
        let identities = self.new_identities(item, &row.id, linked)?;
        let Some(before) = found else { return Ok((Step::Create(row), claims)) };
        let password = item.password.is_some() && (options.overwrite_passwords || before.password_hash.is_none());
        if row == *before && !password && identities.is_empty() {
            return Ok((Step::Unchanged, None));
        }
        row.updated_at = ctx.now();
        Ok((Step::Update { row, password, identities }, claims))
    }

    fn exists(&self, item: &Item) -> Error {
        let at = (0..KEYS.len()).find(|k| item.keys[*k].as_ref().is_some_and(|key| self.owners[*k].contains_key(key)));
        Error::new(codes::USER_EXISTS).at(at.map_or("userId", |k| FIELDS[k]))
    }

    /// The links that the user has not yet.
    fn new_identities(&self, item: &Item, user: &str, linked: &mut Taken) -> Result<Vec<store::Identity>> {
        let mut new = Vec::new();
        for (n, link) in item.identities.iter().enumerate() {
            let key = (link.ext_idp_id.clone(), link.kind.clone(), link.user_id_in_idp.clone());
            let taken = || Error::new(codes::USER_EXISTS).at(format!("identities[{n}]"));
            match self.identities.get(&key) {
                Some(owner) if owner == user => continue,
                Some(_) => return Err(taken()),
                None if !linked.insert(key) => return Err(taken()),
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
        .filter(|(_, step)| matches!(step, Step::Create(_) | Step::Update { password: true, .. }))
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
