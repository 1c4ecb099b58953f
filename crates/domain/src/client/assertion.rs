//! Assertions by which applications authenticate (RFC 7523 §3, OpenID Connect Core §9).

use serde_json::Value;
use watchword_crypto::{hash, jose};
use watchword_kit::{Millis, Result, Secret};
use watchword_store::access_key;
use watchword_store::app::Application;

use crate::app::{self, AuthMethod, ClientSettings};
use crate::ctx::Ctx;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far clocks may be apart.
const SKEW: i64 = 60;
/// The longest life of an assertion, in seconds.
const LONGEST: i64 = 3600;

/// Whether the assertion is the application's own, for us, valid now, and here for the first time.
pub(super) async fn check(
    ctx: &Ctx,
    app: &Application,
    settings: &ClientSettings,
    method: AuthMethod,
    kind: Option<&str>,
    assertion: &Secret<String>,
) -> Result<bool> {
    if kind != Some(TYPE) {
        return Ok(false);
    }
    let verified = match method {
        AuthMethod::PrivateKeyJwt => jose::verify_by_any(assertion.reveal(), &settings.keys),
        _ => jose::verify_hs256(assertion.reveal(), app::secret(ctx, app)?.reveal().as_bytes()),
    };
    let Some((jti, exp)) = verified.ok().and_then(|claims| acceptable(ctx, &app.id, &claims)) else {
        return Ok(false);
    };
    let mut tx = ctx.db.write().await?;
    let until = Millis::seconds(exp + SKEW);
    let jti = hash::sha256_hex(jti.as_bytes());
    let fresh = access_key::use_nonce(&mut tx, ctx.pool(), &format!("assertion:{}", app.id), &jti, until).await?;
    tx.commit().await?;
    Ok(fresh)
}

/// `jti` and `exp` of claims that are as they must be.
fn acceptable(ctx: &Ctx, client: &str, claims: &Value) -> Option<(String, i64)> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let now = ctx.now().as_seconds();
    let exp = jose::numeric(claims, "exp")?;
    let timely = exp > now - SKEW
        && exp <= now + LONGEST + SKEW
        && jose::numeric(claims, "iat").is_none_or(|iat| iat <= now + SKEW)
        && jose::numeric(claims, "nbf").is_none_or(|nbf| nbf <= now + SKEW);
    let jti = text("jti").filter(|jti| (1..=256).contains(&jti.len()))?;
    let own = text("iss") == Some(client) && text("sub") == Some(client);
    (timely && own && is_for_us(ctx, claims.get("aud")?)).then(|| (jti.to_owned(), exp))
}

/// The issuer, the token endpoint, or the endpoint that is called; nobody else besides, or that one could use it here.
fn is_for_us(ctx: &Ctx, aud: &Value) -> bool {
    let public = &ctx.settings.public_url;
    let here = format!("{public}{}", ctx.request().path);
    let ours = |name: &str| {
        name == ctx.settings.issuer() || name == format!("{public}/oidc/token") || name == here.trim_end_matches('/')
    };
    match aud {
        Value::String(one) => ours(one),
        Value::Array(list) => !list.is_empty() && list.iter().all(|one| one.as_str().is_some_and(ours)),
        _ => false,
    }
}
