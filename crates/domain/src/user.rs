//! Users: the people of a pool.
//!
//! # Layout
//! - [`resolve`]: who is meant by an id, and by a name at sign-in
//! - [`create`], [`update`], [`remove`]: the writes; `draft` is what the first two have in common
//! - [`search`]: lists; [`view`]: a stored user as the API shows it; [`claims`]: as OpenID Connect does
//! - [`phone`], [`text`]: what identifiers may be; [`custom`]: custom data; `identity`: accounts elsewhere
//! - `password`: passwords that an administrator sets

pub mod claims;
pub mod create;
pub mod custom;
mod draft;
mod identity;
mod password;
pub mod phone;
pub mod remove;
pub mod resolve;
pub mod search;
pub mod text;
mod unique;
pub mod update;
pub mod view;

pub use claims::claims;
pub use resolve::{LoginName, find_for_login, resolve, resolve_many};
