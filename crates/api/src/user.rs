//! Users: read, exist, delete and sign out. Creating and changing them is in `user/input.rs`, listing and searching in
//! `user/search.rs`, leaving in `user/life.rs`, accounts elsewhere in `user/identity.rs`, sign-ins in
//! `user/history.rs`.

mod history;
mod identity;
mod input;
mod life;
mod reset_link;
mod search;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::Secret;

use crate::common::{Object, UserIdOptions, UserIdType};
use crate::idp::ExtIdpType;

pub use history::{AccessibleApp, LoggedInApp, LoginHistoryQuery, LoginRecord, LoginStrategy};
pub use identity::{DeleteSyncRelationsReq, LinkIdentityReq, LoggedInIdentity, SyncRelation, UnlinkIdentityReq};
pub use input::{
    CreateUserOptions, CreateUserReq, CreateUsersBatchReq, DepartmentIdType, NewIdentity, NewUser, NotifyCreated,
    NotifyPasswordReset, OtpInput, UpdateUserBatchReq, UpdateUserOptions, UpdateUserReq, UpdateUsersOptions, UserPatch,
};
pub use life::{
    ArchivedUser, AuthorizedResource, AuthorizedResourcesQuery, CheckSessionStatusReq, EncryptedPassword,
    ListArchivedUsersQuery, PasswordCiphertext, PasswordCiphertextBatchReq, PasswordCiphertextReq,
    PrincipalAuthentication, ResetPrincipalAuthenticationReq, ResignUserBatchReq, ResignUserReq, SessionStatus,
};
pub use reset_link::{ResetLinkSent, ResetLinkUser, SendResetLinkReq};
pub use search::{
    AdvancedFilter, FilterOperator, FuzzySearchField, ListUsersByKeywordsReq, ListUsersOptions, ListUsersQuery,
    ListUsersReq, SortOrder, UserSort, UserSortField,
};

wire_enum! {
    /// State of an account. Only `Activated` may sign in. `Resigned` takes departments, groups, posts and roles away.
    #[derive(Default)]
    pub enum UserStatus {
        Suspended = "Suspended",
        Resigned = "Resigned",
        #[default]
        Activated = "Activated",
        Archived = "Archived",
        Deactivated = "Deactivated",
    }
}

wire_enum! {
    /// Whether the person is at work.
    #[derive(Default)]
    pub enum WorkStatus {
        Closed = "Closed",
        #[default]
        Active = "Active",
    }
}

wire_enum! {
    /// `M` male, `F` female, `U` unknown.
    #[derive(Default)]
    pub enum Gender {
        Male = "M",
        Female = "F",
        #[default]
        Unknown = "U",
    }
}

wire_enum! {
    /// Where the account comes from: `excel` an uploaded file, `register` the user's own registration,
    /// `adminCreated` an administrator or the management API, `sync` a synchronisation task.
    #[derive(Default)]
    pub enum UserSourceType {
        Excel = "excel",
        Register = "register",
        #[default]
        AdminCreated = "adminCreated",
        Sync = "sync",
    }
}

/// Query of get-user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetUserQuery {
    /// The user, named as `userIdType` says.
    pub user_id: String,

    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,

    /// Whether to return custom fields as members of the user itself. Default false.
    pub flat_custom_data: Option<bool>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return `postIdList`. Default false.
    pub with_post: Option<bool>,

    /// Whether to return `identities`. Default false.
    pub with_identities: Option<bool>,

    /// Whether to return `departmentIds`. Default false.
    pub with_department_ids: Option<bool>,
}

/// Query of get-user-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetUserBatchQuery {
    /// The users, 1 to 50, named as `userIdType` says. Those who do not exist are left out of the answer.
    #[schemars(length(min = 1, max = 50))]
    pub user_ids: Vec<String>,

    /// What `userIds` are. Default `user_id`.
    pub user_id_type: Option<UserIdType>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return custom fields as members of the user itself. Default false.
    pub flat_custom_data: Option<bool>,

    /// Whether to return `identities`. Default false.
    pub with_identities: Option<bool>,

    /// Whether to return `departmentIds`. Default false.
    pub with_department_ids: Option<bool>,
}

/// Body of delete-users-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteUsersBatchReq {
    /// The users, 1 to 50, named as `options.userIdType` says.
    #[schemars(length(min = 1, max = 50))]
    pub user_ids: Vec<String>,

    /// How the users are named.
    pub options: Option<UserIdOptions>,
}

/// Body of is-user-exists: at least one member; a user must match all that are given.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IsUserExistsReq {
    /// User name.
    pub username: Option<String>,

    /// E-mail address, in any case.
    pub email: Option<String>,

    /// Phone number; one of another country than China with its code in front, as `+14155550123`.
    pub phone: Option<String>,

    /// Id in the caller's own system.
    pub external_id: Option<String>,
}

/// Answer of is-user-exists.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserExists {
    /// Whether such a user exists.
    pub exists: bool,
}

/// Body of kick-users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KickUsersReq {
    /// The user, named as `options.userIdType` says.
    pub user_id: String,

    /// The applications whose sessions end, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub app_ids: Vec<String>,

    /// How the user is named.
    pub options: Option<UserIdOptions>,
}

/// Body of users/field/decrypt.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecryptFieldsReq {
    /// The private key to which the contents were encrypted: RSA of 2048 to 8192 bits as PKCS#8 in PEM or base64, or
    /// an SM2 key as 64 hex digits. It is used for this request and kept nowhere.
    pub private_key: Secret<String>,

    /// The contents, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub data: Vec<EncryptedField>,
}

/// An encrypted value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncryptedField {
    /// Whose value it is; comes back as it is given.
    pub user_id: Option<String>,

    /// Key of the field; comes back as it is given.
    pub field_name: Option<String>,

    /// What RSA with PKCS#1 v1.5 padding made, in base64, or SM2, in hex.
    pub encrypted_content: String,
}

/// A decrypted value.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecryptedField {
    /// Whose value it is, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,

    /// Key of the field, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_name: Option<String>,

    /// The value.
    pub decrypted_content: String,
}

quiet_debug!(DecryptedField);

/// A user. Times are RFC 3339 in UTC with milliseconds.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Id given by this server, 24 hex digits.
    pub user_id: String,

    /// When the account was made.
    pub created_at: String,

    /// When the account was last changed.
    pub updated_at: String,

    /// State of the account.
    pub status: UserStatus,

    /// Whether the person is at work.
    pub work_status: WorkStatus,

    /// Id in the caller's own system, unique in the user pool.
    pub external_id: Option<String>,

    /// E-mail address, unique in the user pool whatever its case.
    pub email: Option<String>,

    /// Phone number without country code, unique in the user pool.
    pub phone: Option<String>,

    /// Country code of `phone`, such as `+86`.
    pub phone_country_code: Option<String>,

    /// User name, unique in the user pool.
    pub username: Option<String>,

    /// Real name.
    pub name: Option<String>,

    /// Nickname.
    pub nickname: Option<String>,

    /// Address of the portrait.
    pub photo: Option<String>,

    /// How often the user signed in.
    pub logins_count: i64,

    /// When the user last signed in.
    pub last_login: Option<String>,

    /// IP address of the last sign-in.
    pub last_ip: Option<String>,

    /// Gender.
    pub gender: Gender,

    /// Whether the e-mail address is proven.
    pub email_verified: bool,

    /// Whether the phone number is proven.
    pub phone_verified: bool,

    /// When the password was last changed.
    pub password_last_set_at: Option<String>,

    /// Date of birth, `YYYY-MM-DD`.
    pub birthdate: Option<String>,

    /// Country.
    pub country: Option<String>,

    /// Province or state.
    pub province: Option<String>,

    /// City.
    pub city: Option<String>,

    /// Address.
    pub address: Option<String>,

    /// Street and number.
    pub street_address: Option<String>,

    /// Postal code.
    pub postal_code: Option<String>,

    /// Company.
    pub company: Option<String>,

    /// User agent of the browser last used.
    pub browser: Option<String>,

    /// Device last used.
    pub device: Option<String>,

    /// Given name.
    pub given_name: Option<String>,

    /// Family name.
    pub family_name: Option<String>,

    /// Middle name.
    pub middle_name: Option<String>,

    /// Address of the profile page.
    pub profile: Option<String>,

    /// Name by which the user likes to be called.
    pub preferred_username: Option<String>,

    /// Address of the user's own page.
    pub website: Option<String>,

    /// Time zone, such as `Asia/Shanghai`.
    pub zoneinfo: Option<String>,

    /// Language tag, such as `zh-CN`.
    pub locale: Option<String>,

    /// The whole address in one text.
    pub formatted: Option<String>,

    /// Region.
    pub region: Option<String>,

    /// Where the account comes from.
    pub user_source_type: UserSourceType,

    /// Id of the application or of the synchronisation task from which the account comes.
    pub user_source_id: Option<String>,

    /// Id of the application of the last sign-in.
    pub last_login_app: Option<String>,

    /// Id of the main department.
    pub main_department_id: Option<String>,

    /// When the user last proved a second factor.
    pub last_mfa_time: Option<String>,

    /// Strength of the password: 1 weak, 2 fair, 3 strong.
    pub password_security_level: Option<i64>,

    /// Whether the next sign-in demands a new password.
    pub reset_password_on_next_login: bool,

    /// Ways in which the user registered.
    pub register_source: Option<Vec<String>>,

    /// Ids of the departments. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department_ids: Option<Vec<String>>,

    /// Accounts at external identity providers. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identities: Option<Vec<Identity>>,

    /// Number of the identity card.
    pub identity_number: Option<String>,

    /// Custom fields. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Object>,

    /// Ids of the posts. Only where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_id_list: Option<Vec<String>>,

    /// When `status` last changed.
    pub status_changed_at: Option<String>,

    /// When an active user becomes `Suspended` by itself.
    pub suspend_at: Option<String>,

    /// When a suspended or deactivated user becomes `Activated` by itself.
    pub activate_at: Option<String>,

    /// Id of the tenant.
    pub tenant_id: Option<String>,

    /// Custom fields shown as members of the user, where `flatCustomData` was asked for; empty otherwise. Keys
    /// must not repeat a member above.
    #[serde(flatten)]
    #[schemars(skip)]
    pub flat_custom_data: Object,
}

/// A user's account at an external identity provider.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Id of this link.
    pub identity_id: String,

    /// Id of the identity source.
    pub ext_idp_id: String,

    /// Kind of the provider.
    pub provider: ExtIdpType,

    /// Which of the provider's ids this is, such as `openid`, `unionid` or `primary`.
    #[serde(rename = "type")]
    pub kind: String,

    /// The user's id at the provider.
    pub user_id_in_idp: String,

    /// What the provider says of the user.
    pub user_info_in_idp: Object,

    /// The provider's access token. Never returned by the management API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,

    /// The provider's refresh token. Never returned by the management API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,

    /// Ids of the connections through which the identity came.
    pub origin_conn_ids: Vec<String>,
}

quiet_debug!(Identity);
