//! How a command ends: exit codes that scripts can rely on.

use std::process::ExitCode;

use serde_json::json;
use watchword_kit::{Error, Lang};
use watchword_store::StoreError;

use super::print::Output;

pub type Outcome<T = ()> = Result<T, Failure>;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
}

/// The exit codes, the same for every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Usage = 2,
    Unauthenticated = 3,
    NotFound = 4,
    Refused = 5,
    Partial = 6,
    Server = 9,
}

impl Failure {
    /// Wrong arguments or configuration.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { kind: Kind::Usage, message: message.into() }
    }

    pub fn not_found(message: impl Into<String>) -> Failure {
        Failure { kind: Kind::NotFound, message: message.into() }
    }

    /// A rule says no.
    pub fn refused(message: impl Into<String>) -> Failure {
        Failure { kind: Kind::Refused, message: message.into() }
    }

    /// Done, but for some rows that the report names.
    pub fn partial(message: impl Into<String>) -> Failure {
        Failure { kind: Kind::Partial, message: message.into() }
    }

    /// The server's side: database, keys, network.
    pub fn server(message: impl Into<String>) -> Failure {
        Failure { kind: Kind::Server, message: message.into() }
    }

    /// Says so on standard error.
    pub fn report(&self, output: Output) -> ExitCode {
        match output {
            Output::Table => eprintln!("watchword: {}", self.message),
            Output::Json => {
                let code = match self.kind {
                    Kind::Usage => "usage",
                    Kind::Unauthenticated => "unauthenticated",
                    Kind::NotFound => "not_found",
                    Kind::Refused => "refused",
                    Kind::Partial => "partial",
                    Kind::Server => "server",
                };
                eprintln!("{}", json!({ "kind": "error", "error": { "code": code, "message": self.message } }));
            }
        }
        ExitCode::from(self.kind as u8)
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        let kind = match e.code().status {
            400 => Kind::Usage,
            401 => Kind::Unauthenticated,
            404 => Kind::NotFound,
            403 | 409 | 413 | 422 => Kind::Refused,
            _ => Kind::Server,
        };
        // The operator of this machine may see what callers may not.
        let message = match (kind, e.inside_message()) {
            (Kind::Server, Some(inside)) => inside.to_owned(),
            _ => e.message(Lang::En),
        };
        Failure { kind, message }
    }
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        Error::from(e).into()
    }
}
