//! Users of `firebase auth:export` as JSON.

use serde_json::Value;
use watchword_kit::Result;

use super::{Taken, millis, phone};
use crate::Object;
use crate::hash::{Style, settle};

pub const NAMES: &[&str] = &["users"];

/// One user. `localId` becomes the external id; custom claims become custom data; a disabled user is suspended;
/// accounts at other providers stay behind.
///
/// # Errors
/// 400 at the hash when the style does not fit it.
pub fn user(mut from: Object, style: &Style) -> Result<Object> {
    let mut to = Taken::default();
    to.set("externalId", from.remove("localId"));
    to.set("email", from.remove("email"));
    if to.has("email") {
        to.set("emailVerified", from.remove("emailVerified"));
    }
    phone(&mut to, from.remove("phoneNumber"), Some(true.into()));
    to.set("name", from.remove("displayName"));
    to.set("photo", from.remove("photoUrl"));
    to.set("createdAt", millis(from.remove("createdAt")));
    to.set("lastLogin", millis(from.remove("lastSignedInAt")));
    if from.get("disabled") == Some(&Value::Bool(true)) {
        to.set("status", Some("Suspended".into()));
    }
    let claims = from.remove("customAttributes");
    if let Some(Ok(Value::Object(claims))) = claims.as_ref().and_then(Value::as_str).map(serde_json::from_str) {
        claims.into_iter().for_each(|(name, value)| to.custom(&name, value));
    }
    to.set("passwordHash", from.remove("passwordHash"));
    to.set("passwordSalt", from.remove("salt"));
    let mut user = to.finish();
    if user.contains_key("passwordHash") {
        settle(&mut user, style)?;
    } else {
        user.remove("passwordSalt");
    }
    Ok(user)
}
