//! Creating and changing users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use watchword_kit::{Field, Secret};

use super::{Gender, UserStatus};
use crate::common::{Object, PasswordEncryptType, UserIdType};
use crate::idp::ExtIdpType;

/// One list of members, two structs: the item of a batch, and the request for one, which has options beside it.
/// Flattening the one into the other would lose the path of a wrong member and copy secrets about.
macro_rules! with_options {
    (
        $(#[$item_doc:meta])* pub struct $Item:ident;
        $(#[$req_doc:meta])* pub struct $Req:ident with $Options:ty { $($(#[$meta:meta])* pub $name:ident: $ty:ty,)* }
    ) => {
        $(#[$item_doc])*
        #[derive(Debug, Default, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $Item { $($(#[$meta])* pub $name: $ty,)* }

        $(#[$req_doc])*
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $Req {
            $($(#[$meta])* pub $name: $ty,)*
            /// Options of this call.
            pub options: Option<$Options>,
        }

        impl $Req {
            /// The item as a batch would hold it, and the options.
            pub fn split(self) -> ($Item, Option<$Options>) {
                ($Item { $($name: self.$name,)* }, self.options)
            }
        }
    };
}

wire_enum! {
    /// What the `departmentIds` of a request hold.
    #[derive(Default)]
    pub enum DepartmentIdType {
        #[default]
        DepartmentId = "department_id",
        OpenDepartmentId = "open_department_id",
        SyncRelation = "sync_relation",
        CustomField = "custom_field",
        Code = "code",
    }
}

with_options! {
    /// A user to create.
    pub struct NewUser;
    /// Body of create-user. At least one of username, email, phone and externalId is needed. An empty text is no
    /// value; lengths count characters.
    pub struct CreateUserReq with CreateUserOptions {
        /// State of the account. Default `Activated`.
        pub status: Option<UserStatus>,
        /// When an active user becomes `Suspended` by itself, RFC 3339. Never, if absent.
        pub suspend_at: Option<String>,
        /// When a suspended or deactivated user becomes `Activated` by itself, RFC 3339. Never, if absent.
        pub activate_at: Option<String>,
        /// E-mail address, unique in the user pool whatever its case.
        pub email: Option<String>,
        /// Phone number without country code, unique in the user pool.
        pub phone: Option<String>,
        /// Country code of `phone`. Default `+86`.
        pub phone_country_code: Option<String>,
        /// User name, unique in the user pool whatever its case and width; up to 128 characters, none of them a
        /// control, invisible or bidirectional one.
        pub username: Option<String>,
        /// Id in the caller's own system, unique in the user pool whatever its case; up to 256 characters.
        pub external_id: Option<String>,
        /// Real name.
        pub name: Option<String>,
        /// Nickname.
        pub nickname: Option<String>,
        /// Address of the portrait.
        pub photo: Option<String>,
        /// Gender. Default `U`.
        pub gender: Option<Gender>,
        /// Whether the e-mail address is proven. Default false.
        pub email_verified: Option<bool>,
        /// Whether the phone number is proven. Default false.
        pub phone_verified: Option<bool>,
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
        /// Password, plain or encrypted as `options.passwordEncryptType` says.
        pub password: Option<Secret<String>>,
        /// Salt of an imported MD5 hash: `password` is then the MD5 of password and salt, in this order, as 32 hex
        /// digits.
        pub salt: Option<Secret<String>>,
        /// Imported password hash: Argon2, bcrypt, scrypt or PBKDF2 as a PHC string, Django's PBKDF2, or
        /// `md5$salt$hex`; takes the place of `password`. An addition of this server.
        pub password_hash: Option<Secret<String>>,
        /// Ids of the tenants that the user joins. No tenant exists yet, so only an empty list is accepted.
        pub tenant_ids: Option<Vec<String>>,
        /// One-time password authenticator to bind.
        pub otp: Option<OtpInput>,
        /// The departments that the user joins, up to 50, named as `options.departmentIdType` says; the first becomes
        /// the main one. Needs the permission `department:write-members`, too.
        pub department_ids: Option<Vec<String>>,
        /// Custom fields: a JSON object of at most 256 members and 64 KiB; members that are null are left out. A member
        /// for which a custom field is defined must fit it; any other may be any JSON.
        pub custom_data: Option<Object>,
        /// Values of data objects. Users have none: 501 unless it is empty.
        pub metadata_source: Option<Object>,
        /// Accounts at external identity providers, up to 20.
        pub identities: Option<Vec<NewIdentity>>,
        /// Number of the identity card.
        pub identity_number: Option<String>,
    }
}

/// A one-time password authenticator that exists elsewhere.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OtpInput {
    /// Shared secret in Base32 (RFC 4648 section 6), 16 to 128 characters that decode to 10 to 64 bytes, in any
    /// case; spaces, `-` and right padding are dropped.
    pub secret: Secret<String>,

    /// Recovery code, 8 to 128 letters and digits, in any case; spaces and `-` are dropped. None when absent.
    pub recovery_code: Option<Secret<String>>,
}

/// An account at an external identity provider, to link.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewIdentity {
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

    /// The provider's access token.
    pub access_token: Option<Secret<String>>,

    /// The provider's refresh token.
    pub refresh_token: Option<Secret<String>>,

    /// Ids of the connections through which the identity came.
    pub origin_conn_ids: Vec<String>,
}

/// Options of create-user and create-users-batch.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateUserOptions {
    /// Whether `password` is an imported hash in a format of `passwordHash`, stored as it stands. Default false.
    pub keep_password: Option<bool>,

    /// Whether to make a password of at least 20 characters, which goes out with `sendNotification` and is shown
    /// nowhere else. Default false.
    pub auto_generate_password: Option<bool>,

    /// Whether the first sign-in demands a new password. Default false.
    pub reset_password_on_first_login: Option<bool>,

    /// What `departmentIds` are. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Whom to tell.
    pub send_notification: Option<NotifyCreated>,

    /// How `password` is encrypted. Default `none`.
    pub password_encrypt_type: Option<PasswordEncryptType>,
}

/// Whether to tell the user of the new account.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotifyCreated {
    /// Whether to send an e-mail to the user's own address. Default false.
    pub send_email_notification: Option<bool>,

    /// Whether to send an SMS to the user's own number. Default false.
    pub send_phone_notification: Option<bool>,

    /// Id of the application whose sign-in address is sent. Default: the address of this server.
    pub app_id: Option<String>,
}

/// Body of create-users-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateUsersBatchReq {
    /// The users, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub list: Vec<NewUser>,

    /// Options for all of them.
    pub options: Option<CreateUserOptions>,
}

with_options! {
    /// Changes to one user. A member that is absent stays as it is.
    pub struct UserPatch;
    /// Body of update-user. A member that is absent stays as it is.
    pub struct UpdateUserReq with UpdateUserOptions {
        /// The user, named as `options.userIdType` says; in a batch the id given by this server.
        pub user_id: String,
        /// Country code of `phone`, such as `+86`. Null clears it.
        #[serde(default)]
        pub phone_country_code: Field<String>,
        /// Real name. Null clears it.
        #[serde(default)]
        pub name: Field<String>,
        /// Nickname. Null clears it.
        #[serde(default)]
        pub nickname: Field<String>,
        /// Address of the portrait. Null clears it.
        #[serde(default)]
        pub photo: Field<String>,
        /// Id in the caller's own system, unique in the user pool. Null clears it.
        #[serde(default)]
        pub external_id: Field<String>,
        /// State of the account. Any other than `Activated` ends the user's sessions; `Resigned` does what
        /// resign-user does.
        pub status: Option<UserStatus>,
        /// When an active user becomes `Suspended` by itself, RFC 3339. Null: never.
        #[serde(default)]
        pub suspend_at: Field<String>,
        /// When a suspended or deactivated user becomes `Activated` by itself, RFC 3339. Null: never.
        #[serde(default)]
        pub activate_at: Field<String>,
        /// Whether the e-mail address is proven. A new address is not unless this says so.
        pub email_verified: Option<bool>,
        /// Whether the phone number is proven.
        pub phone_verified: Option<bool>,
        /// Date of birth, `YYYY-MM-DD`. Null clears it.
        #[serde(default)]
        pub birthdate: Field<String>,
        /// Country. Null clears it.
        #[serde(default)]
        pub country: Field<String>,
        /// Province or state. Null clears it.
        #[serde(default)]
        pub province: Field<String>,
        /// City. Null clears it.
        #[serde(default)]
        pub city: Field<String>,
        /// Address. Null clears it.
        #[serde(default)]
        pub address: Field<String>,
        /// Street and number. Null clears it.
        #[serde(default)]
        pub street_address: Field<String>,
        /// Postal code. Null clears it.
        #[serde(default)]
        pub postal_code: Field<String>,
        /// Gender.
        pub gender: Option<Gender>,
        /// User name, unique in the user pool. Null clears it.
        #[serde(default)]
        pub username: Field<String>,
        /// E-mail address, unique in the user pool whatever its case. Null clears it.
        #[serde(default)]
        pub email: Field<String>,
        /// Phone number without country code, unique in the user pool. Null clears it.
        #[serde(default)]
        pub phone: Field<String>,
        /// New password, plain or encrypted as `options.passwordEncryptType` says; ends the user's sessions.
        pub password: Option<Secret<String>>,
        /// Company. Null clears it.
        #[serde(default)]
        pub company: Field<String>,
        /// User agent of the browser last used. Null clears it.
        #[serde(default)]
        pub browser: Field<String>,
        /// Device last used. Null clears it.
        #[serde(default)]
        pub device: Field<String>,
        /// Given name. Null clears it.
        #[serde(default)]
        pub given_name: Field<String>,
        /// Family name. Null clears it.
        #[serde(default)]
        pub family_name: Field<String>,
        /// Middle name. Null clears it.
        #[serde(default)]
        pub middle_name: Field<String>,
        /// Address of the profile page. Null clears it.
        #[serde(default)]
        pub profile: Field<String>,
        /// Name by which the user likes to be called. Null clears it.
        #[serde(default)]
        pub preferred_username: Field<String>,
        /// Address of the user's own page. Null clears it.
        #[serde(default)]
        pub website: Field<String>,
        /// Time zone, such as `Asia/Shanghai`. Null clears it.
        #[serde(default)]
        pub zoneinfo: Field<String>,
        /// Language tag, such as `zh-CN`. Null clears it.
        #[serde(default)]
        pub locale: Field<String>,
        /// The whole address in one text. Null clears it.
        #[serde(default)]
        pub formatted: Field<String>,
        /// Region. Null clears it.
        #[serde(default)]
        pub region: Field<String>,
        /// Number of the identity card. Null clears it.
        #[serde(default)]
        pub identity_number: Field<String>,
        /// Custom fields to change; a member that is null is taken away, one that is absent stays. Null clears them
        /// all. A member for which a custom field is defined must fit it; any other may be any JSON.
        #[serde(default)]
        pub custom_data: Field<Object>,
        /// Values of data objects. Users have none: 501 unless it is empty.
        pub metadata: Option<Object>,
    }
}

/// Options of update-user.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateUserOptions {
    /// What `userId` is. Default `user_id`.
    pub user_id_type: Option<UserIdType>,

    /// Whether the first sign-in demands a new password. Default false.
    pub reset_password_on_first_login: Option<bool>,

    /// Whether the next sign-in demands a new password. Default false.
    pub reset_password_on_next_login: Option<bool>,

    /// How `password` is encrypted. Default `none`.
    pub password_encrypt_type: Option<PasswordEncryptType>,

    /// Whether to make a new password, which goes out with `sendPasswordResetedNotification` and is shown nowhere
    /// else. Default false.
    pub auto_generate_password: Option<bool>,

    /// Whom to tell of a new password.
    pub send_password_reseted_notification: Option<NotifyPasswordReset>,
}

/// Whom to tell of a new password.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotifyPasswordReset {
    /// Whether to send an e-mail to the user's own address. Default false.
    pub send_default_email_notification: Option<bool>,

    /// Whether to send an SMS to the user's own number. Default false.
    pub send_default_phone_notification: Option<bool>,

    /// E-mail address to send to.
    pub input_send_email_notification: Option<String>,

    /// Phone number to send to.
    pub input_send_phone_notification: Option<String>,

    /// Id of the application whose sign-in address is sent. Default: the address of this server.
    pub app_id: Option<String>,
}

/// Body of update-user-batch.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateUserBatchReq {
    /// The changes, 1 to 50, one user each.
    #[schemars(length(min = 1, max = 50))]
    pub list: Vec<UserPatch>,

    /// Options for all of them.
    pub options: Option<UpdateUsersOptions>,
}

/// Options of update-user-batch.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateUsersOptions {
    /// Whether the next sign-in demands a new password. Default false.
    pub reset_password_on_next_login: Option<bool>,

    /// How each `password` is encrypted. Default `none`.
    pub password_encrypt_type: Option<PasswordEncryptType>,

    /// Whether to make new passwords, which go out with `sendPasswordResetedNotification` and are shown nowhere
    /// else. Default false.
    pub auto_generate_password: Option<bool>,

    /// Whom to tell of a new password.
    pub send_password_reseted_notification: Option<NotifyPasswordReset>,
}
