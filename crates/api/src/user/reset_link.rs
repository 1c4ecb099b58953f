//! Links by which users set a new password.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::UserIdType;

/// Body of send-user-reset-password-email-link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendResetLinkReq {
    /// Who gets a link, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub users: Vec<ResetLinkUser>,
}

/// Somebody who is to get a link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetLinkUser {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,
}

/// Whether a link is on its way.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResetLinkSent {
    /// As the request named the user.
    pub user_id: String,

    /// False for a user who does not exist, may not sign in or has no e-mail address, and within the limits on
    /// messages to one address.
    pub success: bool,
}
