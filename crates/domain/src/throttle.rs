//! Limits on guessing, shared by every way to guess: per user and secret, whatever the session, address or endpoint.
//!
//! Five failures in a row close the door for a minute, doubling to fifteen minutes; a hundred failures in a rolling
//! thirty days close it for good (NIST SP 800-63B-4 §3.2.2). A guess is judged only while its counter is held, so a
//! burst of parallel guesses cannot outrun the count.

pub(crate) mod secret;

use watchword_kit::{Error, Millis, Result, codes};
use watchword_store::Tx;
use watchword_store::mfa_factor::{self, Governed};
use watchword_store::throttle::{self, Throttle};

use crate::ctx::Ctx;

/// Failures in a row before the first pause.
const FREE_TRIES: i64 = 5;
const FIRST_PAUSE: Millis = Millis::minutes(1);
const LONGEST_PAUSE: Millis = Millis::minutes(15);
/// Failures within [`WINDOW_DAYS`] that lock.
const LIFETIME_TRIES: i64 = 100;
const WINDOW_DAYS: i64 = 30;

/// What is being guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// A one-time password or a code by SMS or e-mail that stands for a second factor.
    SecondFactor,
    RecoveryCode,
    /// A password: pauses, but is never locked, or anybody could lock anybody out.
    Password,
}

impl Guess {
    pub fn bucket(self, user_id: &str) -> String {
        match self {
            Guess::SecondFactor => format!("otp:{user_id}"),
            Guess::RecoveryCode => format!("recovery:{user_id}"),
            Guess::Password => format!("password:{user_id}"),
        }
    }
}

/// A counter held by the present transaction.
pub struct Held {
    guess: Guess,
    bucket: String,
    state: Throttle,
}

/// Takes hold of the user's counter.
///
/// # Errors
/// 429 with the seconds left while the door is closed, 403 when it is locked. Nothing was judged then.
pub async fn hold(tx: &mut Tx, ctx: &Ctx, guess: Guess, subject: &str) -> Result<Held> {
    let bucket = guess.bucket(subject);
    let state = throttle::hold(tx, ctx.pool(), &bucket).await?;
    admit(ctx, guess, bucket, state)
}

/// [`hold`] of second factors, and the user's factors as they are once the counter is held. A user without any has
/// nothing to guess.
///
/// # Errors
/// As [`hold`].
pub async fn hold_and_read(tx: &mut Tx, ctx: &Ctx, user_id: &str) -> Result<(Held, Vec<Governed>)> {
    let bucket = Guess::SecondFactor.bucket(user_id);
    let factors = mfa_factor::hold_and_read(tx, ctx.pool(), &bucket, user_id).await?;
    let state = factors.first().map(|f| f.throttle.clone()).unwrap_or_default();
    Ok((admit(ctx, Guess::SecondFactor, bucket, state)?, factors))
}

/// Whether a guess would be let in now; nothing is held or counted.
///
/// # Errors
/// As [`hold`].
pub async fn ask(tx: &mut Tx, ctx: &Ctx, guess: Guess, subject: &str) -> Result<()> {
    let bucket = guess.bucket(subject);
    let state = throttle::peek(tx, ctx.pool(), &bucket).await?.unwrap_or_default();
    admit(ctx, guess, bucket, state).map(drop)
}

fn admit(ctx: &Ctx, guess: Guess, bucket: String, state: Throttle) -> Result<Held> {
    if state.locked {
        return Err(Error::new(codes::FACTOR_LOCKED));
    }
    if state.blocked_until > ctx.now() {
        return Err(too_many(state.blocked_until - ctx.now()));
    }
    Ok(Held { guess, bucket, state })
}

impl Held {
    /// A right guess ends the row of failures; the thirty days keep theirs.
    pub async fn succeeded(self, tx: &mut Tx, ctx: &Ctx) -> Result<()> {
        if self.state.straight > 0 {
            let fresh = Throttle { straight: 0, blocked_until: Millis(0), locked: false };
            throttle::set(tx, ctx.pool(), &self.bucket, &fresh, ctx.now()).await?;
        }
        Ok(())
    }

    /// Counts a wrong guess; answers whether it closed the door, for a while or for good.
    pub async fn failed(self, tx: &mut Tx, ctx: &Ctx) -> Result<bool> {
        let day = today(ctx);
        let straight = self.state.straight + 1;
        let month = throttle::count_failure(tx, ctx.pool(), &self.bucket, day, day - WINDOW_DAYS).await?;
        let locked = self.guess != Guess::Password && month >= LIFETIME_TRIES;
        let blocked_until = if straight >= FREE_TRIES { ctx.now() + pause(straight) } else { Millis(0) };
        throttle::set(tx, ctx.pool(), &self.bucket, &Throttle { straight, blocked_until, locked }, ctx.now()).await?;
        Ok(locked || blocked_until > ctx.now())
    }
}

/// Counts a try as a failure before it is judged, in a unit of work of its own; [`absolve`] takes it back. For
/// secrets that take long to judge, so that the counter cannot be held meanwhile.
///
/// Answers whether the door is closed if the try turns out wrong.
///
/// # Errors
/// As [`hold`].
pub async fn charge(ctx: &Ctx, guess: Guess, subject: &str) -> Result<bool> {
    let mut tx = ctx.write().await?;
    let closed = hold(&mut tx, ctx, guess, subject).await?.failed(&mut tx, ctx).await?;
    tx.commit().await?;
    Ok(closed)
}

/// The try that was charged was right: the row of failures ends.
pub async fn absolve(tx: &mut Tx, ctx: &Ctx, guess: Guess, subject: &str) -> Result<()> {
    let bucket = guess.bucket(subject);
    let fresh = Throttle { straight: 0, blocked_until: Millis(0), locked: false };
    throttle::uncount_failure(tx, ctx.pool(), &bucket, today(ctx)).await?;
    throttle::set(tx, ctx.pool(), &bucket, &fresh, ctx.now()).await?;
    Ok(())
}

/// The try that was charged was never judged: it does not count, and what others did meanwhile still does.
pub async fn give_back(ctx: &Ctx, guess: Guess, subject: &str) -> Result<()> {
    let bucket = guess.bucket(subject);
    let mut tx = ctx.write().await?;
    let state = throttle::hold(&mut tx, ctx.pool(), &bucket).await?;
    let straight = (state.straight - 1).max(0);
    let blocked_until = if straight >= FREE_TRIES { state.blocked_until } else { Millis(0) };
    throttle::uncount_failure(&mut tx, ctx.pool(), &bucket, today(ctx)).await?;
    throttle::set(&mut tx, ctx.pool(), &bucket, &Throttle { straight, blocked_until, ..state }, ctx.now()).await?;
    Ok(tx.commit().await?)
}

/// Keeps everyone else from the counter until this transaction ends, judging nothing: for who locks rows that holders
/// of the counter lock too, and so must hold it before them.
pub async fn keep(tx: &mut Tx, ctx: &Ctx, guess: Guess, subject: &str) -> Result<()> {
    Ok(tx.hold(ctx.pool(), &guess.bucket(subject)).await?)
}

/// Opens a lock and forgets its history.
pub async fn reopen(tx: &mut Tx, ctx: &Ctx, guess: Guess, subject: &str) -> Result<()> {
    Ok(throttle::clear(tx, ctx.pool(), &guess.bucket(subject)).await?)
}

fn today(ctx: &Ctx) -> i64 {
    ctx.now().0.div_euclid(Millis::days(1).0)
}

/// 5 failures: 1 minute, 6: 2, 7: 4, 8: 8, from 9 on: 15.
pub(crate) fn pause(straight: i64) -> Millis {
    let doublings = u32::try_from(straight - FREE_TRIES).unwrap_or(0).min(8);
    Millis((FIRST_PAUSE.0 << doublings).min(LONGEST_PAUSE.0))
}

pub(crate) fn too_many(left: Millis) -> Error {
    let seconds = u32::try_from((left.0 + 999) / 1000).unwrap_or(u32::MAX);
    Error::new(codes::TOO_MANY).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_fifteen_minutes() {
        let pauses: Vec<i64> = (5..=11).map(|n| pause(n).0 / 60_000).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 15, 15, 15]);
        assert_eq!(pause(1_000_000), LONGEST_PAUSE);
    }
}
