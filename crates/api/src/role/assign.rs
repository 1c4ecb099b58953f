//! To whom roles are given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RoleRef, RoleStatus};

wire_enum! {
    /// To whom a role is given: a `USER`, all who hold a `ROLE`, all in a `GROUP`, all in a `DEPARTMENT` and the
    /// departments below it.
    pub enum RoleTargetType {
        User = "USER",
        Role = "ROLE",
        Group = "GROUP",
        Department = "DEPARTMENT",
    }
}

wire_enum! {
    /// Which assignments to list: those to users, or those to departments.
    pub enum AssignmentTargetType {
        User = "USER",
        Org = "ORG",
    }
}

/// One to whom a role is given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Kind of the target.
    pub target_type: RoleTargetType,

    /// Id of a user or department; code of a group, or of a role of the same permission space.
    pub target_identifier: String,
}

/// Body of assign-role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignRoleReq {
    /// Code of the role.
    pub code: String,

    /// Until when, in milliseconds since 1970; null: for ever.
    pub end_time: Option<i64>,

    /// From when, in milliseconds since 1970; null: at once.
    pub enable_time: Option<i64>,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,

    /// The targets, 1 to 50. One that has the role already gets these times.
    #[schemars(length(min = 1, max = 50))]
    pub targets: Vec<Target>,
}

/// Body of assign-role-batch. The roles are given at once and for ever.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssignRoleBatchReq {
    /// The roles, 1 to 10.
    #[schemars(length(min = 1, max = 10))]
    pub roles: Vec<RoleRef>,

    /// The targets, 1 to 10.
    #[schemars(length(min = 1, max = 10))]
    pub targets: Vec<Target>,
}

/// Body of revoke-role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevokeRoleReq {
    /// Code of the role.
    pub code: String,

    /// Code of the permission space. Default `default`.
    pub namespace: Option<String>,

    /// The targets, 1 to 50. One that has not the role is passed over.
    #[schemars(length(min = 1, max = 50))]
    pub targets: Vec<Target>,
}

/// Body of revoke-role-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevokeRoleBatchReq {
    /// The roles, 1 to 10.
    #[schemars(length(min = 1, max = 10))]
    pub roles: Vec<RoleRef>,

    /// The targets, 1 to 50. One that has not the role is passed over.
    #[schemars(length(min = 1, max = 50))]
    pub targets: Vec<Target>,
}

/// Query of list-role-assignments.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListRoleAssignmentsQuery {
    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Only roles whose code or name has this text; case does not count.
    pub query: Option<String>,

    /// Code of the role. Default every role of the permission space.
    pub role_code: Option<String>,

    /// Code of the permission space. Default `default`.
    pub namespace_code: Option<String>,

    /// Only assignments to targets of these kinds. Default all, also those to groups and roles.
    pub target_type: Option<Vec<AssignmentTargetType>>,
}

/// A page of assignments.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignments {
    /// How many there are in all.
    pub total_count: i64,

    /// The assignments of this page.
    pub data: Vec<RoleAssignment>,
}

/// A role given to a target.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignment {
    /// Id of the role.
    pub role_id: String,

    /// Whether the target has the role now.
    pub status: RoleStatus,

    /// From when, in milliseconds since 1970; null: from the beginning.
    pub enable_time: Option<i64>,

    /// Until when, in milliseconds since 1970; null: for ever.
    pub end_time: Option<i64>,

    /// Id of the user pool.
    pub user_pool_id: String,

    /// Name of the role.
    pub role_name: String,

    /// Code of the role.
    pub role_code: String,

    /// Description of the role.
    pub description: Option<String>,

    /// When the role was assigned.
    pub created_at: String,

    /// When the assignment was last changed.
    pub updated_at: String,

    /// Kind of the target. An addition of this server.
    pub target_type: RoleTargetType,

    /// Id of the user or department, code of the group or role. An addition of this server.
    pub target_identifier: String,
}
