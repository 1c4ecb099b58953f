//! Organisations: trees of departments. An organisation's id is its root's, and its name is the root's name.
//!
//! # Layout
//! - this file: finding, reading, listing; [`manage`]: the writes
//! - what concerns the nodes of the tree and the people in it is in [`crate::department`]
//!
//! # Order of holding
//! Whoever changes a tree, or who is in it, holds the users concerned by ascending id, then the organisations by
//! ascending id, and only then reads what the change depends on.

pub mod manage;

use std::collections::{HashMap, HashSet};

use watchword_api::common::Page;
use watchword_api::organization::{
    GetOrganizationBatchQuery, GetOrganizationQuery, ListOrganizationsQuery, Organization as Shown, OrganizationI18n,
    SearchOrganizationsQuery,
};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::department::{self, Department, member};
use watchword_store::organization::{self as store, Organization, Wanted};
use watchword_store::{Tx, table};

use crate::ctx::Ctx;
use crate::department::names::keywords;
use crate::department::view::{fields, grouped, i18n};
use crate::rules::no_tenant;
use crate::user::create::batch_size;
use crate::user::search::page;

/// What to show beside the organisation itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct With {
    pub custom_data: bool,
    pub posts: bool,
}

/// # Errors
/// 404 at `organizationCode`.
pub(crate) fn unknown() -> Error {
    let none = text!("no such organisation", "组织机构不存在");
    Error::new(codes::NOT_FOUND).because(none).at("organizationCode")
}

/// The organisation with this code.
///
/// # Errors
/// 404 at `organizationCode`.
pub async fn find(tx: &mut Tx, ctx: &Ctx, code: &str) -> Result<Organization> {
    let found = store::by_codes(tx, ctx.pool(), &[code.to_owned()]).await?;
    found.into_iter().next().ok_or_else(unknown)
}

/// The organisation with this code, held until the unit ends.
///
/// # Errors
/// 404 at `organizationCode`.
pub async fn hold(tx: &mut Tx, ctx: &Ctx, code: &str) -> Result<Organization> {
    let found = find(tx, ctx, code).await?;
    let held = store::hold(tx, ctx.pool(), &found.id).await?;
    // It may have another code by now, which is then the caller's 404 as it would be a moment later.
    held.filter(|o| o.code == code).ok_or_else(unknown)
}

/// `GET /api/v3/get-organization`.
///
/// # Errors
/// 404 at `organizationCode`.
pub async fn get(ctx: &Ctx, query: GetOrganizationQuery) -> Result<Shown> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let mut tx = ctx.read().await?;
    let row = find(&mut tx, ctx, &query.organization_code).await?;
    one(&mut tx, ctx, row, with(query.with_custom_data, query.with_post)).await
}

/// `GET /api/v3/get-organization-batch`: those that there are, in the order of their codes.
pub async fn get_batch(ctx: &Ctx, query: GetOrganizationBatchQuery) -> Result<Vec<Shown>> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    batch_size("organizationCodeList", query.organization_code_list.len())?;
    let mut tx = ctx.read().await?;
    let found = store::by_codes(&mut tx, ctx.pool(), &query.organization_code_list).await?;
    let mut found: HashMap<String, Organization> = found.into_iter().map(|o| (o.code.clone(), o)).collect();
    let rows = query.organization_code_list.iter().filter_map(|code| found.remove(code)).collect();
    show(&mut tx, ctx, rows, with(query.with_custom_data, query.with_post)).await
}

/// `GET /api/v3/list-organizations`: oldest first.
pub async fn list(ctx: &Ctx, query: ListOrganizationsQuery) -> Result<Page<Shown>> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let asked = page(query.page, query.limit, "")?;
    let all = table::Page { limit: i64::MAX, offset: 0 };
    let asked = if query.fetch_all.unwrap_or_default() { all } else { asked };
    let wanted = Wanted { enabled: query.status, keywords: None };
    run(ctx, &wanted, asked, with(query.with_custom_data, query.with_post)).await
}

/// `GET /api/v3/search-organizations`: oldest first.
pub async fn search(ctx: &Ctx, query: SearchOrganizationsQuery) -> Result<Page<Shown>> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let asked = page(query.page, query.limit, "")?;
    let wanted = Wanted { enabled: None, keywords: Some(keywords(&query.keywords)?) };
    run(ctx, &wanted, asked, with(query.with_custom_data, None)).await
}

fn with(custom_data: Option<bool>, posts: Option<bool>) -> With {
    With { custom_data: custom_data.unwrap_or_default(), posts: posts.unwrap_or_default() }
}

async fn run(ctx: &Ctx, wanted: &Wanted, page: table::Page, with: With) -> Result<Page<Shown>> {
    let mut tx = ctx.scan().await?;
    let (total_count, rows) = store::page(&mut tx, ctx.pool(), wanted, page).await?;
    Ok(Page { total_count, list: show(&mut tx, ctx, rows, with).await? })
}

/// Shows one organisation.
pub(crate) async fn one(tx: &mut Tx, ctx: &Ctx, row: Organization, with: With) -> Result<Shown> {
    show(tx, ctx, vec![row], with).await?.pop().ok_or_else(|| Error::internal("an organisation was expected"))
}

/// Shows organisations in their order; the number of statements does not depend on how many there are.
async fn show(tx: &mut Tx, ctx: &Ctx, rows: Vec<Organization>, with: With) -> Result<Vec<Shown>> {
    let pool = ctx.pool();
    let ids: Vec<String> = rows.iter().map(|o| o.id.clone()).collect();
    let roots = department::TABLE.get_many(tx, pool, &ids).await?;
    let mut roots: HashMap<String, Department> = roots.into_iter().map(|d| (d.id.clone(), d)).collect();
    let counts = member::counts(tx, pool, &ids).await?;
    let counts: HashMap<String, i64> = counts.into_iter().map(|(id, _, below)| (id, below)).collect();
    let parents: HashSet<String> = department::tree::parents(tx, pool, &ids).await?.into_iter().collect();
    let mut leaders = grouped(member::leaders(tx, pool, &ids).await?);
    let mut posts = grouped(if with.posts { department::posts_of(tx, pool, &ids).await? } else { Vec::new() });
    let fields = fields(tx, ctx, with.custom_data).await?;
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        let root = roots.remove(&row.id).ok_or_else(|| Error::internal("an organisation without root"))?;
        shown.push(Shown {
            organization_code: row.code,
            organization_name: root.name,
            description: root.description,
            created_at: row.created_at.iso(),
            updated_at: row.updated_at.max(root.updated_at).iso(),
            open_department_id: root.open_department_id,
            has_children: parents.contains(&row.id),
            leader_user_ids: leaders.remove(&row.id).unwrap_or_default(),
            members_count: counts.get(&row.id).copied().unwrap_or_default(),
            is_virtual_node: root.is_virtual,
            i18n: i18n(root.i18n.as_deref())?.map(|organization_name| OrganizationI18n { organization_name }),
            custom_data: if with.custom_data { Some(fields.shown(ctx, &root.id, &root.custom_data)?) } else { None },
            tenant_id: None,
            post_id_list: with.posts.then(|| posts.remove(&row.id).unwrap_or_default()),
            status: root.enabled.to_string(),
            allow: None,
            department_id: row.id,
        });
    }
    Ok(shown)
}
