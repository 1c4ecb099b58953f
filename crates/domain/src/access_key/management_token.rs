//! get-management-token: an access key and its secret against a token.

use serde_json::json;
use watchword_api::token::{GetManagementTokenReq, ManagementToken};
use watchword_kit::{PoolId, Result, codes};
use watchword_store::access_key;

use crate::ctx::Ctx;
use crate::throttle::secret::{self, Door};
use crate::{caller, token};

/// A token for the management API.
///
/// Wrong tries are counted and paused as [`secret`] says.
///
/// # Errors
/// 401, the same for a wrong id, a wrong secret and a disabled key; 429 during a pause.
pub async fn management_token(ctx: &Ctx, req: GetManagementTokenReq) -> Result<ManagementToken> {
    let key = match caller::by_secret(ctx, &req.access_key_id, &req.access_key_secret).await {
        Ok(key) => key,
        Err(e) if e.code() == codes::UNAUTHENTICATED => {
            let known = access_key::find(&mut ctx.read().await?, &req.access_key_id).await?;
            let whose = known.map(|key| (PoolId::new(&key.pool_id), json!({ "accessKeyId": key.id })));
            return Err(secret::refuse(ctx, Door::AccessKey, &req.access_key_id, whose, e).await);
        }
        Err(e) => return Err(e),
    };
    let ctx = ctx.rebind(PoolId::new(&key.pool_id), caller::actor(&key));
    let access_token = token::issue_management(&ctx, &key, ctx.now());
    let mut tx = ctx.write().await?;
    secret::forgive(&mut tx, &ctx, Door::AccessKey, &key.id).await?;
    access_key::touch(&mut tx, ctx.pool(), &key.id, ctx.now()).await?;
    ctx.commit(tx, json!({ "accessKeyId": key.id })).await?;
    Ok(ManagementToken { access_token, expires_in: token::MANAGEMENT_LIFETIME })
}
