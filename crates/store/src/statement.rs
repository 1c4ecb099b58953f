//! SQL text: written once with `$1`, rewritten once per engine, registered for the tests.

use std::fmt;
use std::sync::OnceLock;

/// A statement of the source code, made by [`sql!`](crate::sql!).
pub struct Statement {
    pub sql: &'static str,
    pub file: &'static str,
    pub line: u32,
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Statement {
    pub const fn new(sql: &'static str, file: &'static str, line: u32) -> Self {
        Statement { sql, file, line, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// Every statement of the program, in no order.
    pub fn all() -> impl Iterator<Item = &'static Statement> {
        inventory::iter::<Registered>().map(|r| r.0)
    }
}

/// An entry of the register.
pub struct Registered(pub &'static Statement);
inventory::collect!(Registered);

/// Takes a literal, makes it a static [`Statement`] and registers it under its file and line.
#[macro_export]
macro_rules! sql {
    ($text:literal) => {{
        static STATEMENT: $crate::Statement = $crate::Statement::new($text, file!(), line!());
        $crate::export::inventory::submit! { $crate::statement::Registered(&STATEMENT) }
        &STATEMENT
    }};
}

/// What a [`Tx`](crate::Tx) runs: a statement of the source, or one built by [`Table`](crate::Table).
#[derive(Clone, Copy)]
pub enum Sql<'a> {
    Written(&'static Statement),
    Kept(&'a Kept),
    Built(&'a str),
    /// Built for one use: PostgreSQL keeps no plan of it, and plans for these values.
    Once(&'a str),
}

/// A statement that is built once and run often.
pub struct Kept {
    sql: String,
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Kept {
    pub fn new(sql: String) -> Self {
        Kept { sql, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

impl<'a> From<&'a Kept> for Sql<'a> {
    fn from(s: &'a Kept) -> Self {
        Sql::Kept(s)
    }
}

impl From<&'static Statement> for Sql<'_> {
    fn from(s: &'static Statement) -> Self {
        Sql::Written(s)
    }
}

impl<'a> From<&'a String> for Sql<'a> {
    fn from(s: &'a String) -> Self {
        Sql::Built(s)
    }
}

impl<'a> Sql<'a> {
    /// Whether the statement can be run without a unit of work. `WITH` could hide an `INSERT … RETURNING`.
    pub(crate) fn only_reads(self) -> bool {
        let text = match self {
            Sql::Written(s) => s.sql,
            Sql::Kept(s) => &s.sql,
            Sql::Built(text) | Sql::Once(text) => text,
        };
        let starts = |word: &str| text.trim_start().get(..word.len()).is_some_and(|w| w.eq_ignore_ascii_case(word));
        let writes = || ["INSERT INTO", "UPDATE ", "DELETE FROM"].iter().any(|word| text.contains(word));
        starts("SELECT") || (starts("WITH") && !writes())
    }

    pub(crate) fn for_sqlite<T>(self, run: impl FnOnce(&str) -> T) -> T {
        match self {
            Sql::Written(s) => run(s.sqlite.get_or_init(|| to_sqlite(s.sql))),
            Sql::Kept(s) => run(s.sqlite.get_or_init(|| to_sqlite(&s.sql))),
            Sql::Built(text) | Sql::Once(text) => run(&to_sqlite(text)),
        }
    }

    pub(crate) fn for_postgres(self) -> std::borrow::Cow<'a, str> {
        match self {
            Sql::Written(s) => s.postgres.get_or_init(|| to_postgres(s.sql)).as_str().into(),
            Sql::Kept(s) => s.postgres.get_or_init(|| to_postgres(&s.sql)).as_str().into(),
            Sql::Built(text) | Sql::Once(text) => to_postgres(text).into(),
        }
    }
}

/// `$n` becomes `?n` (SQLite numbers `$n` by first appearance), and a list parameter becomes a JSON array.
fn to_sqlite(sql: &str) -> String {
    rewrite(sql, |n| format!("IN (SELECT value FROM json_each(?{n}))"), |n| format!("?{n}"))
}

fn to_postgres(sql: &str) -> String {
    rewrite(sql, |n| format!("= ANY(${n})"), |n| format!("${n}"))
}

/// The text with other numbers at its parameters.
pub(crate) fn renumber(sql: &str, number: impl Fn(usize) -> usize) -> String {
    let to = |n: &str| n.parse().map_or_else(|_| n.to_owned(), |n| number(n).to_string());
    rewrite(sql, |n| format!("IN ANY_OF(${})", to(n)), |n| format!("${}", to(n)))
}

/// Replaces each `IN ANY_OF($n)` by `list(n)` and each other `$n` by `one(n)`.
fn rewrite(sql: &str, list: impl Fn(&str) -> String, one: impl Fn(&str) -> String) -> String {
    const LIST: &str = "IN ANY_OF(";
    let mut out = String::with_capacity(sql.len() + 32);
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let (before, n, after) = (&rest[..at], &rest[at + 1..at + 1 + digits], &rest[at + 1 + digits..]);
        if let (Some(head), Some(tail)) = (before.strip_suffix(LIST), after.strip_prefix(')')) {
            out.push_str(head);
            out.push_str(&list(n));
            rest = tail;
        } else {
            out.push_str(before);
            out.push_str(&one(n));
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_rewritten_for_each_engine() {
        let sql = "SELECT a FROM t WHERE p = $1 AND id IN ANY_OF($2) AND n > $10";
        assert_eq!(
            to_sqlite(sql),
            "SELECT a FROM t WHERE p = ?1 AND id IN (SELECT value FROM json_each(?2)) AND n > ?10"
        );
        assert_eq!(to_postgres(sql), "SELECT a FROM t WHERE p = $1 AND id = ANY($2) AND n > $10");
        let moved = renumber(sql, |n| if n == 1 { 1 } else { n + 5 });
        assert_eq!(moved, "SELECT a FROM t WHERE p = $1 AND id IN ANY_OF($7) AND n > $15");
    }
}
