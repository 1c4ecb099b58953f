//! The binary's parts: wiring, no rules.
//!
//! # Layout
//! - [`serve`]: accepts connections and keeps them within limits
//! - [`worker`]: sends what is in the outbox, and forgets what is over

pub mod serve;
pub mod worker;
