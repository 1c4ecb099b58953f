//! Words that several modules share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An object whose members this API leaves open.
pub type Object = serde_json::Map<String, serde_json::Value>;

wire_enum! {
    /// What a `userId` member holds: `user_id` the id given by this server, `external_id` the user's
    /// `externalId`, `phone` (of another country than China with its code, as `+14155550123`), `email`, `username`,
    /// `identity` as `<extIdpId>:<userIdInIdp>`, `sync_relation` as `<provider>:<userIdInIdp>`, `custom_field` as
    /// `<key>:<value>` of a unique custom field.
    #[derive(Default)]
    pub enum UserIdType {
        #[default]
        UserId = "user_id",
        ExternalId = "external_id",
        Phone = "phone",
        Email = "email",
        Username = "username",
        Identity = "identity",
        SyncRelation = "sync_relation",
        CustomField = "custom_field",
    }
}

/// Names of several things where the contract says «text» and shows a list: either is taken, a text with commas
/// between the names; a list is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Names(pub Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> serde::de::Visitor<'de> for Either {
            type Value = Names;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of strings, or a string")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Names, E> {
                Ok(Names(text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = list.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Names {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "oneOf": [{ "type": "array", "items": { "type": "string" } }, { "type": "string" }] })
    }
}

wire_enum! {
    /// A second factor: `OTP` a one-time password of an authenticator, `SMS` and `EMAIL` a code sent there,
    /// `FACE` a face check.
    pub enum FactorType {
        Otp = "OTP",
        Sms = "SMS",
        Email = "EMAIL",
        Face = "FACE",
    }
}

wire_enum! {
    /// How a password in the request is encrypted: `none` plain, `rsa` RSA PKCS#1 v1.5 in Base64, `sm2` SM2 in
    /// hex, with the public keys of `GET /api/v3/system`.
    #[derive(Default)]
    pub enum PasswordEncryptType {
        Sm2 = "sm2",
        Rsa = "rsa",
        #[default]
        None = "none",
    }
}

wire_enum! {
    /// A language tag that the login box knows.
    pub enum Locale {
        ZhCn = "zh-CN",
        EnUs = "en-US",
        ZhTw = "zh-TW",
        JaJp = "ja-JP",
    }
}

wire_enum! {
    /// Kind of a resource.
    pub enum ResourceType {
        Data = "DATA",
        Api = "API",
        Menu = "MENU",
        Button = "BUTTON",
        Ui = "UI",
    }
}

wire_enum! {
    /// Whether a rule allows or denies.
    pub enum Effect {
        Allow = "ALLOW",
        Deny = "DENY",
    }
}

/// The answer of an operation that either succeeds or reports an error.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Success {
    /// Whether the operation succeeded.
    pub success: bool,
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    /// How many rows the whole list has.
    pub total_count: i64,

    /// The rows of this page.
    pub list: Vec<T>,
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,
}

/// Options of an operation that names users.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserIdOptions {
    /// What the user ids of the request are. Default `user_id`.
    pub user_id_type: Option<UserIdType>,
}

/// Query of the operations that read one fact about one user: get-otp-secret-by-user, get-mfa-status,
/// get-user-mfa-info.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserQuery {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,
}

/// A text in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LangUnit {
    /// Whether the text is shown to who has chosen the language.
    pub enabled: bool,

    /// The text.
    pub value: String,
}

/// A text in the languages of the console, as a request gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LangInput {
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    pub zh_cn: Option<LangUnit>,

    /// English.
    #[serde(rename = "en-US")]
    pub en_us: Option<LangUnit>,

    /// Traditional Chinese.
    #[serde(rename = "zh-TW")]
    pub zh_tw: Option<LangUnit>,

    /// Japanese.
    #[serde(rename = "ja-JP")]
    pub ja_jp: Option<LangUnit>,
}

/// A text in the languages of the console; one that nobody gave is disabled and empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LangObject {
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
