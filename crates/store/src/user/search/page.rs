//! One page of a search, and how many users there are in all.

use std::collections::HashMap;
use std::fmt::Write as _;

use watchword_kit::PoolId;

use super::gram::SEGMENT;
use super::keyword::{self, Candidates, Hits, Word};
use super::{Column, Driver, Search};
use crate::department::member;
use crate::statement::Sql;
use crate::table::Page;
use crate::user::{TABLE, User};
use crate::{Result, Tx, Val, sql, vals};

/// Up to which size things are done in full.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Users who are looked at, counted and sorted one by one.
    pub few: usize,
    /// Users of a pool in which matches are always counted.
    pub small_pool: i64,
    /// Entries of one index that are counted.
    pub counted: i64,
    /// Users whose part that matches stands for all of the pool.
    pub sample: usize,
    /// The newest members of a department, who are looked at to see how many of them match.
    pub glance: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { few: 3000, small_pool: 20_000, counted: 100_000, sample: 1000, glance: 2000 }
    }
}

/// How far into the newest who have a word one can page by the index of texts.
const MOST_NEWEST: i64 = 3000;

/// Sort keys: column, and whether from great to small.
type Keys<'a> = [(&'a Column, bool)];

/// What is known of the users who match before they are looked at.
enum Narrow {
    /// They are among these.
    Few { ids: Vec<String>, settled: Option<usize> },
    /// There is no small set to look in, or it need not be looked at.
    Many(Many),
}

/// Users who are walked in the order of the list.
#[derive(Default)]
struct Many {
    /// How many they are, where the only condition has told.
    total: Option<Total>,
    /// Who has one of the texts looked for.
    with: Option<(Word, Candidates)>,
}

enum Total {
    Exact(i64),
    About(i64),
}

impl Search {
    /// A page of the users who match, and how many do. Without sort keys the newest come first; users without a value
    /// come last; among equals the id decides.
    pub async fn page(&self, tx: &mut Tx, keys: &Keys<'_>, page: Page, limits: &Limits) -> Result<(i64, Vec<User>)> {
        let narrow = match self.glance(tx, keys, limits).await? {
            Some(about) => Narrow::Many(Many { total: Some(Total::About(about)), with: None }),
            None => self.narrow(tx, keys, limits).await?,
        };
        let (total, ids) = match narrow {
            Narrow::Few { ids, settled } => self.gather(tx, &ids, settled, keys, page).await?,
            Narrow::Many(many) => self.walk(tx, many, keys, page, limits).await?,
        };
        let mut rows: HashMap<String, User> =
            TABLE.get_many(tx, &self.pool, &ids).await?.into_iter().map(|u| (u.id.clone(), u)).collect();
        Ok((total, ids.iter().filter_map(|id| rows.remove(id)).collect()))
    }

    /// About how many of a department's many members match, where one of a hundred of the newest does: then walking to
    /// them takes less than asking who in the pool has a keyword.
    async fn glance(&self, tx: &mut Tx, keys: &Keys<'_>, limits: &Limits) -> Result<Option<i64>> {
        let (Some(within), [(column, _)]) = (&self.within, keys) else { return Ok(None) };
        if column.key() != "id" || self.words.is_empty() {
            return Ok(None);
        }
        let members = member::count(tx, &self.pool, &within.department, within.tree).await?;
        if members <= limits.few as i64 {
            return Ok(None);
        }
        let (conditions, more) = self.unindexed(Some("id"), Some(within.condition));
        let text = format!(
            "SELECT COUNT(*) AS total FROM (
                 SELECT m.pool_id, m.user_id FROM {} m WHERE m.pool_id = $1 AND m.department_id = $$
                 ORDER BY m.user_id DESC LIMIT $$) m
             CROSS JOIN users WHERE users.pool_id = m.pool_id AND users.id = m.user_id{conditions}",
            member::table(within.tree)
        );
        let mut vals = vec![Val::from(&within.department), Val::from(limits.glance)];
        vals.extend(more);
        let seen = limits.glance.min(members);
        let found = numbered(&self.pool, &text, vals.iter(), []).all::<(i64,)>(tx).await?;
        let hits = found.first().map_or(0, |(n,)| *n);
        Ok((hits > 0 && hits * 100 >= seen).then(|| members * hits / seen))
    }

    async fn narrow(&self, tx: &mut Tx, keys: &Keys<'_>, limits: &Limits) -> Result<Narrow> {
        for driver in &self.drivers {
            let limit = limits.few as i64 + 1;
            let text = numbered(&self.pool, &format!("{} LIMIT $$", driver.sql), driver.vals.iter(), [limit.into()]);
            let found: Vec<(String,)> = text.all(tx).await?;
            if found.len() <= limits.few {
                let walked = keys.is_empty() && driver.column == Some("created_at");
                if walked && driver.conditions == self.conditions.len() {
                    // They stand together in the order of the list.
                    let total = Some(Total::Exact(found.len() as i64));
                    return Ok(Narrow::Many(Many { total, with: None }));
                }
                let ids = found.into_iter().map(|(id,)| id).collect();
                return Ok(Narrow::Few { ids, settled: None });
            }
        }
        let mut many = Many::default();
        for (condition, word, exact) in &self.words {
            let only = *exact && self.conditions.len() == 1;
            match keyword::hits(tx, &self.pool, word, limits.few).await? {
                Hits::Few(ids, candidates) if only && keys.is_empty() => {
                    let total = Some(Total::Exact(ids.len() as i64));
                    return Ok(Narrow::Many(Many { total, with: Some((word.clone(), candidates)) }));
                }
                Hits::Few(ids, _) => return Ok(Narrow::Few { ids, settled: exact.then_some(*condition) }),
                Hits::Many(n, candidates) => {
                    many = Many { total: only.then_some(Total::About(n)), with: Some((word.clone(), candidates)) };
                }
            }
        }
        Ok(Narrow::Many(many))
    }

    /// Looks at these users. The condition that found them, where it is settled, is not asked again.
    async fn gather(
        &self,
        tx: &mut Tx,
        ids: &[String],
        settled: Option<usize>,
        keys: &Keys<'_>,
        page: Page,
    ) -> Result<(i64, Vec<String>)> {
        if ids.is_empty() {
            return Ok((0, Vec::new()));
        }
        let mut condition = String::from("id IN ANY_OF($$)");
        let mut vals = vec![Val::Texts(ids.to_vec())];
        for (_, c) in self.conditions.iter().enumerate().filter(|(i, _)| settled != Some(*i)) {
            // So that no index but the key is used: the ids are few, those who meet this may be many.
            let _ = write!(condition, " AND ({}) IS TRUE", c.sql);
            vals.extend(c.vals.iter().cloned());
        }
        let order = order(keys, false);
        let text = format!(
            "SELECT id, COUNT(*) OVER () AS total FROM users WHERE pool_id = $1 AND {condition}
             ORDER BY {order} LIMIT $$ OFFSET $$"
        );
        let ends = [page.limit.into(), page.offset.into()];
        let found: Vec<(String, i64)> = numbered(&self.pool, &text, vals.iter(), ends).all(tx).await?;
        let total = match found.first() {
            Some((_, total)) => *total,
            None if page.offset == 0 => 0,
            None => self.count(tx, &condition, &vals).await?,
        };
        Ok((total, found.into_iter().map(|(id, _)| id).collect()))
    }

    async fn count(&self, tx: &mut Tx, condition: &str, vals: &[Val]) -> Result<i64> {
        let text = format!("SELECT COUNT(*) AS total FROM users WHERE pool_id = $1 AND {condition}");
        Ok(numbered(&self.pool, &text, vals.iter(), []).all::<(i64,)>(tx).await?.first().map_or(0, |(n,)| *n))
    }

    /// Walks the users in the order of the list until the page is full.
    async fn walk(
        &self,
        tx: &mut Tx,
        many: Many,
        keys: &Keys<'_>,
        page: Page,
        limits: &Limits,
    ) -> Result<(i64, Vec<String>)> {
        let total = self.total(tx, many.total, limits).await?;
        // One more, to know whether there is more.
        let longer = Page { limit: page.limit + 1, offset: page.offset };
        let with = many.with.filter(|_| keys.is_empty() && longer.offset + longer.limit <= MOST_NEWEST);
        let nullable = keys.iter().any(|(c, _)| c.nullable());
        if let (Total::Exact(total), false, None) = (&total, nullable, &with)
            && page.offset + page.limit > total / 2
        {
            // The second half is nearer from the end.
            let limit = page.limit.min(total - page.offset).max(0);
            let last = Page { limit, offset: total - page.offset - limit };
            let mut ids = if limit == 0 { Vec::new() } else { self.steps(tx, keys, true, last, "").await? };
            ids.reverse();
            return Ok((*total, ids));
        }
        let mut ids = match (keys, &with) {
            (_, Some((word, candidates))) => self.newest(tx, word, candidates, longer).await?,
            ([(column, _)], _) if column.nullable() => self.steps_in_two(tx, keys, longer, column.key()).await?,
            _ => self.steps(tx, keys, false, longer, "").await?,
        };
        let (seen, more) = (page.offset + ids.len() as i64, ids.len() as i64 > page.limit);
        ids.truncate(page.limit as usize);
        let total = match total {
            Total::Exact(n) => n,
            Total::About(n) if more => n.max(seen),
            Total::About(_) if !ids.is_empty() || page.offset == 0 => seen,
            Total::About(n) => n.min(page.offset),
        };
        Ok((total, ids))
    }

    /// First the users with a value, whom an index has in this order, then the others.
    async fn steps_in_two(&self, tx: &mut Tx, keys: &Keys<'_>, page: Page, key: &str) -> Result<Vec<String>> {
        let filled = format!(" AND {key} IS NOT NULL");
        let mut ids = self.steps(tx, keys, false, page, &filled).await?;
        let missing = page.limit - ids.len() as i64;
        if missing > 0 {
            let before = if ids.is_empty() && page.offset > 0 {
                let (conditions, vals) = self.unindexed(None, None);
                self.count(tx, &format!("TRUE{filled}{conditions}"), &vals).await?
            } else {
                page.offset + ids.len() as i64
            };
            let rest = Page { limit: missing, offset: (page.offset - before).max(0) };
            ids.extend(self.steps(tx, keys, false, rest, &format!(" AND {key} IS NULL")).await?);
        }
        Ok(ids)
    }

    async fn steps(&self, tx: &mut Tx, keys: &Keys<'_>, reverse: bool, page: Page, also: &str) -> Result<Vec<String>> {
        let first = keys.first().map_or("created_at", |(c, _)| c.key());
        let order = match &self.within {
            Some(_) if first == "id" => order(keys, reverse).replace("id ", "m.user_id "),
            _ if also.ends_with(" NULL") => plain_order(keys, reverse),
            _ => order(keys, reverse),
        };
        let (walked, vals) = self.walked(Some(first));
        let text = format!("SELECT id FROM {walked}{also} ORDER BY {order} LIMIT $$ OFFSET $$");
        let ends = [page.limit.into(), page.offset.into()];
        let found: Vec<(String,)> = numbered(&self.pool, &text, vals.iter(), ends).all(tx).await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// The users who match, for a walk in an order that begins with this column: out of all of the pool, or, by id or
    /// in no order, out of the members of a department.
    fn walked(&self, first: Option<&str>) -> (String, Vec<Val>) {
        let within = self.within.as_ref().filter(|_| first.is_none_or(|column| column == "id"));
        let Some(within) = within else {
            let (conditions, vals) = self.unindexed(first, None);
            return (format!("users WHERE pool_id = $1{conditions}"), vals);
        };
        let (conditions, more) = self.unindexed(first, Some(within.condition));
        let members = member::table(within.tree);
        // Were the ids plainly equal, PostgreSQL might walk all users in the same order to find the members.
        let text = format!(
            "{members} m CROSS JOIN users WHERE m.pool_id = $1 AND m.department_id = $$
             AND users.pool_id = m.pool_id AND users.id = m.user_id || ''{conditions}"
        );
        let mut vals = vec![Val::from(&within.department)];
        vals.extend(more);
        (text, vals)
    }

    /// The conditions so that no index but that of the order is used: many users meet them. One on the first column of
    /// the order says where to begin; the index of states is in the default order.
    pub(super) fn unindexed(&self, first: Option<&str>, without: Option<usize>) -> (String, Vec<Val>) {
        let (mut text, mut vals) = (String::new(), Vec::new());
        for (_, c) in self.conditions.iter().enumerate().filter(|(i, _)| without != Some(*i)) {
            let in_order = c.column.is_some() && c.column == first;
            let by_state = first == Some("created_at") && c.column == Some("status") && c.sql == "status = $$";
            let end = if in_order || by_state { "" } else { " IS TRUE" };
            let _ = write!(text, " AND ({}){end}", c.sql);
            vals.extend(c.vals.iter().cloned());
        }
        (text, vals)
    }

    async fn total(&self, tx: &mut Tx, known: Option<Total>, limits: &Limits) -> Result<Total> {
        let about = match known {
            Some(Total::Exact(n)) => return Ok(Total::Exact(n)),
            Some(Total::About(n)) => Some(n),
            None => None,
        };
        let sql = sql!(
            "SELECT status, CAST(SUM(total) AS BIGINT) AS total FROM user_counts WHERE pool_id = $1 GROUP BY status"
        );
        let counts: Vec<(String, i64)> = tx.all(sql, vals![&self.pool]).await?;
        let sum = |states: &dyn Fn(&str) -> bool| counts.iter().filter(|(s, _)| states(s)).map(|(_, n)| n).sum();
        let all: i64 = sum(&|_| true);
        if self.conditions.is_empty() {
            return Ok(Total::Exact(all));
        }
        if let Some(states) = &self.statuses {
            return Ok(Total::Exact(sum(&|s| states.iter().any(|state| state == s))));
        }
        if let ([_], [driver]) = (self.conditions.as_slice(), self.drivers.as_slice()) {
            if let Some(n) = count_driver(tx, self, driver, limits.counted).await? {
                return Ok(Total::Exact(n));
            }
        }
        if let (Some(n), true) = (about, all > limits.small_pool) {
            return Ok(Total::About(n.min(all)));
        }
        let ids = if all > limits.small_pool { self.sample(tx, limits).await? } else { Vec::new() };
        if ids.is_empty() {
            let (walked, vals) = self.walked(None);
            let text = format!("SELECT COUNT(*) AS total FROM {walked}");
            let found = numbered(&self.pool, &text, vals.iter(), []).all::<(i64,)>(tx).await?;
            return Ok(Total::Exact(found.first().map_or(0, |(n,)| *n)));
        }
        let mut vals = vec![Val::Texts(ids.clone())];
        let (conditions, more) = self.unindexed(None, None);
        vals.extend(more);
        let hits = self.count(tx, &format!("id IN ANY_OF($$){conditions}"), &vals).await?;
        Ok(Total::About(all * hits / ids.len() as i64))
    }

    /// Users spread evenly over the segments; none where there are no segments.
    async fn sample(&self, tx: &mut Tx, limits: &Limits) -> Result<Vec<String>> {
        let sql = sql!("SELECT segment, size FROM user_segments WHERE pool_id = $1 ORDER BY segment");
        let segments: Vec<(i64, i64)> = tx.all(sql, vals![&self.pool]).await?;
        let size: i64 = segments.iter().map(|(_, n)| n).sum();
        let step = (size / limits.sample.max(1) as i64).max(1);
        let (mut docs, mut next) = (Vec::new(), 0);
        for (segment, size) in segments {
            while next < size {
                docs.push(segment * SEGMENT as i64 + next);
                next += step;
            }
            next -= size;
        }
        let sql = sql!("SELECT user_id FROM user_texts WHERE pool_id = $1 AND doc IN ANY_OF($2)");
        let found: Vec<(String,)> = tx.all(sql, &[(&self.pool).into(), Val::Ints(docs)]).await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }
}

/// How many users meet the condition; `None` where they are more than `most` and nobody keeps their number.
async fn count_driver(tx: &mut Tx, search: &Search, driver: &Driver, most: i64) -> Result<Option<i64>> {
    let text = match &driver.count {
        Some(count) => numbered(&search.pool, count, driver.vals.iter(), []),
        None => {
            let text = format!("SELECT COUNT(*) AS total FROM ({} LIMIT $$) AS found", driver.sql);
            numbered(&search.pool, &text, driver.vals.iter(), [(most + 1).into()])
        }
    };
    let n = text.all::<(i64,)>(tx).await?.first().map_or(0, |(n,)| *n);
    Ok((driver.count.is_some() || n <= most).then_some(n))
}

/// The text after `ORDER BY`, or its reverse. Ends with the id, in the direction of the last key.
fn order(keys: &Keys<'_>, reverse: bool) -> String {
    let mut text = String::new();
    for (column, descending) in keys {
        let direction = if descending ^ reverse { "DESC" } else { "ASC" };
        let nulls = match (column.nullable(), reverse) {
            (false, _) => "",
            (true, false) => " NULLS LAST",
            (true, true) => " NULLS FIRST",
        };
        let _ = write!(text, "{} {direction}{nulls}, ", column.key());
    }
    text + &end(keys, reverse)
}

/// As [`order`], where no key is null.
fn plain_order(keys: &Keys<'_>, reverse: bool) -> String {
    let mut text = String::new();
    for (column, descending) in keys {
        let _ = write!(text, "{} {}, ", column.key(), if descending ^ reverse { "DESC" } else { "ASC" });
    }
    text + &end(keys, reverse)
}

fn end(keys: &Keys<'_>, reverse: bool) -> String {
    match keys.last() {
        None if reverse => "created_at ASC, id ASC".into(),
        None => "created_at DESC, id DESC".into(),
        Some((_, descending)) => format!("id {}", if descending ^ reverse { "DESC" } else { "ASC" }),
    }
}

/// A statement whose every `$$` is the next value after the pool, which is `$1`.
#[derive(Clone)]
pub(crate) struct Built {
    pub(crate) sql: String,
    pub(crate) vals: Vec<Val>,
}

pub(super) fn numbered<'a, const N: usize>(
    pool: &PoolId,
    template: &str,
    vals: impl Iterator<Item = &'a Val>,
    ends: [Val; N],
) -> Built {
    let mut built = Built { sql: String::with_capacity(template.len() + 16), vals: vec![pool.into()] };
    built.vals.extend(vals.cloned().chain(ends));
    for (i, part) in template.split("$$").enumerate() {
        if i > 0 {
            let _ = write!(built.sql, "${}", i + 1);
        }
        built.sql.push_str(part);
    }
    built
}

impl Built {
    pub(super) async fn all<T: crate::FromRow>(&self, tx: &mut Tx) -> Result<Vec<T>> {
        #[cfg(test)]
        BUILT.with_borrow_mut(|built| built.push(self.clone()));
        tx.all(Sql::Once(&self.sql), &self.vals).await
    }
}

#[cfg(test)]
thread_local! {
    static BUILT: std::cell::RefCell<Vec<Built>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// So that a test can ask the engines how they run what a search has run.
#[cfg(test)]
impl Built {
    pub(crate) fn forget() {
        BUILT.take();
    }

    pub(crate) fn remembered() -> Vec<Built> {
        BUILT.take()
    }
}
