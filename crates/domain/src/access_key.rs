//! Management access keys.

mod manage;
mod management_token;

use watchword_crypto::vault::{Aad, Class};
use watchword_kit::{Error, Result, Secret};
use watchword_store::access_key::AccessKey;

use crate::ctx::Ctx;
use crate::permission::Grants;

pub use manage::{create, delete, get, list, rotate, update};
pub use management_token::management_token;

/// The `kind` of a key for a whole user pool, the only kind there is.
pub const POOL_KEY: &str = "userpool";

/// Whether this is the pool's own key, which may do everything: its id is the pool's.
pub fn is_pools_own(key: &AccessKey) -> bool {
    key.id == key.pool_id
}

/// What the key may do.
pub fn grants(key: &AccessKey) -> Grants {
    if is_pools_own(key) { Grants::All } else { Grants::from_stored(&key.permissions) }
}

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
