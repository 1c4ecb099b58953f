//! Leaving, archives, sessions, and what is known of a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Effect, Object, ResourceType, UserIdOptions, UserIdType};

/// Body of resign-user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResignUserReq {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,
}

/// Body of resign-user-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResignUserBatchReq {
    /// The users, 1 to 50, named as `userIdType` says.
    #[schemars(length(min = 1, max = 50))]
    pub user_ids: Vec<String>,

    /// What `userIds` are. Default `user_id`.
    pub user_id_type: Option<UserIdType>,
}

/// Query of list-archived-users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListArchivedUsersQuery {
    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Only users archived at this moment or later; Unix time in seconds.
    pub start_at: Option<i64>,
}

/// A user in the archive.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArchivedUser {
    /// Id of the user.
    pub user_id: String,

    /// When the user was archived.
    pub archived_at: String,
}

/// Body of check-session-status.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckSessionStatusReq {
    /// The user, by the id given by this server.
    pub user_id: String,

    /// The application.
    pub app_id: String,
}

/// Answer of check-session-status.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionStatus {
    /// Whether the user has a live session of the application.
    pub active: bool,
}

/// A real-name authentication.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrincipalAuthentication {
    /// Whether it succeeded.
    pub authenticated: bool,

    /// `P` a person, `E` an enterprise.
    pub principal_type: String,

    /// Number of the certificate.
    pub principal_code: String,

    /// Name on the certificate.
    pub principal_name: String,

    /// When it took place.
    pub authenticated_at: String,
}

/// Body of reset-user-principal-authentication-info.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetPrincipalAuthenticationReq {
    /// The user, named as `options.userIdType` says.
    pub user_id: String,

    /// How the user is named.
    pub options: Option<UserIdOptions>,
}

/// Query of get-user-authorized-resources.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizedResourcesQuery {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,

    /// Code of the permission space, which must exist. Otherwise without effect while there are no resources.
    pub namespace: Option<String>,

    /// Kind of resource. Without effect while there are no resources.
    pub resource_type: Option<ResourceType>,
}

/// A resource that a user may use.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizedResource {
    /// Code of the resource.
    pub resource_code: String,

    /// Description.
    pub description: Option<String>,

    /// When the rule applies.
    pub condition: Option<Vec<Object>>,

    /// Kind of the resource.
    pub resource_type: ResourceType,

    /// Address of an API.
    pub api_identifier: String,

    /// What may be done.
    pub actions: Vec<String>,

    /// Whether it is allowed or denied.
    pub effect: Effect,
}

/// Body of get-user-password-ciphertext.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordCiphertextReq {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,
}

/// Answer of get-user-password-ciphertext.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordCiphertext {
    /// The password, encrypted.
    pub ciphertext: String,
}

quiet_debug!(PasswordCiphertext);

/// Body of batch-get-user-encrypt-password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordCiphertextBatchReq {
    /// The users, 1 to 50, by the ids given by this server.
    #[schemars(length(min = 1, max = 50))]
    pub user_ids: Vec<String>,
}

/// One answer of batch-get-user-encrypt-password.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncryptedPassword {
    /// Id of the user.
    pub user_id: String,

    /// The password, encrypted.
    pub encrypted_password: String,
}

quiet_debug!(EncryptedPassword);
