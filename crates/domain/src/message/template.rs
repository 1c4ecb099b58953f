//! E-mail templates: what a pool writes in the place of this server's own texts.
//!
//! A template has placeholders and nothing else: no conditions, no loops, no code. Values are escaped in the HTML and
//! cleaned in subject and sender, so that a user's name is never more than a name. A message that a template dresses
//! keeps this server's plain text beside the HTML.
//!
//! # Layout
//! - [`render`]: placeholders, filled in
//! - [`words`]: this server's own templates

mod render;
mod words;

use serde_json::json;
use watchword_api::message::{
    EmailPreview, EmailTemplate as Shown, EmailTemplateType as Kind, EmailTemplates, PreviewEmailTemplateReq,
    TemplateEngine,
};
use watchword_kit::{Error, Millis, Result, codes, text};
use watchword_store::Tx;
use watchword_store::message::template::{self as store, EmailTemplate};
use watchword_store::user::User;

use self::render::Values;
use super::Medium;
use super::text::clean;
use crate::ctx::Ctx;
use crate::outbox::Letter;
use crate::security_settings::within;

const MAX_NAME: usize = 100;
const MAX_SUBJECT: usize = 200;
const MAX_CONTENT: usize = 32 * 1024;
/// Seconds for which a code or a link may be good.
const CODE: (i64, i64) = (30, 3_600);
const LINK: (i64, i64) = (30, 604_800);

/// What a message is about, for its placeholders.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'a> {
    pub user: Option<&'a User>,
    pub code: Option<&'a str>,
    pub url: Option<&'a str>,
    pub password: Option<&'a str>,
    pub life: Option<Millis>,
}

/// The template of a channel; `None`: this server's own text is all there is.
fn of_channel(purpose: &str) -> Option<Kind> {
    Some(match purpose {
        "CHANNEL_LOGIN" => Kind::LoginVerifyCode,
        "CHANNEL_REGISTER" => Kind::RegisterVerifyCode,
        "CHANNEL_RESET_PASSWORD" => Kind::ResetPasswordVerifyCode,
        "CHANNEL_VERIFY_MFA" | "CHANNEL_BIND_MFA" | "CHANNEL_UNBIND_MFA" => Kind::MfaVerifyCode,
        "CHANNEL_COMPLETE_EMAIL" => Kind::InformationCompletionVerifyCode,
        "CHANNEL_BIND_EMAIL" | "CHANNEL_UPDATE_EMAIL" => Kind::EmailBindVerifyCode,
        "CHANNEL_UNBIND_EMAIL" => Kind::EmailUnbindVerifyCode,
        "CHANNEL_UNLOCK_ACCOUNT" => Kind::SelfUnlockingVerifyCode,
        "CHANNEL_VERIFY_EMAIL_LINK" => Kind::FirstEmailLoginVerify,
        _ => return None,
    })
}

/// How long a code or link by e-mail lives, if the pool says so.
pub(super) async fn lifetime(tx: &mut Tx, ctx: &Ctx, medium: Medium, purpose: &str) -> Result<Option<Millis>> {
    let Some(kind) = of_channel(purpose).filter(|_| medium == Medium::Email) else { return Ok(None) };
    let own = store::get(tx, ctx.pool(), kind.as_str()).await?.filter(|t| t.enabled);
    Ok(own.and_then(|t| t.expires_in).map(Millis::seconds))
}

/// Dresses the letter of a channel, where the pool has a template for it.
pub(super) async fn dress_code(
    tx: &mut Tx,
    ctx: &Ctx,
    purpose: &str,
    to: &str,
    about: About<'_>,
    letter: Letter,
) -> Result<Letter> {
    match of_channel(purpose) {
        Some(kind) => dress(tx, ctx, kind, to, about, letter).await,
        None => Ok(letter),
    }
}

/// Dresses a letter that goes to `to`, where the pool has a template for it.
pub(crate) async fn dress(
    tx: &mut Tx,
    ctx: &Ctx,
    kind: Kind,
    to: &str,
    about: About<'_>,
    mut letter: Letter,
) -> Result<Letter> {
    let Some(own) = store::get(tx, ctx.pool(), kind.as_str()).await?.filter(|t| t.enabled) else { return Ok(letter) };
    let (app, pool) = (super::text::sender(tx, ctx).await?, crate::pool::load(tx, ctx.pool()).await?.0.name);
    let values = values(&app, &pool, to, about);
    letter.subject = clean_line(&values.plain(&own.subject), MAX_SUBJECT);
    letter.from_name = Some(clean(&values.plain(&own.sender))).filter(|name| !name.is_empty());
    letter.html = Some(values.html(&own.content));
    Ok(letter)
}

/// Whether the pool has a template of this kind that is on: then a message is sent that nobody gets otherwise.
pub(crate) async fn wanted(tx: &mut Tx, ctx: &Ctx, kind: Kind) -> Result<bool> {
    Ok(store::get(tx, ctx.pool(), kind.as_str()).await?.is_some_and(|t| t.enabled))
}

fn values(app: &str, pool: &str, to: &str, about: About<'_>) -> Values {
    let user = about.user;
    let names = user.map(|u| [&u.nickname, &u.name, &u.username, &u.email]);
    let name = names.and_then(|n| n.into_iter().flatten().find(|n| !n.is_empty()).cloned());
    let minutes = about.life.map(|life| ((life.0 + 59_999) / 60_000).to_string());
    let mut values = Values::default();
    values.set(&["app_name"], app);
    values.set(&["client_name", "userpool_name"], &clean(pool));
    values.set(&["user_name", "username", "nickname"], name.as_deref().unwrap_or(to));
    values.set(&["email", "user_email"], to);
    values.set(&["code", "verify_code"], about.code.unwrap_or_default());
    values.set(&["url", "link"], about.url.unwrap_or_default());
    values.set(&["password"], about.password.unwrap_or_default());
    values.set(&["expires_in"], minutes.as_deref().unwrap_or_default());
    values
}

fn clean_line(text: &str, most: usize) -> String {
    let line: String = text.chars().map(|c| if watchword_kit::unicode::is_plain(c) { c } else { ' ' }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

/// `GET /api/v3/get-email-templates`, in the language of the request where the pool has written none.
pub async fn list(ctx: &Ctx) -> Result<EmailTemplates> {
    let own = store::all(&mut ctx.read().await?, ctx.pool()).await?;
    let lang = ctx.request().lang;
    let show = |kind: &Kind| match own.iter().find(|t| t.kind == kind.as_str()) {
        Some(row) => shown(*kind, row),
        None => words::default(*kind, lang),
    };
    Ok(EmailTemplates { templates: Kind::ALL.iter().map(show).collect(), categories: words::categories() })
}

fn shown(kind: Kind, row: &EmailTemplate) -> Shown {
    Shown {
        customize_enabled: row.enabled,
        kind,
        name: row.name.clone(),
        subject: row.subject.clone(),
        sender: row.sender.clone(),
        content: row.content.clone(),
        expires_in: row.expires_in,
        redirect_to: None,
        tpl_engine: Some(TemplateEngine::Handlebar),
    }
}

/// `POST /api/v3/update-email-template`.
///
/// # Errors
/// 400 at a member out of bounds, at an unknown placeholder, and at a `content` that lacks the code or link it is
/// for; 501 for an engine that runs code, for `redirectTo`, and for e-mails that this server never sends.
pub async fn update(ctx: &Ctx, req: Shown) -> Result<Shown> {
    check(&req)?;
    let row = EmailTemplate {
        pool_id: ctx.pool().to_string(),
        kind: req.kind.as_str().into(),
        enabled: req.customize_enabled,
        name: req.name,
        subject: req.subject,
        sender: req.sender,
        content: req.content,
        expires_in: req.expires_in,
        updated_at: ctx.now(),
    };
    let mut tx = ctx.write().await?;
    store::put(&mut tx, &row).await?;
    ctx.commit(tx, json!({ "type": row.kind, "enabled": row.enabled })).await?;
    Ok(shown(req.kind, &row))
}

fn check(req: &Shown) -> Result<()> {
    if req.customize_enabled && matches!(req.kind, Kind::ConsoleConductedVerify | Kind::UserPasswordUpdateRemind) {
        let detail = text!("this server sends no such e-mail", "本服务不发送此类邮件");
        return Err(Error::new(codes::NOT_IMPLEMENTED).because(detail).at("type"));
    }
    if req.redirect_to.as_ref().is_some_and(|to| !to.is_empty()) {
        let detail = text!("the page after a confirmation leads nowhere else", "暂不支持验证后跳转");
        return Err(Error::new(codes::NOT_IMPLEMENTED).because(detail).at("redirectTo"));
    }
    engine(req.tpl_engine)?;
    sized("name", &req.name, MAX_NAME)?;
    line("subject", &req.subject, MAX_SUBJECT)?;
    line("sender", &req.sender, MAX_NAME)?;
    body(req.kind, &req.content)?;
    match (req.expires_in, words::life(req.kind)) {
        (None, _) => Ok(()),
        (Some(given), Some(_)) => {
            let (least, most) = if req.kind == Kind::FirstEmailLoginVerify { LINK } else { CODE };
            within("expiresIn", given, least, most)
        }
        (Some(_), None) => {
            Err(Error::invalid("expiresIn", text!("nothing in this e-mail expires", "此类邮件没有有效时间")))
        }
    }
}

fn engine(given: Option<TemplateEngine>) -> Result<()> {
    if given != Some(TemplateEngine::Ejs) {
        return Ok(());
    }
    let detail = text!("ejs runs code; write plain placeholders", "ejs 会执行代码，请使用占位符");
    Err(Error::new(codes::NOT_IMPLEMENTED).because(detail).at("tplEngine"))
}

fn sized(field: &str, given: &str, most: usize) -> Result<()> {
    if (1..=most).contains(&given.chars().count()) {
        return Ok(());
    }
    Err(Error::invalid(field, text!("1 to {most} characters", "应为 1 到 {most} 个字符")))
}

fn line(field: &str, given: &str, most: usize) -> Result<()> {
    sized(field, given, most)?;
    if given.chars().any(char::is_control) {
        return Err(Error::invalid(field, text!("one line", "应为单行文本")));
    }
    render::check(given).map_err(|detail| Error::invalid(field, detail))
}

fn body(kind: Kind, content: &str) -> Result<()> {
    if content.is_empty() || content.len() > MAX_CONTENT {
        return Err(Error::invalid("content", text!("1 to {MAX_CONTENT} bytes", "应为 1 到 {MAX_CONTENT} 字节")));
    }
    render::check(content).map_err(|detail| Error::invalid("content", detail))?;
    let needed: &[&str] = match kind {
        Kind::FirstEmailLoginVerify => &["url", "link"],
        _ if words::life(kind).is_some() => &["code", "verify_code"],
        _ => return Ok(()),
    };
    if needed.iter().any(|name| render::names(content).any(|used| used == *name)) {
        return Ok(());
    }
    let first = needed[0];
    Err(Error::invalid("content", text!("{{{{{first}}}}} is missing", "缺少 {{{{{first}}}}}")))
}

/// `POST /api/v3/preview-email-template`: the pool's template, or the members given in their places, with examples.
///
/// # Errors
/// As [`update`].
pub async fn preview(ctx: &Ctx, req: PreviewEmailTemplateReq) -> Result<EmailPreview> {
    engine(req.tpl_engine)?;
    let mut tx = ctx.read().await?;
    let own = store::get(&mut tx, ctx.pool(), req.kind.as_str()).await?;
    let base = own.map_or_else(|| words::default(req.kind, ctx.request().lang), |row| shown(req.kind, &row));
    let (subject, sender) = (req.subject.unwrap_or(base.subject), req.sender.unwrap_or(base.sender));
    let content = req.content.unwrap_or(base.content);
    line("subject", &subject, MAX_SUBJECT)?;
    line("sender", &sender, MAX_NAME)?;
    body(req.kind, &content)?;
    let seconds = req.expires_in.or(base.expires_in);
    if let Some(seconds) = seconds {
        within("expiresIn", seconds, 1, LINK.1)?;
    }
    let (app, pool) = (super::text::sender(&mut tx, ctx).await?, crate::pool::load(&mut tx, ctx.pool()).await?.0.name);
    let about = About {
        user: None,
        code: Some("123456"),
        url: Some("https://example.com/"),
        password: Some("********"),
        life: Some(Millis::seconds(seconds.or(words::life(req.kind)).unwrap_or(60))),
    };
    let values = values(&app, &pool, "ada@example.com", about);
    Ok(EmailPreview {
        content: values.html(&content),
        subject: clean_line(&values.plain(&subject), MAX_SUBJECT),
        sender: clean(&values.plain(&sender)),
    })
}
