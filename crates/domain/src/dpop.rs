//! Proofs that a client has a key (RFC 9449).

use serde_json::Value;
use url::Url;
use watchword_crypto::{hash, jose};
use watchword_kit::{Error, Millis, PoolId, Result, codes, text};
use watchword_store::access_key;

use crate::caller::Presented;
use crate::ctx::Ctx;
use crate::services::Services;
use crate::token::oauth;

const TYPE: &str = "dpop+jwt";
/// Seconds for which a proof is good, and by which the client's clock may be ahead.
const BEHIND: i64 = 300;
const AHEAD: i64 = 60;

/// The thumbprint of the key that a request for tokens proves, if it does.
///
/// # Errors
/// `invalid_dpop_proof` for a proof that is none, is meant for another request, is old or was used before.
pub async fn of_request(ctx: &Ctx) -> Result<Option<String>> {
    let request = ctx.request();
    let Some(proof) = &request.dpop else { return Ok(None) };
    let asked = Asked { method: &request.method, path: &request.path, token: None };
    let proven = check(ctx, ctx.pool(), proof, &asked).await?;
    match proven {
        Some(jkt) => Ok(Some(jkt)),
        None => Err(oauth("invalid_dpop_proof").because(refused())),
    }
}

/// The thumbprint of the key that is proven beside a token.
///
/// # Errors
/// 401 with `invalid_dpop_proof`.
pub(crate) async fn of_token(services: &Services, pool: &PoolId, given: &Presented<'_>) -> Result<String> {
    let asked = Asked { method: given.method, path: given.path, token: Some(given.token) };
    let proven = match given.proof {
        Some(proof) => check(services, pool, proof, &asked).await?,
        None => None,
    };
    proven.ok_or_else(|| {
        let refusal = Error::new(codes::NOT_SIGNED_IN).because(refused());
        refusal.with_data(serde_json::json!({ "error": "invalid_dpop_proof" }))
    })
}

fn refused() -> watchword_kit::Text {
    text!(
        "the DPoP proof is missing, malformed, old, used before or meant for another request",
        "DPoP 证明缺失、格式错误、过期、已使用或不属于此请求"
    )
}

struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    token: Option<&'a str>,
}

/// RFC 9449 §4.3.
async fn check(services: &Services, pool: &PoolId, proof: &str, asked: &Asked<'_>) -> Result<Option<String>> {
    let Ok((claims, key)) = jose::verify_possession(proof, TYPE) else { return Ok(None) };
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let now = services.clock.now().as_seconds();
    let iat = jose::numeric(&claims, "iat").filter(|iat| (now - BEHIND..=now + AHEAD).contains(iat));
    let jti = text("jti").filter(|jti| (1..=256).contains(&jti.len()));
    let (Some(iat), Some(jti)) = (iat, jti) else { return Ok(None) };
    let here = format!("{}{}", services.settings.public_url, asked.path);
    let meant = text("htm") == Some(asked.method) && text("htu").is_some_and(|htu| same_address(htu, &here));
    let of_token = asked.token.is_none_or(|token| text("ath") == Some(hash::token_hash(token).as_str()));
    if !meant || !of_token {
        return Ok(None);
    }
    let mut tx = services.db.write().await?;
    let until = Millis::seconds(iat + BEHIND + AHEAD);
    let (bucket, jti) = (format!("dpop:{}", key.thumbprint()), hash::sha256_hex(jti.as_bytes()));
    let fresh = access_key::use_nonce(&mut tx, pool, &bucket, &jti, until).await?;
    tx.commit().await?;
    Ok(fresh.then(|| key.thumbprint().to_owned()))
}

/// Whether two addresses are one but for query and fragment (§4.3), after the normalisation of RFC 3986 §6.2.
fn same_address(htu: &str, here: &str) -> bool {
    let read = |given: &str| {
        let mut url = Url::parse(given).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url.as_str().trim_end_matches('/').to_owned())
    };
    htu.len() <= 2048 && read(htu).is_some_and(|htu| Some(htu) == read(here))
}
