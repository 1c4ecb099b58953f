//! Roles: what users may be in a permission space. To whom they are given is in `role/assign.rs`.

mod assign;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use watchword_kit::Field;

use crate::common::{ResourceType, UserIdType};
use crate::user::User;

pub use assign::{
    AssignRoleBatchReq, AssignRoleReq, AssignmentTargetType, ListRoleAssignmentsQuery, RevokeRoleBatchReq,
    RevokeRoleReq, RoleAssignment, RoleAssignments, RoleTargetType, Target,
};

wire_enum! {
    /// `ENABLE` a role in force, `DISABLE` one that nobody holds.
    #[derive(Default)]
    pub enum RoleStatus {
        #[default]
        Enable = "ENABLE",
        Disable = "DISABLE",
    }
}

/// Milliseconds since 1970, which the contract writes as a text; a number is read, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MillisText(pub i64);

impl<'de> Deserialize<'de> for MillisText {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(i64),
            Text(String),
        }
        let expected = || serde::de::Error::custom("invalid value, expected milliseconds since 1970, in digits");
        match Either::deserialize(d).map_err(|_| expected())? {
            Either::Number(n) => Ok(MillisText(n)),
            Either::Text(s) => s.trim().parse().map(MillisText).map_err(|_| expected()),
        }
    }
}

/// A role.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// Id given by this server.
    pub id: String,

    /// Code, unique in the permission space.
    pub code: String,

    /// Name, unique in the permission space.
    pub name: String,

    /// Description; empty where there is none.
    pub description: String,

    /// Code of the permission space.
    pub namespace: String,

    /// Name of the permission space.
    pub namespace_name: String,

    /// Whether the role is in force; `DISABLE` also once `disableTime` has come.
    pub status: RoleStatus,

    /// When the role goes out of force, in milliseconds since 1970; null: never.
    pub disable_time: Option<i64>,

    /// Roles that nobody may hold together with this one. Only in get-role, where there are any. An addition of this
    /// server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excludes: Option<Vec<RoleRef>>,
}

/// A role that a user holds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldRole {
    /// The role.
    #[serde(flatten)]
    pub role: Role,

    /// Whether the user holds it only through a group, a department or another role. An addition of this server.
    pub inherited: bool,
}

/// A user who holds a role.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleMember {
    /// The user.
    #[serde(flatten)]
    pub user: User,

    /// Whether the user holds the role only through a group, a department or another role. An addition of this server.
    pub inherited: bool,
}

/// A role by its code.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleRef {
    /// Code of the role.
    pub code: String,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,
}

/// Query of get-role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetRoleQuery {
    /// Code of the role.
    pub code: String,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,
}

/// Query of list-roles.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListRolesQuery {
    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Text to look for in the code or name; case does not count.
    pub keywords: Option<String>,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,
}

/// Body of create-role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateRoleReq {
    /// Code, unique in the permission space: 1 to 50 letters, digits, `-` and `_`.
    pub code: String,

    /// Name, unique in the permission space, up to 50 characters. Default the code.
    pub name: Option<String>,

    /// Code of the permission space: `default`, `system`, or the id of an application. Default `default`.
    pub namespace: Option<String>,

    /// Description, up to 200 characters.
    pub description: Option<String>,

    /// When the role goes out of force, in milliseconds since 1970; null: never.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub disable_time: Field<MillisText>,

    /// Roles that nobody may hold together with this one, at most 50. An addition of this server.
    #[schemars(length(max = 50))]
    pub excludes: Option<Vec<RoleRef>>,
}

/// A role of create-roles-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewRole {
    /// Code, unique in the permission space: 1 to 50 letters, digits, `-` and `_`.
    pub code: String,

    /// Name, unique in the permission space, up to 50 characters. Default the code.
    pub name: Option<String>,

    /// Description, up to 200 characters.
    pub description: Option<String>,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,
}

/// Body of create-roles-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateRolesBatchReq {
    /// The roles, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub list: Vec<NewRole>,
}

/// Body of update-role: what is absent stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateRoleReq {
    /// Code of the role.
    pub code: String,

    /// New code.
    pub new_code: Option<String>,

    /// New name, up to 50 characters.
    pub name: Option<String>,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,

    /// New description, up to 200 characters.
    pub description: Option<String>,

    /// New state: `ENABLE` or `DISABLE`, in any case.
    pub status: Option<String>,

    /// When the role goes out of force, in milliseconds since 1970; null: never.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub disable_time: Field<MillisText>,

    /// Roles that nobody may hold together with this one, in place of those named before; at most 50. An addition of
    /// this server.
    #[schemars(length(max = 50))]
    pub excludes: Option<Vec<RoleRef>>,
}

/// Body of delete-roles-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteRolesReq {
    /// Codes of the roles, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub code_list: Vec<String>,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,
}

/// A role of multiple-namespace-delete-roles-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleInSpace {
    /// Code of the role.
    pub code: String,

    /// Code of the permission space. Default `system`.
    pub namespace: Option<String>,
}

/// Body of multiple-namespace-delete-roles-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteRolesOfSpacesReq {
    /// The roles, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub role_list: Vec<RoleInSpace>,
}

/// Body of check-role-params.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckRoleParamsReq {
    /// Code of the permission space.
    pub namespace: String,

    /// The code that a new role would have.
    pub code: String,

    /// The name that a new role would have.
    pub name: Option<String>,
}

/// Answer of check-role-params and create-admin-role.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleCheck {
    /// Whether a role could be created so.
    pub is_valid: bool,

    /// True where `reason` says why not; absent otherwise. The contract gives this member the type of a boolean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<bool>,

    /// Why not, in words. An addition of this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Body of create-admin-role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateAdminRoleReq {
    /// Code, unique in the permission space `system`: 1 to 50 letters, digits, `-` and `_`.
    pub code: String,

    /// Name, unique in the permission space `system`, up to 50 characters.
    pub name: String,

    /// Description, up to 200 characters.
    pub description: Option<String>,
}

/// Body of delete-admin-roles.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAdminRolesReq {
    /// Codes of administrators' roles, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub code_list: Vec<String>,
}

/// Query of list-role-members.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListRoleMembersQuery {
    /// Code of the role.
    pub code: String,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,

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
}

/// Query of list-role-departments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListRoleDepartmentsQuery {
    /// Code of the role.
    pub code: String,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,
}

/// A department to which a role is assigned.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleDepartment {
    /// Id of the department.
    pub id: String,

    /// Code of the department; empty where it has none.
    pub code: String,

    /// Name of the department.
    pub name: String,

    /// Description; empty where there is none.
    pub description: String,
}

/// Query of get-role-authorized-resources.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetRoleAuthorizedResourcesQuery {
    /// Code of the role.
    pub code: String,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,

    /// Kind of resource. Without effect while there are no resources.
    pub resource_type: Option<ResourceType>,
}

/// A resource that a role is given rights on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleResource {
    /// Code of the resource.
    pub resource_code: String,

    /// Kind of the resource.
    pub resource_type: ResourceType,

    /// What may be done.
    pub actions: Vec<String>,

    /// Address of the API.
    pub api_identifier: String,
}

/// Body of check-role-mutual-exclusion.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckMutualExclusionReq {
    /// The roles, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub roles: Vec<RoleRef>,
}

/// Answer of check-role-mutual-exclusion.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MutualExclusion {
    /// Whether two of the roles exclude each other.
    pub exist_mutually_exclusive: bool,
}

/// Query of get-user-roles.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetUserRolesQuery {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,
}

/// Options of has-any-role.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HasAnyRoleOptions {
    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,
}

/// Body of has-any-role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HasAnyRoleReq {
    /// The user, named as `options.userIdType` says.
    pub user_id: String,

    /// The roles, 1 to 50. A role that does not exist is held by nobody.
    #[schemars(length(min = 1, max = 50))]
    pub roles: Vec<RoleRef>,

    /// How the user is named.
    pub options: Option<HasAnyRoleOptions>,
}

/// Answer of has-any-role.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HasAnyRole {
    /// Whether the user holds one of the roles now, directly or through a group, a department or another role.
    pub has_any_role: bool,
}
