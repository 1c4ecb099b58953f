//! Custom fields, their values and built-in fields, for management clients.

use watchword_api::common::{Object, Success};
use watchword_api::custom_field::{
    CustomField, DeleteCustomFieldsReq, FieldList, GetCustomDataQuery, GetCustomFieldsQuery, ListFieldsQuery,
    SetBaseFieldsReq, SetCustomDataReq, SetCustomFieldsReq,
};
use watchword_domain::custom_field::{base, data, define, list};
use watchword_domain::{Audit, Ctx, Permission};
use watchword_kit::Result;

use crate::op::{Nothing, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/get-user-base-fields", get_base_fields)
            .needs(Permission::CustomFieldRead)
            .says("Read the built-in fields of users"),
        Op::read("GET", "/api/v3/list-user-base-fields", list_base_fields)
            .needs(Permission::CustomFieldRead)
            .says("Search the built-in fields of users"),
        Op::write("POST", "/api/v3/set-user-base-fields", set_base_fields, Audit::BaseFieldSet)
            .needs(Permission::CustomFieldWrite)
            .says("Configure built-in fields of users"),
        Op::read("GET", "/api/v3/get-custom-fields", get_custom_fields)
            .needs(Permission::CustomFieldRead)
            .says("Read the custom fields"),
        Op::read("GET", "/api/v3/list-custom-fields", list_custom_fields)
            .needs(Permission::CustomFieldRead)
            .says("Search the custom fields"),
        Op::write("POST", "/api/v3/set-custom-fields", set_custom_fields, Audit::CustomFieldSet)
            .needs(Permission::CustomFieldWrite)
            .says("Define or change custom fields, all or none"),
        Op::write("POST", "/api/v3/delete-custom-fields", delete_custom_fields, Audit::CustomFieldDelete)
            .needs(Permission::CustomFieldWrite)
            .says("Delete custom fields and their values, all or none"),
        Op::write("POST", "/api/v3/set-custom-data", set_custom_data, Audit::CustomDataSet)
            .needs(Permission::CustomDataWrite)
            .says("Set values of custom fields"),
        Op::read("GET", "/api/v3/get-custom-data", get_custom_data)
            .needs(Permission::CustomDataRead)
            .says("Read values of custom fields"),
    ]
}

async fn get_base_fields(ctx: Ctx, _: Nothing) -> Result<Vec<CustomField>> {
    base::get(&ctx).await
}

async fn list_base_fields(ctx: Ctx, query: ListFieldsQuery) -> Result<FieldList> {
    base::list(&ctx, query).await
}

async fn set_base_fields(ctx: Ctx, req: SetBaseFieldsReq) -> Result<Vec<CustomField>> {
    base::set(&ctx, req).await
}

async fn get_custom_fields(ctx: Ctx, query: GetCustomFieldsQuery) -> Result<Vec<CustomField>> {
    list::get(&ctx, query).await
}

async fn list_custom_fields(ctx: Ctx, query: ListFieldsQuery) -> Result<FieldList> {
    list::list(&ctx, query).await
}

async fn set_custom_fields(ctx: Ctx, req: SetCustomFieldsReq) -> Result<Vec<CustomField>> {
    define::set(&ctx, req).await
}

async fn delete_custom_fields(ctx: Ctx, req: DeleteCustomFieldsReq) -> Result<Success> {
    define::delete(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn set_custom_data(ctx: Ctx, req: SetCustomDataReq) -> Result<Success> {
    data::set(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn get_custom_data(ctx: Ctx, query: GetCustomDataQuery) -> Result<Object> {
    data::get(&ctx, query).await
}
