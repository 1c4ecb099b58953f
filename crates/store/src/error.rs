//! What can go wrong between us and the database.

use std::fmt;

use watchword_kit::{Error, codes};

pub type Result<T> = std::result::Result<T, StoreError>;

/// A failed statement or commit. `Clone`, because every member of a commit group learns of the group's failure.
#[derive(Clone, Debug)]
pub enum StoreError {
    /// A unique key is taken; the name is `{table}_{last column}`, on both engines.
    Unique(String),
    /// The database cannot be reached or is busy beyond patience: trying later makes sense.
    Unavailable(String),
    /// Anything else: a defect or a broken database.
    Broken(String),
}

impl StoreError {
    /// The unique key that was violated, if that is what happened.
    pub fn unique(&self) -> Option<&str> {
        match self {
            StoreError::Unique(key) => Some(key),
            StoreError::Unavailable(_) | StoreError::Broken(_) => None,
        }
    }

    pub(crate) fn broken(what: impl fmt::Display) -> Self {
        StoreError::Broken(what.to_string())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Unique(key) => write!(f, "unique key {key} is taken"),
            StoreError::Unavailable(why) => write!(f, "database unavailable: {why}"),
            StoreError::Broken(why) => write!(f, "database: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<StoreError> for Error {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Unique(_) => Error::new(codes::CONFLICT).inside(e),
            StoreError::Unavailable(_) => Error::new(codes::UNAVAILABLE).inside(e),
            StoreError::Broken(_) => Error::internal(e),
        }
    }
}
