//! Devices without a keyboard or browser (RFC 8628): the device shows a code, the user types it somewhere else.

use serde_json::json;
use watchword_api::common::Success;
use watchword_api::grant::{DecideDeviceReq, DeviceAuthorization, DeviceAuthorizationReq, DeviceQuery, WaitingDevice};
use watchword_crypto::hash;
use watchword_kit::{Error, Millis, Result, Secret, codes, text};
use watchword_store::Tx;
use watchword_store::device_code::{self as store, Decision, DeviceCode, TABLE};
use watchword_store::quota::{self, Quota};
use watchword_store::session as sessions;

use crate::app::{self, DEVICE_CODE};
use crate::client::{self, Client, Endpoint, Given};
use crate::ctx::Ctx;
use crate::demand::Demand;
use crate::login;
use crate::throttle;
use crate::token::oauth;
use crate::user;

const LIFETIME: Millis = Millis::minutes(10);
/// Between polls.
const PAUSE: Millis = Millis::seconds(5);
/// Letters that no word and no digit is mistaken for (RFC 8628 §6.1).
const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZ";
const LENGTH: usize = 8;
/// Devices that one address may begin with within a minute.
const PER_MINUTE: i64 = 60;
/// Codes that one user may type within ten minutes. With 20^8 codes guessing is hopeless then.
const TRIES: i64 = 10;
const TRY_WINDOW: Millis = Millis::minutes(10);

/// `POST /oidc/device_authorization`.
///
/// # Errors
/// `invalid_client`, `unauthorized_client`, `invalid_scope`, `invalid_target`; 429.
pub async fn begin(ctx: &Ctx, req: DeviceAuthorizationReq) -> Result<DeviceAuthorization> {
    let client = client::authenticate(ctx, Given::from(&req), Endpoint::Token).await?;
    let Client::App { app, settings } = client else { return Err(client::invalid_client()) };
    if !settings.allows_grant(DEVICE_CODE) {
        return Err(
            oauth("unauthorized_client").because(text!("this client may not use that grant", "该应用未开启此授权方式"))
        );
    }
    let scope = login::clean_scope(req.scope.as_deref())
        .map_err(|_| oauth("invalid_scope").because(text!("not a list of scopes", "不是合法的 scope 列表")))?;
    settings.permit_scope(&scope)?;
    let resources = req.resource.unwrap_or_default();
    settings.permit_resources(&resources)?;
    let (device_code, user_code) = (hash::token(&ctx.entropy, 32), draw(ctx));
    let row = DeviceCode {
        pool_id: ctx.pool().to_string(),
        id: hash::token_hash(&device_code),
        user_code: keyed(ctx, &user_code),
        app_id: app.id.clone(),
        scope,
        resources: json!(resources).to_string(),
        state: "pending".into(),
        user_id: None,
        amr: None,
        auth_time: None,
        polled_at: ctx.now() - PAUSE,
        pause: PAUSE.0,
        created_at: ctx.now(),
        expires_at: ctx.now() + LIFETIME,
    };
    let mut tx = ctx.write().await?;
    charge(&mut tx, ctx, &format!("device:{}", ctx.network()), PER_MINUTE, Millis::minutes(1)).await?;
    TABLE.insert(&mut tx, &row).await?;
    ctx.commit(tx, json!({ "clientId": app.id })).await?;
    let user_code = format!("{}-{}", &user_code[..LENGTH / 2], &user_code[LENGTH / 2..]);
    let verification_uri = format!("{}/device", ctx.settings.public_url);
    Ok(DeviceAuthorization {
        device_code,
        verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
        verification_uri,
        user_code,
        expires_in: LIFETIME.as_seconds(),
        interval: PAUSE.as_seconds(),
    })
}

/// What waits under the code that the caller has typed.
///
/// # Errors
/// 404 for a code under which nothing waits; 429 after too many.
pub async fn look(ctx: &Ctx, query: DeviceQuery) -> Result<WaitingDevice> {
    // Looking is guessing, too; it is counted though nothing else is written.
    let mut tx = ctx.db.write().await?;
    charge(&mut tx, ctx, &bucket(ctx)?, TRIES, TRY_WINDOW).await?;
    let row = waiting(&mut tx, ctx, &query.user_code).await;
    tx.commit().await?;
    let row = row?;
    let app = app::load(&mut ctx.read().await?, ctx.pool(), &row.app_id).await?;
    Ok(WaitingDevice { app_id: app.id, app_name: app.name, app_logo: app.logo, scope: row.scope })
}

/// Signs the device in as the caller, or refuses it. How the caller had signed in is what the device's tokens will say.
///
/// # Errors
/// 403 where the device's application asks for a second factor that the caller's session has not proven; 404 for a code
/// under which nothing waits; 429 after too many.
pub async fn decide(ctx: &Ctx, req: DecideDeviceReq) -> Result<Success> {
    let session = ctx.session()?;
    let mut tx = ctx.write().await?;
    user::hold(&mut tx, ctx.pool(), &session.user_id).await?;
    // A session that ends at this moment approves nothing any more.
    let live = sessions::live(&mut tx, ctx.pool(), &session.id, ctx.now()).await?;
    let session = &live.ok_or_else(|| Error::new(codes::NOT_SIGNED_IN))?;
    charge(&mut tx, ctx, &bucket(ctx)?, TRIES, TRY_WINDOW).await?;
    let about = |row: Option<&DeviceCode>| json!({ "userId": session.user_id, "clientId": row.map(|r| &r.app_id), "approve": req.approve });
    let row = match waiting(&mut tx, ctx, &req.user_code).await {
        Ok(row) => row,
        Err(e) => return Err(ctx.commit_refusal(tx, e, about(None)).await),
    };
    let app = app::load(&mut tx, ctx.pool(), &row.app_id).await?;
    if req.approve {
        let amr: Vec<String> = serde_json::from_str(&session.amr).map_err(Error::internal)?;
        let demand = Demand::load(&mut tx, ctx, Some(&app), &session.user_id).await?;
        if demand.holds_back(&app) && !amr.iter().any(|a| a == "mfa") {
            return Err(ctx.commit_refusal(tx, Error::new(codes::STEP_UP_NEEDED), about(Some(&row))).await);
        }
    }
    let decision = Decision {
        state: if req.approve { "approved" } else { "denied" },
        user: &session.user_id,
        amr: &session.amr,
        auth_time: session.auth_time,
    };
    if !store::decide(&mut tx, ctx.pool(), &row.id, &decision, ctx.now()).await? {
        return Err(ctx.commit_refusal(tx, nothing(), about(Some(&row))).await);
    }
    ctx.commit(tx, about(Some(&row))).await?;
    Ok(Success { success: true })
}

async fn waiting(tx: &mut Tx, ctx: &Ctx, typed: &Secret<String>) -> Result<DeviceCode> {
    let letters = |c: &char| !matches!(c, '-' | ' ');
    let code: String = typed.reveal().chars().filter(letters).map(|c| c.to_ascii_uppercase()).take(64).collect();
    store::waiting(tx, ctx.pool(), &keyed(ctx, &code), ctx.now()).await?.ok_or_else(nothing)
}

fn nothing() -> Error {
    Error::new(codes::NOT_FOUND)
        .because(text!("no device waits under this code", "没有设备在等待此代码"))
        .at("userCode")
}

fn bucket(ctx: &Ctx) -> Result<String> {
    Ok(format!("user_code:{}", ctx.session()?.user_id))
}

async fn charge(tx: &mut Tx, ctx: &Ctx, bucket: &str, limit: i64, window: Millis) -> Result<()> {
    match quota::charge(tx, ctx.pool(), Quota { bucket, limit, window }, ctx.now()).await? {
        Some(ends) => Err(throttle::too_many(ends - ctx.now())),
        None => Ok(()),
    }
}

/// Eight letters, each as likely as the others.
fn draw(ctx: &Ctx) -> String {
    let mut code = String::with_capacity(LENGTH);
    while code.len() < LENGTH {
        let [byte] = ctx.entropy.bytes::<1>();
        // 240 is the largest multiple of 20 in a byte.
        if byte < 240 {
            code.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        }
    }
    code
}

/// What is stored of a user code: it is too short for a plain hash.
fn keyed(ctx: &Ctx, code: &str) -> String {
    let mac = hash::hmac_sha256(&ctx.keys.code_mac, format!("device:{}:{code}", ctx.pool().as_str()).as_bytes());
    data_encoding::HEXLOWER.encode(&mac)
}
