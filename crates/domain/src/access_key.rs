//! Management access keys.

/// The `kind` of the pool's own key, which may do everything.
pub const POOL_KEY: &str = "userpool";
