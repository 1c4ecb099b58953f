//! Accounts elsewhere, as their user sees them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::idp::ExtIdpType;

/// Body of unlink-extidp.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnlinkExtIdpReq {
    /// Id of the identity source.
    pub ext_idp_id: String,
}

wire_enum! {
    /// Kind of an identity source.
    pub enum ExtIdpKind {
        Social = "social",
        Enterprise = "enterprise",
    }
}

/// An identity source by which one can sign in to the application.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EnabledExtIdp {
    /// Name of the connection.
    pub identifier: String,
    /// Id of the source.
    #[serde(rename = "extIdpId")]
    pub ext_idp_id: String,
    /// Which provider.
    #[serde(rename = "type")]
    pub kind: ExtIdpType,
    /// Social or enterprise.
    #[serde(rename = "extIdpType")]
    pub ext_idp_type: ExtIdpKind,
    /// Where one begins.
    #[serde(rename = "bindUrl")]
    pub bind_url: String,
    /// Name shown.
    pub name: String,
    /// English name shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// English description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc_en: Option<String>,
    /// Address of the logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
}
