//! Telling users of their new account or password because the administrator asked for it.

use watchword_api::message::EmailTemplateType;
use watchword_api::user::{NotifyCreated, NotifyPasswordReset};
use watchword_kit::{Error, Lang, Millis, Result, Secret, Text, codes, text};
use watchword_store::user::User;
use watchword_store::{Tx, app};

use crate::ctx::Ctx;
use crate::message::template::{self, About};
use crate::message::{self, Medium, provider, text as texts};
use crate::outbox::{Letter, enqueue};

/// A message that waits longer than this is given up.
const LIFETIME: Millis = Millis::hours(24);

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    Created,
    PasswordReset,
}

/// Whom to tell and where; checked before any work is done.
pub struct Notice {
    happened: Happened,
    /// The user's own address or number; with its member of the request.
    own: Vec<(Medium, &'static str)>,
    /// Normalised targets that the request names.
    others: Vec<(Medium, String)>,
    address: String,
}

impl Notice {
    /// Reads `options.sendNotification`; `None` when nobody is to be told.
    ///
    /// # Errors
    /// 501 without a provider for the medium, 404/2011 for an unknown application.
    pub async fn created(tx: &mut Tx, ctx: &Ctx, wish: Option<NotifyCreated>) -> Result<Option<Notice>> {
        let NotifyCreated { send_email_notification, send_phone_notification, app_id } = wish.unwrap_or_default();
        let own = own(
            (send_email_notification, "options.sendNotification.sendEmailNotification"),
            (send_phone_notification, "options.sendNotification.sendPhoneNotification"),
        );
        let notice = Notice { happened: Happened::Created, own, others: Vec::new(), address: String::new() };
        notice.checked(tx, ctx, "options.sendNotification", app_id).await
    }

    /// Reads `options.sendPasswordResetedNotification`; `None` when nobody is to be told.
    ///
    /// # Errors
    /// As [`Notice::created`]; 400 for a target that cannot be.
    pub async fn password_reset(tx: &mut Tx, ctx: &Ctx, wish: Option<NotifyPasswordReset>) -> Result<Option<Notice>> {
        const AT: &str = "options.sendPasswordResetedNotification";
        let wish = wish.unwrap_or_default();
        let own = own(
            (
                wish.send_default_email_notification,
                "options.sendPasswordResetedNotification.sendDefaultEmailNotification",
            ),
            (
                wish.send_default_phone_notification,
                "options.sendPasswordResetedNotification.sendDefaultPhoneNotification",
            ),
        );
        let mut others = Vec::new();
        if let Some(email) = wish.input_send_email_notification.filter(|s| !s.is_empty()) {
            let at = |e: Error| e.at(format!("{AT}.inputSendEmailNotification"));
            others.push((Medium::Email, message::normalise_email(&email).map_err(at)?));
        }
        if let Some(phone) = wish.input_send_phone_notification.filter(|s| !s.is_empty()) {
            let at = |e: Error| e.at(format!("{AT}.inputSendPhoneNotification"));
            others.push((Medium::Sms, message::normalise_phone(&phone, None).map_err(at)?));
        }
        let notice = Notice { happened: Happened::PasswordReset, own, others, address: String::new() };
        notice.checked(tx, ctx, AT, wish.app_id).await
    }

    async fn checked(mut self, tx: &mut Tx, ctx: &Ctx, at: &str, app_id: Option<String>) -> Result<Option<Notice>> {
        let app_id = app_id.filter(|id| !id.is_empty());
        let media = self.own.iter().map(|(m, _)| *m).chain(self.others.iter().map(|(m, _)| *m));
        let media: Vec<Medium> = media.collect();
        for medium in &media {
            provider::require(tx, ctx, *medium).await.map_err(|e| e.at(at))?;
        }
        self.address = ctx.settings.public_url.clone();
        if let Some(id) = app_id {
            let found = app::TABLE.get(tx, ctx.pool(), &id).await?;
            let app = found.ok_or_else(|| Error::new(codes::APP_NOT_FOUND).at(format!("{at}.appId")))?;
            self.address = crate::app::login_address(ctx, &app);
        }
        Ok((!media.is_empty()).then_some(self))
    }

    /// Whether everybody can be told who is to be told.
    ///
    /// # Errors
    /// 400 at `email` or `phone` where the user has none.
    pub fn reaches(&self, user: &User) -> Result<()> {
        for (medium, member) in &self.own {
            let (field, there) = match medium {
                Medium::Email => ("email", user.email_key.is_some()),
                Medium::Sms => ("phone", user.phone_key.is_some()),
            };
            if !there {
                return Err(Error::invalid(field, text!("needed for {member}", "{member} 需要该字段")));
            }
        }
        Ok(())
    }

    /// Writes the messages with the change that they tell of. `password` only where it was made here.
    pub async fn write(&self, tx: &mut Tx, ctx: &Ctx, user: &User, password: Option<&Secret<String>>) -> Result<()> {
        let own = self.own.iter().filter_map(|(medium, _)| {
            let target = match medium {
                Medium::Email => user.email_key.clone(),
                Medium::Sms => user.phone_key.clone(),
            };
            Some((*medium, target?))
        });
        let targets: Vec<(Medium, String)> = own.chain(self.others.iter().cloned()).collect();
        let sender = texts::sender(tx, ctx).await?;
        let lang = user.locale.as_deref().and_then(Lang::from_tag).unwrap_or(ctx.request().lang);
        for (medium, target) in targets {
            let mut letter = self.letter(medium, &sender, lang, password);
            if medium == Medium::Email {
                let (password, url) = (password.map(|p| p.reveal().as_str()), Some(self.address.as_str()));
                let about = About { user: Some(user), password, url, ..About::default() };
                let kind = match self.happened {
                    Happened::Created => EmailTemplateType::FirstCreatedUser,
                    Happened::PasswordReset => EmailTemplateType::AdminResetUserPasswordNotification,
                };
                letter = template::dress(tx, ctx, kind, &target, about, letter).await?;
            }
            enqueue(tx, ctx, medium, &target, &letter, ctx.now() + LIFETIME).await?;
        }
        Ok(())
    }

    fn letter(&self, medium: Medium, sender: &str, lang: Lang, password: Option<&Secret<String>>) -> Letter {
        let address = &self.address;
        let (purpose, title, said) = match self.happened {
            Happened::Created => (
                "account_created",
                text!("your account", "账号已创建"),
                text!("An account was created for you. Sign in at {address}", "已为您创建账号，登录地址：{address}"),
            ),
            Happened::PasswordReset => (
                "password_changed",
                text!("password changed", "密码已修改"),
                text!(
                    "An administrator set a new password for your account. Sign in at {address}",
                    "管理员已为您的账号设置新密码，登录地址：{address}"
                ),
            ),
        };
        let told = password.map(Secret::reveal).map(|p| text!(" Password: {p}", " 密码：{p}"));
        let told = told.unwrap_or(Text { en: "".into(), zh: "".into() });
        let (title, said, told) = (title.get(lang), said.get(lang), told.get(lang));
        let text = match medium {
            Medium::Sms => texts::sms(lang, sender, &format!("{said}{told}")),
            Medium::Email => format!("{said}\n{told}").trim_end().to_owned() + "\n",
        };
        texts::letter(purpose, &format!("{sender}: {title}"), text)
    }
}

fn own(email: (Option<bool>, &'static str), phone: (Option<bool>, &'static str)) -> Vec<(Medium, &'static str)> {
    let mut own = Vec::new();
    if email.0 == Some(true) {
        own.push((Medium::Email, email.1));
    }
    if phone.0 == Some(true) {
        own.push((Medium::Sms, phone.1));
    }
    own
}
