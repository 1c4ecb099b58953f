//! The schema. A migration is one file for both engines; `name.sqlite.sql` and `name.postgres.sql` add to it what the
//! engines write differently, which is triggers.
//!
//! Written in the portable words of docs/sql.md: TEXT, BIGINT, BOOLEAN, BLOB. On the way in, SQLite gets
//! `WITHOUT ROWID` on every table (the primary key is the table), PostgreSQL gets `COLLATE "C"` on every TEXT (both
//! engines then order alike), BYTEA for BLOB, and room in its pages: an updated row that stays on its page leaves the
//! indexes alone.

use watchword_kit::Millis;

use crate::{Db, Result, StoreError};

/// One migration.
pub struct Step {
    pub version: i64,
    pub name: &'static str,
    /// What both engines run first.
    general: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! steps {
    ($($version:literal $name:literal $(+ $engines:ident)?),* $(,)?) => {
        &[$(Step {
            version: $version,
            name: $name,
            general: include_str!(concat!("../migrations/", $name, ".sql")),
            sqlite: steps!(@ $name ".sqlite.sql" $($engines)?),
            postgres: steps!(@ $name ".postgres.sql" $($engines)?),
        }),*]
    };
    (@ $name:literal $end:literal) => { "" };
    (@ $name:literal $end:literal $engines:ident) => { include_str!(concat!("../migrations/", $name, $end)) };
}

/// Every migration, in order. A released one is never edited.
pub const STEPS: &[Step] = steps![
    1 "0001_schema_migrations",
    2 "0002_pools",
    3 "0003_users",
    4 "0004_mfa",
    5 "0005_sessions",
    6 "0006_messages",
    7 "0007_audit",
    8 "0008_organizations" + engines,
    9 "0009_roles",
    10 "0010_posts",
    11 "0011_custom_fields",
    12 "0012_user_logins",
    13 "0013_user_search" + engines,
    14 "0014_jobs",
    15 "0015_provider",
    16 "0016_client",
    17 "0017_account",
    18 "0018_settings",
];

/// Applies what is missing, each step in a transaction of its own.
///
/// # Errors
/// When the database was written by a newer watchword.
pub async fn run(db: &Db, now: Millis) -> Result<()> {
    let newest = STEPS.last().map_or(0, |s| s.version);
    db.migrate(STEPS, now.0).await?;
    let (found,): (i64,) = db
        .read()
        .await?
        .one(crate::sql!("SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations"), &[])
        .await?;
    if found > newest {
        return Err(StoreError::Broken(format!(
            "the database has schema {found}, this watchword knows {newest}: run the newer one"
        )));
    }
    Ok(())
}

impl Step {
    pub(crate) fn for_sqlite(&self) -> String {
        self.general.replace("\n);", "\n) WITHOUT ROWID;") + self.sqlite
    }

    pub(crate) fn for_postgres(&self) -> String {
        let sql = self.general.replace(" TEXT", " TEXT COLLATE \"C\"").replace(" BLOB", " BYTEA");
        sql.replace("\n);", "\n) WITH (fillfactor = 85);") + self.postgres
    }
}
