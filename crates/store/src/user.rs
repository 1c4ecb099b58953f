//! Users, their external identities, sync relations and custom values.

pub mod history;
pub mod identity;
pub mod life;
pub mod reset_link;
pub mod search;

use watchword_kit::{Millis, PoolId};

use crate::{Record, Result, Table, Tx, row, sql, vals};

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
        /// When an active user becomes `Suspended`.
        pub suspend_at: Option<Millis>,
        /// When a suspended or deactivated user becomes `Activated`.
        pub activate_at: Option<Millis>,
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

row! {
    /// One scalar member of a user's custom data.
    pub struct CustomValue {
        pub pool_id: String,
        pub name: String,
        pub value_key: String,
        pub user_id: String,
        /// Of numbers and dates: hex digits that sort as numbers do.
        pub number_key: Option<String>,
    }
}

row! {
    /// Where a synchronised user comes from.
    pub struct SyncRelation {
        pub pool_id: String,
        pub provider: String,
        pub user_id_in_idp: String,
        pub user_id: String,
        /// JSON object.
        pub user_info_in_idp: String,
        pub created_at: Millis,
    }
}

pub static TABLE: Table<User> = Table::new("users");
pub static IDENTITIES: Table<Identity> = Table::new("user_identities");
pub static CUSTOM_VALUES: Table<CustomValue> = Table::new("user_custom_values");
pub static SYNC_RELATIONS: Table<SyncRelation> = Table::new("sync_relations");

/// One of the columns by which a pool knows a user uniquely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Username,
    Email,
    Phone,
    ExternalId,
}

impl Key {
    pub const ALL: [Key; 4] = [Key::Username, Key::Email, Key::Phone, Key::ExternalId];

    pub const fn column(self) -> &'static str {
        match self {
            Key::Username => "username_key",
            Key::Email => "email_key",
            Key::Phone => "phone_key",
            Key::ExternalId => "external_id_key",
        }
    }
}

/// The users with these keys, in no order.
pub async fn by_keys(tx: &mut Tx, pool: &PoolId, key: Key, keys: &[String]) -> Result<Vec<User>> {
    TABLE.find_many(tx, pool, key.column(), keys).await
}

/// Who has these keys already: key and user id.
pub async fn owners(tx: &mut Tx, pool: &PoolId, key: Key, keys: &[String]) -> Result<Vec<(String, String)>> {
    let sql = match key {
        Key::Username => {
            sql!("SELECT username_key, id FROM users WHERE pool_id = $1 AND username_key IN ANY_OF($2)")
        }
        Key::Email => sql!("SELECT email_key, id FROM users WHERE pool_id = $1 AND email_key IN ANY_OF($2)"),
        Key::Phone => sql!("SELECT phone_key, id FROM users WHERE pool_id = $1 AND phone_key IN ANY_OF($2)"),
        Key::ExternalId => {
            sql!("SELECT external_id_key, id FROM users WHERE pool_id = $1 AND external_id_key IN ANY_OF($2)")
        }
    };
    tx.all(sql, vals![pool, keys]).await
}

/// The at most three users whom a name for sign-in can mean.
pub async fn by_any_key(
    tx: &mut Tx,
    pool: &PoolId,
    name: &str,
    email: Option<&str>,
    e164: Option<&str>,
) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE pool_id = $1 AND (username_key = $2 OR email_key = $3 OR phone_key = $4)",
        User::COLUMNS.join(", ")
    );
    tx.all(&sql, vals![pool, name, email, e164]).await
}

/// Of these ids at identity sources: source, id there, user id.
pub async fn by_identities(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<(String, String, String)>> {
    let sql = sql!(
        "SELECT DISTINCT ext_idp_id, user_id_in_idp, user_id FROM user_identities
         WHERE pool_id = $1 AND user_id_in_idp IN ANY_OF($2)"
    );
    tx.all(sql, vals![pool, ids]).await
}

/// Of these ids at sources of synchronisation: provider, id there, user id.
pub async fn by_sync_relations(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<(String, String, String)>> {
    let sql = sql!(
        "SELECT provider, user_id_in_idp, user_id FROM sync_relations
         WHERE pool_id = $1 AND user_id_in_idp IN ANY_OF($2)"
    );
    tx.all(sql, vals![pool, ids]).await
}

/// Of these values of custom members: member, value, user id.
pub async fn by_custom_values(tx: &mut Tx, pool: &PoolId, values: &[String]) -> Result<Vec<(String, String, String)>> {
    let sql =
        sql!("SELECT name, value_key, user_id FROM user_custom_values WHERE pool_id = $1 AND value_key IN ANY_OF($2)");
    tx.all(sql, vals![pool, values]).await
}

/// Identities that exist already among these ids at identity sources: source, kind, id there, user id.
pub async fn identity_owners(
    tx: &mut Tx,
    pool: &PoolId,
    ids: &[String],
) -> Result<Vec<(String, String, String, String)>> {
    let sql = sql!(
        "SELECT ext_idp_id, kind, user_id_in_idp, user_id FROM user_identities
         WHERE pool_id = $1 AND user_id_in_idp IN ANY_OF($2)"
    );
    tx.all(sql, vals![pool, ids]).await
}

/// The identities of these users, oldest first.
pub async fn identities_of(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<Vec<Identity>> {
    let sql = sql!(
        "SELECT pool_id, id, user_id, ext_idp_id, provider, kind, user_id_in_idp, user_info_in_idp,
                access_token_sealed, refresh_token_sealed, origin_conn_ids, created_at
         FROM user_identities WHERE pool_id = $1 AND user_id IN ANY_OF($2) ORDER BY created_at, id"
    );
    tx.all(sql, vals![pool, users]).await
}

/// Holds users until the unit ends, in the order of their ids; answers those who exist and may take part (not archived).
pub async fn hold_active(tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<String>> {
    let lock = tx.row_lock()?;
    let sql = format!(
        "SELECT id FROM users WHERE pool_id = $1 AND id IN ANY_OF($2) AND status <> 'Archived' ORDER BY id{lock}"
    );
    Ok(tx.all::<(String,)>(&sql, vals![pool, ids]).await?.into_iter().map(|(id,)| id).collect())
}

/// The departments that these users are members of themselves: user, department, whether it is the main one; in the
/// order of joining.
pub async fn departments_of(tx: &mut Tx, pool: &PoolId, users: &[String]) -> Result<Vec<(String, String, bool)>> {
    let sql = sql!(
        "SELECT user_id, department_id, is_main FROM department_members
         WHERE pool_id = $1 AND user_id IN ANY_OF($2) ORDER BY joined_at, department_id"
    );
    tx.all(sql, vals![pool, users]).await
}

/// Replaces the index of a user's custom data.
pub async fn set_custom_values(tx: &mut Tx, pool: &PoolId, user: &str, rows: &[CustomValue]) -> Result<()> {
    tx.run(sql!("DELETE FROM user_custom_values WHERE pool_id = $1 AND user_id = $2"), vals![pool, user]).await?;
    CUSTOM_VALUES.insert_many(tx, rows).await
}

/// Replaces the index of the custom data of these users.
pub async fn set_custom_values_of(tx: &mut Tx, pool: &PoolId, users: &[String], rows: &[CustomValue]) -> Result<()> {
    tx.run(sql!("DELETE FROM user_custom_values WHERE pool_id = $1 AND user_id IN ANY_OF($2)"), vals![pool, users])
        .await?;
    CUSTOM_VALUES.insert_many(tx, rows).await
}

/// Deletes users, whose rows and organisations are held, and everything that is theirs; answers how many there were.
/// `buckets` are their throttles, `by_address` the first 34 characters (`password:`, the id, a colon) of those that are kept per address.
pub async fn delete(
    tx: &mut Tx,
    pool: &PoolId,
    users: &[String],
    buckets: &[String],
    by_address: &[String],
) -> Result<u64> {
    let counters = [
        sql!(
            "DELETE FROM throttle_days
             WHERE pool_id = $1 AND (bucket IN ANY_OF($2) OR SUBSTR(bucket, 1, 34) IN ANY_OF($3))"
        ),
        sql!(
            "DELETE FROM throttles
             WHERE pool_id = $1 AND (bucket IN ANY_OF($2) OR SUBSTR(bucket, 1, 34) IN ANY_OF($3))"
        ),
    ];
    for statement in counters {
        tx.run(statement, vals![pool, buckets, by_address]).await?;
    }
    let theirs = [
        sql!("DELETE FROM user_identities WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM sync_relations WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM user_custom_values WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM mfa_factors WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM recovery_codes WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM user_mfa_settings WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM enrollments WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM mfa_transactions WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM sso_sessions WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM refresh_tokens WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM sessions WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM interactions WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM interactions WHERE pool_id = $1 AND password_user_id IN ANY_OF($2)"),
        sql!("DELETE FROM authorization_codes WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM consents WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM device_codes WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM user_logins WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM password_resets WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM app_access WHERE pool_id = $1 AND target_type = 'USER' AND target_id IN ANY_OF($2)"),
        sql!("DELETE FROM access_keys WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM action_tokens WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM user_devices WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!("DELETE FROM uploads WHERE pool_id = $1 AND user_id IN ANY_OF($2)"),
        sql!(
            "DELETE FROM custom_unique_values
             WHERE pool_id = $1 AND target_type = 'USER' AND target_id IN ANY_OF($2)"
        ),
    ];
    for statement in theirs {
        tx.run(statement, vals![pool, users]).await?;
    }
    life::take_away(tx, pool, users).await?;
    tx.run(sql!("DELETE FROM users WHERE pool_id = $1 AND id IN ANY_OF($2)"), vals![pool, users]).await
}
