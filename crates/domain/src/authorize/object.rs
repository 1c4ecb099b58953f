//! Requests that their client has signed (RFC 9101), by value. What is in the object counts and nothing beside it.

use serde_json::Value;
use watchword_crypto::jose;
use watchword_kit::Result;
use watchword_store::app::Application;

use super::request::Params;
use crate::app;
use crate::ctx::Ctx;

/// How far clocks may be apart, in seconds.
const SKEW: i64 = 60;
/// Claims of the token itself; `sub` would let a client's assertion pass for a request.
const OF_THE_TOKEN: &[&str] = &["iss", "aud", "exp", "iat", "nbf", "jti"];

/// The parameters in the request object, where there is one that counts. One that does not stays what it is, which
/// [`super::Request::read`] refuses: an error goes to the address that stands outside.
///
/// # Errors
/// Of the database and the vault only.
pub fn open(ctx: &Ctx, app: &Application, params: Params) -> Result<Params> {
    let Some(object) = params.once("request").ok().flatten() else { return Ok(params) };
    let settings = app::client_settings(app)?;
    let verified = match jose::verify_by_any(object, &settings.keys) {
        Ok(claims) => Ok(claims),
        Err(_) => jose::verify_hs256(object, app::secret(ctx, app)?.reveal().as_bytes()),
    };
    let Some(inside) = verified.ok().and_then(|claims| inside(ctx, app, &claims)) else { return Ok(params) };
    Ok(Params(inside, params.1))
}

fn inside(ctx: &Ctx, app: &Application, claims: &Value) -> Option<Vec<(String, String)>> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let issuer = ctx.settings.issuer();
    let for_us = match claims.get("aud")? {
        Value::String(one) => *one == issuer,
        Value::Array(list) => list.iter().any(|one| *one == issuer),
        _ => false,
    };
    let now = ctx.now().as_seconds();
    let timely = jose::numeric(claims, "exp")? > now - SKEW
        && jose::numeric(claims, "nbf").is_none_or(|nbf| nbf <= now + SKEW)
        && jose::numeric(claims, "iat").is_none_or(|iat| iat <= now + SKEW);
    let own = text("iss") == Some(&app.id) && text("client_id").is_none_or(|id| id == app.id);
    if !(for_us && timely && own) {
        return None;
    }
    let mut out = vec![("client_id".to_owned(), app.id.clone())];
    for (name, value) in claims.as_object()? {
        match (name.as_str(), value) {
            // An object in an object, or one that is elsewhere (RFC 9101 §4); a client's assertion (§10.8).
            ("request" | "request_uri" | "sub", _) => return None,
            ("client_id", _) | (_, Value::Null) => {}
            (name, _) if OF_THE_TOKEN.contains(&name) => {}
            (_, Value::String(text)) => out.push((name.clone(), text.clone())),
            (_, Value::Number(n)) => out.push((name.clone(), n.to_string())),
            ("resource", Value::Array(all)) => {
                for one in all {
                    out.push((name.clone(), one.as_str()?.to_owned()));
                }
            }
            ("claims", Value::Object(_)) => out.push((name.clone(), value.to_string())),
            _ => return None,
        }
    }
    Some(out)
}
