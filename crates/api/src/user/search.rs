//! Listing and searching users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::UserStatus;
use crate::common::{Object, Pagination};

wire_enum! {
    /// How a filter compares: `EQUAL`, `NOT_EQUAL`, `CONTAINS` and `NOT_CONTAINS` for texts, `IS_NULL`,
    /// `NOT_NULL`, `IN` a list, `GREATER` (or equal), `LESSER` (or equal), `BETWEEN` two values, both included.
    pub enum FilterOperator {
        Equal = "EQUAL",
        NotEqual = "NOT_EQUAL",
        Contains = "CONTAINS",
        NotContains = "NOT_CONTAINS",
        IsNull = "IS_NULL",
        NotNull = "NOT_NULL",
        In = "IN",
        Greater = "GREATER",
        Lesser = "LESSER",
        Between = "BETWEEN",
    }
}

wire_enum! {
    /// A member of the user by which a list can be sorted.
    pub enum UserSortField {
        CreatedAt = "createdAt",
        UpdatedAt = "updatedAt",
        Email = "email",
        Username = "username",
        ExternalId = "externalId",
        Phone = "phone",
        Status = "status",
        StatusChangedAt = "statusChangedAt",
        PasswordLastSetAt = "passwordLastSetAt",
        LoginsCount = "loginsCount",
        Gender = "gender",
        LastLogin = "lastLogin",
        UserSourceType = "userSourceType",
        LastMfaTime = "lastMfaTime",
        PasswordSecurityLevel = "passwordSecurityLevel",
        PhoneCountryCode = "phoneCountryCode",
        LastIp = "lastIp",
    }
}

wire_enum! {
    /// `desc` from great to small, `asc` from small to great.
    pub enum SortOrder {
        Desc = "desc",
        Asc = "asc",
    }
}

wire_enum! {
    /// A member of the user in which `keywords` can be searched.
    pub enum FuzzySearchField {
        Id = "id",
        Phone = "phone",
        Email = "email",
        Name = "name",
        Username = "username",
        ExternalId = "externalId",
        Nickname = "nickname",
        Company = "company",
        GivenName = "givenName",
        FamilyName = "familyName",
        MiddleName = "middleName",
        Profile = "profile",
        PreferredUsername = "preferredUsername",
        Website = "website",
        Address = "address",
        Formatted = "formatted",
        StreetAddress = "streetAddress",
        PostalCode = "postalCode",
        IdentityNumber = "identityNumber",
    }
}

/// Query of `GET /api/v3/list-users`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListUsersQuery {
    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Only users in this state.
    pub status: Option<UserStatus>,

    /// Only users changed at or after this Unix time (seconds; values above 10^11 are milliseconds).
    pub updated_at_start: Option<i64>,

    /// Only users changed at or before this Unix time (same unit). Default now.
    pub updated_at_end: Option<i64>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return `postIdList`. Default false.
    pub with_post: Option<bool>,

    /// Whether to return `identities`. Default false.
    pub with_identities: Option<bool>,

    /// Whether to return `departmentIds`. Default false.
    pub with_department_ids: Option<bool>,
}

/// Body of `POST /api/v3/list-users`: every condition given must hold.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListUsersReq {
    /// Text to look for in the members that `options.fuzzySearchOn` names.
    pub keywords: Option<String>,

    /// Conditions; all must hold.
    pub advanced_filter: Option<Vec<AdvancedFilter>>,

    /// A search-engine query. Not supported: a request with it is refused.
    pub search_query: Option<Object>,

    /// Paging, sorting and what to return.
    pub options: Option<ListUsersOptions>,
}

/// One condition of a user search.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdvancedFilter {
    /// A member of the user, such as `id`, `phone`, `email`, `username`, `externalId`, `name`, `status`, `gender`,
    /// `signedUp`, `lastLogin`, `loginsCount`; `userSource` (a type, or an object with `userSourceType` and
    /// `userSourceId`), `loggedInApps`, `identity` (an object with any of `extIdpId`, `provider`, `userIdInIdp`); or a
    /// custom field. Case does not count for user name, e-mail, external id, name and nickname.
    pub field: String,

    /// How to compare.
    pub operator: FilterOperator,

    /// What to compare with; its type follows `field` and `operator`: a list for `IN`, two values for `BETWEEN`,
    /// nothing for `IS_NULL` and `NOT_NULL`.
    pub value: Option<Value>,
}

/// Options of `POST /api/v3/list-users`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListUsersOptions {
    /// Which page.
    pub pagination: Option<Pagination>,

    /// Sort keys, the first one first.
    pub sort: Option<Vec<UserSort>>,

    /// Where to look for `keywords`. Default phone, email, name, username, nickname, identityNumber.
    pub fuzzy_search_on: Option<Vec<FuzzySearchField>>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return `postIdList`. Default false.
    pub with_post: Option<bool>,

    /// Whether to return `identities`. Default false.
    pub with_identities: Option<bool>,

    /// Whether to return `departmentIds`. Default false.
    pub with_department_ids: Option<bool>,

    /// Whether to return custom fields as members of the user itself. Default false.
    pub flat_custom_data: Option<bool>,
}

/// One sort key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserSort {
    /// The member to sort by.
    pub field: UserSortField,

    /// The direction.
    #[serde(alias = "direction")]
    pub order: SortOrder,
}
