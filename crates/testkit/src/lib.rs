//! The real server on a fresh database, and clients that read like sentences.
//!
//! # Layout
//! - [`database`]: a fresh SQLite file, or with `WATCHWORD_TEST_DATABASE` a fresh PostgreSQL database
//! - [`postgres`]: whether there is one, and statements to it
//! - [`server`]: [`Server`] and its frozen clock
//! - [`browser`]: [`Browser`], which keeps cookies and submits forms
//! - [`client`]: [`Client`] and [`Reply`]
//! - [`user`]: end users and their codes
//! - [`inbox`]: what would have been sent
//! - [`qr`], [`encrypt`], [`jose`]: what a phone, a login page and a client with a key do
//!
//! # Not here
//! No mock of the store and no shortcut past HTTP: what a test does, a user could do.

pub mod browser;
pub mod client;
pub mod database;
pub mod encrypt;
pub mod inbox;
pub mod jose;
pub mod postgres;
pub mod qr;
pub mod server;
pub mod user;

pub use browser::{Browser, Page};
pub use client::{Client, Reply, encode};
pub use server::{Pool, Server, minutes, seconds};
pub use user::{PASSWORD, RECOVERY_CODE, SECRET, code_at, code_in};
