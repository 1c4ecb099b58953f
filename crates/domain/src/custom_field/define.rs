//! Making, changing and deleting fields.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use watchword_api::custom_field::{
    CustomField, DeleteCustomFieldsReq, FieldI18n, FieldOption, FieldRule, FieldType, SetCustomField,
    SetCustomFieldsReq, TargetType,
};
use watchword_kit::{Error, Field as Wish, Result, codes, text};
use watchword_store::custom_field::{self as store, CustomField as Row, data};
use watchword_store::{Tx, app, pool};

use super::value::{Rule, compile};
use super::{base, list, owner};
use crate::ctx::Ctx;
use crate::department;
use crate::group::follow;
use crate::rules::no_tenant;
use crate::user::create::batch_size;
use crate::user::custom;
use crate::user::text as rules;

/// Most fields of one kind of thing: as many members as custom data may have.
const MAX_FIELDS: usize = 256;
const MAX_OPTIONS: usize = 500;
const MAX_RULES: usize = 10;
const MAX_LABEL: usize = 128;
const MAX_APPS: usize = 100;
/// Users whose values are taken away at once.
const CHUNK: i64 = 500;

/// What is stored of a field beside its key and type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Definition {
    pub label: String,
    pub description: Option<String>,
    pub encrypted: bool,
    pub is_unique: bool,
    pub user_editable: bool,
    pub visible_in_admin_console: bool,
    pub visible_in_user_center: bool,
    pub validate_rules: Vec<FieldRule>,
    pub app_ids: Vec<String>,
    pub desensitization: bool,
    pub options: Vec<FieldOption>,
    pub i18n: Option<FieldI18n>,
}

impl Default for Definition {
    fn default() -> Self {
        Definition {
            label: String::new(),
            description: None,
            encrypted: false,
            is_unique: false,
            user_editable: false,
            visible_in_admin_console: true,
            visible_in_user_center: true,
            validate_rules: Vec::new(),
            app_ids: Vec::new(),
            desensitization: false,
            options: Vec::new(),
            i18n: None,
        }
    }
}

/// `POST /api/v3/set-custom-fields`: all or none.
///
/// Type and encryption of a field cannot be changed. Options, rules and the rest can: what is stored already stays,
/// and is judged when it changes.
///
/// # Errors
/// 400 at the member that cannot be, 404/2011 for an unknown application, 409 where values are in the way, 422 beyond
/// 256 fields, 501 for a tenant.
pub async fn set(ctx: &Ctx, req: SetCustomFieldsReq) -> Result<Vec<CustomField>> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    batch_size("list", req.list.len())?;
    let mut tx = ctx.write().await?;
    // Whoever defines fields of a pool takes turns.
    pool::hold(&mut tx, ctx.pool()).await?;
    let mut seen = HashSet::new();
    let mut there: HashMap<TargetType, Vec<Row>> = HashMap::new();
    let mut rows = Vec::with_capacity(req.list.len());
    for (i, wish) in req.list.into_iter().enumerate() {
        let at = |e: Error| e.at(format!("list[{i}]"));
        if !seen.insert((wish.target_type, wish.key.clone())) {
            return Err(at(Error::invalid("key", text!("given twice", "重复"))));
        }
        let fields = match there.entry(wish.target_type) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(store::of(&mut tx, ctx.pool(), wish.target_type.as_str()).await?),
        };
        let old = fields.iter().find(|f| f.key == wish.key);
        let target = wish.target_type;
        let (row, unique) = draw_up(ctx, wish, old).map_err(at)?;
        known_apps(&mut tx, ctx, &row).await.map_err(at)?;
        if old.is_none() {
            make(&mut tx, ctx, target, &row, fields.len()).await.map_err(at)?;
            fields.push(row.clone());
        } else {
            store::update(&mut tx, &row).await?;
        }
        match unique {
            Some(true) => claim_present(&mut tx, ctx, target, &row.key).await.map_err(at)?,
            Some(false) => store::release_all(&mut tx, ctx.pool(), target.as_str(), &row.key).await?,
            None => {}
        }
        rows.push(row);
    }
    let names: Vec<Value> = rows.iter().map(|r| json!({ "targetType": r.target_type, "key": r.key })).collect();
    ctx.commit(tx, json!({ "fields": names })).await?;
    rows.into_iter().map(list::show).collect()
}

/// `POST /api/v3/delete-custom-fields`: the fields and all values under their keys, all or none.
///
/// # Errors
/// 404 at `list[i].key` for a field that is not defined, 501 for a tenant.
pub async fn delete(ctx: &Ctx, req: DeleteCustomFieldsReq) -> Result<()> {
    no_tenant(req.tenant_id.as_deref(), "tenantId")?;
    batch_size("list", req.list.len())?;
    let mut tx = ctx.write().await?;
    pool::hold(&mut tx, ctx.pool()).await?;
    let (mut names, mut from_users) = (Vec::with_capacity(req.list.len()), false);
    for (i, field) in req.list.iter().enumerate() {
        if !store::delete(&mut tx, ctx.pool(), field.target_type.as_str(), &field.key).await? {
            let none = text!("no such custom field", "自定义字段不存在");
            return Err(Error::new(codes::NOT_FOUND).because(none).at(format!("list[{i}].key")));
        }
        let owners = take_away(&mut tx, ctx, field.target_type, &field.key).await?;
        from_users |= field.target_type == TargetType::User && owners > 0;
        names.push(json!({ "targetType": field.target_type, "key": field.key, "values": owners }));
    }
    if from_users {
        follow::all(&mut tx, ctx).await?;
    }
    ctx.commit(tx, json!({ "fields": names })).await
}

/// Takes an application that is being deleted out of the fields that name it.
pub async fn app_gone(tx: &mut Tx, ctx: &Ctx, app: &str) -> Result<()> {
    for target in TargetType::ALL {
        for mut row in store::of(tx, ctx.pool(), target.as_str()).await? {
            let mut definition: Definition = serde_json::from_str(&row.definition).map_err(Error::internal)?;
            if definition.app_ids.iter().any(|id| id == app) {
                definition.app_ids.retain(|id| id != app);
                row.definition = serde_json::to_string(&definition).map_err(Error::internal)?;
                store::update(tx, &row).await?;
            }
        }
    }
    Ok(())
}

/// The row, and whether values become unique or cease to be.
fn draw_up(ctx: &Ctx, wish: SetCustomField, old: Option<&Row>) -> Result<(Row, Option<bool>)> {
    let before: Option<Definition> =
        old.map(|row| serde_json::from_str(&row.definition)).transpose().map_err(Error::internal)?;
    let data_type = match (old, wish.data_type) {
        (None, None) => return Err(Error::invalid("dataType", text!("a new field needs it", "新字段必填"))),
        (None, Some(given)) => given,
        (Some(row), given) => {
            let stored = FieldType::parse(&row.data_type).ok_or_else(|| Error::internal("unknown type of field"))?;
            if given.is_some_and(|given| given != stored) {
                return Err(Error::invalid("dataType", text!("cannot be changed: {stored}", "不能修改：{stored}")));
            }
            stored
        }
    };
    let mut to = before.clone().unwrap_or_else(|| Definition { label: wish.key.clone(), ..Definition::default() });
    if let (Some(old), Some(given)) = (&before, wish.encrypted)
        && old.encrypted != given
    {
        return Err(Error::invalid("encrypted", text!("cannot be changed", "设置之后不能修改")));
    }
    to.encrypted = wish.encrypted.unwrap_or(to.encrypted);
    words(
        &mut to.label,
        &mut to.description,
        &mut to.i18n,
        Some(&wish.key),
        Words { label: wish.label.map_or(Wish::Absent, Wish::Value), description: wish.description, i18n: wish.i18n },
    )?;
    to.user_editable = wish.user_editable.unwrap_or(to.user_editable);
    to.visible_in_admin_console = wish.visible_in_admin_console.unwrap_or(to.visible_in_admin_console);
    to.visible_in_user_center = wish.visible_in_user_center.unwrap_or(to.visible_in_user_center);
    to.desensitization = wish.desensitization.unwrap_or(to.desensitization);
    if let Some(rules) = wish.validate_rules {
        to.validate_rules = read_rules(rules).map_err(|e| e.at("validateRules"))?;
    }
    if let Some(given) = wish.app_ids {
        if !given.is_empty() && wish.target_type != TargetType::User {
            return Err(Error::invalid("appIds", text!("only fields of users are asked for", "仅用户字段可用于注册")));
        }
        to.app_ids = given;
    }
    options(&mut to, data_type, wish.options)?;
    to.is_unique = unique(&to, wish.is_unique, data_type)?;
    let was = before.is_some_and(|b| b.is_unique);
    let row = Row {
        pool_id: ctx.pool().to_string(),
        target_type: wish.target_type.as_str().into(),
        key: wish.key,
        data_type: data_type.as_str().into(),
        definition: serde_json::to_string(&to).map_err(Error::internal)?,
        created_at: old.map_or(ctx.now(), |row| row.created_at),
        updated_at: ctx.now(),
    };
    Ok((row, (was != to.is_unique).then_some(to.is_unique)))
}

/// What a request says of a field's words.
pub(super) struct Words {
    pub label: Wish<String>,
    pub description: Wish<String>,
    pub i18n: Wish<FieldI18n>,
}

/// Writes the words of a field; without a label it has `otherwise`.
pub(super) fn words(
    label: &mut String,
    description: &mut Option<String>,
    i18n: &mut Option<FieldI18n>,
    otherwise: Option<&str>,
    wish: Words,
) -> Result<()> {
    match wish.label {
        Wish::Absent => {}
        Wish::Null => *label = otherwise.unwrap_or_default().to_owned(),
        Wish::Value(given) => {
            let given = rules::plain("label", &given, MAX_LABEL, false)?;
            *label = given.unwrap_or_else(|| otherwise.unwrap_or_default().to_owned());
        }
    }
    match wish.description {
        Wish::Absent => {}
        Wish::Null => *description = None,
        Wish::Value(given) => *description = rules::plain("description", &given, 1024, true)?,
    }
    if let Wish::Value(given) = &wish.i18n {
        let all = &given.label;
        for (lang, text) in [("zh-CN", &all.zh_cn), ("en-US", &all.en_us), ("zh-TW", &all.zh_tw), ("ja-JP", &all.ja_jp)]
        {
            rules::plain(&format!("i18n.label.{lang}.value"), &text.value, MAX_LABEL, false)?;
        }
    }
    wish.i18n.apply(i18n);
    Ok(())
}

/// A rule, a list of rules, or `{}` for none.
fn read_rules(given: Value) -> Result<Vec<FieldRule>> {
    let list = match given {
        Value::Array(list) => list,
        Value::Object(o) if o.is_empty() => Vec::new(),
        one => vec![one],
    };
    if list.len() > MAX_RULES {
        return Err(Error::new(codes::INVALID).because(text!("at most {MAX_RULES} items", "最多 {MAX_RULES} 项")));
    }
    let read = |(i, one): (usize, Value)| {
        let rule: FieldRule = serde_json::from_value(one).map_err(|_| {
            let detail =
                text!("must be an object with type, content and error", "应为包含 type、content、error 的对象");
            Error::invalid(format!("[{i}]"), detail)
        })?;
        let known = Rule::parse(&rule.kind).ok_or_else(|| {
            let detail = text!(
                "one of REGEXP, NUMBER, EMAIL, PHONE, UNIQUE, NONE",
                "应为 REGEXP、NUMBER、EMAIL、PHONE、UNIQUE、NONE 之一"
            );
            Error::invalid(format!("[{i}].type"), detail)
        })?;
        if known == Rule::Regexp {
            compile(&rule.content).map_err(|e| e.at(format!("[{i}].content")))?;
        }
        rules::plain(&format!("[{i}].error"), &rule.error, 256, false)?;
        Ok(rule)
    };
    list.into_iter().enumerate().map(read).collect()
}

fn options(to: &mut Definition, data_type: FieldType, given: Option<Vec<FieldOption>>) -> Result<()> {
    if let Some(given) = given {
        to.options = given;
    }
    if data_type != FieldType::Enum {
        if to.options.is_empty() {
            return Ok(());
        }
        return Err(Error::invalid("options", text!("only ENUM fields have options", "仅 ENUM 类型的字段有枚举值")));
    }
    if !(1..=MAX_OPTIONS).contains(&to.options.len()) {
        return Err(Error::invalid(
            "options",
            text!("must have 1 to {MAX_OPTIONS} items", "应有 1 到 {MAX_OPTIONS} 项"),
        ));
    }
    let mut seen = HashSet::new();
    for (i, option) in to.options.iter().enumerate() {
        let at = |e: Error| e.at(format!("options[{i}]"));
        if rules::plain("value", &option.value, 256, false).map_err(at)?.is_none() {
            return Err(at(Error::invalid("value", text!("must not be empty", "不能为空"))));
        }
        rules::plain("label", &option.label, 256, false).map_err(at)?;
        if !seen.insert(&option.value) {
            return Err(at(Error::invalid("value", text!("given twice", "重复"))));
        }
    }
    Ok(())
}

/// Whether values are unique: by the switch or by a rule, which must not contradict each other.
fn unique(to: &Definition, given: Option<bool>, data_type: FieldType) -> Result<bool> {
    let ruled = to.validate_rules.iter().any(|r| Rule::parse(&r.kind) == Some(Rule::Unique));
    if given == Some(false) && ruled {
        let detail = text!("validateRules has a rule UNIQUE", "validateRules 中包含 UNIQUE 规则");
        return Err(Error::invalid("isUnique", detail));
    }
    let unique = given.unwrap_or(to.is_unique) || ruled;
    if unique && !matches!(data_type, FieldType::String | FieldType::Number) {
        let detail = text!("only STRING and NUMBER fields can be unique", "仅 STRING 和 NUMBER 类型的字段可设为唯一");
        return Err(Error::invalid("isUnique", detail));
    }
    Ok(unique)
}

async fn known_apps(tx: &mut Tx, ctx: &Ctx, row: &Row) -> Result<()> {
    let wanted = serde_json::from_str::<Definition>(&row.definition).map_err(Error::internal)?.app_ids;
    if wanted.is_empty() {
        return Ok(());
    }
    if wanted.len() > MAX_APPS {
        return Err(Error::invalid("appIds", text!("at most {MAX_APPS} items", "最多 {MAX_APPS} 项")));
    }
    let known = app::TABLE.get_many(tx, ctx.pool(), &wanted).await?;
    match wanted.iter().position(|id| !known.iter().any(|a| a.id == *id)) {
        Some(i) => Err(Error::new(codes::APP_NOT_FOUND).at(format!("appIds[{i}]"))),
        None => Ok(()),
    }
}

/// Inserts a new field.
async fn make(tx: &mut Tx, ctx: &Ctx, target: TargetType, row: &Row, there: usize) -> Result<()> {
    if !custom::is_key(&row.key) {
        let detail = text!(
            "1 to 128 characters, no control or invisible ones",
            "应为 1 到 128 个字符，不含控制字符和不可见字符"
        );
        return Err(Error::invalid("key", detail));
    }
    if base::is_built_in(target, &row.key) {
        return Err(Error::invalid("key", text!("a built-in field has this key", "与内置字段的 key 冲突")));
    }
    if there >= MAX_FIELDS {
        let detail = text!("there are {MAX_FIELDS} fields already", "自定义字段已达 {MAX_FIELDS} 个");
        return Err(Error::new(codes::UNPROCESSABLE).because(detail).at("key"));
    }
    let definition: Definition = serde_json::from_str(&row.definition).map_err(Error::internal)?;
    if definition.encrypted && has_values(tx, ctx, target, &row.key).await? {
        let detail = text!(
            "there are values under this key that are not encrypted; take them away first",
            "该 key 下已有未加密的值，请先清除"
        );
        return Err(Error::new(codes::CONFLICT).because(detail).at("encrypted"));
    }
    if !store::insert(tx, row).await? {
        return Err(Error::new(codes::CONFLICT).at("key"));
    }
    Ok(())
}

async fn has_values(tx: &mut Tx, ctx: &Ctx, target: TargetType, key: &str) -> Result<bool> {
    if target == TargetType::User {
        return Ok(!data::users_with(tx, ctx.pool(), key, 1).await?.is_empty());
    }
    for (_, stored) in data::having(tx, ctx.pool(), owner(target), key).await? {
        if custom::object(&stored)?.contains_key(key) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes everybody who has a value its owner.
///
/// # Errors
/// 409 at `isUnique` when two have the same.
async fn claim_present(tx: &mut Tx, ctx: &Ctx, target: TargetType, key: &str) -> Result<()> {
    let twice = || {
        let detail = text!("two have the same value", "已存在重复的值");
        Error::new(codes::CONFLICT).because(detail).at("isUnique")
    };
    if target == TargetType::User {
        if data::repeated(tx, ctx.pool(), key).await? {
            return Err(twice());
        }
        return Ok(data::claim_all(tx, ctx.pool(), key).await?);
    }
    for (id, stored) in data::having(tx, ctx.pool(), owner(target), key).await? {
        let stored = custom::object(&stored)?;
        let Some(value) = stored.get(key).and_then(custom::value_key) else { continue };
        if !store::claim(tx, ctx.pool(), target.as_str(), key, &value, &id).await? {
            return Err(twice());
        }
    }
    Ok(())
}

/// Takes a member out of everybody's custom data; answers from how many.
async fn take_away(tx: &mut Tx, ctx: &Ctx, target: TargetType, key: &str) -> Result<usize> {
    let mut n = 0;
    loop {
        let rows = if target == TargetType::User {
            let ids = data::users_with(tx, ctx.pool(), key, CHUNK).await?;
            let rows = data::hold_users(tx, ctx.pool(), &ids, ctx.now()).await?;
            data::unindex(tx, ctx.pool(), key, &ids).await?;
            if ids.is_empty() {
                return Ok(n);
            }
            rows
        } else {
            data::having(tx, ctx.pool(), owner(target), key).await?
        };
        for (id, stored) in rows {
            let mut object = custom::object(&stored)?;
            if object.shift_remove(key).is_some() {
                let stored = custom::text(&object)?;
                data::set(tx, ctx.pool(), owner(target), &id, &stored).await?;
                if target == TargetType::Department {
                    department::change::index(tx, ctx, &id, &stored).await?;
                }
                n += 1;
            }
        }
        if target != TargetType::User {
            return Ok(n);
        }
    }
}
