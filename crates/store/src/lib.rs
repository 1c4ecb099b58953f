//! All SQL lives here: one text for SQLite and PostgreSQL, checked on both by tests.
//!
//! # Layout
//! - [`db`]: [`Db`] and [`Tx`]; the only place that names an engine
//! - [`statement`]: the [`sql!`] macro, which registers every statement for the tests
//! - [`value`]: values that go into a statement, cells that come out, the [`row!`] macro
//! - [`table`]: [`Table`], plain create, read, update, delete and search for the many similar tables
//! - [`migrate`]: the schema, from `migrations/`
//! - one file per table family, named as in every other layer
//!
//! # Not here
//! No rule. A function takes a [`Tx`], for tenant data the pool first, and says what happened; whether that is
//! allowed is decided in `domain`. Transactions are begun and committed there, too.

pub mod access_key;
pub mod action_token;
pub mod allowed_origin;
pub mod app;
pub mod audit;
pub mod authorization_code;
pub mod break_glass;
pub mod captcha;
pub mod consent;
pub mod custom_field;
pub mod db;
pub mod department;
pub mod device;
pub mod device_code;
pub mod enrollment;
pub mod error;
pub mod group;
pub mod housekeeping;
pub mod interaction;
pub mod job;
pub mod login;
pub mod message;
pub mod mfa_factor;
pub mod mfa_transaction;
pub mod migrate;
pub mod organization;
pub mod outbox;
pub mod par;
pub mod pool;
pub mod post;
pub mod quota;
pub mod registration;
pub mod role;
pub mod server_key;
pub mod session;
pub mod sso_session;
pub mod statement;
pub mod table;
pub mod target;
pub mod throttle;
pub mod token;
pub mod upload;
pub mod user;
pub mod value;
pub mod whitelist;

pub use db::{Db, Options, Tx};
pub use error::{Result, StoreError};
pub use statement::Statement;
pub use table::{Filter, Table};
pub use value::{Cell, FromRow, Record, Row, Val};

/// What the macros need from the crates that expand them.
#[doc(hidden)]
pub mod export {
    pub use inventory;
}

#[cfg(test)]
mod tests;
