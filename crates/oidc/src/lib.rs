//! OpenID Connect and OAuth 2: the protocol over `domain`.
//!
//! # Layout
//! - [`discovery`], [`jwks`]: what clients read first
//! - [`error`]: refusals as RFC 6749 §5.2 writes them
//!
//! # Not here
//! No SQL and no HTTP: `web` carries what is decided here.

pub mod discovery;
pub mod error;
pub mod jwks;
