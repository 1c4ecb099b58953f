//! Moves the texts by which users are found into segments; see `docs/decisions/0009-user-search.md`.
//!
//! Each step is a short unit of work, so that requests come in between. Nodes that do the same at once do no harm:
//! one of two fails to number its segment, or finds its documents moved.

use tracing::{debug, warn};
use watchword_domain::Services;
use watchword_kit::{Error, PoolId, Result};
use watchword_store::user::search::segment::{self, STEP};

use super::pools;

/// Segments made in one round after which more than the recent texts is swept.
const MANY: usize = 8;

/// One round over all pools: segments out of recent texts, where there are `enough` (1 to 8,192), and, with `also_thin`,
/// sparse segments back. A pool whose round fails is left for the next one.
pub(super) async fn all(services: &Services, enough: usize, also_thin: bool) {
    let pools = match pools(services).await {
        Ok(pools) => pools,
        Err(e) => return warn!(error = %e, "the pools cannot be read; trying again later"),
    };
    for pool in pools {
        let done = async {
            let mut made = 0;
            while fill(services, &pool, enough).await? {
                made += 1;
            }
            swept(services, made).await?;
            if also_thin { thin(services, &pool).await } else { Ok(()) }
        };
        if let Err(e) = done.await {
            warn!(%pool, error = %e, "the search index is behind; trying again later");
        }
    }
}

/// Rows that have moved are stepped over by every search until they are cleared away; after many new users the planner
/// is to know of them.
async fn swept(services: &Services, made: usize) -> Result<()> {
    let tables: &[&str] = match made {
        0 => return Ok(()),
        1..MANY => &["user_texts_recent"],
        _ => &["user_texts_recent", "user_texts", "user_grams", "users"],
    };
    Ok(services.db.vacuum(tables).await?)
}

/// Makes one segment; answers whether there was enough for one.
async fn fill(services: &Services, pool: &PoolId, enough: usize) -> Result<bool> {
    let db = &services.db;
    if !segment::has_recent(&mut db.read().await?, pool, enough).await? {
        return Ok(false);
    }
    let Some(draft) = segment::draft(&mut db.scan().await?, pool, enough).await? else { return Ok(false) };
    let (draft, grams) = tokio::task::spawn_blocking(move || {
        let grams = draft.grams();
        (draft, grams)
    })
    .await
    .map_err(Error::internal)?;
    let mut tx = db.write().await?;
    let number = draft.open(&mut tx).await?;
    tx.commit().await?;
    for part in grams.chunks(STEP) {
        let mut tx = db.write().await?;
        draft.write(&mut tx, number, part).await?;
        tx.commit().await?;
    }
    for from in (0..draft.len()).step_by(STEP) {
        let mut tx = db.write().await?;
        draft.fill(&mut tx, number, from).await?;
        tx.commit().await?;
    }
    debug!(%pool, segment = number, users = draft.len(), "indexed");
    Ok(true)
}

/// Dissolves segments that most of their users have left.
async fn thin(services: &Services, pool: &PoolId) -> Result<()> {
    let db = &services.db;
    for number in segment::sparse(&mut db.scan().await?, pool).await? {
        let mut tx = db.write().await?;
        segment::give_up(&mut tx, pool, number).await?;
        tx.commit().await?;
        loop {
            let mut tx = db.write().await?;
            let gone = segment::dissolve(&mut tx, pool, number).await?;
            tx.commit().await?;
            if gone {
                break;
            }
        }
    }
    Ok(())
}
