//! What anyone may read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::LangUnit;

/// Answer of system, without the usual envelope.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemInfo {
    /// Key for `passwordEncryptType` `rsa`.
    pub rsa: RsaPublicKey,

    /// Key for `passwordEncryptType` `sm2`.
    pub sm2: Sm2PublicKey,

    /// Versions.
    pub version: SystemVersion,

    /// IP addresses from which this server calls others.
    pub public_ips: Vec<String>,

    /// The keys once more, where some clients look for them.
    pub data: SystemKeys,
}

/// The keys for password encryption.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemKeys {
    /// Key for `passwordEncryptType` `rsa`.
    pub rsa: RsaPublicKey,

    /// Key for `passwordEncryptType` `sm2`.
    pub sm2: Sm2PublicKey,
}

/// An RSA key.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RsaPublicKey {
    /// SubjectPublicKeyInfo as PEM.
    pub public_key: String,
}

/// An SM2 key.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sm2PublicKey {
    /// The uncompressed point, `04` and 128 hex digits.
    pub public_key: String,
}

/// Versions of the parts of this server.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemVersion {
    /// Version of the server.
    pub server: String,

    /// Version of the console.
    pub console: String,

    /// Version of the login page.
    pub login: String,
}

/// A country or territory with a phone code.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Country {
    /// ISO 3166-1 alpha-2 code.
    pub alpha2: String,

    /// ISO 3166-1 alpha-3 code.
    pub alpha3: String,

    /// Phone code with `+`.
    pub phone_country_code: String,

    /// Flag, as emoji.
    pub flag: String,

    /// Name in four languages.
    pub name: CountryName,
}

/// A country's name in four languages.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountryName {
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    pub zh_cn: LangUnit,

    /// English.
    #[serde(rename = "en-US")]
    pub en_us: LangUnit,

    /// Traditional Chinese.
    #[serde(rename = "zh-TW")]
    pub zh_tw: LangUnit,

    /// Japanese.
    #[serde(rename = "ja-JP")]
    pub ja_jp: LangUnit,
}
