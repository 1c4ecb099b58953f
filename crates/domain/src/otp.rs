//! One-time passwords: sealing secrets, judging codes. Every consumer of a code comes through [`check`], so that a
//! code spent anywhere is spent everywhere.

use watchword_crypto::base32::OtpSecret;
use watchword_crypto::totp::{self, Algorithm, Params};
use watchword_crypto::vault::{Aad, Class};
use watchword_kit::{Error, Millis, Result, Secret, codes};
use watchword_store::Tx;
use watchword_store::mfa_factor::{self, MfaFactor};

use crate::ctx::Ctx;
use crate::throttle;

/// Counters past the expected one at which an HOTP code is still found (RFC 4226 §7.4).
const LOOK_AHEAD: u64 = 10;

/// How a code was judged.
pub enum Verdict {
    /// Right, and used up.
    Right { factor_id: String },
    /// Wrong, replayed or out of the window: nobody can tell which.
    /// `closed`: guessing is over for a while or for good, and with it the sign-ins that wait.
    Wrong { closed: bool },
}

/// A TOTP factor from a secret, SHA-1, 6 digits, 30 seconds, not yet stored.
///
/// Codes of the present step minus two and before count as used up, so that a code seen before the import cannot be
/// replayed after it.
pub fn factor(ctx: &Ctx, user_id: &str, secret: &OtpSecret, source: &str) -> MfaFactor {
    let params = Params::default();
    let id = ctx.new_id();
    let sealed = seal(ctx, &id, user_id, secret.canonical.reveal());
    MfaFactor {
        pool_id: ctx.pool().to_string(),
        id,
        user_id: user_id.to_owned(),
        kind: "OTP".into(),
        is_primary: true,
        enabled: true,
        name: None,
        target: None,
        target_country_code: None,
        secret_sealed: Some(sealed),
        otp_type: Some("totp".into()),
        algorithm: Some(params.algorithm.as_str().into()),
        digits: Some(i64::from(params.digits)),
        period: Some(i64::from(params.period)),
        counter: None,
        drift: Some(0),
        last_used_step: Some(totp::step_at(ctx.now(), params.period) - 2),
        serial: None,
        weak_seed: secret.weak,
        source: source.to_owned(),
        created_at: ctx.now(),
        updated_at: ctx.now(),
        last_used_at: None,
    }
}

pub fn seal(ctx: &Ctx, row: &str, user_id: &str, canonical: &str) -> Vec<u8> {
    let column = column(user_id);
    let aad = Aad { pool: ctx.pool().as_str(), row, column: &column };
    ctx.vault.seal(Class::Otp, &aad, canonical.as_bytes(), &ctx.entropy)
}

/// The canonical Base32 text of a sealed secret.
pub fn open(ctx: &Ctx, row: &str, user_id: &str, sealed: &[u8]) -> Result<Secret<String>> {
    let column = column(user_id);
    let aad = Aad { pool: ctx.pool().as_str(), row, column: &column };
    let plain = ctx
        .vault
        .open_blob(Class::Otp, &aad, sealed)
        .map_err(|e| Error::internal(format!("OTP secret of factor {row}: {e:?}")))?;
    String::from_utf8(plain.reveal().clone()).map(Secret::new).map_err(|_| Error::internal("OTP secret is not text"))
}

/// The secret's bytes of a factor, and its canonical text.
pub fn secret_of(ctx: &Ctx, factor: &MfaFactor) -> Result<OtpSecret> {
    let sealed = factor.secret_sealed.as_deref().ok_or_else(|| Error::internal("an OTP factor without secret"))?;
    let text = open(ctx, &factor.id, &factor.user_id, sealed)?;
    watchword_crypto::base32::parse_secret(text.reveal(), 0)
        .map_err(|_| Error::internal("a stored secret is unreadable"))
}

fn column(user_id: &str) -> String {
    format!("mfa_factors.secret_sealed:{user_id}")
}

/// Judges a code against the user's authenticators and uses it up, inside the caller's unit of work, which is to be
/// committed whatever the verdict.
///
/// # Errors
/// 429 or 403 while the user's counter is closed, 422 when no authenticator is bound and enabled.
pub async fn check(tx: &mut Tx, ctx: &Ctx, user_id: &str, code: &str) -> Result<Verdict> {
    let (held, mut factors) = throttle::hold_and_read(tx, ctx, user_id).await?;
    factors.retain(|f| f.factor.kind == "OTP" && f.factor.enabled);
    let Some(first) = factors.first() else { return Err(Error::new(codes::FACTOR_NOT_BOUND)) };
    let window = crate::pool::read_settings(&first.settings)?.otp_window;
    let mut matched: Option<(&MfaFactor, i64)> = None;
    for factor in factors.iter().map(|f| &f.factor) {
        // Every authenticator is tried, so that the time taken does not tell which one matched.
        if let Some(step) = find(ctx, factor, code, window)? {
            matched = matched.or(Some((factor, step)));
        }
    }
    let used = match matched {
        Some((factor, position)) => use_up(tx, ctx, factor, position).await?,
        None => false,
    };
    match matched {
        Some((factor, _)) if used => {
            held.succeeded(tx, ctx).await?;
            Ok(Verdict::Right { factor_id: factor.id.clone() })
        }
        _ => Ok(Verdict::Wrong { closed: held.failed(tx, ctx).await? }),
    }
}

/// The time step or counter at which the code is right and unused.
fn find(ctx: &Ctx, factor: &MfaFactor, code: &str, window: i64) -> Result<Option<i64>> {
    let secret = secret_of(ctx, factor)?;
    let params = params(factor);
    let bytes = secret.bytes.reveal();
    if factor.otp_type.as_deref() == Some("hotp") {
        let counter = u64::try_from(factor.counter.unwrap_or(0)).unwrap_or(0);
        let found = totp::match_hotp(bytes, code, counter, LOOK_AHEAD, &params);
        return Ok(found.and_then(|c| i64::try_from(c).ok()));
    }
    let after = factor.last_used_step.unwrap_or(i64::MIN);
    // The remembered drift is recorded but does not move the window: no setting reaches past one step either side.
    Ok(totp::match_totp(bytes, code, ctx.now(), &params, 0, window, after))
}

async fn use_up(tx: &mut Tx, ctx: &Ctx, factor: &MfaFactor, position: i64) -> Result<bool> {
    if factor.otp_type.as_deref() == Some("hotp") {
        return Ok(mfa_factor::use_counter(tx, ctx.pool(), &factor.id, position, ctx.now()).await?);
    }
    let drift = position - totp::step_at(ctx.now(), params(factor).period);
    Ok(mfa_factor::use_step(tx, ctx.pool(), &factor.id, position, drift, ctx.now()).await?)
}

fn params(factor: &MfaFactor) -> Params {
    let fallback = Params::default();
    Params {
        algorithm: factor.algorithm.as_deref().and_then(Algorithm::parse).unwrap_or(fallback.algorithm),
        digits: factor.digits.and_then(|d| u8::try_from(d).ok()).unwrap_or(fallback.digits),
        period: factor.period.and_then(|p| u32::try_from(p).ok()).unwrap_or(fallback.period),
    }
}

/// The step of the default parameters at `now`, for enrolments that prove a code before a factor exists.
pub fn prove(secret: &OtpSecret, code: &str, now: Millis, window: i64) -> Option<i64> {
    totp::match_totp(secret.bytes.reveal(), code, now, &Params::default(), 0, window, i64::MIN)
}
