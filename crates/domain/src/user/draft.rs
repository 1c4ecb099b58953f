//! What a request says about a user, applied to a row: the same rules for a new user and for a change.

use watchword_api::common::Object;
use watchword_api::user::{Gender, NewUser, UserPatch, UserStatus};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Field, Millis, Result, codes, text};
use watchword_store::user::User;

use super::text::{self as rules, Identifier};
use super::{life, phone};
use crate::ctx::Ctx;
use crate::custom_field::{Drawn, Fields};

macro_rules! profile {
    ($($field:ident $wire:literal $rule:expr;)*) => {
        /// The descriptive texts.
        #[derive(Default)]
        struct Profile { $($field: Field<String>,)* }

        impl Profile {
            fn of_new(user: &mut NewUser) -> Self {
                Profile { $($field: lift(user.$field.take()),)* }
            }

            fn of_patch(patch: &mut UserPatch) -> Self {
                Profile { $($field: std::mem::take(&mut patch.$field),)* }
            }

            fn apply(&self, row: &mut User) -> Result<()> {
                $(match &self.$field {
                    Field::Absent => {}
                    Field::Null => row.$field = None,
                    Field::Value(given) => row.$field = $rule($wire, given)?,
                })*
                Ok(())
            }
        }
    };
}

type Read = Result<Option<String>>;

fn short(field: &str, given: &str) -> Read {
    rules::plain(field, given, 128, false)
}

fn middling(field: &str, given: &str) -> Read {
    rules::plain(field, given, 256, false)
}

fn long(field: &str, given: &str) -> Read {
    rules::plain(field, given, 1024, true)
}

fn agent(field: &str, given: &str) -> Read {
    rules::plain(field, given, 1024, false)
}

profile! {
    name "name" middling;
    nickname "nickname" middling;
    photo "photo" rules::link;
    birthdate "birthdate" rules::birthdate;
    country "country" short;
    province "province" short;
    city "city" short;
    region "region" short;
    address "address" long;
    street_address "streetAddress" long;
    formatted "formatted" long;
    postal_code "postalCode" short;
    company "company" middling;
    browser "browser" agent;
    device "device" agent;
    given_name "givenName" middling;
    family_name "familyName" middling;
    middle_name "middleName" middling;
    profile "profile" rules::link;
    preferred_username "preferredUsername" middling;
    website "website" rules::link;
    zoneinfo "zoneinfo" short;
    locale "locale" short;
    identity_number "identityNumber" short;
}

/// What a request says about one user, apart from password, authenticator and identities.
pub struct Draft {
    profile: Profile,
    username: Field<String>,
    email: Field<String>,
    phone: Field<String>,
    phone_country_code: Field<String>,
    external_id: Field<String>,
    status: Option<UserStatus>,
    suspend_at: Field<String>,
    activate_at: Field<String>,
    gender: Option<Gender>,
    email_verified: Option<bool>,
    phone_verified: Option<bool>,
    custom_data: Field<Object>,
    /// Where values of data objects were given.
    metadata: Option<&'static str>,
}

impl Draft {
    /// Takes its members out of the request.
    pub fn of_new(user: &mut NewUser) -> Draft {
        Draft {
            profile: Profile::of_new(user),
            username: lift(user.username.take()),
            email: lift(user.email.take()),
            phone: lift(user.phone.take()),
            phone_country_code: lift(user.phone_country_code.take()),
            external_id: lift(user.external_id.take()),
            status: user.status,
            suspend_at: lift(user.suspend_at.take()),
            activate_at: lift(user.activate_at.take()),
            gender: user.gender,
            email_verified: user.email_verified,
            phone_verified: user.phone_verified,
            custom_data: user.custom_data.take().map_or(Field::Absent, Field::Value),
            metadata: user.metadata_source.take().filter(|m| !m.is_empty()).map(|_| "metadataSource"),
        }
    }

    /// Takes its members out of the request.
    pub fn of_patch(patch: &mut UserPatch) -> Draft {
        Draft {
            profile: Profile::of_patch(patch),
            username: std::mem::take(&mut patch.username),
            email: std::mem::take(&mut patch.email),
            phone: std::mem::take(&mut patch.phone),
            phone_country_code: std::mem::take(&mut patch.phone_country_code),
            external_id: std::mem::take(&mut patch.external_id),
            status: patch.status,
            suspend_at: std::mem::take(&mut patch.suspend_at),
            activate_at: std::mem::take(&mut patch.activate_at),
            gender: patch.gender,
            email_verified: patch.email_verified,
            phone_verified: patch.phone_verified,
            custom_data: std::mem::take(&mut patch.custom_data),
            metadata: patch.metadata.take().filter(|m| !m.is_empty()).map(|_| "metadata"),
        }
    }

    /// Whether the account is to be active from now on.
    pub fn activates(&self) -> bool {
        self.status == Some(UserStatus::Activated)
    }

    /// Writes the wishes into a row. A new address or number is unproven unless the request says otherwise.
    ///
    /// # Errors
    /// 400 at the member that cannot be, or when nothing identifies the user any more; 501 for values of data objects,
    /// which users do not have.
    pub fn apply(&self, row: &mut User, now: Millis) -> Result<()> {
        if let Some(member) = self.metadata {
            let none = text!("users have no data objects; use customData", "用户暂不支持数据对象，请使用 customData");
            return Err(Error::new(codes::NOT_IMPLEMENTED).because(none).at(member));
        }
        self.identifiers(row)?;
        self.profile.apply(row)?;
        row.name_key = row.name.as_deref().map(fold);
        row.nickname_key = row.nickname.as_deref().map(fold);
        if let Some(status) = self.status {
            life::enter(row, status, now);
        }
        life::schedule("suspendAt", &self.suspend_at, row, now)?.apply(&mut row.suspend_at);
        life::schedule("activateAt", &self.activate_at, row, now)?.apply(&mut row.activate_at);
        if row.suspend_at.is_some() && row.suspend_at == row.activate_at {
            let detail = text!("must differ from suspendAt", "不能与 suspendAt 相同");
            return Err(Error::invalid("activateAt", detail));
        }
        if let Some(gender) = self.gender {
            row.gender = gender.as_str().into();
        }
        Ok(())
    }

    fn identifiers(&self, row: &mut User) -> Result<()> {
        let name = |field: &str, given: &String| rules::identifier(field, given, rules::MAX_NAME);
        let external = |field: &str, given: &String| rules::identifier(field, given, rules::MAX_EXTERNAL_ID);
        let email = |field: &str, given: &String| rules::email(field, given);
        let old_email = row.email_key.clone();
        set("username", &self.username, name, &mut row.username, &mut row.username_key)?;
        set("externalId", &self.external_id, external, &mut row.external_id, &mut row.external_id_key)?;
        set("email", &self.email, email, &mut row.email, &mut row.email_key)?;
        if row.email_key != old_email {
            row.email_verified = false;
        }
        self.phone(row)?;
        verified("emailVerified", self.email_verified, row.email.is_some(), &mut row.email_verified)?;
        verified("phoneVerified", self.phone_verified, row.phone.is_some(), &mut row.phone_verified)?;
        let keys = [&row.username_key, &row.email_key, &row.phone_key, &row.external_id_key];
        if keys.iter().all(|key| key.is_none()) {
            let detail = text!(
                "a user needs at least one of username, email, phone and externalId",
                "用户至少需要 username、email、phone、externalId 之一"
            );
            return Err(Error::invalid("username", detail));
        }
        Ok(())
    }

    fn phone(&self, row: &mut User) -> Result<()> {
        if self.phone.is_absent() && self.phone_country_code.is_absent() {
            return Ok(());
        }
        let number = match &self.phone {
            Field::Absent => row.phone.clone(),
            Field::Null => None,
            Field::Value(number) => Some(number.clone()),
        };
        // A new number comes with its own country code or with none; an old one keeps it.
        let code = match &self.phone_country_code {
            Field::Value(code) => Some(code.as_str()),
            Field::Null => None,
            Field::Absent if self.phone.is_absent() => row.phone_country_code.as_deref(),
            Field::Absent => None,
        };
        let old = row.phone_key.take();
        match number {
            None => {
                if let Some(code) = self.phone_country_code.value()
                    && !phone::is_country_code(code)
                {
                    return Err(no_code());
                }
                (row.phone, row.phone_country_code) = (None, None);
            }
            Some(number) => {
                let read = phone::read(&number, code).ok_or_else(|| match code {
                    Some(code) if !phone::is_country_code(code) => no_code(),
                    _ => Error::invalid("phone", text!("not a phone number", "不是有效的手机号")),
                })?;
                row.phone = Some(read.number);
                row.phone_country_code = Some(read.country_code);
                row.phone_key = Some(read.e164);
            }
        }
        if row.phone_key != old {
            row.phone_verified = false;
        }
        Ok(())
    }

    /// Writes the wishes for custom data into a row, and answers what is to be claimed where it is stored; `None`:
    /// there are no such wishes.
    ///
    /// # Errors
    /// 400 at the member of `customData` that does not fit.
    pub fn custom(&self, ctx: &Ctx, fields: &Fields, row: &mut User) -> Result<Option<Drawn>> {
        let drawn = match &self.custom_data {
            Field::Absent => return Ok(None),
            Field::Null => fields.draw_up(ctx, &row.id, &row.custom_data, &Fields::nothing(&row.custom_data)?),
            Field::Value(patch) => fields.draw_up(ctx, &row.id, &row.custom_data, patch),
        };
        let drawn = drawn.map_err(|e| e.at("customData"))?;
        row.custom_data.clone_from(&drawn.stored);
        Ok(Some(drawn))
    }
}

fn no_code() -> Error {
    Error::invalid("phoneCountryCode", text!("not a country code, such as +86", "不是有效的国家区号，例如 +86"))
}

fn set(
    field: &str,
    wish: &Field<String>,
    read: impl Fn(&str, &String) -> Result<Identifier>,
    shown: &mut Option<String>,
    key: &mut Option<String>,
) -> Result<()> {
    match wish {
        Field::Absent => {}
        Field::Null => (*shown, *key) = (None, None),
        Field::Value(given) => {
            let read = read(field, given)?;
            (*shown, *key) = (Some(read.shown), Some(read.key));
        }
    }
    Ok(())
}

fn verified(field: &str, wish: Option<bool>, there: bool, stored: &mut bool) -> Result<()> {
    match wish {
        None => {}
        Some(true) if !there => {
            return Err(Error::invalid(field, text!("there is nothing to be verified", "没有可验证的邮箱或手机号")));
        }
        Some(wish) => *stored = wish,
    }
    Ok(())
}

fn lift(given: Option<String>) -> Field<String> {
    given.map_or(Field::Absent, Field::Value)
}
