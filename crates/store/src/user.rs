//! Users, their external identities, sync relations and custom values.

use watchword_kit::Millis;

use crate::{Table, row};

row! {
    /// One user of a pool.
    pub struct User {
        pub pool_id: String,
        pub id: String,
        pub status: String,
        pub work_status: String,
        pub username: Option<String>,
        /// Folded; unique in the pool, as are the other three keys.
        pub username_key: Option<String>,
        pub email: Option<String>,
        pub email_key: Option<String>,
        pub email_verified: bool,
        pub phone: Option<String>,
        pub phone_country_code: Option<String>,
        /// E.164.
        pub phone_key: Option<String>,
        pub phone_verified: bool,
        pub external_id: Option<String>,
        pub external_id_key: Option<String>,
        pub identity_number: Option<String>,
        pub gender: String,
        pub name: Option<String>,
        pub name_key: Option<String>,
        pub nickname: Option<String>,
        pub nickname_key: Option<String>,
        pub photo: Option<String>,
        pub birthdate: Option<String>,
        pub country: Option<String>,
        pub province: Option<String>,
        pub city: Option<String>,
        pub address: Option<String>,
        pub street_address: Option<String>,
        pub postal_code: Option<String>,
        pub company: Option<String>,
        pub browser: Option<String>,
        pub device: Option<String>,
        pub given_name: Option<String>,
        pub family_name: Option<String>,
        pub middle_name: Option<String>,
        pub profile: Option<String>,
        pub preferred_username: Option<String>,
        pub website: Option<String>,
        pub zoneinfo: Option<String>,
        pub locale: Option<String>,
        pub formatted: Option<String>,
        pub region: Option<String>,
        /// JSON object.
        pub custom_data: String,
        /// JSON object.
        pub metadata_source: Option<String>,
        /// PHC string or an imported format; `None`: no password.
        pub password_hash: Option<String>,
        pub password_set_at: Option<Millis>,
        /// 1 low to 3 high.
        pub password_level: Option<i64>,
        pub reset_password_on_next_login: bool,
        pub source_type: String,
        pub source_id: Option<String>,
        /// JSON list.
        pub register_source: String,
        pub logins_count: i64,
        pub last_login_at: Option<Millis>,
        pub last_login_ip: Option<String>,
        pub last_login_app: Option<String>,
        pub last_mfa_at: Option<Millis>,
        pub status_changed_at: Option<Millis>,
        pub created_at: Millis,
        pub updated_at: Millis,
    }
}

row! {
    /// What an identity source knows this user as.
    pub struct Identity {
        pub pool_id: String,
        pub id: String,
        pub user_id: String,
        pub ext_idp_id: String,
        pub provider: String,
        pub kind: String,
        pub user_id_in_idp: String,
        pub user_info_in_idp: String,
        pub access_token_sealed: Option<Vec<u8>>,
        pub refresh_token_sealed: Option<Vec<u8>>,
        pub origin_conn_ids: String,
        pub created_at: Millis,
    }
}

pub static TABLE: Table<User> = Table::new("users");
pub static IDENTITIES: Table<Identity> = Table::new("user_identities");
