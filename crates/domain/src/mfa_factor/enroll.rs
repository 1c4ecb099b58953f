//! Binding a factor in two steps: a token with what is to be proven, then the proof.

use serde_json::json;
use watchword_api::common::FactorType;
use watchword_api::grant::TokenSet;
use watchword_api::mfa_factor::{EnrollFactorReq, EnrollmentStart, OtpEnrollment, SendEnrollFactorReq};
use watchword_crypto::totp::{self, Params};
use watchword_crypto::{base32, hash, otpauth, recovery};
use watchword_kit::{Code, Error, Millis, Result, Secret, codes, text};
use watchword_store::enrollment::{self, Enrollment};
use watchword_store::mfa_factor::{self, MfaFactor, RecoveryCode};
use watchword_store::quota::{self, Quota};
use watchword_store::user::User;
use watchword_store::{Tx, mfa_transaction, session};

use super::{own_app, owner};
use crate::ctx::{Actor, Ctx};
use crate::demand::{self, Demand};
use crate::login::SignedIn;
use crate::message::{self, Medium};
use crate::mfa_otp::target_factor;
use crate::outbox::{Event, notify_user};
use crate::throttle::{self, Guess};
use crate::{login, otp, pool, user};

/// How long an enrolment token lives, from its commit.
const LIFETIME: Millis = Millis::minutes(1);
/// Wrong codes that kill the token.
const MAX_ATTEMPTS: i64 = 5;
/// Enrolments that a user may begin in a minute.
const STARTS_PER_MINUTE: i64 = 5;

/// `POST /api/v3/send-enroll-factor-request`: the secret or code to be proven within a minute. Whatever the user had
/// begun for the same kind is void.
///
/// # Errors
/// 400 without number or address, 409 when such a factor is bound, 403 when another factor is to be proven first,
/// 429 for too many starts, 501 for FACE.
pub async fn start(ctx: &Ctx, req: SendEnrollFactorReq) -> Result<EnrollmentStart> {
    let user_id = owner(ctx)?.to_owned();
    let profile = req.profile.unwrap_or_default();
    let kind = req.factor_type;
    let target = match kind {
        FactorType::Otp => None,
        FactorType::Face => return Err(Error::new(codes::FACE_UNAVAILABLE)),
        FactorType::Sms => {
            let number = profile.phone_number.ok_or_else(|| missing("profile.phoneNumber"))?;
            let code = profile.phone_country_code.as_deref();
            Some(message::normalise_phone(&number, code).map_err(|e| e.at("profile.phoneNumber"))?)
        }
        FactorType::Email => {
            let address = profile.email.ok_or_else(|| missing("profile.email"))?;
            Some(message::normalise_email(&address).map_err(|e| e.at("profile.email"))?)
        }
    };
    let token = hash::enrollment_token(&ctx.entropy);
    let mut row = Enrollment {
        pool_id: ctx.pool().to_string(),
        id: hash::token_hash(&token),
        user_id: user_id.clone(),
        app_id: ctx.app_id().unwrap_or_default().to_owned(),
        bound_to: bound_to(ctx)?.to_owned(),
        kind: kind.as_str().into(),
        target_country_code: target.as_deref().filter(|_| kind == FactorType::Sms).and_then(demand::country_code),
        target,
        secret_sealed: None,
        recovery_hash: None,
        code_hash: None,
        attempts: 0,
        created_at: ctx.now(),
        expires_at: ctx.now() + LIFETIME,
        consumed_at: None,
    };
    let mut tx = ctx.read().await?;
    admit(&mut tx, ctx, &user_id, kind).await?;
    let user = user::by_id(&mut tx, ctx.pool(), &user_id).await?;
    let (pool, _) = pool::load(&mut tx, ctx.pool()).await?;
    drop(tx);
    // The picture takes longer than everything else: it is made before the writer is taken.
    let otp_data = match kind {
        FactorType::Otp => Some(begin_otp(ctx, &mut row, &pool.name, &user)?),
        FactorType::Sms | FactorType::Email | FactorType::Face => None,
    };
    let mut tx = ctx.write().await?;
    user::hold(&mut tx, ctx.pool(), &user_id).await?;
    let starts = format!("enroll:{user_id}");
    let quota = Quota { bucket: &starts, limit: STARTS_PER_MINUTE, window: Millis::minutes(1) };
    if quota::charge(&mut tx, ctx.pool(), quota, ctx.now()).await?.is_some() {
        return Err(Error::new(codes::TOO_MANY).retry_after(60));
    }
    admit(&mut tx, ctx, &user_id, kind).await?;
    if otp_data.is_none() {
        begin_code(&mut tx, ctx, &mut row, kind).await?;
    }
    enrollment::void(&mut tx, ctx.pool(), std::slice::from_ref(&user_id), kind.as_str(), ctx.now()).await?;
    enrollment::TABLE.insert(&mut tx, &row).await?;
    ctx.commit(tx, json!({ "userId": user_id, "factor": kind.as_str() })).await?;
    Ok(EnrollmentStart { enrollment_token: token, otp_data })
}

/// A factor of the kind must not be bound, and whoever has other factors must have proven one of them.
async fn admit(tx: &mut Tx, ctx: &Ctx, user_id: &str, kind: FactorType) -> Result<()> {
    let app = own_app(tx, ctx).await?;
    let demand = Demand::load(tx, ctx, Some(&app), user_id).await?;
    let bound = demand.bound.iter().any(|f| f.is_primary && f.kind == kind.as_str());
    match ctx.actor() {
        // The first factor alone does not decide over the second ones that exist.
        Actor::Pending(_) if demand.any_bound() => Err(Error::new(codes::STEP_UP_NEEDED)),
        Actor::Pending(t) if t.demanded_by == "trigger" => Err(Error::new(codes::STEP_UP_NEEDED)),
        _ if bound => Err(Error::new(codes::FACTOR_BOUND)),
        // Who has proven a password only completes what is asked for, not something that nobody asked for.
        Actor::Pending(_) if !demand.required().is_empty() && !demand.required().contains(&kind) => {
            Err(Error::new(codes::FORBIDDEN)
                .because(text!("the application asks for another factor", "应用要求使用其他 MFA 要素")))
        }
        Actor::User(session) if demand.any_bound() => {
            let live = session::live(tx, ctx.pool(), &session.id, ctx.now()).await?;
            let proven = live.is_some_and(|s| s.mfa_at.is_some());
            if proven { Ok(()) } else { Err(Error::new(codes::STEP_UP_NEEDED)) }
        }
        _ => Ok(()),
    }
}

fn begin_otp(ctx: &Ctx, row: &mut Enrollment, pool_name: &str, user: &User) -> Result<OtpEnrollment> {
    let secret = base32::generate(&ctx.entropy);
    let recovery = recovery::generate(&ctx.entropy);
    row.secret_sealed = Some(otp::seal(ctx, &row.id, &row.user_id, secret.canonical.reveal()));
    row.recovery_hash = Some(login::hash_recovery(ctx, &recovery));
    let names = [&user.username, &user.email, &user.phone];
    let account = names.into_iter().flatten().next().unwrap_or(&user.id);
    let uri = otpauth::uri(pool_name, account, secret.canonical.reveal(), &Params::default());
    let picture =
        otpauth::qr_png_data_url(&uri).map_err(|_| Error::internal("the otpauth URI is too long for a QR"))?;
    Ok(OtpEnrollment { qr_code_uri: uri, qr_code_data_url: picture, recovery_code: recovery.reveal().clone() })
}

async fn begin_code(tx: &mut Tx, ctx: &Ctx, row: &mut Enrollment, kind: FactorType) -> Result<()> {
    let target = row.target.clone().unwrap_or_default();
    let medium = if kind == FactorType::Sms { Medium::Sms } else { Medium::Email };
    message::charge_target(tx, ctx, medium, &target).await?;
    let code = message::draw_code(tx, ctx).await?;
    row.code_hash = Some(code_hash(ctx, row, code.reveal()));
    message::enqueue_code(tx, ctx, medium, &target, &code, "CHANNEL_BIND_MFA").await
}

fn code_hash(ctx: &Ctx, row: &Enrollment, code: &str) -> String {
    message::code_hash(ctx, &["enrollment", &row.pool_id, &row.id], code)
}

/// `POST /api/v3/enroll-factor`: proves the code and binds the factor. A sign-in that waited for a second factor is
/// completed by it, and its tokens come back.
///
/// # Errors
/// 403 for a token that is expired, spent, unknown or somebody else's, all alike; 400/6003 without a code, 403/6001
/// for a wrong one, 409 when another enrolment was faster.
pub async fn finish(ctx: &Ctx, req: EnrollFactorReq) -> Result<Option<TokenSet>> {
    Ok(bind(ctx, req).await?.and_then(|signed_in| signed_in.fresh).map(|(_, tokens)| tokens))
}

/// As [`finish`], for whoever wants to know more than the tokens.
pub(crate) async fn bind(ctx: &Ctx, req: EnrollFactorReq) -> Result<Option<SignedIn>> {
    let user_id = owner(ctx)?.to_owned();
    if req.factor_type == FactorType::Face {
        return Err(Error::new(codes::FACE_UNAVAILABLE));
    }
    let id = hash::token_hash(req.enrollment_token.reveal());
    let mut tx = ctx.write().await?;
    let user = login::hold_second_factor(&mut tx, ctx, &user_id).await?;
    let held = throttle::hold(&mut tx, ctx, Guess::SecondFactor, &user_id).await?;
    let row = find(&mut tx, ctx, &id, &user_id, req.factor_type).await?;
    let code = req.enrollment_data.pass_code.ok_or_else(|| missing_code(req.factor_type))?;
    if !enrollment::take_attempt(&mut tx, ctx.pool(), &id, MAX_ATTEMPTS, ctx.now()).await? {
        return Err(token_invalid());
    }
    let about = json!({ "userId": user_id, "factor": row.kind });
    let window = pool::settings(&mut tx, ctx.pool()).await?.otp_window;
    let Some(factor) = prove(ctx, &row, &code, window)? else {
        if held.failed(&mut tx, ctx).await? {
            login::end_waiting(&mut tx, ctx, &user).await?;
        }
        return Err(ctx.commit_refusal(tx, Error::new(wrong_code(req.factor_type)), about).await);
    };
    held.succeeded(&mut tx, ctx).await?;
    // Also between start and finish another factor may have been bound, or the proof taken away.
    admit(&mut tx, ctx, &user_id, req.factor_type).await?;
    if !enrollment::consume(&mut tx, ctx.pool(), &id, ctx.now()).await? {
        return Err(token_invalid());
    }
    match mfa_factor::TABLE.insert(&mut tx, &factor).await {
        Err(e) if e.unique().is_some() => return Err(Error::new(codes::FACTOR_BOUND)),
        other => other?,
    }
    if let Some(hash) = row.recovery_hash.clone() {
        let code = RecoveryCode { pool_id: row.pool_id.clone(), user_id: user_id.clone(), hash, created_at: ctx.now() };
        mfa_factor::put_recovery(&mut tx, &[code]).await?;
    }
    notify_user(&mut tx, ctx, &user, Event::FactorBound).await?;
    let users = [user_id];
    let completion = match ctx.actor() {
        Actor::User(session) => {
            // A fresh enrolment counts as a proof in this session; every other one starts over.
            session::drop_assurance(&mut tx, ctx.pool(), &users, Some(&session.id)).await?;
            session::step_up(&mut tx, ctx.pool(), &session.id, &session.amr, ctx.now()).await?;
            mfa_transaction::revoke_of_users(&mut tx, ctx.pool(), &users, ctx.now()).await?;
            None
        }
        _ => {
            session::drop_assurance(&mut tx, ctx.pool(), &users, None).await?;
            Some(login::complete(&mut tx, ctx, &user, req.factor_type, method(req.factor_type)).await?)
        }
    };
    ctx.commit(tx, json!({ "userId": users[0], "factor": row.kind, "factorId": factor.id })).await?;
    completion.map(|completion| completion.finish(ctx)).transpose()
}

/// The enrolment that the token names, if it is the caller's, from this very session, and of this kind.
async fn find(tx: &mut Tx, ctx: &Ctx, id: &str, user_id: &str, kind: FactorType) -> Result<Enrollment> {
    let found = enrollment::TABLE.get(tx, ctx.pool(), id).await?;
    let bound_to = bound_to(ctx)?;
    let app_id = ctx.app_id().unwrap_or_default();
    let ours = |e: &Enrollment| {
        e.user_id == user_id
            && e.bound_to == bound_to
            && e.app_id == app_id
            && e.kind == kind.as_str()
            && e.consumed_at.is_none()
            && e.expires_at > ctx.now()
            && e.attempts < MAX_ATTEMPTS
    };
    found.filter(ours).ok_or_else(token_invalid)
}

/// The factor to bind, if the code is right.
fn prove(ctx: &Ctx, row: &Enrollment, code: &Secret<String>, window: i64) -> Result<Option<MfaFactor>> {
    let Some(expected) = &row.code_hash else {
        let sealed = row.secret_sealed.as_deref().ok_or_else(|| Error::internal("an enrolment without secret"))?;
        let text = otp::open(ctx, &row.id, &row.user_id, sealed)?;
        let secret =
            base32::parse_secret(text.reveal(), 0).map_err(|_| Error::internal("a sealed secret is unreadable"))?;
        let params = Params::default();
        let bytes = secret.bytes.reveal();
        let Some(step) = totp::match_totp(bytes, code.reveal(), ctx.now(), &params, 0, window, i64::MIN) else {
            return Ok(None);
        };
        // The code that proves the secret is used up by it.
        let mut factor = otp::factor(ctx, &row.user_id, &secret, "enroll");
        factor.last_used_step = Some(step);
        factor.drift = Some(step - totp::step_at(ctx.now(), params.period));
        return Ok(Some(factor));
    };
    if !hash::ct_eq(expected, code_hash(ctx, row, code.reveal())) {
        return Ok(None);
    }
    let kind = if row.kind == FactorType::Sms.as_str() { FactorType::Sms } else { FactorType::Email };
    let target = row.target.as_deref().unwrap_or_default();
    Ok(Some(target_factor(ctx, &row.user_id, kind, target, row.target_country_code.as_deref(), "enroll")))
}

/// The session or the waiting sign-in that the caller's token stands for.
fn bound_to(ctx: &Ctx) -> Result<&str> {
    match ctx.actor() {
        Actor::User(session) => Ok(&session.id),
        Actor::Pending(transaction) => Ok(&transaction.id),
        Actor::Anonymous | Actor::System | Actor::AccessKey(_) => Err(Error::new(codes::NOT_SIGNED_IN)),
    }
}

/// RFC 8176.
fn method(kind: FactorType) -> &'static str {
    match kind {
        FactorType::Otp => "otp",
        FactorType::Sms => "sms",
        FactorType::Email => "email",
        FactorType::Face => "face",
    }
}

fn wrong_code(kind: FactorType) -> &'static Code {
    if kind == FactorType::Otp { codes::TOTP_WRONG } else { codes::PASS_CODE_WRONG }
}

fn missing_code(kind: FactorType) -> Error {
    let code = if kind == FactorType::Otp { codes::TOTP_MISSING } else { codes::INVALID };
    Error::new(code).because(text!("required", "必填")).at("enrollmentData.passCode")
}

fn missing(field: &str) -> Error {
    Error::invalid(field, text!("required", "必填"))
}

fn token_invalid() -> Error {
    Error::new(codes::ENROLLMENT_TOKEN_INVALID)
}
