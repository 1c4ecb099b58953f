//! The trigger data of a user: what set-mfa-status stores, what get-mfa-status and get-mfa-trigger-data show.

use std::collections::HashSet;

use serde_json::json;
use watchword_api::common::{FactorType, UserQuery};
use watchword_api::mfa_otp::{
    ApplicationMfaReq, MfaTriggerData, MfaTriggerDataQuery, MfaTriggerDataReq, SetMfaStatusReq,
};
use watchword_kit::{Error, Field, Result, codes, text};
use watchword_store::mfa_factor::{self, MfaFactor};
use watchword_store::user::User;
use watchword_store::{Tx, mfa_transaction};

use crate::ctx::Ctx;
use crate::demand::{self, Demand, StoredPolicy};
use crate::outbox::{Event, notify_user};
use crate::{app, login, message, token, user};

/// Longest mfaToken that set-mfa-status takes; it is required by the schema, proves nothing and is not kept.
const MAX_TOKEN: usize = 2048;

/// `POST /api/v3/set-mfa-status`: an administrator's patch. No value in it proves anything about the user.
///
/// # Errors
/// 400 for a bad value, 404/2004, 422 when something is to be enabled that is not bound.
pub async fn set_status(ctx: &Ctx, req: SetMfaStatusReq) -> Result<()> {
    let patch = req.mfa_trigger_data;
    let wish = Wish::read(&patch).map_err(|e| e.at("mfaTriggerData"))?;
    let mut tx = ctx.write().await?;
    let user = user::resolve(&mut tx, ctx, ctx.pool(), &req.user_id, req.user_id_type.unwrap_or_default()).await?;
    let user = user::hold(&mut tx, ctx.pool(), &user.id).await.map_err(|e| e.at("userId"))?;
    let bound = mfa_factor::of_user(&mut tx, ctx.pool(), &user.id).await?;
    let has = |kind: FactorType| bound.iter().any(|f| f.kind == kind.as_str());
    if patch.face_mfa_enabled == Some(true) && !has(FactorType::Face) {
        return Err(not_bound("mfaTriggerData.faceMfaEnabled"));
    }
    let users = [user.id.clone()];
    let mut disabled = false;
    if let Some(on) = patch.totp_mfa_enabled {
        if on && !has(FactorType::Otp) {
            return Err(not_bound("mfaTriggerData.totpMfaEnabled"));
        }
        mfa_factor::set_enabled(&mut tx, ctx.pool(), &users, "OTP", on, ctx.now()).await?;
        disabled |= !on && has(FactorType::Otp);
    }
    if patch.face_mfa_enabled == Some(false) {
        mfa_factor::set_enabled(&mut tx, ctx.pool(), &users, "FACE", false, ctx.now()).await?;
        disabled |= has(FactorType::Face);
    }
    let mut replaced = false;
    for (kind, target) in [(FactorType::Sms, &wish.phone), (FactorType::Email, &wish.email)] {
        match put_target(&mut tx, ctx, &user, kind, target).await? {
            Put::Nothing => {}
            Put::Replaced => replaced = true,
            Put::Unbound => disabled = true,
        }
    }
    if let Some(entries) = &wish.entries {
        let json = serde_json::to_string(entries).map_err(Error::internal)?;
        mfa_factor::put_application_mfa(&mut tx, ctx.pool(), &user.id, &json, ctx.now()).await?;
    }
    if disabled || replaced {
        mfa_transaction::revoke_of_users(&mut tx, ctx.pool(), &users, ctx.now()).await?;
        let event = if disabled { Event::FactorsDisabled } else { Event::FactorReplaced };
        notify_user(&mut tx, ctx, &user, event).await?;
    }
    ctx.commit(tx, json!({ "userId": user.id, "disabled": disabled })).await
}

/// What a patch asks for, checked and in normal form.
struct Wish {
    /// E.164 number and its country code.
    phone: Field<(String, Option<String>)>,
    email: Field<(String, Option<String>)>,
    entries: Option<Vec<StoredPolicy>>,
}

impl Wish {
    fn read(patch: &MfaTriggerDataReq) -> Result<Wish> {
        if patch.mfa_token.as_ref().is_some_and(|t| t.reveal().len() > MAX_TOKEN) {
            return Err(Error::invalid("mfaToken", text!("at most {MAX_TOKEN} bytes", "最长 {MAX_TOKEN} 字节")));
        }
        let phone = match &patch.mfa_phone {
            Field::Absent => Field::Absent,
            Field::Null => Field::Null,
            Field::Value(number) => {
                let code = patch.mfa_phone_country_code.value().map(String::as_str);
                let phone = message::normalise_phone(number, code).map_err(|e| e.at("mfaPhone"))?;
                let country_code = demand::country_code(&phone);
                Field::Value((phone, country_code))
            }
        };
        let email = match &patch.mfa_email {
            Field::Absent => Field::Absent,
            Field::Null => Field::Null,
            Field::Value(address) => {
                Field::Value((message::normalise_email(address).map_err(|e| e.at("mfaEmail"))?, None))
            }
        };
        let entries = patch.application_mfa.as_deref().map(policies).transpose()?;
        Ok(Wish { phone, email, entries })
    }
}

fn policies(list: &[ApplicationMfaReq]) -> Result<Vec<StoredPolicy>> {
    let mut seen = HashSet::new();
    let mut out = Vec::with_capacity(list.len().min(4));
    for (i, entry) in list.iter().enumerate() {
        let at = |e: Error| e.at(format!("applicationMfa[{i}]"));
        let known = FactorType::parse(&entry.mfa_policy);
        let mfa_policy = known.ok_or_else(|| {
            at(Error::invalid("mfaPolicy", text!("one of OTP, SMS, EMAIL, FACE", "应为 OTP、SMS、EMAIL、FACE 之一")))
        })?;
        if !seen.insert(mfa_policy) {
            return Err(at(Error::invalid("mfaPolicy", text!("given twice", "重复出现"))));
        }
        let status = entry.status.unwrap_or(1);
        if !matches!(status, 0 | 1) {
            return Err(at(Error::invalid("status", text!("0 or 1", "应为 0 或 1"))));
        }
        let sort = entry.sort.unwrap_or(0);
        if sort < 0 {
            return Err(at(Error::invalid("sort", text!("0 or more", "不能小于 0"))));
        }
        out.push(StoredPolicy { mfa_policy, status, sort });
    }
    out.sort_by_key(|e| e.sort);
    Ok(out)
}

/// What a patch did to an SMS or e-mail factor that was there before.
enum Put {
    Nothing,
    Replaced,
    Unbound,
}

/// Binds, replaces or unbinds an SMS or e-mail factor.
async fn put_target(
    tx: &mut Tx,
    ctx: &Ctx,
    user: &User,
    kind: FactorType,
    wish: &Field<(String, Option<String>)>,
) -> Result<Put> {
    match wish {
        Field::Absent => Ok(Put::Nothing),
        Field::Null => {
            let gone = mfa_factor::delete_kind(tx, ctx.pool(), &user.id, kind.as_str()).await? > 0;
            Ok(if gone { Put::Unbound } else { Put::Nothing })
        }
        Field::Value((target, country_code)) => {
            let old =
                mfa_factor::primary_of_users(tx, ctx.pool(), std::slice::from_ref(&user.id), kind.as_str()).await?;
            if old.first().is_some_and(|f| f.enabled && f.target.as_ref() == Some(target)) {
                return Ok(Put::Nothing);
            }
            let factor = target_factor(ctx, &user.id, kind, target, country_code.as_deref(), "admin");
            mfa_factor::put_primary(tx, &[factor]).await?;
            Ok(if old.is_empty() { Put::Nothing } else { Put::Replaced })
        }
    }
}

/// An SMS or e-mail factor, not yet stored.
pub(crate) fn target_factor(
    ctx: &Ctx,
    user_id: &str,
    kind: FactorType,
    target: &str,
    country_code: Option<&str>,
    source: &str,
) -> MfaFactor {
    MfaFactor {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        user_id: user_id.to_owned(),
        kind: kind.as_str().into(),
        is_primary: true,
        enabled: true,
        name: None,
        target: Some(target.to_owned()),
        target_country_code: country_code.map(str::to_owned),
        secret_sealed: None,
        otp_type: None,
        algorithm: None,
        digits: None,
        period: None,
        counter: None,
        drift: None,
        last_used_step: None,
        serial: None,
        weak_seed: false,
        source: source.to_owned(),
        created_at: ctx.now(),
        updated_at: ctx.now(),
        last_used_at: None,
    }
}

fn not_bound(field: &str) -> Error {
    Error::new(codes::FACTOR_NOT_BOUND).at(field)
}

/// `GET /api/v3/get-mfa-status`: the stored trigger data with what is bound. Its `mfaToken` is fresh and opens nothing.
///
/// # Errors
/// 404/2004.
pub async fn get_status(ctx: &Ctx, query: UserQuery) -> Result<MfaTriggerData> {
    let mut tx = ctx.read().await?;
    let user = user::resolve(&mut tx, ctx, ctx.pool(), &query.user_id, query.user_id_type.unwrap_or_default()).await?;
    let demand = Demand::load(&mut tx, ctx, None, &user.id).await?;
    let entries = demand.stored_entries();
    Ok(demand.trigger_data(&user, ctx.entropy.hex(32), entries))
}

/// `GET /api/v3/get-mfa-trigger-data`: what an application asks of a user, with an mfaToken that verifies the second
/// factor and issues no session: for a sign-in of the customer's own that wants a step-up.
///
/// # Errors
/// 404/2011 for the application, 404/2004 for the user.
pub async fn trigger_data(ctx: &Ctx, query: MfaTriggerDataQuery) -> Result<MfaTriggerData> {
    let mut tx = ctx.write().await?;
    let app = app::load(&mut tx, ctx.pool(), &query.app_id).await?;
    let user = user::resolve(&mut tx, ctx, ctx.pool(), &query.user_id, query.user_id_type.unwrap_or_default()).await?;
    let demand = Demand::load(&mut tx, ctx, Some(&app), &user.id).await?;
    let transaction = login::pending(ctx, &app, &user, "", "trigger", "trigger");
    let mfa_token = token::begin_mfa(&mut tx, ctx, &transaction).await?;
    ctx.commit(tx, json!({ "userId": user.id, "appId": app.id })).await?;
    let entries = demand.entries();
    Ok(demand.trigger_data(&user, mfa_token, entries))
}
