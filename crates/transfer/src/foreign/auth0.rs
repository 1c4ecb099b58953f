//! Users of Auth0: the export job's JSON lines, and the password hashes that its support hands out in a file of their
//! own.

use std::io::BufRead;

use serde::Deserialize;
use serde_json::Value;
use watchword_kit::{Error, Result, Secret, text};

use super::{Taken, phone};
use crate::Object;
use crate::hash::{Form, credential_form};

/// One user. `user_id` becomes the external id; `user_metadata` and `app_metadata` become custom data (of two members
/// of one name the former); a blocked user is suspended; accounts at other providers stay behind.
///
/// # Errors
/// 400 at `passwordHash` for a `custom_password_hash` of an unknown kind.
pub fn user(mut from: Object, hashes: Option<&Hashes>) -> Result<Object> {
    let mut to = Taken::default();
    let id = from.remove("user_id").or_else(|| from.remove("Id"));
    let hash = match id.as_ref().and_then(Value::as_str) {
        Some(id) => hashes.and_then(|h| h.get(id)).map(|hash| Value::from(hash.reveal().as_str())),
        None => None,
    };
    to.set("externalId", id);
    to.set("username", from.remove("username"));
    to.set("email", from.remove("email"));
    if to.has("email") {
        to.set("emailVerified", from.remove("email_verified"));
    }
    let (number, verified) = (from.remove("phone_number"), from.remove("phone_verified"));
    phone(&mut to, number, verified);
    // Auth0 puts the address where there is no name.
    for (theirs, ours) in [("name", "name"), ("nickname", "nickname")] {
        let value = from.remove(theirs).filter(|v| v.as_str().is_some_and(|s| !s.contains('@')));
        to.set(ours, value);
    }
    to.set("givenName", from.remove("given_name"));
    to.set("familyName", from.remove("family_name"));
    to.set("photo", from.remove("picture"));
    to.set("createdAt", from.remove("created_at"));
    to.set("lastLogin", from.remove("last_login"));
    to.set("lastIp", from.remove("last_ip"));
    to.set("loginsCount", from.remove("logins_count"));
    if from.get("blocked") == Some(&Value::Bool(true)) {
        to.set("status", Some("Suspended".into()));
    }
    for metadata in ["app_metadata", "user_metadata"] {
        if let Some(Value::Object(members)) = from.remove(metadata) {
            members.into_iter().for_each(|(name, value)| to.custom(&name, value));
        }
    }
    to.set("passwordHash", hash);
    if let Some(custom) = from.remove("custom_password_hash") {
        if let Form::Hash(hash) = credential_form(&custom)? {
            to.set("passwordHash", Some(hash.into()));
        }
    } else {
        to.set("passwordHash", from.remove("password_hash").or_else(|| from.remove("passwordHash")));
    }
    Ok(to.finish())
}

/// The hashes of a tenant's database users, found by the part of `user_id` behind `auth0|`. Takes about 100 bytes a
/// user.
pub struct Hashes {
    text: Secret<String>,
    /// Id, where its hash begins in `text`, and its length; sorted.
    places: Vec<([u8; 12], u32, u16)>,
}

impl std::fmt::Debug for Hashes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hashes({})", self.places.len())
    }
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "_id")]
    id: Id,
    #[serde(rename = "passwordHash")]
    hash: Option<Secret<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Oid {
        #[serde(rename = "$oid")]
        oid: String,
    },
    Text(String),
}

impl Hashes {
    /// Reads `{"_id":{"$oid":"…"},"passwordHash":"$2b$10$…"}`, one a line.
    ///
    /// # Errors
    /// 400 with the line that is none.
    pub fn read(input: impl BufRead) -> Result<Hashes> {
        let (mut text, mut places) = (String::new(), Vec::new());
        for (i, line) in input.split(b'\n').enumerate() {
            let line = line.map_err(|e| crate::unreadable(&e))?;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let n = i + 1;
            let bad = || {
                Error::invalid(
                    "hashes",
                    text!("line {n} is no hash of Auth0's export", "第 {n} 行不是 Auth0 导出的哈希"),
                )
            };
            let Line { id, hash } = serde_json::from_slice(&line).map_err(|_| bad())?;
            let (Id::Oid { oid: id } | Id::Text(id)) = id;
            let Some(hash) = hash else { continue };
            let place = u32::try_from(text.len()).map_err(|_| bad())?;
            let length = u16::try_from(hash.reveal().len()).map_err(|_| bad())?;
            places.push((key(&id).ok_or_else(bad)?, place, length));
            text.push_str(hash.reveal());
        }
        places.sort_unstable();
        Ok(Hashes { text: Secret::new(text), places })
    }

    fn get(&self, user_id: &str) -> Option<Secret<String>> {
        let key = key(user_id.strip_prefix("auth0|").unwrap_or(user_id))?;
        let at = self.places.binary_search_by(|place| place.0.cmp(&key)).ok()?;
        let (_, start, length) = self.places[at];
        let hash = self.text.reveal().get(start as usize..start as usize + usize::from(length))?;
        Some(Secret::new(hash.to_owned()))
    }
}

/// The 12 bytes of an id that is 24 hex digits.
fn key(id: &str) -> Option<[u8; 12]> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(id.as_bytes()).ok()?.try_into().ok()
}
