//! One name has one owner: said with the member and, in a batch, its place. The database has the last word.

use std::collections::{HashMap, HashSet};

use watchword_kit::{Error, PoolId, Result, codes, text};
use watchword_store::user::{self as store, Identity, Key, User};
use watchword_store::{StoreError, Tx};

/// Whether a request is about one user or a list of them, for the paths of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Alone,
    InList,
}

impl Place {
    pub fn at(self, e: Error, i: usize) -> Error {
        match self {
            Place::Alone => e,
            Place::InList if e.field().is_some_and(|f| f.starts_with("options.")) => e,
            Place::InList => e.at(format!("list[{i}]")),
        }
    }

    /// The path of a member of the user at `i`.
    pub fn path(self, member: &str, i: usize) -> String {
        match self {
            Place::Alone => member.to_owned(),
            Place::InList => format!("list[{i}].{member}"),
        }
    }
}

fn field(key: Key) -> &'static str {
    match key {
        Key::Username => "username",
        Key::Email => "email",
        Key::Phone => "phone",
        Key::ExternalId => "externalId",
    }
}

/// What the user has of it, folded as it is compared.
pub(crate) fn value(user: &User, key: Key) -> Option<&String> {
    match key {
        Key::Username => user.username_key.as_ref(),
        Key::Email => user.email_key.as_ref(),
        Key::Phone => user.phone_key.as_ref(),
        Key::ExternalId => user.external_id_key.as_ref(),
    }
}

/// # Errors
/// 409/2026 at the second of two users of the request who have the same name.
pub fn within(users: &[&User], place: Place) -> Result<()> {
    let mut seen = HashSet::new();
    for (i, user) in users.iter().enumerate() {
        for key in Key::ALL {
            if value(user, key).is_some_and(|v| !seen.insert((key, v))) {
                let twice = text!("given twice in this request", "在本次请求中重复");
                return Err(place.at(Error::new(codes::USER_EXISTS).because(twice).at(field(key)), i));
            }
        }
    }
    Ok(())
}

/// # Errors
/// 409/2026 at the second of two equal identities of the request.
pub fn identities_within(lists: &[&[Identity]], place: Place) -> Result<()> {
    let mut seen = HashSet::new();
    for (i, list) in lists.iter().enumerate() {
        for (n, one) in list.iter().enumerate() {
            if !seen.insert((&one.ext_idp_id, &one.kind, &one.user_id_in_idp)) {
                let twice = text!("given twice in this request", "在本次请求中重复");
                return Err(place.at(Error::new(codes::USER_EXISTS).because(twice).at(format!("identities[{n}]")), i));
            }
        }
    }
    Ok(())
}

/// The refusal for the first name or identity that another user has, if there is one.
pub async fn taken(
    tx: &mut Tx,
    pool: &PoolId,
    users: &[&User],
    identities: &[&[Identity]],
    place: Place,
) -> Result<Option<Error>> {
    let mut owners: HashMap<Key, HashMap<String, String>> = HashMap::new();
    for key in Key::ALL {
        let wanted: Vec<String> = users.iter().filter_map(|u| value(u, key).cloned()).collect();
        if !wanted.is_empty() {
            owners.insert(key, store::owners(tx, pool, key, &wanted).await?.into_iter().collect());
        }
    }
    for (i, user) in users.iter().enumerate() {
        for key in Key::ALL {
            let owner = value(user, key).and_then(|v| owners.get(&key)?.get(v));
            if owner.is_some_and(|id| *id != user.id) {
                return Ok(Some(place.at(Error::new(codes::USER_EXISTS).at(field(key)), i)));
            }
        }
    }
    let wanted: Vec<String> = identities.iter().flat_map(|l| l.iter().map(|i| i.user_id_in_idp.clone())).collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    let there = store::identity_owners(tx, pool, &wanted).await?;
    let there: HashSet<(&str, &str, &str)> =
        there.iter().map(|(idp, kind, id, _)| (idp.as_str(), kind.as_str(), id.as_str())).collect();
    for (i, list) in identities.iter().enumerate() {
        for (n, one) in list.iter().enumerate() {
            if there.contains(&(one.ext_idp_id.as_str(), one.kind.as_str(), one.user_id_in_idp.as_str())) {
                return Ok(Some(place.at(Error::new(codes::USER_EXISTS).at(format!("identities[{n}]")), i)));
            }
        }
    }
    Ok(None)
}

/// Why a write failed: what the database refused may be a name that somebody took meanwhile ([`refusal`]).
pub(crate) enum Failed {
    Store(StoreError),
    Other(Error),
}

impl From<StoreError> for Failed {
    fn from(e: StoreError) -> Self {
        Failed::Store(e)
    }
}

impl From<Error> for Failed {
    fn from(e: Error) -> Self {
        Failed::Other(e)
    }
}

/// What a unique key of the database says, without a place in the list.
pub fn refusal(e: &StoreError) -> Option<Error> {
    let field = match e.unique()? {
        "users_username_key" => "username",
        "users_email_key" => "email",
        "users_phone_key" => "phone",
        "users_external_id_key" => "externalId",
        "user_identities_kind" => "identities",
        _ => return None,
    };
    Some(Error::new(codes::USER_EXISTS).at(field))
}
