//! The claims of a user for a token (OpenID Connect Core §5.3).

use watchword_api::common::Object;
use watchword_kit::{Error, Result, codes, text};

use crate::ctx::Ctx;
use crate::user;

/// `GET` and `POST /oidc/me`: what the token's scopes tell, and `sub`.
///
/// # Errors
/// 401 without a valid token; 403 `insufficient_scope` for a token without `openid`, where `openid` is asked of it.
pub async fn userinfo(ctx: &Ctx, openid: bool) -> Result<Object> {
    let session = ctx.session()?;
    let has_openid = session.scope.split(' ').any(|s| s == "openid");
    if openid && !has_openid {
        let refusal = Error::new(codes::FORBIDDEN).with_data(serde_json::json!({ "error": "insufficient_scope" }));
        return Err(refusal.because(text!("the token lacks the scope openid", "token 缺少 scope openid")));
    }
    let user = user::by_id(&mut ctx.read().await?, ctx.pool(), &session.user_id).await;
    let user = user.map_err(|_| Error::new(codes::NOT_SIGNED_IN))?;
    let mut claims = user::claims(&user, &session.scope);
    // A token without `openid` is none of the request that named claims (OpenID Connect Core §5.5).
    if let Some(asked) = session.userinfo_claims.as_ref().filter(|_| has_openid) {
        let names: Vec<String> = serde_json::from_str(asked).map_err(Error::internal)?;
        claims.extend(user::requested_claims(&user, &names));
    }
    claims.insert("sub".into(), session.user_id.clone().into());
    Ok(claims)
}
