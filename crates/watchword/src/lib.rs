//! The binary's parts: wiring, no rules.
//!
//! # Layout
//! - [`cli`]: the commands, one file per noun
//! - [`config`]: every key, from flags, environment, file and defaults
//! - [`data`]: the data directory, its lock, the master key
//! - [`start`]: from a configuration to ready services
//! - [`log`], [`metrics`]: what a running server tells
//! - [`serve`]: accepts connections and keeps them within limits
//! - [`worker`]: sends what is in the outbox, does jobs, changes the state of users whose time has come, keeps the
//!   search index and the signing keys fresh, and forgets what is over
//!
//! # Not here
//! No rule, no SQL and no route: commands call `domain` as operations do, and the worker what `domain` and `store` hold
//! ready for it.

pub mod cli;
pub mod config;
pub mod data;
pub mod log;
pub mod metrics;
pub mod serve;
pub mod start;
pub mod worker;
