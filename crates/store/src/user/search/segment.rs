//! Segments: the texts of up to 8,192 users, and which of them contain which gram.
//!
//! A segment is made in many short units of work. First its grams are written, which point at documents that are not
//! there yet; then its documents move from the recent texts, each in one step. So a user is always in one of the two,
//! wherever this breaks off. Places are in the order of creation. What a changed or deleted user leaves behind are grams that point at nothing.

use std::collections::{HashMap, HashSet};

use watchword_kit::PoolId;

pub use super::gram::SEGMENT;
use super::gram::{self, Docs};
use crate::{Record as _, Result, StoreError, Tx, Val, row, sql, vals};

/// Grams or documents of one unit of work.
pub const STEP: usize = 1024;

row! {
    /// The texts of a user that no segment has.
    pub struct Recent {
        pub pool_id: String,
        pub user_id: String,
        pub main: String,
        pub more: String,
    }
}

/// A segment to be: its documents by their places, and its grams.
pub struct Draft {
    pool: PoolId,
    texts: Vec<Recent>,
    newest: i64,
}

/// The oldest recent texts of a pool, where there are at least `enough` (1 to 8,192).
pub async fn draft(tx: &mut Tx, pool: &PoolId, enough: usize) -> Result<Option<Draft>> {
    let sql = sql!(
        "SELECT pool_id, user_id, main, more FROM user_texts_recent WHERE pool_id = $1
         ORDER BY user_id NULLS LAST LIMIT $2"
    );
    let mut texts: Vec<Recent> = tx.all(sql, vals![pool, SEGMENT as i64]).await?;
    if texts.len() < enough.max(1) {
        return Ok(None);
    }
    let sql = sql!("SELECT id, created_at FROM users WHERE pool_id = $1 AND id IN ANY_OF($2)");
    let ids: Vec<String> = texts.iter().map(|t| t.user_id.clone()).collect();
    let created: HashMap<String, i64> = tx.all::<(String, i64)>(sql, vals![pool, ids]).await?.into_iter().collect();
    let newest = created.values().copied().max().unwrap_or(0);
    // In the order of lists, so that the newest of a segment who have a word are found at its end.
    texts.sort_by_cached_key(|t| (created.get(&t.user_id).copied().unwrap_or(0), t.user_id.clone()));
    Ok(Some(Draft { pool: pool.clone(), texts, newest }))
}

/// Whether a pool has so many recent texts.
pub async fn has_recent(tx: &mut Tx, pool: &PoolId, enough: usize) -> Result<bool> {
    let sql = sql!(
        "SELECT COUNT(*) AS total FROM (SELECT user_id FROM user_texts_recent WHERE pool_id = $1 LIMIT $2) AS recent"
    );
    let (n,): (i64,) = tx.one(sql, vals![pool, enough as i64]).await?;
    Ok(n >= enough as i64)
}

impl Draft {
    /// The grams with the places of their documents, in the order of the key. Takes a tenth of a second for 8,192 users.
    pub fn grams(&self) -> Vec<(String, Vec<u8>)> {
        let mut places: HashMap<String, Vec<u16>> = HashMap::new();
        let mut grams = HashSet::new();
        for (place, text) in (0..).zip(&self.texts) {
            gram::of_text(&text.main, '0', &mut grams);
            gram::of_text(&text.more, '1', &mut grams);
            for gram in grams.drain() {
                places.entry(gram).or_default().push(place);
            }
        }
        let mut sorted: Vec<_> = places.into_iter().map(|(gram, places)| (gram, Docs::encode(&places))).collect();
        sorted.sort();
        sorted
    }

    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Takes the next number of the pool. Two that do so at once: the later one fails with a unique key.
    pub async fn open(&self, tx: &mut Tx) -> Result<i64> {
        let sql = sql!(
            "INSERT INTO user_segments (pool_id, segment, size, newest)
             SELECT $1, COALESCE(MAX(segment), 0) + 1, $2, $3 FROM user_segments WHERE pool_id = $1
             RETURNING segment"
        );
        let (segment,): (i64,) = tx.one(sql, vals![&self.pool, self.texts.len() as i64, self.newest]).await?;
        Ok(segment)
    }

    /// Keeps others from dissolving the segment until this unit ends.
    ///
    /// # Errors
    /// When somebody has begun to.
    async fn hold(&self, tx: &mut Tx, segment: i64) -> Result<()> {
        let sql = sql!("UPDATE user_segments SET size = size WHERE pool_id = $1 AND segment = $2 AND size >= 0");
        match tx.run(sql, vals![&self.pool, segment]).await? {
            1 => Ok(()),
            _ => Err(StoreError::Unavailable("the segment is being dissolved".into())),
        }
    }

    /// Writes some of [`Draft::grams`].
    pub async fn write(&self, tx: &mut Tx, segment: i64, grams: &[(String, Vec<u8>)]) -> Result<()> {
        self.hold(tx, segment).await?;
        let rows = grams.iter().map(|(gram, docs)| vals![&self.pool, segment, gram, docs].to_vec()).collect();
        let sql = sql!("INSERT INTO user_grams (pool_id, segment, gram, docs) VALUES ($1, $2, $3, $4)");
        tx.insert_many(sql, rows).await.map(drop)
    }

    /// Moves [`STEP`] documents from the `from`th on. Who was deleted meanwhile stays away, whose texts changed
    /// remains recent.
    pub async fn fill(&self, tx: &mut Tx, segment: i64, from: usize) -> Result<()> {
        self.hold(tx, segment).await?;
        let part = &self.texts[from..(from + STEP).min(self.texts.len())];
        let ids: Vec<String> = part.iter().map(|t| t.user_id.clone()).collect();
        let sql = sql!(
            "DELETE FROM user_texts_recent WHERE pool_id = $1 AND user_id IN ANY_OF($2)
             RETURNING pool_id, user_id, main, more"
        );
        let found: Vec<Recent> = tx.all(sql, vals![&self.pool, ids]).await?;
        let found: HashMap<String, Recent> = found.into_iter().map(|r| (r.user_id.clone(), r)).collect();
        let (mut docs, mut changed) = (Vec::new(), Vec::new());
        for (place, drafted) in (from..).zip(part) {
            match found.get(&drafted.user_id) {
                Some(now) if now == drafted => {
                    let doc = segment * SEGMENT as i64 + place as i64;
                    docs.push(vals![&self.pool, doc, &now.user_id, &now.main, &now.more].to_vec());
                }
                Some(now) => changed.push(now.clone()),
                None => {}
            }
        }
        let sql = sql!("INSERT INTO user_texts (pool_id, doc, user_id, main, more) VALUES ($1, $2, $3, $4, $5)");
        tx.insert_many(sql, docs).await?;
        put_back(tx, &changed).await
    }
}

row! {
    /// A segment of a pool.
    #[derive(Copy, Eq)]
    pub struct Segment {
        pub number: i64,
        /// When the newest of its users was created.
        pub newest: i64,
    }
}

impl Segment {
    pub(super) fn doc(&self, place: usize) -> i64 {
        self.number * SEGMENT as i64 + place as i64
    }
}

/// The pool's segments, the newest first.
pub async fn all(tx: &mut Tx, pool: &PoolId) -> Result<Vec<Segment>> {
    let sql = sql!(
        "SELECT segment AS number, newest FROM user_segments WHERE pool_id = $1 ORDER BY newest DESC, segment DESC"
    );
    tx.all(sql, vals![pool]).await
}

/// Segments of which a quarter or less is left, and those that are being dissolved.
pub async fn sparse(tx: &mut Tx, pool: &PoolId) -> Result<Vec<i64>> {
    let sql = sql!("SELECT segment, size FROM user_segments WHERE pool_id = $1 ORDER BY segment");
    let mut sparse = Vec::new();
    for (segment, size) in tx.all::<(i64, i64)>(sql, vals![pool]).await? {
        let sql = sql!("SELECT COUNT(*) AS total FROM user_texts WHERE pool_id = $1 AND doc >= $2 AND doc < $3");
        let from = segment * SEGMENT as i64;
        let (left,): (i64,) = tx.one(sql, vals![pool, from, from + SEGMENT as i64]).await?;
        if left * 4 <= size.max(0) {
            sparse.push(segment);
        }
    }
    Ok(sparse)
}

/// Says that a segment is to be dissolved: nobody adds to it from now on.
pub async fn give_up(tx: &mut Tx, pool: &PoolId, segment: i64) -> Result<()> {
    let sql = sql!("UPDATE user_segments SET size = -1 WHERE pool_id = $1 AND segment = $2");
    tx.run(sql, vals![pool, segment]).await.map(drop)
}

/// Takes [`STEP`] documents of a segment that was given up back among the recent texts, then as many of its grams
/// away, then itself. Answers whether it is gone.
pub async fn dissolve(tx: &mut Tx, pool: &PoolId, segment: i64) -> Result<bool> {
    let from = segment * SEGMENT as i64;
    let sql = sql!(
        "DELETE FROM user_texts WHERE pool_id = $1 AND doc IN
             (SELECT doc FROM user_texts WHERE pool_id = $1 AND doc >= $2 AND doc < $3 ORDER BY doc LIMIT $4)
         RETURNING pool_id, user_id, main, more"
    );
    let texts: Vec<Recent> = tx.all(sql, vals![pool, from, from + SEGMENT as i64, STEP as i64]).await?;
    if !texts.is_empty() {
        put_back(tx, &texts).await?;
        return Ok(false);
    }
    let grams = sql!(
        "DELETE FROM user_grams WHERE pool_id = $1 AND segment = $2 AND gram IN
             (SELECT gram FROM user_grams WHERE pool_id = $1 AND segment = $2 ORDER BY gram LIMIT $3)"
    );
    if tx.run(grams, vals![pool, segment, STEP as i64]).await? > 0 {
        return Ok(false);
    }
    let gone = sql!("DELETE FROM user_segments WHERE pool_id = $1 AND segment = $2");
    tx.run(gone, vals![pool, segment]).await?;
    Ok(true)
}

async fn put_back(tx: &mut Tx, texts: &[Recent]) -> Result<()> {
    let sql = sql!("INSERT INTO user_texts_recent (pool_id, user_id, main, more) VALUES ($1, $2, $3, $4)");
    tx.insert_many(sql, texts.iter().map(|t| t.values()).collect()).await.map(drop)
}

/// The documents that have this gram, of those of these segments that have any.
pub async fn docs(tx: &mut Tx, pool: &PoolId, segments: &[i64], gram: &str) -> Result<Vec<(i64, Vec<u8>)>> {
    let sql = sql!("SELECT segment, docs FROM user_grams WHERE pool_id = $1 AND segment IN ANY_OF($2) AND gram = $3");
    tx.all(sql, &[pool.into(), Val::Ints(segments.to_vec()), gram.into()]).await
}
