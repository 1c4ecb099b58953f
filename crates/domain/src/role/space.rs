//! Permission spaces: role codes are unique within one. Every pool has `default` and `system`, every application the
//! one that its id names.

use watchword_kit::{Error, Result, codes, text};
use watchword_store::{Tx, app, role as store};

use crate::ctx::Ctx;

pub const DEFAULT: &str = "default";
pub const SYSTEM: &str = "system";

/// A permission space that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    pub code: String,
    pub name: String,
}

/// The space with this code; `default` when none is named.
///
/// # Errors
/// 404 at `namespace`.
pub async fn named(tx: &mut Tx, ctx: &Ctx, code: Option<&str>) -> Result<Space> {
    let code = code.filter(|code| !code.is_empty()).unwrap_or(DEFAULT);
    let own = match code {
        DEFAULT => Some(text!("Default permission space", "默认权限空间")),
        SYSTEM => Some(text!("System permission space", "系统权限空间")),
        _ => None,
    };
    if let Some(name) = own {
        return Ok(Space { code: code.to_owned(), name: name.get(ctx.request().lang).to_owned() });
    }
    let name = match store::NAMESPACES.get(tx, ctx.pool(), code).await? {
        Some(row) => Some(row.name),
        None => app::TABLE.get(tx, ctx.pool(), code).await?.map(|app| app.name),
    };
    let unknown = || Error::new(codes::NOT_FOUND).because(text!("no such permission space", "权限空间不存在"));
    Ok(Space { code: code.to_owned(), name: name.ok_or_else(|| unknown().at("namespace"))? })
}
