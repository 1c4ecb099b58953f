//! What a rule may say: conditions on users, as list-users has them, which change only when the user is written.

use watchword_api::user::AdvancedFilter;
use watchword_kit::{Error, PoolId, Result, text};
use watchword_store::Filter;

use crate::user::search;

const MAX_CONDITIONS: usize = 20;

/// Members of a condition that become true or false without a write of the user that we see, or that depend on groups:
/// sessions are forgotten after a while, every write sets `updatedAt`, and groups that name each other have no
/// members that one could compute.
const REFUSED: &[&str] = &["updatedAt", "loggedInApps", "group", "groups", "role", "roles"];

/// Members that a sign-in changes.
const BY_SIGN_IN: &[&str] =
    &["loginsCount", "lastLogin", "lastLoginTime", "lastIp", "lastLoginApp", "lastMfaTime", "browser", "device"];

/// Members that change when departments move.
const BY_DEPARTMENT: &[&str] = &["department", "departmentIds", "mainDepartmentId"];

/// What makes a user a member of a dynamic group.
pub struct Rule(Vec<AdvancedFilter>);

impl Rule {
    /// The rule that a request gives.
    ///
    /// # Errors
    /// 400 at `rule`, or at the place in it that cannot be followed.
    pub fn given(conditions: Vec<AdvancedFilter>, pool: &PoolId) -> Result<Rule> {
        if !(1..=MAX_CONDITIONS).contains(&conditions.len()) {
            let detail = text!("must have 1 to {MAX_CONDITIONS} items", "应有 1 到 {MAX_CONDITIONS} 项");
            return Err(Error::invalid("rule", detail));
        }
        if let Some(i) = conditions.iter().position(|c| REFUSED.contains(&c.field.as_str())) {
            let name = &conditions[i].field;
            let detail = text!("{name} cannot be followed in a rule", "规则不支持 {name}");
            return Err(Error::invalid(format!("rule[{i}].field"), detail));
        }
        let rule = Rule(conditions);
        rule.filter(pool)?;
        Ok(rule)
    }

    /// The rule that is stored.
    pub fn stored(json: Option<&str>) -> Result<Rule> {
        serde_json::from_str(json.unwrap_or("[]")).map(Rule).map_err(Error::internal)
    }

    pub fn json(&self) -> Result<String> {
        serde_json::to_string(&self.0).map_err(Error::internal)
    }

    pub fn into_conditions(self) -> Vec<AdvancedFilter> {
        self.0
    }

    /// The users for whom it holds.
    pub fn filter(&self, pool: &PoolId) -> Result<Filter> {
        search::conditions(pool, self.0.clone()).map_err(|e| e.at("rule"))
    }

    pub fn follows_sign_in(&self) -> bool {
        self.names(BY_SIGN_IN)
    }

    pub fn follows_departments(&self) -> bool {
        self.names(BY_DEPARTMENT)
    }

    fn names(&self, fields: &[&str]) -> bool {
        self.0.iter().any(|c| fields.contains(&c.field.as_str()))
    }
}
