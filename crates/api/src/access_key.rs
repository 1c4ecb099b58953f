//! Keys for the management API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Query of list-access-key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAccessKeysQuery {
    /// Only keys of this user.
    pub user_id: Option<String>,

    /// Only keys of this tenant.
    pub tenant_id: Option<String>,

    /// Only keys of this type, such as `userpool`.
    #[serde(rename = "type")]
    pub kind: Option<String>,

    /// Only keys in one of these states: `activated`, `staging`, `revoked`.
    pub status: Option<Vec<String>>,
}

/// Query of get-access-key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAccessKeyQuery {
    /// Id of the user to whom the key belongs; for a key that belongs to none, the id of the user pool.
    pub user_id: String,

    /// Id of the key.
    pub access_key_id: String,
}

/// Body of create-access-key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateAccessKeyReq {
    /// Type of the key: `userpool`.
    #[serde(rename = "type")]
    pub kind: String,

    /// Id of the user to whom the key belongs.
    pub user_id: Option<String>,

    /// Id of the tenant to which the key belongs.
    pub tenant_id: Option<String>,

    /// What the key may do; nothing by default. An addition of this server.
    pub permissions: Option<Vec<String>>,
}

/// Body of delete-access-key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteAccessKeyReq {
    /// Id of the key.
    pub access_key_id: String,
}

/// Body of update-access-key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateAccessKeyReq {
    /// Id of the key.
    pub access_key_id: String,

    /// Whether the key may be used.
    pub enable: bool,

    /// What the key may do; unchanged when absent. An addition of this server.
    pub permissions: Option<Vec<String>>,
}

/// A key for the management API.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessKey {
    /// Id of the key.
    pub access_key_id: String,

    /// Secret of the key; shown by create-access-key only, ever after its first four characters and `****`.
    pub access_key_secret: String,

    /// Id of the user to whom the key belongs; null for a key of the pool.
    pub user_id: Option<String>,

    /// When the key was made, RFC 3339.
    pub created_at: String,

    /// State: `activated`, `staging` or `revoked`.
    pub status: String,

    /// When the key was last used, RFC 3339.
    pub last_date: Option<String>,

    /// Id of the user pool.
    pub user_pool_id: String,

    /// Whether the key may be used.
    pub enable: bool,

    /// Type of the key.
    #[serde(rename = "type")]
    pub kind: String,

    /// What the key may do.
    pub permissions: Vec<String>,
}

quiet_debug!(AccessKey);
