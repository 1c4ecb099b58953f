//! People of whom a request says a little: taken where they are known, made where they are not.

use std::collections::HashMap;

use watchword_api::custom_field::TargetType;
use watchword_api::department::DepartmentTreeUser;
use watchword_api::user::{CreateUserOptions, NewUser, UserPatch};
use watchword_kit::{Error, Field, Result, codes, text};
use watchword_store::department::member::hold_users;
use watchword_store::user::{self as store, Key, TABLE, User};
use watchword_store::{StoreError, Tx};

use super::create::{self, New};
use super::draft::Draft;
use super::unique;
use crate::ctx::Ctx;
use crate::custom_field::Fields;
use crate::pool;
use crate::security_settings::password::PasswordRules;

/// Who the people of a request are.
pub(crate) struct People {
    /// User ids, in the order of the request; a person named twice has one.
    pub ids: Vec<String>,
    pub added: i64,
    pub updated: i64,
}

/// The keys by which a person is looked for, the strongest first.
const KEYS: [Key; 3] = [Key::Username, Key::Email, Key::Phone];

/// Takes or makes these people, each with the place in the request that errors name.
///
/// # Errors
/// 400 at the member that cannot be; 409 when a person is two users, or has what another user has.
pub(crate) async fn put(tx: &mut Tx, ctx: &Ctx, given: Vec<(String, DepartmentTreeUser)>) -> Result<People> {
    let mut people = People { ids: Vec::with_capacity(given.len()), added: 0, updated: 0 };
    if given.is_empty() {
        return Ok(people);
    }
    let rules = PasswordRules::of(&pool::settings(tx, ctx.pool()).await?)?;
    // Nothing of what a tree says of a person is a custom field.
    let fields = Fields::none(TargetType::User);
    let mut drawn = Vec::with_capacity(given.len());
    for (path, person) in &given {
        let new = create::draw_up(ctx, new_user(person), &CreateUserOptions::default(), &rules, &fields);
        drawn.push(new.map_err(|e| e.at(path.clone()))?);
    }
    let mut known = known(tx, ctx, &drawn).await?;
    let mut by_key: HashMap<(Key, String), String> = HashMap::new();
    for user in known.values() {
        index(&mut by_key, user);
    }
    let before = known.clone();
    let mut made: Vec<New> = Vec::new();
    for ((path, person), new) in given.iter().zip(drawn) {
        let found = KEYS.iter().find_map(|k| by_key.get(&(*k, unique::value(&new.row, *k)?.clone())).cloned());
        let row = match &found {
            Some(id) => known.get_mut(id).or_else(|| made.iter_mut().map(|n| &mut n.row).find(|r| r.id == *id)),
            None => None,
        };
        let Some(row) = row else {
            index(&mut by_key, &new.row);
            people.ids.push(new.row.id.clone());
            made.push(new);
            continue;
        };
        let old = row.clone();
        Draft::of_patch(&mut patch(person)).apply(row, ctx.now()).map_err(|e| e.at(path.clone()))?;
        // A name by which somebody was found is no wish to write it in another case.
        if row.username_key == old.username_key {
            row.username = old.username;
        }
        if row.email_key == old.email_key {
            row.email = old.email;
        }
        let other = KEYS.iter().find(|k| {
            unique::value(row, **k).is_some_and(|v| by_key.get(&(**k, v.clone())).is_some_and(|id| *id != row.id))
        });
        if other.is_some() {
            let two = text!("is not one user: another has one of the names", "与多个用户匹配");
            return Err(Error::new(codes::USER_EXISTS).because(two).at(path.clone()));
        }
        let row = row.clone();
        index(&mut by_key, &row);
        people.ids.push(row.id);
    }
    create::put(tx, &made).await.map_err(taken)?;
    people.added = i64::try_from(made.len()).map_err(Error::internal)?;
    for (id, mut row) in known {
        if before.get(&id) != Some(&row) {
            row.updated_at = ctx.now();
            TABLE.update(tx, &row).await.map_err(taken)?;
            people.updated += 1;
        }
    }
    Ok(people)
}

fn taken(e: StoreError) -> Error {
    unique::refusal(&e).map_or_else(|| e.into(), |refusal| refusal.at("members"))
}

fn index(by_key: &mut HashMap<(Key, String), String>, user: &User) {
    for k in KEYS {
        if let Some(value) = unique::value(user, k) {
            by_key.insert((k, value.clone()), user.id.clone());
        }
    }
}

/// The users who have one of the keys, held, as they are then.
async fn known(tx: &mut Tx, ctx: &Ctx, drawn: &[New]) -> Result<HashMap<String, User>> {
    let mut ids = Vec::new();
    for k in KEYS {
        let wanted: Vec<String> = drawn.iter().filter_map(|n| unique::value(&n.row, k).cloned()).collect();
        if !wanted.is_empty() {
            ids.extend(store::owners(tx, ctx.pool(), k, &wanted).await?.into_iter().map(|(_, id)| id));
        }
    }
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    hold_users(tx, ctx.pool(), &ids).await?;
    let rows = TABLE.get_many(tx, ctx.pool(), &ids).await?;
    Ok(rows.into_iter().map(|u| (u.id.clone(), u)).collect())
}

fn new_user(person: &DepartmentTreeUser) -> NewUser {
    let person = person.clone();
    NewUser {
        username: person.username,
        email: person.email,
        phone: person.phone,
        phone_country_code: person.phone_country_code,
        name: person.name,
        gender: person.gender,
        country: person.country,
        province: person.province,
        city: person.city,
        ..NewUser::default()
    }
}

/// What the request says; what it does not say stays.
fn patch(person: &DepartmentTreeUser) -> UserPatch {
    let lift = |given: Option<String>| given.map_or(Field::Absent, Field::Value);
    let person = person.clone();
    UserPatch {
        username: lift(person.username),
        email: lift(person.email),
        phone: lift(person.phone),
        phone_country_code: lift(person.phone_country_code),
        name: lift(person.name),
        gender: person.gender,
        country: lift(person.country),
        province: lift(person.province),
        city: lift(person.city),
        ..UserPatch::default()
    }
}
