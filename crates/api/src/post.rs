//! Posts: positions that users and departments have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Field;

use crate::common::{Names, Object};

/// Query of list-post.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListPostsQuery {
    /// Only posts whose code or name contains this text, whatever its case.
    pub keywords: Option<String>,

    /// Whether to leave `userCount` and `departmentCount` out. Default false.
    pub skip_count: Option<bool>,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// No effect: posts have no metadata.
    pub with_metadata: Option<bool>,

    /// Whether to return `customData`. No custom field can be defined for posts, so it is empty. Default false.
    pub with_custom_data: Option<bool>,

    /// No effect: posts have no custom data that could be shown flat.
    pub flat_custom_data: Option<bool>,
}

/// Body of list-post.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListPostsReq {
    /// Only posts whose code or name contains this text, whatever its case.
    pub keywords: Option<String>,

    /// Whether to leave `userCount` and `departmentCount` out. Default false.
    pub skip_count: Option<bool>,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// No effect: posts have no metadata.
    pub with_metadata: Option<bool>,

    /// Whether to return `customData`. No custom field can be defined for posts, so it is empty. Default false.
    pub with_custom_data: Option<bool>,

    /// No effect: posts have no custom data that could be shown flat.
    pub flat_custom_data: Option<bool>,

    /// No effect: posts have no metadata.
    pub metadata_no_field_id: Option<bool>,

    /// Only posts made at this Unix time, in milliseconds, or later.
    pub created_after: Option<i64>,

    /// Only posts made at this Unix time, in milliseconds, or earlier.
    pub created_before: Option<i64>,

    /// Only posts changed at this Unix time, in milliseconds, or later.
    pub updated_after: Option<i64>,

    /// Only posts changed at this Unix time, in milliseconds, or earlier.
    pub updated_before: Option<i64>,

    /// Only posts with these codes, up to 500.
    #[schemars(length(max = 500))]
    pub post_codes: Option<Vec<String>>,
}

/// Query of get-post.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetPostQuery {
    /// Code of the post.
    pub code: String,

    /// Whether to return `customData`. No custom field can be defined for posts, so it is empty. Default false.
    pub with_custom_data: Option<bool>,
}

/// Query of get-user-posts and get-user-post.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserPostsQuery {
    /// Id of the user.
    pub user_id: String,

    /// Whether to return `customData`. No custom field can be defined for posts, so it is empty. Default false.
    pub with_custom_data: Option<bool>,
}

/// Body of get-post-by-id.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetPostsByIdReq {
    /// Ids of posts, 1 to 50: a list, or one text with commas between them.
    pub id_list: Option<Names>,

    /// Whether to return `customData`. No custom field can be defined for posts, so it is empty. Default false.
    pub with_custom_data: Option<bool>,
}

/// Body of create-post.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatePostReq {
    /// Code, unique in the user pool whatever its case: 1 to 64 characters, none of them a control or invisible one.
    pub code: String,

    /// Name, 1 to 128 characters.
    pub name: String,

    /// Description, up to 1,024 characters.
    pub description: Option<String>,

    /// Ids of the departments that have the post, up to 500: a list, or one text with commas between them.
    pub department_id_list: Option<Names>,
}

/// Body of update-post. The code names the post and stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdatePostReq {
    /// Code of the post.
    pub code: String,

    /// Name, 1 to 128 characters.
    pub name: String,

    /// Description, up to 1,024 characters. Null clears it.
    #[serde(default)]
    pub description: Field<String>,

    /// Ids of all departments that have the post from now on, up to 500: a list, or one text with commas between
    /// them; an empty list takes them all away. Left out, they stay.
    pub department_id_list: Option<Names>,
}

/// Body of remove-post.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovePostReq {
    /// Code of the post.
    pub code: String,
}

/// Body of set-user-posts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetUserPostsReq {
    /// Id of the user.
    pub user_id: String,

    /// Ids, or codes, of all posts that the user has from now on, up to 50; an empty list takes them all away.
    #[schemars(length(max = 50))]
    pub post_ids: Vec<String>,
}

/// Body of user-connection-post.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectUserReq {
    /// Id, or code, of the post.
    pub post_id: String,

    /// Id of the user, who keeps the posts that there are.
    pub user_id: String,
}

/// A post in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostItem {
    /// Id. An addition of this server.
    pub id: String,

    /// Code.
    pub code: String,

    /// Name.
    pub name: String,

    /// Description.
    pub description: Option<String>,

    /// How many users have the post. Left out with `skipCount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_count: Option<i64>,

    /// How many departments have the post. Left out with `skipCount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_count: Option<i64>,

    /// Metadata; posts have none.
    pub metadata_source: Vec<String>,

    /// When the post was made, RFC 3339. An addition of this server.
    pub created_at: String,

    /// When the post was last changed, RFC 3339. An addition of this server.
    pub updated_at: String,

    /// Custom data. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Object>,
}

/// A post.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Post {
    /// Id. An addition of this server.
    pub id: String,

    /// Code.
    pub code: String,

    /// Name.
    pub name: String,

    /// Description.
    pub description: Option<String>,

    /// Ids of the departments that have the post.
    pub department_id_list: Vec<String>,

    /// Custom data. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Object>,
}

/// A post as get-post and get-user-post show it. The contract says that the departments are a text but shows a list;
/// a list they are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostDetail {
    /// Id. An addition of this server.
    pub id: String,

    /// Code.
    pub code: String,

    /// Name.
    pub name: String,

    /// Description.
    pub description: Option<String>,

    /// Ids of the departments that have the post, a list.
    pub department_id_list: Names,

    /// Custom data. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Object>,
}

/// Answer of get-post-by-id: the contract describes one post where there can be several, so the first that was asked
/// for is in the members, and `list` has them all.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostsById {
    /// The first post.
    #[serde(flatten)]
    pub first: Post,

    /// The posts, in the order of their ids. An addition of this server.
    pub list: Vec<Post>,
}
