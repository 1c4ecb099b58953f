//! A chunk that was judged, written in one transaction together with how far its job is.

use std::collections::HashMap;

use serde_json::{Value, json};
use watchword_api::job::JobState;
use watchword_api::user::UserSourceType;
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::user::{self as store, CUSTOM_VALUES, IDENTITIES, TABLE, User};

use super::Done;
use super::item::Item;
use super::place::{self, Place};
use super::plan::{Plan, Step};
use crate::ctx::Ctx;
use crate::custom_field::{Drawn, Fields};
use crate::group::follow;
use crate::job::Running;
use crate::user::unique::Failed;
use crate::user::update::sign_out;
use crate::user::{custom, life, unique};

/// Writes a chunk; `false` when somebody else has taken a name or changed a user meanwhile, and nothing was written.
///
/// # Errors
/// 409 when the job was cancelled or taken over.
pub async fn all(
    ctx: &Ctx,
    running: &mut Running,
    fields: &Fields,
    plan: &Plan,
    items: &[Item],
    done: &Done,
) -> Result<bool> {
    match attempt(ctx, running, fields, plan, items, done).await {
        Ok(Some(next)) => {
            *running = next;
            Ok(true)
        }
        Ok(None) => Ok(false),
        Err(Failed::Store(e)) if unique::refusal(&e).is_some() || e.unique() == Some("users_id") => Ok(false),
        Err(Failed::Store(e)) => Err(e.into()),
        Err(Failed::Other(e)) => Err(e),
    }
}

/// Ends the job of a chunk that is all or nothing and was nothing.
///
/// # Errors
/// 409 when the job was cancelled or taken over.
pub async fn refuse(ctx: &Ctx, running: &mut Running, done: &Done) -> Result<()> {
    let mut tx = ctx.write().await?;
    let next = running.advance(&mut tx, ctx, done.counts, &done.problems).await?;
    let why = Error::invalid(
        "rows",
        text!("nothing was imported, because rows could not be", "存在无法导入的行，未导入任何内容"),
    );
    let next = next.finish(&mut tx, ctx, JobState::Failed, Some(&why)).await?;
    ctx.commit(tx, details(&next, done)).await?;
    *running = next;
    Ok(())
}

async fn attempt(
    ctx: &Ctx,
    running: &Running,
    fields: &Fields,
    plan: &Plan,
    items: &[Item],
    done: &Done,
) -> std::result::Result<Option<Running>, Failed> {
    let mut tx = ctx.write().await?;
    // Batches of one pool take turns, so that two with names or users in common do not wait for each other.
    watchword_store::pool::hold(&mut tx, ctx.pool()).await?;
    let made = create(&mut tx, ctx, running, fields, plan, items).await?;
    let Some(changed) = update(&mut tx, ctx, fields, plan, items).await? else { return Ok(None) };
    let claims = made.claims.iter().chain(&changed.claims);
    let list: Vec<(&str, &Drawn)> = claims.map(|(id, drawn)| (id.as_str(), drawn)).collect();
    match fields.claim(&mut tx, ctx, &list, |key, _| format!("customData.{key}")).await {
        // Somebody was faster with a value.
        Err(e) if e.code() == codes::CONFLICT => return Ok(None),
        claimed => claimed?,
    }
    if !place::write(&mut tx, ctx, &wanted(plan), &changed.left).await? {
        return Ok(None);
    }
    follow::created(&mut tx, ctx, &made.users).await?;
    follow::changed(&mut tx, ctx, &changed.users).await?;
    let next = running.advance(&mut tx, ctx, done.counts, &done.problems).await?;
    ctx.commit(tx, details(&next, done)).await?;
    Ok(Some(next))
}

/// Who joins which departments.
fn wanted(plan: &Plan) -> Vec<(String, Vec<Place>)> {
    let joins = |(_, step): &(usize, Step)| match step {
        Step::Create { row, places } | Step::Update { row, places, .. } if !places.is_empty() => {
            Some((row.id.clone(), places.clone()))
        }
        _ => None,
    };
    plan.steps.iter().filter_map(joins).collect()
}

/// Users who were written.
#[derive(Default)]
struct Written {
    users: Vec<String>,
    claims: Vec<(String, Drawn)>,
    /// Those who resign by it.
    left: Vec<String>,
}

fn details(running: &Running, done: &Done) -> Value {
    let counts = done.counts;
    json!({ "jobId": running.id(), "rows": running.position(), "created": counts.created, "updated": counts.updated,
        "failed": counts.failed })
}

async fn create(
    tx: &mut Tx,
    ctx: &Ctx,
    running: &Running,
    fields: &Fields,
    plan: &Plan,
    items: &[Item],
) -> std::result::Result<Written, Failed> {
    let mut claims = Vec::new();
    let (mut rows, mut links, mut index) = (Vec::new(), Vec::new(), Vec::new());
    for (i, step) in &plan.steps {
        let Step::Create { row, .. } = step else { continue };
        let (item, mut row) = (&items[*i], row.clone());
        claims.extend(item.draft.custom(ctx, fields, &mut row)?.map(|drawn| (row.id.clone(), drawn)));
        row.source_type = UserSourceType::Excel.as_str().into();
        row.source_id = Some(running.id().to_owned());
        set_password(&mut row, item, ctx);
        index.extend(custom::index(ctx.pool().as_str(), &row.id, &custom::object(&row.custom_data)?));
        links.extend(item.identities.iter().map(|l| store::Identity { user_id: row.id.clone(), ..l.clone() }));
        rows.push(row);
    }
    TABLE.insert_many(tx, &rows).await?;
    IDENTITIES.insert_many(tx, &links).await?;
    CUSTOM_VALUES.insert_many(tx, &index).await?;
    Ok(Written { users: rows.into_iter().map(|u| u.id).collect(), claims, left: Vec::new() })
}

fn set_password(row: &mut User, item: &Item, ctx: &Ctx) {
    if let Some(prepared) = &item.prepared {
        row.password_hash = Some(prepared.hash.clone());
        row.password_level = prepared.level;
        row.password_set_at = Some(item.extras.password_set_at().unwrap_or(ctx.now()));
    }
}

/// `None` when a user is not as it was judged.
async fn update(
    tx: &mut Tx,
    ctx: &Ctx,
    fields: &Fields,
    plan: &Plan,
    items: &[Item],
) -> std::result::Result<Option<Written>, Failed> {
    let wanted = |(i, step): &(usize, Step)| match step {
        Step::Update { row, .. } => Some((row.id.clone(), *i)),
        _ => None,
    };
    let wanted: HashMap<String, usize> = plan.steps.iter().filter_map(wanted).collect();
    if wanted.is_empty() {
        return Ok(Some(Written::default()));
    }
    let mut ids: Vec<String> = wanted.keys().cloned().collect();
    ids.sort_unstable();
    let held = TABLE.hold_many(tx, ctx.pool(), &ids).await?;
    if held.len() != ids.len() {
        return Ok(None);
    }
    let mut held: HashMap<String, User> = held.into_iter().map(|u| (u.id.clone(), u)).collect();
    let (mut rows, mut links, mut index, mut indexed) = (vec![], vec![], vec![], vec![]);
    let (mut out, mut left, mut claims) = (vec![], vec![], vec![]);
    for (i, step) in &plan.steps {
        let Step::Update { row: judged, password, identities, .. } = step else { continue };
        let item = &items[*i];
        let Some(mut row) = held.remove(&judged.id) else { return Ok(None) };
        let before = (row.status.clone(), row.custom_data.clone());
        // To the user as it is now: what others changed meanwhile in other members stays.
        claims.extend(item.apply(ctx, fields, &mut row, false)?.map(|drawn| (row.id.clone(), drawn)));
        row.updated_at = ctx.now();
        if *password {
            set_password(&mut row, item, ctx);
        }
        if before.1 != row.custom_data {
            index.extend(custom::index(ctx.pool().as_str(), &row.id, &custom::object(&row.custom_data)?));
            indexed.push(row.id.clone());
        }
        if *password || life::has_fallen(&before.0, &row) {
            out.push(row.id.clone());
        }
        if life::has_left(&before.0, &row) {
            left.push(row.id.clone());
        }
        links.extend(identities.iter().cloned());
        rows.push(row);
    }
    TABLE.update_many(tx, &rows).await?;
    IDENTITIES.insert_many(tx, &links).await?;
    if !indexed.is_empty() {
        store::set_custom_values_of(tx, ctx.pool(), &indexed, &index).await?;
    }
    for user in &out {
        sign_out(tx, ctx, user).await?;
    }
    Ok(Some(Written { users: ids, claims, left }))
}
