//! Accounts that a sign-in makes for those who have none (`autoRegister`).

use watchword_api::app::RegisterMethod;
use watchword_api::common::Object;
use watchword_api::login::PassCodePayload;
use watchword_api::signup::{SignUpConnection, SignUpPassCodePayload, SignUpPasswordPayload, SignUpProfile, SignUpReq};
use watchword_kit::{Error, Result, Secret, codes};
use watchword_store::app::Application;
use watchword_store::user::User;

use super::gate;
use crate::ctx::Ctx;
use crate::message::{self, Medium};
use crate::signup;
use crate::user::LoginName;
use crate::user::phone;

/// What a sign-in says of an account that does not exist yet. Where the application lets nobody register in the way of
/// the sign-in, an unknown name is refused as at any other sign-in.
pub(super) struct Newcomer {
    pub custom_data: Option<Object>,
}

impl Newcomer {
    /// By the code of the sign-in itself.
    pub async fn by_code(self, ctx: &Ctx, app: &Application, payload: &PassCodePayload) -> Result<Option<User>> {
        let medium = if payload.phone.is_some() { Medium::Sms } else { Medium::Email };
        if !is_open(ctx, app, way(medium)).await? {
            return Ok(None);
        }
        let payload = SignUpPassCodePayload {
            pass_code: payload.pass_code.clone(),
            email: payload.email.clone(),
            phone: payload.phone.clone(),
            phone_country_code: payload.phone_country_code.clone(),
        };
        let req = SignUpReq { pass_code_payload: Some(payload), ..self.request(SignUpConnection::Passcode) };
        make(ctx, req).await.map(Some)
    }

    /// By a password, for what can be a user name or an e-mail address.
    pub async fn by_password(
        self,
        ctx: &Ctx,
        app: &Application,
        name: &LoginName,
        password: Secret<String>,
    ) -> Result<Option<User>> {
        let text = name.text().to_owned();
        let (username, email) = match name {
            _ if text.is_empty() => return Ok(None),
            LoginName::Username(_) => (Some(text), None),
            LoginName::Email(_) => (None, Some(text)),
            LoginName::Account(_) if message::normalise_email(&text).is_ok() => (None, Some(text)),
            LoginName::Account(_) if phone::read(&text, None).is_none() => (Some(text), None),
            LoginName::Account(_) | LoginName::Phone { .. } => return Ok(None),
        };
        if !is_open(ctx, app, RegisterMethod::EmailPassword).await? {
            return Ok(None);
        }
        let payload = SignUpPasswordPayload { password, username, email };
        let req = SignUpReq { password_payload: Some(payload), ..self.request(SignUpConnection::Password) };
        make(ctx, req).await.map(Some)
    }

    fn request(self, connection: SignUpConnection) -> SignUpReq {
        let profile = SignUpProfile { custom_data: self.custom_data, ..SignUpProfile::default() };
        SignUpReq { connection, password_payload: None, pass_code_payload: None, profile: Some(profile), options: None }
    }
}

/// How somebody registers who has a code.
pub(crate) fn way(medium: Medium) -> RegisterMethod {
    match medium {
        Medium::Email => RegisterMethod::EmailCode,
        Medium::Sms => RegisterMethod::PhoneCode,
    }
}

async fn is_open(ctx: &Ctx, app: &Application, way: RegisterMethod) -> Result<bool> {
    match gate::may_register(&mut ctx.read().await?, ctx, app, way).await {
        Ok(()) => Ok(true),
        Err(e) if e.code() == codes::REGISTER_DISABLED => Ok(false),
        Err(e) => Err(e),
    }
}

async fn make(ctx: &Ctx, req: SignUpReq) -> Result<User> {
    signup::at_sign_in(ctx, req).await.map_err(|e| match e.field() {
        // As at a sign-in of somebody who is known.
        _ if e.code() == codes::PASS_CODE_WRONG => Error::new(codes::PASS_CODE_WRONG),
        Some(field) if field.starts_with("profile.") => {
            let field = field.replacen("profile", "options", 1);
            e.renamed(field)
        }
        _ => e,
    })
}
