//! Placeholders, filled in: `{{name}}` of a known name, and nothing else.

use std::collections::BTreeMap;

use watchword_kit::html::escape;
use watchword_kit::{Text, text};

const NAMES: &[&str] = &[
    "app_name",
    "client_name",
    "userpool_name",
    "user_name",
    "username",
    "nickname",
    "email",
    "user_email",
    "code",
    "verify_code",
    "url",
    "link",
    "password",
    "expires_in",
];

/// What the placeholders stand for.
#[derive(Default)]
pub struct Values(BTreeMap<&'static str, String>);

impl Values {
    pub fn set(&mut self, names: &[&'static str], value: &str) {
        for name in names {
            self.0.insert(name, value.to_owned());
        }
    }

    /// Text with the values as they are.
    pub fn plain(&self, template: &str) -> String {
        self.fill(template, str::to_owned)
    }

    /// HTML with the values escaped, fit for text and for quoted attributes.
    pub fn html(&self, template: &str) -> String {
        self.fill(template, escape)
    }

    fn fill(&self, template: &str, write: impl Fn(&str) -> String) -> String {
        let mut out = String::with_capacity(template.len() + 128);
        for part in parts(template) {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Name(name) => out.push_str(&write(self.0.get(name).map_or("", String::as_str))),
            }
        }
        out
    }
}

enum Part<'a> {
    Text(&'a str),
    Name(&'a str),
}

fn parts(template: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find("{{") {
        let Some(close) = rest[open..].find("}}").map(|at| open + at) else { break };
        out.push(Part::Text(&rest[..open]));
        out.push(Part::Name(rest[open + 2..close].trim()));
        rest = &rest[close + 2..];
    }
    out.push(Part::Text(rest));
    out
}

/// The names of the placeholders.
pub fn names(template: &str) -> impl Iterator<Item = &str> {
    parts(template).into_iter().filter_map(|part| match part {
        Part::Name(name) => Some(name),
        Part::Text(_) => None,
    })
}

/// # Errors
/// What is wrong with a template: an unknown placeholder, or more than plain ones.
pub fn check(template: &str) -> Result<(), Text> {
    let known = || {
        let list = NAMES.join(", ");
        text!(
            "placeholders are {{{{name}}}} with a name out of {list}, and nothing else",
            "占位符应为 {{{{名称}}}}，可用名称：{list}"
        )
    };
    if names(template).any(|name| !NAMES.contains(&name)) {
        return Err(known());
    }
    let outside = parts(template).into_iter().any(|part| match part {
        Part::Text(text) => text.contains("{{") || text.contains("<%") || text.ends_with('{') || text.starts_with('}'),
        Part::Name(_) => false,
    });
    if outside && (template.contains("{{") || template.contains("<%")) { Err(known()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_never_read_as_templates_again() {
        let mut values = Values::default();
        values.set(&["user_name"], "<b>{{code}}</b>\"'");
        values.set(&["code"], "123456");
        let html = values.html("<p title=\"{{ user_name }}\">{{code}}</p>");
        assert_eq!(html, "<p title=\"&lt;b&gt;{{code}}&lt;/b&gt;&quot;&#39;\">123456</p>");
        assert_eq!(values.plain("{{code}} {{user_name}}"), "123456 <b>{{code}}</b>\"'");
    }

    #[test]
    fn only_plain_placeholders_of_known_names_are_templates() {
        for right in ["", "plain", "{{code}}", "{{ code }} and {{app_name}}", "a { b } c", "style{color:red}"] {
            assert!(check(right).is_ok(), "{right}");
        }
        for wrong in [
            "{{{code}}}",
            "{{#if code}}x{{/if}}",
            "{{> partial}}",
            "{{&code}}",
            "{{code",
            "{{constructor}}",
            "{{}}",
            "{{code.length}}",
            "{{lookup this 'x'}}",
            "<%= code %>",
            "{{code}} <% x %>",
            "{{{{code}}}}",
            "{{!x}}",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
