//! Who is in a department, and in which departments a user is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DepartmentI18n;
use crate::common::{Object, UserIdOptions, UserIdType};
use crate::user::DepartmentIdType;

wire_enum! {
    /// `JoinDepartmentAt` by the time of joining, `Default` by the age of the account.
    #[derive(Default)]
    pub enum MemberSortBy {
        Default = "Default",
        #[default]
        JoinDepartmentAt = "JoinDepartmentAt",
    }
}

wire_enum! {
    /// `Desc` from great to small, `Asc` from small to great.
    #[derive(Default)]
    pub enum SortDirection {
        Asc = "Asc",
        #[default]
        Desc = "Desc",
    }
}

wire_enum! {
    /// By what a user's departments are sorted. `DepartmemtCode` is spelt so in the contract; the right spelling is
    /// read, too.
    #[derive(Default)]
    pub enum UserDepartmentSortBy {
        DepartmentCreatedAt = "DepartmentCreatedAt",
        #[default]
        JoinDepartmentAt = "JoinDepartmentAt",
        DepartmentName = "DepartmentName",
        #[serde(alias = "DepartmentCode")]
        DepartmentCode = "DepartmemtCode",
    }
}

/// Query of list-department-members.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListDepartmentMembersQuery {
    /// Code of the organisation.
    pub organization_code: String,

    /// The department, named as `departmentIdType` says; `root` is the organisation's root.
    pub department_id: String,

    /// By what to sort. Default `JoinDepartmentAt`; with `includeChildrenDepartments` the earliest time of joining
    /// counts.
    pub sort_by: Option<MemberSortBy>,

    /// The direction. Default `Desc`.
    pub order_by: Option<SortDirection>,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Whether to list those in all departments below it, too, each person once. Default false.
    pub include_children_departments: Option<bool>,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return `identities`. Default false.
    pub with_identities: Option<bool>,

    /// Whether to return `departmentIds`. Default false.
    pub with_department_ids: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Query of list-department-member-ids.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListDepartmentMemberIdsQuery {
    /// Code of the organisation.
    pub organization_code: String,

    /// The department, named as `departmentIdType` says; `root` is the organisation's root.
    pub department_id: String,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Query of search-department-members.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchDepartmentMembersQuery {
    /// Code of the organisation.
    pub organization_code: String,

    /// The department, named as `departmentIdType` says; `root` is the organisation's root.
    pub department_id: String,

    /// Text to look for where list-users looks without `fuzzySearchOn`.
    pub keywords: String,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Whether to search all departments below it, too. Default false.
    pub include_children_departments: Option<bool>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return `identities`. Default false.
    pub with_identities: Option<bool>,

    /// Whether to return `departmentIds`. Default false.
    pub with_department_ids: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Body of add-department-members and remove-department-members.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentMembersReq {
    /// The department, named as `departmentIdType` says; `root` is the organisation's root.
    pub department_id: String,

    /// Code of the organisation.
    pub organization_code: String,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Ids of the users, 1 to 1,000. Who is in it already, or not in it any more, stays so.
    #[schemars(length(min = 1, max = 1000))]
    pub user_ids: Vec<String>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Query of is-user-in-department.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IsUserInDepartmentQuery {
    /// Id of the user.
    pub user_id: String,

    /// Code of the organisation.
    pub organization_code: String,

    /// The department, named as `departmentIdType` says; `root` is the organisation's root.
    pub department_id: String,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Whether a department below it is enough. Default false.
    pub include_children_departments: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Answer of is-user-in-department.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InDepartment {
    /// Whether the user is in the department.
    pub in_department: bool,
}

/// Query of get-user-departments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetUserDepartmentsQuery {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return the three paths. Default false.
    pub with_department_paths: Option<bool>,

    /// By what to sort. Default `JoinDepartmentAt`.
    pub sort_by: Option<UserDepartmentSortBy>,

    /// The direction. Default `Desc`.
    pub order_by: Option<SortDirection>,
}

/// A department that a user is in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserDepartment {
    /// Code of the organisation.
    pub organization_code: String,

    /// Id of the department.
    pub department_id: String,

    /// Whether it is the root of its organisation.
    pub is_root: bool,

    /// When the department was made.
    pub created_at: String,

    /// Name.
    pub name: String,

    /// Description.
    pub description: Option<String>,

    /// The caller's own id.
    pub open_department_id: Option<String>,

    /// Whether the user leads it.
    pub is_leader: bool,

    /// Code.
    pub code: Option<String>,

    /// Whether it is the user's main department.
    pub is_main_department: bool,

    /// When the user joined it.
    pub joined_at: String,

    /// Whether it is virtual.
    pub is_virtual_node: bool,

    /// The name in other languages.
    pub i18n: Option<DepartmentI18n>,

    /// Custom fields. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Object>,

    /// Ids from the root to the department. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_id_path: Option<Vec<String>>,

    /// Codes from the root to the department, empty for one without. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_code_path: Option<Vec<String>>,

    /// Names from the root to the department. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_name_path: Option<Vec<String>>,
}

/// Body of set-user-departments: afterwards the user is in these departments and in no others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetUserDepartmentsReq {
    /// The user, named as `options.userIdType` says.
    pub user_id: String,

    /// The departments, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub departments: Vec<SetUserDepartment>,

    /// How the user is named.
    pub options: Option<UserIdOptions>,
}

/// A department that a user is to be in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetUserDepartment {
    /// Id of the department.
    pub department_id: String,

    /// Whether the user leads it. As before if absent; false for a new one.
    pub is_leader: Option<bool>,

    /// Whether it is the user's main department, of which there is at most one. As before if absent and no other is
    /// named; false for a new one.
    pub is_main_department: Option<bool>,
}
