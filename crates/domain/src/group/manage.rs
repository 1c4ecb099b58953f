//! Groups come, change and go.

use serde_json::json;
use watchword_api::common::Object;
use watchword_api::group::{
    CreateGroupsBatchReq, CreateOrUpdateGroup, DeleteGroupsReq, Group as Shown, GroupKind, NewGroup, UpdateGroupReq,
};
use watchword_api::user::AdvancedFilter;
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Result, codes, text};
use watchword_store::group::{self as store, Group, TABLE};
use watchword_store::{StoreError, Tx};

use super::rule::Rule;
use super::view::{With, full};
use super::{MAX_BATCH, by_code, follow, is_dynamic, unknown};
use crate::ctx::Ctx;
use crate::rules;
use crate::user::custom;

const SHOWN: With = With { custom_data: true, flat_custom_data: false };

/// Creates a group.
///
/// # Errors
/// 400 at the member that cannot be, 409 at a `code` that is taken.
pub async fn create(ctx: &Ctx, req: NewGroup) -> Result<Shown> {
    let row = draw_up(ctx, req)?;
    let made = insert(ctx, vec![row], |e, _| e).await?;
    made.into_iter().next().ok_or_else(|| Error::internal("a group was expected"))
}

/// Creates groups, all or none.
///
/// # Errors
/// As [`create`], the member's path beginning with `list[i]`.
pub async fn create_batch(ctx: &Ctx, req: CreateGroupsBatchReq) -> Result<Vec<Shown>> {
    rules::count("list", req.list.len(), MAX_BATCH)?;
    let at = |e: Error, i: usize| e.at(format!("list[{i}]"));
    let mut rows: Vec<Group> = Vec::with_capacity(req.list.len());
    for (i, item) in req.list.into_iter().enumerate() {
        let row = draw_up(ctx, item).map_err(|e| at(e, i))?;
        if rows.iter().any(|other| other.code == row.code) {
            return Err(at(Error::invalid("code", text!("given twice", "重复")), i));
        }
        rows.push(row);
    }
    insert(ctx, rows, at).await
}

async fn insert(ctx: &Ctx, rows: Vec<Group>, at: impl Fn(Error, usize) -> Error) -> Result<Vec<Shown>> {
    let mut tx = ctx.write().await?;
    let codes: Vec<String> = rows.iter().map(|row| row.code.clone()).collect();
    let there = store::by_codes(&mut tx, ctx.pool(), &codes).await?;
    if let Some(i) = codes.iter().position(|code| there.iter().any(|g| g.code == *code)) {
        return Err(at(taken("code"), i));
    }
    if rows.iter().any(is_dynamic) {
        follow::before_rule(&mut tx, ctx).await?;
    }
    TABLE.insert_many(&mut tx, &rows).await.map_err(|e| told(e, "code"))?;
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows {
        fill(&mut tx, ctx, &row).await?;
        shown.push(full(&mut tx, ctx, row, SHOWN).await?);
    }
    ctx.commit(tx, json!({ "codes": codes })).await?;
    Ok(shown)
}

/// Finds the members of a dynamic group.
async fn fill(tx: &mut Tx, ctx: &Ctx, row: &Group) -> Result<()> {
    if !is_dynamic(row) {
        return Ok(());
    }
    let filter = Rule::stored(row.rule.as_deref())?.filter(ctx.pool())?;
    Ok(store::refill(tx, ctx.pool(), &row.id, &filter, ctx.now()).await?)
}

fn draw_up(ctx: &Ctx, req: NewGroup) -> Result<Group> {
    let name = rules::name("name", &req.name)?;
    let rule = match (req.kind, req.rule) {
        (GroupKind::Static, None) => None,
        (GroupKind::Static, Some(_)) => return Err(no_rule()),
        (GroupKind::Dynamic, None) => {
            let detail = text!("a dynamic group needs a rule", "动态分组需要规则");
            return Err(Error::invalid("rule", detail));
        }
        (GroupKind::Dynamic, Some(conditions)) => Some(Rule::given(conditions, ctx.pool())?.json()?),
    };
    Ok(Group {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        code: rules::code("code", &req.code)?,
        name_key: fold(&name),
        name,
        description: rules::description(req.description)?,
        kind: req.kind.as_str().into(),
        rule,
        custom_data: custom::json("customData", &req.custom_data.unwrap_or_default())?,
        created_at: ctx.now(),
        updated_at: ctx.now(),
    })
}

fn no_rule() -> Error {
    Error::invalid("rule", text!("a static group has no rule", "静态分组没有规则"))
}

fn taken(field: &str) -> Error {
    Error::new(codes::CONFLICT).because(text!("another group has this code", "分组 code 已存在")).at(field)
}

fn told(e: StoreError, field: &str) -> Error {
    match e.unique() {
        Some("groups_code") => taken(field),
        _ => e.into(),
    }
}

/// Changes a group; what the request does not name stays.
///
/// # Errors
/// 404 at `code`, 409 at a `newCode` that is taken, 400 for the rule of a static group.
pub async fn update(ctx: &Ctx, req: UpdateGroupReq) -> Result<Shown> {
    let mut tx = ctx.write().await?;
    let change = Change {
        new_code: req.new_code,
        name: req.name,
        description: req.description,
        rule: req.rule,
        custom_data: req.custom_data,
    };
    let row = by_code(&mut tx, ctx, &req.code).await?;
    write(ctx, tx, row, change).await
}

/// Creates a group or changes the one with this code.
///
/// # Errors
/// As [`create`]; 400 at `type` for a group of the other kind.
pub async fn create_or_update(ctx: &Ctx, req: NewGroup) -> Result<CreateOrUpdateGroup> {
    let code = [rules::code("code", &req.code)?];
    let mut tx = ctx.write().await?;
    if store::by_codes(&mut tx, ctx.pool(), &code).await?.is_empty() {
        drop(tx);
        match create(ctx, req.clone()).await {
            // Somebody else has created it meanwhile.
            Err(e) if e.code() == codes::CONFLICT => {}
            made => return Ok(CreateOrUpdateGroup { created: true, data: made? }),
        }
        tx = ctx.write().await?;
    }
    let row = by_code(&mut tx, ctx, &req.code).await?;
    if row.kind != req.kind.as_str() {
        let detail = text!("the type of a group cannot be changed", "分组类型不可修改");
        return Err(Error::invalid("type", detail));
    }
    let change = Change {
        new_code: None,
        name: Some(req.name),
        description: req.description,
        rule: req.rule,
        custom_data: req.custom_data,
    };
    Ok(CreateOrUpdateGroup { created: false, data: write(ctx, tx, row, change).await? })
}

struct Change {
    new_code: Option<String>,
    name: Option<String>,
    description: Option<String>,
    rule: Option<Vec<AdvancedFilter>>,
    custom_data: Option<Object>,
}

async fn write(ctx: &Ctx, mut tx: Tx, row: Group, change: Change) -> Result<Shown> {
    let ruled = change.rule.is_some();
    if ruled && !is_dynamic(&row) {
        return Err(no_rule());
    }
    if ruled {
        follow::before_rule(&mut tx, ctx).await?;
    }
    let held = TABLE.hold(&mut tx, ctx.pool(), &row.id, "updated_at", ctx.now()).await?;
    let mut row = held.ok_or_else(|| unknown().at("code"))?;
    if let Some(code) = change.new_code {
        row.code = rules::code("newCode", &code)?;
        let there = store::by_codes(&mut tx, ctx.pool(), std::slice::from_ref(&row.code)).await?;
        if there.iter().any(|other| other.id != row.id) {
            return Err(taken("newCode"));
        }
    }
    if let Some(name) = change.name {
        row.name = rules::name("name", &name)?;
        row.name_key = fold(&row.name);
    }
    if change.description.is_some() {
        row.description = rules::description(change.description)?;
    }
    if let Some(conditions) = change.rule {
        row.rule = Some(Rule::given(conditions, ctx.pool())?.json()?);
    }
    if let Some(patch) = change.custom_data {
        let mut data = custom::object(&row.custom_data)?;
        custom::merge(&mut data, patch);
        row.custom_data = custom::json("customData", &data)?;
    }
    TABLE.update(&mut tx, &row).await.map_err(|e| told(e, "newCode"))?;
    if ruled {
        fill(&mut tx, ctx, &row).await?;
    }
    let details = json!({ "groupId": row.id, "code": row.code });
    let shown = full(&mut tx, ctx, row, SHOWN).await?;
    ctx.commit(tx, details).await?;
    Ok(shown)
}

/// Deletes groups, all or none, with who was in them and what was assigned to them. Their members stay users.
///
/// # Errors
/// 404 at the first code that names none, 400 at one that is given twice.
pub async fn delete(ctx: &Ctx, req: DeleteGroupsReq) -> Result<()> {
    rules::count("codeList", req.code_list.len(), MAX_BATCH)?;
    rules::once("codeList", &req.code_list)?;
    let mut tx = ctx.write().await?;
    follow::before_rule(&mut tx, ctx).await?;
    let mut found = store::by_codes(&mut tx, ctx.pool(), &req.code_list).await?;
    if let Some(i) = req.code_list.iter().position(|code| !found.iter().any(|g| g.code == *code)) {
        return Err(unknown().at(format!("codeList[{i}]")));
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    for group in &found {
        let held = TABLE.hold(&mut tx, ctx.pool(), &group.id, "updated_at", ctx.now()).await?;
        held.ok_or_else(|| unknown().at("codeList"))?;
    }
    let ids: Vec<String> = found.into_iter().map(|g| g.id).collect();
    store::delete(&mut tx, ctx.pool(), &ids).await?;
    ctx.commit(tx, json!({ "groupIds": ids, "codes": req.code_list })).await
}
