//! Lists and searches of departments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Department;
use crate::user::{DepartmentIdType, SortOrder};

wire_enum! {
    /// What `departmentId` of get-all-departments is.
    #[derive(Default)]
    pub enum AllDepartmentIdType {
        #[default]
        DepartmentId = "department_id",
        OpenDepartmentId = "open_department_id",
    }
}

wire_enum! {
    /// How a filter compares: `EQUAL`, `IN` a list, `GREATER` (or equal), `LESSER` (or equal), `BETWEEN` two values,
    /// both included, `CONTAINS` for names.
    pub enum DepartmentFilterOperator {
        Between = "BETWEEN",
        Equal = "EQUAL",
        In = "IN",
        Lesser = "LESSER",
        Greater = "GREATER",
        Contains = "CONTAINS",
    }
}

wire_enum! {
    /// By what departments are sorted.
    #[derive(Default)]
    pub enum DepartmentSortKey {
        #[default]
        UpdatedAt = "updatedAt",
        CreatedAt = "createdAt",
    }
}

wire_enum! {
    /// By what departments are sorted.
    pub enum DepartmentSortField {
        UpdatedAt = "updatedAt",
        CreatedAt = "createdAt",
        Name = "name",
    }
}

wire_enum! {
    /// `DESC` from great to small, `ASC` from small to great.
    #[derive(Default)]
    pub enum UpperDirection {
        Asc = "ASC",
        #[default]
        Desc = "DESC",
    }
}

/// Query of list-children-departments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListChildrenDepartmentsQuery {
    /// Code of the organisation.
    pub organization_code: String,

    /// The department, named as `departmentIdType` says; `root` is the organisation's root.
    pub department_id: String,

    /// Only those that are in use, or, if false, only those that are not.
    pub status: Option<bool>,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<DepartmentIdType>,

    /// Whether to leave virtual departments out. Default false.
    pub exclude_virtual_node: Option<bool>,

    /// Whether to list virtual departments only. Default false.
    pub only_virtual_node: Option<bool>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Query of get-all-departments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetAllDepartmentsQuery {
    /// Code of the organisation.
    pub organization_code: String,

    /// The department at which to begin, named as `departmentIdType` says. Default `root`.
    pub department_id: Option<String>,

    /// What `departmentId` is. Default `department_id`.
    pub department_id_type: Option<AllDepartmentIdType>,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,
}

/// Departments and how many there are.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentList {
    /// How many there are; a number, though the contract says boolean.
    #[schemars(with = "Value")]
    pub total_count: i64,

    /// The departments.
    pub list: Vec<Department>,
}

/// Body of search-departments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchDepartmentsReq {
    /// Code of the organisation.
    pub organization_code: String,

    /// Text to look for in name and code, whatever the case.
    pub keywords: String,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// Body of search-departments-list: every condition given must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchDepartmentsListReq {
    /// Code of the organisation.
    pub organization_code: String,

    /// Whether to return `customData`. Default false.
    pub with_custom_data: Option<bool>,

    /// Whether to return `postIdList`. Default false.
    pub with_post: Option<bool>,

    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,

    /// Conditions, up to 20; all must hold.
    pub advanced_filter: Option<Vec<DepartmentFilter>>,

    /// By what to sort, where `sort` is absent. Default `updatedAt`.
    pub sort_by: Option<DepartmentSortKey>,

    /// The direction of `sortBy`. Default `DESC`.
    pub order_by: Option<UpperDirection>,

    /// Sort keys, the first one first, up to 3.
    pub sort: Option<Vec<DepartmentSort>>,

    /// Id of a tenant. There are no tenants: a request with it is refused.
    pub tenant_id: Option<String>,
}

/// One condition of a search for departments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentFilter {
    /// `updatedAt` and `createdAt` (Unix time in milliseconds or seconds, or an RFC 3339 date), or `name`, whose case
    /// does not count.
    pub field: String,

    /// How to compare.
    pub operator: DepartmentFilterOperator,

    /// What to compare with: a list for `IN`, two values for `BETWEEN`.
    pub value: Option<Value>,
}

/// One sort key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentSort {
    /// What to sort by.
    pub field: DepartmentSortField,

    /// The direction.
    #[serde(alias = "direction")]
    pub order: SortOrder,
}
