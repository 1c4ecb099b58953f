//! Management access keys.

use watchword_crypto::vault::{Aad, Class};
use watchword_kit::{Error, Result, Secret};
use watchword_store::access_key::AccessKey;

use crate::ctx::Ctx;
use crate::permission::Grants;

mod management_token;

pub use management_token::management_token;

/// The `kind` of the pool's own key, which may do everything.
pub const POOL_KEY: &str = "userpool";

/// A new key, not yet stored, and its secret: 32 hex digits, 128 bits.
pub fn fresh(ctx: &Ctx, id: &str, kind: &str, user_id: &str, grants: &Grants) -> Result<(AccessKey, Secret<String>)> {
    let secret = Secret::new(ctx.entropy.hex(16));
    let aad = Aad { pool: ctx.pool().as_str(), row: id, column: "access_keys.secret_sealed" };
    let key = AccessKey {
        pool_id: ctx.pool().to_string(),
        id: id.to_owned(),
        kind: kind.to_owned(),
        user_id: user_id.to_owned(),
        tenant_id: None,
        secret_sealed: ctx.vault.seal(Class::AccessKey, &aad, secret.reveal().as_bytes(), &ctx.entropy),
        permissions: serde_json::to_string(&grants.names()).map_err(Error::internal)?,
        enabled: true,
        created_at: ctx.now(),
        last_used_at: None,
    };
    Ok((key, secret))
}
