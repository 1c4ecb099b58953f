//! Users out to files: pages in the order of their ids, each user as an import reads it back.

use serde_json::{Value, json};
use watchword_api::job::{ExportUsersReq, ExportedUsers};
use watchword_kit::{Error, Result, text};
use watchword_store::Tx;
use watchword_store::user::TABLE;
use watchword_transfer::{Object, column};

use super::view::{self, With};
use crate::ctx::Ctx;

/// Most users of one page.
pub const MAX_PAGE: i64 = 1_000;

/// A page of users behind the id `after`, and the id behind which the next page begins.
///
/// # Errors
/// When the database cannot be read.
pub async fn page(
    tx: &mut Tx,
    ctx: &Ctx,
    after: &str,
    limit: i64,
    with_hashes: bool,
) -> Result<(Vec<Object>, Option<String>)> {
    let rows = TABLE.after(tx, ctx.pool(), after, limit).await?;
    let next = rows.last().map(|u| u.id.clone()).filter(|_| i64::try_from(rows.len()).is_ok_and(|n| n == limit));
    let hashes: Vec<Option<String>> = rows.iter().map(|u| u.password_hash.clone().filter(|_| with_hashes)).collect();
    let metadata: Vec<Option<String>> = rows.iter().map(|u| u.metadata_source.clone()).collect();
    let with = With { custom_data: true, identities: true, department_ids: true, ..With::default() };
    let shown = view::users(tx, ctx, rows, with).await?;
    let columns = column::written(with_hashes);
    let mut list = Vec::with_capacity(shown.len());
    for ((user, hash), metadata) in shown.into_iter().zip(hashes).zip(metadata) {
        let Value::Object(mut user) = serde_json::to_value(user).map_err(Error::internal)? else {
            return Err(Error::internal("a user is an object"));
        };
        if let Some(metadata) = metadata {
            user.insert("metadataSource".into(), serde_json::from_str(&metadata).map_err(Error::internal)?);
        }
        user.insert("passwordHash".into(), hash.into());
        list.push(columns.iter().filter_map(|c| known(c.name, user.remove(c.name)?)).collect());
    }
    Ok((list, next))
}

/// What says nothing is left out.
fn known(name: &str, value: Value) -> Option<(String, Value)> {
    let empty = match &value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    (!empty).then(|| (name.to_owned(), value))
}

/// `POST /api/v3/export-users`.
///
/// # Errors
/// 400 at `limit` or `cursor`.
pub async fn export(ctx: &Ctx, req: ExportUsersReq) -> Result<ExportedUsers> {
    let limit = req.limit.unwrap_or(MAX_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Error::invalid("limit", text!("1 to {MAX_PAGE}", "应为 1 到 {MAX_PAGE}")));
    }
    let after = req.cursor.unwrap_or_default();
    if after.len() > 64 {
        return Err(Error::invalid("cursor", text!("not a cursor of this operation", "不是本接口返回的游标")));
    }
    let (list, next) = page(&mut ctx.scan().await?, ctx, &after, limit, false).await?;
    begin(ctx, json!({ "users": list.len(), "after": after })).await?;
    Ok(ExportedUsers { list, next })
}

/// Leaves the trail of an export.
///
/// # Errors
/// When the database cannot be written.
pub async fn begin(ctx: &Ctx, details: Value) -> Result<()> {
    let tx = ctx.write().await?;
    ctx.commit(tx, details).await
}
