//! Where the people are: departments, groups, roles, written through the store and the tree of members by one statement.

use std::sync::Arc;

use watchword_domain::Services;
use watchword_domain::ctx::Ctx;
use watchword_kit::{Millis, PoolId};
use watchword_store::department::{self, Department, member, tree};
use watchword_store::group::{self, Group};
use watchword_store::organization::{self, Organization};
use watchword_store::role::{self, Role, RoleAssignment};
use watchword_store::{Tx, Val};

use super::people::{NOW, mix};
use crate::{Result, said, seed};

/// Code of the organisation.
pub const COMPANY: &str = "company";
/// Code of the group of a tenth of all people.
pub const GROUP: &str = "group-0";
/// Code of the role that is given to the first division and to two groups.
pub const WIDE_ROLE: &str = "wide";
/// Rows of one unit of work.
const CHUNK: usize = 10_000;
const DIVISIONS: usize = 200;
const ROLES: usize = 200;
const GROUPS: usize = 20;
/// Users who have a role.
const PER_ROLE: usize = 1_000;

/// What searches ask for.
pub struct Company {
    /// Has a tenth of all people below it.
    pub division: String,
    /// Departments without any below them.
    pub teams: Vec<String>,
}

/// `size` departments: a root, divisions, and teams below them. The first division has a tenth of the people in a
/// two-hundredth of the teams, the others have the rest; everybody is in one team.
pub async fn found(ctx: &Ctx, size: usize, people: &[String]) -> Result<Company> {
    let pool = ctx.pool();
    let divisions = DIVISIONS.min(size / 10);
    let root = department(ctx, "Company", None, None);
    let mut all = vec![root.clone()];
    for n in 0..divisions {
        all.push(department(ctx, &format!("Division {n}"), Some(&root.id), Some(&root.id)));
    }
    let big = ((size - divisions - 1) / divisions.max(1)).max(1);
    for n in 0..size - divisions - 1 {
        let division = if n < big { 0 } else { 1 + n % (divisions - 1) };
        let parent = all[1 + division].id.clone();
        all.push(department(ctx, &format!("Team {n}"), Some(&root.id), Some(&parent)));
    }
    let company =
        Company { division: all[1].id.clone(), teams: all[1 + divisions..].iter().map(|d| d.id.clone()).collect() };
    let mut tx = ctx.db.write().await.map_err(said)?;
    let organization = Organization {
        pool_id: pool.to_string(),
        id: root.id.clone(),
        code: COMPANY.into(),
        created_at: Millis(NOW),
        updated_at: Millis(NOW),
    };
    organization::TABLE.insert(&mut tx, &organization).await.map_err(said)?;
    tx.commit().await.map_err(said)?;
    seed::write(&ctx.db, department::TABLE.insert_sql(), &all).await?;
    for part in all.chunks(CHUNK) {
        let mut tx = ctx.db.write().await.map_err(said)?;
        for d in part {
            tree::plant(&mut tx, pool, &d.id, d.parent_id.as_deref()).await.map_err(said)?;
        }
        tx.commit().await.map_err(said)?;
    }
    join(ctx, &company, big, people).await?;
    let groups = groups(ctx, people).await?;
    let sources = [("DEPARTMENT", &company.division), ("GROUP", &groups[0]), ("GROUP", &groups[1])];
    roles(ctx, people, &sources).await?;
    Ok(company)
}

fn department(ctx: &Ctx, name: &str, organization: Option<&str>, parent: Option<&str>) -> Department {
    let id = ctx.new_id();
    Department {
        pool_id: ctx.pool().to_string(),
        organization_id: organization.unwrap_or(&id).to_owned(),
        id,
        parent_id: parent.map(str::to_owned),
        name: name.to_owned(),
        name_key: name.to_lowercase(),
        description: None,
        code: Some(name.to_lowercase().replace(' ', "-")),
        open_department_id: None,
        is_virtual: false,
        enabled: true,
        i18n: None,
        custom_data: "{}".into(),
        created_at: Millis(NOW),
        updated_at: Millis(NOW),
    }
}

/// Neighbours by age are in different teams.
async fn join(ctx: &Ctx, company: &Company, big: usize, people: &[String]) -> Result {
    let (inside, outside) = company.teams.split_at(big);
    let place = |(n, user): (usize, &String)| {
        let r = mix(n as u64) as usize;
        let team = if n.is_multiple_of(10) { &inside[r % inside.len()] } else { &outside[r % outside.len()] };
        member::Member {
            pool_id: ctx.pool().to_string(),
            department_id: team.clone(),
            user_id: user.clone(),
            is_leader: r.is_multiple_of(50),
            is_main: true,
            joined_at: Millis(NOW - (r % 1_000_000_000) as i64),
        }
    };
    let mut rows: Vec<member::Member> = people.iter().enumerate().map(place).collect();
    // In the order of the key: much the quickest.
    rows.sort_by(|a, b| (&a.department_id, &a.user_id).cmp(&(&b.department_id, &b.user_id)));
    seed::write(&ctx.db, member::TABLE.insert_sql(), &rows).await?;
    // What `member::refresh` does for some people, for all.
    let tree = "INSERT INTO department_tree_members (pool_id, department_id, user_id, joined_at)
        SELECT m.pool_id, a.ancestor_id, m.user_id, MIN(m.joined_at)
        FROM department_members m
        JOIN department_ancestors a ON a.pool_id = m.pool_id AND a.department_id = m.department_id
        WHERE m.pool_id = $1 GROUP BY m.pool_id, a.ancestor_id, m.user_id";
    let mut tx = ctx.db.write().await.map_err(said)?;
    tx.run(&tree.to_owned(), &[ctx.pool().into()]).await.map_err(said)?;
    tx.commit().await.map_err(said)
}

/// Answers their ids.
async fn groups(ctx: &Ctx, people: &[String]) -> Result<Vec<String>> {
    let made: Vec<Group> = (0..GROUPS)
        .map(|n| Group {
            pool_id: ctx.pool().to_string(),
            id: ctx.new_id(),
            code: format!("group-{n}"),
            name: format!("Group {n}"),
            name_key: format!("group {n}"),
            description: String::new(),
            kind: "static".into(),
            rule: None,
            custom_data: "{}".into(),
            created_at: Millis(NOW),
            updated_at: Millis(NOW),
        })
        .collect();
    seed::write(&ctx.db, group::TABLE.insert_sql(), &made).await?;
    let members: Vec<(String, String)> = (0..people.len() / 10)
        .map(|n| (made[0].id.clone(), people[n * 10].clone()))
        .chain((0..people.len() / 10).map(|n| (made[1 + n % (GROUPS - 1)].id.clone(), people[n * 10 + 1].clone())))
        .collect();
    for part in members.chunks(CHUNK) {
        let mut tx = ctx.db.write().await.map_err(said)?;
        group::add_members(&mut tx, ctx.pool(), part, ctx.now()).await.map_err(said)?;
        tx.commit().await.map_err(said)?;
    }
    Ok(made.into_iter().map(|group| group.id).collect())
}

/// Code of a role.
pub fn role_code(n: u64) -> String {
    format!("role-{}", n % ROLES as u64)
}

/// Roles of single people, and one that these groups and departments have.
async fn roles(ctx: &Ctx, people: &[String], wide: &[(&str, &String)]) -> Result {
    let (mut made, mut given) = (Vec::new(), Vec::new());
    for n in 0..ROLES {
        let (id, code) = (ctx.new_id(), role_code(n as u64));
        let mut holders: Vec<&String> = (0..PER_ROLE.min(people.len() / 2))
            .map(|k| &people[mix((n * PER_ROLE + k) as u64) as usize % people.len()])
            .collect();
        holders.sort();
        holders.dedup();
        given.extend(holders.into_iter().map(|user| assignment(ctx, &id, "USER", user)));
        made.push(role(ctx, id, code));
    }
    let id = ctx.new_id();
    given.extend(wide.iter().map(|(kind, target)| assignment(ctx, &id, kind, target)));
    made.push(role(ctx, id, WIDE_ROLE.into()));
    seed::write(&ctx.db, role::TABLE.insert_sql(), &made).await?;
    seed::write(&ctx.db, role::ASSIGNMENTS.insert_sql(), &given).await
}

fn role(ctx: &Ctx, id: String, code: String) -> Role {
    Role {
        pool_id: ctx.pool().to_string(),
        id,
        namespace: "default".into(),
        name: code.clone(),
        name_key: code.clone(),
        code,
        description: String::new(),
        status: "ENABLE".into(),
        disable_at: None,
        is_admin: false,
        custom_data: "{}".into(),
        created_at: Millis(NOW),
        updated_at: Millis(NOW),
    }
}

fn assignment(ctx: &Ctx, role: &str, kind: &str, target: &str) -> RoleAssignment {
    RoleAssignment {
        pool_id: ctx.pool().to_string(),
        role_id: role.to_owned(),
        target_type: kind.into(),
        target_id: target.to_owned(),
        enable_at: None,
        end_at: None,
        created_at: Millis(NOW),
        updated_at: Millis(NOW),
    }
}

/// Every user of the pool, the oldest account first.
pub async fn ids(services: &Arc<Services>, pool: &PoolId) -> Result<Vec<String>> {
    let sql = "SELECT id FROM users WHERE pool_id = $1 ORDER BY id".to_owned();
    let mut tx: Tx = services.db.scan().await.map_err(said)?;
    let found: Vec<(String,)> = tx.all(&sql, &[Val::from(pool)]).await.map_err(said)?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}
