//! Departments: nodes of an organisation's tree. Their members are in `department/member.rs`, lists and searches in
//! `department/search.rs`.

mod member;
mod search;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchword_kit::Field;

use crate::app::SubjectAppType;
use crate::common::{LangInput, LangObject, Object};
use crate::user::{DepartmentIdType, Gender};

pub use member::{
    DepartmentMembersReq, GetUserDepartmentsQuery, InDepartment, IsUserInDepartmentQuery, ListDepartmentMemberIdsQuery,
    ListDepartmentMembersQuery, MemberSortBy, SearchDepartmentMembersQuery, SetUserDepartment, SetUserDepartmentsReq,
    SortDirection, UserDepartment, UserDepartmentSortBy,
};
pub use search::{
    AllDepartmentIdType, DepartmentFilter, DepartmentFilterOperator, DepartmentList, DepartmentSort,
    DepartmentSortField, DepartmentSortKey, GetAllDepartmentsQuery, ListChildrenDepartmentsQuery,
    SearchDepartmentsListReq, SearchDepartmentsReq, UpperDirection,
};

/// The name of a department in other languages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct DepartmentI18nInput {
    /// The name.
    pub name: LangInput,
}

/// The name of a department in other languages.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DepartmentI18n {
    /// The name.
    pub name: LangObject,
}

/// Query of get-department.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetDepartmentQuery {
    /// Code of the organisation. Without it the department is looked for in all of them.
    pub organization_code: Option<String>,

    /// The department, named as `departmentIdType` says; `root` is the organisation's root. Either this or
    /// `departmentCode` is needed; with both, both must fit.
    pub department_id: Option<String>,

    /// Code of the department.
    pub department_code: Option<String>,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return custom fields as members of the department itself. Default false.
    pub flat_custom_data: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Query of get-department-by-id.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetDepartmentByIdQuery {
    /// Id of the department.
    pub department_id: String,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,
}

/// Body of get-department-available-app.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetDepartmentAvailableAppReq {
    /// Id of the department.
    pub department_id: String,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,

    /// Kinds of applications. Default: all.
    pub app_type_list: Option<Vec<SubjectAppType>>,

    /// Whether to return `customData`. Without effect: applications have none.
    pub with_custom_data: Option<bool>,
}

/// Query of get-parent-department.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetParentDepartmentQuery {
    /// Code of the organisation.
    pub organization_code: String,

    /// The department, named as `departmentIdType` says.
    pub department_id: String,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Body of create-department.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateDepartmentReq {
    /// Code of the organisation.
    pub organization_code: String,

    /// The caller's own id, unique in the organisation, 1 to 256 characters.
    pub open_department_id: Option<String>,

    /// Name, 1 to 256 characters.
    #[schemars(length(min = 1, max = 256))]
    pub name: String,

    /// Description, up to 1024 characters.
    pub description: Option<String>,

    /// The parent, named as `departmentIdType` says; `root` is the organisation's root.
    pub parent_department_id: String,

    /// Code, unique in the organisation, 1 to 128 characters.
    pub code: Option<String>,

    /// Whether the department is virtual: a mark by which lists can be narrowed. Default false.
    pub is_virtual_node: Option<bool>,

    /// The name in other languages.
    pub i18n: Option<DepartmentI18nInput>,

    /// Custom fields: any JSON object of at most 256 members and 64 KiB; members that are null are left out.
    pub custom_data: Option<Object>,

    /// What `parentDepartmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Ids of posts, up to 50.
    #[schemars(length(max = 50))]
    pub post_id_list: Option<Vec<String>>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,

    /// Values of data objects. There are none for departments: anything but an empty object is refused.
    pub metadata: Option<Object>,
}

/// Body of update-department. A member that is absent stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateDepartmentReq {
    /// Code of the organisation.
    pub organization_code: String,

    /// The department, named as `departmentIdType` says; `root` is the organisation's root.
    pub department_id: String,

    /// Ids of the leaders, up to 50; who is not a member becomes one.
    #[schemars(length(max = 50))]
    pub leader_user_ids: Option<Vec<String>>,

    /// Description. Null clears it.
    #[serde(default)]
    pub description: Field<String>,

    /// Code, unique in the organisation. Null clears it.
    #[serde(default)]
    pub code: Field<String>,

    /// The name in other languages; a language that is absent stays as it is. Null clears them all.
    #[serde(default)]
    pub i18n: Field<DepartmentI18nInput>,

    /// Whether the department is in use; see update-department-status.
    pub status: Option<bool>,

    /// Name.
    pub name: Option<String>,

    /// What `departmentId` and `parentDepartmentId` are. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// The new parent, in the same organisation and not below the department; everything below moves along.
    pub parent_department_id: Option<String>,

    /// Custom fields to change; a member that is null is taken away, one that is absent stays. Null clears them all.
    #[serde(default)]
    pub custom_data: Field<Object>,

    /// Values of data objects. There are none for departments: anything but an empty object is refused.
    pub metadata: Option<Object>,

    /// Ids of posts, up to 50.
    #[schemars(length(max = 50))]
    pub post_id_list: Option<Vec<String>>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Body of delete-department. One that has departments below it is not deleted; its members leave it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteDepartmentReq {
    /// Code of the organisation.
    pub organization_code: String,

    /// The department, named as `departmentIdType` says.
    pub department_id: String,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Body of update-department-status.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateDepartmentStatusReq {
    /// Id of the department.
    pub department_id: String,

    /// Whether it is in use. Roles and applications given to a department that is not, or to one below it, reach
    /// nobody; who is in it stays in it.
    pub status: bool,
}

/// Body of create-department-tree: a department, what is below it and who is in it. The topmost is the root of the
/// organisation of that name, which is made where there is none; below, a department of that name is taken where
/// there is one. At most 1,000 departments and 1,000 people, 30 levels deep.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateDepartmentTreeReq {
    /// Name of the department; of the topmost also the organisation's.
    pub name: String,

    /// The departments below: names, or objects like this one.
    #[schemars(with = "Option<Vec<Value>>")]
    pub children: Option<Vec<DepartmentTreeChild>>,

    /// The people in the department: one, or a list of them. Who has the user name, else the e-mail address, else the
    /// phone number is taken, otherwise made; the other members are written to the user.
    #[schemars(with = "Option<DepartmentTreeUser>")]
    pub members: Option<DepartmentTreeMembers>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// A department in a tree.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum DepartmentTreeChild {
    /// Only a name.
    Name(String),
    /// With what is below it and who is in it.
    Tree(Box<CreateDepartmentTreeReq>),
}

/// One person or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum DepartmentTreeMembers {
    /// Several.
    Many(Vec<DepartmentTreeUser>),
    /// One.
    One(Box<DepartmentTreeUser>),
}

/// A person in a tree: at least one of user name, e-mail address and phone number is needed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentTreeUser {
    /// User name.
    pub username: Option<String>,

    /// E-mail address.
    pub email: Option<String>,

    /// Phone number without country code.
    pub phone: Option<String>,

    /// Country code of `phone`. Default `+86`.
    pub phone_country_code: Option<String>,

    /// Real name.
    pub name: Option<String>,

    /// Gender.
    pub gender: Option<Gender>,

    /// Country.
    pub country: Option<String>,

    /// Province or state.
    pub province: Option<String>,

    /// City.
    pub city: Option<String>,
}

/// Answer of create-department-tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentTreeResult {
    /// Users who were made.
    pub add_user: i64,

    /// Users who existed and of whom something was changed.
    pub update_user: i64,

    /// Departments that were made.
    pub add_department: i64,

    /// Departments that existed and got a new department below them or a new member.
    pub update_department: i64,
}

/// Query of get-department-sync-relations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetDepartmentSyncRelationsQuery {
    /// Code of the organisation.
    pub organization_code: String,

    /// The department, named as `departmentIdType` says. Default `root`.
    pub department_id: Option<String>,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Without effect: a relation has no custom data.
    pub with_custom_data: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// What a source of synchronisation knows a department as.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentSyncRelation {
    /// Kind of the source, such as `wechatwork`, `dingtalk`, `lark`, `ldap`.
    pub provider: String,

    /// The department's id there.
    pub user_id_in_idp: String,

    /// What the source says of the department.
    pub user_info_in_idp: Object,
}

/// Body of delete-department-sync-relations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteDepartmentSyncRelationsReq {
    /// Code of the organisation.
    pub organization_code: String,

    /// The department, named as `departmentIdType` says; `root` is the organisation's root.
    pub department_id: String,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Kind of the source whose relations are forgotten.
    pub provider: String,
}

/// A department. Times are RFC 3339 in UTC with milliseconds.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Department {
    /// Code of the organisation.
    pub organization_code: String,

    /// Id given by this server, 24 hex digits.
    pub department_id: String,

    /// When it was made.
    pub created_at: String,

    /// When it was last changed.
    pub updated_at: String,

    /// The caller's own id.
    pub open_department_id: Option<String>,

    /// Name.
    pub name: String,

    /// Ids of the leaders.
    pub leader_user_ids: Vec<String>,

    /// Description.
    pub description: Option<String>,

    /// Id of the parent; null for the root.
    pub parent_department_id: Option<String>,

    /// Code.
    pub code: Option<String>,

    /// Code of the parent.
    pub parent_department_code: Option<String>,

    /// How many people are directly in it.
    pub members_count: i64,

    /// Whether there are departments below it.
    pub has_children: bool,

    /// Whether it is virtual.
    pub is_virtual_node: bool,

    /// The name in other languages.
    pub i18n: Option<DepartmentI18n>,

    /// Custom fields. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Object>,

    /// Ids of the posts. Only where asked for, if one can ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posts: Option<Vec<String>>,

    /// Ids of the posts. Only where asked for, if one can ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_id_list: Option<Vec<String>>,

    /// Whether it is in use.
    pub status: bool,

    /// Restriction of access; there is none.
    pub allow: Option<String>,

    /// Custom fields shown as members of the department, where `flatCustomData` was asked for; empty otherwise. Keys
    /// must not repeat a member above.
    #[serde(flatten)]
    #[schemars(skip)]
    pub flat_custom_data: Object,
}
