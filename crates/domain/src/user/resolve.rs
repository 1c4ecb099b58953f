//! Who is meant: by an id of the API, by a name at sign-in.

use std::collections::HashMap;

use watchword_api::common::UserIdType;
use watchword_api::user::IsUserExistsReq;
use watchword_kit::unicode::fold;
use watchword_kit::{Error, PoolId, Result, codes, text};
use watchword_store::user::{self, Key, TABLE, User};
use watchword_store::{Tx, user as store};

use super::{custom, phone};
use crate::ctx::Ctx;
use crate::message;

/// Longest id that is looked up, in bytes; nothing stored is longer.
const MAX_ID: usize = 2048;

/// The user whom `id` names in the way `kind` says.
///
/// # Errors
/// 404/2004, the same for unknown, deleted and foreign users; 409 when several users share the custom field's value
/// or the identity.
pub async fn resolve(tx: &mut Tx, _ctx: &Ctx, pool: &PoolId, id: &str, kind: UserIdType) -> Result<User> {
    let found = resolve_many(tx, pool, &[id.to_owned()], kind).await?;
    found.into_iter().next().flatten().ok_or_else(|| Error::new(codes::USER_NOT_FOUND))
}

/// The users whom these ids name, in the order of the ids; one or two statements however many there are.
///
/// # Errors
/// 409 at `[i]` when several users share the custom field's value or the identity.
pub async fn resolve_many(tx: &mut Tx, pool: &PoolId, ids: &[String], kind: UserIdType) -> Result<Vec<Option<User>>> {
    let (key, read): (Key, fn(&str) -> Option<String>) = match kind {
        UserIdType::UserId => return by_id(tx, pool, ids).await,
        UserIdType::Identity | UserIdType::SyncRelation | UserIdType::CustomField => {
            return by_pair(tx, pool, ids, kind).await;
        }
        UserIdType::Username => (Key::Username, folded),
        UserIdType::Email => (Key::Email, email_key),
        UserIdType::ExternalId => (Key::ExternalId, folded),
        UserIdType::Phone => (Key::Phone, |id| phone::read(id, None).map(|p| p.e164)),
    };
    let keys: Vec<Option<String>> = ids.iter().map(|id| if id.len() > MAX_ID { None } else { read(id) }).collect();
    let asked: Vec<String> = keys.iter().flatten().cloned().collect();
    if asked.is_empty() {
        return Ok(vec![None; ids.len()]);
    }
    let column = |user: &User| match key {
        Key::Username => user.username_key.clone(),
        Key::Email => user.email_key.clone(),
        Key::Phone => user.phone_key.clone(),
        Key::ExternalId => user.external_id_key.clone(),
    };
    let rows = user::by_keys(tx, pool, key, &asked).await?;
    let found: HashMap<String, User> = rows.into_iter().filter_map(|u| Some((column(&u)?, u))).collect();
    Ok(keys.into_iter().map(|key| found.get(&key?).cloned()).collect())
}

async fn by_id(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<Option<User>>> {
    if let [id] = ids {
        return Ok(vec![TABLE.get(tx, pool, id).await?]);
    }
    let rows = TABLE.get_many(tx, pool, ids).await?;
    let found: HashMap<String, User> = rows.into_iter().map(|u| (u.id.clone(), u)).collect();
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}

/// Ids of two parts: `left:right`, where only the first colon separates.
async fn by_pair(tx: &mut Tx, pool: &PoolId, ids: &[String], kind: UserIdType) -> Result<Vec<Option<User>>> {
    let split = |id: &String| {
        let (left, right) = id.split_once(':').filter(|_| id.len() <= MAX_ID)?;
        let right = match kind {
            UserIdType::CustomField => custom::value_key(&right.into())?,
            _ => right.to_owned(),
        };
        Some((left.to_owned(), right))
    };
    let pairs: Vec<Option<(String, String)>> = ids.iter().map(split).collect();
    let asked: Vec<String> = pairs.iter().flatten().map(|(_, right)| right.clone()).collect();
    if asked.is_empty() {
        return Ok(vec![None; ids.len()]);
    }
    let rows = match kind {
        UserIdType::Identity => store::by_identities(tx, pool, &asked).await?,
        UserIdType::SyncRelation => store::by_sync_relations(tx, pool, &asked).await?,
        _ => store::by_custom_values(tx, pool, &asked).await?,
    };
    let mut owners: HashMap<(String, String), Vec<String>> = HashMap::new();
    for (left, right, user) in rows {
        owners.entry((left, right)).or_default().push(user);
    }
    let mut named = Vec::with_capacity(ids.len());
    for (i, pair) in pairs.into_iter().enumerate() {
        named.push(match pair.and_then(|p| owners.get(&p)).map(Vec::as_slice) {
            None | Some([]) => String::new(),
            Some([one]) => one.clone(),
            Some(_) => {
                let several = text!("more than one user has this value", "有多个用户匹配该值");
                let refusal = Error::new(codes::CONFLICT).because(several);
                return Err(if ids.len() > 1 { refusal.at(format!("[{i}]")) } else { refusal });
            }
        });
    }
    by_id(tx, pool, &named).await
}

/// A name that somebody types to sign in.
#[derive(Clone, Debug)]
pub enum LoginName {
    /// User name, e-mail address or phone number, whichever it is.
    Account(String),
    Username(String),
    Email(String),
    /// `country_code` as `+86`, which is also what `None` means for a number that has none in front.
    Phone {
        number: String,
        country_code: Option<String>,
    },
}

impl LoginName {
    /// What was typed.
    pub fn text(&self) -> &str {
        match self {
            LoginName::Account(s) | LoginName::Username(s) | LoginName::Email(s) => s,
            LoginName::Phone { number, .. } => number,
        }
    }
}

/// The user who has this name. For an account, an e-mail address goes before a user name and that before a phone
/// number: nobody takes over another's e-mail address by choosing it as user name.
pub async fn find_for_login(tx: &mut Tx, pool: &PoolId, name: &LoginName) -> Result<Option<User>> {
    let (key, value) = match name {
        LoginName::Account(name) => return by_account(tx, pool, name).await,
        LoginName::Username(name) => (Key::Username, folded(name)),
        LoginName::Email(address) => (Key::Email, email_key(address)),
        LoginName::Phone { number, country_code } => {
            (Key::Phone, phone::read(number, country_code.as_deref()).map(|p| p.e164))
        }
    };
    // A name that cannot be is looked up all the same, so that it takes as long as one that is unknown.
    let found = user::by_keys(tx, pool, key, &[value.unwrap_or_default()]).await?;
    Ok(found.into_iter().next())
}

async fn by_account(tx: &mut Tx, pool: &PoolId, name: &str) -> Result<Option<User>> {
    let key = folded(name).unwrap_or_default();
    let email = email_key(name);
    let e164 = phone::read(name, None).map(|p| p.e164);
    let mut found = user::by_any_key(tx, pool, &key, email.as_deref(), e164.as_deref()).await?;
    found.sort_by_key(|user| match () {
        () if email.is_some() && user.email_key == email => 0,
        () if user.username_key.as_ref() == Some(&key) => 1,
        () => 2,
    });
    Ok(found.into_iter().next())
}

fn email_key(address: &str) -> Option<String> {
    message::normalise_email(address).ok().filter(|_| address.len() <= MAX_ID)
}

fn folded(name: &str) -> Option<String> {
    (name.len() <= MAX_ID).then(|| fold(name)).filter(|key| !key.is_empty())
}

/// Whether one user has everything that the request names.
///
/// # Errors
/// 400 when it names nothing.
pub async fn exists(ctx: &Ctx, req: IsUserExistsReq) -> Result<bool> {
    let asked = [
        (UserIdType::Username, req.username),
        (UserIdType::Email, req.email),
        (UserIdType::Phone, req.phone),
        (UserIdType::ExternalId, req.external_id),
    ];
    let asked: Vec<(UserIdType, String)> = asked.into_iter().filter_map(|(kind, id)| Some((kind, id?))).collect();
    if asked.is_empty() {
        let detail = text!(
            "one of username, email, phone and externalId is needed",
            "username、email、phone、externalId 至少需要一个"
        );
        return Err(Error::invalid("body", detail));
    }
    let mut tx = ctx.read().await?;
    let mut who: Option<String> = None;
    for (kind, id) in asked {
        let found = resolve_many(&mut tx, ctx.pool(), &[id], kind).await?;
        let Some(user) = found.into_iter().next().flatten() else { return Ok(false) };
        if who.is_some_and(|other| other != user.id) {
            return Ok(false);
        }
        who = Some(user.id);
    }
    Ok(true)
}
