//! Values into statements, cells out of rows.

use std::error::Error as StdError;

use bytes::BytesMut;
use rusqlite::types::ValueRef;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use watchword_kit::{Millis, PoolId};

use crate::{Result, StoreError};

/// A parameter of a statement. Null needs no type: the server's prepared statement has one.
#[derive(Clone, Debug, PartialEq)]
pub enum Val {
    Null,
    Text(String),
    Int(i64),
    Bool(bool),
    Bytes(Vec<u8>),
    /// The argument of `IN ANY_OF($n)`.
    Texts(Vec<String>),
    /// As `Texts`, of a BIGINT column.
    Ints(Vec<i64>),
}

/// `vals![pool, &user.id, now]`: the parameters of a statement, in order.
#[macro_export]
macro_rules! vals {
    ($($v:expr),* $(,)?) => { &[$($crate::Val::from($v)),*] };
}

macro_rules! from {
    ($($ty:ty => |$v:ident| $e:expr;)*) => { $(impl From<$ty> for Val { fn from($v: $ty) -> Val { $e } })* };
}

from! {
    String => |v| Val::Text(v);
    &String => |v| Val::Text(v.clone());
    &str => |v| Val::Text(v.to_owned());
    &PoolId => |v| Val::Text(v.as_str().to_owned());
    PoolId => |v| Val::Text(v.as_str().to_owned());
    i64 => |v| Val::Int(v);
    &i64 => |v| Val::Int(*v);
    Millis => |v| Val::Int(v.0);
    &Millis => |v| Val::Int(v.0);
    bool => |v| Val::Bool(v);
    &bool => |v| Val::Bool(*v);
    Vec<u8> => |v| Val::Bytes(v);
    &Vec<u8> => |v| Val::Bytes(v.clone());
    &[u8] => |v| Val::Bytes(v.to_vec());
    Vec<String> => |v| Val::Texts(v);
    &[String] => |v| Val::Texts(v.to_vec());
    Vec<i64> => |v| Val::Ints(v);
}

impl<T: Into<Val>> From<Option<T>> for Val {
    fn from(v: Option<T>) -> Val {
        v.map_or(Val::Null, Into::into)
    }
}

macro_rules! from_option {
    ($($ty:ty),*) => {
        $(impl From<&Option<$ty>> for Val {
            fn from(v: &Option<$ty>) -> Val {
                v.as_ref().map_or(Val::Null, Into::into)
            }
        })*
    };
}

from_option!(String, i64, Millis, bool, Vec<u8>);

impl rusqlite::ToSql for Val {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, Value};
        Ok(match self {
            Val::Null => ToSqlOutput::Owned(Value::Null),
            Val::Text(s) => ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())),
            Val::Int(n) => ToSqlOutput::Owned(Value::Integer(*n)),
            Val::Bool(b) => ToSqlOutput::Owned(Value::Integer(i64::from(*b))),
            Val::Bytes(b) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
            Val::Texts(list) => ToSqlOutput::Owned(Value::Text(serde_json::Value::from(list.as_slice()).to_string())),
            Val::Ints(list) => ToSqlOutput::Owned(Value::Text(serde_json::Value::from(list.as_slice()).to_string())),
        })
    }
}

impl ToSql for Val {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Val::Null => Ok(IsNull::Yes),
            Val::Text(s) => s.to_sql_checked(ty, out),
            Val::Int(n) => n.to_sql_checked(ty, out),
            Val::Bool(b) => b.to_sql_checked(ty, out),
            Val::Bytes(b) => b.to_sql_checked(ty, out),
            Val::Texts(list) => list.to_sql_checked(ty, out),
            Val::Ints(list) => list.to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A row of either engine, read by position.
pub enum Row<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    pub fn get<T: Cell>(&self, i: usize) -> Result<T> {
        match self {
            Row::Sqlite(row) => {
                let cell = row.get_ref(i).map_err(StoreError::broken)?;
                T::from_sqlite(cell).ok_or_else(|| StoreError::Broken(format!("column {i} has another type")))
            }
            Row::Postgres(row) => T::from_postgres(row, i).map_err(StoreError::broken),
        }
    }
}

/// A type that one column can hold.
pub trait Cell: Sized {
    fn from_sqlite(cell: ValueRef<'_>) -> Option<Self>;
    fn from_postgres(row: &tokio_postgres::Row, i: usize) -> std::result::Result<Self, tokio_postgres::Error>;
}

macro_rules! cell {
    ($ty:ty, $pg:ty, |$cell:ident| $read:expr, |$v:ident| $from:expr) => {
        impl Cell for $ty {
            fn from_sqlite($cell: ValueRef<'_>) -> Option<Self> {
                $read
            }
            fn from_postgres(row: &tokio_postgres::Row, i: usize) -> std::result::Result<Self, tokio_postgres::Error> {
                row.try_get::<_, $pg>(i).map(|$v| $from)
            }
        }
        impl Cell for Option<$ty> {
            fn from_sqlite(cell: ValueRef<'_>) -> Option<Self> {
                match cell {
                    ValueRef::Null => Some(None),
                    other => <$ty>::from_sqlite(other).map(Some),
                }
            }
            fn from_postgres(row: &tokio_postgres::Row, i: usize) -> std::result::Result<Self, tokio_postgres::Error> {
                row.try_get::<_, Option<$pg>>(i).map(|o| o.map(|$v| $from))
            }
        }
    };
}

cell!(String, String, |c| c.as_str().ok().map(str::to_owned), |v| v);
cell!(i64, i64, |c| c.as_i64().ok(), |v| v);
cell!(Millis, i64, |c| c.as_i64().ok().map(Millis), |v| Millis(v));
cell!(bool, bool, |c| c.as_i64().ok().map(|n| n != 0), |v| v);
cell!(Vec<u8>, Vec<u8>, |c| c.as_blob().ok().map(<[u8]>::to_vec), |v| v);

/// A type that one row decodes to.
pub trait FromRow: Sized {
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

impl<A: Cell> FromRow for (A,) {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok((row.get(0)?,))
    }
}

impl<A: Cell, B: Cell> FromRow for (A, B) {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok((row.get(0)?, row.get(1)?))
    }
}

impl<A: Cell, B: Cell, C: Cell> FromRow for (A, B, C) {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    }
}

impl<A: Cell, B: Cell, C: Cell, D: Cell> FromRow for (A, B, C, D) {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    }
}

/// A whole row of a table: its fields are the columns, in the order of the migration.
pub trait Record: FromRow {
    const COLUMNS: &'static [&'static str];
    /// The values in column order.
    fn values(&self) -> Vec<Val>;
    /// A row with every cell filled, for the test that writes and reads every table on both engines.
    fn sample() -> Self;
}

/// Something of each column type, for [`Record::sample`].
pub trait Sample {
    fn sample() -> Self;
}

impl Sample for String {
    fn sample() -> Self {
        "sample".into()
    }
}
impl Sample for i64 {
    fn sample() -> Self {
        1_795_148_267_199
    }
}
impl Sample for Millis {
    fn sample() -> Self {
        Millis(1_795_148_267_199)
    }
}
impl Sample for bool {
    fn sample() -> Self {
        true
    }
}
impl Sample for Vec<u8> {
    fn sample() -> Self {
        vec![0, 159, 146, 150]
    }
}
impl<T: Sample> Sample for Option<T> {
    fn sample() -> Self {
        Some(T::sample())
    }
}

/// Declares a row type once: the struct, its column list, how it decodes and how it encodes.
#[macro_export]
macro_rules! row {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* pub $field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[$fmeta])* pub $field: $ty,)* }

        impl $crate::FromRow for $name {
            fn from_row(row: &$crate::Row<'_>) -> $crate::Result<Self> {
                let mut i = 0..;
                Ok($name { $($field: row.get(i.next().unwrap_or_default())?,)* })
            }
        }

        impl $crate::Record for $name {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),*];
            fn values(&self) -> Vec<$crate::Val> {
                vec![$($crate::Val::from(&self.$field)),*]
            }
            fn sample() -> Self {
                $name { $($field: <$ty as $crate::value::Sample>::sample(),)* }
            }
        }
    };
}
