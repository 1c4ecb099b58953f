//! The grant `authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.6).

use data_encoding::BASE64URL_NOPAD;
use serde_json::json;
use watchword_api::grant::TokenSet;
use watchword_crypto::hash;
use watchword_kit::{Error, Result, Secret, text};
use watchword_store::authorization_code::{self, AuthorizationCode, TABLE};
use watchword_store::session;

use super::{Asked, narrow_resources};
use crate::authorize::issue::Kept;
use crate::ctx::Ctx;
use crate::demand::Demand;
use crate::login::session_lifetime;
use crate::token::{self, Extras, oauth};
use crate::user;

/// Exchanges a code of this application, which has authenticated itself.
///
/// # Errors
/// `invalid_grant`, the same for every reason. A code that comes again ends the session that it opened: one of its two
/// users is a thief (RFC 6749 §10.5).
pub(super) async fn exchange(ctx: &Ctx, asked: Asked) -> Result<TokenSet> {
    let resources = asked.resources();
    let Asked { app, settings, req, jkt } = asked;
    let app = &app;
    let given = req.code.as_ref().ok_or_else(|| missing("code"))?;
    let redirect_uri = req.redirect_uri.as_deref().ok_or_else(|| missing("redirect_uri"))?;
    let id = hash::token_hash(given.reveal());
    let mut tx = ctx.write().await?;
    let found = TABLE.get(&mut tx, ctx.pool(), &id).await?;
    let row = found.filter(|code| code.app_id == app.id).ok_or_else(invalid_grant)?;
    let about = json!({ "userId": row.user_id, "grant": "authorization_code" });
    let user = user::hold(&mut tx, ctx.pool(), &row.user_id).await.map_err(|_| invalid_grant())?;
    if !authorization_code::spend(&mut tx, ctx.pool(), &id, ctx.now()).await? {
        session::end(&mut tx, ctx.pool(), &row.session_id, ctx.now()).await?;
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    // A code that somebody could not use as its owner does is spent: it may have been stolen.
    let right =
        row.expires_at > ctx.now() && row.redirect_uri == redirect_uri && proves(&row, req.code_verifier.as_ref());
    if !right {
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    let until = ctx.now() + session_lifetime(app)?;
    if !session::prolong(&mut tx, ctx.pool(), &row.session_id, until, ctx.now()).await? {
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    let live = session::live(&mut tx, ctx.pool(), &row.session_id, ctx.now()).await?;
    let session = live.ok_or_else(invalid_grant)?;
    // A demand that came up since the sign-in is not evaded by a code from before.
    let demand = Demand::load(&mut tx, ctx, Some(app), &user.id).await?;
    if demand.code().is_some() && session.mfa_at.is_none() {
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    let kept: Kept = serde_json::from_str(&row.extras).map_err(Error::internal)?;
    // The code is bound to the key that the request named (RFC 9449 §10).
    if kept.jkt.is_some() && kept.jkt != jkt {
        return Err(ctx.commit_refusal(tx, invalid_grant(), about).await);
    }
    settings.permit_resources(&resources)?;
    let resources =
        if resources.is_empty() { kept.resources.clone() } else { narrow_resources(&kept.resources, resources)? };
    let extras = Extras {
        nonce: kept.nonce,
        claims: kept.claims,
        acr: kept.acr,
        resources,
        granted: kept.resources,
        jkt,
        ..Extras::default()
    };
    let draft = token::draft(&mut tx, ctx, &session, app, &user, &extras).await?;
    ctx.commit(tx, about).await?;
    draft.sign(ctx)
}

/// A challenge needs its verifier; a verifier without a challenge is refused, too (RFC 9700 §4.8.2).
fn proves(code: &AuthorizationCode, verifier: Option<&Secret<String>>) -> bool {
    match (&code.code_challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            let verifier = verifier.reveal();
            let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
            let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(legal);
            let computed = BASE64URL_NOPAD.encode(&hash::sha256(verifier.as_bytes()));
            well_formed && hash::ct_eq(challenge, computed)
        }
        _ => false,
    }
}

fn missing(name: &'static str) -> Error {
    oauth("invalid_request").because(text!("{name} is required", "缺少 {name}"))
}

fn invalid_grant() -> Error {
    oauth("invalid_grant").because(text!(
        "the code is invalid, expired, spent, or was issued for another address or verifier",
        "授权码无效、已过期、已使用，或与回调地址、code_verifier 不匹配"
    ))
}
