//! New passwords by a link that was sent to the user's e-mail address: an administrator asks for it, the user sets it.
//! The second factor stays as it is.

use std::sync::Arc;

use serde_json::json;
use watchword_api::user::{ResetLinkSent, ResetLinkUser, SendResetLinkReq};
use watchword_crypto::hash;
use watchword_kit::{Error, Lang, Millis, PoolId, Result, Secret, codes};
use watchword_store::Tx;
use watchword_store::user::reset_link::{self as store, PasswordReset, TABLE as RESETS};
use watchword_store::user::{TABLE, User};

use super::create::batch_size;
use super::life;
use super::password::choose;
use super::resolve::resolve_many;
use crate::audit::Audit;
use crate::ctx::{Actor, Ctx, Request};
use crate::message::{self, Medium, provider, text as texts};
use crate::outbox::enqueue;
use crate::pool;
use crate::security_settings::password::PasswordRules;
use crate::services::Services;

/// How long a link can be used.
const LIFETIME: Millis = Millis::minutes(10);
/// Random bytes in a link: nobody guesses it.
const BYTES: usize = 32;

/// `POST /api/v3/send-user-reset-password-email-link`. A newer link makes the older ones of a user useless.
///
/// # Errors
/// 400 unless there are 1 to 50 users, 501 without a provider for e-mail. What hinders one user is told in the result.
pub async fn send(ctx: &Ctx, req: SendResetLinkReq) -> Result<Vec<ResetLinkSent>> {
    batch_size("users", req.users.len())?;
    let mut tx = ctx.write().await?;
    provider::require(&mut tx, ctx, Medium::Email).await?;
    let sender = texts::sender(&mut tx, ctx).await?;
    let mut found: Vec<(usize, User)> = Vec::with_capacity(req.users.len());
    for (i, ResetLinkUser { user_id, user_id_type }) in req.users.iter().enumerate() {
        let ids = [user_id.clone()];
        match resolve_many(&mut tx, ctx.pool(), &ids, user_id_type.unwrap_or_default()).await {
            Ok(mut users) => found.extend(users.pop().flatten().map(|user| (i, user))),
            // Nobody, or one name for several.
            Err(e) if e.code().status < 500 => {}
            Err(e) => return Err(e),
        }
    }
    found.retain(|(_, user)| user.email_key.is_some() && life::may_sign_in(user, ctx.now()));
    // In the order in which everybody charges.
    found.sort_by(|(_, a), (_, b)| a.email_key.cmp(&b.email_key));
    let mut charged = Vec::with_capacity(found.len());
    for (i, user) in found {
        let email = user.email_key.clone().unwrap_or_default();
        if within_limits(message::charge_own(&mut tx, ctx, Medium::Email, &email).await)? {
            charged.push((i, user, email));
        }
    }
    let mut told: Vec<(usize, String)> = Vec::with_capacity(charged.len());
    for (i, user, email) in charged {
        if within_limits(message::charge_shared(&mut tx, ctx, Medium::Email).await)? {
            send_one(&mut tx, ctx, &user, &email, &sender).await?;
            told.push((i, user.id));
        }
    }
    told.sort_unstable();
    let result = |(i, user): (usize, ResetLinkUser)| ResetLinkSent {
        user_id: user.user_id,
        success: told.iter().any(|(sent, _)| *sent == i),
    };
    let results = req.users.into_iter().enumerate().map(result).collect();
    let told: Vec<String> = told.into_iter().map(|(_, id)| id).collect();
    let details = match told.as_slice() {
        [one] => json!({ "userId": one }),
        many => json!({ "userIds": many }),
    };
    ctx.commit(tx, details).await?;
    Ok(results)
}

/// Whether it was charged; a limit hinders this user only.
fn within_limits(charged: Result<()>) -> Result<bool> {
    match charged {
        Ok(()) => Ok(true),
        Err(e) if [422, 429].contains(&e.code().status) => Ok(false),
        Err(e) => Err(e),
    }
}

async fn send_one(tx: &mut Tx, ctx: &Ctx, user: &User, email: &str, sender: &str) -> Result<()> {
    let token = Secret::new(hash::token(&ctx.entropy, BYTES));
    let row = PasswordReset {
        pool_id: ctx.pool().to_string(),
        id: hash::token_hash(token.reveal()),
        user_id: user.id.clone(),
        email_key: email.to_owned(),
        created_at: ctx.now(),
        expires_at: ctx.now() + LIFETIME,
    };
    store::void(tx, ctx.pool(), &user.id).await?;
    RESETS.insert(tx, &row).await?;
    let url = format!("{}/reset-password?pool={}&token={}", ctx.settings.public_url, ctx.pool(), token.reveal());
    let lang = user.locale.as_deref().and_then(Lang::from_tag).unwrap_or(ctx.request().lang);
    let letter = texts::reset_link(lang, sender, &url, LIFETIME);
    enqueue(tx, ctx, Medium::Email, email, &letter, row.expires_at).await?;
    Ok(())
}

/// Sets a new password by a link. Sessions end; whoever stole one is out.
///
/// # Errors
/// 403/2001 for a link that is wrong, used or over; 400 at `password` for one against the pool's policy, which leaves
/// the link as it is.
pub async fn complete(
    services: &Arc<Services>,
    request: Request,
    pool: &str,
    token: &str,
    password: Secret<String>,
) -> Result<()> {
    let actor = Actor::Anonymous;
    let ctx = Ctx::new(services.clone(), PoolId::new(pool), actor, request, Some(Audit::PasswordReset));
    let over = || Error::new(codes::PASS_CODE_WRONG);
    let id = hash::token_hash(token);
    let rules = {
        // Nobody has a password hashed here without a link.
        let mut tx = ctx.read().await?;
        let row = RESETS.get(&mut tx, ctx.pool(), &id).await?;
        let row = row.filter(|row| row.expires_at > ctx.now()).ok_or_else(over)?;
        let user = TABLE.get(&mut tx, ctx.pool(), &row.user_id).await?.ok_or_else(over)?;
        PasswordRules::of(&pool::settings(&mut tx, ctx.pool()).await?)?.of_user(&user)
    };
    let chosen = choose(&ctx, "password", password, &rules).await?;
    let mut tx = ctx.write().await?;
    let row = RESETS.get(&mut tx, ctx.pool(), &id).await?.ok_or_else(over)?;
    // The user first: whoever ends the user's sessions voids links while holding the user.
    let held = TABLE.hold(&mut tx, ctx.pool(), &row.user_id, "updated_at", ctx.now()).await?;
    let mut user = held.ok_or_else(over)?;
    if !store::consume(&mut tx, ctx.pool(), &id, ctx.now()).await? {
        return Err(over());
    }
    if !life::may_sign_in(&user, ctx.now()) || user.email_key.as_deref() != Some(&row.email_key) {
        return Err(over());
    }
    chosen.save(&mut tx, &ctx, &mut user, None).await?;
    ctx.commit(tx, json!({ "userId": user.id, "by": "link" })).await
}
