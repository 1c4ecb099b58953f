//! The binary's parts: wiring, no rules.
//!
//! # Layout
//! - [`serve`]: accepts connections and keeps them within limits

pub mod serve;
