//! Changes to users, one or many at once.

use std::collections::HashSet;

use serde_json::json;
use watchword_api::common::{PasswordEncryptType, UserIdType};
use watchword_api::custom_field::TargetType;
use watchword_api::user::{
    NotifyPasswordReset, UpdateUserBatchReq, UpdateUserReq, UpdateUsersOptions, User, UserPatch,
};
use watchword_kit::{Error, Result, codes, text};
use watchword_store::user::{self as store, TABLE};
use watchword_store::{Tx, action_token, device_code, interaction, mfa_transaction, session};

use super::create::batch_size;
use super::draft::Draft;
use super::notice::Notice;
use super::password::{self, Prepared, Wish};
use super::resolve::resolve_many;
use super::unique::{self, Failed, Place};
use super::{custom, life, view};
use crate::ctx::Ctx;
use crate::custom_field::{Drawn, Fields};
use crate::group::follow;
use crate::login::gate;
use crate::logout::back_channel;
use crate::pool;
use crate::security_settings::password::PasswordRules;

/// Changes one user; what the request does not name stays.
///
/// A new password and a status other than `Activated` end the user's sessions, refresh tokens and pending sign-ins.
///
/// # Errors
/// 404/2004; 400 at the member that cannot be, 409/2026 at the one that another user has.
pub async fn update(ctx: &Ctx, req: UpdateUserReq) -> Result<User> {
    let (patch, options) = req.split();
    let options = options.unwrap_or_default();
    let kind = options.user_id_type.unwrap_or_default();
    let wanted = Options {
        // At the first sign-in and at the next one are the same for a user who exists.
        reset: options.reset_password_on_next_login.or(options.reset_password_on_first_login),
        encrypted: options.password_encrypt_type.unwrap_or_default(),
        make: options.auto_generate_password.unwrap_or_default(),
        notify: options.send_password_reseted_notification,
    };
    let changed = change(ctx, vec![patch], kind, wanted, Place::Alone).await?;
    changed.into_iter().next().ok_or_else(|| Error::internal("a user was expected"))
}

/// Changes users, all or none.
///
/// # Errors
/// As [`update`], the member's path beginning with `list[i]`; 400 for a user named twice.
pub async fn update_batch(ctx: &Ctx, req: UpdateUserBatchReq) -> Result<Vec<User>> {
    batch_size("list", req.list.len())?;
    let UpdateUsersOptions {
        reset_password_on_next_login,
        password_encrypt_type,
        auto_generate_password,
        send_password_reseted_notification,
    } = req.options.unwrap_or_default();
    let wanted = Options {
        reset: reset_password_on_next_login,
        encrypted: password_encrypt_type.unwrap_or_default(),
        make: auto_generate_password.unwrap_or_default(),
        notify: send_password_reseted_notification,
    };
    change(ctx, req.list, UserIdType::UserId, wanted, Place::InList).await
}

/// A user's own change, which [`crate::custom_field::base::own_change`] allowed.
///
/// # Errors
/// As [`update`].
pub(crate) async fn own(ctx: &Ctx, patch: UserPatch) -> Result<User> {
    let wanted = Options { reset: None, encrypted: PasswordEncryptType::None, make: false, notify: None };
    let changed = change(ctx, vec![patch], UserIdType::UserId, wanted, Place::Alone).await?;
    changed.into_iter().next().ok_or_else(|| Error::internal("a user was expected"))
}

struct Options {
    reset: Option<bool>,
    encrypted: PasswordEncryptType,
    make: bool,
    notify: Option<NotifyPasswordReset>,
}

/// One change, ready to be written.
struct Change {
    id: String,
    draft: Draft,
    password: Option<Prepared>,
}

async fn change(
    ctx: &Ctx,
    list: Vec<UserPatch>,
    kind: UserIdType,
    options: Options,
    place: Place,
) -> Result<Vec<User>> {
    let mut options = options;
    let (rules, notice, fields) = {
        let mut tx = ctx.read().await?;
        let settings = pool::settings(&mut tx, ctx.pool()).await?;
        let notice = Notice::password_reset(&mut tx, ctx, options.notify.take()).await?;
        let fields = match list.iter().all(|patch| patch.custom_data.is_absent()) {
            true => Fields::none(TargetType::User),
            false => Fields::load(&mut tx, ctx, TargetType::User).await?,
        };
        (PasswordRules::of(&settings)?, notice, fields)
    };
    check_notice(&list, &options, notice.is_some())?;
    let rows = named(ctx, &list, kind, place).await?;
    let mut plans = Vec::with_capacity(list.len());
    let mut changes = Vec::with_capacity(list.len());
    let mut after = Vec::with_capacity(list.len());
    for (i, (mut patch, mut row)) in list.into_iter().zip(rows).enumerate() {
        let draft = Draft::of_patch(&mut patch);
        draft.apply(&mut row, ctx.now()).map_err(|e| place.at(e, i))?;
        draft.custom(ctx, &fields, &mut row).map_err(|e| place.at(e, i))?;
        let wish =
            Wish { password: patch.password, make: options.make, encrypted: options.encrypted, ..Wish::default() };
        let rules = rules.clone().of_user(&row);
        plans.push(password::plan(wish, &rules, &ctx.entropy).map_err(|e| place.at(e, i))?);
        changes.push(Change { id: row.id.clone(), draft, password: None });
        after.push(row);
    }
    let after: Vec<&store::User> = after.iter().collect();
    unique::within(&after, place)?;
    if let Some(refused) = unique::taken(&mut ctx.read().await?, ctx.pool(), &after, &[], place).await? {
        return Err(refused);
    }
    for (i, plan) in plans.into_iter().enumerate() {
        let rules = rules.clone().of_user(after[i]);
        changes[i].password = password::prepare(ctx, plan, &rules).await.map_err(|e| place.at(e, i))?;
    }
    match write(ctx, &changes, &options, notice.as_ref(), &fields, place).await {
        Ok(rows) => view::written_all(ctx, rows).await,
        Err(Failed::Store(e)) => Err(match unique::refusal(&e) {
            None => e.into(),
            Some(general) => {
                unique::taken(&mut ctx.read().await?, ctx.pool(), &after, &[], place).await?.unwrap_or(general)
            }
        }),
        Err(Failed::Other(e)) => Err(e),
    }
}

async fn named(ctx: &Ctx, list: &[UserPatch], kind: UserIdType, place: Place) -> Result<Vec<store::User>> {
    let ids: Vec<String> = list.iter().map(|p| p.user_id.clone()).collect();
    let found = resolve_many(&mut ctx.read().await?, ctx.pool(), &ids, kind).await.map_err(|e| e.at("userId"))?;
    let mut seen = HashSet::new();
    let mut rows = Vec::with_capacity(found.len());
    for (i, user) in found.into_iter().enumerate() {
        let user = user.ok_or_else(|| place.at(Error::new(codes::USER_NOT_FOUND).at("userId"), i))?;
        if !seen.insert(user.id.clone()) {
            return Err(place.at(Error::invalid("userId", text!("given twice", "重复")), i));
        }
        rows.push(user);
    }
    Ok(rows)
}

/// Applies the changes to the rows as they are now: what others changed meanwhile in other members stays.
async fn write(
    ctx: &Ctx,
    changes: &[Change],
    options: &Options,
    notice: Option<&Notice>,
    fields: &Fields,
    place: Place,
) -> std::result::Result<Vec<store::User>, Failed> {
    let mut tx = ctx.write().await?;
    if changes.len() > 1 {
        // One batch at a time: two that have names in common in another order would wait for each other.
        watchword_store::pool::hold(&mut tx, ctx.pool()).await?;
    }
    // Everybody takes hold of users in the same order, so that two batches do not wait for each other.
    let mut order: Vec<usize> = (0..changes.len()).collect();
    order.sort_by_key(|i| &changes[*i].id);
    let mut rows: Vec<Option<store::User>> = vec![None; changes.len()];
    let mut left = Vec::new();
    let mut drawn: Vec<(usize, Drawn)> = Vec::new();
    for i in order {
        let change = &changes[i];
        let held = TABLE.hold(&mut tx, ctx.pool(), &change.id, "updated_at", ctx.now()).await?;
        let gone = || place.at(Error::new(codes::USER_NOT_FOUND).at("userId"), i);
        let mut row = held.ok_or_else(gone)?;
        let before = row.status.clone();
        change.draft.apply(&mut row, ctx.now()).map_err(|e| place.at(e, i))?;
        if let Some(one) = change.draft.custom(ctx, fields, &mut row).map_err(|e| place.at(e, i))? {
            drawn.push((i, one));
        }
        if let Some(password) = &change.password {
            row.password_hash = Some(password.hash.clone());
            row.password_level = password.level;
            row.password_set_at = Some(ctx.now());
        }
        if let Some(reset) = options.reset {
            row.reset_password_on_next_login = reset;
        }
        TABLE.update(&mut tx, &row).await?;
        if drawn.last().is_some_and(|(last, _)| *last == i) {
            let data = custom::object(&row.custom_data)?;
            let index = custom::index(ctx.pool().as_str(), &row.id, &data);
            store::set_custom_values(&mut tx, ctx.pool(), &row.id, &index).await?;
        }
        if change.password.is_some() || change.draft.activates() {
            gate::unlock(&mut tx, ctx, &row.id).await?;
        }
        if change.password.is_some() || life::has_fallen(&before, &row) {
            sign_out(&mut tx, ctx, &row.id).await?;
        }
        if life::has_left(&before, &row) {
            left.push(row.id.clone());
        }
        if let (Some(notice), Some(password)) = (notice, &change.password) {
            notice.write(&mut tx, ctx, &row, password.made.as_ref()).await?;
        }
        rows[i] = Some(row);
    }
    // Once all users are held: others wait for departments only after users, too.
    if !left.is_empty() {
        store::life::take_away(&mut tx, ctx.pool(), &left).await?;
    }
    let claims: Vec<(&str, &Drawn)> = drawn.iter().map(|(i, one)| (changes[*i].id.as_str(), one)).collect();
    fields.claim(&mut tx, ctx, &claims, |key, n| place.path(&format!("customData.{key}"), drawn[n].0)).await?;
    let ids: Vec<String> = changes.iter().map(|c| c.id.clone()).collect();
    follow::changed(&mut tx, ctx, &ids).await?;
    let details = match changes {
        [one] => json!({ "userId": one.id, "password": one.password.is_some() }),
        many => json!({ "userIds": many.iter().map(|c| &c.id).collect::<Vec<_>>() }),
    };
    ctx.commit(tx, details).await?;
    Ok(rows.into_iter().flatten().collect())
}

/// Ends everything by which a user, who is held, is recognised: sessions, refresh tokens, sign-ins that wait for a second
/// factor or a new password, approvals of devices, links that set a new password, changes in two steps that were begun.
pub async fn sign_out(tx: &mut Tx, ctx: &Ctx, user: &str) -> Result<()> {
    sign_out_except(tx, ctx, user, None).await
}

/// As [`sign_out`], but one session goes on.
pub(crate) async fn sign_out_except(tx: &mut Tx, ctx: &Ctx, user: &str, spared: Option<&str>) -> Result<()> {
    back_channel::announce_user(tx, ctx, user, None, spared).await?;
    session::end_of_user(tx, ctx.pool(), user, None, spared, ctx.now()).await?;
    mfa_transaction::revoke_of_users(tx, ctx.pool(), &[user.to_owned()], ctx.now()).await?;
    interaction::void_password(tx, ctx.pool(), user).await?;
    device_code::void_approvals(tx, ctx.pool(), user).await?;
    store::reset_link::void(tx, ctx.pool(), user).await?;
    action_token::void(tx, ctx.pool(), user).await?;
    Ok(())
}

/// # Errors
/// 400 when a password would be made that nobody learns, or nothing has happened that could be told.
fn check_notice(list: &[UserPatch], options: &Options, told: bool) -> Result<()> {
    if options.make && !told {
        let detail = text!(
            "nobody would learn the password: set options.sendPasswordResetedNotification too",
            "没有人会得知该密码：请同时设置 options.sendPasswordResetedNotification"
        );
        return Err(Error::invalid("options.autoGeneratePassword", detail));
    }
    if told && !options.make && list.iter().all(|patch| patch.password.is_none()) {
        let detail = text!("there is no new password to tell of", "没有新密码需要通知");
        return Err(Error::invalid("options.sendPasswordResetedNotification", detail));
    }
    Ok(())
}
