//! Organisations: trees of departments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchword_kit::Field;

use crate::common::{LangInput, LangObject, Object};

/// The name of an organisation in other languages.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationI18nInput {
    /// The name.
    pub organization_name: LangInput,
}

/// The name of an organisation in other languages.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationI18n {
    /// The name.
    pub organization_name: LangObject,
}

/// Query of get-organization.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetOrganizationQuery {
    /// Code of the organisation.
    pub organization_code: String,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return `postIdList`. Default false.
    pub with_post: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Query of get-organization-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetOrganizationBatchQuery {
    /// Codes of organisations, 1 to 50. Those that do not exist are left out of the answer.
    #[schemars(length(min = 1, max = 50))]
    pub organization_code_list: Vec<String>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return `postIdList`. Default false.
    pub with_post: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Query of list-organizations.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListOrganizationsQuery {
    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Whether to return all of them, whatever `page` and `limit` say. Default false.
    pub fetch_all: Option<bool>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return `postIdList`. Default false.
    pub with_post: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,

    /// Only those that are in use, or, if false, only those that are not.
    pub status: Option<bool>,
}

/// Query of search-organizations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchOrganizationsQuery {
    /// Text to look for in name and code, whatever the case.
    pub keywords: String,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Body of create-organization. The organisation begins as one department, its root.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateOrganizationReq {
    /// Code, unique in the user pool, 1 to 128 characters.
    #[schemars(length(min = 1, max = 128))]
    pub organization_code: String,

    /// Name, 1 to 256 characters.
    #[schemars(length(min = 1, max = 256))]
    pub organization_name: String,

    /// Description, up to 1024 characters.
    pub description: Option<String>,

    /// The caller's own id of the root.
    pub open_department_id: Option<String>,

    /// The name in other languages.
    pub i18n: Option<OrganizationI18nInput>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,

    /// Ids of the root's posts, up to 50.
    #[schemars(length(max = 50))]
    pub post_id_list: Option<Vec<String>>,

    /// Values of data objects. There are none for organisations: anything but an empty object is refused.
    pub metadata: Option<Object>,
}

/// Body of update-organization. A member that is absent stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateOrganizationReq {
    /// Code of the organisation.
    pub organization_code: String,

    /// Description. Null clears it.
    #[serde(default)]
    pub description: Field<String>,

    /// The caller's own id of the root. Null clears it.
    #[serde(default)]
    pub open_department_id: Field<String>,

    /// The leaders of the root, up to 50; who is not in it joins it.
    #[schemars(length(max = 50))]
    pub leader_user_ids: Option<Vec<String>>,

    /// The name in other languages; a language that is absent stays as it is. Null clears them all.
    #[serde(default)]
    pub i18n: Field<OrganizationI18nInput>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,

    /// New code of the organisation.
    pub organization_new_code: Option<String>,

    /// New name.
    pub organization_name: Option<String>,

    /// Ids of the root's posts, up to 50.
    #[schemars(length(max = 50))]
    pub post_id_list: Option<Vec<String>>,
}

/// Body of delete-organization.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteOrganizationReq {
    /// Code of the organisation.
    pub organization_code: String,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Body of update-organization-status.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateOrganizationStatusReq {
    /// `true`: in use; `false`: not, so that what is given to its departments reaches nobody. Needed, though the
    /// contract does not say so.
    #[schemars(with = "Option<String>")]
    pub status: Option<Value>,

    /// Id of the organisation's root.
    pub root_node_id: String,
}

/// An organisation. Times are RFC 3339 in UTC with milliseconds.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// Code, unique in the user pool.
    pub organization_code: String,

    /// Name.
    pub organization_name: String,

    /// Description.
    pub description: Option<String>,

    /// When it was made.
    pub created_at: String,

    /// When it was last changed.
    pub updated_at: String,

    /// Id of the root; the organisation's own id.
    pub department_id: String,

    /// The caller's own id of the root.
    pub open_department_id: Option<String>,

    /// Whether it has more than the root.
    pub has_children: bool,

    /// Ids of the root's leaders.
    pub leader_user_ids: Vec<String>,

    /// How many people are in the whole tree, each counted once.
    pub members_count: i64,

    /// Whether the root is virtual.
    pub is_virtual_node: bool,

    /// The name in other languages.
    pub i18n: Option<OrganizationI18n>,

    /// Custom fields of the root. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Object>,

    /// Id of the tenant; there are none.
    pub tenant_id: Option<String>,

    /// Ids of the root's posts. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_id_list: Option<Vec<String>>,

    /// `true` when it is in use, otherwise `false`.
    pub status: String,

    /// Restriction of access; there is none.
    pub allow: Option<String>,
}
