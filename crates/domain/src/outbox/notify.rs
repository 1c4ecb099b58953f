//! Telling users what happened to their account, out of band.

use watchword_api::message::EmailTemplateType;
use watchword_kit::{Lang, Millis, Result, Secret, Text, text};
use watchword_store::Tx;
use watchword_store::user::User;

use super::{Letter, enqueue};
use crate::ctx::Ctx;
use crate::message::template::{self, About};
use crate::message::{Medium, provider, text as texts};

/// A notice that waits longer than this tells nobody anything.
const LIFETIME: Millis = Millis::hours(24);

/// What a user is told.
#[derive(Clone, Debug)]
pub enum Event {
    FactorBound,
    FactorUnbound,
    FactorReplaced,
    RecoveryCodeUsed,
    FactorsDisabled,
    Locked,
    PasswordChanged,
    ContactBound(Medium),
    ContactUnbound(Medium),
    ContactChanged(Medium),
    AccountDeleted,
    /// The user has registered; told only in a pool's own words, see [`welcome`].
    Welcome,
    /// With the first password, when the administrator asked for it to be sent.
    AccountCreated {
        password: Option<Secret<String>>,
    },
}

/// Writes to the user's e-mail address, verified or not, otherwise to the phone number, otherwise to nobody. While
/// the pool has no provider for that medium (and the server is no demo) nothing is written: the audit row of the
/// change is then the only trace. Notices are not counted against the limits on codes.
///
/// The language is the user's `locale`, otherwise the request's.
pub async fn notify_user(tx: &mut Tx, ctx: &Ctx, user: &User, event: Event) -> Result<()> {
    let (medium, target) = match (&user.email_key, &user.phone_key) {
        (Some(email), _) => (Medium::Email, email),
        (None, Some(phone)) => (Medium::Sms, phone),
        (None, None) => return Ok(()),
    };
    let target = target.clone();
    notify_at(tx, ctx, user, medium, &target, event).await
}

/// As [`notify_user`], to a target of the caller's choice: what the account had before a change, say.
pub async fn notify_at(tx: &mut Tx, ctx: &Ctx, user: &User, medium: Medium, target: &str, event: Event) -> Result<()> {
    if !provider::ready(tx, ctx, medium).await? {
        return Ok(());
    }
    let sender = texts::sender(tx, ctx).await?;
    let lang = user.locale.as_deref().and_then(Lang::from_tag).unwrap_or(ctx.request().lang);
    let mut letter = render(&event, medium, &sender, lang);
    if let (Medium::Email, Some((kind, password))) = (medium, template_of(&event)) {
        let about = About { user: Some(user), password, ..About::default() };
        letter = template::dress(tx, ctx, kind, target, about, letter).await?;
    }
    enqueue(tx, ctx, medium, target, &letter, ctx.now() + LIFETIME).await?;
    Ok(())
}

/// The template that a pool may have for an event, and the password that it tells.
fn template_of(event: &Event) -> Option<(EmailTemplateType, Option<&str>)> {
    match event {
        Event::AccountCreated { password } => {
            Some((EmailTemplateType::FirstCreatedUser, password.as_ref().map(|p| p.reveal().as_str())))
        }
        Event::PasswordChanged => Some((EmailTemplateType::UserPasswordResetNotification, None)),
        Event::Welcome => Some((EmailTemplateType::WelcomeEmail, None)),
        _ => None,
    }
}

/// Welcomes a user who has registered, if the pool has written something for that.
pub async fn welcome(tx: &mut Tx, ctx: &Ctx, user: &User) -> Result<()> {
    if user.email_key.is_some() && template::wanted(tx, ctx, EmailTemplateType::WelcomeEmail).await? {
        notify_user(tx, ctx, user, Event::Welcome).await?;
    }
    Ok(())
}

fn render(event: &Event, medium: Medium, sender: &str, lang: Lang) -> Letter {
    let (purpose, title, said) = said(event);
    let said = match event {
        Event::AccountCreated { password: Some(password) } => {
            let password = password.reveal();
            let Text { en, zh } = said;
            text!("{en} Your first password: {password}", "{zh}初始密码：{password}")
        }
        _ => said,
    };
    let welcome = matches!(event, Event::AccountCreated { .. } | Event::Welcome);
    let (title, said) = (title.get(lang), said.get(lang));
    let advice = text!("If this was not you, contact your administrator at once.", "如非本人操作，请立即联系管理员。");
    let advice = if welcome { "" } else { advice.get(lang) };
    let text = match (medium, lang) {
        (Medium::Sms, Lang::En) => texts::sms(lang, sender, &format!("{said} {advice}")),
        (Medium::Sms, Lang::Zh) => texts::sms(lang, sender, &format!("{said}{advice}")),
        (Medium::Email, _) => format!("{said}\n\n{advice}\n"),
    };
    texts::letter(purpose, &format!("{sender}: {title}"), text.trim_end().to_owned())
}

/// The event's name for providers, the subject and the sentence.
fn said(event: &Event) -> (&'static str, Text, Text) {
    match event {
        Event::FactorBound => (
            "factor_bound",
            text!("second factor added", "已绑定 MFA"),
            text!("A second factor was added to your account.", "您的账号已绑定新的 MFA 要素。"),
        ),
        Event::FactorUnbound => (
            "factor_unbound",
            text!("second factor removed", "已解绑 MFA"),
            text!("A second factor was removed from your account.", "您的账号已解绑一个 MFA 要素。"),
        ),
        Event::FactorReplaced => (
            "factor_replaced",
            text!("second factor replaced", "已更换 MFA"),
            text!(
                "The second factor of your account was replaced; the old one no longer works.",
                "您账号的 MFA 要素已更换，旧要素已失效。"
            ),
        ),
        Event::RecoveryCodeUsed => (
            "recovery_code_used",
            text!("recovery code used", "恢复码已使用"),
            text!(
                "Your recovery code was used to sign in. A new one took its place.",
                "您的恢复码已用于登录，系统已生成新的恢复码。"
            ),
        ),
        Event::FactorsDisabled => (
            "factors_disabled",
            text!("second factor switched off", "MFA 已停用"),
            text!("The second factor of your account was switched off.", "您账号的 MFA 已停用。"),
        ),
        Event::Locked => (
            "locked",
            text!("account locked", "账号已锁定"),
            text!("Your account was locked after too many failed tries.", "由于失败次数过多，您的账号已被锁定。"),
        ),
        Event::PasswordChanged => (
            "password_changed",
            text!("password changed", "密码已修改"),
            text!("The password of your account was changed.", "您的账号密码已修改。"),
        ),
        Event::ContactBound(Medium::Email) => (
            "email_bound",
            text!("e-mail address added", "已绑定邮箱"),
            text!("An e-mail address was added to your account.", "您的账号已绑定新的邮箱。"),
        ),
        Event::ContactBound(Medium::Sms) => (
            "phone_bound",
            text!("phone number added", "已绑定手机号"),
            text!("A phone number was added to your account.", "您的账号已绑定新的手机号。"),
        ),
        Event::ContactUnbound(Medium::Email) => (
            "email_unbound",
            text!("e-mail address removed", "已解绑邮箱"),
            text!("This e-mail address was removed from your account.", "该邮箱已从您的账号解绑。"),
        ),
        Event::ContactUnbound(Medium::Sms) => (
            "phone_unbound",
            text!("phone number removed", "已解绑手机号"),
            text!("This phone number was removed from your account.", "该手机号已从您的账号解绑。"),
        ),
        Event::ContactChanged(Medium::Email) => (
            "email_changed",
            text!("e-mail address changed", "邮箱已更换"),
            text!("Your account has another e-mail address now.", "您的账号已更换邮箱，此邮箱不再有效。"),
        ),
        Event::ContactChanged(Medium::Sms) => (
            "phone_changed",
            text!("phone number changed", "手机号已更换"),
            text!("Your account has another phone number now.", "您的账号已更换手机号，此号码不再有效。"),
        ),
        Event::AccountDeleted => (
            "account_deleted",
            text!("account deleted", "账号已注销"),
            text!("Your account was deleted, as asked for with it.", "您的账号已按申请注销。"),
        ),
        Event::Welcome => {
            ("welcome", text!("welcome", "欢迎"), text!("Your account is ready.", "您的账号已注册成功。"))
        }
        Event::AccountCreated { .. } => (
            "account_created",
            text!("your account", "账号已创建"),
            text!("An account was created for you.", "已为您创建账号。"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_says_what_happened_and_only_a_first_password_is_ever_in_it() {
        for lang in [Lang::En, Lang::Zh] {
            for medium in [Medium::Sms, Medium::Email] {
                let password = Some(Secret::new(String::from("first-pass-1")));
                let with = render(&Event::AccountCreated { password }, medium, "Acme", lang);
                assert_eq!(with.text.matches("first-pass-1").count(), 1);
                let without = render(&Event::PasswordChanged, medium, "Acme", lang);
                assert!(without.code.is_none() && without.subject.starts_with("Acme: "));
                assert!(without.text.contains(if lang == Lang::En { "password" } else { "密码" }));
            }
        }
    }
}
