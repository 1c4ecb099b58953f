//! What an operator can do on the machine itself when a user has lost every second factor and nobody may help over
//! HTTP. Works without a running server, and leaves a row in the trail like everything else.

use serde_json::json;
use watchword_kit::{Error, Result, codes, text, unicode};
use watchword_store::{break_glass as store, mfa_factor, mfa_transaction, session, throttle};

use crate::ctx::Ctx;
use crate::outbox::{Event, notify_user};
use crate::throttle::{Guess, keep, reopen};
use crate::user::hold;

/// What was taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset {
    pub user_id: String,
    pub factors: u64,
    pub sessions: u64,
}

/// Removes every second factor and the recovery code of a user, opens the locks, and ends sessions and sign-ins under
/// way. Whether a second factor is asked for stays as it is: where it is, the next sign-in begins with enrolment.
///
/// `name` is a user id, user name, e-mail address or phone number. `ctx` writes as `Audit::BreakGlass`.
///
/// # Errors
/// 400 without a reason, 404 for an unknown name, 409 when it names several users.
pub async fn reset_mfa(ctx: &Ctx, name: &str, reason: &str) -> Result<Reset> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::invalid(
            "reason",
            text!("say why; it is kept in the trail", "请说明原因，原因会记入审计日志"),
        ));
    }
    let (pool, now) = (ctx.pool(), ctx.now());
    let mut tx = ctx.write().await?;
    let found = store::named(&mut tx, pool, name, &unicode::fold(name)).await?;
    let user_id = match found.as_slice() {
        [] => return Err(Error::new(codes::USER_NOT_FOUND)),
        [(id,)] => id.clone(),
        _ => {
            return Err(Error::new(codes::CONFLICT)
                .because(text!("this names several users: give the user id", "匹配到多个用户，请使用用户 ID")));
        }
    };
    for guess in [Guess::SecondFactor, Guess::RecoveryCode] {
        keep(&mut tx, ctx, guess, &user_id).await?;
    }
    let row = hold(&mut tx, pool, &user_id).await?;
    for guess in [Guess::SecondFactor, Guess::RecoveryCode] {
        reopen(&mut tx, ctx, guess, &user_id).await?;
    }
    // Passwords are counted per address.
    throttle::clear_all(&mut tx, pool, &Guess::Password.bucket(&format!("{user_id}:"))).await?;
    let sessions = session::end_of_user(&mut tx, pool, &user_id, None, None, now).await?;
    let factors = store::delete_factors(&mut tx, pool, &user_id).await?;
    mfa_factor::delete_recovery(&mut tx, pool, &user_id).await?;
    store::end_enrollments(&mut tx, pool, &user_id, now).await?;
    mfa_transaction::revoke_of_users(&mut tx, pool, std::slice::from_ref(&user_id), now).await?;
    notify_user(&mut tx, ctx, &row, Event::FactorsDisabled).await?;
    let details = json!({ "userId": user_id, "reason": reason, "factors": factors, "sessions": sessions });
    ctx.commit(tx, details).await?;
    Ok(Reset { user_id, factors, sessions })
}
