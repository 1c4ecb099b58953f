//! The built-in fields of users, and what a pool says of them.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::json;
use watchword_api::common::{LangObject, LangUnit};
use watchword_api::custom_field::{
    CustomField, FieldI18n, FieldList, FieldOption, FieldType, ListFieldsQuery, SetBaseFieldsReq, TargetType,
};
use watchword_kit::{Error, Lang, Result, codes, text};
use watchword_store::custom_field::{self as store, BaseField as Row};
use watchword_store::{Tx, pool};

use super::define::{Words, words};
use super::{Field, list};
use crate::ctx::Ctx;
use crate::rules::no_tenant;
use crate::user::create::batch_size;

/// Who may change a built-in field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    /// Unless the pool says otherwise, its user.
    User,
    /// Unless the pool says otherwise, administrators only.
    Admin,
    /// This server only.
    Server,
}

struct BuiltIn {
    key: &'static str,
    data_type: FieldType,
    en: &'static str,
    zh: &'static str,
    unique: bool,
    hand: Hand,
}

macro_rules! built_in {
    ($($key:literal $ty:ident $hand:ident $en:literal $zh:literal $($unique:ident)?;)*) => {
        /// In the order in which a user shows them.
        const BUILT_IN: &[BuiltIn] = &[$(BuiltIn {
            key: $key,
            data_type: FieldType::$ty,
            en: $en,
            zh: $zh,
            unique: built_in!(@ $($unique)?),
            hand: Hand::$hand,
        }),*];
    };
    (@ unique) => { true };
    (@) => { false };
}

built_in! {
    "userId" String Server "User ID" "用户 ID" unique;
    "createdAt" Datetime Server "Created at" "创建时间";
    "updatedAt" Datetime Server "Updated at" "更新时间";
    "status" Enum Admin "Status" "账户状态";
    "suspendAt" Datetime Admin "To be suspended at" "定时停用时间";
    "activateAt" Datetime Admin "To be activated at" "定时激活时间";
    "workStatus" Enum Admin "Work status" "工作状态";
    "externalId" String Admin "External ID" "外部 ID" unique;
    "email" String Admin "E-mail address" "邮箱" unique;
    "phone" String Admin "Phone number" "手机号" unique;
    "phoneCountryCode" String Admin "Country code" "手机区号";
    "username" String Admin "User name" "用户名" unique;
    "name" String User "Name" "姓名";
    "nickname" String User "Nickname" "昵称";
    "photo" String User "Portrait" "头像";
    "loginsCount" Number Server "Number of sign-ins" "登录次数";
    "lastLogin" Datetime Server "Last sign-in" "上次登录时间";
    "lastIp" String Server "IP address of the last sign-in" "上次登录 IP";
    "gender" Enum User "Gender" "性别";
    "emailVerified" Boolean Admin "E-mail address verified" "邮箱是否验证";
    "phoneVerified" Boolean Admin "Phone number verified" "手机号是否验证";
    "passwordLastSetAt" Datetime Server "Password last changed" "上次修改密码时间";
    "birthdate" String User "Date of birth" "出生日期";
    "country" String User "Country" "国家";
    "province" String User "Province" "省份";
    "city" String User "City" "城市";
    "address" String User "Address" "地址";
    "streetAddress" String User "Street address" "街道地址";
    "postalCode" String User "Postal code" "邮政编码";
    "company" String User "Company" "公司";
    "browser" String Admin "Browser" "浏览器";
    "device" String Admin "Device" "设备";
    "givenName" String User "Given name" "名";
    "familyName" String User "Family name" "姓";
    "middleName" String User "Middle name" "中间名";
    "profile" String User "Profile page" "个人主页";
    "preferredUsername" String User "Preferred user name" "偏好用户名";
    "website" String User "Website" "个人网站";
    "zoneinfo" String User "Time zone" "时区";
    "locale" String User "Language" "语言";
    "formatted" String User "Full address" "完整地址";
    "region" String User "Region" "区域";
    "userSourceType" Enum Server "Source" "来源类型";
    "userSourceId" String Server "Source ID" "来源 ID";
    "lastLoginApp" String Server "Application of the last sign-in" "上次登录的应用";
    "mainDepartmentId" String Admin "Main department" "主部门";
    "lastMfaTime" Datetime Server "Last second factor" "上次 MFA 认证时间";
    "passwordSecurityLevel" Number Server "Strength of the password" "密码安全等级";
    "resetPasswordOnNextLogin" Boolean Admin "Must change the password" "下次登录要求重置密码";
    "registerSource" String Server "Ways of registration" "注册方式";
    "identityNumber" String Admin "Identity card number" "身份证号";
    "statusChangedAt" Datetime Server "Status last changed" "状态修改时间";
    "tenantId" String Server "Tenant" "租户 ID";
}

/// Members that the contract has in every profile.
const ALWAYS: &[&str] = &[
    "userId",
    "createdAt",
    "updatedAt",
    "status",
    "workStatus",
    "loginsCount",
    "gender",
    "emailVerified",
    "phoneVerified",
    "userSourceType",
    "resetPasswordOnNextLogin",
];
/// Members of a user that are no fields but would hide a custom one of that name.
const MEMBERS: &[&str] = &["departmentIds", "identities", "customData", "postIdList", "password", "metadataSource"];
/// Members that every role, group and department has.
const OTHERS: &[&str] =
    &["id", "code", "name", "description", "createdAt", "updatedAt", "customData", "metadataSource"];

/// Whether a custom field may not have this key.
pub(super) fn is_built_in(target: TargetType, key: &str) -> bool {
    match target {
        TargetType::User => MEMBERS.contains(&key) || BUILT_IN.iter().any(|f| f.key == key),
        TargetType::Role | TargetType::Group | TargetType::Department => OTHERS.contains(&key),
    }
}

/// What a pool says of one built-in field, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Wishes {
    /// Empty: the field's own.
    pub label: String,
    pub description: Option<String>,
    pub user_editable: Option<bool>,
    pub visible_in_admin_console: Option<bool>,
    pub visible_in_user_center: Option<bool>,
    pub i18n: Option<FieldI18n>,
}

/// `GET /api/v3/get-user-base-fields`.
pub async fn get(ctx: &Ctx) -> Result<Vec<CustomField>> {
    shown(&mut ctx.read().await?, ctx).await
}

/// `GET /api/v3/list-user-base-fields`: only those of users can be configured, so other targets have none.
///
/// # Errors
/// As for custom fields.
pub async fn list(ctx: &Ctx, query: ListFieldsQuery) -> Result<FieldList> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let fields = match query.target_type {
        TargetType::User => get(ctx).await?,
        TargetType::Role | TargetType::Group | TargetType::Department => Vec::new(),
    };
    list::select(fields, &query)
}

/// `POST /api/v3/set-user-base-fields`: all or none; answers the fields that were named.
///
/// # Errors
/// 400 at `list[i].key` for no built-in field, at `list[i].userEditable` for one that this server keeps; 501 at
/// `list[i].visibleInUserCenter` to hide a member without which there is no profile.
pub async fn set(ctx: &Ctx, req: SetBaseFieldsReq) -> Result<Vec<CustomField>> {
    batch_size("list", req.list.len())?;
    let mut tx = ctx.write().await?;
    pool::hold(&mut tx, ctx.pool()).await?;
    let mut wishes = stored(&mut tx, ctx).await?;
    let mut keys = Vec::with_capacity(req.list.len());
    let mut seen = HashSet::new();
    for (i, wish) in req.list.into_iter().enumerate() {
        let at = |e: Error| e.at(format!("list[{i}]"));
        let field = BUILT_IN.iter().find(|f| f.key == wish.key);
        let field = field.ok_or_else(|| at(Error::invalid("key", text!("no built-in field", "不是内置字段"))))?;
        if !seen.insert(field.key) {
            return Err(at(Error::invalid("key", text!("given twice", "重复"))));
        }
        if field.hand == Hand::Server && wish.user_editable == Some(true) {
            let detail = text!("this server keeps the field by itself", "该字段由系统维护");
            return Err(at(Error::invalid("userEditable", detail)));
        }
        if wish.visible_in_user_center == Some(false) && ALWAYS.contains(&field.key) {
            let detail = text!("every profile has this member", "个人信息必须包含该字段");
            return Err(at(Error::new(codes::NOT_IMPLEMENTED).because(detail).at("visibleInUserCenter")));
        }
        let to = wishes.entry(field.key.to_owned()).or_default();
        let said = Words { label: wish.label, description: wish.description, i18n: wish.i18n };
        words(&mut to.label, &mut to.description, &mut to.i18n, None, said).map_err(at)?;
        to.user_editable = wish.user_editable.or(to.user_editable);
        to.visible_in_admin_console = wish.visible_in_admin_console.or(to.visible_in_admin_console);
        to.visible_in_user_center = wish.visible_in_user_center.or(to.visible_in_user_center);
        let row = Row {
            pool_id: ctx.pool().to_string(),
            key: field.key.into(),
            definition: serde_json::to_string(to).map_err(Error::internal)?,
            updated_at: ctx.now(),
        };
        store::set_base_field(&mut tx, &row).await?;
        keys.push(field.key);
    }
    ctx.commit(tx, json!({ "keys": keys })).await?;
    let named = |key: &&str| BUILT_IN.iter().find(|f| f.key == *key);
    Ok(keys.iter().filter_map(named).map(|f| show(f, wishes.get(f.key), ctx.request().lang)).collect())
}

/// What a user may change of their own account: the built-in fields and the custom ones. `registering` at an
/// application, also the custom fields for which that asks.
///
/// # Errors
/// 403 at the first key that is not the user's to change.
pub async fn own_change(
    tx: &mut Tx,
    ctx: &Ctx,
    keys: &[&str],
    custom: &[&str],
    registering: Option<&str>,
) -> Result<()> {
    let wishes = stored(tx, ctx).await?;
    let refused = |key: String| {
        let detail = text!("users may not change this field by themselves", "用户不能自行修改该字段");
        Error::new(codes::FORBIDDEN).because(detail).at(key)
    };
    for key in keys {
        let said = wishes.get(*key).and_then(|w| w.user_editable);
        let field = BUILT_IN.iter().find(|f| f.key == *key);
        if !field.is_some_and(|f| said.unwrap_or(f.hand == Hand::User)) {
            return Err(refused((*key).to_owned()));
        }
    }
    if custom.is_empty() {
        return Ok(());
    }
    let fields = super::Fields::load(tx, ctx, TargetType::User).await?;
    let theirs = |f: &Field| f.definition.user_editable || registering.is_some_and(|app| f.is_asked_by(app));
    match custom.iter().find(|key| !fields.get(key).is_some_and(theirs)) {
        Some(key) => Err(refused(format!("customData.{key}"))),
        None => Ok(()),
    }
}

/// Fields that users do not see of their own account: the built-in and the custom ones.
pub async fn hidden(tx: &mut Tx, ctx: &Ctx) -> Result<(Vec<String>, Vec<String>)> {
    let built_in = stored(tx, ctx).await?.into_iter().filter(|(_, w)| w.visible_in_user_center == Some(false));
    let custom = super::Fields::load(tx, ctx, TargetType::User).await?;
    let custom = custom.fields.into_iter().filter(|(_, f)| !f.definition.visible_in_user_center);
    Ok((built_in.map(|(key, _)| key).collect(), custom.map(|(key, _)| key).collect()))
}

async fn shown(tx: &mut Tx, ctx: &Ctx) -> Result<Vec<CustomField>> {
    let wishes = stored(tx, ctx).await?;
    Ok(BUILT_IN.iter().map(|f| show(f, wishes.get(f.key), ctx.request().lang)).collect())
}

async fn stored(tx: &mut Tx, ctx: &Ctx) -> Result<HashMap<String, Wishes>> {
    let rows = store::base_fields(tx, ctx.pool()).await?;
    rows.into_iter().map(|row| Ok((row.key, serde_json::from_str(&row.definition).map_err(Error::internal)?))).collect()
}

fn show(field: &BuiltIn, wishes: Option<&Wishes>, lang: Lang) -> CustomField {
    let wishes = wishes.cloned().unwrap_or_default();
    let own = match lang {
        Lang::En => field.en,
        Lang::Zh => field.zh,
    };
    let on = |value: &str| LangUnit { enabled: true, value: value.to_owned() };
    let words = LangObject { zh_cn: on(field.zh), en_us: on(field.en), ..LangObject::default() };
    CustomField {
        target_type: TargetType::User,
        created_at: None,
        data_type: field.data_type,
        key: field.key.into(),
        label: if wishes.label.is_empty() { own.to_owned() } else { wishes.label },
        description: wishes.description,
        encrypted: false,
        is_unique: field.unique,
        user_editable: wishes.user_editable.unwrap_or(field.hand == Hand::User),
        visible_in_admin_console: wishes.visible_in_admin_console.unwrap_or(true),
        visible_in_user_center: wishes.visible_in_user_center.unwrap_or(true),
        i18n: Some(wishes.i18n.unwrap_or(FieldI18n { label: words })),
        options: options(field.key),
        validate_rules: Vec::new(),
        app_ids: Vec::new(),
        desensitization: false,
    }
}

/// The values of built-in enumerations.
fn options(key: &str) -> Option<Vec<FieldOption>> {
    let list: &[(&str, &str)] = match key {
        "status" => &[
            ("Suspended", "Suspended 已停用"),
            ("Resigned", "Resigned 已离职"),
            ("Activated", "Activated 正常"),
            ("Archived", "Archived 已归档"),
            ("Deactivated", "Deactivated 已禁用"),
        ],
        "workStatus" => &[("Closed", "Closed 停工"), ("Active", "Active 在岗")],
        "gender" => &[("M", "Male 男"), ("F", "Female 女"), ("U", "Unknown 未知")],
        "userSourceType" => &[
            ("excel", "File 文件导入"),
            ("register", "Registration 自主注册"),
            ("adminCreated", "Administrator 管理员创建"),
            ("sync", "Synchronisation 同步"),
        ],
        _ => return None,
    };
    let option = |(value, label): &(&str, &str)| FieldOption { value: (*value).into(), label: (*label).into() };
    Some(list.iter().map(option).collect())
}

#[cfg(test)]
mod tests {
    use watchword_api::user::User;

    use super::*;

    #[test]
    fn every_member_of_a_user_is_a_built_in_field_or_reserved() {
        let user = serde_json::to_value(User::default()).unwrap();
        for key in user.as_object().unwrap().keys() {
            assert!(is_built_in(TargetType::User, key), "{key}");
        }
        for field in BUILT_IN {
            assert!(user.get(field.key).is_some(), "{}", field.key);
            assert_eq!(field.data_type == FieldType::Enum, options(field.key).is_some(), "{}", field.key);
        }
    }
}
