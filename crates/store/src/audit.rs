//! The audit trail.

use watchword_kit::Millis;

use crate::{Table, row};

row! {
    /// One row per write, in the write's own transaction.
    pub struct AuditLog {
        pub pool_id: String,
        pub id: String,
        pub at: Millis,
        pub action: String,
        /// `success`, `refused` or `failed`.
        pub result: String,
        pub status_code: i64,
        pub api_code: i64,
        /// `access_key`, `user`, `anonymous` or `system`.
        pub actor_kind: String,
        pub actor_id: String,
        /// The user whom the change is about, where there is one.
        pub user_id: Option<String>,
        pub app_id: Option<String>,
        pub request_id: String,
        pub ip: Option<String>,
        pub user_agent: Option<String>,
        /// JSON object; never a secret.
        pub details: String,
    }
}

pub static TABLE: Table<AuditLog> = Table::new("audit_logs");
