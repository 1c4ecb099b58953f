//! The binary's parts: wiring, no rules.
//!
//! # Layout
//! - [`cli`]: the commands, one file per noun
//! - [`config`]: every key, from flags, environment, file and defaults
//! - [`data`]: the data directory, its lock, the master key
//! - [`start`]: from a configuration to ready services
//! - [`log`], [`metrics`]: what a running server tells
//! - [`serve`]: accepts connections and keeps them within limits
//! - [`worker`]: sends what is in the outbox, and forgets what is over

pub mod cli;
pub mod config;
pub mod data;
pub mod log;
pub mod metrics;
pub mod serve;
pub mod start;
pub mod worker;
