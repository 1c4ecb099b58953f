//! The password grant (RFC 6749 §4.3), for applications that have asked for it: the sign-in by API under another name,
//! with all of its gates.

use watchword_api::grant::TokenSet;
use watchword_api::login::PasswordPayload;
use watchword_kit::{Error, Result, codes, text};

use super::{Asked, invalid_grant};
use crate::ctx::Ctx;
use crate::login;
use crate::token::{Extras, oauth};

/// Tokens for the user's own password.
///
/// # Errors
/// `invalid_grant` for a wrong account or password and for whoever may not sign in; `mfa_required` with `mfa_token` when
/// a second factor is needed: it is proven by the operations for it, which answer the tokens.
pub(super) async fn password(ctx: &Ctx, asked: Asked) -> Result<TokenSet> {
    let missing = |name: &str| oauth("invalid_request").because(text!("{name} is required", "缺少 {name}"));
    let resources = asked.resources();
    asked.settings.permit_resources(&resources)?;
    let account = asked.req.username.ok_or_else(|| missing("username"))?;
    let password = asked.req.password.ok_or_else(|| missing("password"))?;
    let scope = login::clean_scope(asked.req.scope.as_deref())
        .map_err(|_| oauth("invalid_scope").because(text!("not a list of scopes", "不是合法的 scope 列表")))?;
    asked.settings.permit_scope(&scope)?;
    let payload = PasswordPayload { password, account: Some(account), email: None, username: None, phone: None };
    let extras = Extras { granted: resources.clone(), resources, jkt: asked.jkt, ..Extras::default() };
    login::by_password(ctx, &asked.app, payload, &scope, extras).await.map_err(told)
}

/// What the refusals of a sign-in are called here.
fn told(e: Error) -> Error {
    let code = e.code();
    if code == codes::MFA_PERSONAL || code == codes::MFA_APPLICATION {
        let mut data = e.data().cloned().unwrap_or_default();
        let mfa_token = data["mfaToken"].clone();
        data["error"] = "mfa_required".into();
        data["mfa_token"] = mfa_token;
        return Error::new(code).with_data(data);
    }
    if [codes::RESET_PASSWORD_FIRST, codes::PASSWORD_TOO_OLD].contains(&code) {
        return invalid_grant(text!("the password must be changed first", "须先修改密码"));
    }
    if [codes::CREDENTIALS_WRONG, codes::USER_DISABLED, codes::USER_LOCKED].contains(&code) || code.status == 403 {
        return invalid_grant(text!("wrong account or password", "账号或密码错误"));
    }
    e
}
