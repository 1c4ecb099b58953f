//! Accounts elsewhere: linked, unlinked, shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Object, UserIdType};
use crate::idp::ExtIdpType;

/// Body of link-identity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkIdentityReq {
    /// Id of the identity source.
    pub ext_idp_id: String,

    /// The user, by the id given by this server.
    pub user_id: String,

    /// Which of the source's ids `userIdInIdp` is, such as `openid`, `unionid` or `primary`. Default `generic`.
    #[serde(rename = "type")]
    pub kind: Option<String>,

    /// The user's id at the source.
    pub user_id_in_idp: String,

    /// Without effect, as in the published interface.
    pub is_social: Option<bool>,

    /// Which kind of provider the source is. Needed with the first identity of a source; later ones have the
    /// source's.
    pub provider: Option<ExtIdpType>,
}

/// Body of unlink-identity.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnlinkIdentityReq {
    /// Id of the identity source.
    pub ext_idp_id: String,

    /// The user, by the id given by this server.
    pub user_id: String,

    /// Which of the source's ids to unlink. Default: all of them.
    #[serde(rename = "type")]
    pub kind: Option<String>,

    /// Without effect, as in the published interface.
    pub is_social: Option<bool>,
}

/// An identity source by which a user has signed in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedInIdentity {
    /// Id of the link.
    pub identity_id: String,

    /// Name of the source.
    pub idp_name: String,

    /// English name of the source.
    pub idp_name_en: String,

    /// Address of the source's logo.
    pub idp_logo: String,

    /// Id of the source.
    pub idp_id: String,
}

/// Where a synchronised user comes from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyncRelation {
    /// Kind of the source, such as `wechatwork`, `dingtalk`, `lark` or `ldap`.
    pub provider: String,

    /// The user's id there.
    pub user_id_in_idp: String,

    /// What the source says of the user.
    pub user_info_in_idp: Object,
}

/// Body of delete-user-sync-relations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteSyncRelationsReq {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,

    /// The kind of source whose relations go, such as `wechatwork`, `dingtalk`, `lark` or `ldap`.
    pub provider: String,
}
