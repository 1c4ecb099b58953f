//! Import and export of users, for management clients. Additions of this server.

use watchword_api::job::{
    CancelImportJobReq, ExportUsersReq, ExportedUsers, ImportJob, ImportJobQuery, ImportUsersReq,
};
use watchword_domain::user::export;
use watchword_domain::{Audit, Ctx, Permission, job};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/import-users", import_users, Audit::UserImport)
            .needs(Permission::UserImport)
            .big()
            .says("Import users in a job (addition)"),
        Op::read("GET", "/api/v3/get-import-job", get_import_job)
            .needs(Permission::UserImport)
            .says("Read how far an import is and what could not be (addition)"),
        Op::write("POST", "/api/v3/cancel-import-job", cancel_import_job, Audit::UserImportCancel)
            .needs(Permission::UserImport)
            .says("Cancel an import (addition)"),
        Op::write("POST", "/api/v3/export-users", export_users, Audit::UserExport)
            .needs(Permission::UserExport)
            .says("Export users page by page (addition)"),
    ]
}

async fn import_users(ctx: Ctx, req: ImportUsersReq) -> Result<ImportJob> {
    job::begin(&ctx, req).await
}

async fn get_import_job(ctx: Ctx, query: ImportJobQuery) -> Result<ImportJob> {
    job::get(&ctx, &query.job_id).await
}

async fn cancel_import_job(ctx: Ctx, req: CancelImportJobReq) -> Result<ImportJob> {
    job::cancel(&ctx, &req.job_id).await
}

async fn export_users(ctx: Ctx, req: ExportUsersReq) -> Result<ExportedUsers> {
    export::export(&ctx, req).await
}
