//! A tree of departments and its people in one call.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use watchword_api::department::{
    CreateDepartmentTreeReq, DepartmentTreeChild, DepartmentTreeMembers, DepartmentTreeResult, DepartmentTreeUser,
};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Result, codes, text};
use watchword_store::department::{Department, TABLE, member as members, tree};
use watchword_store::organization::{self as organizations, Organization};
use watchword_store::{Tx, pool as pools};

use super::change::{Change, blank, taken};
use super::manage::MAX_DEPTH;
use super::{member, names as rules};
use crate::ctx::Ctx;
use crate::group::follow;
use crate::organization::manage;
use crate::permission::Permission;
use crate::rules::no_tenant;
use crate::user::people::{self, People};

const MAX_DEPARTMENTS: usize = 1_000;
const MAX_PEOPLE: usize = 1_000;
const MAX_LEVELS: usize = 30;

/// A department of the request. Two of one name below the same one are one.
struct Node {
    name: String,
    key: String,
    parent: Option<usize>,
    depth: usize,
    people: Vec<usize>,
}

/// The request without its nesting.
#[derive(Default)]
struct Plan {
    nodes: Vec<Node>,
    /// Where each is in the request, and what it says.
    people: Vec<(String, DepartmentTreeUser)>,
    by_name: HashMap<(Option<usize>, String), usize>,
}

impl Plan {
    fn read(&mut self, req: CreateDepartmentTreeReq, parent: Option<usize>, path: &str) -> Result<()> {
        let at = |member: &str| if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") };
        no_tenant(req.tenant_id.as_deref(), "tenantId").map_err(|e| if path.is_empty() { e } else { e.at(path) })?;
        let node = self.node(rules::name(&at("name"), &req.name)?, parent, path)?;
        let people = match req.members {
            None => Vec::new(),
            Some(DepartmentTreeMembers::One(one)) => vec![(at("members"), *one)],
            Some(DepartmentTreeMembers::Many(many)) => {
                many.into_iter().enumerate().map(|(i, one)| (at(&format!("members[{i}]")), one)).collect()
            }
        };
        for one in people {
            if self.people.len() >= MAX_PEOPLE {
                return Err(Error::invalid(one.0, text!("more than {MAX_PEOPLE} people", "成员超过 {MAX_PEOPLE} 人")));
            }
            self.nodes[node].people.push(self.people.len());
            self.people.push(one);
        }
        for (i, child) in req.children.into_iter().flatten().enumerate() {
            let path = at(&format!("children[{i}]"));
            match child {
                DepartmentTreeChild::Name(name) => {
                    let name = rules::name(&path, &name)?;
                    self.node(name, Some(node), &path)?;
                }
                DepartmentTreeChild::Tree(inner) => self.read(*inner, Some(node), &path)?,
            }
        }
        Ok(())
    }

    fn node(&mut self, name: String, parent: Option<usize>, path: &str) -> Result<usize> {
        let key = fold(&name);
        if let Some(known) = self.by_name.get(&(parent, key.clone())) {
            return Ok(*known);
        }
        let depth = parent.map_or(0, |p| self.nodes[p].depth + 1);
        let field = if path.is_empty() { "name" } else { path };
        if depth >= MAX_LEVELS {
            return Err(Error::invalid(field, text!("deeper than {MAX_LEVELS} levels", "层级超过 {MAX_LEVELS} 层")));
        }
        if self.nodes.len() >= MAX_DEPARTMENTS {
            let many = text!("more than {MAX_DEPARTMENTS} departments", "部门超过 {MAX_DEPARTMENTS} 个");
            return Err(Error::invalid(field, many));
        }
        let node = self.nodes.len();
        self.by_name.insert((parent, key.clone()), node);
        self.nodes.push(Node { name, key, parent, depth, people: Vec::new() });
        Ok(node)
    }
}

/// `POST /api/v3/create-department-tree`. What is there is taken: an organisation and departments by their names, the
/// oldest where there are several departments of one name; people by user name, else e-mail address, else phone
/// number. What is not there is made, all or nothing.
///
/// # Errors
/// 400 at the member that cannot be; 403 for rights that parts of the request need; 409 when two organisations have
/// the name, or a person is not one user.
pub async fn create(ctx: &Ctx, req: CreateDepartmentTreeReq) -> Result<DepartmentTreeResult> {
    let mut plan = Plan::default();
    plan.read(req, None, "")?;
    if !plan.people.is_empty() {
        allowed(ctx, Permission::DepartmentWriteMembers)?;
        allowed(ctx, Permission::UserWrite)?;
    }
    let given = std::mem::take(&mut plan.people);
    let mut tx = ctx.write().await?;
    // One batch at a time: two that have names in common in another order would wait for each other.
    pools::hold(&mut tx, ctx.pool()).await?;
    let people = people::put(&mut tx, ctx, given).await?;
    let (organization, grown) = grow(&mut tx, ctx, &plan).await?;
    let joined = enrol(&mut tx, ctx, &plan, &grown, &people, &organization).await?;
    follow::changed(&mut tx, ctx, &people.ids).await?;
    let touched = grown
        .ids
        .iter()
        .enumerate()
        .filter(|(node, id)| !grown.made.contains(node) && (joined.contains(*id) || grown.parents.contains(*id)));
    let result = DepartmentTreeResult {
        add_user: people.added,
        update_user: people.updated,
        add_department: i64::try_from(grown.made.len()).map_err(Error::internal)?,
        update_department: i64::try_from(touched.count()).map_err(Error::internal)?,
    };
    let details = json!({
        "organizationId": organization.id,
        "addUser": result.add_user,
        "updateUser": result.update_user,
        "addDepartment": result.add_department,
        "updateDepartment": result.update_department,
    });
    ctx.commit(tx, details).await?;
    Ok(result)
}

fn allowed(ctx: &Ctx, permission: Permission) -> Result<()> {
    if ctx.may(permission) {
        return Ok(());
    }
    let needed = permission.as_str();
    let detail = text!("needs the permission {needed}, too", "还需要权限 {needed}");
    Err(Error::new(codes::FORBIDDEN).because(detail))
}

/// The departments of the plan as they are in the tree.
struct Grown {
    /// In the order of the plan.
    ids: Vec<String>,
    /// Which of the plan's nodes were made.
    made: HashSet<usize>,
    /// Ids of those that got a new department below them.
    parents: HashSet<String>,
}

async fn grow(tx: &mut Tx, ctx: &Ctx, plan: &Plan) -> Result<(Organization, Grown)> {
    let root = plan.nodes.first().ok_or_else(|| Error::internal("a tree without root"))?;
    let mut grown = Grown { ids: Vec::new(), made: HashSet::new(), parents: HashSet::new() };
    let found = organizations::by_name(tx, ctx.pool(), &root.key).await?;
    let organization = match found.as_slice() {
        [] => {
            allowed(ctx, Permission::OrganizationWrite)?;
            grown.made.insert(0);
            let change = Change { name: Some(root.name.clone()), ..Change::default() };
            manage::plant(tx, ctx, ctx.new_id(), &change).await?
        }
        [one] => one.clone(),
        _ => {
            let several = text!("several organisations have this name", "有多个组织机构使用该名称");
            return Err(Error::new(codes::CONFLICT).because(several).at("name"));
        }
    };
    let held = organizations::hold(tx, ctx.pool(), &organization.id).await?;
    let gone = text!("the organisation was deleted at the same moment", "组织机构刚刚被删除");
    let organization = held.ok_or_else(|| Error::new(codes::CONFLICT).because(gone).at("name"))?;

    let there = tree::below(tx, ctx.pool(), &organization.id).await?;
    let mut known: HashMap<(String, String), String> = HashMap::new();
    let mut above: HashMap<String, Option<String>> = HashMap::new();
    for row in there {
        if let Some(parent) = &row.parent_id {
            known.entry((parent.clone(), row.name_key.clone())).or_insert_with(|| row.id.clone());
        }
        above.insert(row.id, row.parent_id);
    }
    let (mut rows, mut links): (Vec<Department>, Vec<(String, String, i64)>) = (Vec::new(), Vec::new());
    for (i, node) in plan.nodes.iter().enumerate() {
        let Some(parent) = node.parent.and_then(|p| grown.ids.get(p)).cloned() else {
            grown.ids.push(organization.id.clone());
            continue;
        };
        if let Some(id) = known.get(&(parent.clone(), node.key.clone())) {
            grown.ids.push(id.clone());
            continue;
        }
        let mut row = blank(ctx, &organization.id, Some(&parent));
        row.name.clone_from(&node.name);
        row.name_key.clone_from(&node.key);
        above.insert(row.id.clone(), Some(parent.clone()));
        let (mut next, mut depth) = (Some(row.id.clone()), 0_i64);
        while let Some(id) = next {
            next = above.get(&id).cloned().flatten();
            links.push((row.id.clone(), id, depth));
            depth += 1;
        }
        if usize::try_from(depth).unwrap_or_default() > MAX_DEPTH {
            return Err(Error::invalid(
                "children",
                text!("deeper than {MAX_DEPTH} levels", "部门层级超过 {MAX_DEPTH} 层"),
            ));
        }
        grown.made.insert(i);
        grown.parents.insert(parent);
        grown.ids.push(row.id.clone());
        rows.push(row);
    }
    TABLE.insert_many(tx, &rows).await.map_err(taken)?;
    tree::plant_many(tx, ctx.pool(), &links).await?;
    Ok((organization, grown))
}

/// Puts the people into their departments; answers those in which somebody is new.
async fn enrol(
    tx: &mut Tx,
    ctx: &Ctx,
    plan: &Plan,
    grown: &Grown,
    people: &People,
    organization: &Organization,
) -> Result<HashSet<String>> {
    let mut wanted: HashMap<String, Vec<String>> = HashMap::new();
    for (node, id) in plan.nodes.iter().zip(&grown.ids) {
        for person in &node.people {
            wanted.entry(people.ids[*person].clone()).or_default().push(id.clone());
        }
    }
    if wanted.is_empty() {
        return Ok(HashSet::new());
    }
    // The first department that the request names for a person comes first.
    let mut seen = HashSet::new();
    let order: Vec<(String, Vec<String>)> = people
        .ids
        .iter()
        .filter(|id| seen.insert((*id).clone()))
        .filter_map(|id| wanted.remove(id).map(|departments| (id.clone(), departments)))
        .collect();
    let users: Vec<String> = order.iter().map(|(id, _)| id.clone()).collect();
    let there = members::of_users(tx, ctx.pool(), &users).await?;
    let has: HashSet<(&str, &str)> = there.iter().map(|m| (m.user_id.as_str(), m.department_id.as_str())).collect();
    let new = order.iter().flat_map(|(user, departments)| {
        departments.iter().filter(|d| !has.contains(&(user.as_str(), d.as_str()))).cloned()
    });
    let new: HashSet<String> = new.collect();
    member::enlist(tx, ctx, &order, &there, std::slice::from_ref(&organization.id)).await?;
    Ok(new)
}
