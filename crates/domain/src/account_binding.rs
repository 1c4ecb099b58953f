//! Accounts elsewhere, as their user sees them.

use serde_json::json;
use watchword_api::account_binding::{EnabledExtIdp, UnlinkExtIdpReq};
use watchword_api::user::Identity;
use watchword_kit::{Error, Result, codes, text};
use watchword_store::user::{self as users, TABLE, identity as store};

use crate::ctx::Ctx;
use crate::group::follow;
use crate::profile::contact;
use crate::user::view;

/// `GET /api/v3/get-identities`, the oldest first. The provider's tokens stay here: no application needs them to show
/// what is bound.
pub async fn identities(ctx: &Ctx) -> Result<Vec<Identity>> {
    let user = ctx.session()?.user_id.clone();
    let rows = users::identities_of(&mut ctx.read().await?, ctx.pool(), &[user]).await?;
    rows.into_iter().map(view::identity).collect()
}

/// `POST /api/v3/unlink-extidp`: every identity of the user at the source.
///
/// # Errors
/// 404 when there is none; 422 when no other way to sign in would be left.
pub async fn unlink(ctx: &Ctx, req: UnlinkExtIdpReq) -> Result<()> {
    let mut tx = ctx.write().await?;
    let user = TABLE.hold(&mut tx, ctx.pool(), &ctx.session()?.user_id, "updated_at", ctx.now()).await?;
    let user = user.ok_or_else(|| Error::new(codes::USER_NOT_FOUND))?;
    let gone = store::unlink(&mut tx, ctx.pool(), &user.id, &req.ext_idp_id, None).await?;
    if gone == 0 {
        let none = text!("you have no such identity", "您没有绑定此身份源");
        return Err(Error::new(codes::NOT_FOUND).because(none).at("extIdpId"));
    }
    if !contact::can_sign_in(&mut tx, ctx, &user).await? {
        let detail = text!(
            "no other way to sign in would be left: bind an e-mail address or a phone number first",
            "解绑后将没有其他登录方式，请先绑定邮箱或手机号"
        );
        return Err(Error::new(codes::UNPROCESSABLE).because(detail));
    }
    follow::changed(&mut tx, ctx, std::slice::from_ref(&user.id)).await?;
    ctx.commit(tx, json!({ "userId": user.id, "extIdpId": req.ext_idp_id, "identities": gone })).await
}

/// `GET /api/v3/get-application-enabled-extidps`: none, since no identity source can be connected yet.
pub async fn enabled(_: &Ctx) -> Result<Vec<EnabledExtIdp>> {
    Ok(Vec::new())
}
