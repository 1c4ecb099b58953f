//! Accounts at external identity providers, linked by an administrator.

use watchword_api::user::NewIdentity;
use watchword_crypto::vault::{Aad, Class};
use watchword_kit::unicode::is_plain;
use watchword_kit::{Error, Result, Secret, text};
use watchword_store::user::Identity;

use super::custom;
use crate::ctx::Ctx;

const MAX_IDENTITIES: usize = 20;
const MAX_CONNECTIONS: usize = 50;
const MAX_TOKEN: usize = 16 * 1024;

/// The rows of a user's identities, the providers' tokens sealed.
///
/// # Errors
/// 400 at `identities[i].…`.
pub fn rows(ctx: &Ctx, user: &str, list: Vec<NewIdentity>) -> Result<Vec<Identity>> {
    if list.len() > MAX_IDENTITIES {
        return Err(Error::invalid("identities", text!("at most {MAX_IDENTITIES} items", "最多 {MAX_IDENTITIES} 项")));
    }
    let each = list.into_iter().enumerate();
    each.map(|(i, given)| row(ctx, user, given).map_err(|e| e.at(format!("identities[{i}]")))).collect()
}

fn row(ctx: &Ctx, user: &str, given: NewIdentity) -> Result<Identity> {
    let id = ctx.new_id();
    for (field, value) in
        [("extIdpId", &given.ext_idp_id), ("type", &given.kind), ("userIdInIdp", &given.user_id_in_idp)]
    {
        name(field, value)?;
    }
    if given.ext_idp_id.contains(':') {
        return Err(Error::invalid("extIdpId", text!("must not contain a colon", "不能包含冒号")));
    }
    if given.origin_conn_ids.len() > MAX_CONNECTIONS {
        let many = text!("at most {MAX_CONNECTIONS} items", "最多 {MAX_CONNECTIONS} 项");
        return Err(Error::invalid("originConnIds", many));
    }
    for (i, connection) in given.origin_conn_ids.iter().enumerate() {
        name(&format!("originConnIds[{i}]"), connection)?;
    }
    Ok(Identity {
        pool_id: ctx.pool().to_string(),
        user_id: user.to_owned(),
        provider: given.provider.as_str().into(),
        user_info_in_idp: custom::json("userInfoInIdp", &given.user_info_in_idp)?,
        access_token_sealed: seal(ctx, &id, "accessToken", "user_identities.access_token_sealed", given.access_token)?,
        refresh_token_sealed: seal(
            ctx,
            &id,
            "refreshToken",
            "user_identities.refresh_token_sealed",
            given.refresh_token,
        )?,
        origin_conn_ids: serde_json::to_string(&given.origin_conn_ids).map_err(Error::internal)?,
        created_at: ctx.now(),
        ext_idp_id: given.ext_idp_id,
        kind: given.kind,
        user_id_in_idp: given.user_id_in_idp,
        id,
    })
}

fn name(field: &str, value: &str) -> Result<()> {
    if value.is_empty() || value.chars().nth(256).is_some() || !value.chars().all(is_plain) {
        let detail = text!(
            "must have 1 to 256 characters, no control or invisible ones",
            "应为 1 到 256 个字符，不含控制字符和不可见字符"
        );
        return Err(Error::invalid(field, detail));
    }
    Ok(())
}

fn seal(ctx: &Ctx, row: &str, field: &str, column: &str, token: Option<Secret<String>>) -> Result<Option<Vec<u8>>> {
    let Some(token) = token else { return Ok(None) };
    if token.reveal().len() > MAX_TOKEN {
        return Err(Error::invalid(field, text!("larger than {MAX_TOKEN} bytes", "超过 {MAX_TOKEN} 字节")));
    }
    let aad = Aad { pool: ctx.pool().as_str(), row, column };
    Ok(Some(ctx.vault.seal(Class::Provider, &aad, token.reveal().as_bytes(), &ctx.entropy)))
}
