//! Custom fields of users, roles, groups and departments, their values, and what a pool says of built-in fields.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchword_kit::Field;

use crate::common::LangObject;

wire_enum! {
    /// What a field belongs to: `USER` users, `ROLE` roles, `GROUP` groups, `DEPARTMENT` departments.
    pub enum TargetType {
        User = "USER",
        Role = "ROLE",
        Group = "GROUP",
        Department = "DEPARTMENT",
    }
}

wire_enum! {
    /// What a field holds: `STRING` a text, `NUMBER` a number, `DATETIME` an RFC 3339 time or date, or Unix
    /// milliseconds as a number, `BOOLEAN` true or false, `ENUM` the `value` of one of the field's options.
    pub enum FieldType {
        String = "STRING",
        Number = "NUMBER",
        Datetime = "DATETIME",
        Boolean = "BOOLEAN",
        Enum = "ENUM",
    }
}

wire_enum! {
    /// Which fields to list, by what they hold. `SELECT` is another name of `ENUM`; `OBJECT` fields do not exist, so
    /// that list is empty.
    pub enum FieldTypeFilter {
        String = "STRING",
        Number = "NUMBER",
        Datetime = "DATETIME",
        Boolean = "BOOLEAN",
        Object = "OBJECT",
        Select = "SELECT",
        Enum = "ENUM",
    }
}

/// The words of a field in several languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldI18n {
    /// The display name.
    pub label: LangObject,
}

/// One value of an `ENUM` field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldOption {
    /// The value as it is stored.
    pub value: String,

    /// How it is shown.
    pub label: String,
}

/// A condition that values must meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldRule {
    /// `REGEXP` (also `regExp`) the whole value matches `content`; `NUMBER` (`isNumber`), `EMAIL`, `PHONE` it is one;
    /// `UNIQUE` (`isUnique`) no two have it, as `isUnique` says; `NONE` nothing. In any case of letters.
    #[serde(rename = "type")]
    pub kind: String,

    /// The regular expression of `REGEXP`, up to 1,000 characters; without look-around and back references.
    #[serde(default)]
    pub content: String,

    /// What is said when the condition is not met.
    #[serde(default)]
    pub error: String,
}

/// Query of get-custom-fields.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetCustomFieldsQuery {
    /// What the fields belong to.
    pub target_type: TargetType,

    /// Id of the tenant. There are no tenants: 501.
    pub tenant_id: Option<String>,
}

/// Query of list-custom-fields and list-user-base-fields.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListFieldsQuery {
    /// Id of the tenant. There are no tenants: 501.
    pub tenant_id: Option<String>,

    /// What the fields belong to.
    pub target_type: TargetType,

    /// What the fields hold. Default: anything.
    pub data_type: Option<FieldTypeFilter>,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Only fields that the user centre shows, or with false hides.
    pub user_visible: Option<bool>,

    /// Only fields that the console shows, or with false hides.
    pub admin_visible: Option<bool>,

    /// No effect: access-control rules may use every field.
    pub access_control: Option<bool>,

    /// Only fields whose key or display name contains this text, whatever its case.
    pub keyword: Option<String>,

    /// The language of the display names that `keyword` is looked for in: `zh-CN`, `en-US`, `zh-TW` or `ja-JP`.
    /// Default: all of them.
    pub lang: Option<String>,
}

/// How many fields match `targetType`, `dataType` and `keyword`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldCounts {
    /// All of them.
    pub all: i64,

    /// Those that the user centre shows.
    pub user_visible: i64,

    /// Those that the console shows.
    pub admin_visible: i64,
}

/// Answer of list-custom-fields and list-user-base-fields.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldList {
    /// How many fields match, whether they are visible or not.
    pub count: FieldCounts,

    /// The fields of this page.
    pub list: Vec<CustomField>,
}

/// A custom or built-in field.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomField {
    /// What the field belongs to.
    pub target_type: TargetType,

    /// When the field was defined; null for a built-in one.
    pub created_at: Option<String>,

    /// What the field holds.
    pub data_type: FieldType,

    /// Name of the member that holds the value.
    pub key: String,

    /// Display name. Of a built-in field that was not renamed, in the language of the request.
    pub label: String,

    /// What the field is for.
    pub description: Option<String>,

    /// Whether values are stored encrypted.
    pub encrypted: bool,

    /// Whether no two may have the same value.
    pub is_unique: bool,

    /// Whether users may change the value of their own.
    pub user_editable: bool,

    /// Whether the console shows the field.
    pub visible_in_admin_console: bool,

    /// Whether the user centre shows the field.
    pub visible_in_user_center: bool,

    /// Display names in several languages.
    pub i18n: Option<FieldI18n>,

    /// The values that an `ENUM` field may have.
    pub options: Option<Vec<FieldOption>>,

    /// Conditions that values must meet.
    pub validate_rules: Vec<FieldRule>,

    /// Applications whose registration asks for the field.
    pub app_ids: Vec<String>,

    /// Whether values are shown masked.
    pub desensitization: bool,
}

/// Body of set-custom-fields.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetCustomFieldsReq {
    /// The fields, 1 to 50, each named once: new ones are made, others changed.
    #[schemars(length(min = 1, max = 50))]
    pub list: Vec<SetCustomField>,

    /// Id of the tenant. There are no tenants: 501.
    pub tenant_id: Option<String>,
}

/// A field to make or to change. What is left out stays, or has its default in a new field.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetCustomField {
    /// What the field belongs to.
    pub target_type: TargetType,

    /// Name of the member that holds the value: 1 to 128 characters, none of them a control or invisible one, and not
    /// the name of a built-in field.
    pub key: String,

    /// What the field holds. A new field needs it; it cannot be changed.
    pub data_type: Option<FieldType>,

    /// Display name. Default: the key.
    pub label: Option<String>,

    /// What the field is for. Null clears it.
    #[serde(default)]
    pub description: Field<String>,

    /// Whether values are stored encrypted. Default false; it cannot be changed, and a field cannot be made encrypted
    /// over values that are there already.
    pub encrypted: Option<bool>,

    /// Whether no two may have the same value, compared whatever case and width; for `STRING` and `NUMBER` only.
    /// Default false. Refused while two have the same.
    pub is_unique: Option<bool>,

    /// Whether users may change the value of their own (update-profile, signup): 403 otherwise. Default false.
    pub user_editable: Option<bool>,

    /// Whether a console shows the field: a mark for consoles, which list-custom-fields filters by. Default true. Management
    /// keys read and write the field in any case.
    pub visible_in_admin_console: Option<bool>,

    /// Whether users see the field of their own account (get-profile, update-profile). Default true.
    pub visible_in_user_center: Option<bool>,

    /// Conditions that values must meet: a rule or a list of up to 10, each with `type` (`REGEXP`, `NUMBER`, `EMAIL`,
    /// `PHONE`, `UNIQUE`, `NONE`), `content` and `error`. Values that are there already are judged when they change.
    pub validate_rules: Option<Value>,

    /// Applications whose registration asks for the field, of users only: the page has a place for it, and whoever
    /// registers there may set it even where it is not `userEditable`.
    pub app_ids: Option<Vec<String>>,

    /// Whether values are shown masked to access keys without the permission `custom-data:read-plain`. Default false. A
    /// masked value that such a key writes back changes nothing.
    pub desensitization: Option<bool>,

    /// The values that an `ENUM` field may have, 1 to 500. One that is taken away stays where it is stored.
    pub options: Option<Vec<FieldOption>>,

    /// Display names in several languages. Null clears them.
    #[serde(default)]
    pub i18n: Field<FieldI18n>,
}

/// Body of delete-custom-fields.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteCustomFieldsReq {
    /// The fields, 1 to 50. Their values go with them.
    #[schemars(length(min = 1, max = 50))]
    pub list: Vec<FieldName>,

    /// Id of the tenant. There are no tenants: 501 unless it is empty.
    pub tenant_id: Option<String>,
}

/// Names a field.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldName {
    /// What the field belongs to.
    pub target_type: TargetType,

    /// Its key.
    pub key: String,
}

/// Body of set-user-base-fields.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetBaseFieldsReq {
    /// The fields, 1 to 50, each named once.
    #[schemars(length(min = 1, max = 50))]
    pub list: Vec<SetBaseField>,
}

/// What a pool says of a built-in field of users. What is left out stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetBaseField {
    /// Key of the field, one of get-user-base-fields.
    pub key: String,

    /// Display name. Null: the field's own.
    #[serde(default)]
    pub label: Field<String>,

    /// What the field is for. Null clears it.
    #[serde(default)]
    pub description: Field<String>,

    /// Whether users may change the value of their own (update-profile, signup): 403 otherwise. Default: for what people
    /// say of themselves, such as `nickname` and `birthdate`.
    pub user_editable: Option<bool>,

    /// Whether a console shows the field: a mark for consoles, which list-user-base-fields filters by. Management keys
    /// read and write the field in any case.
    pub visible_in_admin_console: Option<bool>,

    /// Whether users see the field of their own account (get-profile, update-profile). Default true. Members that every
    /// profile has, such as `userId`, cannot be hidden: 501.
    pub visible_in_user_center: Option<bool>,

    /// Display names in several languages. Null clears them.
    #[serde(default)]
    pub i18n: Field<FieldI18n>,
}

/// Body of set-custom-data.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetCustomDataReq {
    /// Id of the tenant. There are no tenants: 501.
    pub tenant_id: Option<String>,

    /// What the values belong to.
    pub target_type: TargetType,

    /// The id of the user, the code of the role, the code of the group, or the id of the department.
    pub target_identifier: String,

    /// Code of the permission space of the role. Default `default`.
    pub namespace: Option<String>,

    /// The values, 1 to 50, each field once. The others stay.
    #[schemars(length(min = 1, max = 50))]
    pub list: Vec<SetCustomValue>,
}

/// A value of a custom field.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetCustomValue {
    /// Id of the tenant. There are no tenants: 501.
    pub tenant_id: Option<String>,

    /// Key of a field that is defined.
    pub key: String,

    /// The value, of the field's type; null takes it away. Numbers and booleans may also come as text (`"18"`,
    /// `"true"`), for clients that can send nothing else.
    pub value: Value,
}

/// Query of get-custom-data.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetCustomDataQuery {
    /// Id of the tenant. There are no tenants: 501 unless it is empty.
    pub tenant_id: Option<String>,

    /// What the values belong to.
    pub target_type: TargetType,

    /// The id of the user, the code of the role, the code of the group, or the id of the department.
    pub target_identifier: String,

    /// Code of the permission space of the role. Default `default`.
    pub namespace: Option<String>,
}
