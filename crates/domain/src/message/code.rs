//! Codes: drawn, counted, stored as a keyed hash, sent by way of the outbox, and checked once.

use watchword_crypto::hash;
use watchword_kit::{Error, Millis, Result, Secret, codes};
use watchword_store::Tx;
use watchword_store::message::{self as store, Tried, VerificationCode};
use watchword_store::quota::{self, Quota};

use super::template::About;
use super::{Medium, address, provider, template, text};
use crate::ctx::Ctx;
use crate::outbox::{self, Delivery};
use crate::pool;

/// How long a code lives.
const LIFETIME: Millis = Millis::seconds(60);
const RESET_BY_EMAIL_LIFETIME: Millis = Millis::minutes(5);
const LINK_LIFETIME: Millis = Millis::minutes(30);
/// The channel whose code is a link.
pub(crate) const LINK: &str = "CHANNEL_VERIFY_EMAIL_LINK";
/// Random bytes in a link: nobody guesses it, so nobody needs to type it.
const LINK_BYTES: usize = 32;
/// Messages to one target within 24 hours, besides one per minute.
const TARGET_PER_DAY: i64 = 10;

/// Counts one message to `target`, draws a code of the pool's length, stores it for [`check_code`] and puts the
/// message into the outbox; all in the caller's unit of work. An earlier code for the same purpose is void.
///
/// `target` is normalised; `purpose` is the API's channel (`CHANNEL_LOGIN`).
///
/// # Errors
/// As [`charge_target`].
pub async fn issue_code(tx: &mut Tx, ctx: &Ctx, medium: Medium, target: &str, purpose: &str) -> Result<()> {
    issue(tx, ctx, medium, target, purpose, Delivery::Send).await
}

/// As [`issue_code`]; a withheld code costs as much time and as much of every limit, but reaches nobody.
pub(super) async fn issue(
    tx: &mut Tx,
    ctx: &Ctx,
    medium: Medium,
    target: &str,
    purpose: &str,
    delivery: Delivery,
) -> Result<()> {
    charge_target(tx, ctx, medium, target).await?;
    let settings = pool::settings(tx, ctx.pool()).await?;
    let life = template::lifetime(tx, ctx, medium, purpose).await?.unwrap_or(lifetime(medium, purpose));
    let code = Secret::new(match purpose {
        LINK => hash::token(&ctx.entropy, LINK_BYTES),
        _ => ctx.entropy.digits(settings.verify_code_length.clamp(4, 8)),
    });
    let row = VerificationCode {
        pool_id: ctx.pool().to_string(),
        medium: medium.as_str().into(),
        target: target.into(),
        purpose: purpose.into(),
        code_hash: hash_of(ctx, medium, target, purpose, code.reveal()),
        attempts: 0,
        max_attempts: settings.verify_code_max_attempts.max(1),
        created_at: ctx.now(),
        expires_at: ctx.now() + life,
        consumed_at: None,
    };
    store::put_code(tx, &row).await?;
    send_code(tx, ctx, medium, target, &code, purpose, life, delivery).await
}

/// Sends a link that confirms an e-mail address, as [`issue_code`] sends a code.
pub(crate) async fn send_link(tx: &mut Tx, ctx: &Ctx, email: &str) -> Result<()> {
    issue(tx, ctx, Medium::Email, email, LINK, Delivery::Send).await
}

/// Whether `given` is the live code for this target and purpose; a right one is used up, a wrong one counts against
/// the pool's `verify_code_max_attempts`. The caller commits in both cases.
pub async fn check_code(
    tx: &mut Tx,
    ctx: &Ctx,
    medium: Medium,
    target: &str,
    purpose: &str,
    given: &str,
) -> Result<bool> {
    let code_hash = hash_of(ctx, medium, target, purpose, given);
    let tried = Tried { medium: medium.as_str(), target, purpose, code_hash: &code_hash };
    let right = is_right(tx, ctx, tried).await?;
    if right {
        store::spend_code(tx, ctx.pool(), tried, ctx.now()).await?;
    }
    Ok(right)
}

/// As [`check_code`], but a right code can still be used afterwards.
pub async fn pre_check_code(
    tx: &mut Tx,
    ctx: &Ctx,
    medium: Medium,
    target: &str,
    purpose: &str,
    given: &str,
) -> Result<bool> {
    let code_hash = hash_of(ctx, medium, target, purpose, given);
    let tried = Tried { medium: medium.as_str(), target, purpose, code_hash: &code_hash };
    let right = is_right(tx, ctx, tried).await?;
    if right {
        store::uncount_try(tx, ctx.pool(), tried).await?;
    }
    Ok(right)
}

/// Counts before it compares.
async fn is_right(tx: &mut Tx, ctx: &Ctx, tried: Tried<'_>) -> Result<bool> {
    let live = store::try_code(tx, ctx.pool(), tried, ctx.now()).await?;
    Ok(live.is_some_and(|live| hash::ct_eq(&live, tried.code_hash)))
}

/// Counts one message to a normalised target, in the caller's unit of work, which a refused caller drops.
///
/// # Errors
/// 501 while the pool has no provider; 422/2080 within a minute of the last message to this target; 429 beyond ten
/// messages to the target per day, or beyond the pool's limits per address and per day.
pub async fn charge_target(tx: &mut Tx, ctx: &Ctx, medium: Medium, target: &str) -> Result<()> {
    charge_own(tx, ctx, medium, target).await?;
    charge_shared(tx, ctx, medium).await
}

/// The part of [`charge_target`] that is the target's own. Whoever writes to several charges this of all of them, in the
/// order of the targets, before [`charge_shared`] of the first: others who wait there hold what is their target's.
pub(crate) async fn charge_own(tx: &mut Tx, ctx: &Ctx, medium: Medium, target: &str) -> Result<()> {
    provider::require(tx, ctx, medium).await?;
    let (medium, counted) = (medium.as_str(), address::counted(medium, target));
    if let Some(ends) = charge(tx, ctx, &format!("minute:{medium}:{counted}"), 1, Millis::minutes(1)).await? {
        return Err(Error::new(codes::CODE_TOO_SOON).retry_after(seconds_until(ctx, ends)));
    }
    match charge(tx, ctx, &format!("day:{medium}:{counted}"), TARGET_PER_DAY, Millis::hours(24)).await? {
        Some(ends) => Err(Error::new(codes::TOO_MANY).retry_after(seconds_until(ctx, ends))),
        None => Ok(()),
    }
}

/// The part of [`charge_target`] that all targets share.
pub(crate) async fn charge_shared(tx: &mut Tx, ctx: &Ctx, medium: Medium) -> Result<()> {
    let settings = pool::settings(tx, ctx.pool()).await?;
    let medium = medium.as_str();
    let limits = [
        (format!("ip:{}", ctx.network()), settings.messages_per_ip_and_hour, Millis::hours(1)),
        // Last, as every sender of the pool meets at this row.
        (format!("pool:{medium}"), settings.messages_per_day, Millis::hours(24)),
    ];
    for (bucket, limit, window) in limits {
        if let Some(ends) = charge(tx, ctx, &bucket, limit, window).await? {
            return Err(Error::new(codes::TOO_MANY).retry_after(seconds_until(ctx, ends)));
        }
    }
    Ok(())
}

/// Puts the message with a code into the outbox; for callers that draw and keep a code of their own, after
/// [`charge_target`]. The message is given up when the code would be dead.
pub async fn enqueue_code(
    tx: &mut Tx,
    ctx: &Ctx,
    medium: Medium,
    target: &str,
    code: &Secret<String>,
    purpose: &str,
) -> Result<()> {
    send_code(tx, ctx, medium, target, code, purpose, lifetime(medium, purpose), Delivery::Send).await
}

/// A code of the pool's length, for callers that keep it themselves.
pub async fn draw_code(tx: &mut Tx, ctx: &Ctx) -> Result<Secret<String>> {
    let settings = pool::settings(tx, ctx.pool()).await?;
    Ok(Secret::new(ctx.entropy.digits(settings.verify_code_length.clamp(4, 8))))
}

/// How a code is stored: HMAC-SHA-256 over what it is for and the code, in hex. No part of `context` may hold NUL.
pub fn code_hash(ctx: &Ctx, context: &[&str], code: &str) -> String {
    let message = format!("{}\0\0{code}", context.join("\0"));
    hash::hmac_sha256(&ctx.keys.code_mac, message.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// How long a code for this purpose lives, unless a template of the pool says otherwise.
pub fn lifetime(medium: Medium, purpose: &str) -> Millis {
    match (medium, purpose) {
        (Medium::Email, "CHANNEL_RESET_PASSWORD") => RESET_BY_EMAIL_LIFETIME,
        (Medium::Email, LINK) => LINK_LIFETIME,
        _ => LIFETIME,
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one message, used nowhere else")]
async fn send_code(
    tx: &mut Tx,
    ctx: &Ctx,
    medium: Medium,
    target: &str,
    code: &Secret<String>,
    purpose: &str,
    life: Millis,
    delivery: Delivery,
) -> Result<()> {
    let sender = text::sender(tx, ctx).await?;
    let lang = ctx.request().lang;
    let url = (purpose == LINK).then(|| link(ctx, target, code.reveal()));
    let mut letter = match &url {
        Some(url) => text::link(lang, &sender, url, life),
        None => text::code(lang, &sender, medium, purpose, code.reveal(), life),
    };
    if medium == Medium::Email {
        let code = Some(code.reveal().as_str()).filter(|_| url.is_none());
        let about = About { code, url: url.as_deref(), life: Some(life), ..About::default() };
        letter = template::dress_code(tx, ctx, purpose, target, about, letter).await?;
    }
    outbox::put(tx, ctx, medium, target, &letter, ctx.now() + life, delivery).await?;
    Ok(())
}

/// Where the page that confirms an address is; from the configured public URL, never from a request.
fn link(ctx: &Ctx, email: &str, token: &str) -> String {
    let (url, app) = (&ctx.settings.public_url, ctx.app_id().unwrap_or_default());
    let email: String = email.bytes().map(|b| format!("%{b:02X}")).collect();
    format!("{url}/verify-email?app={app}&email={email}&token={token}")
}

/// Uses up a link that nobody can guess: wrong ones are not counted, so that nobody can void another's.
pub(super) async fn use_link(tx: &mut Tx, ctx: &Ctx, email: &str, token: &str) -> Result<bool> {
    let code_hash = hash_of(ctx, Medium::Email, email, LINK, token);
    let tried = Tried { medium: Medium::Email.as_str(), target: email, purpose: LINK, code_hash: &code_hash };
    Ok(store::consume_code(tx, ctx.pool(), tried, ctx.now()).await?)
}

fn hash_of(ctx: &Ctx, medium: Medium, target: &str, purpose: &str, code: &str) -> String {
    code_hash(ctx, &[ctx.pool().as_str(), medium.as_str(), target, purpose], code)
}

/// When the quota's window ends, if it is used up.
async fn charge(tx: &mut Tx, ctx: &Ctx, bucket: &str, limit: i64, window: Millis) -> Result<Option<Millis>> {
    let quota = Quota { bucket: &format!("message:{bucket}"), limit, window };
    Ok(quota::charge(tx, ctx.pool(), quota, ctx.now()).await?)
}

fn seconds_until(ctx: &Ctx, at: Millis) -> u32 {
    u32::try_from(((at - ctx.now()).0 + 999) / 1000).unwrap_or(1).max(1)
}
