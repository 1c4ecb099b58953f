//! Files of users.

use watchword_api::upload::{UploadReq, Uploaded};
use watchword_domain::{Audit, Ctx, upload};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v2/upload", put, Audit::Upload)
            .user()
            .multipart(upload::MAX_FILE)
            .says("Upload a file, a portrait say"),
    ]
}

async fn put(ctx: Ctx, req: UploadReq) -> Result<Uploaded> {
    upload::put(&ctx, req).await
}
