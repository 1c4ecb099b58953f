//! An authorization request that waits for its user: the page asks, these functions drive the one state machine of
//! sign-in ([`crate::login`]), and [`go_on`] answers the client when nothing is owed any more.
//!
//! Nothing here trusts the page: who may do what follows from the row, the browser's cookie and its sign-on.

mod account;

use std::sync::Arc;

use serde_json::json;
use watchword_api::app::RegisterMethod;
use watchword_api::common::FactorType;
use watchword_api::login::{PassCodePayload, PasswordPayload};
use watchword_api::mfa_factor::{EnrollFactorReq, EnrollmentStart, SendEnrollFactorReq};
use watchword_kit::{Error, Lang, PoolId, Result, Secret, codes, text};
use watchword_store::app::Application;
use watchword_store::interaction::{self as store, Interaction, TABLE};
use watchword_store::mfa_factor::MfaFactor;
use watchword_store::mfa_transaction::{self, MfaTransaction};
use watchword_store::{Tx, user::User};

use crate::audit::Audit;
use crate::authorize::next::{self, Next};
use crate::authorize::{Request, Response, issue};
use crate::captcha::Answer;
use crate::ctx::{self, Actor, Ctx};
use crate::demand::Demand;
use crate::login::{self, STEP_UP, SignedIn};
use crate::message::{self, Medium, address};
use crate::services::Services;
use crate::sso_session::{self, Cookie};
use crate::{app, mfa_factor, user};

pub use account::{Purpose, Registration, register, reset_password, send_code};

/// One step of one interaction, by the browser that began it.
pub struct Step {
    pub ctx: Ctx,
    pub app: Application,
    pub row: Interaction,
    pub wish: Request,
}

/// What the page shows.
#[derive(Debug)]
pub enum Stage {
    SignIn {
        hint: Option<String>,
        /// The ways in which somebody may make an account first; none: that is not offered.
        register: Vec<RegisterMethod>,
        /// Whether a forgotten password can be replaced.
        forgot: bool,
    },
    /// One of these proofs is needed.
    SecondFactor {
        choices: Vec<Choice>,
        recovery: bool,
    },
    /// One of these must be bound first.
    Enroll {
        kinds: Vec<FactorType>,
    },
    NewPassword,
    Consent {
        user: String,
        scopes: Vec<String>,
    },
    /// Who is signed in may go on, or somebody else sign in.
    GoOn {
        user: String,
    },
}

#[derive(Clone, Debug)]
pub struct Choice {
    pub kind: FactorType,
    /// Masked; empty for an authenticator.
    pub target: String,
}

/// Where a step leads.
pub enum Outcome {
    /// Back to the page.
    Page,
    Client(Box<Response>),
}

/// Finds the interaction, for a step that the trail calls `action`.
///
/// # Errors
/// 403 for one that is over, unknown, or another browser's, all alike.
pub async fn load(services: &Arc<Services>, request: ctx::Request, key: &str, action: Audit) -> Result<Step> {
    let over = || Error::new(codes::INTERACTION_OVER);
    let now = services.clock.now();
    let mut tx = services.db.read().await?;
    let found = if request.browser.key.is_empty() {
        None
    } else {
        store::live(&mut tx, key, &request.browser.key, now).await?
    };
    let row = found.ok_or_else(over)?;
    let pool = PoolId::new(&row.pool_id);
    let app = app::load(&mut tx, &pool, &row.app_id).await.map_err(|_| over())?;
    drop(tx);
    let wish: Request = serde_json::from_str(&row.request).map_err(Error::internal)?;
    let lang = wish.language().unwrap_or(request.lang);
    let request = ctx::Request { app_id: Some(app.id.clone()), lang, ..request };
    let ctx = Ctx::new(services.clone(), pool, Actor::Anonymous, request, Some(action));
    Ok(Step { ctx, app, row, wish })
}

impl Step {
    pub fn lang(&self) -> Lang {
        self.ctx.request().lang
    }

    /// The sign-in or step-up that waits for its second factor.
    async fn waiting(&self, tx: &mut Tx) -> Result<Option<MfaTransaction>> {
        let ctx = &self.ctx;
        match &self.row.mfa_id {
            Some(id) => Ok(mfa_transaction::live_of(tx, ctx.pool(), id, &self.row.id, ctx.now()).await?),
            None => Ok(None),
        }
    }

    /// The same step, as the user who has passed the first factor.
    async fn pending(&self) -> Result<Ctx> {
        let found = self.waiting(&mut self.ctx.read().await?).await?;
        let waiting = found.ok_or_else(|| Error::new(codes::INTERACTION_OVER))?;
        Ok(self.ctx.rebind(self.ctx.pool().clone(), Actor::Pending(Box::new(waiting))))
    }

    /// The next step of the same request, as the browser is signed on now.
    fn then(self, cookie: Option<&Cookie>, action: Audit) -> Step {
        let mut request = self.ctx.request().clone();
        if let Some(cookie) = cookie {
            request.browser.sign_ons.retain(|(realm, _)| *realm != cookie.realm);
            request.browser.sign_ons.push((cookie.realm.clone(), cookie.token.clone()));
        }
        let services = self.ctx.services().clone();
        let ctx = Ctx::new(services, self.ctx.pool().clone(), Actor::Anonymous, request, Some(action));
        Step { ctx, ..self }
    }
}

/// What the page shows now. Whoever owes a second factor to a sign-on from before begins to prove it here.
pub async fn stage(step: &mut Step) -> Result<Stage> {
    let mut tx = step.ctx.read().await?;
    if step.row.password_user_id.is_some() {
        return Ok(Stage::NewPassword);
    }
    if let Some(waiting) = step.waiting(&mut tx).await? {
        return second_factor(&mut tx, step, &waiting.user_id).await;
    }
    let Step { ctx, app, row, wish } = &*step;
    let sso = sso_session::current(&mut tx, ctx, app).await?;
    let next = next::next(&mut tx, ctx, app, wish, Some(row), sso.as_ref()).await?;
    let Some(sso) = sso else { return sign_in(&mut tx, step).await };
    let name = shown(&user::by_id(&mut tx, ctx.pool(), &sso.user_id).await?);
    Ok(match next {
        Next::Login => sign_in(&mut tx, step).await?,
        Next::Consent(scopes) => Stage::Consent { user: name, scopes },
        Next::Select | Next::Ready | Next::Refused(_) => Stage::GoOn { user: name },
        Next::SecondFactor => {
            drop(tx);
            step_up(step, &sso.user_id, &sso.amr).await?;
            let mut tx = step.ctx.read().await?;
            second_factor(&mut tx, step, &sso.user_id).await?
        }
    })
}

async fn sign_in(tx: &mut Tx, step: &Step) -> Result<Stage> {
    let register = account::open_ways(tx, step).await?;
    let forgot = app::settings(&step.app)?.branding.show_forget_password_button;
    Ok(Stage::SignIn { hint: step.wish.login_hint.clone(), register, forgot })
}

async fn step_up(step: &mut Step, user_id: &str, amr: &str) -> Result<()> {
    let ctx = &step.ctx;
    let mut tx = ctx.write().await?;
    let user = user::hold(&mut tx, ctx.pool(), user_id).await?;
    let waiting = MfaTransaction { amr: amr.to_owned(), ..login::pending(ctx, &step.app, &user, "", "", STEP_UP) };
    let id = waiting.id.clone();
    login::await_second_factor(&mut tx, ctx, &step.row, waiting).await?;
    // Only a question was prepared; the answer leaves the row in the trail.
    tx.commit().await?;
    step.row.mfa_id = Some(id);
    Ok(())
}

async fn second_factor(tx: &mut Tx, step: &Step, user_id: &str) -> Result<Stage> {
    let demand = Demand::load(tx, &step.ctx, Some(&step.app), user_id).await?;
    if !demand.any_bound() {
        let mut kinds = demand.required();
        kinds.retain(|kind| *kind != FactorType::Face);
        if kinds.is_empty() {
            kinds.push(FactorType::Otp);
        }
        return Ok(Stage::Enroll { kinds });
    }
    let choice = |factor: &MfaFactor| {
        let kind = FactorType::parse(&factor.kind)?;
        let target = match (kind, &factor.target) {
            (FactorType::Sms, Some(to)) => address::masked(Medium::Sms, to),
            (FactorType::Email, Some(to)) => address::masked(Medium::Email, to),
            _ => String::new(),
        };
        (factor.enabled && factor.is_primary && demand.satisfied_by(kind)).then_some(Choice { kind, target })
    };
    let choices = demand.bound.iter().filter_map(choice).collect();
    let recovery = watchword_store::mfa_factor::recovery_hash(tx, step.ctx.pool(), user_id).await?.is_some();
    Ok(Stage::SecondFactor { choices, recovery })
}

fn shown(user: &User) -> String {
    let names = [&user.name, &user.nickname, &user.username, &user.email, &user.phone];
    names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or(&user.id).clone()
}

/// Answers the client if nothing is owed any more. `agreed`: the user has just consented; `chose`: to go on.
///
/// # Errors
/// 403 when the interaction is over.
pub async fn go_on(step: Step, cookie: Option<&Cookie>, agreed: bool, chose: bool) -> Result<Outcome> {
    let action = if agreed { Audit::ConsentGrant } else { Audit::Authorize };
    let step = step.then(cookie, action);
    let Step { ctx, app, wish, .. } = &step;
    let over = || Error::new(codes::INTERACTION_OVER);
    let mut tx = ctx.write().await?;
    let mut sso = sso_session::current(&mut tx, ctx, app).await?;
    if let Some(seen) = &sso {
        user::hold(&mut tx, ctx.pool(), &seen.user_id).await.map_err(|_| over())?;
        sso = sso_session::current(&mut tx, ctx, app).await?;
    }
    if chose && !store::select(&mut tx, ctx.pool(), &step.row.id, ctx.now()).await? {
        return Err(over());
    }
    let row = TABLE.get(&mut tx, ctx.pool(), &step.row.id).await?.ok_or_else(over)?;
    if row.ended_at.is_some() || row.expires_at <= ctx.now() {
        return Err(over());
    }
    let Some(sso) = sso else { return Ok(Outcome::Page) };
    let mut next = next::next(&mut tx, ctx, app, wish, Some(&row), Some(&sso)).await?;
    if agreed && matches!(next, Next::Consent(_)) {
        next::agree(&mut tx, ctx, app, wish, &sso.user_id).await?;
        next = Next::Ready;
    }
    match next {
        Next::Ready => {
            let response = issue::issue(ctx, tx, app, wish, &sso, Some(&row)).await?;
            Ok(Outcome::Client(Box::new(response)))
        }
        Next::Refused((error, why)) => {
            if !store::end(&mut tx, ctx.pool(), &row.id, ctx.now()).await? {
                return Err(over());
            }
            ctx.commit(tx, json!({ "userId": sso.user_id, "appId": app.id, "error": error })).await?;
            Ok(Outcome::Client(Box::new(wish.refuse(ctx, error, why))))
        }
        Next::Consent(_) | Next::Select if chose => {
            tx.commit().await?;
            Ok(Outcome::Page)
        }
        _ => Ok(Outcome::Page),
    }
}

/// The user says no.
pub async fn abort(step: Step) -> Result<Response> {
    let Step { ctx, app, row, wish } = &step;
    let mut tx = ctx.write().await?;
    if !store::end(&mut tx, ctx.pool(), &row.id, ctx.now()).await? {
        return Err(Error::new(codes::INTERACTION_OVER));
    }
    ctx.commit(tx, json!({ "appId": app.id })).await?;
    Ok(wish.refuse(ctx, "access_denied", "the user cancelled"))
}

/// Somebody else wants to sign in: whoever is signed on at this browser is signed out.
pub async fn start_over(step: &Step) -> Result<()> {
    let Step { ctx, app, row, .. } = step;
    let mut tx = ctx.write().await?;
    let sso = sso_session::current(&mut tx, ctx, app).await?;
    if let Some(sso) = &sso {
        user::hold(&mut tx, ctx.pool(), &sso.user_id).await?;
        sso_session::end(&mut tx, ctx, sso).await?;
    }
    if !store::wait(&mut tx, ctx.pool(), &row.id, None, None, ctx.now()).await? {
        return Err(Error::new(codes::INTERACTION_OVER));
    }
    ctx.commit(tx, json!({ "userId": sso.map(|s| s.user_id), "appId": app.id })).await
}

/// The first factor: a password.
pub async fn password(step: &Step, account: String, password: Secret<String>, captcha: &Answer) -> Result<Cookie> {
    let payload = PasswordPayload { password, account: Some(account), email: None, username: None, phone: None };
    unfinished(step)?;
    login::with_password(&step.ctx, &step.app, &step.row, payload, captcha).await
}

/// The first factor: a code that [`send_code`] sent.
pub async fn code(step: &Step, account: String, code: Secret<String>, captcha: &Answer) -> Result<Cookie> {
    unfinished(step)?;
    let (email, phone) = if account.contains('@') { (Some(account), None) } else { (None, Some(account)) };
    let payload = PassCodePayload { pass_code: code, email, phone, phone_country_code: None };
    login::with_code(&step.ctx, &step.app, &step.row, payload, captcha).await
}

/// A first factor is judged only while one is asked for: a password that must be changed is not passed by.
fn unfinished(step: &Step) -> Result<()> {
    match step.row.password_user_id {
        Some(_) => Err(Error::new(codes::RESET_PASSWORD_FIRST)),
        None => Ok(()),
    }
}

/// The new password of somebody who must change it first.
pub async fn new_password(step: &Step, password: Secret<String>) -> Result<Cookie> {
    login::set_new_password(&step.ctx, &step.app, &step.row, password).await
}

/// Sends a code to the number or address that the user has bound.
pub async fn send_factor_code(step: &Step, kind: FactorType) -> Result<()> {
    let ctx = step.pending().await?;
    let user_id = ctx.user_id().unwrap_or_default().to_owned();
    let mut tx = ctx.write().await?;
    let target = bound_target(&mut tx, &ctx, step, &user_id, kind).await?;
    let medium = if kind == FactorType::Sms { Medium::Sms } else { Medium::Email };
    message::issue_code(&mut tx, &ctx, medium, &target, "CHANNEL_VERIFY_MFA").await?;
    ctx.commit(tx, json!({ "userId": user_id, "medium": medium.as_str(), "channel": "CHANNEL_VERIFY_MFA" })).await
}

async fn bound_target(tx: &mut Tx, ctx: &Ctx, step: &Step, user_id: &str, kind: FactorType) -> Result<String> {
    let demand = Demand::load(tx, ctx, Some(&step.app), user_id).await?;
    let bound = demand.bound.iter().find(|f| f.enabled && f.is_primary && f.kind == kind.as_str());
    bound.and_then(|f| f.target.clone()).ok_or_else(|| Error::new(codes::FACTOR_NOT_BOUND))
}

/// The second factor.
///
/// # Errors
/// 403 for a wrong code, 429 and 403 while guessing is closed.
pub async fn prove(step: &Step, kind: FactorType, code: Secret<String>) -> Result<Cookie> {
    let ctx = step.pending().await?;
    let (signed_in, wrong) = match kind {
        FactorType::Otp => (login::verify_otp(&ctx, Some(code)).await?, codes::TOTP_WRONG),
        FactorType::Sms | FactorType::Email => {
            let user_id = ctx.user_id().unwrap_or_default().to_owned();
            let target = bound_target(&mut ctx.read().await?, &ctx, step, &user_id, kind).await?;
            (login::verify_code(&ctx, kind, &target, code).await?, codes::PASS_CODE_WRONG)
        }
        FactorType::Face => return Err(Error::new(codes::FACE_UNAVAILABLE)),
    };
    signed_in.ok_or_else(|| Error::new(wrong)).and_then(cookie)
}

/// The recovery code in place of the second factor, and the next recovery code.
pub async fn recover(step: &Step, code: Secret<String>) -> Result<(Cookie, Secret<String>)> {
    let (signed_in, next) = login::recover(&step.pending().await?, Some(code)).await?;
    Ok((cookie(signed_in)?, next))
}

/// Begins to bind a first second factor.
pub async fn enroll(step: &Step, req: SendEnrollFactorReq) -> Result<EnrollmentStart> {
    mfa_factor::start(&step.pending().await?, req).await
}

/// Binds it, which is the second factor of this sign-in.
pub async fn bind(step: &Step, req: EnrollFactorReq) -> Result<Cookie> {
    let bound = mfa_factor::bind(&step.pending().await?, req).await?;
    cookie(bound.ok_or_else(|| Error::internal("an enrolment completed nothing"))?)
}

fn cookie(signed_in: SignedIn) -> Result<Cookie> {
    signed_in.cookie.ok_or_else(|| Error::internal("a sign-in page signed nobody on"))
}

/// The name under which a scope is shown.
pub fn scope_text(scope: &str) -> watchword_kit::Text {
    match scope {
        "openid" => text!("know who you are", "获取您的身份标识"),
        "profile" => text!("read your profile", "读取您的基本资料"),
        "email" => text!("read your e-mail address", "读取您的邮箱地址"),
        "phone" => text!("read your phone number", "读取您的手机号"),
        "address" => text!("read your address", "读取您的地址"),
        "offline_access" => text!("stay signed in while you are away", "在您离线时保持访问"),
        "username" => text!("read your user name", "读取您的用户名"),
        "external_id" => text!("read your id in another system", "读取您在原系统的用户 ID"),
        _ => text!("read further data of your account", "读取您账号的其他资料"),
    }
}
