//! The newest users of a search who have a text, found by its grams.

use super::Search;
use super::keyword::{Candidates, Word};
use super::page::numbered;
use crate::table::Page;
use crate::{Result, Tx, Val};

/// Candidates that are looked at together, at first; each further time twice as many, up to the most.
const FIRST: usize = 64;
const MOST: usize = 1024;

/// When a user was created, and the id: in this order, backwards, lists are.
type Found = (i64, String);

impl Search {
    /// The newest users for whom every condition holds, one of which asks for the word. They are looked for among the
    /// candidates, from the newest segment on and in each from its end, so that a page takes as long when only the
    /// oldest users have the word.
    pub(super) async fn newest(
        &self,
        tx: &mut Tx,
        word: &Word,
        candidates: &Candidates,
        page: Page,
    ) -> Result<Vec<String>> {
        let need = (page.offset + page.limit) as usize;
        let mut found = self.recent(tx, word, candidates.recent.as_ref(), need).await?;
        for (segment, docs) in candidates.segments() {
            if found.len() >= need && found[need - 1].0 > segment.newest {
                break;
            }
            let docs: Vec<i64> = docs.iter().map(|place| segment.doc(place)).collect();
            let (mut left, mut size) = (docs.as_slice(), FIRST);
            let mut of_segment = 0;
            while !left.is_empty() && of_segment < need {
                let (older, part) = left.split_at(left.len().saturating_sub(size));
                (left, size) = (older, (size * 2).min(MOST));
                let dated = self.dated(tx, word, part).await?;
                of_segment += dated.len();
                found.extend(dated);
                found.sort_by(|a, b| b.cmp(a));
                // A user who moved meanwhile is in both.
                found.dedup();
            }
        }
        Ok(found.into_iter().take(need).skip(page.offset as usize).map(|(_, id)| id).collect())
    }

    async fn recent(&self, tx: &mut Tx, word: &Word, known: Option<&Vec<String>>, need: usize) -> Result<Vec<Found>> {
        let (conditions, more) = self.unindexed(None, None);
        let (from, mut vals) = match known {
            Some(ids) if ids.is_empty() => return Ok(Vec::new()),
            Some(ids) => ("users WHERE pool_id = $1 AND id IN ANY_OF($$)", vec![Val::Texts(ids.clone())]),
            None => (
                "user_texts_recent t CROSS JOIN users
                 WHERE t.pool_id = $1 AND users.pool_id = t.pool_id AND users.id = t.user_id
                   AND (t.main LIKE $$ ESCAPE '\\' OR t.more LIKE $$ ESCAPE '\\')",
                word.patterns().to_vec(),
            ),
        };
        vals.extend(more);
        let text = format!(
            "SELECT users.created_at, users.id FROM {from}{conditions}
             ORDER BY users.created_at DESC, users.id DESC LIMIT $$"
        );
        numbered(&self.pool, &text, vals.iter(), [Val::Int(need as i64)]).all(tx).await
    }

    async fn dated(&self, tx: &mut Tx, word: &Word, docs: &[i64]) -> Result<Vec<Found>> {
        let (conditions, more) = self.unindexed(None, None);
        let text = format!(
            "SELECT users.created_at, users.id FROM user_texts t
             CROSS JOIN users WHERE t.pool_id = $1 AND t.doc IN ANY_OF($$)
               AND users.pool_id = t.pool_id AND users.id = t.user_id
               AND (t.main LIKE $$ ESCAPE '\\' OR t.more LIKE $$ ESCAPE '\\'){conditions}"
        );
        let first = std::iter::once(Val::Ints(docs.to_vec()));
        let vals: Vec<Val> = first.chain(word.patterns()).chain(more).collect();
        numbered(&self.pool, &text, vals.iter(), []).all(tx).await
    }
}
