//! Registration: users who make their own account.
//!
//! Somebody who proves an address or a number by a code is told if it is taken. By a password alone an e-mail address
//! is not proven: that it is taken is told all the same, as the interface has no other answer, and such answers are
//! counted against the caller's address like wrong passwords.

use serde_json::{Value, json};
use watchword_api::app::RegisterMethod;
use watchword_api::common::Object;
use watchword_api::custom_field::TargetType;
use watchword_api::signup::{SignUpConnection, SignUpProfile, SignUpReq};
use watchword_api::user::{CreateUserOptions, NewUser, User as Shown, UserSourceType};
use watchword_kit::{Error, Result, Secret, codes, text};
use watchword_store::Tx;
use watchword_store::app::Application;
use watchword_store::user::User;

use crate::audit::Audit;
use crate::captcha::Answer;
use crate::ctx::{Actor, Ctx};
use crate::custom_field::{Fields, base};
use crate::group::follow;
use crate::login::gate;
use crate::message::{self, Medium, provider};
use crate::outbox;
use crate::security_settings::password::PasswordRules;
use crate::user::create::{self, New};
use crate::user::unique::{self, Place};
use crate::user::view;
use crate::{app, login, pool, whitelist};

/// `POST /api/v3/signup`. Nobody is signed in by it.
///
/// # Errors
/// 403 where registration is switched off and for whom the whitelist does not name; 400 at the member that cannot be,
/// 403 at one that users may not set; 403/2001 at a code that is wrong; 409/2026 at the name that is taken.
pub async fn sign_up(ctx: &Ctx, req: SignUpReq) -> Result<Shown> {
    view::written(ctx, register(ctx, req).await?).await
}

/// As [`sign_up`], for pages, which go on with the sign-in.
///
/// A password that cannot be decrypted becomes a random one, as at sign-in: nobody learns from the answer whether a
/// ciphertext was well formed.
pub async fn register(ctx: &Ctx, req: SignUpReq) -> Result<User> {
    let app_id = ctx.app_id().ok_or_else(|| Error::new(codes::APP_NOT_FOUND))?;
    let wanted = Wanted::read(ctx, req)?;
    gate::robot(ctx, &wanted.captcha).await?;
    make(ctx, app_id, wanted).await
}

/// As [`register`], for somebody who signs in for the first time and is to have an account by it: the picture was asked
/// for by the sign-in, and the code is that of the sign-in.
pub(crate) async fn at_sign_in(ctx: &Ctx, req: SignUpReq) -> Result<User> {
    let (services, request) = (ctx.services().clone(), ctx.request().clone());
    let ctx = Ctx::new(services, ctx.pool().clone(), Actor::Anonymous, request, Some(Audit::SignUp));
    let app_id = ctx.app_id().ok_or_else(|| Error::new(codes::APP_NOT_FOUND))?;
    let mut wanted = Wanted::read(&ctx, req)?;
    for proof in &mut wanted.proofs {
        proof.channel = "CHANNEL_LOGIN";
    }
    make(&ctx, app_id, wanted).await
}

async fn make(ctx: &Ctx, app_id: &str, wanted: Wanted) -> Result<User> {
    let (fields, settings, app, rules);
    {
        let mut tx = ctx.read().await?;
        login::admit_address(&mut tx, ctx).await?;
        app = app::load(&mut tx, ctx.pool(), app_id).await?;
        settings = pool::settings(&mut tx, ctx.pool()).await?;
        gate::may_register(&mut tx, ctx, &app, wanted.method).await?;
        base::own_change(&mut tx, ctx, &wanted.keys, &wanted.custom_keys()).await.map_err(|e| e.at("profile"))?;
        rules = PasswordRules::of(&settings)?;
        fields = Fields::load(&mut tx, ctx, TargetType::User).await?;
    }
    let Wanted { item, method, proofs, source, .. } = wanted;
    let options = CreateUserOptions::default();
    let mut new = create::draw_up(ctx, item, &options, &rules, &fields).map_err(at_payload)?;
    new.row.source_type = UserSourceType::Register.as_str().into();
    new.row.source_id = Some(app_id.to_owned());
    new.row.register_source = json!([source]).to_string();
    for proof in &proofs {
        match proof.medium {
            Medium::Email => new.row.email_verified = true,
            Medium::Sms => new.row.phone_verified = true,
        }
    }
    create::work(ctx, &mut new, &settings, &rules).await.map_err(at_payload)?;
    store(ctx, &app, method, new, &proofs, &fields).await
}

async fn store(
    ctx: &Ctx,
    app: &Application,
    method: RegisterMethod,
    new: New,
    proofs: &[Proof],
    fields: &Fields,
) -> Result<User> {
    let mut tx = ctx.write().await?;
    gate::may_register(&mut tx, ctx, app, method).await?;
    gate::charge_registration(&mut tx, ctx).await?;
    let details = json!({ "appId": app.id, "registerSource": new.row.register_source });
    for proof in proofs {
        let Proof { medium, target, channel, given, .. } = proof;
        if !message::check_code(&mut tx, ctx, *medium, target, channel, given.reveal()).await? {
            login::charge_address(&mut tx, ctx).await?;
            let wrong = Error::new(codes::PASS_CODE_WRONG).at(proof.field);
            return Err(ctx.commit_refusal(tx, wrong, details).await);
        }
    }
    if !whitelist::admits(&mut tx, ctx, &app.id, &new.row).await? {
        let detail = text!("you are not on the list of those who may register", "您不在注册白名单中");
        return Err(ctx.commit_refusal(tx, Error::new(codes::FORBIDDEN).because(detail), details).await);
    }
    if let Some(taken) = unique::taken(&mut tx, ctx.pool(), &[&new.row], &[], Place::Alone).await? {
        login::charge_address(&mut tx, ctx).await?;
        return Err(ctx.commit_refusal(tx, taken, details).await);
    }
    if let Err(e) = create::put(&mut tx, std::slice::from_ref(&new)).await {
        // Somebody was faster.
        return Err(unique::refusal(&e).unwrap_or_else(|| e.into()));
    }
    let user = new.row;
    if let Some(drawn) = &new.drawn {
        let claims = [(user.id.as_str(), drawn)];
        fields.claim(&mut tx, ctx, &claims, |key, _| format!("profile.customData.{key}")).await?;
    }
    follow::created(&mut tx, ctx, std::slice::from_ref(&user.id)).await?;
    greet(&mut tx, ctx, &user).await?;
    // Whoever types a stranger's address must not have us write to it in words of their own choice.
    if user.email_verified {
        outbox::welcome(&mut tx, ctx, &user).await?;
    }
    let mut details = details;
    details["userId"] = Value::from(user.id.as_str());
    ctx.commit(tx, details).await?;
    Ok(user)
}

/// Sends the link that proves an e-mail address which nobody has proven. Where none can be sent now, the account is
/// made all the same, and send-email sends one later.
async fn greet(tx: &mut Tx, ctx: &Ctx, user: &User) -> Result<()> {
    let Some(email) = user.email_key.as_deref().filter(|_| !user.email_verified) else { return Ok(()) };
    if !provider::ready(tx, ctx, Medium::Email).await? {
        return Ok(());
    }
    match message::send_link(tx, ctx, email).await {
        Err(e) if ![422, 429].contains(&e.code().status) => Err(e),
        _ => Ok(()),
    }
}

/// A code that proves an address or a number.
struct Proof {
    medium: Medium,
    target: String,
    channel: &'static str,
    given: Secret<String>,
    field: &'static str,
}

/// A request that makes sense, its codes not yet judged.
struct Wanted {
    item: NewUser,
    method: RegisterMethod,
    source: &'static str,
    proofs: Vec<Proof>,
    /// Built-in fields that the request sets.
    keys: Vec<&'static str>,
    captcha: Answer,
}

impl Wanted {
    fn read(ctx: &Ctx, req: SignUpReq) -> Result<Wanted> {
        let options = req.options.unwrap_or_default();
        let encrypted = options.password_encrypt_type.unwrap_or_default();
        let (mut item, keys) = said(req.profile.unwrap_or_default(), options.context);
        let captcha = Answer { text: options.captcha_code, token: options.captcha_token };
        let email_code = options.email_pass_code_for_information_completion;
        let phone_code = options.phone_pass_code_for_information_completion;
        let mut proofs = Vec::new();
        let further = (item.email.take(), item.phone.take(), item.phone_country_code.take());
        let (method, source) = match req.connection {
            SignUpConnection::Password => {
                let payload = req.password_payload.ok_or_else(|| needed("passwordPayload"))?;
                if payload.username.is_none() && payload.email.is_none() {
                    let detail = text!("give username or email", "请提供 username 或 email");
                    return Err(Error::invalid("passwordPayload", detail));
                }
                if options.password_for_phone_pass_code.is_some() {
                    let detail = text!("goes with PASSCODE", "仅用于 PASSCODE 方式");
                    return Err(Error::invalid("options.passwordForPhonePassCode", detail));
                }
                item.password = Some(login::plain(ctx, payload.password, encrypted));
                item.username = payload.username;
                let source = if payload.email.is_some() { "basic:email" } else { "basic:username-password" };
                item.email = payload.email;
                (RegisterMethod::EmailPassword, source)
            }
            SignUpConnection::Passcode => {
                let payload = req.pass_code_payload.ok_or_else(|| needed("passCodePayload"))?;
                item.password = options.password_for_phone_pass_code.map(|given| login::plain(ctx, given, encrypted));
                let (field, given) = ("passCodePayload.passCode", payload.pass_code);
                match (payload.email, payload.phone) {
                    (Some(email), None) => {
                        let target = message::normalise_email(&email).map_err(|e| e.at("passCodePayload.email"))?;
                        let channel = "CHANNEL_REGISTER";
                        proofs.push(Proof { medium: Medium::Email, target, channel, given, field });
                        item.email = Some(email);
                        (RegisterMethod::EmailCode, "basic:email-code")
                    }
                    (None, Some(phone)) => {
                        let code = payload.phone_country_code;
                        let target = message::normalise_phone(&phone, code.as_deref());
                        let target = target.map_err(|e| e.at("passCodePayload.phone"))?;
                        let channel = "CHANNEL_REGISTER";
                        proofs.push(Proof { medium: Medium::Sms, target, channel, given, field });
                        (item.phone, item.phone_country_code) = (Some(phone), code);
                        (RegisterMethod::PhoneCode, "basic:phone-code")
                    }
                    _ => {
                        let detail = text!("give phone or email", "请提供 phone 或 email 之一");
                        return Err(Error::invalid("passCodePayload", detail));
                    }
                }
            }
        };
        let mut wanted = Wanted { item, method, source, proofs, keys, captcha };
        wanted.complete_email(further.0, email_code)?;
        wanted.complete_phone(further.1, further.2, phone_code)?;
        Ok(wanted)
    }

    /// A further address is proven by a code; that of a password registration may be.
    fn complete_email(&mut self, further: Option<String>, code: Option<Secret<String>>) -> Result<()> {
        const CODE: &str = "options.emailPassCodeForInformationCompletion";
        let email = match (further, &self.item.email) {
            (None, None) if code.is_some() => {
                return Err(Error::invalid(CODE, text!("there is no address to prove", "没有需要验证的邮箱")));
            }
            (None, None) => return Ok(()),
            (None, Some(own)) => {
                if code.is_none() || self.method == RegisterMethod::EmailCode {
                    return Ok(());
                }
                own.clone()
            }
            (Some(_), Some(_)) => return Err(twice("profile.email")),
            (Some(further), None) => further,
        };
        let given = code.ok_or_else(|| needed(CODE))?;
        let target = message::normalise_email(&email).map_err(|e| e.at("profile.email"))?;
        let channel = "CHANNEL_COMPLETE_EMAIL";
        self.proofs.push(Proof { medium: Medium::Email, target, channel, given, field: CODE });
        self.item.email = Some(email);
        Ok(())
    }

    fn complete_phone(
        &mut self,
        further: Option<String>,
        country_code: Option<String>,
        code: Option<Secret<String>>,
    ) -> Result<()> {
        const CODE: &str = "options.phonePassCodeForInformationCompletion";
        let Some(phone) = further else {
            return match code {
                Some(_) => Err(Error::invalid(CODE, text!("there is no number to prove", "没有需要验证的手机号"))),
                None => Ok(()),
            };
        };
        if self.item.phone.is_some() {
            return Err(twice("profile.phone"));
        }
        let given = code.ok_or_else(|| needed(CODE))?;
        let target = message::normalise_phone(&phone, country_code.as_deref()).map_err(|e| e.at("profile.phone"))?;
        let channel = "CHANNEL_COMPLETE_PHONE";
        self.proofs.push(Proof { medium: Medium::Sms, target, channel, given, field: CODE });
        (self.item.phone, self.item.phone_country_code) = (Some(phone), country_code);
        Ok(())
    }

    fn custom_keys(&self) -> Vec<&str> {
        self.item.custom_data.iter().flatten().map(|(key, _)| key.as_str()).collect()
    }
}

macro_rules! moved {
    ($from:ident to $item:ident, $keys:ident: $($field:ident $wire:literal;)*) => {
        $(if $from.$field.is_some() {
            $item.$field = $from.$field.take();
            $keys.push($wire);
        })*
    };
}

/// The new user as the profile has it, and the built-in fields in it that users may be kept from setting. What the
/// client is, users never choose, so that these two need no right.
fn said(mut profile: SignUpProfile, context: Option<Object>) -> (NewUser, Vec<&'static str>) {
    let mut item = NewUser {
        email: profile.email.take(),
        phone: profile.phone.take(),
        phone_country_code: profile.phone_country_code.take(),
        device: profile.device.take(),
        browser: profile.browser.take(),
        ..NewUser::default()
    };
    let mut keys = Vec::new();
    moved! { profile to item, keys:
        nickname "nickname";
        company "company";
        photo "photo";
        name "name";
        given_name "givenName";
        family_name "familyName";
        middle_name "middleName";
        profile "profile";
        preferred_username "preferredUsername";
        website "website";
        gender "gender";
        birthdate "birthdate";
        zoneinfo "zoneinfo";
        locale "locale";
        address "address";
        formatted "formatted";
        street_address "streetAddress";
        region "region";
        postal_code "postalCode";
        country "country";
    }
    if profile.locality.is_some() {
        item.city = profile.locality.take();
        keys.push("city");
    }
    let mut custom = profile.custom_data.take().unwrap_or_default();
    custom.extend(context.unwrap_or_default());
    item.custom_data = Some(custom).filter(|custom| !custom.is_empty());
    (item, keys)
}

fn at_payload(e: Error) -> Error {
    match e.field().and_then(|f| f.split('.').next()) {
        Some("password" | "username") => e.at("passwordPayload"),
        Some("email" | "phone" | "phoneCountryCode") | None => e,
        Some(_) => e.at("profile"),
    }
}

fn needed(field: &str) -> Error {
    Error::invalid(field, text!("required", "必填"))
}

fn twice(field: &str) -> Error {
    Error::invalid(field, text!("the account has one already", "账号已有该项"))
}
