//! What a request says about a department, applied to its row: the same for new ones, changes, and roots.

use watchword_api::common::{LangInput, Object};
use watchword_api::custom_field::TargetType;
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Field, Result, codes, text};
use watchword_store::department::{self as store, CustomValue, Department, TABLE};
use watchword_store::organization::Organization;
use watchword_store::{StoreError, Tx};

use super::names as rules;
use super::{member, view};
use crate::ctx::Ctx;
use crate::custom_field::{self, Fields};
use crate::group::follow::{self, Trees};
use crate::user::custom;

const MAX_POSTS: usize = 50;
const MAX_LEADERS: usize = 50;

/// Members that are absent stay as they are.
#[derive(Default)]
pub struct Change {
    /// Checked by [`rules::name`].
    pub name: Option<String>,
    pub description: Field<String>,
    pub code: Field<String>,
    pub open_department_id: Field<String>,
    pub i18n: Field<LangInput>,
    /// Where `i18n` is in the request.
    pub i18n_path: &'static str,
    pub is_virtual: Option<bool>,
    pub enabled: Option<bool>,
    pub custom_data: Field<Object>,
    pub posts: Option<Vec<String>>,
    /// User ids.
    pub leaders: Option<Vec<String>>,
}

/// A department without name and place.
pub fn blank(ctx: &Ctx, organization: &str, parent: Option<&str>) -> Department {
    Department {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        organization_id: organization.to_owned(),
        parent_id: parent.map(str::to_owned),
        name: String::new(),
        name_key: String::new(),
        description: None,
        code: None,
        open_department_id: None,
        is_virtual: false,
        enabled: true,
        i18n: None,
        custom_data: "{}".into(),
        created_at: ctx.now(),
        updated_at: ctx.now(),
    }
}

/// 409 at the member that another department of the organisation has.
pub fn taken(e: StoreError) -> Error {
    let field = match e.unique() {
        Some("departments_code") => "code",
        Some("departments_open_department_id") => "openDepartmentId",
        _ => return e.into(),
    };
    let other = text!("another department of the organisation has it", "组织机构内已有部门使用");
    Error::new(codes::CONFLICT).because(other).at(field)
}

impl Change {
    /// What can be said before the writer is taken.
    ///
    /// # Errors
    /// 400 at the member that cannot be.
    pub fn check(&self) -> Result<()> {
        let most = |field: &str, list: Option<&Vec<String>>, max: usize| match list {
            Some(list) if list.len() > max => Err(Error::invalid(field, text!("at most {max} items", "最多 {max} 项"))),
            _ => Ok(()),
        };
        most("postIdList", self.posts.as_ref(), MAX_POSTS)?;
        most("leaderUserIds", self.leaders.as_ref(), MAX_LEADERS)
    }

    /// Writes the wishes into a row.
    ///
    /// # Errors
    /// 400 at the member that cannot be.
    pub fn apply(&self, row: &mut Department) -> Result<()> {
        if let Some(name) = &self.name {
            row.name_key = fold(name);
            row.name.clone_from(name);
        }
        match &self.description {
            Field::Absent => {}
            Field::Null => row.description = None,
            Field::Value(given) => row.description = rules::description("description", given)?,
        }
        match &self.code {
            Field::Absent => {}
            Field::Null => row.code = None,
            Field::Value(given) => row.code = Some(rules::code("code", given)?),
        }
        match &self.open_department_id {
            Field::Absent => {}
            Field::Null => row.open_department_id = None,
            Field::Value(given) => row.open_department_id = Some(rules::open_id("openDepartmentId", given)?),
        }
        match &self.i18n {
            Field::Absent => {}
            Field::Null => row.i18n = None,
            Field::Value(given) => {
                let mut stored = view::i18n(row.i18n.as_deref())?.unwrap_or_default();
                rules::languages(self.i18n_path, given, &mut stored)?;
                row.i18n = Some(serde_json::to_string(&stored).map_err(Error::internal)?);
            }
        }
        row.is_virtual = self.is_virtual.unwrap_or(row.is_virtual);
        row.enabled = self.enabled.unwrap_or(row.enabled);
        Ok(())
    }

    /// Holds the posts, before any department is held.
    ///
    /// # Errors
    /// 404 at `postIdList[i]`.
    pub async fn hold(&self, tx: &mut Tx, ctx: &Ctx) -> Result<()> {
        let Some(posts) = &self.posts else { return Ok(()) };
        let there = store::hold_posts(tx, ctx.pool(), posts).await?;
        if let Some(i) = posts.iter().position(|post| !there.contains(post)) {
            let none = text!("no such post", "岗位不存在");
            return Err(Error::new(codes::NOT_FOUND).because(none).at(format!("postIdList[{i}]")));
        }
        Ok(())
    }

    /// Makes a department of [`blank`].
    ///
    /// # Errors
    /// As [`Change::write`].
    pub async fn insert(&self, tx: &mut Tx, ctx: &Ctx, mut row: Department) -> Result<Department> {
        self.hold(tx, ctx).await?;
        self.apply(&mut row)?;
        self.custom(tx, ctx, &mut row).await?;
        TABLE.insert(tx, &row).await.map_err(taken)?;
        store::tree::plant(tx, ctx.pool(), &row.id, row.parent_id.as_deref()).await?;
        self.follow(tx, ctx, &row).await?;
        Ok(row)
    }

    /// Changes a department that exists. Its organisation, the leaders and the posts are held.
    ///
    /// # Errors
    /// 400 at the member that cannot be; 409 at `code`, `openDepartmentId`, or a unique custom field.
    pub async fn write(&self, tx: &mut Tx, ctx: &Ctx, organization: &Organization, id: &str) -> Result<Department> {
        let held = TABLE.hold(tx, ctx.pool(), id, "updated_at", ctx.now()).await?;
        let mut row = held.ok_or_else(|| super::unknown("departmentId"))?;
        let before = row.clone();
        self.apply(&mut row)?;
        self.custom(tx, ctx, &mut row).await?;
        TABLE.update(tx, &row).await.map_err(taken)?;
        if before.open_department_id != row.open_department_id {
            let organization = &[organization.code.as_str()];
            let both = [before, row.clone()];
            let trees = Trees { organization, departments: Some(&both), members: true };
            follow::trees_changed(tx, ctx, &trees).await?;
        }
        self.follow(tx, ctx, &row).await?;
        Ok(row)
    }

    async fn custom(&self, tx: &mut Tx, ctx: &Ctx, row: &mut Department) -> Result<()> {
        let nothing;
        let patch = match &self.custom_data {
            Field::Absent => return Ok(()),
            Field::Value(patch) => patch,
            Field::Null => {
                nothing = Fields::nothing(&row.custom_data)?;
                &nothing
            }
        };
        let stored = custom_field::write(tx, ctx, TargetType::Department, &row.id, &row.custom_data, patch).await?;
        row.custom_data = stored;
        Ok(())
    }

    /// What hangs on a department whose row is written: index of custom data, posts, leaders.
    async fn follow(&self, tx: &mut Tx, ctx: &Ctx, row: &Department) -> Result<()> {
        if !self.custom_data.is_absent() {
            index(tx, ctx, &row.id, &row.custom_data).await?;
        }
        if let Some(posts) = &self.posts {
            store::set_posts(tx, ctx.pool(), &row.id, posts, ctx.now()).await?;
        }
        if let Some(leaders) = &self.leaders {
            member::join(tx, ctx, row, leaders).await?;
            store::member::set_leaders(tx, ctx.pool(), &row.id, leaders).await?;
        }
        Ok(())
    }
}

/// Brings the index of a department's custom data up to date.
pub(crate) async fn index(tx: &mut Tx, ctx: &Ctx, id: &str, stored: &str) -> Result<()> {
    let data = custom::object(stored)?;
    let each = data.iter().filter_map(|(name, value)| {
        Some(CustomValue {
            pool_id: ctx.pool().to_string(),
            name: name.clone(),
            value_key: custom::value_key(value)?,
            department_id: id.to_owned(),
        })
    });
    Ok(store::set_custom_values(tx, ctx.pool(), id, &each.collect::<Vec<_>>()).await?)
}
