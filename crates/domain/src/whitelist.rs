//! Who may register, where the pool or an application asks for it.
//!
//! Entries are compared in the form in which users are: user names folded, e-mail addresses normalised, phone numbers
//! as E.164. They act at registration, which asks [`admits`]; administrators create whom they like.

use std::collections::HashSet;

use serde_json::json;
use watchword_api::whitelist::{AppWhitelistReq, Whitelist, WhitelistEntry, WhitelistReq, WhitelistType};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::Tx;
use watchword_store::whitelist::{self as store, Entry};
use watchword_store::{pool, user};

use crate::app;
use crate::ctx::Ctx;
use crate::user::phone;
use crate::user::text::{self as rules, MAX_NAME};

/// Most entries of one request.
const MAX_BATCH: usize = 500;
/// Most entries of one kind, for the pool and for each application.
const MAX_ENTRIES: i64 = 10_000;
/// Stored for the pool's own.
const POOL: &str = "";

/// `POST /api/v3/add-whitelist`: answers the entries that were named; one that is there stays as it is.
///
/// # Errors
/// 400 at `list[i]` for what cannot be one, 422 beyond 10,000 entries.
pub async fn add(ctx: &Ctx, req: WhitelistReq) -> Result<Whitelist> {
    let entries = read(req.kind, req.list)?;
    let tx = ctx.write().await?;
    put(tx, ctx, POOL, req.kind, entries).await
}

/// `POST /api/v3/add-whitelist-of-app`.
///
/// # Errors
/// As [`add`]; 404/2011 at `appId`.
pub async fn add_of_app(ctx: &Ctx, req: AppWhitelistReq) -> Result<Whitelist> {
    let entries = read(req.kind, req.list)?;
    let mut tx = ctx.write().await?;
    app::load(&mut tx, ctx.pool(), &req.app_id).await.map_err(|e| e.at("appId"))?;
    put(tx, ctx, &req.app_id, req.kind, entries).await
}

/// `GET /api/v3/list-whitelist`.
pub async fn list(ctx: &Ctx, kind: WhitelistType) -> Result<Whitelist> {
    let rows = store::of(&mut ctx.read().await?, ctx.pool(), POOL, kind.as_str()).await?;
    Ok(shown(rows))
}

/// `GET /api/v3/list-whitelist-of-app`.
///
/// # Errors
/// 404/2011 at `appId`.
pub async fn list_of_app(ctx: &Ctx, kind: WhitelistType, id: &str) -> Result<Whitelist> {
    let mut tx = ctx.read().await?;
    app::load(&mut tx, ctx.pool(), id).await.map_err(|e| e.at("appId"))?;
    Ok(shown(store::of(&mut tx, ctx.pool(), id, kind.as_str()).await?))
}

/// `POST /api/v3/delete-whitelist`: what is not there needs no deleting.
///
/// # Errors
/// 400 at `list[i]` for what cannot be an entry.
pub async fn delete(ctx: &Ctx, req: WhitelistReq) -> Result<()> {
    let entries = read(req.kind, req.list)?;
    let tx = ctx.write().await?;
    take(tx, ctx, POOL, req.kind, entries).await
}

/// `POST /api/v3/delete-whitelist-of-app`.
///
/// # Errors
/// As [`delete`]; 404/2011 at `appId`.
pub async fn delete_of_app(ctx: &Ctx, req: AppWhitelistReq) -> Result<()> {
    let entries = read(req.kind, req.list)?;
    let mut tx = ctx.write().await?;
    app::load(&mut tx, ctx.pool(), &req.app_id).await.map_err(|e| e.at("appId"))?;
    take(tx, ctx, &req.app_id, req.kind, entries).await
}

/// Whether somebody with these names may register through an application: where the pool or the application has
/// entries of a kind, the new user's name of that kind must be among them. A whitelist without entries asks nothing.
pub async fn admits(tx: &mut Tx, ctx: &Ctx, app: &str, new: &user::User) -> Result<bool> {
    let names = [
        (WhitelistType::Username, &new.username_key),
        (WhitelistType::Email, &new.email_key),
        (WhitelistType::Phone, &new.phone_key),
    ];
    for list in [POOL, app] {
        for (kind, name) in names {
            // Who registers by e-mail address is not asked for a phone number.
            let Some(name) = name else { continue };
            if store::count(tx, ctx.pool(), list, kind.as_str()).await? > 0
                && store::among(tx, ctx.pool(), list, kind.as_str(), std::slice::from_ref(name)).await?.is_empty()
            {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// An entry as it was given and as it is compared.
type Read = Vec<(String, String)>;

fn read(kind: WhitelistType, list: Option<Vec<String>>) -> Result<Read> {
    let list = list.unwrap_or_default();
    if !(1..=MAX_BATCH).contains(&list.len()) {
        return Err(Error::invalid("list", text!("must have 1 to {MAX_BATCH} items", "应有 1 到 {MAX_BATCH} 项")));
    }
    let mut seen = HashSet::new();
    let mut entries = Vec::with_capacity(list.len());
    for (i, given) in list.iter().enumerate() {
        let field = format!("list[{i}]");
        let (shown, key) = match kind {
            WhitelistType::Username => {
                let read = rules::identifier(&field, given, MAX_NAME)?;
                (read.shown, read.key)
            }
            WhitelistType::Email => {
                let read = rules::email(&field, given)?;
                (read.shown, read.key)
            }
            WhitelistType::Phone => {
                let read = phone::read(given, None);
                let read =
                    read.ok_or_else(|| Error::invalid(field, text!("not a phone number", "不是有效的手机号")))?;
                (given.trim().to_owned(), read.e164)
            }
        };
        if seen.insert(key.clone()) {
            entries.push((shown, key));
        }
    }
    Ok(entries)
}

async fn put(mut tx: Tx, ctx: &Ctx, app: &str, kind: WhitelistType, entries: Read) -> Result<Whitelist> {
    // Whoever adds to the lists of a pool takes turns, so that none grows beyond its bound.
    pool::hold(&mut tx, ctx.pool()).await?;
    let keys: Vec<String> = entries.iter().map(|(_, key)| key.clone()).collect();
    let mut added = 0;
    for (value, value_key) in entries {
        let entry = Entry {
            pool_id: ctx.pool().to_string(),
            app_id: app.to_owned(),
            kind: kind.as_str().into(),
            value_key,
            value,
            created_at: ctx.now(),
        };
        added += i64::from(store::add(&mut tx, &entry).await?);
    }
    if store::count(&mut tx, ctx.pool(), app, kind.as_str()).await? > MAX_ENTRIES {
        let detail = text!("a whitelist has at most {MAX_ENTRIES} entries", "白名单最多 {MAX_ENTRIES} 项");
        return Err(Error::new(codes::UNPROCESSABLE).because(detail).at("list"));
    }
    let mut rows = store::of(&mut tx, ctx.pool(), app, kind.as_str()).await?;
    rows.retain(|row| keys.contains(&row.value_key));
    ctx.commit(tx, json!({ "type": kind, "appId": app, "added": added })).await?;
    Ok(shown(rows))
}

async fn take(mut tx: Tx, ctx: &Ctx, app: &str, kind: WhitelistType, entries: Read) -> Result<()> {
    let keys: Vec<String> = entries.into_iter().map(|(_, key)| key).collect();
    let deleted = store::delete(&mut tx, ctx.pool(), app, kind.as_str(), &keys).await?;
    ctx.commit(tx, json!({ "type": kind, "appId": app, "deleted": deleted })).await
}

fn shown(rows: Vec<Entry>) -> Whitelist {
    let show = |row: Entry| WhitelistEntry { value: row.value, created_at: row.created_at.iso() };
    let list: Vec<WhitelistEntry> = rows.into_iter().map(show).collect();
    let newest = list.first().cloned();
    let (value, created_at) = newest.map(|e| (e.value, e.created_at)).unwrap_or_default();
    Whitelist { value, created_at, list }
}
