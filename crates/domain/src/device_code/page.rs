//! The page at which a user types the code of a device. What waits under it becomes an interaction of this browser, so
//! that sign-in, second factor and consent are those of any authorization request; at its end the device is signed in
//! instead of a client answered.

use std::sync::Arc;

use serde_json::json;
use watchword_kit::{Error, PoolId, Result, Secret, codes};
use watchword_store::Tx;
use watchword_store::app::Application;
use watchword_store::device_code::{self as store, Decision};
use watchword_store::interaction::{self, Interaction};
use watchword_store::quota::{self, Quota};
use watchword_store::sso_session::SsoSession;

use super::{TRY_WINDOW, keyed, nothing, plain, waiting};
use crate::audit::Audit;
use crate::authorize::{self, Request};
use crate::ctx::{self, Actor, Ctx};
use crate::services::Services;
use crate::{app, sso_session, throttle, user};

/// Codes that one address (IPv6: one /64) may type within ten minutes.
const PER_ADDRESS: i64 = 60;

/// The interaction of the device that shows this code.
///
/// # Errors
/// 404 for a code under which nothing waits; 429 after too many.
pub async fn open(services: &Arc<Services>, request: ctx::Request, typed: &Secret<String>) -> Result<String> {
    let now = services.clock.now();
    let bucket = format!("user_code:{}", ctx::network(request.ip.as_deref()));
    let quota = Quota { bucket: &bucket, limit: PER_ADDRESS, window: TRY_WINDOW };
    let mut tx = services.db.write().await?;
    if let Some(ends) = quota::charge(&mut tx, &PoolId::new(""), quota, now).await? {
        return Err(throttle::too_many(ends - now));
    }
    let pool = store::pool_of(&mut tx, &keyed(services, &plain(typed))).await?;
    tx.commit().await?;
    let pool = pool.ok_or_else(nothing)?;
    let ctx = Ctx::new(services.clone(), pool.clone(), Actor::Anonymous, request.clone(), Some(Audit::DeviceDecide));
    let mut tx = ctx.write().await?;
    let row = waiting(&mut tx, &ctx, typed).await?;
    let app = app::load(&mut tx, &pool, &row.app_id).await.map_err(|_| nothing())?;
    authorize::interact(tx, &ctx, &app, &Request::of_device(&row.id, &row.scope)).await
}

/// Signs the device in as whoever is signed on at the browser. Call it only where nothing is owed.
///
/// # Errors
/// 403 when the interaction or the sign-on has ended meanwhile, 404 when nothing waits any more.
pub(crate) async fn approve(
    ctx: &Ctx,
    mut tx: Tx,
    app: &Application,
    device: &str,
    sso: &SsoSession,
    waiting: &Interaction,
) -> Result<()> {
    user::hold(&mut tx, ctx.pool(), &sso.user_id).await?;
    let signed_on = sso_session::touch(&mut tx, ctx, &sso.id).await?;
    if !signed_on || !interaction::end(&mut tx, ctx.pool(), &waiting.id, ctx.now()).await? {
        return Err(Error::new(codes::INTERACTION_OVER));
    }
    let decision = Decision {
        state: "approved",
        user: Some(&sso.user_id),
        amr: Some(&sso.amr),
        auth_time: Some(sso.auth_time),
        mfa_at: sso.mfa_at,
    };
    let about = json!({ "userId": sso.user_id, "clientId": app.id, "approve": true });
    if !store::decide(&mut tx, ctx.pool(), device, &decision, ctx.now()).await? {
        return Err(ctx.commit_refusal(tx, nothing(), about).await);
    }
    ctx.commit(tx, about).await
}

/// The user does not want that device. Whether anything still waits is all the same then.
pub(crate) async fn refuse(tx: &mut Tx, ctx: &Ctx, device: &str) -> Result<()> {
    let decision = Decision { state: "denied", ..Decision::default() };
    store::decide(tx, ctx.pool(), device, &decision, ctx.now()).await?;
    Ok(())
}
