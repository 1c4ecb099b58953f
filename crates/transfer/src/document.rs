//! Large JSON documents: the elements of one list deep inside, one at a time, the rest passed over unread.

use std::cell::Cell;
use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use watchword_kit::{Error, Result, text};

use crate::{Entry, Object, Sink, unreadable};

/// Reads the elements of the first list under one of `names`, however deep below members of these names it is, of each
/// of the documents that follow one another; a list at the top is taken as it is, and lists within it are looked into
/// as documents are. What is no object is an entry with its error.
///
/// # Errors
/// 400 where the document is no JSON.
pub fn read(input: impl BufRead, names: &[&str], each: &mut Sink<'_>) -> Result<()> {
    let mut reader = serde_json::Deserializer::from_reader(input);
    let state = State { names, count: Cell::new(0), stopped: Cell::new(false), begun: Cell::new(false) };
    loop {
        state.begun.set(false);
        match (Descend { state: &state, each: &mut *each }).deserialize(&mut reader) {
            Ok(()) => {}
            Err(_) if state.stopped.get() => return Ok(()),
            Err(e) if e.is_io() => return Err(unreadable(&e.into())),
            // Nothing but white space was left.
            Err(e) if e.is_eof() && !state.begun.get() => return Ok(()),
            Err(e) => {
                let (line, column, count) = (e.line(), e.column(), state.count.get());
                let what = text!(
                    "no JSON at line {line}, column {column}, after {count} entries",
                    "第 {line} 行第 {column} 列不是合法的 JSON（已读取 {count} 项）"
                );
                return Err(Error::invalid("file", what));
            }
        }
    }
}

struct State<'a> {
    names: &'a [&'a str],
    count: Cell<u64>,
    stopped: Cell<bool>,
    begun: Cell<bool>,
}

struct Descend<'s, 'e> {
    state: &'s State<'s>,
    each: &'e mut Sink<'e>,
}

impl<'de> DeserializeSeed<'de> for Descend<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Descend<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        self.state.begun.set(true);
        while let Some(name) = map.next_key::<String>()? {
            if self.state.names.contains(&name.as_str()) {
                map.next_value_seed(Descend { state: self.state, each: &mut *self.each })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> std::result::Result<(), A::Error> {
        self.state.begun.set(true);
        while let Some(value) = list.next_element::<serde_json::Value>()? {
            if !self.element(value) {
                self.state.stopped.set(true);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        Ok(())
    }
}

impl Descend<'_, '_> {
    /// An entry, or a page of entries.
    fn element(&mut self, value: serde_json::Value) -> bool {
        let fields = match value {
            serde_json::Value::Object(mut object) => {
                if let Some(list) = page(&mut object, self.state.names) {
                    return list.into_iter().all(|value| self.element(value));
                }
                Ok(object)
            }
            _ => Err(Error::invalid("row", text!("no JSON object", "不是 JSON 对象"))),
        };
        self.state.count.set(self.state.count.get() + 1);
        (self.each)(Entry { line: self.state.count.get(), fields })
    }
}

fn page(object: &mut Object, names: &[&str]) -> Option<Vec<serde_json::Value>> {
    let name = names.iter().find(|name| object.get(**name).is_some_and(|v| v.is_array() || v.is_object()))?;
    match object.remove(*name)? {
        serde_json::Value::Array(list) => Some(list),
        serde_json::Value::Object(mut inner) => page(&mut inner, names),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str, names: &[&str]) -> Result<Vec<String>> {
        let mut out = Vec::new();
        read(text.as_bytes(), names, &mut |entry| {
            out.push(entry.fields.map_or("?".into(), |o| format!("{}{}", entry.line, o["id"].as_str().unwrap_or(""))));
            true
        })
        .map(|()| out)
    }

    #[test]
    fn one_page_many_pages_and_plain_lists_are_the_same_users() {
        let names = ["data", "list"];
        let page = |id: &str| format!(r#"{{"statusCode":200,"data":{{"totalCount":2,"list":[{{"id":"{id}"}}]}}}}"#);
        assert_eq!(ids(&page("a"), &names).unwrap(), ["1a"]);
        assert_eq!(ids(&format!("{}\n{}\n", page("a"), page("b")), &names).unwrap(), ["1a", "2b"]);
        assert_eq!(ids(&format!("[{},{}]", page("a"), page("b")), &names).unwrap(), ["1a", "2b"]);
        assert_eq!(ids(r#"[{"id":"a"},{"id":"b"}]"#, &names).unwrap(), ["1a", "2b"]);
        assert_eq!(ids(r#"{"list":[{"id":"a"},7]}"#, &names).unwrap(), ["1a", "?"]);
    }

    #[test]
    fn what_is_around_the_list_is_passed_over_and_a_torn_end_is_told() {
        let realm = r#"{"realm":"x","clients":[{"users":1}],"users":[{"id":"a"}],"roles":{"realm":[]}}"#;
        assert_eq!(ids(realm, &["users"]).unwrap(), ["1a"]);
        let e = ids(r#"{"users":[{"id":"a"},{"id":"#, &["users"]).unwrap_err();
        assert!(e.message(watchword_kit::Lang::En).contains("after 1 entries"), "{e}");
    }
}
