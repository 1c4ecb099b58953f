//! The mfaToken: what names a sign-in that waits for its second factor.

use serde_json::json;
use watchword_api::oidc::{MfaTokenIntrospection, MfaTokenIntrospectionReq};
use watchword_crypto::jose;
use watchword_kit::{Millis, PoolId, Result};
use watchword_store::Tx;
use watchword_store::mfa_transaction::{self, MfaTransaction};

use super::text;
use crate::ctx::Ctx;
use crate::services::Services;

const MFA: &str = "mfa+jwt";

/// Begins a sign-in that waits for its second factor, and names it by an mfaToken.
pub async fn begin_mfa(tx: &mut Tx, ctx: &Ctx, transaction: &MfaTransaction) -> Result<String> {
    mfa_transaction::TABLE.insert_later(tx, transaction).await?;
    Ok(mfa_token(ctx, transaction))
}

fn mfa_token(ctx: &Ctx, transaction: &MfaTransaction) -> String {
    let (pool, user) = (&transaction.pool_id, &transaction.user_id);
    let claims = json!({
        "data": { "userPoolId": pool, "userId": user, "arn": format!("arn:cn:authing:{pool}:user:{user}"), "stage": 1 },
        "aud": transaction.app_id,
        "iss": ctx.settings.issuer(),
        "jti": transaction.id,
        "iat": transaction.created_at.as_seconds(),
        "exp": transaction.expires_at.as_seconds(),
    });
    jose::sign_hs256(&ctx.keys.mfa_mac, MFA, &claims)
}

/// What an mfaToken says about itself; whether it can still be used, the database knows.
pub struct MfaClaims {
    pub pool: String,
    pub id: String,
    pub issued_at: i64,
    pub expires_at: i64,
}

pub fn read_mfa(services: &Services, token: &str, now: Millis) -> Option<MfaClaims> {
    let claims = jose::verify_hs256_as(token, MFA, &services.keys.mfa_mac).ok()?;
    let expires_at = jose::numeric(&claims, "exp")?;
    if expires_at <= now.as_seconds() {
        return None;
    }
    Some(MfaClaims {
        pool: text(claims.get("data")?, "userPoolId")?,
        id: text(&claims, "jti")?,
        issued_at: jose::numeric(&claims, "iat")?,
        expires_at,
    })
}

/// `POST /mfa/token/introspection`. Two SDKs drop the argument of their own function; the token in `Authorization`
/// serves then. What is no live mfaToken is inactive, and nothing more is said of it.
pub async fn introspect_mfa(ctx: &Ctx, req: MfaTokenIntrospectionReq) -> Result<MfaTokenIntrospection> {
    let given = req.token.as_ref().or(ctx.request().token.as_ref());
    let Some(claims) = given.and_then(|t| read_mfa(ctx, t.reveal(), ctx.now())) else {
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
