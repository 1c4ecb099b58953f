//! Keywords: which users have a text in one of their members.
//!
//! The recent texts are read one by one; of a segment only what has all grams of the text is looked at.

use std::collections::HashMap;

use watchword_kit::PoolId;
use watchword_kit::unicode::fold;

use super::gram::{self, Docs};
use super::segment::{self, Segment};
use super::{Column, Kind};
use crate::table::escape_like;
use crate::{Result, Tx, Val, sql};

/// The members that [`Word`] looks through unless told otherwise.
pub const MAIN: [&str; 6] = ["phone", "email", "name", "username", "nickname", "identityNumber"];
const MORE: [&str; 12] = [
    "externalId",
    "company",
    "givenName",
    "familyName",
    "middleName",
    "profile",
    "preferredUsername",
    "website",
    "address",
    "formatted",
    "streetAddress",
    "postalCode",
];
/// Candidates that are looked at, one by one, to see whether few of very many have the text.
const MOST_CANDIDATES: usize = 50_000;
/// Candidates whose part that has the text stands for all.
const SAMPLE: usize = 1000;

impl Candidates {
    /// In the order of the segments, the newest first.
    pub(super) fn segments(&self) -> impl Iterator<Item = &(Segment, Docs)> {
        self.segments.iter()
    }

    fn len(&self) -> usize {
        self.segments.iter().map(|(_, docs)| docs.len()).sum()
    }

    fn docs(&self) -> impl Iterator<Item = i64> {
        self.segments.iter().flat_map(|(segment, docs)| docs.iter().map(|place| segment.doc(place)))
    }
}

pub(super) fn is_main(column: &Column) -> bool {
    MAIN.contains(&column.field)
}

/// A text to look for, as the stored texts have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    main: Option<String>,
    more: Option<String>,
}

/// Who has a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hits {
    /// All of them, who are recent or among these.
    Few(Vec<String>, Candidates),
    /// More than few; about so many, who are recent or among these.
    Many(i64, Candidates),
}

/// The documents that have all grams of a word, and who had it among the recent texts just before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// `None`: too many to name.
    pub(super) recent: Option<Vec<String>>,
    segments: Vec<(Segment, Docs)>,
}

impl Word {
    /// The text in the members in which keywords are looked for.
    pub fn new(text: &str) -> Word {
        Word { main: Some(fold(text)), more: None }
    }

    /// The text in these columns; `None` where the stored texts do not tell. A user who has the word need not have it
    /// in one of the columns, see [`Word::is_exact`].
    pub fn on(columns: &[&Column], text: &str) -> Option<Word> {
        let mut word = Word { main: None, more: None };
        for column in columns {
            let member = if is_main(column) {
                &mut word.main
            } else if MORE.contains(&column.field) {
                &mut word.more
            } else {
                return None;
            };
            let folded = is_main(column) || matches!(column.kind, Kind::Folded(_));
            let text = if folded { fold(text) } else { text.to_ascii_lowercase() };
            if text.is_empty() || member.as_ref().is_some_and(|other| *other != text) {
                return None;
            }
            *member = Some(text);
        }
        (!columns.is_empty()).then_some(word)
    }

    /// Whether having the word is the same as having the text in one of these columns.
    pub(super) fn is_exact(&self, columns: &[&Column]) -> bool {
        self.more.is_none() && MAIN.iter().all(|field| columns.iter().any(|c| c.field == *field))
    }

    /// The texts with the mark of their grams.
    fn classes(&self) -> impl Iterator<Item = (char, &str)> {
        let both = [('0', self.main.as_deref()), ('1', self.more.as_deref())];
        both.into_iter().filter_map(|(mark, text)| Some((mark, text?)))
    }

    /// Whether every document with its grams has it.
    fn is_gram(&self) -> bool {
        self.classes().all(|(_, text)| {
            let chars = text.chars().count();
            chars <= 2 || (chars == 3 && text.is_ascii()) || (chars == 4 && text.bytes().all(|b| b.is_ascii_digit()))
        })
    }

    pub(super) fn patterns(&self) -> [Val; 2] {
        [&self.main, &self.more].map(|t| t.as_ref().map(|t| format!("%{}%", escape_like(t))).into())
    }
}

/// The users of the pool who have the word: all, where they are `few` or less.
pub async fn hits(tx: &mut Tx, pool: &PoolId, word: &Word, few: usize) -> Result<Hits> {
    if word.classes().any(|(_, text)| text.contains('\u{1f}')) {
        return Ok(Hits::Few(Vec::new(), Candidates::default()));
    }
    // In this order: who moves from the recent texts into a segment meanwhile is found at least once.
    let mut found = recent(tx, pool, word, few).await?;
    let mut candidates = candidates(tx, pool, word).await?;
    candidates.recent = (found.len() <= few).then(|| found.clone());
    if found.len() > few {
        let all = count_recent(tx, pool, word).await?;
        let share = share(tx, pool, word, &candidates).await?;
        return Ok(Hits::Many(all + share, candidates));
    }
    let size = candidates.len();
    if size > few && (word.is_gram() || size > MOST_CANDIDATES) {
        return Ok(Hits::Many(found.len() as i64 + share(tx, pool, word, &candidates).await?, candidates));
    }
    if size > 2 * few {
        // Where a sample says that there are many more, they need not be looked at to know that they are not few.
        let about = share(tx, pool, word, &candidates).await?;
        if about > 2 * few as i64 {
            return Ok(Hits::Many(found.len() as i64 + about, candidates));
        }
    }
    let docs: Vec<i64> = candidates.docs().collect();
    for (n, part) in docs.chunks(few.max(1)).enumerate() {
        found.extend(verified(tx, pool, word, part).await?);
        if found.len() > few {
            let seen = ((n + 1) * few.max(1)).min(size);
            return Ok(Hits::Many((found.len() as i64).max((found.len() * size / seen) as i64), candidates));
        }
    }
    found.sort();
    found.dedup();
    Ok(Hits::Few(found, candidates))
}

async fn recent(tx: &mut Tx, pool: &PoolId, word: &Word, few: usize) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT user_id FROM user_texts_recent
         WHERE pool_id = $1 AND (main LIKE $2 ESCAPE '\\' OR more LIKE $3 ESCAPE '\\') LIMIT $4"
    );
    let [main, more] = word.patterns();
    let found: Vec<(String,)> = tx.all(sql, &[pool.into(), main, more, Val::Int(few as i64 + 1)]).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

async fn count_recent(tx: &mut Tx, pool: &PoolId, word: &Word) -> Result<i64> {
    let sql = sql!(
        "SELECT COUNT(*) AS total FROM user_texts_recent
         WHERE pool_id = $1 AND (main LIKE $2 ESCAPE '\\' OR more LIKE $3 ESCAPE '\\')"
    );
    let [main, more] = word.patterns();
    Ok(tx.one::<(i64,)>(sql, &[pool.into(), main, more]).await?.0)
}

async fn candidates(tx: &mut Tx, pool: &PoolId, word: &Word) -> Result<Candidates> {
    let segments = segment::all(tx, pool).await?;
    let mut found: HashMap<i64, Docs> = HashMap::new();
    for (class, text) in word.classes() {
        let mut left: Option<HashMap<i64, Docs>> = None;
        let cover = gram::of_word(text, class);
        let cover_ends = cover.len();
        for (n, gram) in cover.into_iter().chain(gram::more_of_word(text, class)).enumerate() {
            let few = |left: &HashMap<i64, Docs>| left.values().map(Docs::len).sum::<usize>() <= SAMPLE;
            if n >= cover_ends && left.as_ref().is_none_or(few) {
                break;
            }
            let among: Vec<i64> = match &left {
                None => segments.iter().map(|s| s.number).collect(),
                Some(left) => left.keys().copied().collect(),
            };
            if among.is_empty() {
                break;
            }
            let with = segment::docs(tx, pool, &among, &gram).await?;
            let with = with.into_iter().map(|(segment, docs)| (segment, Docs::decode(&docs)));
            left = Some(match left {
                None => with.collect(),
                Some(mut left) => with.filter_map(|(s, docs)| left.remove(&s).map(|all| (s, all.and(&docs)))).collect(),
            });
        }
        for (segment, docs) in left.unwrap_or_default() {
            found.entry(segment).and_modify(|all| all.add(&docs)).or_insert(docs);
        }
    }
    let segments = segments.into_iter().filter_map(|s| found.remove(&s.number).map(|docs| (s, docs)));
    Ok(Candidates { recent: None, segments: segments.collect() })
}

/// About how many of the candidates have the word.
async fn share(tx: &mut Tx, pool: &PoolId, word: &Word, candidates: &Candidates) -> Result<i64> {
    let size = candidates.len();
    let step = size.div_ceil(SAMPLE).max(1);
    let sample: Vec<i64> = candidates.docs().step_by(step).collect();
    if sample.is_empty() {
        return Ok(0);
    }
    let true_ones = verified(tx, pool, word, &sample).await?.len();
    Ok((size * true_ones / sample.len()) as i64)
}

async fn verified(tx: &mut Tx, pool: &PoolId, word: &Word, docs: &[i64]) -> Result<Vec<String>> {
    let sql = sql!(
        "SELECT user_id FROM user_texts
         WHERE pool_id = $1 AND doc IN ANY_OF($2) AND (main LIKE $3 ESCAPE '\\' OR more LIKE $4 ESCAPE '\\')"
    );
    let [main, more] = word.patterns();
    let found: Vec<(String,)> = tx.all(sql, &[pool.into(), Val::Ints(docs.to_vec()), main, more]).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}
