//! A stored group as the API shows it.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use watchword_api::common::{Object, Page};
use watchword_api::custom_field::TargetType;
use watchword_api::group::{
    GetAllGroupsQuery, GetGroupAuthorizedResourcesQuery, GetGroupQuery, Group as Shown, GroupKind, GroupResource,
    ListGroupsQuery,
};
use watchword_api::user::{AdvancedFilter, User};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Result, codes, text};
use watchword_store::group::{self as store, Group, TABLE};
use watchword_store::table::{self, Filter};
use watchword_store::{Tx, user};

use super::rule::Rule;
use super::{by_code, is_dynamic};
use crate::ctx::Ctx;
use crate::custom_field::Fields;
use crate::role;
use crate::user::search::page;
use crate::user::view;

/// Members that one group shows.
const MAX_SHOWN: i64 = 1000;
/// Members that all groups show together.
const MAX_SHOWN_IN_ALL: i64 = 10_000;

/// What to show beside the group itself.
#[derive(Clone, Copy, Default)]
pub(super) struct With {
    pub custom_data: bool,
    pub flat_custom_data: bool,
}

/// One group with its members, if they are few.
///
/// # Errors
/// 404 at `code`.
pub async fn get(ctx: &Ctx, query: GetGroupQuery) -> Result<Shown> {
    let mut tx = ctx.read().await?;
    let row = by_code(&mut tx, ctx, &query.code).await?;
    let with = With { custom_data: query.with_custom_data.unwrap_or_default(), ..With::default() };
    full(&mut tx, ctx, row, with).await
}

/// The pool's groups, the newest first.
pub async fn list(ctx: &Ctx, query: ListGroupsQuery) -> Result<Page<Shown>> {
    let page = page(query.page, query.limit, "")?;
    let mut filter = Filter::pool(ctx.pool());
    if let Some(words) = query.keywords.as_deref().map(str::trim).filter(|k| !k.is_empty()) {
        filter = filter.and_any_contains(&["LOWER(code)", "name_key"], &fold(words));
    }
    let mut tx = ctx.scan().await?;
    let (total_count, rows) = TABLE.page(&mut tx, &filter, "created_at DESC", page).await?;
    let with = With {
        custom_data: query.with_custom_data.unwrap_or_default(),
        flat_custom_data: query.flat_custom_data.unwrap_or_default(),
    };
    let fields = fields(&mut tx, ctx, with).await?;
    let list = rows.into_iter().map(|row| show(ctx, &fields, row, with, None)).collect::<Result<_>>()?;
    Ok(Page { total_count, list })
}

/// Every group of the pool, the newest first.
///
/// # Errors
/// 422 at `fetchMembers` when there are more members than one answer should have.
pub async fn all(ctx: &Ctx, query: GetAllGroupsQuery) -> Result<Vec<Shown>> {
    let mut tx = ctx.scan().await?;
    let rows = store::all(&mut tx, ctx.pool()).await?;
    let with = With { custom_data: query.with_custom_data.unwrap_or_default(), ..With::default() };
    let fields = fields(&mut tx, ctx, with).await?;
    if !query.fetch_members.unwrap_or_default() {
        return rows.into_iter().map(|row| show(ctx, &fields, row, with, None)).collect();
    }
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let pairs = store::members_of_all(&mut tx, ctx.pool(), &ids, MAX_SHOWN_IN_ALL + 1).await?;
    if pairs.len() as i64 > MAX_SHOWN_IN_ALL {
        let detail = text!(
            "the groups have more than {MAX_SHOWN_IN_ALL} members; use list-group-members",
            "分组成员总数超过 {MAX_SHOWN_IN_ALL}；请使用 list-group-members"
        );
        return Err(Error::new(codes::UNPROCESSABLE).because(detail).at("fetchMembers"));
    }
    let distinct: HashSet<&String> = pairs.iter().map(|(_, user)| user).collect();
    let users = shown_users(&mut tx, ctx, distinct.into_iter().cloned().collect()).await?;
    let mut members: HashMap<String, Vec<User>> = HashMap::new();
    for (group, user) in pairs {
        members.entry(group).or_default().extend(users.get(&user).cloned());
    }
    rows.into_iter()
        .map(|row| {
            let own = members.remove(&row.id).unwrap_or_default();
            show(ctx, &fields, row, with, Some(own))
        })
        .collect()
}

async fn shown_users(tx: &mut Tx, ctx: &Ctx, ids: Vec<String>) -> Result<HashMap<String, User>> {
    let rows = user::TABLE.get_many(tx, ctx.pool(), &ids).await?;
    let shown = view::users(tx, ctx, rows, view::With::default()).await?;
    Ok(shown.into_iter().map(|u| (u.user_id.clone(), u)).collect())
}

/// A group with its members; without them when they are many.
pub(super) async fn full(tx: &mut Tx, ctx: &Ctx, row: Group, with: With) -> Result<Shown> {
    let page = table::Page { limit: MAX_SHOWN, offset: 0 };
    let (total, ids) = store::members(tx, ctx.pool(), &row.id, page).await?;
    let fields = fields(tx, ctx, with).await?;
    if total > MAX_SHOWN {
        return show(ctx, &fields, row, with, None);
    }
    let users = shown_users(tx, ctx, ids.clone()).await?;
    show(ctx, &fields, row, with, Some(ids.iter().filter_map(|id| users.get(id).cloned()).collect()))
}

/// The fields by which custom data is shown, where it is.
async fn fields(tx: &mut Tx, ctx: &Ctx, with: With) -> Result<Fields> {
    if with.custom_data || with.flat_custom_data {
        return Fields::load(tx, ctx, TargetType::Group).await;
    }
    Ok(Fields::none(TargetType::Group))
}

/// The group itself.
pub(super) fn without_members(row: Group) -> Result<Shown> {
    let rule = rule(&row)?;
    Ok(Shown { rule, ..plain(row) })
}

fn rule(row: &Group) -> Result<Option<Vec<AdvancedFilter>>> {
    match is_dynamic(row) {
        true => Ok(Some(Rule::stored(row.rule.as_deref())?.into_conditions())),
        false => Ok(None),
    }
}

fn show(ctx: &Ctx, fields: &Fields, row: Group, with: With, members: Option<Vec<User>>) -> Result<Shown> {
    let data = match with.custom_data || with.flat_custom_data {
        true => fields.shown(ctx, &row.id, &row.custom_data)?,
        false => Object::new(),
    };
    let mut shown = without_members(row)?;
    shown.members = members;
    if with.flat_custom_data {
        let own = data.iter().filter(|(key, _)| !names().contains(key));
        shown.flat_custom_data = own.map(|(k, v)| (k.clone(), v.clone())).collect();
    }
    shown.custom_data = with.custom_data.then_some(data);
    Ok(shown)
}

fn plain(row: Group) -> Shown {
    Shown {
        id: row.id,
        code: row.code,
        name: row.name,
        description: row.description,
        kind: GroupKind::parse(&row.kind).unwrap_or(GroupKind::Static),
        rule: None,
        metadata_source: Vec::new(),
        members: None,
        custom_data: None,
        flat_custom_data: Object::new(),
    }
}

/// The members of a shown group, which custom data must not repeat.
fn names() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        ["id", "code", "name", "description", "type", "rule", "metadataSource", "members", "customData"]
            .map(str::to_owned)
            .to_vec()
    })
}

/// What a group may do: nothing, as long as there are no resources.
///
/// # Errors
/// 404 at `code` or `namespace`.
pub async fn authorized_resources(ctx: &Ctx, query: GetGroupAuthorizedResourcesQuery) -> Result<Vec<GroupResource>> {
    let mut tx = ctx.read().await?;
    by_code(&mut tx, ctx, &query.code).await?;
    if query.namespace.is_some() {
        role::space(&mut tx, ctx, query.namespace.as_deref()).await?;
    }
    Ok(Vec::new())
}
