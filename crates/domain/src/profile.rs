//! What users do with their own account.
//!
//! # Layout
//! - here: reading and changing what the account says
//! - [`contact`]: e-mail address and phone number; [`password`]: changed, forgotten, to be changed first
//! - [`remove`]: the end of an account; [`device`]: whence somebody has signed in
//! - `told`: what users see of it
//! - `proof`: codes and names that several of them ask for
//!
//! Whoever changes an address, a number or the password keeps the present session; the user's others end.

pub mod contact;
pub mod device;
pub mod password;
mod proof;
pub mod remove;
mod told;

use watchword_api::profile::{
    GetProfileQuery, PublicAccountsQuery, SecurityInfo, SelectableAccounts, UpdateProfileReq,
};
use watchword_api::user::{User as Shown, UserPatch};
use watchword_kit::{Field, Result};
use watchword_store::mfa_factor;
use watchword_store::user::User;

use crate::ctx::Ctx;
use crate::custom_field::base;
use crate::user::view::{self, With};
use crate::user::{self, custom, update};

/// `GET /api/v3/get-profile`: what the scopes of the token tell. `profile` tells all but the address (`address`), the
/// e-mail address (`email`) and the phone number (`phone`); without any of them, id, state and times remain. Fields that
/// the pool hides from its users (`visibleInUserCenter`) are told in no case.
pub async fn get(ctx: &Ctx, query: GetProfileQuery) -> Result<Shown> {
    let session = ctx.session()?;
    let scopes: Vec<&str> = session.scope.split(' ').collect();
    let may = |scope: &str| scopes.contains(&scope);
    let with = With {
        custom_data: query.with_custom_data.unwrap_or_default() && (may("profile") || may("extended_fields")),
        identities: query.with_identities.unwrap_or_default() && may("profile"),
        department_ids: query.with_department_ids.unwrap_or_default() && may("profile"),
        ..With::default()
    };
    let mut tx = ctx.read().await?;
    let row = user::by_id(&mut tx, ctx.pool(), &session.user_id).await?;
    let shown = view::user(&mut tx, ctx, row, with).await?;
    told::to_user(&mut tx, ctx, shown, &session.scope).await
}

/// `POST /api/v3/update-profile`.
///
/// # Errors
/// 403 at the first member that is not the user's to change; 400 at one that cannot be, 409/2026 at one that another
/// user has.
pub async fn update(ctx: &Ctx, req: UpdateProfileReq) -> Result<Shown> {
    let session = ctx.session()?;
    let mut tx = ctx.read().await?;
    let row = user::by_id(&mut tx, ctx.pool(), &session.user_id).await?;
    let (hidden, _) = base::hidden(&mut tx, ctx).await?;
    let (patch, keys) = changes(&row, req, &hidden)?;
    let custom: Vec<&str> = patch.custom_data.value().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    base::own_change(&mut tx, ctx, &keys, &custom, None).await?;
    drop(tx);
    let shown = update::own(ctx, patch).await?;
    told::to_user(&mut ctx.read().await?, ctx, shown, &session.scope).await
}

/// What differs from what is there: clients send whole forms back, with null for what is hidden from their users.
fn changes(row: &User, req: UpdateProfileReq, hidden: &[String]) -> Result<(UserPatch, Vec<&'static str>)> {
    let mut patch = UserPatch { user_id: row.id.clone(), ..UserPatch::default() };
    let mut keys = Vec::new();
    macro_rules! changed {
        ($($field:ident $wire:literal;)*) => {
            $(match (req.$field, &row.$field) {
                (Field::Absent, _) | (Field::Null, None) => {}
                (Field::Null, Some(_)) if hidden.iter().any(|key| key == $wire) => {}
                (Field::Value(wish), Some(there)) if wish == *there => {}
                (wish, _) => {
                    patch.$field = wish;
                    keys.push($wire);
                }
            })*
        };
    }
    changed! {
        name "name";
        nickname "nickname";
        photo "photo";
        external_id "externalId";
        birthdate "birthdate";
        country "country";
        province "province";
        city "city";
        address "address";
        street_address "streetAddress";
        postal_code "postalCode";
        username "username";
        company "company";
        identity_number "identityNumber";
    }
    if let Some(gender) = req.gender.filter(|gender| gender.as_str() != row.gender) {
        patch.gender = Some(gender);
        keys.push("gender");
    }
    if let Some(mut wish) = req.custom_data {
        let there = custom::object(&row.custom_data)?;
        wish.retain(|key, value| there.get(key) != Some(value));
        if !wish.is_empty() {
            patch.custom_data = Field::Value(wish);
        }
    }
    Ok((patch, keys))
}

/// `GET /api/v3/get-security-info`.
pub async fn security(ctx: &Ctx) -> Result<SecurityInfo> {
    let mut tx = ctx.read().await?;
    let user = user::by_id(&mut tx, ctx.pool(), &ctx.session()?.user_id).await?;
    let factors = mfa_factor::of_user(&mut tx, ctx.pool(), &user.id).await?;
    let mfa_enrolled = factors.iter().any(|factor| factor.enabled);
    let password_security_level = user.password_hash.as_ref().and(user.password_level).unwrap_or_default();
    let contact = |there: bool, proven: bool| match (there, proven) {
        (true, true) => 15,
        (true, false) => 5,
        (false, _) => 0,
    };
    let security_score = 10 * password_security_level
        + contact(user.email_key.is_some(), user.email_verified)
        + contact(user.phone_key.is_some(), user.phone_verified)
        + if mfa_enrolled { 40 } else { 0 };
    Ok(SecurityInfo {
        password_security_level,
        mfa_enrolled,
        password_set: user.password_hash.is_some(),
        email_binded: user.email_key.is_some(),
        phone_binded: user.phone_key.is_some(),
        security_score,
    })
}

/// `GET /api/v3/get-user-select-login-public-accounts`: none, since there are no public accounts yet.
pub async fn public_accounts(ctx: &Ctx, _: PublicAccountsQuery) -> Result<Vec<SelectableAccounts>> {
    ctx.session()?;
    Ok(Vec::new())
}
