//! The departments that rows name: looked up once for a chunk, joined in its transaction.
//!
//! A file only ever adds: who is in other departments stays there, with the main one that he has.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;
use watchword_api::user::DepartmentIdType;
use watchword_kit::{Error, Result, text};
use watchword_store::Tx;
use watchword_store::department::{Department, member as store};
use watchword_store::{organization as organizations, user};
use watchword_transfer::Object;

use super::item::Item;
use crate::ctx::Ctx;
use crate::department::of_user::MAX_DEPARTMENTS;
use crate::department::{member, only, resolve_each, unknown};

const FIELD: &str = "departmentIds";
const MAIN: &str = "mainDepartmentId";

/// What a row says of departments.
#[derive(Debug, Default)]
pub struct Named {
    /// As the row names them, each once.
    ids: Vec<String>,
    /// Which of them is the main one of a user who has none yet.
    main: Option<usize>,
}

impl Named {
    /// Takes its members out of a row.
    ///
    /// # Errors
    /// 400 at `departmentIds`, `departmentIds[i]` or `mainDepartmentId`.
    pub fn take(fields: &mut Object) -> Result<Named> {
        let list = match fields.remove(FIELD) {
            None => Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(Error::invalid(FIELD, text!("must be a list", "应为列表"))),
        };
        if list.len() > MAX_DEPARTMENTS {
            let many = text!("at most {MAX_DEPARTMENTS} items", "最多 {MAX_DEPARTMENTS} 项");
            return Err(Error::invalid(FIELD, many));
        }
        let mut ids: Vec<String> = Vec::with_capacity(list.len());
        for (i, id) in list.into_iter().enumerate() {
            match id {
                Value::String(id) if !ids.contains(&id) => ids.push(id),
                Value::String(_) => return Err(twice(i)),
                _ => return Err(Error::invalid(format!("{FIELD}[{i}]"), text!("must be a string", "应为字符串"))),
            }
        }
        let main = match fields.remove(MAIN).filter(|main| main != "") {
            None => None,
            Some(main) => Some(ids.iter().position(|id| main == **id).ok_or_else(|| {
                let known = text!("must be one of the row's departmentIds", "应为该行 departmentIds 之一");
                Error::invalid(MAIN, known)
            })?),
        };
        Ok(Named { ids, main })
    }
}

fn twice(i: usize) -> Error {
    Error::invalid(format!("{FIELD}[{i}]"), text!("given twice", "重复"))
}

/// A department that a user is to join.
#[derive(Clone, Debug)]
pub struct Place {
    department: String,
    organization: String,
}

/// What the rows of a chunk name, and who is where already.
#[derive(Default)]
pub struct Places {
    named: HashMap<String, Vec<Department>>,
    /// User and department.
    there: HashSet<(String, String)>,
}

impl Places {
    /// `users` are those whom the rows may mean.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn read(
        tx: &mut Tx,
        ctx: &Ctx,
        items: &[Item],
        kind: DepartmentIdType,
        users: &[String],
    ) -> Result<Places> {
        let ids: BTreeSet<&String> = items.iter().flat_map(|item| &item.departments.ids).collect();
        if ids.is_empty() {
            return Ok(Places::default());
        }
        let ids: Vec<String> = ids.into_iter().cloned().collect();
        let rows = resolve_each(tx, ctx.pool(), None, &ids, kind).await?;
        let there = store::of_users(tx, ctx.pool(), users).await?;
        Ok(Places {
            named: ids.into_iter().zip(rows).collect(),
            there: there.into_iter().map(|m| (m.user_id, m.department_id)).collect(),
        })
    }

    /// The departments of a row, the main one first.
    ///
    /// # Errors
    /// 404 at `departmentIds[i]` for no department, 409 for several, 400 for one that is named twice.
    pub fn of(&self, item: &Item) -> Result<Vec<Place>> {
        let mut places: Vec<Place> = Vec::with_capacity(item.departments.ids.len());
        for (i, id) in item.departments.ids.iter().enumerate() {
            let path = || format!("{FIELD}[{i}]");
            let named = self.named.get(id).cloned().unwrap_or_default();
            let row = only(named).map_err(|e| e.at(path()))?.ok_or_else(|| unknown(&path()))?;
            if places.iter().any(|p| p.department == row.id) {
                return Err(twice(i));
            }
            places.push(Place { department: row.id, organization: row.organization_id });
        }
        if let Some(main) = item.departments.main {
            places[..=main].rotate_right(1);
        }
        Ok(places)
    }

    /// Whether the user is in all of these.
    pub fn has(&self, user: &str, places: &[Place]) -> bool {
        places.iter().all(|p| self.there.contains(&(user.to_owned(), p.department.clone())))
    }
}

/// Takes what ties leavers to others away, and puts users into the departments of their rows. All of them are held or
/// new. `false` when a department was deleted since it was looked up.
///
/// # Errors
/// When the database cannot be written.
pub async fn write(tx: &mut Tx, ctx: &Ctx, wanted: &[(String, Vec<Place>)], leavers: &[String]) -> Result<bool> {
    // All organisations at once: they are held in one order.
    let mut trees = match leavers.is_empty() {
        true => Vec::new(),
        false => organizations::of_users(tx, ctx.pool(), leavers).await?,
    };
    trees.extend(wanted.iter().flat_map(|(_, places)| places.iter().map(|p| p.organization.clone())));
    let departments: BTreeSet<&String> =
        wanted.iter().flat_map(|(_, places)| places.iter().map(|p| &p.department)).collect();
    let departments: Vec<String> = departments.into_iter().cloned().collect();
    if !trees.is_empty() && !member::stand(tx, ctx, &departments, &trees).await? {
        return Ok(false);
    }
    if !leavers.is_empty() {
        user::life::take_away(tx, ctx.pool(), leavers).await?;
    }
    if departments.is_empty() {
        return Ok(true);
    }
    let users: Vec<String> = wanted.iter().map(|(user, _)| user.clone()).collect();
    let there = store::of_users(tx, ctx.pool(), &users).await?;
    let wanted: Vec<(String, Vec<String>)> = wanted
        .iter()
        .map(|(user, places)| (user.clone(), places.iter().map(|p| p.department.clone()).collect()))
        .collect();
    let mut joined: Vec<String> = trees;
    joined.sort_unstable();
    joined.dedup();
    member::enlist(tx, ctx, &wanted, &there, &joined).await?;
    Ok(true)
}
