//! One row: read out of its members, what needs no database judged.

use std::net::IpAddr;

use serde_json::Value;
use watchword_api::user::{NewUser, WorkStatus};
use watchword_kit::{Error, Millis, Result, Text, text};
use watchword_store::user::{self as store, Key, User};
use watchword_transfer::Object;

use super::place::Named;
use crate::ctx::Ctx;
use crate::custom_field::{Drawn, Fields};
use crate::security_settings::password::PasswordRules;
use crate::user::draft::Draft;
use crate::user::password::{self, Plan, Prepared, Wish};
use crate::user::text as rules;
use crate::user::{identity, phone};

/// Names by which a user is known: the four keys and the id.
pub const NAMES: usize = 5;
/// Their members, in the same order.
pub const FIELDS: [&str; NAMES] = ["externalId", "username", "email", "phone", "userId"];
/// The keys, in the order in which a row is matched.
pub const KEYS: [Key; 4] = [Key::ExternalId, Key::Username, Key::Email, Key::Phone];

/// One row, ready to be compared with who is there.
pub struct Item {
    pub line: u64,
    pub draft: Draft,
    /// In the order of [`KEYS`].
    pub keys: [Option<String>; 4],
    pub user_id: Option<String>,
    pub identities: Vec<store::Identity>,
    pub departments: Named,
    pub extras: Extras,
    pub password: Option<Plan>,
    /// What became of `password`, once somebody needed it.
    pub prepared: Option<Prepared>,
}

/// What an import may say beyond create-user.
#[derive(Default)]
pub struct Extras {
    work_status: Option<WorkStatus>,
    reset_password: Option<bool>,
    created_at: Option<Millis>,
    logins_count: Option<i64>,
    last_login_at: Option<Millis>,
    last_login_ip: Option<String>,
    password_set_at: Option<Millis>,
    last_mfa_at: Option<Millis>,
}

impl Item {
    /// # Errors
    /// 400 at the member that cannot be.
    pub fn read(ctx: &Ctx, line: u64, mut fields: Object, policy: &PasswordRules) -> Result<Item> {
        for shown in watchword_transfer::column::COLUMNS {
            if shown.kind == watchword_transfer::column::Kind::Shown {
                fields.remove(shown.name);
            }
        }
        let departments = Named::take(&mut fields)?;
        let user_id = text(&mut fields, "userId")?;
        let extras = Extras::take(&mut fields)?;
        let mut user = new_user(fields)?;
        let wish = Wish { password: user.password.take(), hash: user.password_hash.take(), ..Wish::default() };
        let wanted = wish.password.is_some() || wish.hash.is_some();
        let password = if wanted { Some(password::plan(wish, policy, &ctx.entropy)?) } else { None };
        Ok(Item {
            line,
            keys: keys(&user),
            user_id,
            identities: identity::rows(ctx, "", user.identities.take().unwrap_or_default())?,
            departments,
            extras,
            password,
            prepared: None,
            draft: Draft::of_new(&mut user),
        })
    }

    /// What names the user in the file, in the order of [`FIELDS`].
    pub fn names(&self) -> [Option<&str>; NAMES] {
        let [a, b, c, d] = &self.keys;
        [a.as_deref(), b.as_deref(), c.as_deref(), d.as_deref(), self.user_id.as_deref()]
    }

    /// Writes what the row says into a user, new or not; answers what custom fields claim where it is stored.
    ///
    /// # Errors
    /// 400 at the member that cannot be.
    pub fn apply(&self, ctx: &Ctx, fields: &Fields, row: &mut User, new: bool) -> Result<Option<Drawn>> {
        self.draft.apply(row, ctx.now())?;
        self.extras.apply(row, new);
        let before = row.custom_data.clone();
        let drawn = self.draft.custom(ctx, fields, row)?;
        // Sealed anew, the same value is another text.
        if before != row.custom_data && fields.same(ctx, &row.id, &before, &row.custom_data)? {
            row.custom_data = before;
            return Ok(None);
        }
        Ok(drawn)
    }
}

impl Extras {
    fn take(fields: &mut Object) -> Result<Extras> {
        let work_status = match text(fields, "workStatus")? {
            None => None,
            Some(given) => Some(WorkStatus::parse(&given).ok_or_else(|| {
                Error::invalid("workStatus", text!("must be Active or Closed", "应为 Active 或 Closed"))
            })?),
        };
        let last_login_ip = text(fields, "lastIp")?;
        if last_login_ip.as_ref().is_some_and(|ip| ip.parse::<IpAddr>().is_err()) {
            return Err(Error::invalid("lastIp", text!("must be an IP address", "应为 IP 地址")));
        }
        Ok(Extras {
            work_status,
            reset_password: match fields.remove("resetPasswordOnNextLogin") {
                None => None,
                Some(Value::Bool(wish)) => Some(wish),
                Some(_) => {
                    let detail = text!("must be a boolean", "应为布尔值");
                    return Err(Error::invalid("resetPasswordOnNextLogin", detail));
                }
            },
            created_at: time(fields, "createdAt")?,
            logins_count: match fields.remove("loginsCount") {
                None => None,
                Some(n) => Some(n.as_i64().filter(|n| *n >= 0).ok_or_else(|| {
                    Error::invalid("loginsCount", text!("must be a whole number from 0", "应为非负整数"))
                })?),
            },
            last_login_at: time(fields, "lastLogin")?,
            last_login_ip,
            password_set_at: time(fields, "passwordLastSetAt")?,
            last_mfa_at: time(fields, "lastMfaTime")?,
        })
    }

    /// History is that of the system the user comes from; whoever is here already has one.
    fn apply(&self, row: &mut User, new: bool) {
        if let Some(status) = self.work_status {
            row.work_status = status.as_str().into();
        }
        if let Some(reset) = self.reset_password {
            row.reset_password_on_next_login = reset;
        }
        if !new {
            return;
        }
        row.created_at = self.created_at.unwrap_or(row.created_at);
        row.logins_count = self.logins_count.unwrap_or(row.logins_count);
        row.last_login_at = self.last_login_at.or(row.last_login_at);
        row.last_login_ip = self.last_login_ip.clone().or(row.last_login_ip.take());
        row.last_mfa_at = self.last_mfa_at.or(row.last_mfa_at);
    }

    /// When the password was set, as the file says.
    pub fn password_set_at(&self) -> Option<Millis> {
        self.password_set_at
    }
}

fn text(fields: &mut Object, name: &str) -> Result<Option<String>> {
    match fields.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::invalid(name, text!("must be a string", "应为字符串"))),
    }
}

fn time(fields: &mut Object, name: &str) -> Result<Option<Millis>> {
    let Some(given) = text(fields, name)? else { return Ok(None) };
    let read = Millis::parse_iso(&given).filter(|at| at.0 >= 0);
    let bad = || {
        Error::invalid(
            name,
            text!("must be a time such as 2026-11-20T05:45:00Z", "应为时间，例如 2026-11-20T05:45:00Z"),
        )
    };
    read.map(Some).ok_or_else(bad)
}

/// The decoder's words name types and wire values, never what was given.
fn new_user(fields: Object) -> Result<NewUser> {
    let read: std::result::Result<NewUser, _> = serde_path_to_error::deserialize(Value::Object(fields));
    read.map_err(|e| {
        let (path, said) = (e.path().to_string(), e.inner().to_string());
        let detail: Text = match said.split_once(", expected ") {
            Some((_, expected)) => text!("must be {expected}", "应为 {expected}"),
            None if said.starts_with("missing field") => text!("a member is missing", "缺少成员"),
            None => text!("not acceptable", "不合法"),
        };
        Error::invalid(path, detail)
    })
}

/// The names as they are compared. What is no name is told when it is written.
fn keys(user: &NewUser) -> [Option<String>; 4] {
    let folded = |field: &str, name: &Option<String>, max: usize| {
        name.as_ref().and_then(|n| rules::identifier(field, n, max).ok()).map(|i| i.key)
    };
    let phone = user.phone.as_ref().and_then(|n| phone::read(n, user.phone_country_code.as_deref()));
    [
        folded("externalId", &user.external_id, rules::MAX_EXTERNAL_ID),
        folded("username", &user.username, rules::MAX_NAME),
        user.email.as_ref().and_then(|e| rules::email("email", e).ok()).map(|i| i.key),
        phone.map(|p| p.e164),
    ]
}

/// The names of a user, in the order of [`KEYS`].
pub fn names_of(user: &User) -> [&Option<String>; 4] {
    [&user.external_id_key, &user.username_key, &user.email_key, &user.phone_key]
}
