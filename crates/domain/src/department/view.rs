//! A stored department as the API shows it.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use watchword_api::common::LangObject;
use watchword_api::custom_field::TargetType;
use watchword_api::department::{Department as Shown, DepartmentI18n};
use watchword_kit::{Error, Result};
use watchword_store::Tx;
use watchword_store::department::{self as store, Department, member, tree};
use watchword_store::organization;

use crate::ctx::Ctx;
use crate::custom_field::Fields;

/// What to show beside the department itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct With {
    pub custom_data: bool,
    pub flat_custom_data: bool,
    pub posts: bool,
}

/// What is shown by operations that have no switch for posts.
pub fn with(custom_data: Option<bool>) -> With {
    With { custom_data: custom_data.unwrap_or_default(), flat_custom_data: false, posts: true }
}

/// Shows one department.
pub async fn one(tx: &mut Tx, ctx: &Ctx, row: Department, with: With) -> Result<Shown> {
    many(tx, ctx, vec![row], with).await?.pop().ok_or_else(|| Error::internal("a department was expected"))
}

/// Shows departments in their order; the number of statements does not depend on how many there are.
pub async fn many(tx: &mut Tx, ctx: &Ctx, rows: Vec<Department>, with: With) -> Result<Vec<Shown>> {
    let pool = ctx.pool();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = rows.iter().map(|d| d.id.clone()).collect();
    let organizations = codes(tx, ctx, &rows).await?;
    let above: HashSet<String> = rows.iter().filter_map(|d| d.parent_id.clone()).collect();
    let above = store::codes(tx, pool, &above.into_iter().collect::<Vec<_>>()).await?;
    let above: HashMap<String, Option<String>> = above.into_iter().collect();
    let counts = member::counts(tx, pool, &ids).await?;
    let counts: HashMap<String, i64> = counts.into_iter().map(|(id, members, _)| (id, members)).collect();
    let parents: HashSet<String> = tree::parents(tx, pool, &ids).await?.into_iter().collect();
    let mut leaders = grouped(member::leaders(tx, pool, &ids).await?);
    let mut posts = grouped(if with.posts { store::posts_of(tx, pool, &ids).await? } else { Vec::new() });
    let with_data = with.custom_data || with.flat_custom_data;
    let fields = fields(tx, ctx, with_data && rows.iter().any(|row| row.custom_data != "{}")).await?;
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        let data = if with_data { fields.shown(ctx, &row.id, &row.custom_data)? } else { Default::default() };
        let posts = with.posts.then(|| posts.remove(&row.id).unwrap_or_default());
        let mut one = Shown {
            organization_code: organizations.get(&row.organization_id).cloned().unwrap_or_default(),
            created_at: row.created_at.iso(),
            updated_at: row.updated_at.iso(),
            open_department_id: row.open_department_id,
            name: row.name,
            leader_user_ids: leaders.remove(&row.id).unwrap_or_default(),
            description: row.description,
            parent_department_code: row.parent_id.as_ref().and_then(|p| above.get(p).cloned().flatten()),
            parent_department_id: row.parent_id,
            code: row.code,
            members_count: counts.get(&row.id).copied().unwrap_or_default(),
            has_children: parents.contains(&row.id),
            is_virtual_node: row.is_virtual,
            i18n: i18n(row.i18n.as_deref())?.map(|name| DepartmentI18n { name }),
            custom_data: None,
            posts: posts.clone(),
            post_id_list: posts,
            status: row.enabled,
            allow: None,
            flat_custom_data: Default::default(),
            department_id: row.id,
        };
        if with.flat_custom_data {
            let taken = members();
            one.flat_custom_data =
                data.iter().filter(|(k, _)| !taken.contains(k)).map(|(k, v)| (k.clone(), v.clone())).collect();
        }
        one.custom_data = with.custom_data.then_some(data);
        shown.push(one);
    }
    Ok(shown)
}

/// The custom fields of departments, where custom data is to be shown.
pub(crate) async fn fields(tx: &mut Tx, ctx: &Ctx, needed: bool) -> Result<Fields> {
    match needed {
        true => Fields::load(tx, ctx, TargetType::Department).await,
        false => Ok(Fields::none(TargetType::Department)),
    }
}

/// The codes of the organisations of departments, by their ids.
pub async fn codes(tx: &mut Tx, ctx: &Ctx, rows: &[Department]) -> Result<HashMap<String, String>> {
    let ids: HashSet<String> = rows.iter().map(|d| d.organization_id.clone()).collect();
    let found = organization::TABLE.get_many(tx, ctx.pool(), &ids.into_iter().collect::<Vec<_>>()).await?;
    Ok(found.into_iter().map(|o| (o.id, o.code)).collect())
}

/// Pairs by their first member, the order of the second ones kept.
pub(crate) fn grouped(pairs: Vec<(String, String)>) -> HashMap<String, Vec<String>> {
    let mut groups: HashMap<String, Vec<String>> = HashMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}

/// Stored names in other languages.
pub(crate) fn i18n(stored: Option<&str>) -> Result<Option<LangObject>> {
    stored.map(|s| serde_json::from_str(s).map_err(Error::internal)).transpose()
}

/// The members of a shown department, which custom data must not repeat.
fn members() -> &'static [String] {
    static MEMBERS: OnceLock<Vec<String>> = OnceLock::new();
    MEMBERS.get_or_init(|| {
        let sometimes = ["customData", "posts", "postIdList"].map(str::to_owned);
        let always = serde_json::to_value(Shown::default()).ok();
        let always = always.and_then(|v| v.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()));
        always.unwrap_or_default().into_iter().chain(sometimes).collect()
    })
}
