//! The account's e-mail address and phone number: bound, unbound, changed.

use serde_json::json;
use watchword_api::profile::{
    BindEmailReq, BindPhoneReq, UnbindReq, UpdateEmailReq, UpdateEmailToken, UpdatePhoneReq, UpdatePhoneToken,
    VerifyUpdateEmailReq, VerifyUpdatePhoneReq,
};
use watchword_kit::{Error, Result, Secret, codes, text};
use watchword_store::user::{self as store, TABLE, User};
use watchword_store::{Tx, message as owners};

use super::proof::{Given, key, needed};
use crate::action_token::{self, Proof, Step};
use crate::ctx::Ctx;
use crate::group::follow;
use crate::message::{self, Medium};
use crate::outbox::{Event, notify_at};
use crate::pool;
use crate::user::text::{self as rules, Identifier};
use crate::user::{self, phone, unique, update};

/// An address or a number that an account is to have.
enum Contact {
    Email(Identifier),
    Phone(phone::Phone),
}

impl Contact {
    fn email(field: &str, given: &str) -> Result<Contact> {
        Ok(Contact::Email(rules::email(field, given)?))
    }

    fn phone(field: &str, number: &str, country_code: Option<&str>) -> Result<Contact> {
        let read = phone::read(number, country_code);
        read.map(Contact::Phone).ok_or_else(|| Error::invalid(field, text!("not a phone number", "不是有效的手机号")))
    }

    fn medium(&self) -> Medium {
        match self {
            Contact::Email(_) => Medium::Email,
            Contact::Phone(_) => Medium::Sms,
        }
    }

    fn key(&self) -> &str {
        match self {
            Contact::Email(email) => &email.key,
            Contact::Phone(phone) => &phone.e164,
        }
    }

    fn given(&self, code: Secret<String>) -> Given {
        Given::new(self.medium(), self.key().to_owned(), code)
    }

    /// Writes it into the row, as proven.
    fn put(&self, row: &mut User) {
        match self {
            Contact::Email(email) => {
                row.email = Some(email.shown.clone());
                row.email_key = Some(email.key.clone());
                row.email_verified = true;
            }
            Contact::Phone(phone) => {
                row.phone = Some(phone.number.clone());
                row.phone_country_code = Some(phone.country_code.clone());
                row.phone_key = Some(phone.e164.clone());
                row.phone_verified = true;
            }
        }
    }

    /// The refusal when another user has it.
    async fn taken(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Option<Error>> {
        let (field, owner) = match self {
            Contact::Email(email) => ("email", owners::owner_of_email(tx, ctx.pool(), &email.key).await?),
            Contact::Phone(phone) => ("phone", owners::owner_of_phone(tx, ctx.pool(), &phone.e164).await?),
        };
        let other = owner.is_some_and(|id| Some(id.as_str()) != ctx.user_id());
        Ok(other.then(|| Error::new(codes::USER_EXISTS).at(field)))
    }
}

/// `POST /api/v3/bind-email`, for an account without e-mail address.
///
/// # Errors
/// 403/2001 for a wrong code; 409 where the account has an address, 409/2026 where another has this one.
pub async fn bind_email(ctx: &Ctx, req: BindEmailReq) -> Result<()> {
    bind(ctx, Contact::email("email", &req.email)?, req.pass_code, "CHANNEL_BIND_EMAIL").await
}

/// `POST /api/v3/bind-phone`, for an account without phone number.
///
/// # Errors
/// As [`bind_email`].
pub async fn bind_phone(ctx: &Ctx, req: BindPhoneReq) -> Result<()> {
    let contact = Contact::phone("phoneNumber", &req.phone_number, req.phone_country_code.as_deref())?;
    bind(ctx, contact, req.pass_code, "CHANNEL_BIND_PHONE").await
}

async fn bind(ctx: &Ctx, contact: Contact, code: Secret<String>, channel: &str) -> Result<()> {
    let id = ctx.session()?.user_id.clone();
    let details = json!({ "userId": id });
    let mut tx = ctx.write().await?;
    if !contact.given(code).is_right(&mut tx, ctx, channel).await? {
        return Err(ctx.commit_refusal(tx, wrong_code("passCode"), details).await);
    }
    if let Some(taken) = contact.taken(&mut tx, ctx).await? {
        return Err(ctx.commit_refusal(tx, taken, details).await);
    }
    let mut user = held(&mut tx, ctx, &id).await?;
    if key(&user, contact.medium()).is_some() {
        let detail = text!("the account has one already: change it instead", "账号已绑定，请使用修改接口");
        return Err(ctx.commit_refusal(tx, Error::new(codes::CONFLICT).because(detail), details).await);
    }
    let before = user.clone();
    contact.put(&mut user);
    save(&mut tx, ctx, &user).await?;
    // Where nothing else can be reached, at the new one.
    let (medium, target) = match before.email_key.as_deref().zip(Some(Medium::Email)) {
        Some((email, medium)) => (medium, email.to_owned()),
        None => (contact.medium(), contact.key().to_owned()),
    };
    notify_at(&mut tx, ctx, &user, medium, &target, Event::ContactBound(contact.medium())).await?;
    ctx.commit(tx, details).await
}

/// `POST /api/v3/unbind-email`. The user's other sessions end.
///
/// # Errors
/// 403/2001 for a wrong code; 422 where the account has none, or no other way to sign in would be left.
pub async fn unbind_email(ctx: &Ctx, req: UnbindReq) -> Result<()> {
    unbind(ctx, Medium::Email, req, "CHANNEL_UNBIND_EMAIL").await
}

/// `POST /api/v3/unbind-phone`. The user's other sessions end.
///
/// # Errors
/// As [`unbind_email`].
pub async fn unbind_phone(ctx: &Ctx, req: UnbindReq) -> Result<()> {
    unbind(ctx, Medium::Sms, req, "CHANNEL_UNBIND_PHONE").await
}

async fn unbind(ctx: &Ctx, medium: Medium, req: UnbindReq, channel: &str) -> Result<()> {
    let session = ctx.session()?;
    let details = json!({ "userId": session.user_id });
    let mut tx = ctx.write().await?;
    let user = user::by_id(&mut tx, ctx.pool(), &session.user_id).await?;
    let Some(target) = key(&user, medium).map(str::to_owned) else {
        let detail = text!("the account has none", "账号尚未绑定");
        return Err(Error::new(codes::UNPROCESSABLE).because(detail));
    };
    let given = Given::new(medium, target.clone(), req.pass_code);
    if !given.is_right(&mut tx, ctx, channel).await? {
        return Err(ctx.commit_refusal(tx, wrong_code("passCode"), details).await);
    }
    let mut user = held(&mut tx, ctx, &session.user_id).await?;
    let before = user.clone();
    match medium {
        Medium::Email => (user.email, user.email_key, user.email_verified) = (None, None, false),
        Medium::Sms => {
            (user.phone, user.phone_key, user.phone_verified) = (None, None, false);
            user.phone_country_code = None;
        }
    }
    if key(&before, medium) != Some(target.as_str()) || !can_sign_in(&mut tx, ctx, &user).await? {
        let detail = text!(
            "no other way to sign in would be left: bind another or set user name and password first",
            "解绑后将没有其他登录方式，请先绑定其他登录方式"
        );
        return Err(ctx.commit_refusal(tx, Error::new(codes::UNPROCESSABLE).because(detail), details).await);
    }
    save(&mut tx, ctx, &user).await?;
    update::sign_out_except(&mut tx, ctx, &user.id, Some(&session.id)).await?;
    notify_at(&mut tx, ctx, &before, medium, &target, Event::ContactUnbound(medium)).await?;
    ctx.commit(tx, details).await
}

/// Whether somebody who is like this can sign in: by a code, by an identity elsewhere, by user name and password.
pub(crate) async fn can_sign_in(tx: &mut Tx, ctx: &Ctx, user: &User) -> Result<bool> {
    if user.email_key.is_some() || user.phone_key.is_some() {
        return Ok(true);
    }
    let by_password = user.username_key.is_some() && user.password_hash.is_some();
    Ok(by_password || store::identity::count(tx, ctx.pool(), &user.id).await? > 0)
}

/// `POST /api/v3/verify-update-email-request`: codes of the channel `CHANNEL_UPDATE_EMAIL`.
///
/// # Errors
/// 403/2001 at the first wrong code; 422 for an account without address; 400 where the present one must be proven, too,
/// and where the new one is the present one; 409/2026 where another has it.
pub async fn verify_email(ctx: &Ctx, req: VerifyUpdateEmailReq) -> Result<UpdateEmailToken> {
    let payload = req.email_pass_code_payload;
    let at = "emailPassCodePayload";
    let new = Contact::email("newEmail", &payload.new_email).map_err(|e| e.at(at))?;
    let old = match payload.old_email {
        Some(email) => Some(message::normalise_email(&email).map_err(|e| e.at("oldEmail").at(at))?),
        None => None,
    };
    let asked = Asked {
        new,
        new_code: payload.new_email_pass_code,
        old: old.zip(payload.old_email_pass_code),
        fields: ["emailPassCodePayload.newEmailPassCode", "emailPassCodePayload.oldEmailPassCode"],
        channels: ["CHANNEL_UPDATE_EMAIL", "CHANNEL_UPDATE_EMAIL"],
    };
    let token = verify(ctx, asked, Step::UpdateEmail).await?;
    Ok(UpdateEmailToken { update_email_token: token.reveal().clone(), token_expires_in: Step::UpdateEmail.seconds() })
}

/// `POST /api/v3/verify-update-phone-request`: codes of the channels `CHANNEL_BIND_PHONE` and, to the present number,
/// `CHANNEL_UNBIND_PHONE`.
///
/// # Errors
/// As [`verify_email`].
pub async fn verify_phone(ctx: &Ctx, req: VerifyUpdatePhoneReq) -> Result<UpdatePhoneToken> {
    let payload = req.phone_pass_code_payload;
    let at = "phonePassCodePayload";
    let code = payload.new_phone_country_code.as_deref();
    let new = Contact::phone("newPhoneNumber", &payload.new_phone_number, code).map_err(|e| e.at(at))?;
    let old = match payload.old_phone_number {
        Some(number) => {
            let old = message::normalise_phone(&number, payload.old_phone_country_code.as_deref());
            Some(old.map_err(|e| e.at("oldPhoneNumber").at(at))?)
        }
        None => None,
    };
    let asked = Asked {
        new,
        new_code: payload.new_phone_pass_code,
        old: old.zip(payload.old_phone_pass_code),
        fields: ["phonePassCodePayload.newPhonePassCode", "phonePassCodePayload.oldPhonePassCode"],
        channels: ["CHANNEL_BIND_PHONE", "CHANNEL_UNBIND_PHONE"],
    };
    let token = verify(ctx, asked, Step::UpdatePhone).await?;
    Ok(UpdatePhoneToken { update_phone_token: token.reveal().clone(), token_expires_in: Step::UpdatePhone.seconds() })
}

/// What the first step of a change brings, the new one's first.
struct Asked {
    new: Contact,
    new_code: Secret<String>,
    /// Normalised, with its code.
    old: Option<(String, Secret<String>)>,
    fields: [&'static str; 2],
    channels: [&'static str; 2],
}

async fn verify(ctx: &Ctx, asked: Asked, step: Step) -> Result<Secret<String>> {
    let id = ctx.session()?.user_id.clone();
    let details = json!({ "userId": id });
    let Asked { new, new_code, old, fields: [new_field, old_field], channels: [new_channel, old_channel] } = asked;
    let medium = new.medium();
    let mut tx = ctx.write().await?;
    let rules = pool::settings(&mut tx, ctx.pool()).await?.security;
    let user = user::by_id(&mut tx, ctx.pool(), &id).await?;
    let Some(present) = key(&user, medium).map(str::to_owned) else {
        let detail = text!("the account has none yet: bind one instead", "账号尚未绑定，请使用绑定接口");
        return Err(Error::new(codes::UNPROCESSABLE).because(detail));
    };
    if present == new.key() {
        return Err(Error::invalid(new_field, text!("the account has this one already", "与当前相同")));
    }
    let prove_old = if medium == Medium::Email { rules.verify_old_email } else { rules.verify_old_phone };
    if prove_old && old.is_none() {
        return Err(needed(old_field));
    }
    let mut wrong = None;
    if !new.given(new_code).is_right(&mut tx, ctx, new_channel).await? {
        wrong = Some(new_field);
    }
    if let Some((target, code)) = old {
        let right = Given::new(medium, target.clone(), code).is_right(&mut tx, ctx, old_channel).await?;
        if !right || target != present {
            wrong = wrong.or(Some(old_field));
        }
    }
    if let Some(field) = wrong {
        return Err(ctx.commit_refusal(tx, wrong_code(field), details).await);
    }
    if let Some(taken) = new.taken(&mut tx, ctx).await? {
        return Err(ctx.commit_refusal(tx, taken, details).await);
    }
    let target = match &new {
        Contact::Email(email) => (email.shown.clone(), None),
        Contact::Phone(phone) => (phone.e164.clone(), Some(phone.country_code.clone())),
    };
    let proof = Proof { user: &id, channel: medium.as_str(), target: Some(target), seen: present };
    let token = action_token::issue(&mut tx, ctx, step, proof).await?;
    ctx.commit(tx, details).await?;
    Ok(token)
}

/// `POST /api/v3/update-email`. The user's other sessions end, and the old address is told.
///
/// # Errors
/// 403 for a token that is wrong, used or over; 409/2026 where somebody has the address by now.
pub async fn update_email(ctx: &Ctx, req: UpdateEmailReq) -> Result<()> {
    change(ctx, Step::UpdateEmail, Medium::Email, &req.update_email_token).await
}

/// `POST /api/v3/update-phone`. The user's other sessions end, and the old number is told.
///
/// # Errors
/// As [`update_email`].
pub async fn update_phone(ctx: &Ctx, req: UpdatePhoneReq) -> Result<()> {
    change(ctx, Step::UpdatePhone, Medium::Sms, &req.update_phone_token).await
}

async fn change(ctx: &Ctx, step: Step, medium: Medium, token: &Secret<String>) -> Result<()> {
    let session = ctx.session()?;
    let details = json!({ "userId": session.user_id });
    let mut tx = ctx.write().await?;
    let (row, before) = action_token::spend(&mut tx, ctx, &[step], token).await?;
    if before.id != session.user_id || key(&before, medium) != Some(row.seen.as_str()) {
        return Err(action_token::over());
    }
    let target = row.target.unwrap_or_default();
    let contact = match medium {
        Medium::Email => Contact::email("email", &target)?,
        Medium::Sms => Contact::phone("phone", &target, row.target_country_code.as_deref())?,
    };
    if let Some(taken) = contact.taken(&mut tx, ctx).await? {
        return Err(ctx.commit_refusal(tx, taken, details).await);
    }
    let mut user = before.clone();
    contact.put(&mut user);
    save(&mut tx, ctx, &user).await?;
    update::sign_out_except(&mut tx, ctx, &user.id, Some(&session.id)).await?;
    notify_at(&mut tx, ctx, &before, medium, &row.seen, Event::ContactChanged(medium)).await?;
    ctx.commit(tx, details).await
}

async fn held(tx: &mut Tx, ctx: &Ctx, id: &str) -> Result<User> {
    let user = TABLE.hold(tx, ctx.pool(), id, "updated_at", ctx.now()).await?;
    user.ok_or_else(|| Error::new(codes::USER_NOT_FOUND))
}

async fn save(tx: &mut Tx, ctx: &Ctx, user: &User) -> Result<()> {
    let saved = TABLE.update(tx, user).await;
    saved.map_err(|e| unique::refusal(&e).unwrap_or_else(|| e.into()))?;
    follow::changed(tx, ctx, std::slice::from_ref(&user.id)).await
}

fn wrong_code(field: &str) -> Error {
    Error::new(codes::PASS_CODE_WRONG).at(field)
}
