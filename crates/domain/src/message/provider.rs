//! How a pool sends: one provider per medium, its configuration sealed.
//!
//! A configuration is JSON text here. What it must hold, the crate that sends knows; whoever sets one checks it
//! first (`watchword provider set`).

use serde_json::{Value, json};
use watchword_crypto::vault::{Aad, Class};
use watchword_kit::{Error, PoolId, Result, Secret, codes, text};
use watchword_store::Tx;
use watchword_store::message::{self as store, Provider};

use super::Medium;
use crate::ctx::Ctx;
use crate::services::Services;

/// Stores the pool's provider. `config` is a JSON object; its member `driver` names the kind of provider (`smtp`
/// when there is none). `ctx` writes as `Audit::ProviderUpdate`; the trail learns the driver only.
///
/// # Errors
/// 400 when `config` is no JSON object.
pub async fn set(ctx: &Ctx, medium: Medium, config: &Secret<String>) -> Result<()> {
    let parsed: Value = serde_json::from_str(config.reveal()).unwrap_or_default();
    if !parsed.is_object() {
        return Err(Error::invalid("config", text!("a JSON object", "应为 JSON 对象")));
    }
    let driver = parsed.get("driver").and_then(Value::as_str).unwrap_or("smtp").to_owned();
    let aad = aad(ctx.pool(), medium);
    let config_sealed = ctx.vault.seal(Class::Provider, &aad, config.reveal().as_bytes(), &ctx.entropy);
    let row = Provider {
        pool_id: ctx.pool().to_string(),
        kind: medium.as_str().into(),
        driver: driver.clone(),
        config_sealed,
        updated_at: ctx.now(),
    };
    let mut tx = ctx.write().await?;
    store::put_provider(&mut tx, &row).await?;
    ctx.commit(tx, json!({ "medium": medium.as_str(), "driver": driver })).await
}

/// The configuration with its secrets as `***`.
///
/// # Errors
/// 404 while there is none.
pub async fn get_masked(ctx: &Ctx, medium: Medium) -> Result<Value> {
    let mut tx = ctx.read().await?;
    let config = config(&mut tx, ctx.services(), ctx.pool(), medium).await?;
    let config = config.ok_or_else(|| Error::new(codes::NOT_FOUND))?;
    let mut value: Value = serde_json::from_str(config.reveal()).map_err(|_| Error::internal("provider: not JSON"))?;
    mask(&mut value, false);
    Ok(value)
}

/// Forgets the pool's provider. Messages that still wait for it are tried until they expire.
///
/// # Errors
/// 404 while there is none.
pub async fn remove(ctx: &Ctx, medium: Medium) -> Result<()> {
    let mut tx = ctx.write().await?;
    if !store::delete_provider(&mut tx, ctx.pool(), medium.as_str()).await? {
        return Err(Error::new(codes::NOT_FOUND));
    }
    ctx.commit(tx, json!({ "medium": medium.as_str(), "removed": true })).await
}

/// The configuration as it was set, for the worker that sends.
pub async fn config(tx: &mut Tx, services: &Services, pool: &PoolId, medium: Medium) -> Result<Option<Secret<String>>> {
    let Some(row) = store::provider(tx, pool, medium.as_str()).await? else { return Ok(None) };
    let plain = services
        .vault
        .open_blob(Class::Provider, &aad(pool, medium), &row.config_sealed)
        .map_err(|e| Error::internal(format!("provider {}: {e:?}", row.kind)))?;
    let text = String::from_utf8(plain.reveal().clone()).map_err(|_| Error::internal("provider: not text"))?;
    Ok(Some(Secret::new(text)))
}

/// Whether messages can leave: the pool has a provider, or demo mode shows them in its inbox.
pub async fn ready(tx: &mut Tx, ctx: &Ctx, medium: Medium) -> Result<bool> {
    Ok(ctx.settings.demo || store::driver(tx, ctx.pool(), medium.as_str()).await?.is_some())
}

/// # Errors
/// 501 with what to configure.
pub(crate) async fn require(tx: &mut Tx, ctx: &Ctx, medium: Medium) -> Result<()> {
    if ready(tx, ctx, medium).await? {
        return Ok(());
    }
    let (kind, pool) = (medium.as_str(), ctx.pool());
    Err(Error::new(codes::NOT_IMPLEMENTED).because(text!(
        "this pool has no {kind} provider: watchword provider set {kind} --pool {pool} < config.json",
        "该用户池尚未配置 {kind} 服务商：watchword provider set {kind} --pool {pool} < config.json"
    )))
}

fn aad(pool: &PoolId, medium: Medium) -> Aad<'_> {
    Aad { pool: pool.as_str(), row: medium.as_str(), column: "message_providers.config_sealed" }
}

/// Replaces the text of members that by their name hold a secret, and of everything below `headers`.
fn mask(value: &mut Value, secret: bool) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let lower = name.to_ascii_lowercase();
                let named = ["password", "secret", "token", "headers"].iter().any(|s| lower.contains(s));
                mask(member, secret || named);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| mask(v, secret)),
        other if secret && !other.is_null() => *other = "***".into(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_configuration_shows_no_secret_of_any_driver() {
        let mut config = json!({
            "driver": "http", "url": "https://sms.example.com/x", "secret": "s1", "headers": { "x-key": "s2" },
            "password": "s3", "authToken": "s4", "accessKeySecret": "s5", "accessKeyId": "LTAI", "username": null,
        });
        mask(&mut config, false);
        let shown = config.to_string();
        assert!(!["s1", "s2", "s3", "s4", "s5"].iter().any(|s| shown.contains(&format!("\"{s}\""))), "{shown}");
        assert_eq!((&config["accessKeyId"], &config["url"]), (&json!("LTAI"), &json!("https://sms.example.com/x")));
    }
}
