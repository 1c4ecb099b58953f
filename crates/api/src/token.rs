//! Tokens for the management API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

/// Body of get-management-token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetManagementTokenReq {
    /// Id of the access key; the id of the user pool for the pool's own key.
    pub access_key_id: String,

    /// Secret of the access key.
    pub access_key_secret: Secret<String>,
}

/// Answer of get-management-token.
#[derive(Clone, Serialize, JsonSchema)]
pub struct ManagementToken {
    /// Token for the management API.
    pub access_token: String,

    /// Seconds for which it is valid: 7200.
    pub expires_in: i64,
}

quiet_debug!(ManagementToken);
