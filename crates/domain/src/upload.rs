//! Files of users: kept in the database, their kind found in their content, served so that none runs as a page of ours.

mod sniff;

use std::sync::Arc;

use serde_json::json;
use watchword_api::upload::{UploadReq, Uploaded};
use watchword_kit::{Error, PoolId, Result, codes, text};
use watchword_store::upload::{self as store, TABLE, Upload};
use watchword_store::user::TABLE as USERS;

use crate::caller::{self, Presented};
use crate::ctx::{Actor, Ctx};
use crate::services::Services;

pub use sniff::{Kind, kind};

/// Largest file, in bytes.
pub const MAX_FILE: usize = 4 << 20;
/// Files of one user.
const MAX_FILES: i64 = 200;
/// Bytes of one user.
const MAX_BYTES: i64 = 64 << 20;
const MAX_FOLDER: usize = 64;
/// Where no folder is named.
const FOLDER: &str = "files";

/// `POST /api/v2/upload`, by a user who is signed in.
///
/// # Errors
/// 400 at `folder` and for an empty file, 413 for one that is too large, 422 when the user has too many.
pub async fn put(ctx: &Ctx, req: UploadReq) -> Result<Uploaded> {
    let user = ctx.session()?.user_id.clone();
    let folder = req.folder.unwrap_or_else(|| FOLDER.into());
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if folder.len() > MAX_FOLDER || !folder.bytes().all(fine) {
        let detail = text!("1 to {MAX_FOLDER} letters, digits, - and _", "应为 1 到 {MAX_FOLDER} 个字母、数字、- 和 _");
        return Err(Error::invalid("folder", detail));
    }
    let content = req.file.content;
    if content.is_empty() {
        return Err(Error::invalid("file", text!("empty", "文件为空")));
    }
    if content.len() > MAX_FILE {
        let detail = text!("larger than {MAX_FILE} bytes", "超过 {MAX_FILE} 字节");
        return Err(Error::new(codes::TOO_LARGE).because(detail).at("file"));
    }
    let kind = kind(&content);
    let row = Upload {
        pool_id: ctx.pool().to_string(),
        id: ctx.entropy.hex(16),
        user_id: user,
        folder,
        media_type: kind.media_type.into(),
        is_private: req.is_private.unwrap_or_default(),
        size: content.len() as i64,
        created_at: ctx.now(),
        content,
    };
    let mut tx = ctx.write().await?;
    // Uploads of one user take turns, so that the bound holds.
    USERS.hold(&mut tx, ctx.pool(), &row.user_id, "id", row.user_id.as_str()).await?;
    let (files, bytes) = store::used(&mut tx, ctx.pool(), &row.user_id).await?;
    if files >= MAX_FILES || bytes + row.size > MAX_BYTES {
        let detail = text!(
            "you have {MAX_FILES} files or {MAX_BYTES} bytes already",
            "您上传的文件已达 {MAX_FILES} 个或 {MAX_BYTES} 字节"
        );
        return Err(Error::new(codes::UNPROCESSABLE).because(detail));
    }
    TABLE.insert(&mut tx, &row).await?;
    let details = json!({ "userId": row.user_id, "id": row.id, "mediaType": row.media_type, "bytes": row.size });
    ctx.commit(tx, details).await?;
    let key = format!("{}/{}.{}", row.folder, row.id, kind.extension);
    Ok(Uploaded { url: format!("{}/uploads/{}/{key}", ctx.settings.public_url, row.pool_id), key })
}

/// A file by its address. A private one is there for its user only; `token` is the access token that came along.
///
/// # Errors
/// 404, the same for what is not there and what is not the caller's.
pub async fn get(
    services: &Arc<Services>,
    pool: &str,
    folder: &str,
    name: &str,
    token: Option<&Presented<'_>>,
) -> Result<Upload> {
    let nothing = || Error::new(codes::NOT_FOUND);
    let (id, extension) = name.split_once('.').ok_or_else(nothing)?;
    let found = TABLE.get(&mut services.db.read().await?, &PoolId::new(pool), id).await?;
    let row = found.filter(|row| row.folder == folder && kind(&row.content).extension == extension);
    let row = row.ok_or_else(nothing)?;
    if row.is_private {
        let (_, actor) = caller::by_access_token(services, token.ok_or_else(nothing)?).await.map_err(|_| nothing())?;
        let Actor::User(session) = actor else { return Err(nothing()) };
        let own = session.user_id == row.user_id && session.pool_id == row.pool_id;
        if !own || caller::third_party(services, &session).await?.is_some() {
            return Err(nothing());
        }
    }
    Ok(row)
}
