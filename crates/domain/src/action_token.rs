//! Changes in two steps: what the first has proven, as a token that the second takes.
//!
//! A token is random, stored as its hash, and good for one step of one user at one application; where somebody was
//! signed in, for that session. A newer one of the same step voids the older, and whatever ends sessions voids all.

use watchword_crypto::hash;
use watchword_kit::{Error, Millis, Result, Secret, codes};
use watchword_store::Tx;
use watchword_store::action_token::{self as store, ActionToken, TABLE};
use watchword_store::user::{self as users, User};

use crate::ctx::Ctx;

/// Random bytes in a token: nobody guesses it.
const BYTES: usize = 32;

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    UpdateEmail,
    UpdatePhone,
    /// By a code sent to whoever forgot the password.
    ResetPassword,
    /// By the password that must be changed.
    FirstPassword,
    DeleteAccount,
}

impl Step {
    const fn as_str(self) -> &'static str {
        match self {
            Step::UpdateEmail => "update_email",
            Step::UpdatePhone => "update_phone",
            Step::ResetPassword => "reset_password",
            Step::FirstPassword => "first_password",
            Step::DeleteAccount => "delete_account",
        }
    }

    /// How long its token lives.
    pub const fn lifetime(self) -> Millis {
        match self {
            Step::UpdateEmail | Step::UpdatePhone | Step::DeleteAccount => Millis::seconds(60),
            Step::ResetPassword | Step::FirstPassword => Millis::minutes(5),
        }
    }

    pub const fn seconds(self) -> i64 {
        self.lifetime().0 / 1000
    }
}

/// What the first step has proven.
pub(crate) struct Proof<'a> {
    pub user: &'a str,
    /// By what: `email`, `sms` or `password`.
    pub channel: &'static str,
    /// New address, or number with its country code.
    pub target: Option<(String, Option<String>)>,
    /// What the account has now; the second step finds it unchanged, or the token is void.
    pub seen: String,
}

/// Draws a token and stores it in the caller's unit of work; older ones of the user for this step are void.
pub(crate) async fn issue(tx: &mut Tx, ctx: &Ctx, step: Step, proof: Proof<'_>) -> Result<Secret<String>> {
    let token = Secret::new(hash::token(&ctx.entropy, BYTES));
    let (target, target_country_code) = proof.target.map_or((None, None), |(target, code)| (Some(target), code));
    let row = ActionToken {
        pool_id: ctx.pool().to_string(),
        id: hash::token_hash(token.reveal()),
        user_id: proof.user.to_owned(),
        step: step.as_str().into(),
        channel: proof.channel.into(),
        app_id: ctx.app_id().unwrap_or_default().to_owned(),
        session_id: session(ctx).to_owned(),
        target,
        target_country_code,
        seen: proof.seen,
        created_at: ctx.now(),
        expires_at: ctx.now() + step.lifetime(),
    };
    store::void_step(tx, ctx.pool(), proof.user, step.as_str()).await?;
    TABLE.insert(tx, &row).await?;
    Ok(token)
}

/// The token's row, if it is good for one of these steps; nothing is used up.
///
/// # Errors
/// 403 for one that is wrong, used, over, of another step, application or session, which is one refusal.
pub(crate) async fn read(tx: &mut Tx, ctx: &Ctx, steps: &[Step], token: &Secret<String>) -> Result<ActionToken> {
    let found = TABLE.get(tx, ctx.pool(), &hash::token_hash(token.reveal())).await?;
    let fits = |row: &ActionToken| {
        steps.iter().any(|step| step.as_str() == row.step)
            && row.expires_at > ctx.now()
            && Some(row.app_id.as_str()) == ctx.app_id()
            && row.session_id == session(ctx)
    };
    found.filter(fits).ok_or_else(over)
}

/// Uses the token up and answers it with its user, who is held. Of parallel calls one at most succeeds.
///
/// # Errors
/// As [`read`].
pub(crate) async fn spend(
    tx: &mut Tx,
    ctx: &Ctx,
    steps: &[Step],
    token: &Secret<String>,
) -> Result<(ActionToken, User)> {
    let row = read(tx, ctx, steps, token).await?;
    // The user first: whoever ends the user's sessions voids tokens while holding the user.
    let held = users::TABLE.hold(tx, ctx.pool(), &row.user_id, "updated_at", ctx.now()).await?;
    let user = held.ok_or_else(over)?;
    if !store::consume(tx, ctx.pool(), &row.id, &row.step, ctx.now()).await? {
        return Err(over());
    }
    Ok((row, user))
}

pub(crate) fn over() -> Error {
    Error::new(codes::ACTION_TOKEN_INVALID)
}

fn session(ctx: &Ctx) -> &str {
    ctx.session().map_or("", |session| &session.id)
}
