//! Second factors of the whole user pool.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::FactorType;

/// Body of update-global-mfa-settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateGlobalMfaSettingsReq {
    /// Factors to switch on; others stay as they are.
    pub enabled_factors: Vec<FactorType>,
}

/// Body of disable-global-mfa-settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DisableGlobalMfaSettingsReq {
    /// Factors to switch off; others stay as they are.
    pub disable_factors: Vec<FactorType>,
}

/// The factors that are on, for the user pool or for one application.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaSettings {
    /// The factors that are on.
    pub enabled_factors: Vec<FactorType>,
}
