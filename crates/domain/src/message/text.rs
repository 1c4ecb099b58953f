//! What the messages say: short, plain text in English and Chinese, no markup, the code once.

use watchword_kit::unicode::is_plain;
use watchword_kit::{Lang, Millis, Result, Text, text};
use watchword_store::Tx;

use super::Medium;
use crate::ctx::Ctx;
use crate::outbox::Letter;

/// Longest name of a sender, in characters.
const SENDER: usize = 40;

/// Who writes: the application the request comes from, otherwise the pool; fit for a subject line.
pub async fn sender(tx: &mut Tx, ctx: &Ctx) -> Result<String> {
    if let Some(id) = ctx.app_id()
        && let Some(app) = watchword_store::app::TABLE.get(tx, ctx.pool(), id).await?
    {
        return Ok(clean(&app.name));
    }
    Ok(clean(&crate::pool::load(tx, ctx.pool()).await?.0.name))
}

/// A message in our own words.
pub fn letter(purpose: &str, subject: &str, text: String) -> Letter {
    Letter { subject: subject.into(), text, html: None, from_name: None, code: None, purpose: purpose.into() }
}

/// The text of an SMS, which has no other place for its sender.
pub fn sms(lang: Lang, sender: &str, said: &str) -> String {
    match lang {
        Lang::En => format!("{sender}: {said}"),
        Lang::Zh => format!("【{sender}】{said}"),
    }
}

/// The message with a code.
pub fn code(lang: Lang, sender: &str, medium: Medium, purpose: &str, code: &str, life: Millis) -> Letter {
    let what = purpose_text(purpose);
    let (en, zh) = (what.en, what.zh);
    let Text { en: span_en, zh: span_zh } = span(life);
    let said = match medium {
        Medium::Sms => text!(
            "{sender}: {code} is your code to {en}. It works once, for {span_en}. Tell it to nobody.",
            "【{sender}】{code} 是您用于{zh}的验证码，{span_zh}内有效，仅可使用一次，请勿告知他人。"
        ),
        Medium::Email => text!(
            "Your code to {en} at {sender}:\n\n    {code}\n\nIt works once, for {span_en}. Tell it to nobody; we never \
             ask for it.\nIf you did not ask for a code, you can ignore this message.\n",
            "您正在{sender}{zh}，验证码为：\n\n    {code}\n\n验证码 {span_zh}内有效，仅可使用一次，请勿告知他人。\n如非本人操作，\
             请忽略此邮件。\n"
        ),
    };
    let subject = text!("Your {sender} verification code", "{sender} 验证码");
    let letter = letter(&short(purpose), subject.get(lang), said.get(lang).to_owned());
    Letter { code: Some(code.to_owned()), ..letter }
}

/// The e-mail with a link that confirms the address.
pub fn link(lang: Lang, sender: &str, url: &str, life: Millis) -> Letter {
    let Text { en, zh } = span(life);
    let said = text!(
        "Open this link to confirm your e-mail address at {sender}:\n\n{url}\n\nIt works once, for {en}.\nIf you did \
         not ask for it, you can ignore this message.\n",
        "请打开以下链接，确认您在{sender}的邮箱地址：\n\n{url}\n\n链接 {zh}内有效，仅可使用一次。\n如非本人操作，请忽略此邮件。\n"
    );
    let subject = text!("Confirm your e-mail address for {sender}", "{sender} 邮箱确认");
    letter("verify_email_link", subject.get(lang), said.get(lang).to_owned())
}

/// The e-mail with a link that sets a new password.
pub fn reset_link(lang: Lang, sender: &str, url: &str, life: Millis) -> Letter {
    let Text { en, zh } = span(life);
    let said = text!(
        "Open this link to set a new password at {sender}:\n\n{url}\n\nIt works once, for {en}. Give it to nobody.\nIf \
         you do not want a new password, you can ignore this message.\n",
        "请打开以下链接，设置您在{sender}的新密码：\n\n{url}\n\n链接 {zh}内有效，仅可使用一次，请勿告知他人。\n如无需重置密码，请忽略此邮件。\n"
    );
    let subject = text!("Set a new password for {sender}", "{sender} 重置密码");
    letter("reset_password_link", subject.get(lang), said.get(lang).to_owned())
}

fn span(life: Millis) -> Text {
    let minutes = life.0 / 60_000;
    if minutes == 1 { text!("1 minute", "1 分钟") } else { text!("{minutes} minutes", "{minutes} 分钟") }
}

/// `CHANNEL_VERIFY_MFA` as providers see it: `verify_mfa`.
pub(crate) fn short(purpose: &str) -> String {
    purpose.strip_prefix("CHANNEL_").unwrap_or(purpose).to_ascii_lowercase()
}

/// One line without anything that a mail client or a phone could take for more than a name.
pub(crate) fn clean(name: &str) -> String {
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { ' ' }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SENDER).collect()
}

fn purpose_text(purpose: &str) -> Text {
    match purpose {
        "CHANNEL_LOGIN" => text!("sign in", "登录"),
        "CHANNEL_REGISTER" => text!("create an account", "注册账号"),
        "CHANNEL_RESET_PASSWORD" => text!("reset your password", "重置密码"),
        "CHANNEL_BIND_PHONE" => text!("add this phone number", "绑定手机号"),
        "CHANNEL_UNBIND_PHONE" => text!("remove this phone number", "解绑手机号"),
        "CHANNEL_BIND_MFA" => text!("set up a second factor", "绑定 MFA"),
        "CHANNEL_VERIFY_MFA" => text!("confirm that it is you", "进行 MFA 验证"),
        "CHANNEL_UNBIND_MFA" => text!("remove a second factor", "解绑 MFA"),
        "CHANNEL_COMPLETE_PHONE" => text!("confirm this phone number", "补全手机号"),
        "CHANNEL_COMPLETE_EMAIL" => text!("confirm this e-mail address", "补全邮箱"),
        "CHANNEL_BIND_EMAIL" => text!("add this e-mail address", "绑定邮箱"),
        "CHANNEL_UNBIND_EMAIL" => text!("remove this e-mail address", "解绑邮箱"),
        "CHANNEL_UPDATE_EMAIL" => text!("change your e-mail address", "修改邮箱"),
        "CHANNEL_UNLOCK_ACCOUNT" => text!("unlock your account", "解锁账号"),
        "CHANNEL_DELETE_ACCOUNT" => text!("delete your account", "注销账号"),
        "CHANNEL_IDENTITY_VERIFICATION" => text!("confirm your identity", "进行身份验证"),
        _ => text!("go on", "继续操作"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_stands_once_in_the_text_and_never_in_the_subject() {
        for medium in [Medium::Sms, Medium::Email] {
            for lang in [Lang::En, Lang::Zh] {
                let letter = code(lang, "Acme", medium, "CHANNEL_LOGIN", "048213", Millis::minutes(5));
                assert_eq!(letter.text.matches("048213").count(), 1, "{}", letter.text);
                assert!(!letter.subject.contains("048213"));
                assert!(letter.text.contains('5'), "says how long it lives: {}", letter.text);
                assert_eq!(letter.purpose, "login");
            }
        }
    }

    #[test]
    fn a_senders_name_cannot_break_out_of_its_line() {
        assert_eq!(clean("Acme\r\nBcc: eve@x.com\u{202e}\u{0}"), "Acme Bcc: eve@x.com");
        assert_eq!(clean(&"x".repeat(500)).len(), SENDER);
    }
}
