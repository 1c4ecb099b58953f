//! Plain create, read, update, delete and search for the many tables that need nothing else.

use std::fmt::Write as _;
use std::marker::PhantomData;
use std::sync::OnceLock;

use watchword_kit::PoolId;

use crate::statement::Kept;
use crate::{Record, Result, Tx, Val};

/// A tenant table whose first column is `pool_id` and whose second is its id: together the primary key.
pub struct Table<T> {
    pub name: &'static str,
    insert: OnceLock<Kept>,
    get: OnceLock<Kept>,
    update: OnceLock<Kept>,
    row: PhantomData<fn() -> T>,
}

impl<T: Record> Table<T> {
    pub const fn new(name: &'static str) -> Self {
        Table { name, insert: OnceLock::new(), get: OnceLock::new(), update: OnceLock::new(), row: PhantomData }
    }

    /// The `INSERT` of a whole row; also what [`Tx::insert_many`] takes, alone or with an `ON CONFLICT` appended.
    pub fn insert_sql(&self) -> &Kept {
        self.insert.get_or_init(|| {
            let marks: Vec<String> = (1..=T::COLUMNS.len()).map(|n| format!("${n}")).collect();
            Kept::new(format!("INSERT INTO {} ({}) VALUES ({})", self.name, T::COLUMNS.join(", "), marks.join(", ")))
        })
    }

    pub async fn insert(&self, tx: &mut Tx, row: &T) -> Result<()> {
        tx.run(self.insert_sql(), &row.values()).await.map(drop)
    }

    /// As [`Table::insert`], by [`Tx::later`]: for rows whose key is fresh.
    pub async fn insert_later(&self, tx: &mut Tx, row: &T) -> Result<()> {
        tx.later(self.insert_sql(), &row.values()).await
    }

    pub async fn insert_many(&self, tx: &mut Tx, rows: &[T]) -> Result<()> {
        tx.insert_many(self.insert_sql(), rows.iter().map(Record::values).collect()).await.map(drop)
    }

    pub async fn get(&self, tx: &mut Tx, pool: &PoolId, id: &str) -> Result<Option<T>> {
        let build = || Kept::new(format!("{} WHERE pool_id = $1 AND {} = $2", self.select(), self.key()));
        tx.maybe(self.get.get_or_init(build), &[pool.into(), id.into()]).await
    }

    /// The rows with these ids, in no order.
    pub async fn get_many(&self, tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<T>> {
        let sql = format!("{} WHERE pool_id = $1 AND {} IN ANY_OF($2)", self.select(), self.key());
        tx.all(&sql, &[pool.into(), ids.into()]).await
    }

    /// The rows whose `column` (ours, never the caller's) has one of these values, in no order.
    pub async fn find_many(
        &self,
        tx: &mut Tx,
        pool: &PoolId,
        column: &'static str,
        values: &[String],
    ) -> Result<Vec<T>> {
        let sql = format!("{} WHERE pool_id = $1 AND {column} IN ANY_OF($2)", self.select());
        tx.all(&sql, &[pool.into(), values.into()]).await
    }

    /// Sets one column of a row, which keeps every other writer from the row until this transaction ends, and answers
    /// the row as it is then.
    pub async fn hold(
        &self,
        tx: &mut Tx,
        pool: &PoolId,
        id: &str,
        column: &'static str,
        to: impl Into<Val>,
    ) -> Result<Option<T>> {
        let sql = format!(
            "UPDATE {} SET {column} = $3 WHERE pool_id = $1 AND {} = $2 RETURNING {}",
            self.name,
            self.key(),
            T::COLUMNS.join(", ")
        );
        tx.maybe(&sql, &[pool.into(), id.into(), to.into()]).await
    }

    /// As [`Table::hold`], but the row stays as it is.
    pub async fn keep(&self, tx: &mut Tx, pool: &PoolId, id: &str) -> Result<Option<T>> {
        let lock = tx.row_lock()?;
        let sql = format!("{} WHERE pool_id = $1 AND {} = $2{lock}", self.select(), self.key());
        tx.maybe(&sql, &[pool.into(), id.into()]).await
    }

    /// As [`Table::keep`], for many rows at once, held and answered in the order of their ids, so that two who hold
    /// many do not wait for each other; who is not there is left out.
    pub async fn hold_many(&self, tx: &mut Tx, pool: &PoolId, ids: &[String]) -> Result<Vec<T>> {
        let (key, lock) = (self.key(), tx.row_lock()?);
        let sql = format!("{} WHERE pool_id = $1 AND {key} IN ANY_OF($2) ORDER BY {key}{lock}", self.select());
        tx.all(&sql, &[pool.into(), ids.into()]).await
    }

    /// The rows behind this id, in the order of their ids.
    pub async fn after(&self, tx: &mut Tx, pool: &PoolId, id: &str, limit: i64) -> Result<Vec<T>> {
        let key = self.key();
        let sql = format!("{} WHERE pool_id = $1 AND {key} > $2 ORDER BY {key} LIMIT $3", self.select());
        tx.all(&sql, &[pool.into(), id.into(), limit.into()]).await
    }

    /// As [`Table::update`], for rows that are there and held, by [`Tx::later`].
    pub async fn update_many(&self, tx: &mut Tx, rows: &[T]) -> Result<()> {
        for row in rows {
            tx.later(self.update_sql(), &row.values()).await?;
        }
        Ok(())
    }

    /// Writes every column of the row with this key; answers whether there was one.
    pub async fn update(&self, tx: &mut Tx, row: &T) -> Result<bool> {
        Ok(tx.run(self.update_sql(), &row.values()).await? == 1)
    }

    fn update_sql(&self) -> &Kept {
        self.update.get_or_init(|| {
            let sets = T::COLUMNS.iter().enumerate().skip(2).map(|(i, c)| format!("{c} = ${}", i + 1));
            let sets: Vec<String> = sets.collect();
            let (name, key) = (self.name, self.key());
            Kept::new(format!("UPDATE {name} SET {} WHERE pool_id = $1 AND {key} = $2", sets.join(", ")))
        })
    }

    pub async fn delete(&self, tx: &mut Tx, pool: &PoolId, id: &str) -> Result<bool> {
        let sql = format!("DELETE FROM {} WHERE pool_id = $1 AND {} = $2", self.name, self.key());
        Ok(tx.run(&sql, &[pool.into(), id.into()]).await? == 1)
    }

    /// One page of the rows that match, and how many match in all. `order` ends with the key, so pages are stable.
    pub async fn page(&self, tx: &mut Tx, filter: &Filter, order: &str, page: Page) -> Result<(i64, Vec<T>)> {
        let count = format!("SELECT COUNT(*) AS total FROM {} WHERE {}", self.name, filter.sql);
        let (total,): (i64,) = tx.one(&count, &filter.vals).await?;
        let mut vals = filter.vals.clone();
        let (limit, offset) = (vals.len() + 1, vals.len() + 2);
        vals.extend([Val::Int(page.limit), Val::Int(page.offset)]);
        let sql = format!(
            "{} WHERE {} ORDER BY {order}, {} LIMIT ${limit} OFFSET ${offset}",
            self.select(),
            filter.sql,
            self.key()
        );
        Ok((total, tx.all(&sql, &vals).await?))
    }

    fn select(&self) -> String {
        format!("SELECT {} FROM {}", T::COLUMNS.join(", "), self.name)
    }

    fn key(&self) -> &'static str {
        T::COLUMNS[1]
    }
}

/// Which rows of a long answer.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub limit: i64,
    pub offset: i64,
}

/// A condition built from our column names and the caller's values. Begins with the pool.
#[derive(Clone, Debug)]
pub struct Filter {
    sql: String,
    vals: Vec<Val>,
}

impl Filter {
    pub fn pool(pool: &PoolId) -> Self {
        Filter { sql: "pool_id = $1".into(), vals: vec![pool.into()] }
    }

    /// `AND column op $n`; `column` and `op` are ours, never the caller's.
    pub fn and(mut self, column: &'static str, op: &'static str, val: impl Into<Val>) -> Self {
        self.vals.push(val.into());
        let n = self.vals.len();
        let _ = write!(self.sql, " AND {column} {op} ${n}");
        self
    }

    /// `AND (a LIKE $n OR b LIKE $n)` over lower-cased columns, the text taken literally.
    pub fn and_any_contains(mut self, columns: &[&'static str], text: &str) -> Self {
        self.vals.push(Val::Text(format!("%{}%", escape_like(text))));
        let n = self.vals.len();
        let any: Vec<String> = columns.iter().map(|c| format!("{c} LIKE ${n} ESCAPE '\\'")).collect();
        let _ = write!(self.sql, " AND ({})", if any.is_empty() { "FALSE".into() } else { any.join(" OR ") });
        self
    }

    /// `AND (…)` with a condition that uses `$$` for its one value.
    pub fn and_raw(mut self, condition: &'static str, val: impl Into<Val>) -> Self {
        self.vals.push(val.into());
        let mark = format!("${}", self.vals.len());
        let _ = write!(self.sql, " AND ({})", condition.replace("$$", &mark));
        self
    }

    /// `AND (…)` with a condition whose every `$$` is the next of `vals`. The text is ours, never the caller's.
    pub fn and_each(mut self, condition: &str, vals: Vec<Val>) -> Self {
        let mut text = String::with_capacity(condition.len() + 8);
        let mut vals = vals.into_iter();
        for (i, part) in condition.split("$$").enumerate() {
            if i > 0 {
                self.vals.extend(vals.next());
                let _ = write!(text, "${}", self.vals.len());
            }
            text.push_str(part);
        }
        let _ = write!(self.sql, " AND ({text})");
        self
    }

    /// The condition and its values, for statements that are more than a page of the table.
    pub(crate) fn parts(&self) -> (&str, &[Val]) {
        (&self.sql, &self.vals)
    }
}

/// Takes `%`, `_` and `\` literally in a LIKE pattern with `ESCAPE '\'`.
pub fn escape_like(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
