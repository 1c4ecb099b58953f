//! The password that must be changed before the first sign-in, on a sign-in page: who has just proven the old one sets
//! the new one, and the sign-in goes on where it stopped.

use watchword_kit::{Error, Result, Secret, codes};
use watchword_store::app::Application;
use watchword_store::interaction::{self, Interaction};

use super::{Goal, Proven, admit, at_browser};
use crate::ctx::Ctx;
use crate::pool;
use crate::security_settings::password::{PasswordRules, is_old};
use crate::sso_session::{self, Cookie};
use crate::user;
use crate::user::password::{another, choose};

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
    another(ctx, &user, &given).await?;
    let rules = PasswordRules::of(&settings)?.of_user(&user);
    let chosen = choose(ctx, "password", given, &rules).await?;
    let mut tx = ctx.write().await?;
    let mut held = sso_session::hold(&mut tx, ctx, app, &user_id).await.map_err(|_| over())?;
    // Whoever changed the password meanwhile has the say.
    let due = held.reset_password_on_next_login || is_old(&settings.security.password_rotation, &held, ctx.now());
    let unchanged = held.password_hash == user.password_hash && due;
    if !unchanged || !interaction::take_password(&mut tx, ctx.pool(), &waiting.id, &user_id, ctx.now()).await? {
        return Err(over());
    }
    chosen.save(&mut tx, ctx, &mut held, None).await?;
    at_browser(admit(ctx, app, Proven { tx, user: held, amr: "pwd" }, Goal::Browser(waiting)).await?)
}
