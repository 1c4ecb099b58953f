//! Users.

use serde_json::{Map, Value};
use watchword_store::user::User;

/// OpenID Connect claims of the user for a scope (OpenID Connect Core §5.4).
pub fn claims(_user: &User, _scope: &str) -> Map<String, Value> {
    Map::new()
}
