//! The password of whoever is signed in already, asked for again.

use watchword_kit::{Error, Result, Secret, codes};
use watchword_store::Tx;
use watchword_store::user::User;

use super::first_factor::judge;
use super::{about, gate};
use crate::ctx::Ctx;
use crate::passwords::Verdict;
use crate::throttle::{self, Guess};
use crate::user;

/// A password that was right; the try is charged until [`Vouched::settle`].
pub(crate) struct Vouched {
    subject: String,
    stored: Option<String>,
}

/// Checks the user's password outside of any unit of work. Wrong ones count as those of a sign-in do.
///
/// # Errors
/// 403/2006 for a wrong one and for a user without; 429 after too many failures.
pub(crate) async fn own_password(ctx: &Ctx, user: &User, given: Secret<String>) -> Result<Vouched> {
    let subject = format!("{}:{}", user.id, ctx.network());
    match judge(ctx, &subject, given, user.password_hash.clone()).await? {
        Verdict::Right | Verdict::RightButStale => Ok(Vouched { subject, stored: user.password_hash.clone() }),
        Verdict::Wrong => {
            let mut tx = ctx.write().await?;
            let user = &user::hold(&mut tx, ctx.pool(), &user.id).await?;
            gate::failed(&mut tx, ctx, Some(user), &user.id, true).await?;
            Err(ctx.commit_refusal(tx, Error::new(codes::PASSWORD_WRONG), about(Some(user), "pwd")).await)
        }
    }
}

impl Vouched {
    /// Takes the charge back, in the unit of work that acts upon the proof; `held` is the user as of now.
    ///
    /// # Errors
    /// 403/2006 when the password was changed meanwhile.
    pub async fn settle(self, tx: &mut Tx, ctx: &Ctx, held: &User) -> Result<()> {
        throttle::absolve(tx, ctx, Guess::Password, &self.subject).await?;
        if held.password_hash != self.stored {
            return Err(Error::new(codes::PASSWORD_WRONG));
        }
        Ok(())
    }
}
