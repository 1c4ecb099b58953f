//! Pictures of a text that only people read: shown once, good once, for five minutes, for whoever asked.
//!
//! Whoever has the token of a picture names it by that. The published interface has an operation without one: then
//! the asker is the application, the address and the user agent of the request, since a cookie would not come along
//! from the pages of other sites.

use data_encoding::BASE64;
use watchword_crypto::{captcha as picture, hash};
use watchword_kit::{Error, Millis, Result, Secret, codes};
use watchword_store::captcha::{self as store, Captcha, TABLE};
use watchword_store::quota::{self, Quota};

use crate::ctx::Ctx;
use crate::message::code_hash;
use crate::pool;

const LIFETIME: Millis = Millis::minutes(5);
/// Wrong texts that end a picture.
const TRIES: i64 = 3;
/// Pictures that one address may ask for within a minute.
const PER_MINUTE: i64 = 60;

/// A picture, and what names it.
pub struct Picture {
    pub token: Secret<String>,
    /// SVG, which holds nothing but a PNG.
    pub svg: String,
}

/// What somebody read.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub text: Option<String>,
    pub token: Option<String>,
}

/// Draws a picture and remembers it.
///
/// # Errors
/// 429 after too many pictures.
pub async fn issue(ctx: &Ctx) -> Result<Picture> {
    let length = pool::settings(&mut ctx.read().await?, ctx.pool()).await?.verify_code_length;
    let drawn = picture::draw(length.clamp(4, 8), &ctx.entropy);
    let token = hash::token(&ctx.entropy, 16);
    let id = hash::token_hash(&token);
    let row = Captcha {
        pool_id: ctx.pool().to_string(),
        asker: asker(ctx),
        code_hash: hash_of(ctx, &id, &drawn.text),
        attempts: 0,
        created_at: ctx.now(),
        expires_at: ctx.now() + LIFETIME,
        id,
    };
    let mut tx = ctx.write().await?;
    let quota = Quota { bucket: &format!("captcha:{}", ctx.network()), limit: PER_MINUTE, window: Millis::minutes(1) };
    if let Some(ends) = quota::charge(&mut tx, ctx.pool(), quota, ctx.now()).await? {
        return Err(crate::throttle::too_many(ends - ctx.now()));
    }
    TABLE.insert(&mut tx, &row).await?;
    ctx.commit(tx, serde_json::json!({})).await?;
    let (width, height, png) = (drawn.width, drawn.height, BASE64.encode(&drawn.png));
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\
         <image width=\"{width}\" height=\"{height}\" href=\"data:image/png;base64,{png}\"/></svg>"
    );
    Ok(Picture { token: Secret::new(token), svg })
}

/// Judges what somebody read, in a unit of work of its own; a right text is used up.
///
/// # Errors
/// 403/2000 without a text, 403/2001 for a wrong one.
pub(crate) async fn check(ctx: &Ctx, answer: &Answer) -> Result<()> {
    let text = answer.text.as_deref().map(str::trim).filter(|t| !t.is_empty());
    let text = text.ok_or_else(|| Error::new(codes::CAPTCHA_NEEDED))?.to_ascii_uppercase();
    let mut tx = ctx.write().await?;
    let named = match answer.token.as_deref().filter(|t| !t.is_empty()) {
        Some(token) => vec![hash::token_hash(token)],
        None => {
            // Several rows are tried one after the other: nobody else tries them meanwhile.
            let asker = asker(ctx);
            tx.hold(ctx.pool(), &format!("captcha:{asker}")).await?;
            store::of_asker(&mut tx, ctx.pool(), &asker, TRIES, ctx.now()).await?
        }
    };
    let mut passed_by = Vec::new();
    for id in named {
        // The try is counted before it is judged, so that a burst of them cannot outrun the count.
        let Some(stored) = store::try_one(&mut tx, ctx.pool(), &id, TRIES, ctx.now()).await? else { continue };
        if hash::ct_eq(&stored, hash_of(ctx, &id, &text)) {
            let used = TABLE.delete(&mut tx, ctx.pool(), &id).await?;
            store::uncount(&mut tx, ctx.pool(), &passed_by).await?;
            tx.commit().await?;
            return if used { Ok(()) } else { Err(Error::new(codes::CAPTCHA_WRONG)) };
        }
        passed_by.push(id);
    }
    tx.commit().await?;
    Err(Error::new(codes::CAPTCHA_WRONG))
}

/// How the text of a picture is stored.
pub fn hash_of(ctx: &Ctx, id: &str, text: &str) -> String {
    code_hash(ctx, &[ctx.pool().as_str(), "captcha", id], text)
}

fn asker(ctx: &Ctx) -> String {
    let agent = ctx.request().user_agent.as_deref().unwrap_or_default();
    let who = format!("{}\0{}\0{agent}", ctx.app_id().unwrap_or_default(), ctx.network());
    hash::sha256_hex(who.as_bytes())
}
