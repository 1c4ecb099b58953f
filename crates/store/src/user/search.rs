//! Conditions on users and orders of lists of them, as SQL.
//!
//! # How a search runs
//! Each condition that an index can answer also names its [`Driver`], a statement for the users who meet it. The first
//! driver that finds few users makes everything else cheap: those users are looked at, counted and sorted. Where no
//! driver finds few, many users match, or no index helps; then the users are walked in the order of the list until the
//! page is full. `docs/decisions/0009-user-search.md` has the reasons and what the total count means.
//!
//! What a condition asks of other tables about one user is found by that user: the rest of it is `IS TRUE`, which no
//! index answers. Before PostgreSQL has looked at a table it thinks all of its indexes equally good, and reads all
//! members of a department to see whether one user is among them.

mod gram;
pub mod keyword;
mod newest;
mod page;
pub mod segment;

use watchword_kit::PoolId;
use watchword_kit::unicode::fold;

use self::keyword::Word;
#[cfg(test)]
pub(crate) use self::page::Built;
pub use self::page::Limits;
use crate::department::member;
use crate::table::escape_like;
use crate::{Filter, Val};

/// Ends a statement inside `EXISTS`: PostgreSQL, that thinks it may be asked for many users, would else read the whole
/// table once to be prepared.
const ONE: &str = "LIMIT 1 OFFSET 0";

/// What a column holds, which decides how it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text that is compared through its folded column.
    Folded(&'static str),
    /// Text; what contains what is asked regardless of the case of ASCII letters, which is all that both engines
    /// agree on.
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

impl Column {
    /// What is compared and sorted by.
    fn key(&self) -> &'static str {
        match self.kind {
            Kind::Folded(key) => key,
            Kind::Text | Kind::Time | Kind::Number | Kind::Bool => self.column,
        }
    }

    /// Whether there are users without a value.
    fn nullable(&self) -> bool {
        const FILLED: [&str; 7] = ["id", "created_at", "updated_at", "status", "gender", "logins_count", "source_type"];
        !FILLED.contains(&self.key())
    }

    /// Whether an index of the pool's users begins with this column.
    fn indexed(&self) -> bool {
        const INDEXED: [&str; 9] = [
            "id",
            "username_key",
            "email_key",
            "external_id_key",
            "status",
            "created_at",
            "updated_at",
            "last_login_at",
            "logins_count",
        ];
        INDEXED.contains(&self.key())
    }
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

/// A condition on a row of `users`; each `$$` is the next value.
#[derive(Clone, Debug)]
struct Condition {
    /// The column, where it is about one.
    column: Option<&'static str>,
    sql: String,
    vals: Vec<Val>,
}

/// A statement for the ids of the users who meet one condition, from an index. `$1` is the pool.
#[derive(Clone, Debug)]
struct Driver {
    column: Option<&'static str>,
    sql: String,
    vals: Vec<Val>,
    /// How many of the conditions it is.
    conditions: usize,
    /// Another statement with the same values, for how many they are, where that is kept.
    count: Option<String>,
}

/// The users of a pool for whom every condition holds.
#[derive(Clone, Debug)]
pub struct Search {
    pool: PoolId,
    conditions: Vec<Condition>,
    drivers: Vec<Driver>,
    /// Texts that one of the conditions looks for: the place of the condition, and whether it says no more than that.
    words: Vec<(usize, Word, bool)>,
    /// The states, while no other condition was added.
    statuses: Option<Vec<String>>,
    /// Whose members they are: nobody else needs to be looked at.
    within: Option<Within>,
}

/// A department, or all below it, and the condition that says so.
#[derive(Clone, Debug)]
struct Within {
    department: String,
    tree: bool,
    condition: usize,
}

impl Search {
    /// Every user of the pool.
    pub fn everyone(pool: &PoolId) -> Self {
        Search {
            pool: pool.clone(),
            conditions: Vec::new(),
            drivers: Vec::new(),
            words: Vec::new(),
            statuses: None,
            within: None,
        }
    }

    /// All conditions in one, for other statements about `users`.
    pub fn filter(&self) -> Filter {
        let all = Filter::pool(&self.pool);
        self.conditions.iter().fold(all, |filter, c| filter.and_each(&c.sql, c.vals.clone()))
    }

    fn add(&mut self, column: Option<&'static str>, sql: impl Into<String>, vals: Vec<Val>) {
        self.statuses = None;
        self.conditions.push(Condition { column, sql: sql.into(), vals });
    }

    fn drive(&mut self, sql: impl Into<String>, vals: Vec<Val>) {
        self.drivers.push(Driver { column: None, sql: sql.into(), vals, conditions: 1, count: None });
    }

    /// Adds a comparison with a column.
    pub fn and(mut self, column: &Column, test: Test) -> Self {
        let c = column.key();
        let textual = matches!(column.kind, Kind::Folded(_) | Kind::Text);
        let states = match (&test, c, self.conditions.is_empty()) {
            (Test::Is(Val::Text(one)), "status", true) => Some(vec![one.clone()]),
            (Test::OneOf(list), "status", true) => Some(list.clone()),
            _ => None,
        };
        let word = match &test {
            Test::Contains(text) | Test::Is(Val::Text(text)) => Word::on(&[column], text),
            _ => None,
        };
        let exact = false;
        let (sql, vals) = match test {
            Test::Null => (format!("{c} IS NULL"), vec![]),
            Test::NotNull => (format!("{c} IS NOT NULL"), vec![]),
            Test::Is(v) => (format!("{c} = $$"), vec![v]),
            Test::IsNot(v) => (format!("{c} <> $$ OR {c} IS NULL"), vec![v]),
            Test::OneOf(list) if textual => (format!("{c} IN ANY_OF($$)"), vec![Val::Texts(list)]),
            Test::OneOf(list) => (format!("CAST({c} AS TEXT) IN ANY_OF($$)"), vec![Val::Texts(list)]),
            Test::AtLeast(v) => (format!("{c} >= $$"), vec![v]),
            Test::AtMost(v) => (format!("{c} <= $$"), vec![v]),
            Test::Contains(text) => contains(column, &text),
            Test::Lacks(text) => {
                let (sql, vals) = contains(column, &text);
                (format!("{c} IS NULL OR NOT ({sql})"), vals)
            }
        };
        let by_index = !sql.contains(" LIKE ") && !sql.contains(" <> ") && !sql.contains("CAST(");
        if column.indexed() && by_index {
            self.drive_by(c, &sql, vals.clone());
        } else if let Some(word) = word {
            self.words.push((self.conditions.len(), word, exact));
        }
        self.add(Some(c), sql, vals);
        self.statuses = states;
        self
    }

    /// Two bounds of one column make one range.
    fn drive_by(&mut self, column: &'static str, sql: &str, vals: Vec<Val>) {
        if let Some(driver) = self.drivers.iter_mut().find(|d| d.column == Some(column)) {
            driver.sql.push_str(&format!(" AND {sql}"));
            driver.vals.extend(vals);
            driver.conditions += 1;
            return;
        }
        let sql = format!("SELECT id AS user_id FROM users WHERE pool_id = $1 AND {sql}");
        self.drivers.push(Driver { column: Some(column), sql, vals, conditions: 1, count: None });
    }

    /// Adds: one of these columns contains the text, whatever the case.
    pub fn and_keywords(mut self, columns: &[&Column], text: &str) -> Self {
        if let Some(word) = Word::on(columns, text) {
            let exact = word.is_exact(columns);
            self.words.push((self.conditions.len(), word, exact));
        }
        let (sql, vals): (Vec<String>, Vec<Vec<Val>>) = columns.iter().map(|c| contains(c, text)).unzip();
        self.add(None, sql.join(" OR "), vals.concat());
        self
    }

    /// Adds a comparison with a member of the custom data. Texts are value keys, numbers their ordered keys.
    pub fn and_custom(mut self, name: &str, test: Test) -> Self {
        let like = |s: &str| Val::Text(format!("%{}%", escape_like(s)));
        let (absent, condition, rest) = match test {
            Test::Null => (true, "", vec![]),
            Test::NotNull => (false, "", vec![]),
            Test::Is(v) => (false, " AND c.value_key = $$", vec![v]),
            Test::IsNot(v) => (true, " AND c.value_key = $$", vec![v]),
            Test::OneOf(list) => (false, " AND c.value_key IN ANY_OF($$)", vec![Val::Texts(list)]),
            Test::Contains(s) => (false, " AND c.value_key LIKE $$ ESCAPE '\\'", vec![like(&s)]),
            Test::Lacks(s) => (true, " AND c.value_key LIKE $$ ESCAPE '\\'", vec![like(&s)]),
            Test::AtLeast(v) => (false, " AND c.number_key >= $$", vec![v]),
            Test::AtMost(v) => (false, " AND c.number_key <= $$", vec![v]),
        };
        let mut vals = vec![Val::Text(name.to_owned())];
        vals.extend(rest);
        if !absent && !condition.contains("LIKE") {
            let sql =
                format!("SELECT c.user_id FROM user_custom_values c WHERE c.pool_id = $1 AND c.name = $${condition}");
            self.drive(sql, vals.clone());
        }
        let have = format!(
            "EXISTS (SELECT 1 FROM user_custom_values c
             WHERE c.pool_id = users.pool_id AND c.user_id = users.id AND (c.name = $${condition}) IS TRUE {ONE})"
        );
        self.add(None, if absent { format!("NOT {have}") } else { have }, vals);
        self
    }

    /// Adds: the user has (or, with `absent`, has not) an identity that one of the tests describes.
    pub fn and_identity(mut self, tests: &[IdentityTest], absent: bool) -> Self {
        let mut vals = Vec::new();
        let parts: Vec<String> = tests.iter().map(|t| t.sql(&mut vals)).collect();
        let any = if parts.is_empty() { "1 = 0".to_owned() } else { parts.join(" OR ") };
        if !absent && tests.iter().all(|t| t.user_id_in_idp.is_some()) {
            let sql = format!("SELECT DISTINCT i.user_id FROM user_identities i WHERE i.pool_id = $1 AND ({any})");
            self.drive(sql, vals.clone());
        }
        let not = if absent { "NOT " } else { "" };
        let sql = format!(
            "{not}EXISTS (SELECT 1 FROM user_identities i
             WHERE i.pool_id = users.pool_id AND i.user_id = users.id AND ({any}) IS TRUE {ONE})"
        );
        self.add(None, sql, vals);
        self
    }

    /// Adds: the user is (or, with `absent`, is not) in one of these departments; without any named, in any at all.
    pub fn and_departments(mut self, tests: &[DepartmentTest], absent: bool) -> Self {
        const ANY: &str = "SELECT m.user_id FROM department_members m WHERE m.pool_id = $1";
        let mut vals = Vec::new();
        let parts: Vec<(&str, String)> = tests.iter().map(|t| t.sql(&mut vals)).collect();
        if !absent {
            let each = parts.iter().map(|(members, found)| {
                format!("SELECT m.user_id FROM {members} m WHERE m.pool_id = $1 AND m.department_id = {found}")
            });
            let sql = each.collect::<Vec<_>>().join(" UNION ");
            self.drive(if parts.is_empty() { ANY.replace("SELECT", "SELECT DISTINCT") } else { sql }, vals.clone());
            if let ([(members, found)], Some(driver)) = (parts.as_slice(), self.drivers.last_mut()) {
                let column = if *members == member::table(true) { "tree_members" } else { "members" };
                driver.count = Some(format!(
                    "SELECT {column} AS total FROM department_counts WHERE pool_id = $1 AND department_id = {found}"
                ));
            }
        }
        let of_user = |members: &str| {
            format!("SELECT m.user_id FROM {members} m WHERE m.pool_id = users.pool_id AND m.user_id = users.id")
        };
        let each = parts
            .iter()
            .map(|(members, found)| format!("{} AND (m.department_id = {found}) IS TRUE", of_user(members)));
        let sql = each.collect::<Vec<_>>().join(" UNION ");
        let sql = if parts.is_empty() { of_user(member::table(false)) } else { sql };
        let not = if absent { "NOT " } else { "" };
        self.add(None, format!("{not}EXISTS ({sql} {ONE})"), vals);
        self
    }

    /// Adds: the user is in this department, or, with `tree`, anywhere below it. In the order of ids its members are
    /// walked, who are fewer than all users.
    pub fn and_member(mut self, department: &str, tree: bool) -> Self {
        let members = member::table(tree);
        let vals = vec![Val::from(department)];
        let sql = format!("SELECT m.user_id FROM {members} m WHERE m.pool_id = $1 AND m.department_id = $$");
        self.drive(sql, vals.clone());
        let sql = format!(
            "EXISTS (SELECT 1 FROM {members} m
             WHERE m.pool_id = users.pool_id AND m.user_id = users.id AND (m.department_id = $$) IS TRUE {ONE})"
        );
        self.within = Some(Within { department: department.to_owned(), tree, condition: self.conditions.len() });
        self.add(None, sql, vals);
        self
    }

    /// Adds: the user signed in to one of these applications, as far as sign-ins and sessions are kept.
    pub fn and_logged_in_apps(mut self, apps: Vec<String>) -> Self {
        let sql = "last_login_app IN ANY_OF($$)
             OR EXISTS (SELECT 1 FROM user_logins l
                 WHERE l.pool_id = users.pool_id AND l.user_id = users.id AND l.success AND l.app_id IN ANY_OF($$))
             OR EXISTS (SELECT 1 FROM sessions s
                 WHERE s.pool_id = users.pool_id AND s.user_id = users.id AND s.app_id IN ANY_OF($$))";
        self.add(None, sql, vec![Val::Texts(apps); 3]);
        self
    }

    /// Adds: the user comes from one of these sources (type, and id where given).
    pub fn and_source(mut self, sources: &[(String, Option<String>)]) -> Self {
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
        self.add(None, parts.join(" OR "), vals);
        self
    }
}

/// Case counts for nothing; in columns that are not folded only for letters of ASCII, which is all that both engines
/// agree on.
fn contains(column: &Column, text: &str) -> (String, Vec<Val>) {
    let pattern = |s: &str| Val::Text(format!("%{}%", escape_like(s)));
    let c = column.key();
    match column.kind {
        Kind::Folded(_) => (format!("{c} LIKE $$ ESCAPE '\\'"), vec![pattern(&fold(text))]),
        Kind::Text | Kind::Time | Kind::Number | Kind::Bool => {
            let text = if keyword::is_main(column) { fold(text) } else { text.to_ascii_lowercase() };
            (format!("LOWER({c}) LIKE $$ ESCAPE '\\'"), vec![pattern(&text)])
        }
    }
}

/// What an identity must be; a member that is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityTest {
    pub ext_idp_id: Option<String>,
    pub provider: Option<String>,
    pub user_id_in_idp: Option<String>,
}

impl IdentityTest {
    fn sql(&self, vals: &mut Vec<Val>) -> String {
        let members = [
            ("i.ext_idp_id", &self.ext_idp_id),
            ("i.provider", &self.provider),
            ("i.user_id_in_idp", &self.user_id_in_idp),
        ];
        let mut parts = vec!["1 = 1".to_owned()];
        for (column, value) in members {
            if let Some(value) = value {
                parts.push(format!("{column} = $$"));
                vals.push(Val::Text(value.clone()));
            }
        }
        format!("({})", parts.join(" AND "))
    }
}

/// A department, by its organisation's code and its id there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepartmentTest {
    pub organization: String,
    /// `None`: the root.
    pub id: Option<String>,
    /// Whether the id is the `open_department_id`.
    pub open: bool,
    /// Whether members of the departments below count.
    pub tree: bool,
}

impl DepartmentTest {
    /// The table of its members, and a statement that finds it, once, whatever the planner thinks of the members.
    fn sql(&self, vals: &mut Vec<Val>) -> (&'static str, String) {
        vals.push(Val::Text(self.organization.clone()));
        let by = match &self.id {
            None => "d.id = o.id",
            Some(id) => {
                vals.push(Val::Text(id.clone()));
                if self.open { "d.open_department_id = $$" } else { "d.id = $$" }
            }
        };
        let found = format!(
            "(SELECT d.id FROM organizations o
              JOIN departments d ON d.pool_id = o.pool_id AND d.organization_id = o.id
              WHERE o.pool_id = $1 AND o.code = $$ AND {by})"
        );
        (member::table(self.tree), found)
    }
}
