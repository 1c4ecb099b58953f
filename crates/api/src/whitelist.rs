//! Who may register, where the pool or an application asks for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

wire_enum! {
    /// What an entry is compared with: `USERNAME` the user name, `EMAIL` the e-mail address, `PHONE` the phone number.
    pub enum WhitelistType {
        Username = "USERNAME",
        Email = "EMAIL",
        Phone = "PHONE",
    }
}

/// Body of add-whitelist and delete-whitelist.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhitelistReq {
    /// What the entries are.
    #[serde(rename = "type")]
    pub kind: WhitelistType,

    /// The entries, 1 to 500. A phone number of another country than China has its code in front.
    #[schemars(length(min = 1, max = 500))]
    pub list: Option<Vec<String>>,
}

/// Body of add-whitelist-of-app and delete-whitelist-of-app.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppWhitelistReq {
    /// Id of the application.
    pub app_id: String,

    /// What the entries are.
    #[serde(rename = "type")]
    pub kind: WhitelistType,

    /// The entries, 1 to 500. A phone number of another country than China has its code in front.
    #[schemars(length(min = 1, max = 500))]
    pub list: Option<Vec<String>>,
}

/// Query of list-whitelist.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListWhitelistQuery {
    /// What the entries are.
    #[serde(rename = "type")]
    pub kind: WhitelistType,
}

/// Query of list-whitelist-of-app.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAppWhitelistQuery {
    /// What the entries are.
    #[serde(rename = "type")]
    pub kind: WhitelistType,

    /// Id of the application.
    pub app_id: String,
}

/// One who may register.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhitelistEntry {
    /// The user name, e-mail address or phone number, as it was given first.
    pub value: String,

    /// When it was added, RFC 3339.
    pub created_at: String,
}

/// Answer of the operations on whitelists: the contract describes one entry where there can be many, so the newest is
/// in `value` and `createdAt`, and `list` has them all.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Whitelist {
    /// The newest entry; empty where there is none.
    pub value: String,

    /// When the newest entry was added, RFC 3339; empty where there is none.
    pub created_at: String,

    /// The entries, newest first. An addition of this server.
    pub list: Vec<WhitelistEntry>,
}
