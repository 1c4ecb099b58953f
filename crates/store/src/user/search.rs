//! Conditions on users and orders of lists of them, as SQL.

use watchword_kit::PoolId;

use crate::table::escape_like;
use crate::{Filter, Val};

/// What a column holds, which decides how it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text that is compared through its folded column.
    Folded(&'static str),
    Text,
    /// Milliseconds since 1970.
    Time,
    Number,
    Bool,
}

/// A column that can be searched, by the name the API gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub field: &'static str,
    pub column: &'static str,
    pub kind: Kind,
}

const fn column(field: &'static str, column: &'static str, kind: Kind) -> Column {
    Column { field, column, kind }
}

/// Every column that can be searched or sorted by. `signedUp` and `lastLoginTime` are other names of the contract.
pub const COLUMNS: &[Column] = &[
    column("id", "id", Kind::Text),
    column("userId", "id", Kind::Text),
    column("username", "username", Kind::Folded("username_key")),
    column("email", "email", Kind::Folded("email_key")),
    column("phone", "phone", Kind::Text),
    column("phoneCountryCode", "phone_country_code", Kind::Text),
    column("externalId", "external_id", Kind::Folded("external_id_key")),
    column("name", "name", Kind::Folded("name_key")),
    column("nickname", "nickname", Kind::Folded("nickname_key")),
    column("status", "status", Kind::Text),
    column("workStatus", "work_status", Kind::Text),
    column("gender", "gender", Kind::Text),
    column("birthdate", "birthdate", Kind::Text),
    column("photo", "photo", Kind::Text),
    column("givenName", "given_name", Kind::Text),
    column("familyName", "family_name", Kind::Text),
    column("middleName", "middle_name", Kind::Text),
    column("preferredUsername", "preferred_username", Kind::Text),
    column("profile", "profile", Kind::Text),
    column("country", "country", Kind::Text),
    column("province", "province", Kind::Text),
    column("city", "city", Kind::Text),
    column("region", "region", Kind::Text),
    column("zoneinfo", "zoneinfo", Kind::Text),
    column("locale", "locale", Kind::Text),
    column("website", "website", Kind::Text),
    column("address", "address", Kind::Text),
    column("streetAddress", "street_address", Kind::Text),
    column("postalCode", "postal_code", Kind::Text),
    column("formatted", "formatted", Kind::Text),
    column("company", "company", Kind::Text),
    column("browser", "browser", Kind::Text),
    column("device", "device", Kind::Text),
    column("identityNumber", "identity_number", Kind::Text),
    column("userSourceType", "source_type", Kind::Text),
    column("userSourceId", "source_id", Kind::Text),
    column("lastIp", "last_login_ip", Kind::Text),
    column("lastLoginApp", "last_login_app", Kind::Text),
    column("signedUp", "created_at", Kind::Time),
    column("createdAt", "created_at", Kind::Time),
    column("updatedAt", "updated_at", Kind::Time),
    column("lastLogin", "last_login_at", Kind::Time),
    column("lastLoginTime", "last_login_at", Kind::Time),
    column("lastMfaTime", "last_mfa_at", Kind::Time),
    column("statusChangedAt", "status_changed_at", Kind::Time),
    column("passwordLastSetAt", "password_set_at", Kind::Time),
    column("loginsCount", "logins_count", Kind::Number),
    column("passwordSecurityLevel", "password_level", Kind::Number),
    column("emailVerified", "email_verified", Kind::Bool),
    column("phoneVerified", "phone_verified", Kind::Bool),
    column("resetPasswordOnNextLogin", "reset_password_on_next_login", Kind::Bool),
];

/// The column of a field of the API.
pub fn find(field: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|c| c.field == field)
}

/// A comparison. Values fit the column's kind: texts as given for text, folded for folded columns.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    Null,
    NotNull,
    Is(Val),
    IsNot(Val),
    /// Numbers in decimal digits.
    OneOf(Vec<String>),
    Contains(String),
    Lacks(String),
    AtLeast(Val),
    AtMost(Val),
}

/// Adds a comparison with a column.
pub fn and(filter: Filter, column: &Column, test: Test) -> Filter {
    let c = match column.kind {
        Kind::Folded(key) => key,
        Kind::Text | Kind::Time | Kind::Number | Kind::Bool => column.column,
    };
    match test {
        Test::Null => filter.and_each(&format!("{c} IS NULL"), vec![]),
        Test::NotNull => filter.and_each(&format!("{c} IS NOT NULL"), vec![]),
        Test::Is(v) => filter.and_each(&format!("{c} = $$"), vec![v]),
        Test::IsNot(v) => filter.and_each(&format!("{c} <> $$ OR {c} IS NULL"), vec![v]),
        Test::OneOf(list) => {
            let text = if matches!(column.kind, Kind::Folded(_) | Kind::Text) {
                format!("{c} IN ANY_OF($$)")
            } else {
                format!("CAST({c} AS TEXT) IN ANY_OF($$)")
            };
            filter.and_each(&text, vec![Val::Texts(list)])
        }
        Test::AtLeast(v) => filter.and_each(&format!("{c} >= $$"), vec![v]),
        Test::AtMost(v) => filter.and_each(&format!("{c} <= $$"), vec![v]),
        Test::Contains(text) => {
            let (sql, vals) = contains(column, &text);
            filter.and_each(&sql, vals)
        }
        Test::Lacks(text) => {
            let (sql, vals) = contains(column, &text);
            filter.and_each(&format!("{c} IS NULL OR NOT ({sql})"), vals)
        }
    }
}

/// Adds: one of these columns contains the text, whatever the case.
pub fn and_keywords(filter: Filter, columns: &[&Column], text: &str) -> Filter {
    let (sql, vals): (Vec<String>, Vec<Vec<Val>>) = columns.iter().map(|c| contains(c, text)).unzip();
    filter.and_each(&sql.join(" OR "), vals.concat())
}

/// Case counts for nothing; in columns that are not folded only for letters of ASCII, which is all that both engines
/// agree on.
fn contains(column: &Column, text: &str) -> (String, Vec<Val>) {
    let pattern = |s: &str| Val::Text(format!("%{}%", escape_like(s)));
    match column.kind {
        Kind::Folded(key) => (format!("{key} LIKE $$ ESCAPE '\\'"), vec![pattern(&watchword_kit::unicode::fold(text))]),
        Kind::Text | Kind::Time | Kind::Number | Kind::Bool => {
            let c = column.column;
            let sql = format!("LOWER({c}) LIKE $$ ESCAPE '\\' OR {c} LIKE $$ ESCAPE '\\'");
            (sql, vec![pattern(&text.to_lowercase()), pattern(text)])
        }
    }
}

/// Adds a comparison with a member of the custom data. Texts are value keys, numbers their ordered keys.
pub fn and_custom(filter: Filter, name: &str, test: Test) -> Filter {
    let have = |condition: &str| {
        format!(
            "EXISTS (SELECT 1 FROM user_custom_values c
             WHERE c.pool_id = users.pool_id AND c.user_id = users.id AND c.name = $${condition})"
        )
    };
    let named = |mut rest: Vec<Val>| {
        rest.insert(0, Val::Text(name.to_owned()));
        rest
    };
    let like = |s: &str| Val::Text(format!("%{}%", escape_like(s)));
    match test {
        Test::Null => filter.and_each(&format!("NOT {}", have("")), named(vec![])),
        Test::NotNull => filter.and_each(&have(""), named(vec![])),
        Test::Is(v) => filter.and_each(&have(" AND c.value_key = $$"), named(vec![v])),
        Test::IsNot(v) => filter.and_each(&format!("NOT {}", have(" AND c.value_key = $$")), named(vec![v])),
        Test::OneOf(list) => filter.and_each(&have(" AND c.value_key IN ANY_OF($$)"), named(vec![Val::Texts(list)])),
        Test::Contains(s) => filter.and_each(&have(" AND c.value_key LIKE $$ ESCAPE '\\'"), named(vec![like(&s)])),
        Test::Lacks(s) => {
            filter.and_each(&format!("NOT {}", have(" AND c.value_key LIKE $$ ESCAPE '\\'")), named(vec![like(&s)]))
        }
        Test::AtLeast(v) => filter.and_each(&have(" AND c.number_key >= $$"), named(vec![v])),
        Test::AtMost(v) => filter.and_each(&have(" AND c.number_key <= $$"), named(vec![v])),
    }
}

/// What an identity must be; a member that is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityTest {
    pub ext_idp_id: Option<String>,
    pub provider: Option<String>,
    pub user_id_in_idp: Option<String>,
}

/// Adds: the user has (or, with `absent`, has not) an identity that one of the tests describes.
pub fn and_identity(filter: Filter, tests: &[IdentityTest], absent: bool) -> Filter {
    let mut vals = Vec::new();
    let one = |test: &IdentityTest, vals: &mut Vec<Val>| {
        let mut parts = vec!["1 = 1".to_owned()];
        let members = [
            ("i.ext_idp_id", &test.ext_idp_id),
            ("i.provider", &test.provider),
            ("i.user_id_in_idp", &test.user_id_in_idp),
        ];
        for (column, value) in members {
            if let Some(value) = value {
                parts.push(format!("{column} = $$"));
                vals.push(Val::Text(value.clone()));
            }
        }
        format!("({})", parts.join(" AND "))
    };
    let parts: Vec<String> = tests.iter().map(|t| one(t, &mut vals)).collect();
    let not = if absent { "NOT " } else { "" };
    let sql = format!(
        "{not}EXISTS (SELECT 1 FROM user_identities i
         WHERE i.pool_id = users.pool_id AND i.user_id = users.id AND ({}))",
        if parts.is_empty() { "1 = 0".to_owned() } else { parts.join(" OR ") }
    );
    filter.and_each(&sql, vals)
}

/// Adds: the user signed in to one of these applications, as far as sessions are kept.
pub fn and_logged_in_apps(filter: Filter, apps: Vec<String>) -> Filter {
    let sql = "last_login_app IN ANY_OF($$) OR EXISTS (SELECT 1 FROM sessions s
         WHERE s.pool_id = users.pool_id AND s.user_id = users.id AND s.app_id IN ANY_OF($$))";
    filter.and_each(sql, vec![Val::Texts(apps.clone()), Val::Texts(apps)])
}

/// Adds: the user comes from one of these sources (type, and id where given).
pub fn and_source(filter: Filter, sources: &[(String, Option<String>)]) -> Filter {
    let mut vals = Vec::new();
    let mut parts = Vec::new();
    for (kind, id) in sources {
        vals.push(Val::Text(kind.clone()));
        parts.push(match id {
            None => "source_type = $$".to_owned(),
            Some(id) => {
                vals.push(Val::Text(id.clone()));
                "(source_type = $$ AND source_id = $$)".to_owned()
            }
        });
    }
    if parts.is_empty() {
        parts.push("1 = 0".into());
    }
    filter.and_each(&parts.join(" OR "), vals)
}

/// Adds: the user is in this department, or, with `tree`, anywhere below it.
pub fn and_member(filter: Filter, department: &str, tree: bool) -> Filter {
    let table = if tree { "department_tree_members" } else { "department_members" };
    let sql = format!(
        "EXISTS (SELECT 1 FROM {table} m
         WHERE m.pool_id = users.pool_id AND m.department_id = $$ AND m.user_id = users.id)"
    );
    filter.and_each(&sql, vec![department.into()])
}

/// Every user of the pool.
pub fn everyone(pool: &PoolId) -> Filter {
    Filter::pool(pool)
}

/// The text after `ORDER BY` for sort keys (column, descending); the newest first without any. Users without a value
/// come last. [`crate::Table::page`] ends it with the id.
pub fn order(keys: &[(&Column, bool)]) -> String {
    if keys.is_empty() {
        return "created_at DESC".into();
    }
    let one = |(column, descending): &(&Column, bool)| {
        let c = match column.kind {
            Kind::Folded(key) => key,
            Kind::Text | Kind::Time | Kind::Number | Kind::Bool => column.column,
        };
        // PostgreSQL reads no index backwards for NULLS LAST, so it is said only where there can be nulls.
        let filled = ["id", "created_at", "updated_at", "status", "gender", "logins_count", "source_type"].contains(&c);
        format!("{c} {}{}", if *descending { "DESC" } else { "ASC" }, if filled { "" } else { " NULLS LAST" })
    };
    keys.iter().map(one).collect::<Vec<_>>().join(", ")
}
