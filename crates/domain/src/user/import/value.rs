//! Values of unique custom fields that the rows of a chunk take and give up, one row after the other.

use std::collections::HashMap;

use watchword_kit::{Error, Result, codes, text};
use watchword_store::custom_field::unique_owners;
use watchword_store::user::User;

use super::item::Item;
use super::plan::Plan;
use super::seen::Seen;
use crate::ctx::Ctx;
use crate::custom_field::Drawn;
use crate::job::Problem;
use crate::user::custom;

/// A member and the form in which its value is compared.
pub type Value = (String, String);

/// What one row does.
pub struct Change {
    pub item: usize,
    pub user: String,
    takes: Vec<Value>,
    gives_up: Vec<Value>,
}

impl Change {
    /// Of a user who was as `before`, if he was.
    pub fn new(item: usize, user: &str, drawn: &Drawn, before: Option<&User>) -> Result<Change> {
        let had = before.map(|user| custom::object(&user.custom_data)).transpose()?.unwrap_or_default();
        let gives_up = drawn.changed().filter_map(|key| Some((key.to_owned(), custom::value_key(had.get(key)?)?)));
        Ok(Change {
            item,
            user: user.to_owned(),
            takes: drawn.wanted().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            gives_up: gives_up.collect(),
        })
    }
}

impl Plan {
    /// Takes back the steps of items whose values others have. A value that a row gives up is free for those after it,
    /// in the same chunk or a later one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(super) async fn settle(&mut self, ctx: &Ctx, items: &[Item], seen: &Seen, changes: &[Change]) -> Result<()> {
        let wanted = changes.iter().flat_map(|c| c.takes.iter().cloned());
        let (keys, values): (Vec<String>, Vec<String>) = wanted.unzip();
        if keys.is_empty() && changes.iter().all(|c| c.gives_up.is_empty()) {
            return Ok(());
        }
        let there = unique_owners(&mut ctx.read().await?, ctx.pool(), "USER", &keys, &values).await?;
        let there: HashMap<Value, u64> =
            there.into_iter().map(|(key, value, owner)| ((key, value), seen.hash(&owner))).collect();
        for Change { item, user, takes, gives_up } in changes {
            let me = seen.hash(user);
            let owner = |plan: &Plan, value: &Value| {
                let now = plan.values.get(value).copied().or_else(|| seen.owner(value));
                now.unwrap_or_else(|| there.get(value).copied())
            };
            if let Some((key, _)) = takes.iter().find(|v| owner(self, v).is_some_and(|other| other != me)) {
                let detail = text!("another has this value already", "该值已被占用");
                let refusal = Error::new(codes::CONFLICT).because(detail).at(format!("customData.{key}"));
                self.problems.push(Problem::of(items[*item].line, &refusal));
                self.steps.retain(|(n, _)| n != item);
                continue;
            }
            self.values.extend(gives_up.iter().map(|v| (v.clone(), None)));
            self.values.extend(takes.iter().map(|v| (v.clone(), Some(me))));
        }
        Ok(())
    }
}
