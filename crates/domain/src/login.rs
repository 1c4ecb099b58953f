//! Signing in: the first factor, the demand for a second, and the session at the end.

mod first_factor;
pub mod gate;
mod second_factor;
mod unlock;

use serde_json::{Value, json};
use watchword_api::common::{FactorType, PasswordEncryptType};
use watchword_api::login::{PasswordPayload, SignInConnection, SignInReq, TokenSet};
use watchword_kit::{Error, Millis, Result, codes, text};
use watchword_store::Tx;
use watchword_store::app::Application;
use watchword_store::mfa_transaction::{self, MfaTransaction};
use watchword_store::session::{self, Session};
use watchword_store::user::User;

use crate::captcha::Answer;
use crate::ctx::{Actor, Ctx};
use crate::demand::Demand;
use crate::group::follow;
use crate::user::{history, life};
use crate::{app, token as tokens};

pub(crate) use second_factor::{end_waiting, hash as hash_recovery};
pub use second_factor::{recover, verify_code, verify_otp};
pub use unlock::unlock;

/// What completes a sign-in, or steps a session up.
pub struct SignedIn {
    /// The user and new tokens; `None` when a session was stepped up, whose tokens stay as they are.
    pub fresh: Option<(User, TokenSet)>,
}

/// `POST /api/v3/signin`.
///
/// # Errors
/// 403/2333 for a wrong account or password, 300 with 1635 or 1636 and the trigger data when a second factor is
/// needed, 300/1639 and 300/2058 when the password must be changed first, 429 after too many failures; and what
/// [`gate`] refuses.
pub async fn sign_in(ctx: &Ctx, req: SignInReq) -> Result<TokenSet> {
    let app_id = ctx.app_id().ok_or_else(|| Error::new(codes::APP_NOT_FOUND))?;
    let app = app::load(&mut ctx.read().await?, ctx.pool(), app_id).await?;
    check_client(ctx, &app, &req)?;
    let options = req.options.unwrap_or_default();
    if options.tenant_id.is_some() {
        return Err(Error::new(codes::NOT_IMPLEMENTED)
            .because(text!("tenants are not supported yet", "暂不支持租户"))
            .at("options.tenantId"));
    }
    if options.auto_register == Some(true) {
        return Err(Error::new(codes::NOT_IMPLEMENTED)
            .because(text!("sign-up is not supported yet; create the user first", "暂不支持自动注册，请先创建用户"))
            .at("options.autoRegister"));
    }
    let scope = clean_scope(options.scope.as_deref())?;
    let encrypted = options.password_encrypt_type.unwrap_or_default();
    let captcha = Answer { text: options.captcha_code, token: options.captcha_token };
    let proven = match req.connection {
        SignInConnection::Password => {
            let payload = req.password_payload.ok_or_else(|| missing("passwordPayload"))?;
            first_factor::password(ctx, &app, payload, encrypted, &captcha).await?
        }
        SignInConnection::Passcode => {
            let payload = req.pass_code_payload.ok_or_else(|| missing("passCodePayload"))?;
            first_factor::pass_code(ctx, &app, payload, &captcha).await?
        }
        SignInConnection::Ldap | SignInConnection::Ad => {
            return Err(Error::new(codes::NOT_IMPLEMENTED)
                .because(text!("LDAP and AD identity sources are not supported yet", "暂不支持 LDAP 与 AD 身份源")));
        }
    };
    admit(ctx, &app, proven, &scope, &tokens::Extras::default()).await
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
    let proven = first_factor::password(ctx, app, payload, PasswordEncryptType::None, &Answer::default()).await?;
    admit(ctx, app, proven, scope, &extras).await
}

/// A user who has passed the first factor, in a unit of work that is still open.
pub(crate) struct Proven {
    pub tx: Tx,
    pub user: User,
    /// RFC 8176.
    pub amr: &'static str,
}

/// Ends the sign-in, or asks for the second factor.
async fn admit(ctx: &Ctx, app: &Application, proven: Proven, scope: &str, extras: &tokens::Extras) -> Result<TokenSet> {
    let Proven { mut tx, user, amr } = proven;
    let about = json!({ "userId": user.id, "method": amr });
    if !life::may_sign_in(&user, ctx.now()) {
        history::failed(&mut tx, ctx, &user.id, amr).await?;
        return Err(ctx.commit_refusal(tx, Error::new(codes::USER_DISABLED), about).await);
    }
    if let Some(refusal) = gate::admit(&mut tx, ctx, app, &user, amr == "pwd").await? {
        return Err(ctx.commit_refusal(tx, refusal, about).await);
    }
    if user.reset_password_on_next_login && amr == "pwd" {
        return Err(ctx.commit_refusal(tx, Error::new(codes::RESET_PASSWORD_FIRST), about).await);
    }
    let demand = Demand::load(&mut tx, ctx, Some(app), &user.id).await?;
    match demand.code().filter(|_| demand.holds_back(app)) {
        None => {
            let session = open_session(&mut tx, ctx, app, &user, scope, &[amr], None).await?;
            let draft = tokens::draft(&mut tx, ctx, &session, app, &user, extras).await?;
            ctx.commit(tx, about).await?;
            draft.sign(ctx)
        }
        Some(code) => {
            let by = if code == codes::MFA_PERSONAL { "personal" } else { "application" };
            let transaction = pending(ctx, app, &user, scope, amr, by);
            let mfa_token = tokens::begin_mfa(&mut tx, ctx, &transaction).await?;
            let data = demand.trigger_data(&user, mfa_token, demand.entries());
            let data = serde_json::to_value(data).map_err(Error::internal)?;
            Err(ctx.commit_refusal(tx, Error::new(code).with_data(data), about).await)
        }
    }
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
    }
}

/// What remains to be done once the second factor is proven, inside the caller's unit of work.
pub(crate) struct Completion {
    fresh: Option<(User, tokens::Draft)>,
}

impl Completion {
    /// Signs the tokens; call it after the commit, since signing is slow.
    pub fn finish(self, ctx: &Ctx) -> Result<SignedIn> {
        let fresh = match self.fresh {
            Some((user, draft)) => Some((user, draft.sign(ctx)?)),
            None => None,
        };
        Ok(SignedIn { fresh })
    }
}

/// Completes the pending sign-in of the caller, or steps the caller's session up, by a proof of this kind.
///
/// # Errors
/// 401/2021 when the sign-in was completed or ended by somebody else, 403 when this kind of proof is not what it
/// waits for.
pub(crate) async fn complete(tx: &mut Tx, ctx: &Ctx, kind: FactorType, method: &str) -> Result<Completion> {
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
            Ok(Completion { fresh: None })
        }
        Actor::Pending(transaction) => {
            if !mfa_transaction::consume(tx, ctx.pool(), &transaction.id, ctx.now()).await? {
                return Err(Error::new(codes::MFA_TOKEN_INVALID));
            }
            let user = crate::user::by_id(tx, ctx.pool(), &transaction.user_id).await?;
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
                return Ok(Completion { fresh: None });
            }
            let first: Vec<String> = serde_json::from_str(&transaction.amr).map_err(Error::internal)?;
            let mut amr: Vec<&str> = first.iter().map(String::as_str).collect();
            amr.extend([method, "mfa"]);
            let recovery = (method == "rc").then(|| ctx.now() + Millis::minutes(10));
            let session = open_session(tx, ctx, &app, &user, &transaction.scope, &amr, recovery).await?;
            let draft = tokens::draft(tx, ctx, &session, &app, &user, &tokens::Extras::default()).await?;
            Ok(Completion { fresh: Some((user, draft)) })
        }
        Actor::Anonymous | Actor::System | Actor::AccessKey(_) => Err(Error::new(codes::NOT_SIGNED_IN)),
    }
}

pub(crate) async fn open_session(
    tx: &mut Tx,
    ctx: &Ctx,
    app: &Application,
    user: &User,
    scope: &str,
    amr: &[&str],
    recovery_until: Option<Millis>,
) -> Result<Session> {
    let settings = app::client_settings(app)?;
    let lifetime = settings.refresh_token_expire.max(settings.access_token_expire);
    let mfa = amr.contains(&"mfa");
    let session = Session {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        user_id: user.id.clone(),
        app_id: app.id.clone(),
        scope: scope.to_owned(),
        amr: json!(amr).to_string(),
        auth_time: ctx.now(),
        mfa_at: mfa.then(|| ctx.now()),
        recovery_until,
        ip: ctx.request().ip.clone(),
        user_agent: ctx.request().user_agent.clone(),
        created_at: ctx.now(),
        expires_at: ctx.now() + Millis::seconds(lifetime),
        revoked_at: None,
    };
    session::TABLE.insert_later(tx, &session).await?;
    let (ip, agent) = (session.ip.as_deref(), session.user_agent.as_deref());
    watchword_store::login::record(tx, ctx.pool(), &user.id, &app.id, ip, agent, mfa, ctx.now()).await?;
    history::succeeded(tx, &session).await?;
    follow::signed_in(tx, ctx, &user.id).await?;
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
