//! The doors: HTTP in, one domain function, the envelope out.
//!
//! # Layout
//! - [`ops`]: every operation, one row each, one file per module
//! - [`op`]: what a row is; [`dispatch`]: what happens to a request, top to bottom
//! - [`caller`]: who asks, read from headers; [`input`]: bodies and queries, read strictly
//! - [`envelope`]: the only place that writes a reply; `cors`: which pages of other origins may read it; `meter`: what
//!   is counted of it
//! - [`openapi`]: the document made from the rows
//! - [`pages`]: what is no operation: sign-in, links in e-mails, files of users, health, metrics, the API page
//!
//! # Not here
//! No rule and no SQL.

pub mod caller;
mod cors;
pub mod dispatch;
pub mod envelope;
pub mod input;
mod meter;
pub mod op;
pub mod openapi;
pub mod ops;
pub mod pages;

pub use dispatch::{Limits, Peer, router};
pub use op::{Access, Done, Op, Shape};

/// Every operation, in the order of the document.
pub fn operations() -> Vec<Op> {
    ops::all()
}
