//! The message itself: headers that cannot be injected into, and a body in UTF-8.

use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use lettre::{Address, message::MessageBuilder};

use super::{Email, SmtpConfig};

/// Reads one bare address. No display name, no list, no control character.
pub(super) fn address(s: &str) -> Result<Address, String> {
    if s.chars().any(|c| c.is_control()) {
        return Err(String::from("an address with a control character"));
    }
    s.parse().map_err(|e| format!("not an address: {e}"))
}

pub(super) fn build(config: &SmtpConfig, email: &Email) -> Result<Message, String> {
    let date = u64::try_from(email.date.as_seconds()).map_err(|_| String::from("a date before 1970"))?;
    let mut builder: MessageBuilder = Message::builder()
        .from(Mailbox::new(sender(config, email)?, address(&config.from)?))
        .to(Mailbox::new(None, address(&email.to)?))
        .subject(header("subject", &email.subject)?)
        .message_id(Some(message_id(&email.message_id)?))
        .date(UNIX_EPOCH + Duration::from_secs(date));
    // RFC 3834: no holiday notice shall answer a code.
    builder = builder
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), String::from("auto-generated")));
    let plain = SinglePart::plain(email.text.clone());
    let built = match &email.html {
        None => builder.singlepart(plain),
        Some(html) => builder.multipart(
            MultiPart::builder()
                .kind(MultiPartKind::Alternative)
                .boundary(boundary(email))
                .singlepart(plain)
                .singlepart(SinglePart::html(html.clone())),
        ),
    };
    built.map_err(|e| format!("message: {e}"))
}

fn sender(config: &SmtpConfig, email: &Email) -> Result<Option<String>, String> {
    let name = email.from_name.as_ref().or(config.from_name.as_ref());
    name.map(|name| header("from", name).map(str::to_owned)).transpose()
}

fn header<'a>(name: &str, value: &'a str) -> Result<&'a str, String> {
    if value.chars().any(char::is_control) {
        return Err(format!("{name}: a control character"));
    }
    Ok(value)
}

fn message_id(id: &str) -> Result<String, String> {
    let bare = id.strip_prefix('<').and_then(|i| i.strip_suffix('>')).unwrap_or(id);
    if bare.is_empty() || !bare.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>') {
        return Err(String::from("messageId: printable ASCII without spaces or angle brackets"));
    }
    Ok(format!("<{bare}>"))
}

/// A separator the parts cannot contain, since they cannot hold their own hash. Drawn from no randomness, so that
/// every attempt sends the same bytes.
fn boundary(email: &Email) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in [email.message_id.as_str(), email.text.as_str(), email.html.as_deref().unwrap_or_default()] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    HEXLOWER.encode(&hash.finish().as_ref()[..20])
}
