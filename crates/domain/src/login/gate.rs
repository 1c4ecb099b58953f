//! What stands before and behind every first factor, whichever way it is given: the ways an application lets users
//! in, pictures, locks, confirmed addresses, old passwords, who may use the application; and who may register.
//!
//! [`before`] is asked before a factor is judged, [`failed`] and [`passed`] say how it went, [`admit`] is asked once
//! the user is known for sure. The pauses of `throttle` hold whatever the settings say.

use watchword_api::app::{LoginMethod, RegisterMethod};
use watchword_kit::{Code, Error, Millis, Result, codes, unicode};
use watchword_store::app::Application;
use watchword_store::quota::{self, Quota};
use watchword_store::throttle::{self as locks, Throttle};
use watchword_store::user::User;
use watchword_store::{Tx, user::history};

use crate::app;
use crate::captcha::{self, Answer};
use crate::ctx::{self, Ctx};
use crate::message::{self, Medium};
use crate::outbox::{Event, notify_user};
use crate::pool::{self, PoolSettings};
use crate::security_settings::condition::Conditions;
use crate::security_settings::password::is_old;
use crate::throttle::too_many;
use crate::user::LoginName;

/// A lock that nobody opens ends by itself: no stranger keeps anybody out for good.
const LOCK: Millis = Millis::hours(24);
/// How long the place of a sign-in is one that the user is known at.
const KNOWN: Millis = Millis::days(30);

/// Somebody who is about to prove a first factor.
pub(crate) struct Attempt<'a> {
    pub method: Method<'a>,
    /// The user, or what stands for the user in counters where there is none.
    pub who: &'a str,
    pub captcha: &'a Answer,
}

#[derive(Clone, Copy)]
pub(crate) enum Method<'a> {
    Password(&'a LoginName),
    Code(Medium),
}

impl Method<'_> {
    /// The ways of the application that this may turn out to be.
    fn ways(self) -> &'static [LoginMethod] {
        match self {
            Method::Password(LoginName::Username(_)) => &[LoginMethod::UsernamePassword],
            Method::Password(LoginName::Email(_)) => &[LoginMethod::EmailPassword],
            Method::Password(LoginName::Phone { .. }) => &[LoginMethod::PhonePassword],
            Method::Password(LoginName::Account(_)) => {
                &[LoginMethod::UsernamePassword, LoginMethod::EmailPassword, LoginMethod::PhonePassword]
            }
            Method::Code(Medium::Sms) => &[LoginMethod::PhoneCode],
            Method::Code(Medium::Email) => &[LoginMethod::EmailCode],
        }
    }
}

/// Before a factor is judged.
///
/// # Errors
/// 403 for a way that the application has not enabled; 403/2005, or 300/1643 where users may unlock, while the
/// account is locked; 403/2000 and 403/2001 where the text of a picture is needed.
pub(crate) async fn before(ctx: &Ctx, app: &Application, attempt: &Attempt<'_>) -> Result<()> {
    let enabled = app::settings(app)?.login.enabled_basic_login_methods;
    if !attempt.method.ways().iter().any(|way| enabled.contains(way)) {
        return Err(Error::new(codes::METHOD_DISABLED));
    }
    let mut tx = ctx.read().await?;
    let settings = pool::settings(&mut tx, ctx.pool()).await?;
    let conditions = Conditions::of(&settings.security.login_anomaly);
    if conditions.lock.is_some() && matches!(attempt.method, Method::Password(_)) {
        let bucket = lock_bucket(&mut tx, ctx, attempt.who).await?;
        let state = locks::peek(&mut tx, ctx.pool(), &bucket).await?;
        if state.is_some_and(|lock| lock.blocked_until > ctx.now()) {
            let own = settings.security.self_unlock.enabled;
            return Err(Error::new(if own { codes::SELF_UNLOCK } else { codes::USER_LOCKED }));
        }
    }
    let needed = needs_picture(&mut tx, ctx, &conditions, Some(attempt.who)).await?;
    drop(tx);
    if needed { captcha::check(ctx, attempt.captcha).await } else { Ok(()) }
}

/// Before something that a robot would like to do much of: sending codes and registering.
///
/// # Errors
/// 403/2000 and 403/2001 where the text of a picture is needed.
pub(crate) async fn robot(ctx: &Ctx, answer: &Answer) -> Result<()> {
    ask_for_picture(ctx, None, answer).await
}

/// Before a secret of an account is judged elsewhere than at sign-in.
///
/// # Errors
/// As [`robot`].
pub(crate) async fn picture(ctx: &Ctx, who: &str, answer: &Answer) -> Result<()> {
    ask_for_picture(ctx, Some(who), answer).await
}

async fn ask_for_picture(ctx: &Ctx, who: Option<&str>, answer: &Answer) -> Result<()> {
    let mut tx = ctx.read().await?;
    let settings = pool::settings(&mut tx, ctx.pool()).await?;
    let needed = needs_picture(&mut tx, ctx, &Conditions::of(&settings.security.login_anomaly), who).await?;
    drop(tx);
    if needed { captcha::check(ctx, answer).await } else { Ok(()) }
}

async fn needs_picture(tx: &mut Tx, ctx: &Ctx, conditions: &Conditions<'_>, who: Option<&str>) -> Result<bool> {
    if conditions.unusual(ctx.request().ip.as_deref(), ctx.now()) {
        return Ok(true);
    }
    if let Some(check) = conditions.per_address {
        let used = quota::used_up(tx, ctx.pool(), &address_bucket(ctx), check.limit, ctx.now()).await?;
        if used.is_some() {
            return Ok(true);
        }
    }
    if let (Some(check), Some(who)) = (conditions.per_account, who) {
        return Ok(quota::used_up(tx, ctx.pool(), &account_bucket(who), check.limit, ctx.now()).await?.is_some());
    }
    Ok(false)
}

/// Counts a factor that was wrong, in the caller's unit of work; `password` says whether it was one. Where there is such
/// a user, the caller holds it for a password.
pub(crate) async fn failed(tx: &mut Tx, ctx: &Ctx, found: Option<&User>, who: &str, password: bool) -> Result<()> {
    let settings = pool::settings(tx, ctx.pool()).await?;
    let conditions = Conditions::of(&settings.security.login_anomaly);
    if let Some(check) = conditions.per_address {
        charge(tx, ctx, &address_bucket(ctx), check.limit, check.time_interval).await?;
    }
    if !password {
        return Ok(());
    }
    if let Some(check) = conditions.per_account {
        charge(tx, ctx, &account_bucket(who), check.limit, check.time_interval).await?;
    }
    let Some(check) = conditions.lock else { return Ok(()) };
    let bucket = lock_bucket(tx, ctx, who).await?;
    charge(tx, ctx, &bucket, check.limit, check.time_interval).await?;
    if quota::used_up(tx, ctx.pool(), &bucket, check.limit, ctx.now()).await?.is_some() {
        quota::clear(tx, ctx.pool(), &bucket).await?;
        let lock = Throttle { straight: check.limit, blocked_until: ctx.now() + LOCK, locked: false };
        locks::set(tx, ctx.pool(), &bucket, &lock, ctx.now()).await?;
        if let Some(user) = found {
            notify_user(tx, ctx, user, Event::Locked).await?;
        }
    }
    Ok(())
}

/// The password was right: what was counted against this account is forgotten. A confirmed address is asked for where
/// the pool wants one.
///
/// # Errors
/// 403 for a way that the application has not enabled, and for an address that was never confirmed, to which a link
/// is then sent; the caller commits in both cases.
pub(crate) async fn passed(
    tx: &mut Tx,
    ctx: &Ctx,
    app: &Application,
    user: &User,
    name: &LoginName,
) -> Result<Option<Error>> {
    let settings = pool::settings(tx, ctx.pool()).await?;
    forget_failures(tx, ctx, &settings, &user.id).await?;
    let way = way_of(user, name);
    if !app::settings(app)?.login.enabled_basic_login_methods.contains(&way) {
        return Ok(Some(Error::new(codes::METHOD_DISABLED)));
    }
    let email = user.email_key.as_deref().filter(|_| way == LoginMethod::EmailPassword && !user.email_verified);
    let Some(email) = email.filter(|_| settings.security.login_require_email_verified) else { return Ok(None) };
    // Whoever tries again within the minute has the first link.
    match message::send_link(tx, ctx, email).await {
        Ok(()) => {}
        Err(e) if e.code().status < 500 || e.code() == codes::NOT_IMPLEMENTED => {}
        Err(e) => return Err(e),
    }
    Ok(Some(Error::new(codes::EMAIL_UNCONFIRMED)))
}

async fn forget_failures(tx: &mut Tx, ctx: &Ctx, settings: &PoolSettings, who: &str) -> Result<()> {
    let conditions = Conditions::of(&settings.security.login_anomaly);
    if conditions.per_account.is_some() {
        quota::clear(tx, ctx.pool(), &account_bucket(who)).await?;
    }
    if conditions.lock.is_some() {
        let bucket = lock_bucket(tx, ctx, who).await?;
        quota::clear(tx, ctx.pool(), &bucket).await?;
    }
    Ok(())
}

/// By which of the user's names a password was given.
fn way_of(user: &User, name: &LoginName) -> LoginMethod {
    match name {
        LoginName::Username(_) => LoginMethod::UsernamePassword,
        LoginName::Email(_) => LoginMethod::EmailPassword,
        LoginName::Phone { .. } => LoginMethod::PhonePassword,
        LoginName::Account(text) => {
            if message::normalise_email(text).is_ok_and(|key| user.email_key.as_ref() == Some(&key)) {
                LoginMethod::EmailPassword
            } else if user.username_key.as_deref() == Some(unicode::fold(text).as_str()) {
                LoginMethod::UsernamePassword
            } else {
                LoginMethod::PhonePassword
            }
        }
    }
}

/// Whether a user who has proven who they are may go on at this application; `None`: yes. The caller commits the
/// refusal.
pub(crate) async fn admit(tx: &mut Tx, ctx: &Ctx, app: &Application, user: &User) -> Result<Option<Error>> {
    let allowed = app::access::allowed(tx, ctx, app, &user.id).await?;
    Ok((!allowed).then(|| Error::new(codes::APP_ACCESS_DENIED)))
}

/// Why a password that was right must be changed before anything else; `None`: it need not.
pub(crate) async fn password_due(tx: &mut Tx, ctx: &Ctx, user: &User) -> Result<Option<&'static Code>> {
    let settings = pool::settings(tx, ctx.pool()).await?;
    Ok(if is_old(&settings.security.password_rotation, user, ctx.now()) {
        Some(codes::PASSWORD_TOO_OLD)
    } else if user.reset_password_on_next_login {
        Some(codes::RESET_PASSWORD_FIRST)
    } else {
        None
    })
}

/// Whether anybody may register at this application in this way.
///
/// # Errors
/// 403/2031 while registration is not open.
pub async fn may_register(tx: &mut Tx, ctx: &Ctx, app: &Application, method: RegisterMethod) -> Result<()> {
    let closed = pool::settings(tx, ctx.pool()).await?.security.register_disabled;
    let open = app::settings(app)?.register.enabled_basic_register_methods.contains(&method);
    if closed || !open { Err(Error::new(codes::REGISTER_DISABLED)) } else { Ok(()) }
}

/// Counts a registration against its address, in the unit of work that makes the account.
///
/// # Errors
/// 429 after too many from one address.
pub async fn charge_registration(tx: &mut Tx, ctx: &Ctx) -> Result<()> {
    let limit = pool::settings(tx, ctx.pool()).await?.security.register_anomaly;
    if !limit.enabled {
        return Ok(());
    }
    let bucket = format!("register:{}", ctx.network());
    let quota = Quota { bucket: &bucket, limit: limit.limit, window: Millis::seconds(limit.time_interval) };
    match quota::charge(tx, ctx.pool(), quota, ctx.now()).await? {
        Some(ends) => Err(too_many(ends - ctx.now())),
        None => Ok(()),
    }
}

/// Opens the locks of an account, whose user is held, and forgets what led to them: its owner or an administrator has
/// said so.
pub(crate) async fn unlock(tx: &mut Tx, ctx: &Ctx, user: &str) -> Result<()> {
    let bucket = format!("lock:{user}");
    locks::clear_all(tx, ctx.pool(), &bucket).await?;
    quota::clear(tx, ctx.pool(), &bucket).await?;
    quota::clear(tx, ctx.pool(), &account_bucket(user)).await?;
    Ok(())
}

async fn charge(tx: &mut Tx, ctx: &Ctx, bucket: &str, limit: i64, seconds: i64) -> Result<()> {
    let quota = Quota { bucket, limit, window: Millis::seconds(seconds) };
    quota::charge(tx, ctx.pool(), quota, ctx.now()).await?;
    Ok(())
}

fn address_bucket(ctx: &Ctx) -> String {
    format!("signin-failed:{}", ctx.network())
}

fn account_bucket(who: &str) -> String {
    format!("password-failed:{who}")
}

/// Wrong passwords count against an account; from where its owner is known to be, apart, so that no stranger locks
/// anybody out.
async fn lock_bucket(tx: &mut Tx, ctx: &Ctx, who: &str) -> Result<String> {
    let here = ctx.network();
    let places = history::addresses(tx, ctx.pool(), who, ctx.now() - KNOWN).await?;
    let known = places.iter().any(|ip| ctx::network(ip.as_deref()) == here);
    Ok(if known { format!("lock:{who}:{here}") } else { format!("lock:{who}") })
}
