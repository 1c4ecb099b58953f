//! Which second factors a sign-in must pass, and how that is told to the client.

use serde::{Deserialize, Serialize};
use watchword_api::common::FactorType;
use watchword_api::mfa_otp::{ApplicationMfa, MfaTriggerData};
use watchword_kit::{Code, Error, Result, codes};
use watchword_store::Tx;
use watchword_store::app::Application;
use watchword_store::mfa_factor::{self, MfaFactor};
use watchword_store::user::User;

use crate::ctx::Ctx;
use crate::{app, pool};

/// One entry of the trigger data that set-mfa-status stores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredPolicy {
    pub mfa_policy: FactorType,
    /// 1: asked for; 0: not.
    pub status: i64,
    pub sort: i64,
}

/// Everything that decides about a user's second factor.
pub struct Demand {
    /// What the application, or for want of own factors the pool, asks for.
    pub application: Vec<FactorType>,
    pub stored: Vec<StoredPolicy>,
    pub bound: Vec<MfaFactor>,
}

impl Demand {
    pub async fn load(tx: &mut Tx, ctx: &Ctx, app: Option<&Application>, user_id: &str) -> Result<Demand> {
        let own = match app {
            Some(app) => app::mfa_factors(app)?.unwrap_or_default(),
            None => Vec::new(),
        };
        let application = if own.is_empty() { pool::settings(tx, ctx.pool()).await?.mfa_factors } else { own };
        let stored = stored(tx, ctx, user_id).await?;
        let bound = mfa_factor::of_user(tx, ctx.pool(), user_id).await?;
        Ok(Demand { application, stored, bound })
    }

    /// The factors asked for by someone other than the user, in order.
    pub fn required(&self) -> Vec<FactorType> {
        let mut out = self.application.clone();
        for entry in self.stored.iter().filter(|e| e.status == 1) {
            if !out.contains(&entry.mfa_policy) {
                out.push(entry.mfa_policy);
            }
        }
        out
    }

    pub fn has(&self, kind: FactorType) -> bool {
        self.bound.iter().any(|f| f.enabled && f.kind == kind.as_str())
    }

    pub fn any_bound(&self) -> bool {
        self.bound.iter().any(|f| f.enabled)
    }

    /// Why a second factor is needed (fail closed: one reason is enough), or `None`.
    pub fn code(&self) -> Option<&'static Code> {
        if !self.required().is_empty() {
            Some(codes::MFA_APPLICATION)
        } else if self.any_bound() {
            Some(codes::MFA_PERSONAL)
        } else {
            None
        }
    }

    /// Whether sign-in issues nothing before the second factor. An application may make its demand advisory; what the
    /// user has bound always counts.
    pub fn holds_back(&self, app: &Application) -> bool {
        let advisory = app.mfa_on_api_signin == "advisory" && !self.any_bound();
        self.code().is_some() && !advisory
    }

    /// Whether a proof of this kind completes the sign-in: one of the factors asked for where the user has bound one
    /// of those, otherwise any factor the user has bound.
    pub fn satisfied_by(&self, kind: FactorType) -> bool {
        let required = self.required();
        let bound_required = required.iter().any(|k| self.has(*k));
        if bound_required { required.contains(&kind) } else { self.has(kind) }
    }

    /// What the client is told; `token` is the mfaToken or, for an administrator, a string that opens nothing.
    pub fn trigger_data(&self, user: &User, token: String, entries: Vec<ApplicationMfa>) -> MfaTriggerData {
        let of = |kind: FactorType| self.bound.iter().find(|f| f.enabled && f.is_primary && f.kind == kind.as_str());
        let sms = of(FactorType::Sms);
        MfaTriggerData {
            mfa_token: token,
            mfa_phone: sms.and_then(|f| f.target.as_deref().map(|t| national(t, f.target_country_code.as_deref()))),
            mfa_phone_country_code: sms.and_then(|f| f.target_country_code.clone()),
            mfa_email: of(FactorType::Email).and_then(|f| f.target.clone()),
            nickname: user.nickname.clone(),
            username: user.username.clone(),
            phone: user.phone.clone(),
            phone_country_code: user.phone_country_code.clone(),
            face_mfa_enabled: self.has(FactorType::Face),
            totp_mfa_enabled: self.has(FactorType::Otp),
            application_mfa: entries,
        }
    }

    /// The factors asked for, as `applicationMfa` lists them.
    pub fn entries(&self) -> Vec<ApplicationMfa> {
        let entry = |(i, kind): (usize, FactorType)| ApplicationMfa {
            mfa_policy: kind.as_str().into(),
            status: 1,
            sort: i64::try_from(i).unwrap_or(0),
        };
        self.required().into_iter().enumerate().map(entry).collect()
    }

    /// The stored trigger data as it was written, ordered by `sort`.
    pub fn stored_entries(&self) -> Vec<ApplicationMfa> {
        let entry = |e: &StoredPolicy| ApplicationMfa {
            mfa_policy: e.mfa_policy.as_str().into(),
            status: e.status,
            sort: e.sort,
        };
        self.stored.iter().map(entry).collect()
    }
}

async fn stored(tx: &mut Tx, ctx: &Ctx, user_id: &str) -> Result<Vec<StoredPolicy>> {
    match mfa_factor::application_mfa(tx, ctx.pool(), user_id).await? {
        Some(json) => serde_json::from_str(&json).map_err(Error::internal),
        None => Ok(Vec::new()),
    }
}

/// `+8613800000000` with `+86` is shown as `13800000000`.
pub fn national(e164: &str, country_code: Option<&str>) -> String {
    country_code.and_then(|code| e164.strip_prefix(code)).unwrap_or(e164).to_owned()
}

/// `+86` of `+8613800000000`.
pub fn country_code(e164: &str) -> Option<String> {
    let parsed = phonenumber::parse(None, e164).ok()?;
    Some(format!("+{}", parsed.code().value()))
}
