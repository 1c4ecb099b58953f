//! What an mfaToken is worth at this moment.

use watchword_api::oidc::{MfaTokenIntrospection, MfaTokenIntrospectionReq};
use watchword_kit::{PoolId, Result};
use watchword_store::mfa_transaction;

use crate::ctx::Ctx;
use crate::token;

/// `POST /mfa/token/introspection`. Two SDKs drop the argument of their own function; the token in `Authorization`
/// serves then. What is no live mfaToken is inactive, and nothing more is said of it.
pub async fn introspect(ctx: &Ctx, req: MfaTokenIntrospectionReq) -> Result<MfaTokenIntrospection> {
    let given = req.token.as_ref().or(ctx.request().token.as_ref());
    let Some(claims) = given.and_then(|t| token::read_mfa(ctx, t.reveal(), ctx.now())) else {
        return Ok(MfaTokenIntrospection::default());
    };
    let pool = PoolId::new(claims.pool);
    let live = mfa_transaction::live(&mut ctx.read().await?, &pool, &claims.id, ctx.now()).await?;
    Ok(live.map_or_else(MfaTokenIntrospection::default, |transaction| MfaTokenIntrospection {
        active: true,
        user_pool_id: Some(transaction.pool_id),
        user_id: Some(transaction.user_id),
        exp: Some(claims.expires_at),
        iat: Some(claims.issued_at),
    }))
}
