//! This server's own templates, in English and Chinese.

use watchword_api::message::{EmailTemplate, EmailTemplateCategory, EmailTemplateType as Kind, TemplateEngine};
use watchword_kit::{Lang, Text, text};

/// Seconds for which what the e-mail carries is good, unless the pool says otherwise; `None`: nothing expires.
pub fn life(kind: Kind) -> Option<i64> {
    match kind {
        Kind::RegisterVerifyCode
        | Kind::LoginVerifyCode
        | Kind::MfaVerifyCode
        | Kind::InformationCompletionVerifyCode
        | Kind::SelfUnlockingVerifyCode
        | Kind::EmailBindVerifyCode
        | Kind::EmailUnbindVerifyCode => Some(60),
        Kind::ResetPasswordVerifyCode => Some(300),
        Kind::FirstEmailLoginVerify => Some(1800),
        Kind::WelcomeEmail
        | Kind::FirstCreatedUser
        | Kind::ConsoleConductedVerify
        | Kind::UserPasswordUpdateRemind
        | Kind::AdminResetUserPasswordNotification
        | Kind::UserPasswordResetNotification => None,
    }
}

/// The template that is there before a pool writes one.
pub fn default(kind: Kind, lang: Lang) -> EmailTemplate {
    let (name, subject, said) = words(kind);
    EmailTemplate {
        customize_enabled: false,
        kind,
        name: name.get(lang).to_owned(),
        subject: subject.get(lang).to_owned(),
        sender: "{{app_name}}".into(),
        content: format!("<p>{}</p>", said.get(lang).replace("\n", "</p>\n<p>")),
        expires_in: life(kind),
        redirect_to: None,
        tpl_engine: Some(TemplateEngine::Handlebar),
    }
}

fn code(name: Text, to: Text) -> (Text, Text, Text) {
    let Text { en, zh } = to;
    let said = text!(
        "Your code to {en} at {{{{app_name}}}}:\n<b>{{{{code}}}}</b>\nIt works once, for {{{{expires_in}}}} minutes. Tell it to nobody.",
        "您正在 {{{{app_name}}}} {zh}，验证码为：\n<b>{{{{code}}}}</b>\n验证码 {{{{expires_in}}}} 分钟内有效，仅可使用一次，请勿告知他人。"
    );
    (name, text!("Your {{{{app_name}}}} verification code", "{{{{app_name}}}} 验证码"), said)
}

/// Name, subject and text.
fn words(kind: Kind) -> (Text, Text, Text) {
    match kind {
        Kind::WelcomeEmail => (
            text!("Welcome", "欢迎邮件"),
            text!("Welcome to {{{{app_name}}}}", "欢迎加入 {{{{app_name}}}}"),
            text!("{{{{user_name}}}}, welcome to {{{{app_name}}}}.", "{{{{user_name}}}}，欢迎加入 {{{{app_name}}}}。"),
        ),
        Kind::FirstCreatedUser => (
            text!("Account created", "首次创建用户通知"),
            text!("{{{{app_name}}}}: your account", "{{{{app_name}}}}：账号已创建"),
            text!("An account was created for you.\n{{{{password}}}}", "已为您创建账号。\n{{{{password}}}}"),
        ),
        Kind::RegisterVerifyCode => {
            code(text!("Code to register", "注册验证码"), text!("create an account", "注册账号"))
        }
        Kind::LoginVerifyCode => code(text!("Code to sign in", "登录验证码"), text!("sign in", "登录")),
        Kind::MfaVerifyCode => {
            code(text!("Code of a second factor", "MFA 验证码"), text!("confirm that it is you", "进行 MFA 验证"))
        }
        Kind::InformationCompletionVerifyCode => code(
            text!("Code to complete a profile", "注册信息补全验证码"),
            text!("confirm this e-mail address", "补全邮箱"),
        ),
        Kind::FirstEmailLoginVerify => (
            text!("Confirmation of an address", "首次邮箱登录验证"),
            text!("Confirm your e-mail address for {{{{app_name}}}}", "{{{{app_name}}}} 邮箱确认"),
            text!(
                "<a href=\"{{{{url}}}}\">Confirm your e-mail address</a> for {{{{app_name}}}}.\nThe link works once, for {{{{expires_in}}}} minutes.",
                "<a href=\"{{{{url}}}}\">确认您的邮箱地址</a>（{{{{app_name}}}}）。\n链接 {{{{expires_in}}}} 分钟内有效，仅可使用一次。"
            ),
        ),
        Kind::ConsoleConductedVerify => (
            text!("Confirmation that an administrator asks for (not sent)", "在控制台发起邮件验证（暂不发送）"),
            text!("Confirm your e-mail address for {{{{app_name}}}}", "{{{{app_name}}}} 邮箱确认"),
            text!("Confirm your e-mail address for {{{{app_name}}}}.", "请确认您的邮箱地址。"),
        ),
        Kind::UserPasswordUpdateRemind => (
            text!("Password about to grow old (not sent)", "用户到期提醒（暂不发送）"),
            text!("{{{{app_name}}}}: change your password", "{{{{app_name}}}}：请修改密码"),
            text!("Your password must be changed soon.", "您的密码即将到期，请尽快修改。"),
        ),
        Kind::AdminResetUserPasswordNotification => (
            text!("Password set by an administrator", "管理员重置用户密码成功通知"),
            text!("{{{{app_name}}}}: password changed", "{{{{app_name}}}}：密码已修改"),
            text!(
                "An administrator set a new password for your account.\n{{{{password}}}}",
                "管理员已为您的账号设置新密码。\n{{{{password}}}}"
            ),
        ),
        Kind::UserPasswordResetNotification => (
            text!("Password changed", "用户密码重置成功通知"),
            text!("{{{{app_name}}}}: password changed", "{{{{app_name}}}}：密码已修改"),
            text!(
                "The password of your account was changed.\nIf this was not you, contact your administrator at once.",
                "您的账号密码已修改。\n如非本人操作，请立即联系管理员。"
            ),
        ),
        Kind::ResetPasswordVerifyCode => {
            code(text!("Code to reset a password", "重置密码验证码"), text!("reset your password", "重置密码"))
        }
        Kind::SelfUnlockingVerifyCode => {
            code(text!("Code to unlock an account", "自助解锁验证码"), text!("unlock your account", "解锁账号"))
        }
        Kind::EmailBindVerifyCode => {
            code(text!("Code to add an address", "绑定邮箱验证码"), text!("add this e-mail address", "绑定邮箱"))
        }
        Kind::EmailUnbindVerifyCode => {
            code(text!("Code to remove an address", "解绑邮箱验证码"), text!("remove this e-mail address", "解绑邮箱"))
        }
    }
}

/// Kinds of templates, for a console.
pub fn categories() -> Vec<EmailTemplateCategory> {
    let of = |name: Text, desc: Text| EmailTemplateCategory {
        title: name.zh.into_owned(),
        title_en: name.en.into_owned(),
        desc: desc.zh.into_owned(),
        desc_en: desc.en.into_owned(),
    };
    vec![
        of(text!("Welcome", "欢迎类"), text!("To those who have a new account", "发送给新用户的邮件")),
        of(
            text!("Codes and links", "验证类"),
            text!("With a code or a link that expires", "包含验证码或链接、有有效时间的邮件"),
        ),
        of(text!("Notices", "通知类"), text!("About what happened to an account", "账号变更通知邮件")),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use super::*;

    #[test]
    fn every_default_is_a_sound_template_and_codes_have_their_code() {
        for kind in Kind::ALL {
            for lang in [Lang::En, Lang::Zh] {
                let template = default(*kind, lang);
                for text in [&template.subject, &template.sender, &template.content] {
                    assert!(render::check(text).is_ok(), "{kind}: {text}");
                }
                let named: Vec<&str> = render::names(&template.content).collect();
                let carries = named.contains(&"code") || named.contains(&"url");
                assert_eq!(carries, life(*kind).is_some(), "{kind}: {}", template.content);
            }
        }
    }
}
