//! An operation is a row of data next to a plain async function.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use watchword_domain::{Audit, Ctx, Permission};
use watchword_kit::{Error, Result};

use crate::input;

/// Who may call an operation. There is no default: a row that says nothing lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Nobody,
    /// Anyone at all. `grep '.public()'` is the attack surface together with [`Access::Application`].
    Public,
    /// Anyone who names an application, by `x-authing-app-id`, HTTP Basic or `client_id`. At an endpoint of OAuth an
    /// access key may be named instead, and the handler demands the proof.
    Application,
    /// A management key with this permission.
    Key(Permission),
    /// An end user with an access token.
    User,
    /// An end user with an access token, or with the mfaToken of a sign-in that waits for its second factor.
    UserOrMfa,
}

/// How a reply is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `{statusCode, message, requestId, apiCode?, data?}`.
    V3,
    /// As [`Shape::V3`], with the members of `data` beside it, too: for the few operations whose reply the contract
    /// shows without an envelope though clients read the outcome from one.
    Flat,
    /// `{code, message, data?, …}` of the older API that mobile clients call.
    V2,
    /// The reply as it is; errors in the V3 envelope.
    Bare,
    /// As [`Shape::Bare`], the reply being a picture.
    Picture,
    /// The reply as it is; errors as RFC 6749 §5.2 says, with real HTTP statuses.
    OAuth,
}

/// Where the input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Query,
    Json,
    /// A form, or JSON when the content type says so.
    Form,
    /// A form with a file.
    Multipart,
}

/// The input as it arrived.
pub struct Raw {
    pub source: Source,
    /// The path's parameters as a query: each pair ends in `&`.
    pub path: String,
    pub query: String,
    pub body: Bytes,
    pub content_type: Option<String>,
}

type Run = Arc<dyn Fn(Ctx, Raw) -> Pin<Box<dyn Future<Output = Result<Option<Vec<u8>>>> + Send>> + Send + Sync>;

/// One operation.
#[derive(Clone)]
pub struct Op {
    pub method: &'static str,
    pub path: &'static str,
    pub summary: &'static str,
    /// The module of the API, set where the lists come together.
    pub module: &'static str,
    pub access: Access,
    /// Whether the token of a user may come from an application that asks its users for consent: such a one was given
    /// scopes, and none of them is the account.
    pub third_party: bool,
    /// The name of a write in the trail; `None`: the operation only reads.
    pub audit: Option<Audit>,
    pub shape: Shape,
    pub source: Source,
    /// HTTP status of a success.
    pub success: u16,
    /// Largest body, in bytes.
    pub body_limit: usize,
    pub input: fn(&mut SchemaGenerator) -> Schema,
    pub output: Option<fn(&mut SchemaGenerator) -> Schema>,
    pub(crate) run: Run,
}

/// The reply of an operation that has nothing to tell: no `data`.
pub struct Done;

/// A reply whose `data` is left out where there is none.
pub struct Maybe<T>(pub Option<T>);

/// An SVG picture, for [`Op::picture`].
pub struct Picture(pub String);

/// No input at all.
#[derive(serde::Deserialize, JsonSchema)]
pub struct Nothing {}

/// What a handler may answer.
pub trait Reply: Send + 'static {
    fn schema() -> Option<fn(&mut SchemaGenerator) -> Schema>;
    fn json(self) -> Result<Option<Vec<u8>>>;
}

impl Reply for Done {
    fn schema() -> Option<fn(&mut SchemaGenerator) -> Schema> {
        None
    }

    fn json(self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

impl Reply for Picture {
    fn schema() -> Option<fn(&mut SchemaGenerator) -> Schema> {
        None
    }

    fn json(self) -> Result<Option<Vec<u8>>> {
        Ok(Some(self.0.into_bytes()))
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Reply for Maybe<T> {
    fn schema() -> Option<fn(&mut SchemaGenerator) -> Schema> {
        Some(|generator| generator.subschema_for::<T>())
    }

    fn json(self) -> Result<Option<Vec<u8>>> {
        self.0.map(|data| serde_json::to_vec(&data).map_err(Error::internal)).transpose()
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Reply for T {
    fn schema() -> Option<fn(&mut SchemaGenerator) -> Schema> {
        Some(|generator| generator.subschema_for::<T>())
    }

    fn json(self) -> Result<Option<Vec<u8>>> {
        serde_json::to_vec(&self).map(Some).map_err(Error::internal)
    }
}

const MIB: usize = 1 << 20;

impl Op {
    /// An operation that cannot write: its context refuses a transaction that could.
    pub fn read<F, Fut, I, O>(method: &'static str, path: &'static str, handler: F) -> Op
    where
        F: Fn(Ctx, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O>> + Send + 'static,
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Reply,
    {
        let handler = Arc::new(handler);
        let run: Run = Arc::new(move |ctx, raw| {
            let handler = handler.clone();
            Box::pin(async move {
                let request = input::parse::<I>(&raw)?;
                drop(raw);
                handler(ctx, request).await?.json()
            })
        });
        Op {
            method,
            path,
            summary: "",
            module: "",
            access: Access::Nobody,
            third_party: false,
            audit: None,
            shape: Shape::V3,
            source: if method == "GET" || method == "DELETE" { Source::Query } else { Source::Json },
            success: 200,
            body_limit: MIB,
            input: |generator| generator.subschema_for::<I>(),
            output: O::schema(),
            run,
        }
    }

    /// An operation that writes, and what the trail calls it.
    pub fn write<F, Fut, I, O>(method: &'static str, path: &'static str, handler: F, audit: Audit) -> Op
    where
        F: Fn(Ctx, I) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<O>> + Send + 'static,
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Reply,
    {
        Op { audit: Some(audit), ..Op::read(method, path, handler) }
    }

    pub fn says(self, summary: &'static str) -> Op {
        Op { summary, ..self }
    }

    pub fn public(self) -> Op {
        Op { access: Access::Public, ..self }
    }

    pub fn application(self) -> Op {
        Op { access: Access::Application, ..self }
    }

    pub fn needs(self, permission: Permission) -> Op {
        Op { access: Access::Key(permission), ..self }
    }

    pub fn user(self) -> Op {
        Op { access: Access::User, ..self }
    }

    /// Admits the tokens of applications that ask for consent, too: the handler tells what their scopes tell.
    pub fn third_party(self) -> Op {
        Op { third_party: true, ..self }
    }

    pub fn user_or_mfa(self) -> Op {
        Op { access: Access::UserOrMfa, ..self }
    }

    pub fn flat(self) -> Op {
        Op { shape: Shape::Flat, ..self }
    }

    pub fn v2(self) -> Op {
        Op { shape: Shape::V2, ..self }
    }

    pub fn bare(self) -> Op {
        Op { shape: Shape::Bare, ..self }
    }

    pub fn picture(self) -> Op {
        Op { shape: Shape::Picture, ..self }
    }

    pub fn oauth(self) -> Op {
        Op {
            shape: Shape::OAuth,
            source: if matches!(self.method, "GET" | "DELETE") { Source::Query } else { Source::Form },
            ..self
        }
    }

    /// Answers success with HTTP status 201.
    pub fn created(self) -> Op {
        Op { success: 201, ..self }
    }

    /// Answers success with HTTP status 204 and nothing else.
    pub fn no_content(self) -> Op {
        Op { success: 204, ..self }
    }

    pub fn form(self) -> Op {
        Op { source: Source::Form, ..self }
    }

    /// Takes a file of up to so many bytes.
    pub fn multipart(self, file: usize) -> Op {
        Op { source: Source::Multipart, body_limit: file + MIB / 16, ..self }
    }

    /// Takes imports: bodies up to 16 MiB.
    pub fn big(self) -> Op {
        Op { body_limit: 16 * MIB, ..self }
    }
}
