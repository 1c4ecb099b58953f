//! Import and export of users: jobs and their reports. Additions of this server; the published interface has none.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::Object;
use crate::user::DepartmentIdType;

wire_enum! {
    /// What happens to a user who is there already: `update` changes what the row says, `keep` leaves the user as it
    /// is, `fail` reports the row.
    #[derive(Default)]
    pub enum ImportExisting {
        #[default]
        Update = "update",
        Keep = "keep",
        Fail = "fail",
    }
}

wire_enum! {
    /// What happens to a member of a row that nobody knows: `refuse` reports the row, `skip` passes it over, `custom`
    /// makes it a member of `customData`.
    #[derive(Default)]
    pub enum ImportUnknown {
        #[default]
        Refuse = "refuse",
        Skip = "skip",
        Custom = "custom",
    }
}

wire_enum! {
    /// By what a row's user is looked for.
    pub enum ImportMatch {
        UserId = "userId",
        ExternalId = "externalId",
        Username = "username",
        Email = "email",
        Phone = "phone",
    }
}

wire_enum! {
    /// State of a job.
    pub enum JobState {
        Running = "running",
        Done = "done",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

/// Body of import-users.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportUsersReq {
    /// The users, 1 to 10,000. Members are those of create-user (without `otp` and `options`), `userId` and what
    /// docs/importing-users.md lists beside them, or other names that `mapping` translates.
    #[schemars(length(min = 1, max = 10000))]
    pub rows: Vec<Object>,

    /// Name in the rows and what it means: a member, `customData.NAME`, or `-` to pass it over.
    pub mapping: Option<BTreeMap<String, String>>,

    /// What happens to other names. Default `refuse`.
    pub unknown: Option<ImportUnknown>,

    /// What happens to users who are there already. Default `update`.
    pub existing: Option<ImportExisting>,

    /// By what users are looked for, one after the other. Default: `userId`, then the first that the row has of
    /// `externalId`, `username`, `email` and `phone`.
    pub match_by: Option<Vec<ImportMatch>>,

    /// What the rows' `departmentIds` and `mainDepartmentId` hold. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Whether a new user gets the row's `userId`, 24 hex digits. Default false.
    pub keep_user_ids: Option<bool>,

    /// Whether a password or hash replaces the one that a user has. Default false: it is set where there is none.
    pub overwrite_passwords: Option<bool>,

    /// Whether nothing at all is written when one row cannot be. Default false.
    pub all_or_nothing: Option<bool>,

    /// Whether to tell what would happen and write nothing. Default false.
    pub dry_run: Option<bool>,
}

quiet_debug!(ImportUsersReq);

/// Query of get-import-job.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportJobQuery {
    /// Id of the job.
    pub job_id: String,
}

/// Body of cancel-import-job.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelImportJobReq {
    /// Id of the job.
    pub job_id: String,
}

/// A job and its report so far.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportJob {
    /// Id of the job; null for a dry run.
    pub job_id: Option<String>,

    /// State of the job.
    pub state: JobState,

    /// Whether nothing was to be written.
    pub dry_run: bool,

    /// Name of the file; empty for a list of the API.
    pub source: String,

    /// Rows in all; null while nobody has counted them.
    pub total: Option<i64>,

    /// Rows that are done.
    pub processed: i64,

    /// Users made.
    pub created: u64,

    /// Users changed.
    pub updated: u64,

    /// Users who were as the row says already.
    pub unchanged: u64,

    /// Users left as they were because `existing` is `keep`.
    pub kept: u64,

    /// Rows that could not be.
    pub failed: u64,

    /// The first 1,000 of them.
    pub problems: Vec<ImportProblem>,

    /// How many more there are.
    pub problems_omitted: u64,

    /// Why the job failed as a whole.
    pub error: Option<String>,

    /// When the job began; null for a dry run.
    pub created_at: Option<String>,

    /// When the job ended.
    pub finished_at: Option<String>,
}

/// A row that could not be.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportProblem {
    /// Line of the file; row of a sheet; in a list of the API the number of the row, from 1.
    pub line: i64,

    /// The member that cannot be; `row` for the row as a whole.
    pub field: String,

    /// What would be right.
    pub message: String,
}

/// Body of export-users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportUsersReq {
    /// `next` of the page before; absent for the first.
    pub cursor: Option<String>,

    /// Users on the page, 1 to 1,000. Default 1,000.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<i64>,

    /// What `departmentIds` and `mainDepartmentId` are written as: `department_id`, `open_department_id` or `code`, of
    /// which 422 tells that a department has none. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,
}

/// One page of an export.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedUsers {
    /// The users in the order of their ids, each as a line of `watchword user export --format jsonl`; import-users
    /// reads them back. No password hashes.
    pub list: Vec<Object>,

    /// What to ask for the next page with; null at the end.
    pub next: Option<String>,
}
