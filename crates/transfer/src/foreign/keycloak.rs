//! Users of a realm export (`kc.sh export`, or the administration console's partial export with users).

use serde_json::Value;
use watchword_kit::{Error, Result, text};

use super::{Taken, millis, phone};
use crate::Object;
use crate::hash::{Form, credential_form};

/// Where the users of a realm are.
pub const NAMES: &[&str] = &["users"];

/// One user. Its id becomes the external id; attributes become custom data, a list of one its element, but for `locale`
/// and `phoneNumber`; a disabled user is suspended; realm roles, groups and the second factor stay behind.
///
/// # Errors
/// 400 at `passwordHash` for a password credential of an unknown kind.
pub fn user(mut from: Object) -> Result<Object> {
    if from.contains_key("serviceAccountClientId") {
        return Err(Error::invalid("row", text!("a service account, no person", "这是服务账号，不是用户")));
    }
    let mut to = Taken::default();
    to.set("externalId", from.remove("id"));
    to.set("username", from.remove("username"));
    to.set("email", from.remove("email"));
    if to.has("email") {
        to.set("emailVerified", from.remove("emailVerified"));
    }
    to.set("givenName", from.remove("firstName"));
    to.set("familyName", from.remove("lastName"));
    to.set("createdAt", millis(from.remove("createdTimestamp")));
    if from.get("enabled") == Some(&Value::Bool(false)) {
        to.set("status", Some("Suspended".into()));
    }
    let actions = from.get("requiredActions").and_then(Value::as_array);
    if actions.is_some_and(|list| list.iter().any(|a| a == "UPDATE_PASSWORD")) {
        to.set("resetPasswordOnNextLogin", Some(true.into()));
    }
    if let Some(Value::Object(attributes)) = from.remove("attributes") {
        attributes_of(&mut to, attributes);
    }
    if let Some(Value::Array(credentials)) = from.remove("credentials")
        && let Some(password) = credentials.iter().find(|c| c.get("type").is_some_and(|t| t == "password"))
    {
        match credential_form(password)? {
            Form::Hash(hash) => to.set("passwordHash", Some(hash.into())),
            Form::Plain(password) => to.set("password", Some(password.reveal().as_str().into())),
            Form::None => {}
        }
    }
    Ok(to.finish())
}

fn attributes_of(to: &mut Taken, mut attributes: Object) {
    let single = |value: Value| match value {
        Value::Array(mut list) if list.len() == 1 => list.remove(0),
        other => other,
    };
    to.set("locale", attributes.remove("locale").map(single));
    let verified = attributes.remove("phoneNumberVerified").map(single);
    let verified = verified.map(|v| Value::Bool(v == true || v == "true"));
    phone(to, attributes.remove("phoneNumber").map(single), verified);
    for (name, value) in attributes {
        to.custom(&name, single(value));
    }
}
