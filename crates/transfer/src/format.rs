//! The kinds of file, and how a file shows which one it is.

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma, semicolon, tab or bar between the cells.
    Csv,
    Xlsx,
    /// One JSON object a line.
    JsonLines,
    /// A realm export of Keycloak.
    Keycloak,
    /// A user export of Auth0, one JSON object a line.
    Auth0,
    /// `firebase auth:export` as JSON.
    Firebase,
    /// The answer of GenAuth's list-users, one page or many; also a plain JSON list of users.
    GenAuth,
}

/// Bytes of a file by which its kind is told.
pub const SNIFF: usize = 64 * 1024;

impl Format {
    pub const ALL: [Format; 7] = [
        Format::Csv,
        Format::Xlsx,
        Format::JsonLines,
        Format::Keycloak,
        Format::Auth0,
        Format::Firebase,
        Format::GenAuth,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
            Format::JsonLines => "jsonl",
            Format::Keycloak => "keycloak",
            Format::Auth0 => "auth0",
            Format::Firebase => "firebase",
            Format::GenAuth => "genauth",
        }
    }

    pub fn parse(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| f.name() == name)
    }

    /// Whether cells are text, so that their values are to be read out of it.
    pub fn is_table(self) -> bool {
        matches!(self, Format::Csv | Format::Xlsx)
    }

    /// Tells the kind by the first bytes of a file.
    pub fn sniff(head: &[u8]) -> Format {
        if head.starts_with(b"PK\x03\x04") {
            return Format::Xlsx;
        }
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        match head.first() {
            Some(b'[') => return Format::GenAuth,
            Some(b'{') => {}
            _ => return Format::Csv,
        }
        let first = head.split(|b| *b == b'\n').next().unwrap_or_default();
        let has = |text: &[u8], name: &str| {
            let name = format!("\"{name}\"");
            text.windows(name.len()).any(|w| w == name.as_bytes())
        };
        if serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok() {
            // A whole object on the first line. Auth0 writes snake case, and GenAuth wraps its users.
            if has(first, "statusCode") && has(first, "list") {
                return Format::GenAuth;
            }
            if has(first, "users") && !has(first, "email_verified") {
                return if has(first, "localId") { Format::Firebase } else { Format::Keycloak };
            }
            return if has(first, "user_id") { Format::Auth0 } else { Format::JsonLines };
        }
        if has(head, "localId") {
            Format::Firebase
        } else if has(head, "realm") || has(head, "users") {
            Format::Keycloak
        } else if has(head, "list") {
            Format::GenAuth
        } else {
            Format::Keycloak
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_shows_by_its_beginning_what_it_is() {
        for (head, format) in [
            ("username,email\nada,a@b.c", Format::Csv),
            ("\u{feff}用户名;邮箱", Format::Csv),
            ("PK\u{3}\u{4}...", Format::Xlsx),
            ("{\"username\":\"ada\"}\n{\"username\":\"bob\"}", Format::JsonLines),
            ("{\"user_id\":\"auth0|5f\",\"email\":\"a@b.c\"}\n", Format::Auth0),
            ("{\n  \"id\": \"x\",\n  \"realm\": \"shop\",\n  \"users\": [", Format::Keycloak),
            ("{\"users\": [\n{\"localId\":\"x\"},", Format::Firebase),
            ("{\"statusCode\":200,\"data\":{\"totalCount\":0,\"list\":[]}}", Format::GenAuth),
            ("{\n \"statusCode\": 200,\n \"data\": {\"list\": [", Format::GenAuth),
            ("[{\"userId\":\"x\"}]", Format::GenAuth),
        ] {
            assert_eq!(Format::sniff(head.as_bytes()), format, "{head}");
        }
    }
}
