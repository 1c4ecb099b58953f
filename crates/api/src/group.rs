//! Groups: sets of users, chosen one by one or by a rule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Effect, Object, ResourceType, UserIdType};
use crate::user::{AdvancedFilter, User};

wire_enum! {
    /// How the members of a group are chosen: `static` one by one, `dynamic` by a rule that is followed with every
    /// change of a user.
    pub enum GroupKind {
        Static = "static",
        Dynamic = "dynamic",
    }
}

/// A group.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Id given by this server.
    pub id: String,

    /// Code, unique in the user pool.
    pub code: String,

    /// Name.
    pub name: String,

    /// Description; empty where there is none.
    pub description: String,

    /// How members are chosen.
    #[serde(rename = "type")]
    pub kind: GroupKind,

    /// The condition that makes a user a member, of dynamic groups. An addition of this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Vec<AdvancedFilter>>,

    /// Metadata of the group. Always empty: groups have none here.
    pub metadata_source: Vec<String>,

    /// The members, who came first before. Left out by list-groups and get-user-groups, by get-all-groups without
    /// `fetchMembers`, and by get-group of more than 1000: list-group-members tells them page by page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<User>>,

    /// Custom fields. Only where asked for, and in answers to writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Object>,

    /// Custom fields shown as members of the group, where `flatCustomData` was asked for.
    #[serde(flatten)]
    #[schemars(skip)]
    pub flat_custom_data: Object,
}

/// Query of get-group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetGroupQuery {
    /// Code of the group.
    pub code: String,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,
}

/// Query of list-groups.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListGroupsQuery {
    /// Text to look for in the code or name; case does not count.
    pub keywords: Option<String>,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Whether to return metadata. Has no effect: groups have no metadata here.
    pub with_metadata: Option<bool>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return custom fields as members of the group itself. Default false.
    pub flat_custom_data: Option<bool>,
}

/// Query of get-all-groups.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAllGroupsQuery {
    /// Whether to return `members`. Default false. Refused when the groups have more than 10,000 members together.
    pub fetch_members: Option<bool>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,
}

/// A group to create. Body of create-group.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewGroup {
    /// Code, unique in the user pool: 1 to 50 letters, digits, `-` and `_`.
    pub code: String,

    /// Name, up to 50 characters.
    pub name: String,

    /// Description, up to 200 characters. Default empty.
    pub description: Option<String>,

    /// How members are chosen.
    #[serde(rename = "type")]
    pub kind: GroupKind,

    /// The condition that makes a user a member: conditions as in `advancedFilter` of list-users, which must all hold.
    /// Dynamic groups need one, static ones have none. `updatedAt`, `loggedInApps` and groups cannot be named in it. An
    /// addition of this server.
    #[schemars(length(min = 1, max = 20))]
    pub rule: Option<Vec<AdvancedFilter>>,

    /// Custom fields.
    pub custom_data: Option<Object>,
}

/// Body of create-groups-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateGroupsBatchReq {
    /// The groups, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub list: Vec<NewGroup>,
}

/// Answer of create-or-update-group.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateOrUpdateGroup {
    /// Whether the group is new.
    pub created: bool,

    /// The group.
    pub data: Group,
}

/// Body of update-group: what is absent stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateGroupReq {
    /// Code of the group.
    pub code: String,

    /// New description, up to 200 characters.
    pub description: Option<String>,

    /// New name, up to 50 characters.
    pub name: Option<String>,

    /// New code.
    pub new_code: Option<String>,

    /// New condition of a dynamic group. An addition of this server.
    #[schemars(length(min = 1, max = 20))]
    pub rule: Option<Vec<AdvancedFilter>>,

    /// Custom fields to change; null takes one away.
    pub custom_data: Option<Object>,
}

/// Body of delete-groups-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteGroupsReq {
    /// Codes of the groups, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub code_list: Vec<String>,
}

/// Body of add-group-members and remove-group-members.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupMembersReq {
    /// Code of the group.
    pub code: String,

    /// Ids of the users, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub user_ids: Vec<String>,
}

/// Query of list-group-members.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListGroupMembersQuery {
    /// Code of the group.
    pub code: String,

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

/// Query of get-user-groups.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetUserGroupsQuery {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,
}

/// Query of get-group-authorized-resources.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetGroupAuthorizedResourcesQuery {
    /// Code of the group.
    pub code: String,

    /// Code of the permission space, which must exist. Otherwise without effect while there are no resources.
    pub namespace: Option<String>,

    /// Kind of resource. Without effect while there are no resources.
    pub resource_type: Option<ResourceType>,
}

/// A resource on which a group is allowed or denied something.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupResource {
    /// Code of the resource.
    pub resource_code: String,

    /// Description.
    pub description: Option<String>,

    /// When the permission applies.
    pub condition: Option<Vec<PolicyCondition>>,

    /// Kind of the resource.
    pub resource_type: ResourceType,

    /// Address of the API.
    pub api_identifier: String,

    /// What may be done.
    pub actions: Vec<String>,

    /// Whether it is allowed or denied.
    pub effect: Effect,
}

wire_enum! {
    /// What a condition of a permission looks at.
    pub enum ConditionParam {
        UserPoolId = "UserPoolId",
        AppId = "AppId",
        RequestFrom = "RequestFrom",
        UserId = "UserId",
        UserArn = "UserArn",
        CurrentTime = "CurrentTime",
        EpochTime = "EpochTime",
        SourceIp = "SourceIp",
        User = "User",
        MultiFactorAuthPresent = "MultiFactorAuthPresent",
        MultiFactorAuthAge = "MultiFactorAuthAge",
        UserAgent = "UserAgent",
        Referer = "Referer",
        Device = "Device",
        Os = "OS",
        Country = "Country",
        Province = "Province",
        City = "City",
        DeviceChanged = "DeviceChanged",
        DeviceUntrusted = "DeviceUntrusted",
        ProxyUntrusted = "ProxyUntrusted",
        LoggedInApps = "LoggedInApps",
        Namespace = "Namespace",
    }
}

wire_enum! {
    /// How a condition of a permission compares.
    pub enum ConditionOperator {
        Bool = "Bool",
        DateEquals = "DateEquals",
        DateNotEquals = "DateNotEquals",
        DateLessThan = "DateLessThan",
        DateLessThanEquals = "DateLessThanEquals",
        DateGreaterThan = "DateGreaterThan",
        DateGreaterThanEquals = "DateGreaterThanEquals",
        IpAddress = "IpAddress",
        NotIpAddress = "NotIpAddress",
        NumericEquals = "NumericEquals",
        NumericNotEquals = "NumericNotEquals",
        NumericLessThan = "NumericLessThan",
        NumericLessThanEquals = "NumericLessThanEquals",
        NumericGreaterThan = "NumericGreaterThan",
        NumericGreaterThanEquals = "NumericGreaterThanEquals",
        StringEquals = "StringEquals",
        StringNotEquals = "StringNotEquals",
        StringEqualsIgnoreCase = "StringEqualsIgnoreCase",
        StringNotEqualsIgnoreCase = "StringNotEqualsIgnoreCase",
        StringLike = "StringLike",
        StringNotLike = "StringNotLike",
        ListContains = "ListContains",
    }
}

/// A condition of a permission.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyCondition {
    /// What it looks at.
    pub param: ConditionParam,

    /// How it compares.
    pub operator: ConditionOperator,

    /// What it compares with.
    pub value: String,
}
