//! Tokens for the management API.

use watchword_api::token::{GetManagementTokenReq, ManagementToken};
use watchword_domain::{Audit, Ctx, access_key};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/get-management-token", get_management_token, Audit::ManagementTokenIssue)
            .public()
            .says("Exchange an access key for a management token"),
    ]
}

async fn get_management_token(ctx: Ctx, req: GetManagementTokenReq) -> Result<ManagementToken> {
    access_key::management_token(&ctx, req).await
}
