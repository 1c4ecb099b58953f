//! A user's own second factors: list, enrol, unbind.

mod enroll;

use serde_json::{Value, json};
use watchword_api::common::{FactorType, Object};
use watchword_api::mfa_factor::{EnrolledFactor, FactorToEnroll, GetFactorQuery, ResetFactorReq};
use watchword_kit::{Error, Millis, Result, codes, text};
use watchword_store::app::Application;
use watchword_store::mfa_factor::{self, MfaFactor};
use watchword_store::session::Session;
use watchword_store::{Tx, enrollment, mfa_transaction, session};

use crate::ctx::Ctx;
use crate::demand::{Demand, national};
use crate::message::{Medium, address::masked, provider};
use crate::outbox::{Event, notify_user};
use crate::{app, user};

pub(crate) use enroll::bind;
pub use enroll::{finish, start};

/// How long a proof of a second factor is good for unbinding one.
const STEP_UP: Millis = Millis::minutes(5);

/// `GET /api/v3/list-enrolled-factors`.
pub async fn list(ctx: &Ctx) -> Result<Vec<EnrolledFactor>> {
    let user_id = owner(ctx)?;
    let bound = mfa_factor::of_user(&mut ctx.read().await?, ctx.pool(), user_id).await?;
    Ok(bound.iter().filter(|f| f.is_primary).filter_map(show).collect())
}

/// `GET /api/v3/get-factor`.
///
/// # Errors
/// 404 for a factor that does not exist or is somebody else's.
pub async fn get(ctx: &Ctx, query: GetFactorQuery) -> Result<EnrolledFactor> {
    let user_id = owner(ctx)?;
    let factor = own(&mut ctx.read().await?, ctx, user_id, &query.factor_id).await?;
    show(&factor).ok_or_else(no_such_factor)
}

/// `GET /api/v3/list-factors-to-enroll`: what the application asks for, or where it asks for nothing what there is,
/// as far as it can be enrolled and is not bound yet.
pub async fn list_to_enroll(ctx: &Ctx) -> Result<Vec<FactorToEnroll>> {
    let user_id = owner(ctx)?;
    let mut tx = ctx.read().await?;
    let app = own_app(&mut tx, ctx).await?;
    let demand = Demand::load(&mut tx, ctx, Some(&app), user_id).await?;
    let wanted = match demand.required() {
        list if list.is_empty() => FactorType::ALL.to_vec(),
        list => list,
    };
    let mut out = Vec::new();
    for factor_type in wanted {
        let bound = demand.bound.iter().any(|f| f.kind == factor_type.as_str());
        if !bound && available(&mut tx, ctx, factor_type).await? {
            out.push(FactorToEnroll { factor_type });
        }
    }
    Ok(out)
}

/// Whether this server can enrol such a factor at all.
async fn available(tx: &mut Tx, ctx: &Ctx, kind: FactorType) -> Result<bool> {
    match kind {
        FactorType::Otp => Ok(true),
        FactorType::Sms => provider::ready(tx, ctx, Medium::Sms).await,
        FactorType::Email => provider::ready(tx, ctx, Medium::Email).await,
        FactorType::Face => Ok(false),
    }
}

/// `POST /api/v3/reset-factor`: unbinds one of the user's own factors.
///
/// # Errors
/// 404 as [`get`], 403 without a recent proof of a second factor, 403 when the application asks for a second factor
/// and this is the last one.
pub async fn reset(ctx: &Ctx, req: ResetFactorReq) -> Result<()> {
    let session = ctx.session()?;
    let mut tx = ctx.write().await?;
    let user = user::hold(&mut tx, ctx.pool(), &session.user_id).await?;
    let factor = own(&mut tx, ctx, &session.user_id, &req.factor_id).await?;
    // Read again inside the unit of work: the proof may have been used or taken away meanwhile.
    let live = session::live(&mut tx, ctx.pool(), &session.id, ctx.now()).await?;
    let live = live.ok_or_else(|| Error::new(codes::NOT_SIGNED_IN))?;
    if !stepped_up(&live, &factor, ctx.now()) {
        return Err(Error::new(codes::STEP_UP_NEEDED));
    }
    let app = own_app(&mut tx, ctx).await?;
    let demand = Demand::load(&mut tx, ctx, Some(&app), &session.user_id).await?;
    let others = demand.bound.iter().any(|f| f.enabled && f.id != factor.id);
    if !others && !demand.required().is_empty() {
        return Err(Error::new(codes::FACTOR_DEMANDED));
    }
    if !mfa_factor::TABLE.delete(&mut tx, ctx.pool(), &factor.id).await? {
        return Err(no_such_factor());
    }
    let users = [session.user_id.clone()];
    if factor.kind == FactorType::Otp.as_str() {
        mfa_factor::delete_recovery(&mut tx, ctx.pool(), &session.user_id).await?;
    }
    enrollment::void(&mut tx, ctx.pool(), &users, &factor.kind, ctx.now()).await?;
    session::drop_assurance(&mut tx, ctx.pool(), &users, Some(&session.id)).await?;
    mfa_transaction::revoke_of_users(&mut tx, ctx.pool(), &users, ctx.now()).await?;
    notify_user(&mut tx, ctx, &user, Event::FactorUnbound).await?;
    ctx.commit(tx, json!({ "userId": user.id, "factor": factor.kind, "factorId": factor.id })).await
}

/// A second factor was proven in this session within the last five minutes; after a sign-in by recovery code the
/// OTP factor may go for ten.
fn stepped_up(session: &Session, factor: &MfaFactor, now: Millis) -> bool {
    let proven = session.mfa_at.is_some_and(|at| now - at <= STEP_UP);
    let recovering = factor.kind == FactorType::Otp.as_str() && session.recovery_until.is_some_and(|t| t >= now);
    proven || recovering
}

fn owner(ctx: &Ctx) -> Result<&str> {
    ctx.user_id().ok_or_else(|| Error::new(codes::NOT_SIGNED_IN))
}

async fn own_app(tx: &mut Tx, ctx: &Ctx) -> Result<Application> {
    let id = ctx.app_id().ok_or_else(|| Error::new(codes::APP_NOT_FOUND))?;
    app::load(tx, ctx.pool(), id).await
}

async fn own(tx: &mut Tx, ctx: &Ctx, user_id: &str, id: &str) -> Result<MfaFactor> {
    let found = mfa_factor::TABLE.get(tx, ctx.pool(), id).await?;
    found.filter(|f| f.user_id == user_id).ok_or_else(no_such_factor)
}

fn no_such_factor() -> Error {
    Error::new(codes::NOT_FOUND).because(text!("no such factor", "MFA 要素不存在"))
}

/// Numbers and addresses are masked; of an OTP factor nothing is shown.
fn show(factor: &MfaFactor) -> Option<EnrolledFactor> {
    let factor_type = FactorType::parse(&factor.kind)?;
    let mut profile = Object::new();
    let target = factor.target.as_deref().unwrap_or_default();
    match factor_type {
        FactorType::Sms => {
            let number = national(target, factor.target_country_code.as_deref());
            profile.insert("phoneNumber".into(), masked(Medium::Sms, &number).into());
            let code = factor.target_country_code.as_deref().map_or(Value::Null, Value::from);
            profile.insert("phoneCountryCode".into(), code);
        }
        FactorType::Email => {
            profile.insert("email".into(), masked(Medium::Email, target).into());
        }
        FactorType::Otp | FactorType::Face => {}
    }
    Some(EnrolledFactor { factor_id: factor.id.clone(), factor_type, profile })
}
