//! Which column each name of a file means.

use std::collections::HashMap;

use serde_json::Value;
use watchword_kit::{Error, Result, text};

use crate::cell;
use crate::column::{self, COLUMNS, Column, Kind};
use crate::{Entry, Object};

/// What a name of a file stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Column(&'static Column),
    /// A member of `customData`.
    Custom(String),
    Skip,
}

/// What happens to a name that nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    #[default]
    Refuse,
    Skip,
    /// It becomes a member of `customData`.
    Custom,
}

/// Rules `FROM=TO`, and what happens to the rest.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    rules: HashMap<String, Target>,
    unknown: Unknown,
}

impl Mapping {
    /// Reads rules such as `E-Mail=email`, `Team=customData.team`, `Notes=-`.
    ///
    /// # Errors
    /// 400 at `map` for what is no rule or no column.
    pub fn new(rules: &[(String, String)], unknown: Unknown) -> Result<Mapping> {
        let mut known = HashMap::with_capacity(rules.len());
        for (from, to) in rules {
            let target = match to.as_str() {
                "-" => Target::Skip,
                to => Self::by_name(to).ok_or_else(|| {
                    let names: Vec<&str> = COLUMNS.iter().map(|c| c.name).collect();
                    let names = names.join(", ");
                    Error::invalid(
                        "map",
                        text!(
                            "no column {to}; there are {names}, customData.NAME and -",
                            "没有列 {to}；可用：{names}、customData.NAME、-"
                        ),
                    )
                })?,
            };
            known.insert(from.trim().to_owned(), target);
        }
        Ok(Mapping { rules: known, unknown })
    }

    fn by_name(name: &str) -> Option<Target> {
        if let Some(member) = name.strip_prefix("customData.").filter(|m| !m.is_empty()) {
            return Some(Target::Custom(member.to_owned()));
        }
        column::find(name).map(Target::Column)
    }

    fn target(&self, name: &str) -> Option<Target> {
        let ruled = self.rules.get(name).cloned();
        ruled.or_else(|| Self::by_name(name)).or_else(|| match self.unknown {
            Unknown::Refuse => None,
            Unknown::Skip => Some(Target::Skip),
            Unknown::Custom => Some(Target::Custom(name.to_owned())),
        })
    }

    /// Whether a name of a file stands for this column.
    pub fn means(&self, name: &str, column: &str) -> bool {
        matches!(self.target(name), Some(Target::Column(known)) if known.name == column)
    }

    /// Checks the header of a table.
    ///
    /// # Errors
    /// 400 with every name that nobody knows, or that two columns share; also when a rule names a column the table
    /// has not.
    pub fn check(&self, names: &[String]) -> Result<()> {
        let unknown: Vec<&str> =
            names.iter().filter(|n| !n.is_empty() && self.target(n).is_none()).map(String::as_str).collect();
        if !unknown.is_empty() {
            let (list, first) = (unknown.join(", "), unknown[0]);
            return Err(Error::invalid(
                "file",
                text!(
                    "unknown columns: {list}; map each, as --map \"{first}=customData.NAME\" or --map \"{first}=-\"",
                    "未知的列：{list}；请逐一映射，例如 --map \"{first}=customData.NAME\" 或 --map \"{first}=-\""
                ),
            ));
        }
        let mut seen: Vec<(Target, &str)> = Vec::new();
        for name in names.iter().filter(|n| !n.is_empty()) {
            let Some(target) = self.target(name).filter(|t| *t != Target::Skip) else { continue };
            if let Some((_, first)) = seen.iter().find(|(t, _)| *t == target) {
                let what = text!("the columns {first} and {name} mean the same", "列 {first} 和 {name} 含义相同");
                return Err(Error::invalid("file", what));
            }
            seen.push((target, name));
        }
        if let Some(rule) = self.rules.keys().find(|rule| !names.contains(rule)) {
            return Err(Error::invalid("map", text!("the file has no column {rule}", "文件中没有列 {rule}")));
        }
        Ok(())
    }

    /// The entry under our names, its values read out of text where they are cells.
    pub fn apply(&self, entry: Entry, cells: bool) -> Entry {
        Entry { line: entry.line, fields: entry.fields.and_then(|fields| self.object(fields, cells)) }
    }

    fn object(&self, fields: Object, cells: bool) -> Result<Object> {
        let mut out = Object::new();
        let mut custom = Object::new();
        for (name, value) in fields {
            let target = self.target(&name).ok_or_else(|| {
                Error::invalid(
                    shortened(&name),
                    text!("no such member; map it to one, or to -", "没有此成员；请映射到已有成员或 -"),
                )
            })?;
            if value.is_null() {
                continue;
            }
            match target {
                Target::Skip => {}
                Target::Custom(member) => drop(custom.insert(member, value)),
                Target::Column(column) => {
                    let value = match value {
                        Value::String(text) if cells || column.kind == Kind::List => cell::read(column, &text)?,
                        other => Some(other),
                    };
                    if let Some(value) = value
                        && out.insert(column.name.to_owned(), value).is_some()
                    {
                        return Err(Error::invalid(column.name, text!("given twice", "重复出现")));
                    }
                }
            }
        }
        if !custom.is_empty() {
            let slot = out.entry("customData").or_insert_with(|| Value::Object(Object::new()));
            if let Value::Object(data) = slot {
                data.extend(custom);
            }
        }
        Ok(out)
    }

    /// Moves members of a user of another system, whose names are ours already, as the rules say.
    pub fn refine(&self, entry: Entry) -> Entry {
        let fields = entry.fields.and_then(|mut fields| {
            for (from, to) in &self.rules {
                let value = match from.strip_prefix("customData.") {
                    Some(member) => {
                        fields.get_mut("customData").and_then(Value::as_object_mut).and_then(|o| o.remove(member))
                    }
                    None => fields.remove(from),
                };
                let Some(value) = value else { continue };
                match to {
                    Target::Skip => {}
                    Target::Column(column) => {
                        let value = match value {
                            Value::String(text) if column.kind == Kind::List => cell::read(column, &text)?,
                            other => Some(other),
                        };
                        value.and_then(|value| fields.insert(column.name.to_owned(), value));
                    }
                    Target::Custom(member) => {
                        let slot = fields.entry("customData").or_insert_with(|| Value::Object(Object::new()));
                        if let Value::Object(data) = slot {
                            data.insert(member.clone(), value);
                        }
                    }
                }
            }
            Ok(fields)
        });
        Entry { line: entry.line, fields }
    }
}

/// A name of a file as part of a message.
fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use watchword_kit::Lang;

    use super::*;

    fn mapping(rules: &[(&str, &str)], unknown: Unknown) -> Mapping {
        let rules: Vec<(String, String)> = rules.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        Mapping::new(&rules, unknown).unwrap()
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn cells_become_values_under_our_names() {
        let mapping = mapping(&[("Team", "customData.team"), ("Notes", "-")], Unknown::Refuse);
        mapping.check(&names(&["E-Mail", "Team", "Notes", "Verified"])).unwrap_err();
        let row = json!({ "E-Mail": "a@b.c", "email verified": "TRUE", "Team": "red", "Notes": "x",
            "customData": "{\"size\":42}", "departments": "a; b" });
        let Value::Object(row) = row else { unreachable!() };
        let entry = mapping.apply(Entry { line: 2, fields: Ok(row) }, true);
        let expected = json!({ "email": "a@b.c", "emailVerified": true, "customData": { "size": 42, "team": "red" },
            "departmentIds": ["a", "b"] });
        assert_eq!(Value::Object(entry.fields.unwrap()), expected);
    }

    #[test]
    fn a_rule_makes_a_list_of_a_text_that_another_system_keeps() {
        let rules = mapping(&[("customData.team", "departmentIds")], Unknown::Refuse);
        assert!(rules.means("Departments", "departmentIds") && rules.means("customData.team", "departmentIds"));
        assert!(!rules.means("Departments", "mainDepartmentId") && !rules.means("Shoe size", "departmentIds"));
        let Value::Object(user) = json!({ "username": "ada", "customData": { "team": "a; b" } }) else {
            unreachable!()
        };
        let refined = rules.refine(Entry { line: 1, fields: Ok(user) });
        let expected = json!({ "username": "ada", "customData": {}, "departmentIds": ["a", "b"] });
        assert_eq!(Value::Object(refined.fields.unwrap()), expected);
    }

    #[test]
    fn an_unknown_column_is_refused_with_what_to_do() {
        let said = mapping(&[], Unknown::Refuse).check(&names(&["username", "Shoe size"])).unwrap_err();
        assert!(said.message(Lang::En).contains("--map \"Shoe size=-\""), "{said}");
        assert!(mapping(&[], Unknown::Skip).check(&names(&["username", "Shoe size"])).is_ok());
        assert!(mapping(&[], Unknown::Refuse).check(&names(&["email", "E-Mail"])).is_err());
        assert!(mapping(&[("Mali", "email")], Unknown::Refuse).check(&names(&["Mail"])).is_err());
        assert!(Mapping::new(&[("a".into(), "emali".into())], Unknown::Refuse).is_err());
    }
}
