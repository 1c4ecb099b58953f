//! Import of OTP secrets: everything checked and sealed first, then one unit of work, all or nothing.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use watchword_api::mfa_otp::{ImportOtpItem, ImportOtpReq};
use watchword_api::user::OtpInput;
use watchword_crypto::base32::{self, OtpSecret};
use watchword_crypto::recovery;
use watchword_kit::{Error, Result, Secret, Text, codes, text};
use watchword_store::mfa_factor::{self, MfaFactor, RecoveryCode};
use watchword_store::{Tx, enrollment, mfa_transaction, session};

use crate::ctx::Ctx;
use crate::outbox::{Event, notify_user};
use crate::{otp, pool};

/// Most items of one call.
const MAX_ITEMS: usize = 10_000;
/// Offending items that one refusal lists.
const MAX_LISTED: usize = 10;

/// A secret with its recovery code, checked and hashed, not yet bound to a stored user.
pub struct NewOtp {
    pub secret: OtpSecret,
    pub recovery_hash: Option<String>,
}

struct Item {
    user_id: String,
    otp: NewOtp,
    factor: MfaFactor,
}

/// `POST /api/v3/import-otp`: binds and enables the secrets. The same secret again changes nothing, another one
/// replaces the bound one (or refuses the batch, where the pool says so).
///
/// # Errors
/// 400 with the first ten offending items, 404/2004 when a user is not there, 409, 413.
pub async fn import(ctx: &Ctx, req: ImportOtpReq) -> Result<()> {
    if req.list.is_empty() {
        return Err(Error::invalid("list", text!("at least one item", "至少需要一项")));
    }
    if req.list.len() > MAX_ITEMS {
        let many = text!("at most {MAX_ITEMS} items in one call", "一次最多 {MAX_ITEMS} 项");
        return Err(Error::new(codes::TOO_LARGE).because(many).at("list"));
    }
    let settings = pool::settings(&mut ctx.read().await?, ctx.pool()).await?;
    let worker = ctx.clone();
    // Hashing and sealing happen before the writer is taken; codes of an unusual shape are slow to hash.
    let prepared = ctx.passwords.run(move || seal_all(&worker, req.list, settings.min_imported_otp_bits)).await;
    let mut items = prepared??;
    // One order for everybody: two imports cannot wait for each other's rows.
    items.sort_by(|a, b| a.user_id.cmp(&b.user_id));
    let mut tx = ctx.write().await?;
    watchword_store::pool::hold(&mut tx, ctx.pool()).await?;
    let total = items.len();
    let outcome = bind_all(&mut tx, ctx, items, settings.otp_import_overwrite).await?;
    let details = json!({
        "users": total, "bound": outcome.bound, "replaced": outcome.replaced.len(), "unchanged": outcome.unchanged,
        "weakSeeds": outcome.weak,
    });
    ctx.commit(tx, details).await
}

fn seal_all(ctx: &Ctx, list: Vec<ImportOtpItem>, min_bits: u32) -> Result<Vec<Item>> {
    let mut problems = Problems::default();
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(list.len());
    for (i, item) in list.iter().enumerate() {
        if let Some(first) = seen.insert(item.user_id.clone(), i) {
            problems.add(i, "userId", text!("the same user as list[{first}]", "与 list[{first}] 是同一用户"));
        }
        if item.user_id.is_empty() || item.user_id.len() > 64 {
            problems.add(i, "userId", text!("1 to 64 characters", "长度应为 1 到 64 个字符"));
        }
    }
    let mut out = Vec::with_capacity(list.len());
    for (i, item) in list.into_iter().enumerate() {
        match prepare_in(ctx, item.otp, min_bits) {
            Ok(otp) => {
                let factor = otp::factor(ctx, &item.user_id, &otp.secret, "import");
                out.push(Item { user_id: item.user_id, otp, factor });
            }
            Err((member, problem)) => problems.add(i, member, problem),
        }
        if problems.full() {
            break;
        }
    }
    problems.into_result().map(|()| out)
}

/// Checks and hashes one secret with its recovery code; slow for codes of an unusual shape.
///
/// # Errors
/// 400 at `secret` or `recoveryCode`.
pub fn prepare(ctx: &Ctx, input: OtpInput, min_bits: u32) -> Result<NewOtp> {
    prepare_in(ctx, input, min_bits)
        .map_err(|(member, problem)| Error::invalid(member.trim_start_matches("otp."), problem))
}

fn prepare_in(ctx: &Ctx, input: OtpInput, min_bits: u32) -> std::result::Result<NewOtp, (&'static str, Text)> {
    let secret = base32::parse_secret(input.secret.reveal(), min_bits).map_err(|p| ("otp.secret", p.text()))?;
    let recovery_hash = match &input.recovery_code {
        None => None,
        Some(code) => Some(hash_recovery(ctx, code).ok_or_else(|| {
            let shape = text!("8 to 128 letters and digits, with - or spaces between", "应为 8 到 128 个字母或数字");
            ("otp.recoveryCode", shape)
        })?),
    };
    Ok(NewOtp { secret, recovery_hash })
}

fn hash_recovery(ctx: &Ctx, code: &Secret<String>) -> Option<String> {
    let normal = recovery::normalise(code.reveal())?;
    Some(recovery::hash(&normal, &ctx.keys.recovery_mac, &ctx.entropy, ctx.passwords.argon()))
}

/// Binds a secret to a user who was made in this very unit of work and has no factor yet.
pub async fn bind_new(tx: &mut Tx, ctx: &Ctx, user_id: &str, otp: &NewOtp) -> Result<()> {
    mfa_factor::TABLE.insert(tx, &otp::factor(ctx, user_id, &otp.secret, "import")).await?;
    if let Some(hash) = &otp.recovery_hash {
        mfa_factor::put_recovery(tx, &[recovery_row(ctx, user_id, hash)]).await?;
    }
    Ok(())
}

struct Outcome {
    bound: usize,
    replaced: Vec<String>,
    unchanged: usize,
    weak: usize,
}

async fn bind_all(tx: &mut Tx, ctx: &Ctx, items: Vec<Item>, overwrite: bool) -> Result<Outcome> {
    let ids: Vec<String> = items.iter().map(|i| i.user_id.clone()).collect();
    require_users(tx, ctx, &ids).await?;
    let existing = mfa_factor::primary_of_users(tx, ctx.pool(), &ids, "OTP").await?;
    let existing: HashMap<&str, &MfaFactor> = existing.iter().map(|f| (f.user_id.as_str(), f)).collect();
    let mut outcome = Outcome { bound: 0, replaced: Vec::new(), unchanged: 0, weak: 0 };
    let (mut factors, mut codes, mut enable) = (Vec::new(), Vec::new(), Vec::new());
    // A recovery code belongs to the secret it came with: it does not open the way around another one.
    let mut orphans = Vec::new();
    for item in items {
        outcome.weak += usize::from(item.otp.secret.weak);
        if let Some(hash) = &item.otp.recovery_hash {
            codes.push(recovery_row(ctx, &item.user_id, hash));
        }
        match existing.get(item.user_id.as_str()) {
            Some(old) if same_seed(ctx, old, &item.otp.secret)? => {
                outcome.unchanged += 1;
                if !old.enabled {
                    enable.push(item.user_id);
                }
            }
            Some(_) if !overwrite => {
                return Err(Error::new(codes::FACTOR_BOUND).because(text!(
                    "a user has another secret bound, and this user pool does not let an import replace it",
                    "有用户已绑定其他 OTP 密钥，且该用户池不允许导入覆盖"
                )));
            }
            Some(_) => {
                if item.otp.recovery_hash.is_none() {
                    orphans.push(item.user_id.clone());
                }
                outcome.replaced.push(item.user_id);
                factors.push(item.factor);
            }
            None => {
                outcome.bound += 1;
                factors.push(item.factor);
            }
        }
    }
    mfa_factor::put_primary(tx, &factors).await?;
    mfa_factor::put_recovery(tx, &codes).await?;
    mfa_factor::delete_recovery_of(tx, ctx.pool(), &orphans).await?;
    if !enable.is_empty() {
        mfa_factor::set_enabled(tx, ctx.pool(), &enable, "OTP", true, ctx.now()).await?;
    }
    enrollment::void(tx, ctx.pool(), &ids, "OTP", ctx.now()).await?;
    if !outcome.replaced.is_empty() {
        // Whoever proved the old secret has proven nothing about the new one.
        session::drop_assurance_and_tokens(tx, ctx.pool(), &outcome.replaced).await?;
        mfa_transaction::revoke_of_users(tx, ctx.pool(), &outcome.replaced, ctx.now()).await?;
        for user in watchword_store::user::TABLE.get_many(tx, ctx.pool(), &outcome.replaced).await? {
            notify_user(tx, ctx, &user, Event::FactorReplaced).await?;
        }
    }
    Ok(outcome)
}

async fn require_users(tx: &mut Tx, ctx: &Ctx, ids: &[String]) -> Result<()> {
    let found: HashSet<String> = watchword_store::user::hold_active(tx, ctx.pool(), ids).await?.into_iter().collect();
    let missing: Vec<&str> =
        ids.iter().filter(|id| !found.contains(*id)).map(String::as_str).take(MAX_LISTED).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let clean: Vec<String> =
        missing.iter().map(|id| id.chars().filter(|c| c.is_ascii_graphic()).take(64).collect()).collect();
    let list = clean.join(", ");
    Err(Error::new(codes::USER_NOT_FOUND).because(text!("no such user: {list}", "用户未找到：{list}")).at("list"))
}

fn same_seed(ctx: &Ctx, factor: &MfaFactor, secret: &OtpSecret) -> Result<bool> {
    let known = otp::secret_of(ctx, factor)?;
    Ok(watchword_crypto::hash::ct_eq(known.bytes.reveal(), secret.bytes.reveal()))
}

fn recovery_row(ctx: &Ctx, user_id: &str, hash: &str) -> RecoveryCode {
    RecoveryCode {
        pool_id: ctx.pool().to_string(),
        user_id: user_id.to_owned(),
        hash: hash.to_owned(),
        created_at: ctx.now(),
    }
}

/// The first offending items of a list, told together.
#[derive(Default)]
struct Problems {
    list: Vec<(String, Text)>,
}

impl Problems {
    fn add(&mut self, index: usize, member: &str, problem: Text) {
        if !self.full() {
            self.list.push((format!("list[{index}].{member}"), problem));
        }
    }

    fn full(&self) -> bool {
        self.list.len() >= MAX_LISTED
    }

    fn into_result(mut self) -> Result<()> {
        if self.list.is_empty() {
            return Ok(());
        }
        let (field, first) = self.list.remove(0);
        let (mut en, mut zh) = (first.en.into_owned(), first.zh.into_owned());
        for (field, problem) in &self.list {
            en.push_str(&format!("; {field}: {}", problem.en));
            zh.push_str(&format!("；{field}: {}", problem.zh));
        }
        Err(Error::invalid(field, Text { en: en.into(), zh: zh.into() }))
    }
}
