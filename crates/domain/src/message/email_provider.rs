//! How a pool sends e-mail, as the API says it: well-known carriers are mail servers like any other.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};
use watchword_api::message::{
    ConfigEmailProviderReq, EmailProvider, EmailProviderType, ExmailConfig, ExmailConfigReq, SendGridConfig, SmtpConfig,
};
use watchword_kit::reach::admits;
use watchword_kit::{Error, Result, Secret, codes, text};

use super::{Medium, address, provider};
use crate::ctx::Ctx;

/// In the place of a secret that stays.
const MASK: &str = "***";
const ALI: &str = "smtp.qiye.aliyun.com";
const QQ: &str = "smtp.exmail.qq.com";
const SENDGRID: &str = "smtp.sendgrid.net";
const TLS_PORT: i64 = 465;

/// What is common to every carrier.
struct Wanted {
    host: String,
    port: i64,
    /// Encrypted from the first byte.
    tls: bool,
    username: String,
    from: String,
    secret: Secret<String>,
    /// Path of the object in the request, and the name of its secret.
    at: &'static str,
    secret_name: &'static str,
}

/// `GET /api/v3/get-email-provider`.
pub async fn get(ctx: &Ctx) -> Result<EmailProvider> {
    let mut tx = ctx.read().await?;
    let stored = provider::config(&mut tx, ctx.services(), ctx.pool(), Medium::Email).await?;
    Ok(stored.map_or_else(off, |config| shown(&parse(&config))))
}

/// `POST /api/v3/config-email-provider`.
///
/// # Errors
/// 400 at the member that cannot be, a server that is not on the public Internet among them (unless the operator allows
/// private networks: only the command line sets others); also for `***` in the place of a secret when another server, port or account
/// would get it.
pub async fn configure(ctx: &Ctx, req: ConfigEmailProviderReq) -> Result<EmailProvider> {
    if !req.enabled {
        return match provider::remove(ctx, Medium::Email).await {
            Err(e) if e.code() != codes::NOT_FOUND => Err(e),
            Err(_) => {
                let tx = ctx.write().await?;
                ctx.commit(tx, json!({ "medium": Medium::Email.as_str(), "removed": false })).await?;
                Ok(off())
            }
            Ok(()) => Ok(off()),
        };
    }
    let wanted = read(req)?;
    check(&wanted, ctx.settings.allow_private_networks)?;
    let secret = match wanted.secret.reveal() == MASK {
        true => kept(ctx, &wanted).await?,
        false => wanted.secret.clone(),
    };
    let config = json!({
        "host": wanted.host, "port": wanted.port, "username": wanted.username,
        "security": if wanted.tls { "tls" } else { "startTls" }, "password": secret.reveal(), "from": wanted.from,
        "guarded": true,
    });
    provider::set(ctx, Medium::Email, &Secret::new(config.to_string())).await?;
    Ok(shown(&config))
}

fn read(req: ConfigEmailProviderReq) -> Result<Wanted> {
    let missing = |field: &str| Error::invalid(field, text!("needed for this type", "该类型必填"));
    let exmail = |given: Option<ExmailConfigReq>, host: &str, at: &'static str| {
        let given = given.ok_or_else(|| missing(at))?;
        Ok(Wanted {
            host: host.to_owned(),
            port: TLS_PORT,
            tls: true,
            username: given.sender.clone(),
            from: given.sender,
            secret: given.sender_pass,
            at,
            secret_name: "senderPass",
        })
    };
    match req.kind {
        EmailProviderType::Ali => exmail(req.ali_exmail_config, ALI, "aliExmailConfig"),
        EmailProviderType::Qq => exmail(req.tencent_exmail_config, QQ, "tencentExmailConfig"),
        EmailProviderType::Sendgrid => {
            let given = req.send_grid_config.ok_or_else(|| missing("sendGridConfig"))?;
            Ok(Wanted {
                host: SENDGRID.into(),
                port: TLS_PORT,
                tls: true,
                username: "apikey".into(),
                from: given.sender,
                secret: given.apikey,
                at: "sendGridConfig",
                secret_name: "apikey",
            })
        }
        EmailProviderType::Custom => {
            let given = req.smtp_config.ok_or_else(|| missing("smtpConfig"))?;
            let sender = given.sender.ok_or_else(|| missing("smtpConfig.sender"))?;
            Ok(Wanted {
                host: given.smtp_host,
                port: given.smtp_port,
                tls: given.secure.unwrap_or(false),
                username: sender.clone(),
                from: sender,
                secret: given.sender_pass,
                at: "smtpConfig",
                secret_name: "senderPass",
            })
        }
    }
}

fn check(wanted: &Wanted, allow_private: bool) -> Result<()> {
    let at = |field: &str| format!("{}.{field}", wanted.at);
    let host = &wanted.host;
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@' | '\\' | '?' | '#');
    if host.is_empty() || host.len() > 253 || host.chars().any(odd) {
        return Err(Error::invalid(at("smtp_host"), text!("a host name or an IP address", "应为主机名或 IP 地址")));
    }
    // A name is looked up, and checked, whenever something is sent.
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let ip: std::result::Result<IpAddr, _> =
        if bare.eq_ignore_ascii_case("localhost") { Ok(Ipv4Addr::LOCALHOST.into()) } else { bare.parse() };
    if ip.is_ok_and(|ip| !admits(allow_private, ip)) {
        let detail = text!("this address is not on the public Internet", "该地址不是公网地址");
        return Err(Error::invalid(at("smtp_host"), detail));
    }
    if !(1..=65_535).contains(&wanted.port) {
        return Err(Error::invalid(at("smtp_port"), text!("1 to 65535", "应为 1 到 65535")));
    }
    address::normalise_email(&wanted.from)
        .map_err(|_| Error::invalid(at("sender"), text!("an e-mail address", "应为邮箱地址")))?;
    let length = wanted.secret.reveal().len();
    if !(1..=1024).contains(&length) || wanted.secret.reveal().chars().any(char::is_control) {
        return Err(Error::invalid(at(wanted.secret_name), text!("1 to 1024 characters", "应为 1 到 1024 个字符")));
    }
    Ok(())
}

/// The present secret, which nobody but the present server and account gets.
async fn kept(ctx: &Ctx, wanted: &Wanted) -> Result<Secret<String>> {
    let mut tx = ctx.read().await?;
    let stored = provider::config(&mut tx, ctx.services(), ctx.pool(), Medium::Email).await?;
    let stored = stored.map(|config| parse(&config)).unwrap_or_default();
    let same = stored["host"] == wanted.host
        && stored["port"] == wanted.port
        && stored["username"] == wanted.username
        && (wanted.tls || stored["security"] != "tls");
    match stored["password"].as_str().filter(|_| same) {
        Some(secret) => Ok(Secret::new(secret.to_owned())),
        None => Err(Error::invalid(
            format!("{}.{}", wanted.at, wanted.secret_name),
            text!("give the secret again: server or account have changed", "服务器或账号已变更，请重新填写密钥"),
        )),
    }
}

fn parse(config: &Secret<String>) -> Value {
    serde_json::from_str(config.reveal()).unwrap_or_default()
}

fn off() -> EmailProvider {
    EmailProvider {
        enabled: false,
        kind: None,
        smtp_config: None,
        send_grid_config: None,
        ali_exmail_config: None,
        tencent_exmail_config: None,
    }
}

fn shown(config: &Value) -> EmailProvider {
    let text = |name: &str| config[name].as_str().unwrap_or_default().to_owned();
    let exmail = || Some(ExmailConfig { sender: text("from"), sender_pass: MASK.into() });
    let mut out = EmailProvider { enabled: true, ..off() };
    match text("host").as_str() {
        ALI => (out.kind, out.ali_exmail_config) = (Some(EmailProviderType::Ali), exmail()),
        QQ => (out.kind, out.tencent_exmail_config) = (Some(EmailProviderType::Qq), exmail()),
        SENDGRID => {
            out.kind = Some(EmailProviderType::Sendgrid);
            out.send_grid_config = Some(SendGridConfig { sender: text("from"), apikey: MASK.into() });
        }
        _ => {
            out.kind = Some(EmailProviderType::Custom);
            out.smtp_config = Some(SmtpConfig {
                smtp_host: text("host"),
                smtp_port: config["port"].as_i64().unwrap_or_default(),
                sender: text("from"),
                sender_pass: MASK.into(),
                secure: config["security"] == "tls",
            });
        }
    }
    out
}
