//! The words every other crate speaks: ids, time, randomness, secrets, fields and errors.
//!
//! # Layout
//! - [`clock`]: the one place that reads the wall clock, and [`Millis`], the one unit of time
//! - [`entropy`]: the one place that draws random bytes
//! - [`id`]: 24-hex identifiers that begin with time
//! - [`secret`]: values that cannot be printed by accident
//! - [`field`]: request members that tell absent, null and present apart
//! - [`text`]: a sentence in English and Simplified Chinese
//! - [`reach`]: which network an address lies in
//! - [`codes`]: every `statusCode` and `apiCode` with its message
//! - [`error`]: the one error type, with an outside and an inside message
//! - [`unicode`]: the one normal form in which identifiers are compared
//!
//! # Not here
//! No database, no network, no HTTP, no rule about users.

pub mod clock;
pub mod codes;
pub mod entropy;
pub mod error;
pub mod field;
pub mod id;
pub mod reach;
pub mod secret;
pub mod text;
pub mod unicode;

pub use clock::{Clock, Millis};
pub use codes::Code;
pub use entropy::Entropy;
pub use error::{Error, Result};
pub use field::Field;
pub use id::{Ids, PoolId};
pub use secret::Secret;
pub use text::{Lang, Text};
