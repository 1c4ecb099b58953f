//! What users are told of their own account: what the scopes of the token allow, and no field that the pool hides.

use watchword_api::user::User as Shown;
use watchword_kit::Result;
use watchword_store::Tx;

use crate::ctx::Ctx;
use crate::custom_field::base;

/// The account as its user sees it.
pub(super) async fn to_user(tx: &mut Tx, ctx: &Ctx, user: Shown, scope: &str) -> Result<Shown> {
    let mut told = within(user, scope);
    let (built_in, custom) = base::hidden(tx, ctx).await?;
    for key in &built_in {
        hide(&mut told, key);
    }
    if let Some(data) = &mut told.custom_data {
        data.retain(|key, _| !custom.contains(key));
    }
    Ok(told)
}

/// Takes a member away. Those that every profile has cannot be hidden.
fn hide(told: &mut Shown, key: &str) {
    macro_rules! members {
        ($($wire:literal $field:ident;)*) => {
            match key {
                $($wire => told.$field = None,)*
                _ => {}
            }
        };
    }
    members! {
        "suspendAt" suspend_at;
        "activateAt" activate_at;
        "externalId" external_id;
        "email" email;
        "phone" phone;
        "phoneCountryCode" phone_country_code;
        "username" username;
        "name" name;
        "nickname" nickname;
        "photo" photo;
        "lastLogin" last_login;
        "lastIp" last_ip;
        "passwordLastSetAt" password_last_set_at;
        "birthdate" birthdate;
        "country" country;
        "province" province;
        "city" city;
        "address" address;
        "streetAddress" street_address;
        "postalCode" postal_code;
        "company" company;
        "browser" browser;
        "device" device;
        "givenName" given_name;
        "familyName" family_name;
        "middleName" middle_name;
        "profile" profile;
        "preferredUsername" preferred_username;
        "website" website;
        "zoneinfo" zoneinfo;
        "locale" locale;
        "formatted" formatted;
        "region" region;
        "userSourceId" user_source_id;
        "lastLoginApp" last_login_app;
        "mainDepartmentId" main_department_id;
        "lastMfaTime" last_mfa_time;
        "passwordSecurityLevel" password_security_level;
        "registerSource" register_source;
        "identityNumber" identity_number;
        "statusChangedAt" status_changed_at;
        "tenantId" tenant_id;
    }
}

/// A shown user without what the scopes do not tell.
fn within(user: Shown, scope: &str) -> Shown {
    let may = |wanted: &str| scope.split(' ').any(|scope| scope == wanted);
    let mut told = Shown {
        user_id: user.user_id.clone(),
        created_at: user.created_at.clone(),
        updated_at: user.updated_at.clone(),
        status: user.status,
        work_status: user.work_status,
        user_source_type: user.user_source_type,
        username: user.username.clone().filter(|_| may("username")),
        external_id: user.external_id.clone().filter(|_| may("external_id")),
        custom_data: user.custom_data.clone(),
        ..Shown::default()
    };
    let (email, phone) = ((user.email.clone(), user.email_verified), (user.phone.clone(), user.phone_verified));
    let (country_code, place) = (user.phone_country_code.clone(), user.clone());
    if may("profile") {
        told = Shown { email: None, email_verified: false, phone: None, phone_verified: false, ..user };
        told.phone_country_code = None;
        (told.country, told.province, told.city, told.region) = Default::default();
        (told.address, told.street_address, told.formatted, told.postal_code) = Default::default();
    }
    if may("email") {
        (told.email, told.email_verified) = email;
    }
    if may("phone") {
        (told.phone, told.phone_verified) = phone;
        told.phone_country_code = country_code;
    }
    if may("address") {
        (told.country, told.province, told.city, told.region) =
            (place.country, place.province, place.city, place.region);
        (told.address, told.street_address, told.formatted, told.postal_code) =
            (place.address, place.street_address, place.formatted, place.postal_code);
    }
    told
}
