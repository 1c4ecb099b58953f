//! The password that must be changed before the first sign-in, on a sign-in page: who has just proven the old one sets
//! the new one, and the sign-in goes on where it stopped.

use watchword_crypto::password;
use watchword_kit::{Error, Result, Secret, codes, text};
use watchword_store::app::Application;
use watchword_store::interaction::{self, Interaction};
use watchword_store::user::TABLE;

use super::{Goal, Proven, admit, at_browser};
use crate::ctx::Ctx;
use crate::group::follow;
use crate::outbox::{Event, notify_user};
use crate::passwords::Verdict;
use crate::pool;
use crate::security_settings::password::{PasswordRules, is_old};
use crate::sso_session::{self, Cookie};
use crate::user::{self, update};

/// # Errors
/// 400 at `password` for the old one and for one against the pool's policy; as a sign-in otherwise.
pub(crate) async fn set(ctx: &Ctx, app: &Application, waiting: &Interaction, given: Secret<String>) -> Result<Cookie> {
    let over = || Error::new(codes::INTERACTION_OVER);
    let user_id = waiting.password_user_id.clone().ok_or_else(over)?;
    let (user, settings) = {
        let mut tx = ctx.read().await?;
        let user = user::by_id(&mut tx, ctx.pool(), &user_id).await.map_err(|_| over())?;
        (user, pool::settings(&mut tx, ctx.pool()).await?)
    };
    let rules = PasswordRules::of(&settings)?.of_user(&user);
    rules.check(given.reveal()).map_err(|e| Error::invalid("password", e))?;
    if !matches!(ctx.passwords.verify(given.clone(), user.password_hash.clone()).await?, Verdict::Wrong) {
        return Err(Error::invalid("password", text!("the password must be another one", "新密码不能与旧密码相同")));
    }
    let level = i64::from(password::strength(given.reveal()));
    let hashed = ctx.passwords.hash(given, ctx.entropy).await?;
    let mut tx = ctx.write().await?;
    let mut held = sso_session::hold(&mut tx, ctx, app, &user_id).await.map_err(|_| over())?;
    // Whoever changed the password meanwhile has the say.
    let due = held.reset_password_on_next_login || is_old(&settings.security.password_rotation, &held, ctx.now());
    let unchanged = held.password_hash == user.password_hash && due;
    if !unchanged || !interaction::take_password(&mut tx, ctx.pool(), &waiting.id, &user_id, ctx.now()).await? {
        return Err(over());
    }
    held.updated_at = ctx.now();
    held.password_hash = Some(hashed);
    held.password_level = Some(level);
    held.password_set_at = Some(ctx.now());
    held.reset_password_on_next_login = false;
    TABLE.update(&mut tx, &held).await?;
    follow::changed(&mut tx, ctx, std::slice::from_ref(&user_id)).await?;
    update::sign_out(&mut tx, ctx, &user_id).await?;
    notify_user(&mut tx, ctx, &held, Event::PasswordChanged).await?;
    at_browser(admit(ctx, app, Proven { tx, user: held, amr: "pwd" }, Goal::Browser(waiting)).await?)
}
