//! Signing in: the first factor, the demand for a second, and the session at the end.

mod first_factor;
pub mod gate;
mod new_password;
mod newcomer;
mod own_password;
mod second_factor;
mod unlock;

use serde_json::{Value, json};
use watchword_api::common::{FactorType, PasswordEncryptType};
use watchword_api::grant::TokenSet;
use watchword_api::login::{PassCodePayload, PasswordPayload, SignInConnection, SignInReq};
use watchword_kit::{Code, Error, Millis, Result, codes, text};
use watchword_store::Tx;
use watchword_store::app::Application;
use watchword_store::interaction::{self, Interaction};
use watchword_store::mfa_transaction::{self, MfaTransaction};
use watchword_store::session::{self, Session};
use watchword_store::user::User;

use crate::captcha::Answer;
use crate::ctx::{Actor, Ctx};
use crate::demand::Demand;
use crate::group::follow;
use crate::sso_session::{self, Cookie, Proof};
use crate::user::{history, life};
use crate::{app, profile, rules, token as tokens};

use newcomer::Newcomer;

pub use first_factor::validate as validate_password;
pub(crate) use first_factor::{admit_address, charge_address, plain};
pub(crate) use new_password::set as set_new_password;
pub(crate) use newcomer::way as way_by_code;
pub(crate) use own_password::own_password;
pub(crate) use second_factor::{end_waiting, hash as hash_recovery, hold as hold_second_factor};
pub use second_factor::{recover, verify_code, verify_otp};
pub use unlock::unlock;

/// What completes a sign-in, or steps a session up.
pub struct SignedIn {
    /// The user and new tokens; `None` when a session was stepped up, whose tokens stay as they are.
    pub fresh: Option<(User, TokenSet)>,
    /// The sign-on of the browser whose interaction was completed or stepped up.
    pub cookie: Option<Cookie>,
}

/// Where a sign-in leads once nothing is owed any more.
#[derive(Clone, Copy)]
pub(crate) enum Goal<'a> {
    /// Tokens for whoever called the API.
    Tokens { scope: &'a str, extras: &'a tokens::Extras },
    /// Back to the authorization request of a browser.
    Browser(&'a Interaction),
}

pub(crate) enum Admitted {
    Tokens(Box<TokenSet>),
    Browser(Cookie),
}

/// `POST /api/v3/signin`.
///
/// # Errors
/// 403/2333 for a wrong account or password, 300 with 1635 or 1636 and the trigger data when a second factor is
/// needed, 300/1639 and 300/2058 with a token for reset-password when the password must be changed first, 429 after too
/// many failures; 400 at `options.scope` and 403 as [`permitted`] says; and what [`gate`] refuses.
pub async fn sign_in(ctx: &Ctx, req: SignInReq) -> Result<TokenSet> {
    let app_id = ctx.app_id().ok_or_else(|| Error::new(codes::APP_NOT_FOUND))?;
    let app = app::load(&mut ctx.read().await?, ctx.pool(), app_id).await?;
    check_client(ctx, &app, &req)?;
    let options = req.options.unwrap_or_default();
    rules::no_tenant(options.tenant_id.as_deref(), "options.tenantId")?;
    let scope = permitted(&app, clean_scope(options.scope.as_deref())?)?;
    let encrypted = options.password_encrypt_type.unwrap_or_default();
    let captcha = Answer { text: options.captcha_code, token: options.captcha_token };
    let newcomer = options.auto_register.unwrap_or_default().then_some(Newcomer { custom_data: options.custom_data });
    let proven = match req.connection {
        SignInConnection::Password => {
            let payload = req.password_payload.ok_or_else(|| missing("passwordPayload"))?;
            first_factor::password(ctx, &app, payload, encrypted, &captcha, newcomer).await?
        }
        SignInConnection::Passcode => {
            let payload = req.pass_code_payload.ok_or_else(|| missing("passCodePayload"))?;
            first_factor::pass_code(ctx, &app, payload, &captcha, newcomer).await?
        }
        SignInConnection::Ldap | SignInConnection::Ad => {
            return Err(Error::new(codes::NOT_IMPLEMENTED)
                .because(text!("LDAP and AD identity sources are not supported yet", "暂不支持 LDAP 与 AD 身份源")));
        }
    };
    let extras = tokens::Extras::default();
    at_api(admit(ctx, &app, proven, Goal::Tokens { scope: &scope, extras: &extras }).await?)
}

/// The password of a sign-in page.
pub(crate) async fn with_password(
    ctx: &Ctx,
    app: &Application,
    interaction: &Interaction,
    payload: PasswordPayload,
    captcha: &Answer,
) -> Result<Cookie> {
    let proven = first_factor::password(ctx, app, payload, PasswordEncryptType::None, captcha, None).await?;
    at_browser(admit(ctx, app, proven, Goal::Browser(interaction)).await?)
}

/// The code of a sign-in page.
pub(crate) async fn with_code(
    ctx: &Ctx,
    app: &Application,
    interaction: &Interaction,
    payload: PassCodePayload,
    captcha: &Answer,
) -> Result<Cookie> {
    let proven = first_factor::pass_code(ctx, app, payload, captcha, None).await?;
    at_browser(admit(ctx, app, proven, Goal::Browser(interaction)).await?)
}

pub(crate) fn at_browser(admitted: Admitted) -> Result<Cookie> {
    match admitted {
        Admitted::Browser(cookie) => Ok(cookie),
        Admitted::Tokens(_) => Err(Error::internal("a sign-in page ended in tokens")),
    }
}

/// A sign-in by password under another name (the password grant): the same gates.
///
/// # Errors
/// As [`sign_in`].
pub(crate) async fn by_password(
    ctx: &Ctx,
    app: &Application,
    payload: PasswordPayload,
    scope: &str,
    extras: tokens::Extras,
) -> Result<TokenSet> {
    let proven = first_factor::password(ctx, app, payload, PasswordEncryptType::None, &Answer::default(), None).await?;
    at_api(admit(ctx, app, proven, Goal::Tokens { scope, extras: &extras }).await?)
}

fn at_api(admitted: Admitted) -> Result<TokenSet> {
    match admitted {
        Admitted::Tokens(tokens) => Ok(*tokens),
        Admitted::Browser(_) => Err(Error::internal("a sign-in by API ended at a browser")),
    }
}

/// A user who has passed the first factor, held by a unit of work that is still open: what was proven still holds when
/// the session is written.
pub(crate) struct Proven {
    pub tx: Tx,
    pub user: User,
    /// RFC 8176.
    pub amr: &'static str,
}

/// Ends the sign-in, or asks for what is still owed. No way in passes by here.
pub(crate) async fn admit(ctx: &Ctx, app: &Application, proven: Proven, goal: Goal<'_>) -> Result<Admitted> {
    let Proven { mut tx, user, amr } = proven;
    let about = json!({ "userId": user.id, "method": amr });
    if !life::may_sign_in(&user, ctx.now()) {
        history::failed(&mut tx, ctx, &user.id, amr).await?;
        return Err(ctx.commit_refusal(tx, Error::new(codes::USER_DISABLED), about).await);
    }
    if let Some(refusal) = gate::admit(&mut tx, ctx, app, &user).await? {
        return Err(ctx.commit_refusal(tx, refusal, about).await);
    }
    if let Some(due) = gate::password_due(&mut tx, ctx, &user).await?.filter(|_| amr == "pwd") {
        let refusal = match goal {
            Goal::Browser(waiting) => {
                wait(&mut tx, ctx, waiting, None, Some(&user.id)).await?;
                Error::new(due)
            }
            Goal::Tokens { .. } => {
                let data = profile::password::begin_first(&mut tx, ctx, &user).await?;
                Error::new(due).with_data(data)
            }
        };
        return Err(ctx.commit_refusal(tx, refusal, about).await);
    }
    let demand = Demand::load(&mut tx, ctx, Some(app), &user.id).await?;
    // An application may make its demand advisory for sign-ins by API; a page always asks.
    let asked = matches!(goal, Goal::Browser(_)) || demand.holds_back(app);
    match (demand.code().filter(|_| asked), goal) {
        (None, Goal::Tokens { scope, extras }) => {
            let session =
                open_session(&mut tx, ctx, app, &user, Opening::at_api(ctx, app, scope, &[amr], None)?).await?;
            let draft = tokens::draft(&mut tx, ctx, &session, app, &user, extras).await?;
            ctx.commit(tx, about).await?;
            Ok(Admitted::Tokens(Box::new(draft.sign(ctx)?)))
        }
        (None, Goal::Browser(waiting)) => {
            let proof = Proof { amr: &[amr], auth_time: ctx.now(), recovery_until: None };
            let cookie = sign_on(&mut tx, ctx, app, &user, &waiting.id, proof).await?;
            ctx.commit(tx, about).await?;
            Ok(Admitted::Browser(cookie))
        }
        (Some(code), Goal::Tokens { scope, .. }) => {
            let transaction = pending(ctx, app, &user, scope, amr, demanded_by(code));
            let mfa_token = tokens::begin_mfa(&mut tx, ctx, &transaction).await?;
            let data = demand.trigger_data(&user, mfa_token, demand.entries());
            let data = serde_json::to_value(data).map_err(Error::internal)?;
            Err(ctx.commit_refusal(tx, Error::new(code).with_data(data), about).await)
        }
        (Some(code), Goal::Browser(waiting)) => {
            let transaction = pending(ctx, app, &user, "", amr, demanded_by(code));
            await_second_factor(&mut tx, ctx, waiting, transaction).await?;
            Err(ctx.commit_refusal(tx, Error::new(code), about).await)
        }
    }
}

fn demanded_by(code: &Code) -> &'static str {
    if code == codes::MFA_PERSONAL { "personal" } else { "application" }
}

/// Makes an interaction wait for a second factor.
pub(crate) async fn await_second_factor(
    tx: &mut Tx,
    ctx: &Ctx,
    waiting: &Interaction,
    transaction: MfaTransaction,
) -> Result<()> {
    let transaction = MfaTransaction { interaction_id: Some(waiting.id.clone()), ..transaction };
    mfa_transaction::TABLE.insert_later(tx, &transaction).await?;
    wait(tx, ctx, waiting, Some(&transaction.id), None).await
}

async fn wait(
    tx: &mut Tx,
    ctx: &Ctx,
    waiting: &Interaction,
    mfa: Option<&str>,
    password_user: Option<&str>,
) -> Result<()> {
    let waits = interaction::wait(tx, ctx.pool(), &waiting.id, mfa, password_user, ctx.now()).await?;
    if waits { Ok(()) } else { Err(Error::new(codes::INTERACTION_OVER)) }
}

/// Signs the browser of an interaction on.
async fn sign_on(
    tx: &mut Tx,
    ctx: &Ctx,
    app: &Application,
    user: &User,
    interaction: &str,
    proof: Proof<'_>,
) -> Result<Cookie> {
    let cookie = sso_session::open(tx, ctx, app, &user.id, proof).await?;
    if !interaction::signed_in(tx, ctx.pool(), interaction, &user.id, ctx.now()).await? {
        return Err(Error::new(codes::INTERACTION_OVER));
    }
    Ok(cookie)
}

/// A sign-in that waits for its second factor, not yet stored.
pub(crate) fn pending(
    ctx: &Ctx,
    app: &Application,
    user: &User,
    scope: &str,
    amr: &str,
    demanded_by: &str,
) -> MfaTransaction {
    MfaTransaction {
        pool_id: ctx.pool().to_string(),
        id: ctx.entropy.hex(16),
        user_id: user.id.clone(),
        app_id: app.id.clone(),
        scope: scope.to_owned(),
        amr: json!([amr]).to_string(),
        demanded_by: demanded_by.to_owned(),
        ip: ctx.request().ip.clone(),
        user_agent: ctx.request().user_agent.clone(),
        created_at: ctx.now(),
        expires_at: ctx.now() + tokens::MFA_LIFETIME,
        consumed_at: None,
        interaction_id: None,
    }
}

/// What remains to be done once the second factor is proven, inside the caller's unit of work.
pub(crate) struct Completion {
    fresh: Option<(User, tokens::Draft)>,
    cookie: Option<Cookie>,
}

impl Completion {
    /// Signs the tokens; call it after the commit, since signing is slow.
    pub fn finish(self, ctx: &Ctx) -> Result<SignedIn> {
        let fresh = match self.fresh {
            Some((user, draft)) => Some((user, draft.sign(ctx)?)),
            None => None,
        };
        Ok(SignedIn { fresh, cookie: self.cookie })
    }
}

/// Completes the pending sign-in of the caller, who is held, or steps the caller's session up, by a proof of this kind.
///
/// # Errors
/// 401/2021 when the sign-in was completed or ended by somebody else, 403 when this kind of proof is not what it
/// waits for.
pub(crate) async fn complete(
    tx: &mut Tx,
    ctx: &Ctx,
    user: &User,
    kind: FactorType,
    method: &str,
) -> Result<Completion> {
    match ctx.actor() {
        Actor::User(session) => {
            let mut amr: Vec<String> = serde_json::from_str(&session.amr).map_err(Error::internal)?;
            for word in [method, "mfa"] {
                if !amr.iter().any(|a| a == word) {
                    amr.push(word.to_owned());
                }
            }
            session::step_up(tx, ctx.pool(), &session.id, &json!(amr).to_string(), ctx.now()).await?;
            watchword_store::login::record_mfa(tx, ctx.pool(), &session.user_id, ctx.now()).await?;
            follow::signed_in(tx, ctx, &session.user_id).await?;
            Ok(Completion { fresh: None, cookie: None })
        }
        Actor::Pending(transaction) => complete_pending(tx, ctx, user, transaction, kind, method).await,
        Actor::Anonymous | Actor::System | Actor::AccessKey(_) => Err(Error::new(codes::NOT_SIGNED_IN)),
    }
}

async fn complete_pending(
    tx: &mut Tx,
    ctx: &Ctx,
    user: &User,
    transaction: &MfaTransaction,
    kind: FactorType,
    method: &str,
) -> Result<Completion> {
    if !mfa_transaction::consume(tx, ctx.pool(), &transaction.id, ctx.now()).await? {
        return Err(Error::new(codes::MFA_TOKEN_INVALID));
    }
    if !life::may_sign_in(user, ctx.now()) {
        return Err(Error::new(codes::USER_DISABLED));
    }
    let app = app::load(tx, ctx.pool(), &transaction.app_id).await?;
    if method != "rc" && !Demand::load(tx, ctx, Some(&app), &user.id).await?.satisfied_by(kind) {
        return Err(Error::new(codes::FORBIDDEN)
            .because(text!("the application asks for another factor", "应用要求使用其他 MFA 要素")));
    }
    if !app::access::allowed(tx, ctx, &app, &user.id).await? {
        return Err(Error::new(codes::APP_ACCESS_DENIED));
    }
    // A token made for a step-up in the customer's own sign-in (get-mfa-trigger-data) opens nothing here.
    if transaction.demanded_by == "trigger" {
        return Ok(Completion { fresh: None, cookie: None });
    }
    let first: Vec<String> = serde_json::from_str(&transaction.amr).map_err(Error::internal)?;
    let mut amr: Vec<&str> = first.iter().map(String::as_str).collect();
    amr.extend([method, "mfa"]);
    let recovery_until = (method == "rc").then(|| ctx.now() + Millis::minutes(10));
    if let Some(waiting) = &transaction.interaction_id {
        let mut proof = Proof { amr: &amr, auth_time: ctx.now(), recovery_until };
        if transaction.demanded_by != STEP_UP {
            let cookie = sign_on(tx, ctx, &app, user, waiting, proof).await?;
            return Ok(Completion { fresh: None, cookie: Some(cookie) });
        }
        // The first factor is as old as it was.
        let sso = sso_session::current(tx, ctx, &app).await?.filter(|sso| sso.user_id == user.id);
        proof.auth_time = sso.ok_or_else(|| Error::new(codes::MFA_TOKEN_INVALID))?.auth_time;
        let cookie = sso_session::open(tx, ctx, &app, &user.id, proof).await?;
        if !interaction::wait(tx, ctx.pool(), waiting, None, None, ctx.now()).await? {
            return Err(Error::new(codes::INTERACTION_OVER));
        }
        watchword_store::login::record_mfa(tx, ctx.pool(), &user.id, ctx.now()).await?;
        follow::signed_in(tx, ctx, &user.id).await?;
        return Ok(Completion { fresh: None, cookie: Some(cookie) });
    }
    let opening = Opening::at_api(ctx, &app, &transaction.scope, &amr, recovery_until)?;
    let session = open_session(tx, ctx, &app, user, opening).await?;
    let draft = tokens::draft(tx, ctx, &session, &app, user, &tokens::Extras::default()).await?;
    Ok(Completion { fresh: Some((user.clone(), draft)), cookie: None })
}

/// `demanded_by` of a transaction that raises the assurance of a sign-on.
pub(crate) const STEP_UP: &str = "step_up";

/// How a session begins.
pub(crate) struct Opening {
    pub scope: String,
    /// JSON list of RFC 8176 values.
    pub amr: String,
    pub auth_time: Millis,
    pub mfa_at: Option<Millis>,
    pub recovery_until: Option<Millis>,
    pub expires_at: Millis,
    pub sso_session_id: Option<String>,
    pub userinfo_claims: Option<String>,
    /// Whether the user has just signed in; a session that a sign-on opens is no sign-in of its own.
    pub signs_in: bool,
}

impl Opening {
    pub fn at_api(
        ctx: &Ctx,
        app: &Application,
        scope: &str,
        amr: &[&str],
        recovery_until: Option<Millis>,
    ) -> Result<Opening> {
        Ok(Opening {
            scope: scope.to_owned(),
            amr: json!(amr).to_string(),
            auth_time: ctx.now(),
            mfa_at: amr.contains(&"mfa").then(|| ctx.now()),
            recovery_until,
            expires_at: ctx.now() + session_lifetime(app)?,
            sso_session_id: None,
            userinfo_claims: None,
            signs_in: true,
        })
    }
}

/// As long as the longest of its tokens.
pub(crate) fn session_lifetime(app: &Application) -> Result<Millis> {
    let settings = app::client_settings(app)?;
    Ok(Millis::seconds(settings.refresh_token_expire.max(settings.access_token_expire)))
}

pub(crate) async fn open_session(
    tx: &mut Tx,
    ctx: &Ctx,
    app: &Application,
    user: &User,
    opening: Opening,
) -> Result<Session> {
    let session = Session {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        user_id: user.id.clone(),
        app_id: app.id.clone(),
        scope: opening.scope,
        amr: opening.amr,
        auth_time: opening.auth_time,
        mfa_at: opening.mfa_at,
        recovery_until: opening.recovery_until,
        ip: ctx.request().ip.clone(),
        user_agent: ctx.request().user_agent.clone(),
        created_at: ctx.now(),
        expires_at: opening.expires_at,
        revoked_at: None,
        sso_session_id: opening.sso_session_id,
        userinfo_claims: opening.userinfo_claims,
    };
    session::TABLE.insert_later(tx, &session).await?;
    if opening.signs_in {
        let (ip, agent, mfa) = (session.ip.as_deref(), session.user_agent.as_deref(), session.mfa_at.is_some());
        watchword_store::login::record(tx, ctx.pool(), &user.id, &app.id, ip, agent, mfa, ctx.now()).await?;
        history::succeeded(tx, &session).await?;
        follow::signed_in(tx, ctx, &user.id).await?;
    }
    Ok(session)
}

/// A client that sends a secret must send the right one.
fn check_client(ctx: &Ctx, app: &Application, req: &SignInReq) -> Result<()> {
    let basic = ctx.request().basic.as_ref().map(|(_, secret)| secret);
    let Some(given) = req.client_secret.as_ref().or(basic) else { return Ok(()) };
    let right = watchword_crypto::hash::ct_eq(app::secret(ctx, app)?.reveal(), given.reveal());
    if right {
        return Ok(());
    }
    Err(Error::new(codes::UNAUTHENTICATED).because(text!("wrong client secret", "应用密钥错误")).at("client_secret"))
}

/// # Errors
/// 400 at `options.scope` for one that the application may not ask for; 403 for an application whose users are asked to
/// consent, as they are at its page only.
fn permitted(app: &Application, scope: String) -> Result<String> {
    let settings = app::client_settings(app)?;
    settings.permit_scope(&scope).map_err(|_| {
        let detail = text!("this application may not ask for that scope", "该应用不能申请此 scope");
        Error::invalid("options.scope", detail)
    })?;
    if !settings.skip_consent {
        return Err(Error::new(codes::METHOD_DISABLED).because(text!(
            "users of this application are asked to consent: send them to /oidc/auth",
            "该应用需要用户授权确认，请通过 /oidc/auth 登录"
        )));
    }
    Ok(scope)
}

/// Scope values are visible ASCII without quotes (RFC 6749 §3.3), at most 20 of them; the default is
/// `openid profile`.
pub(crate) fn clean_scope(given: Option<&str>) -> Result<String> {
    let Some(given) = given.map(str::trim).filter(|s| !s.is_empty()) else { return Ok("openid profile".into()) };
    let mut out: Vec<&str> = Vec::new();
    for word in given.split_ascii_whitespace() {
        let legal = word.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') && word.len() <= 64;
        if !legal || out.len() >= 20 {
            return Err(Error::invalid("options.scope", text!("not a list of scopes", "不是合法的 scope 列表")));
        }
        if !out.contains(&word) {
            out.push(word);
        }
    }
    Ok(out.join(" "))
}

fn missing(field: &str) -> Error {
    Error::invalid(field, text!("required", "必填"))
}

/// What the trail may tell of a failed first factor.
pub(crate) fn about(user: Option<&User>, method: &str) -> Value {
    match user {
        Some(user) => json!({ "userId": user.id, "method": method }),
        None => json!({ "method": method }),
    }
}
