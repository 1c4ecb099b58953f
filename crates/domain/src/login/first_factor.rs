//! Passwords and codes by SMS or e-mail.

use watchword_api::common::PasswordEncryptType;
use watchword_api::login::{PassCodePayload, PasswordPayload};
use watchword_api::profile::{ValidatePasswordReq, ValidatedPassword};
use watchword_crypto::hash;
use watchword_kit::{Error, Millis, Result, Secret, codes, text, unicode};
use watchword_store::app::Application;
use watchword_store::quota::Quota;
use watchword_store::user::User;
use watchword_store::{Tx, quota};

use super::gate::{Attempt, Method};
use super::newcomer::Newcomer;
use super::{Proven, about, gate};
use crate::app;
use crate::captcha::Answer;
use crate::ctx::Ctx;
use crate::message::{self, Medium};
use crate::passwords::Verdict;
use crate::sso_session;
use crate::throttle::{self, Guess};
use crate::user::{self, LoginName, history};

/// Failures from one address, whatever names it tries, before that address pauses: guards against one password tried
/// on many users, and bounds what a stranger can make us store.
const FAILURES_PER_ADDRESS: i64 = 100;
const ADDRESS_WINDOW: Millis = Millis::minutes(10);
/// Longest name by which somebody signs in.
const MAX_NAME: usize = 320;

/// Checks a password. An unknown name, a user without password and a wrong password are one refusal, and take one
/// and the same time.
pub(super) async fn password(
    ctx: &Ctx,
    app: &Application,
    payload: PasswordPayload,
    encrypted: PasswordEncryptType,
    captcha: &Answer,
    newcomer: Option<Newcomer>,
) -> Result<Proven> {
    let name = login_name(&payload)?;
    by_name(ctx, app, name, plain(ctx, payload.password, encrypted), captcha, newcomer).await
}

async fn by_name(
    ctx: &Ctx,
    app: &Application,
    name: LoginName,
    given: Secret<String>,
    captcha: &Answer,
    newcomer: Option<Newcomer>,
) -> Result<Proven> {
    let mut tx = ctx.read().await?;
    admit_address(&mut tx, ctx).await?;
    let found = user::find_for_login(&mut tx, ctx.pool(), &name).await?;
    drop(tx);
    // One counter per user and address, whatever name was used: no stranger can lock anybody out from elsewhere.
    let who = who(found.as_ref(), &name);
    let subject = format!("{who}:{}", ctx.network());
    gate::before(ctx, app, &Attempt { method: Method::Password(&name), who: &who, captcha }).await?;
    if let (None, Some(newcomer)) = (&found, newcomer)
        && let Some(user) = newcomer.by_password(ctx, app, &name, given.clone()).await?
    {
        let mut tx = ctx.write().await?;
        let user = sso_session::hold(&mut tx, ctx, app, &user.id).await?;
        return past_gate(tx, ctx, app, user, &name).await;
    }
    let mut stored = found.as_ref().and_then(|u| u.password_hash.clone());
    let mut verdict = judge(ctx, &subject, given.clone(), stored.clone()).await?;
    let mut fresh = match verdict {
        // Can wait for the next sign-in where there is no room now.
        Verdict::RightButStale => ctx.passwords.hash(given.clone(), ctx.entropy).await.ok(),
        Verdict::Right | Verdict::Wrong => None,
    };
    let mut tx = ctx.write().await?;
    // From here on the user stays: whoever changes the password or suspends the account comes before, and is seen, or
    // after, and ends the session that this opens.
    let mut held = hold(&mut tx, ctx, app, found.as_ref()).await?;
    if let (Verdict::RightButStale, Some(now)) = (verdict, &held)
        && now.password_hash != stored
    {
        // Another sign-in may have stored a fresh hash of the same password.
        drop(tx);
        (stored, fresh) = (now.password_hash.clone(), None);
        verdict = ctx.passwords.verify(given, stored.clone()).await?;
        tx = ctx.write().await?;
        held = hold(&mut tx, ctx, app, found.as_ref()).await?;
    }
    let unchanged = held.as_ref().is_some_and(|user| user.password_hash == stored);
    let (Some(mut user), true, Verdict::Right | Verdict::RightButStale) = (held, unchanged, verdict) else {
        charge_address(&mut tx, ctx).await?;
        gate::failed(&mut tx, ctx, found.as_ref(), &who, true).await?;
        if let Some(user) = &found {
            history::failed(&mut tx, ctx, &user.id, "pwd").await?;
        }
        let refusal = Error::new(codes::CREDENTIALS_WRONG);
        return Err(ctx.commit_refusal(tx, refusal, about(found.as_ref(), "pwd")).await);
    };
    throttle::absolve(&mut tx, ctx, Guess::Password, &subject).await?;
    if let (Some(old), Some(new)) = (&stored, fresh) {
        watchword_store::login::rehash(&mut tx, ctx.pool(), &user.id, old, &new).await?;
        user.password_hash = Some(new);
    }
    past_gate(tx, ctx, app, user, &name).await
}

async fn past_gate(mut tx: Tx, ctx: &Ctx, app: &Application, user: User, name: &LoginName) -> Result<Proven> {
    match gate::passed(&mut tx, ctx, app, &user, name).await? {
        Some(refusal) => Err(ctx.commit_refusal(tx, refusal, about(Some(&user), "pwd")).await),
        None => Ok(Proven { tx, user, amr: "pwd" }),
    }
}

/// The user as of now, held; who was deleted meanwhile is one who does not exist.
async fn hold(tx: &mut Tx, ctx: &Ctx, app: &Application, found: Option<&User>) -> Result<Option<User>> {
    let Some(user) = found else { return Ok(None) };
    match sso_session::hold(tx, ctx, app, &user.id).await {
        Ok(user) => Ok(Some(user)),
        Err(e) if e.code() == codes::USER_NOT_FOUND => Ok(None),
        Err(e) => Err(e),
    }
}

/// Who is tried, for counters: one for a user, whatever name was used, and one for a name that nobody has.
pub(super) fn who(found: Option<&User>, name: &LoginName) -> String {
    found.map_or_else(|| nobody(name), |user| user.id.clone())
}

/// Checks a password; the try is charged before.
///
/// # Errors
/// 429 while guessing is closed, or too many passwords are waiting; the try does not count then.
pub(super) async fn judge(ctx: &Ctx, subject: &str, given: Secret<String>, stored: Option<String>) -> Result<Verdict> {
    // A flood of others must not use up the tries of those whose password could not be judged for it.
    ctx.passwords.has_room()?;
    throttle::charge(ctx, Guess::Password, subject).await?;
    match ctx.passwords.verify(given, stored).await {
        Ok(verdict) => Ok(verdict),
        Err(unjudged) => {
            throttle::give_back(ctx, Guess::Password, subject).await?;
            Err(unjudged)
        }
    }
}

/// # Errors
/// 429 while the caller's address has too many failures behind it.
pub(crate) async fn admit_address(tx: &mut Tx, ctx: &Ctx) -> Result<()> {
    let bucket = address_bucket(ctx);
    match quota::used_up(tx, ctx.pool(), &bucket, FAILURES_PER_ADDRESS, ctx.now()).await? {
        Some(ends) => Err(throttle::too_many(ends - ctx.now())),
        None => Ok(()),
    }
}

pub(crate) async fn charge_address(tx: &mut Tx, ctx: &Ctx) -> Result<()> {
    let bucket = address_bucket(ctx);
    let quota = Quota { bucket: &bucket, limit: FAILURES_PER_ADDRESS, window: ADDRESS_WINDOW };
    quota::charge(tx, ctx.pool(), quota, ctx.now()).await?;
    Ok(())
}

fn address_bucket(ctx: &Ctx) -> String {
    format!("signin:{}", ctx.network())
}

/// `POST /api/v3/validate-password`: a try counts as one at sign-in.
///
/// # Errors
/// 400 without a name, 429 after too many failures.
pub async fn validate(ctx: &Ctx, req: ValidatePasswordReq) -> Result<ValidatedPassword> {
    let ValidatePasswordReq { phone, email, username, phone_country_code, password, password_encrypt_type } = req;
    let name = match (email, phone, username) {
        (Some(email), ..) => LoginName::Email(email),
        (_, Some(number), _) => LoginName::Phone { number, country_code: phone_country_code },
        (.., Some(name)) => LoginName::Username(name),
        _ => {
            return Err(Error::invalid(
                "username",
                text!("give email, phone or username", "请提供 email、phone 或 username"),
            ));
        }
    };
    let app_id = ctx.app_id().ok_or_else(|| Error::new(codes::APP_NOT_FOUND))?;
    let app = app::load(&mut ctx.read().await?, ctx.pool(), app_id).await?;
    let given = plain(ctx, password, password_encrypt_type.unwrap_or_default());
    match by_name(ctx, &app, name, given, &Answer::default(), None).await {
        Ok(Proven { tx, user, amr }) => {
            ctx.commit(tx, about(Some(&user), amr)).await?;
            Ok(ValidatedPassword { valid: true })
        }
        Err(e) if e.code() == codes::CREDENTIALS_WRONG => Ok(ValidatedPassword { valid: false }),
        Err(e) => Err(e),
    }
}

/// What stands for the user in the counter of a name that nobody has: one for all the ways to write the name, as
/// there is one for a user, or the pause would tell which names exist.
fn nobody(name: &LoginName) -> String {
    let email = |s: &str| message::normalise_email(s).ok().map(|key| format!("email:{key}"));
    let phone = |s: &str| message::normalise_phone(s, None).ok().map(|key| format!("phone:{key}"));
    let text = name.text();
    let key = match name {
        LoginName::Username(_) => None,
        LoginName::Email(_) => email(text),
        LoginName::Phone { .. } => phone(text),
        LoginName::Account(_) => email(text).or_else(|| phone(text)),
    };
    let key = key.unwrap_or_else(|| format!("name:{}", unicode::fold(text)));
    hash::sha256_hex(key.as_bytes())[..24].to_owned()
}

fn login_name(payload: &PasswordPayload) -> Result<LoginName> {
    let given = [
        payload.account.clone().map(LoginName::Account),
        payload.username.clone().map(LoginName::Username),
        payload.email.clone().map(LoginName::Email),
        payload.phone.clone().map(|number| LoginName::Phone { number, country_code: None }),
    ];
    let mut given = given.into_iter().flatten();
    let name = given.next().ok_or_else(|| {
        let need = text!("give one of account, username, email, phone", "请提供 account、username、email、phone 之一");
        Error::invalid("passwordPayload", need)
    })?;
    if given.next().is_some() {
        let one =
            text!("give only one of account, username, email, phone", "account、username、email、phone 只能提供一个");
        return Err(Error::invalid("passwordPayload", one));
    }
    if name.text().len() > MAX_NAME {
        // No such user can exist; still the same refusal as for any other unknown name.
        return Ok(LoginName::Account(String::new()));
    }
    Ok(name)
}

/// The password as typed. What cannot be decrypted becomes a random password, which is wrong like any other: nobody
/// learns why.
pub(crate) fn plain(ctx: &Ctx, given: Secret<String>, encrypted: PasswordEncryptType) -> Secret<String> {
    let decrypted = match encrypted {
        PasswordEncryptType::None => Some(given),
        PasswordEncryptType::Rsa => ctx.keys.rsa_transport.decrypt(given.reveal()),
        PasswordEncryptType::Sm2 => ctx.keys.sm2_transport.decrypt(given.reveal()),
    };
    decrypted.unwrap_or_else(|| Secret::new(ctx.entropy.hex(32)))
}

/// Checks a code that was sent by SMS or e-mail. The code is used up also when nobody has that number or address.
pub(super) async fn pass_code(
    ctx: &Ctx,
    app: &Application,
    payload: PassCodePayload,
    captcha: &Answer,
    newcomer: Option<Newcomer>,
) -> Result<Proven> {
    let (medium, target, name) = pass_code_target(&payload).map_err(|e| e.at("passCodePayload"))?;
    let mut tx = ctx.read().await?;
    admit_address(&mut tx, ctx).await?;
    let known = user::find_for_login(&mut tx, ctx.pool(), &name).await?;
    let who = who(known.as_ref(), &name);
    drop(tx);
    gate::before(ctx, app, &Attempt { method: Method::Code(medium), who: &who, captcha }).await?;
    let amr = if medium == Medium::Sms { "sms" } else { "email" };
    if let (None, Some(newcomer)) = (&known, newcomer)
        && let Some(user) = newcomer.by_code(ctx, app, &payload).await?
    {
        let mut tx = ctx.write().await?;
        let user = sso_session::hold(&mut tx, ctx, app, &user.id).await?;
        return Ok(Proven { tx, user, amr });
    }
    let mut tx = ctx.write().await?;
    let given = payload.pass_code.reveal();
    let right = message::check_code(&mut tx, ctx, medium, &target, "CHANNEL_LOGIN", given).await?;
    let found = user::find_for_login(&mut tx, ctx.pool(), &name).await?;
    let held = hold(&mut tx, ctx, app, found.as_ref().filter(|_| right)).await?;
    // Who has changed the address or number meanwhile is not whom the code was sent to.
    let has = |user: &User| match medium {
        Medium::Email => user.email_key.as_deref() == Some(&target),
        Medium::Sms => user.phone_key.as_deref() == Some(&target),
    };
    match held.filter(has) {
        Some(user) => Ok(Proven { tx, user, amr }),
        None => {
            charge_address(&mut tx, ctx).await?;
            gate::failed(&mut tx, ctx, found.as_ref(), &who, false).await?;
            if let Some(user) = &found {
                history::failed(&mut tx, ctx, &user.id, amr).await?;
            }
            let refusal = Error::new(codes::PASS_CODE_WRONG);
            Err(ctx.commit_refusal(tx, refusal, about(found.as_ref(), amr)).await)
        }
    }
}

pub(super) fn pass_code_target(payload: &PassCodePayload) -> Result<(Medium, String, LoginName)> {
    match (&payload.phone, &payload.email) {
        (Some(phone), None) => {
            let country_code = payload.phone_country_code.clone();
            let target = message::normalise_phone(phone, country_code.as_deref()).map_err(|e| e.at("phone"))?;
            let name = LoginName::Phone { number: phone.clone(), country_code };
            Ok((Medium::Sms, target, name))
        }
        (None, Some(email)) => {
            let target = message::normalise_email(email).map_err(|e| e.at("email"))?;
            Ok((Medium::Email, target, LoginName::Email(email.clone())))
        }
        _ => Err(Error::new(codes::INVALID).because(text!("give phone or email", "请提供 phone 或 email 之一"))),
    }
}
