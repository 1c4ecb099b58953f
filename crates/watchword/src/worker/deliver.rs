//! One message: taken, opened, sent, and what became of it noted.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::{info, warn};
use watchword_domain::Services;
use watchword_domain::logout::back_channel;
use watchword_domain::message::{Medium, provider};
use watchword_domain::outbox::{INBOX_SIZE, Letter, open};
use watchword_kit::{Millis, PoolId, Result};
use watchword_send::fetch::FetchError;
use watchword_send::{Email, Fetch, Outcome, Sms, email, sms};
use watchword_store::Tx;
use watchword_store::outbox::{self, Message, Shown};

use super::{ATTEMPT_LIMIT, ATTEMPTS, LEASE, check_provider, english};

/// The pause after the first failure; it grows fourfold with each further one.
const FIRST_PAUSE: Millis = Millis::seconds(2);
const LONGEST_PAUSE: Millis = Millis::hours(1);

/// Takes these messages for one attempt each and answers those that were still there to take. What has outlived its
/// use, or all its attempts, is settled instead.
pub(super) async fn claim(services: &Services, due: Vec<Message>, now: Millis) -> Result<Vec<Message>> {
    let mut tx = services.db.write().await?;
    let mut taken = Vec::with_capacity(due.len());
    for mut message in due {
        let pool = PoolId::new(&message.pool_id);
        if message.expires_at <= now {
            outbox::settle(&mut tx, &pool, &message.id, message.attempts, "expired", None).await?;
        } else if message.attempts >= ATTEMPTS {
            outbox::settle(&mut tx, &pool, &message.id, message.attempts, "failed", Some("worker died")).await?;
        } else if outbox::claim(&mut tx, &message, now, now + LEASE).await? {
            message.attempts += 1;
            taken.push(message);
        }
    }
    tx.commit().await?;
    Ok(taken)
}

/// Sends a taken message. Whatever goes wrong, the message is either settled, postponed, or found again after its
/// lease.
pub(super) async fn one(services: &Arc<Services>, fetch: &Fetch, message: Message) {
    let noted = async {
        if message.kind.starts_with(back_channel::KIND) {
            return note(services, &message, &log_out(services, fetch, &message).await?).await;
        }
        let letter = open(services, &message)?;
        if services.settings.demo {
            return show(services, &message, letter).await;
        }
        let outcome = match tokio::time::timeout(ATTEMPT_LIMIT, send(services, fetch, &message, letter)).await {
            Ok(outcome) => outcome?,
            Err(_) => Outcome::Unreachable { inside: format!("no answer within {} s", ATTEMPT_LIMIT.as_secs()) },
        };
        note(services, &message, &outcome).await
    };
    if let Err(e) = noted.await {
        warn!(pool = message.pool_id, outbox_id = message.id, error = %e, "a message could not be settled");
    }
}

async fn send(services: &Arc<Services>, fetch: &Fetch, message: &Message, letter: Letter) -> Result<Outcome> {
    let pool = PoolId::new(&message.pool_id);
    let medium = if message.kind == Medium::Email.as_str() { Medium::Email } else { Medium::Sms };
    let config = provider::config(&mut services.db.read().await?, services, &pool, medium).await?;
    let unreachable = |inside: String| Ok(Outcome::Unreachable { inside });
    let Some(config) = config else { return unreachable("the pool has no provider any more".into()) };
    let broken = |inside: String| Ok(Outcome::Refused { inside, permanent: false });
    let problems = check_provider(medium, config.reveal(), fetch.allows_private());
    if !problems.is_empty() {
        return broken(format!("configuration: {}", english(&problems)));
    }
    match medium {
        Medium::Email => {
            let Ok(mut config) = serde_json::from_str::<watchword_send::SmtpConfig>(config.reveal()) else {
                return broken("configuration".into());
            };
            config.allow_private = fetch.allows_private();
            let domain = config.from.rsplit_once('@').map_or("localhost", |(_, d)| d);
            let message_id = format!("{}@{domain}", message.id);
            let mail = Email {
                to: message.target.clone(),
                subject: letter.subject,
                text: letter.text,
                html: letter.html,
                from_name: letter.from_name,
                message_id,
                date: message.created_at,
            };
            Ok(email::send(&config, &mail).await)
        }
        Medium::Sms => {
            let Ok(config) = serde_json::from_str::<watchword_send::SmsConfig>(config.reveal()) else {
                return broken("configuration".into());
            };
            if matches!(config, watchword_send::SmsConfig::Alibaba(_)) && letter.code.is_none() {
                let inside = "the provider's template is for codes; this notice has none".into();
                return Ok(Outcome::Refused { inside, permanent: true });
            }
            let sms = Sms {
                to: message.target.clone(),
                text: letter.text,
                code: letter.code,
                purpose: letter.purpose,
                template_params: BTreeMap::new(),
                message_id: message.id.clone(),
            };
            let nonce = services.entropy.hex(16);
            Ok(sms::send(&config, &sms, services.clock.now(), &nonce, fetch).await)
        }
    }
}

/// Tells an application that a session has ended (OpenID Connect Back-Channel Logout §2.5). 4xx is its last word.
async fn log_out(services: &Services, fetch: &Fetch, message: &Message) -> Result<Outcome> {
    let Some((uri, token)) = back_channel::render(services, message).await? else {
        return Ok(Outcome::Refused { inside: "the application wants no notices any more".into(), permanent: true });
    };
    let form = [("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    let posted = fetch.post(&uri, &form, format!("logout_token={token}").into_bytes()).await;
    Ok(match posted {
        Ok(reply) if (200..300).contains(&reply.status) => Outcome::Sent { provider_id: None },
        Ok(reply) => {
            let permanent = (300..500).contains(&reply.status) && ![408, 429].contains(&reply.status);
            Outcome::Refused { inside: format!("HTTP {}", reply.status), permanent }
        }
        Err(FetchError::Forbidden(inside)) => Outcome::Refused { inside, permanent: true },
        Err(FetchError::Unreachable(inside)) => Outcome::Unreachable { inside },
    })
}

async fn note(services: &Services, message: &Message, outcome: &Outcome) -> Result<()> {
    let mut tx = services.db.write().await?;
    let (pool, id, n) = (PoolId::new(&message.pool_id), &message.id, message.attempts);
    let state = match outcome {
        Outcome::Sent { .. } => {
            outbox::settle(&mut tx, &pool, id, n, "sent", None).await?;
            "sent"
        }
        Outcome::Refused { inside, .. } | Outcome::Unreachable { inside } => {
            failed(services, &mut tx, message, inside, outcome.may_retry()).await?
        }
    };
    tx.commit().await?;
    metrics::counter!("watchword_messages_total", "medium" => medium(message), "state" => state).increment(1);
    match outcome {
        Outcome::Sent { .. } => info!(pool = pool.as_str(), outbox_id = id, kind = message.kind, attempt = n, "sent"),
        Outcome::Refused { inside, .. } | Outcome::Unreachable { inside } => {
            warn!(pool = pool.as_str(), outbox_id = id, kind = message.kind, attempt = n, state, inside, "not sent");
        }
    }
    Ok(())
}

/// What is counted: every application's notices are one kind.
fn medium(message: &Message) -> String {
    if message.kind.starts_with(back_channel::KIND) { "logout".into() } else { message.kind.clone() }
}

/// Postpones the message, or settles it when there is no point in another attempt.
async fn failed(
    services: &Services,
    tx: &mut Tx,
    message: &Message,
    inside: &str,
    may_retry: bool,
) -> Result<&'static str> {
    let (pool, id, n) = (PoolId::new(&message.pool_id), &message.id, message.attempts);
    let next = services.clock.now() + pause(n, services.entropy.below(1_000));
    if may_retry && n < ATTEMPTS && next < message.expires_at {
        outbox::postpone(tx, &pool, id, n, next, inside).await?;
        return Ok("postponed");
    }
    outbox::settle(tx, &pool, id, n, "failed", Some(inside)).await?;
    Ok("failed")
}

/// Demo mode: the message is shown, and nothing leaves this machine.
async fn show(services: &Services, message: &Message, letter: Letter) -> Result<()> {
    let mut tx = services.db.write().await?;
    let pool = PoolId::new(&message.pool_id);
    if outbox::settle(&mut tx, &pool, &message.id, message.attempts, "sent", None).await? {
        let shown = Shown {
            pool_id: message.pool_id.clone(),
            id: message.id.clone(),
            at: message.created_at,
            kind: message.kind.clone(),
            target: message.target.clone(),
            subject: letter.subject,
            body: letter.text,
        };
        outbox::show(&mut tx, &shown, INBOX_SIZE).await?;
    }
    Ok(tx.commit().await?)
}

/// 2, 8, 32, 128 s … up to an hour, and up to a quarter more, so that messages that failed together do not come back
/// together. `jitter` is below 1000.
fn pause(attempts: i64, jitter: u32) -> Millis {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(10) * 2;
    let pause = (FIRST_PAUSE.0 << doublings).min(LONGEST_PAUSE.0);
    Millis(pause + pause * i64::from(jitter) / 4_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_fourfold_up_to_an_hour_and_spread_by_a_quarter() {
        let pauses: Vec<i64> = (1..=8).map(|n| pause(n, 0).0 / 1000).collect();
        assert_eq!(pauses, [2, 8, 32, 128, 512, 2048, 3600, 3600]);
        assert_eq!(pause(1, 999).0, 2_499);
        assert_eq!(pause(1_000, 0), LONGEST_PAUSE);
    }
}
