//! Showing the fields that there are.

use watchword_api::common::LangObject;
use watchword_api::custom_field::{
    CustomField, FieldCounts, FieldList, FieldType, FieldTypeFilter, GetCustomFieldsQuery, ListFieldsQuery, TargetType,
};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Result, text};
use watchword_store::custom_field::{self as store, CustomField as Row};

use super::Field;
use crate::ctx::Ctx;
use crate::rules::no_tenant;
use crate::user::search;
use crate::user::text as rules;

/// `GET /api/v3/get-custom-fields`: all of them, oldest first.
///
/// # Errors
/// 501 for a tenant.
pub async fn get(ctx: &Ctx, query: GetCustomFieldsQuery) -> Result<Vec<CustomField>> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let rows = store::of(&mut ctx.read().await?, ctx.pool(), query.target_type.as_str()).await?;
    rows.into_iter().map(show).collect()
}

/// `GET /api/v3/list-custom-fields`: a page of those that match, oldest first.
///
/// # Errors
/// 400 for a page, limit, keyword or language that cannot be; 501 for a tenant.
pub async fn list(ctx: &Ctx, query: ListFieldsQuery) -> Result<FieldList> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let rows = store::of(&mut ctx.read().await?, ctx.pool(), query.target_type.as_str()).await?;
    select(rows.into_iter().map(show).collect::<Result<_>>()?, &query)
}

/// Filters, counts and cuts a page out.
pub(super) fn select(fields: Vec<CustomField>, query: &ListFieldsQuery) -> Result<FieldList> {
    let page = search::page(query.page, query.limit, "")?;
    let lang = query.lang.as_deref().map(language).transpose()?;
    let keyword = query.keyword.as_deref().map(fold).unwrap_or_default();
    rules::plain("keyword", &keyword, 256, false)?;
    let holds = |field: &CustomField| match query.data_type {
        None => true,
        Some(FieldTypeFilter::String) => field.data_type == FieldType::String,
        Some(FieldTypeFilter::Number) => field.data_type == FieldType::Number,
        Some(FieldTypeFilter::Datetime) => field.data_type == FieldType::Datetime,
        Some(FieldTypeFilter::Boolean) => field.data_type == FieldType::Boolean,
        Some(FieldTypeFilter::Select | FieldTypeFilter::Enum) => field.data_type == FieldType::Enum,
        Some(FieldTypeFilter::Object) => false,
    };
    let found: Vec<CustomField> =
        fields.into_iter().filter(|f| holds(f) && names(f, lang).any(|n| fold(n).contains(&keyword))).collect();
    let count = |test: fn(&CustomField) -> bool| i64::try_from(found.iter().filter(|f| test(f)).count());
    let count = FieldCounts {
        all: count(|_| true).map_err(Error::internal)?,
        user_visible: count(|f| f.visible_in_user_center).map_err(Error::internal)?,
        admin_visible: count(|f| f.visible_in_admin_console).map_err(Error::internal)?,
    };
    let (limit, offset) = (usize::try_from(page.limit), usize::try_from(page.offset));
    let (limit, offset) = (limit.map_err(Error::internal)?, offset.map_err(Error::internal)?);
    let seen = |f: &CustomField| {
        query.user_visible.is_none_or(|wish| wish == f.visible_in_user_center)
            && query.admin_visible.is_none_or(|wish| wish == f.visible_in_admin_console)
    };
    Ok(FieldList { count, list: found.into_iter().filter(seen).skip(offset).take(limit).collect() })
}

type Pick = fn(&LangObject) -> &String;

/// # Errors
/// 400 for another language than the login box has.
fn language(tag: &str) -> Result<Pick> {
    Ok(match tag {
        "zh-CN" => |all| &all.zh_cn.value,
        "en-US" => |all| &all.en_us.value,
        "zh-TW" => |all| &all.zh_tw.value,
        "ja-JP" => |all| &all.ja_jp.value,
        _ => {
            let detail = text!("one of zh-CN, en-US, zh-TW, ja-JP", "应为 zh-CN、en-US、zh-TW、ja-JP 之一");
            return Err(Error::invalid("lang", detail));
        }
    })
}

/// The texts in which a keyword is looked for.
fn names(field: &CustomField, lang: Option<Pick>) -> impl Iterator<Item = &String> {
    let all: [Pick; 4] = [|a| &a.zh_cn.value, |a| &a.en_us.value, |a| &a.zh_tw.value, |a| &a.ja_jp.value];
    let picks = lang.map_or_else(|| all.to_vec(), |one| vec![one]);
    let local = field.i18n.iter().flat_map(move |i| picks.clone().into_iter().map(move |pick| pick(&i.label)));
    [&field.key, &field.label].into_iter().chain(local)
}

/// A field as it is stored, shown.
pub(super) fn show(row: Row) -> Result<CustomField> {
    let target_type = TargetType::parse(&row.target_type).ok_or_else(|| Error::internal("unknown kind of target"))?;
    let Field { data_type, definition: d, created_at, key, .. } = Field::read(row)?;
    Ok(CustomField {
        target_type,
        created_at: Some(created_at.iso()),
        data_type,
        key,
        label: d.label,
        description: d.description,
        encrypted: d.encrypted,
        is_unique: d.is_unique,
        user_editable: d.user_editable,
        visible_in_admin_console: d.visible_in_admin_console,
        visible_in_user_center: d.visible_in_user_center,
        i18n: d.i18n,
        options: (data_type == FieldType::Enum).then_some(d.options),
        validate_rules: d.validate_rules,
        app_ids: d.app_ids,
        desensitization: d.desensitization,
    })
}
