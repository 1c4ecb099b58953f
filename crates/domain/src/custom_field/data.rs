//! Custom data by itself: of users, roles, groups and departments alike.

use serde_json::{Value, json};
use watchword_api::common::Object;
use watchword_api::custom_field::{GetCustomDataQuery, SetCustomDataReq, TargetType};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::custom_field::data as store;
use watchword_store::user::set_custom_values;

use super::{Field, Fields, owner};
use crate::ctx::Ctx;
use crate::department;
use crate::group::follow;
use crate::rules::no_tenant;
use crate::user::create::batch_size;
use crate::user::custom;

/// The permission space of a role for which none is named.
const NAMESPACE: &str = "default";

/// `POST /api/v3/set-custom-data`: all or none; members that are not named stay.
///
/// # Errors
/// 404 at `targetIdentifier`; 400 at `list[i].key` for a field that is not defined and at `list[i].value` for a value
/// that does not fit, 409 for one that another has; 501 for a tenant.
pub async fn set(ctx: &Ctx, req: SetCustomDataReq) -> Result<()> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    batch_size("list", req.list.len())?;
    for (i, item) in req.list.iter().enumerate() {
        no_tenant(item.tenant_id.as_deref(), &format!("list[{i}].tenantId"))?;
    }
    let target = req.target_type;
    let mut tx = ctx.write().await?;
    let (id, _) = find(&mut tx, ctx, target, &req.target_identifier, req.namespace.as_deref()).await?;
    let held = store::hold(&mut tx, ctx.pool(), owner(target), &id, ctx.now()).await?;
    let stored = held.ok_or_else(|| unknown(target))?;
    let fields = Fields::load(&mut tx, ctx, target).await?;
    let (mut patch, mut keys) = (Object::new(), Vec::new());
    for (i, item) in req.list.into_iter().enumerate() {
        let value = read(&fields, &item.key, item.value).map_err(|e| e.at(format!("list[{i}]")))?;
        if patch.insert(item.key.clone(), value).is_some() {
            return Err(Error::invalid(format!("list[{i}].key"), text!("given twice", "重复")));
        }
        keys.push(item.key);
    }
    let drawn = fields.draw_up(ctx, &id, &stored, &patch).map_err(|e| e.at("list"))?;
    let place = |key: &str, _| {
        let i = keys.iter().position(|k| k == key).unwrap_or_default();
        format!("list[{i}].value")
    };
    fields.claim(&mut tx, ctx, &[(&id, &drawn)], place).await?;
    store::set(&mut tx, ctx.pool(), owner(target), &id, &drawn.stored).await?;
    let mut details = json!({ "targetType": target, "targetId": id, "keys": keys });
    if target == TargetType::User {
        let index = custom::index(ctx.pool().as_str(), &id, &custom::object(&drawn.stored)?);
        set_custom_values(&mut tx, ctx.pool(), &id, &index).await?;
        follow::changed(&mut tx, ctx, std::slice::from_ref(&id)).await?;
        details["userId"] = id.into();
    } else if target == TargetType::Department {
        department::change::index(&mut tx, ctx, &id, &drawn.stored).await?;
    }
    ctx.commit(tx, details).await
}

/// `GET /api/v3/get-custom-data`.
///
/// # Errors
/// 404 at `targetIdentifier`, 501 for a tenant.
pub async fn get(ctx: &Ctx, query: GetCustomDataQuery) -> Result<Object> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let target = query.target_type;
    let mut tx = ctx.read().await?;
    let (id, stored) = find(&mut tx, ctx, target, &query.target_identifier, query.namespace.as_deref()).await?;
    Fields::load(&mut tx, ctx, target).await?.shown(ctx, &id, &stored)
}

async fn find(
    tx: &mut Tx,
    ctx: &Ctx,
    target: TargetType,
    name: &str,
    namespace: Option<&str>,
) -> Result<(String, String)> {
    let namespace = namespace.filter(|n| !n.is_empty()).unwrap_or(NAMESPACE);
    let found = store::find(tx, ctx.pool(), owner(target), name, namespace).await?;
    found.ok_or_else(|| unknown(target))
}

fn unknown(target: TargetType) -> Error {
    let e = match target {
        TargetType::User => Error::new(codes::USER_NOT_FOUND),
        TargetType::Role => Error::new(codes::NOT_FOUND).because(text!("no such role", "角色不存在")),
        TargetType::Group => Error::new(codes::NOT_FOUND).because(text!("no such group", "分组不存在")),
        TargetType::Department => Error::new(codes::NOT_FOUND).because(text!("no such department", "部门不存在")),
    };
    e.at("targetIdentifier")
}

/// A value for a field that is defined, read from a text where the client could send nothing else.
fn read(fields: &Fields, key: &str, value: Value) -> Result<Value> {
    let undefined = || Error::invalid("key", text!("no such custom field is defined", "自定义字段未定义"));
    let field: &Field = fields.get(key).ok_or_else(undefined)?;
    let value = field.of_text(value);
    if !value.is_null() {
        field.judge(&value).map_err(|e| e.at("value"))?;
    }
    Ok(value)
}
