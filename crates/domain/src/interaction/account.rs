//! Before the sign-in: an account of one's own, and a password that was forgotten. The same rules as of the operations
//! ([`crate::signup`], [`crate::profile::password`]); the sign-in goes on with what was just chosen.

use watchword_api::app::RegisterMethod;
use watchword_api::login::PasswordPayload;
use watchword_api::message::{EmailChannel, SendEmailReq, SendSmsReq, SmsChannel};
use watchword_api::profile::{
    ProvenByEmail, ProvenByPhone, ResetPasswordMethod, ResetPasswordReq, VerifyResetPasswordReq,
};
use watchword_api::signup::{
    SignUpConnection, SignUpOptions, SignUpPassCodePayload, SignUpPasswordPayload, SignUpProfile, SignUpReq,
};
use watchword_kit::{Result, Secret};
use watchword_store::Tx;

use super::{Step, unfinished};
use crate::audit::Audit;
use crate::captcha::Answer;
use crate::ctx::{Actor, Ctx};
use crate::login::{self, gate};
use crate::profile::password;
use crate::sso_session::Cookie;
use crate::{custom_field, message, signup};

/// For what a code is sent before anybody has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Login,
    Register,
    ResetPassword,
}

/// What somebody registers with.
pub enum Registration {
    /// At least one of the names.
    Password { username: Option<String>, email: Option<String> },
    /// An address or number, and the code that was sent there.
    Code { account: String, code: Secret<String> },
}

impl Step {
    /// The same step under another name in the trail.
    fn acting(&self, action: Audit) -> Ctx {
        let (services, request) = (self.ctx.services().clone(), self.ctx.request().clone());
        Ctx::new(services, self.ctx.pool().clone(), Actor::Anonymous, request, Some(action))
    }
}

/// The ways in which somebody may register here.
pub(super) async fn open_ways(tx: &mut Tx, step: &Step) -> Result<Vec<RegisterMethod>> {
    let mut open = Vec::new();
    for way in [RegisterMethod::EmailPassword, RegisterMethod::EmailCode, RegisterMethod::PhoneCode] {
        match gate::may_register(tx, &step.ctx, &step.app, way).await {
            Ok(()) => open.push(way),
            Err(e) if e.code().status < 500 => {}
            Err(e) => return Err(e),
        }
    }
    Ok(open)
}

/// Sends a code to an address or number. Whether somebody has it, the answer does not tell.
pub async fn send_code(step: &Step, purpose: Purpose, account: String, captcha: Answer) -> Result<()> {
    let ctx = step.acting(Audit::MessageSend);
    let Answer { text: captcha_code, token: captcha_token } = captcha;
    if account.contains('@') {
        let channel = match purpose {
            Purpose::Login => EmailChannel::Login,
            Purpose::Register => EmailChannel::Register,
            Purpose::ResetPassword => EmailChannel::ResetPassword,
        };
        message::send_email(ctx, SendEmailReq { email: account, channel, captcha_code, captcha_token }).await
    } else {
        let channel = match purpose {
            Purpose::Login => SmsChannel::Login,
            Purpose::Register => SmsChannel::Register,
            Purpose::ResetPassword => SmsChannel::ResetPassword,
        };
        let req = SendSmsReq { phone_number: account, phone_country_code: None, channel, captcha_code, captcha_token };
        message::send_sms(ctx, req).await
    }
}

/// Makes an account and signs in with the password that was chosen. `fields`: custom ones, key and text. `None` where that takes more than the password, so
/// that the page asks for it as of anybody.
///
/// # Errors
/// As signup; 300 where something is owed before the sign-in ends.
pub async fn register(
    step: &Step,
    by: Registration,
    fields: Vec<(String, String)>,
    password: Secret<String>,
    captcha: Answer,
) -> Result<Option<Cookie>> {
    unfinished(step)?;
    let Answer { text: captcha_code, token: captcha_token } = captcha;
    let mut options = SignUpOptions { captcha_code, captcha_token, ..SignUpOptions::default() };
    let mut req = SignUpReq {
        connection: SignUpConnection::Password,
        password_payload: None,
        pass_code_payload: None,
        profile: None,
        options: None,
    };
    let account = match by {
        Registration::Password { username, email } => {
            let account = username.clone().or_else(|| email.clone()).unwrap_or_default();
            req.password_payload = Some(SignUpPasswordPayload { password: password.clone(), username, email });
            account
        }
        Registration::Code { account, code } => {
            req.connection = SignUpConnection::Passcode;
            options.password_for_phone_pass_code = Some(password.clone());
            let (email, phone) = either(account.clone());
            req.pass_code_payload =
                Some(SignUpPassCodePayload { pass_code: code, email, phone, phone_country_code: None });
            account
        }
    };
    req.options = Some(options);
    if !fields.is_empty() {
        let custom = custom_field::from_texts(&mut step.ctx.read().await?, &step.ctx, fields).await?;
        req.profile = Some(SignUpProfile { custom_data: Some(custom), ..SignUpProfile::default() });
    }
    signup::register(&step.acting(Audit::SignUp), req).await?;
    sign_in(step, account, password).await
}

async fn sign_in(step: &Step, account: String, password: Secret<String>) -> Result<Option<Cookie>> {
    let payload = PasswordPayload { password, account: Some(account), email: None, username: None, phone: None };
    let ctx = step.acting(Audit::SignIn);
    match login::with_password(&ctx, &step.app, &step.row, payload, &Answer::default()).await {
        Ok(cookie) => Ok(Some(cookie)),
        Err(e) if (400..500).contains(&e.code().status) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Sets a new password by a code of [`Purpose::ResetPassword`], and signs in with it, as [`register`] does.
///
/// # Errors
/// 403/2001 for a wrong code and where nobody has the address or number; 400 at `password` for one against the rules:
/// the code is spent then.
pub async fn reset_password(
    step: &Step,
    account: String,
    code: Secret<String>,
    password: Secret<String>,
) -> Result<Option<Cookie>> {
    unfinished(step)?;
    let (email, phone) = either(account.clone());
    let by_email = email.is_some();
    let verify = VerifyResetPasswordReq {
        verify_method: if by_email { ResetPasswordMethod::EmailPasscode } else { ResetPasswordMethod::PhonePasscode },
        phone_pass_code_payload: phone.map(|phone_number| ProvenByPhone {
            phone_number,
            pass_code: code.clone(),
            phone_country_code: None,
        }),
        email_pass_code_payload: by_email.then(|| ProvenByEmail { email, pass_code: code }),
    };
    let granted = password::verify_reset(&step.acting(Audit::PasswordResetStart), verify).await?;
    let req = ResetPasswordReq {
        password_reset_token: Secret::new(granted.password_reset_token),
        password: password.clone(),
        password_encrypt_type: None,
    };
    password::reset(&step.acting(Audit::PasswordReset), req).await?;
    sign_in(step, account, password).await
}

fn either(account: String) -> (Option<String>, Option<String>) {
    if account.contains('@') { (Some(account), None) } else { (None, Some(account)) }
}
