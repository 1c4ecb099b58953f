//! What a rule may say: conditions on users, as list-users has them, which change only when the user is written.

use watchword_api::user::AdvancedFilter;
use watchword_kit::{Error, PoolId, Result, text};
use watchword_store::Filter;
use watchword_store::department::Department;
use watchword_store::user::search::DepartmentTest;

use crate::user::search;

const MAX_CONDITIONS: usize = 20;

/// Members of a condition that become true or false without a write of the user that we see, or that depend on groups:
/// sessions are forgotten after a while, every write sets `updatedAt`, and groups that name each other have no
/// members that one could compute.
const REFUSED: &[&str] = &["updatedAt", "loggedInApps", "group", "groups", "role", "roles"];

/// Members that a sign-in changes.
const BY_SIGN_IN: &[&str] =
    &["loginsCount", "lastLogin", "lastLoginTime", "lastIp", "lastLoginApp", "lastMfaTime", "browser", "device"];

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
        self.0.iter().any(|c| BY_SIGN_IN.contains(&c.field.as_str()))
    }

    /// Whether what it says of departments may hold for others than before.
    pub fn names(&self, trees: &Trees<'_>) -> Result<bool> {
        for condition in &self.0 {
            let named = match search::departments_named(condition)?.as_deref() {
                None => false,
                // In any department at all, or in none.
                Some([]) => trees.members,
                Some(tests) => tests.iter().any(|test| trees.has(test)),
            };
            if named {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Departments of one organisation whose members are others than before, or that are called otherwise.
pub struct Trees<'a> {
    /// The codes of the organisation, before and after.
    pub organization: &'a [&'a str],
    /// `None`: all of them.
    pub departments: Option<&'a [Department]>,
    /// Whether it is not only about the people anywhere below these departments, but also about those in them.
    pub members: bool,
}

impl Trees<'_> {
    fn has(&self, test: &DepartmentTest) -> bool {
        let is = |d: &Department| match &test.id {
            None => d.id == d.organization_id,
            Some(id) if test.open => d.open_department_id.as_ref() == Some(id),
            Some(id) => d.id == *id,
        };
        self.organization.contains(&test.organization.as_str())
            && (test.tree || self.members)
            && self.departments.is_none_or(|list| list.iter().any(is))
    }
}
