//! Who may use an application.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Effect, Pagination};

wire_enum! {
    /// Whom a rule names.
    pub enum AccessSubject {
        User = "USER",
        Role = "ROLE",
        Group = "GROUP",
        Org = "ORG",
    }
}

wire_enum! {
    /// Whom a question is about. No rule names an access key.
    pub enum SubjectKind {
        User = "USER",
        Role = "ROLE",
        Group = "GROUP",
        Org = "ORG",
        AkSk = "AK_SK",
    }
}

wire_enum! {
    /// What becomes of users whom no rule reaches.
    pub enum PermissionStrategy {
        AllowAll = "ALLOW_ALL",
        DenyAll = "DENY_ALL",
    }
}

wire_enum! {
    /// Whether a rule is for all or for one subject. This server has only the latter; for all there is the
    /// application's strategy.
    pub enum PermissionType {
        All = "ALL",
        Subject = "SUBJECT",
    }
}

wire_enum! {
    /// What decides: the application's strategy, a rule for all, a rule that names the subject itself, or one that
    /// names a group, role or department that it belongs to.
    pub enum AuthType {
        Default = "DEFAULT",
        All = "ALL",
        Own = "SELF",
        Subject = "SUBJECT",
    }
}

wire_enum! {
    /// Whether an application was made from a template.
    pub enum SubjectAppType {
        Integrated = "INTEGRATED",
        Selfbuilt = "SELFBUILT",
    }
}

/// Answer of get-application-permission-strategy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionStrategyData {
    /// What becomes of users whom no rule reaches.
    pub permission_strategy: PermissionStrategy,
}

/// Body of update-application-permission-strategy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdatePermissionStrategyReq {
    /// Id of the application.
    pub app_id: String,

    /// What becomes of users whom no rule reaches.
    pub permission_strategy: PermissionStrategy,
}

/// Body of authorize-application-access.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizeAccessReq {
    /// Id of the application.
    pub app_id: String,

    /// The rules, 1 to 10.
    #[schemars(length(min = 1, max = 10))]
    pub list: Vec<AccessRule>,
}

/// Subjects, and what they may.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessRule {
    /// Whom it names.
    pub target_type: AccessSubject,

    /// Code of the permission space, for `ROLE`.
    pub namespace_code: Option<String>,

    /// For `ORG`: whether departments below are meant, too. Default true.
    pub inherit_by_children: Option<bool>,

    /// Ids of users or departments, codes of groups or roles, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub target_identifier: Vec<String>,

    /// What they may.
    pub effect: Effect,
}

/// Body of revoke-application-access.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevokeAccessReq {
    /// Id of the application.
    pub app_id: String,

    /// Whose rules go, 1 to 10.
    #[schemars(length(min = 1, max = 10))]
    pub list: Vec<AccessTarget>,
}

/// Subjects.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessTarget {
    /// What they are.
    pub target_type: AccessSubject,

    /// Code of the permission space, for `ROLE`.
    pub namespace_code: Option<String>,

    /// Ids of users or departments, codes of groups or roles, 1 to 50.
    #[schemars(length(min = 1, max = 50))]
    pub target_identifier: Vec<String>,
}

/// Body of update-auth-enabled.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateAuthEnabledReq {
    /// Id of the rule, as list-applications-auth shows it.
    pub id: String,

    /// Whether it counts.
    pub enabled: bool,
}

/// Query of batch-applications-auth.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthsQuery {
    /// Ids of rules, 1 to 50.
    pub auth_ids: Vec<String>,
}

/// Body of list-applications-auth.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListAuthsReq {
    /// Page number, from 1. Default 1.
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    pub limit: Option<i64>,

    /// Id of the application.
    pub app_id: String,

    /// Only subjects whose name contains this.
    pub target_name: Option<String>,

    /// Only subjects of these kinds.
    pub target_type_list: Option<Vec<SubjectKind>>,

    /// Only rules of this effect.
    pub effect: Option<Effect>,

    /// Only rules that count, or only those that do not.
    pub enabled: Option<bool>,
}

/// A rule of an application.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjectList {
    /// Id of the rule.
    pub id: String,

    /// Id of the subject.
    pub target_id: String,

    /// Name of the subject.
    pub target_name: String,

    /// What the subject is.
    pub target_type: SubjectKind,

    /// What it may.
    pub effect: Effect,

    /// Whether the rule counts.
    pub enabled: bool,

    /// `SUBJECT`.
    pub permission_type: PermissionType,
}

/// Query of get-subject-auth-detail.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjectAuthQuery {
    /// Id of the user, role, group or department.
    pub target_id: String,

    /// What it is.
    pub target_type: SubjectKind,

    /// Id of the application.
    pub app_id: String,
}

/// What decides about a subject at an application.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjectAuthDetail {
    /// Id of the application.
    pub app_id: String,

    /// Name of the application.
    pub app_name: String,

    /// The id that was asked about.
    pub req_target_id: String,

    /// Its name.
    pub req_target_name: String,

    /// What it is.
    pub req_target_type: SubjectKind,

    /// What the deciding rule names.
    pub target_type: SubjectKind,

    /// Its name.
    pub target_name: String,

    /// What decides.
    pub auth_type: AuthType,
}

/// Body of list-subject-auth.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListSubjectAuthReq {
    /// Id of the user, role, group or department.
    pub target_id: String,

    /// What it is.
    pub target_type: SubjectKind,

    /// Only applications whose name contains this.
    pub app_name: Option<String>,

    /// Only applications of these kinds: `INTEGRATED`, `SELFBUILT`.
    pub app_type_list: Option<Vec<String>>,

    /// Only these effects: `ALLOW`, `DENY`.
    pub effect: Option<Vec<String>>,

    /// Only rules that count, or only those that do not.
    pub enabled: Option<bool>,
}

/// Answer of list-subject-auth.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjectAuths {
    /// The applications.
    pub list: Vec<SubjectApp>,
}

/// An application about which a rule says something.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjectApp {
    /// Id of the application.
    pub app_id: String,

    /// Address of its logo.
    pub logo: String,

    /// Empty.
    pub ext: String,

    /// Template of an integrated application, otherwise empty.
    pub template: String,

    /// Whether it was made from a template.
    pub app_type: SubjectAppType,

    /// What the rules together say.
    pub effect: Effect,
}

/// Body of list-application-active-users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListActiveUsersReq {
    /// Id of the application.
    pub app_id: String,

    /// Page, and what is told of each user.
    pub options: Option<ActiveUsersOptions>,
}

/// Options of list-application-active-users.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActiveUsersOptions {
    /// Which page.
    pub pagination: Option<Pagination>,

    /// Whether custom data are told. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether identities are told. Default false.
    pub with_identities: Option<bool>,

    /// Whether ids of departments are told. Default false.
    pub with_department_ids: Option<bool>,
}

/// Body of check-domain-available.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckDomainReq {
    /// Identifier of an application that might be made.
    pub domain: String,
}

/// Answer of check-domain-available.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DomainAvailable {
    /// Whether an application may have it.
    pub available: bool,
}
