//! What sources of synchronisation know departments as. They are written by synchronisation.

use serde_json::json;
use watchword_api::department::{
    DeleteDepartmentSyncRelationsReq, DepartmentSyncRelation, GetDepartmentSyncRelationsQuery,
};
use watchword_kit::{Error, Result, text};
use watchword_store::department as store;

use super::resolve::{ROOT, find, hold};
use crate::ctx::Ctx;
use crate::rules::no_tenant;
use crate::user::custom;

/// `GET /api/v3/get-department-sync-relations`: oldest first.
///
/// # Errors
/// 404 at `organizationCode` or `departmentId`.
pub async fn list(ctx: &Ctx, query: GetDepartmentSyncRelationsQuery) -> Result<Vec<DepartmentSyncRelation>> {
    no_tenant(query.tenant_id.as_deref(), "tenantId")?;
    let mut tx = ctx.read().await?;
    let id = query.department_id.as_deref().unwrap_or(ROOT);
    let (_, row) = find(&mut tx, ctx, &query.organization_code, id, query.department_id_type).await?;
    let rows = store::sync_relations_of(&mut tx, ctx.pool(), &row.id).await?;
    let shown = rows.into_iter().map(|r| {
        Ok(DepartmentSyncRelation {
            provider: r.provider,
            user_id_in_idp: r.id_in_idp,
            user_info_in_idp: custom::object(&r.info_in_idp)?,
        })
    });
    shown.collect()
}

/// `POST /api/v3/delete-department-sync-relations`: forgets a department's relations with a provider, if there are any.
///
/// # Errors
/// 404 at `organizationCode` or `departmentId`; 400 at `provider` when it is empty.
pub async fn delete(ctx: &Ctx, req: DeleteDepartmentSyncRelationsReq) -> Result<()> {
    if req.provider.is_empty() {
        return Err(Error::invalid("provider", text!("must not be empty", "不能为空")));
    }
    let mut tx = ctx.write().await?;
    let kind = req.department_id_type;
    let (_, row) = hold(&mut tx, ctx, &req.organization_code, &req.department_id, kind).await?;
    let gone = store::delete_sync_relations(&mut tx, ctx.pool(), &row.id, &req.provider).await?;
    ctx.commit(tx, json!({ "departmentId": row.id, "provider": req.provider, "deleted": gone })).await
}
