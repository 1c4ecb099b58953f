//! A first pass over a JSON text: what a typed decoder would let through.
//!
//! Duplicate keys (also of members nobody reads), depth, lengths, NUL, numbers no double can hold, trailing bytes.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use watchword_kit::{Error, Result, codes, text};

const MAX_DEPTH: usize = 64;
const MAX_ITEMS: usize = 10_000;
const MAX_STRING: usize = 64 * 1024;

pub fn check(json: &str) -> Result<()> {
    let mut state = State { path: Vec::new(), problem: None };
    let mut reader = serde_json::Deserializer::from_str(json);
    // The depth is ours to judge, and bounded well below what the stack takes.
    let outcome = Value { state: &mut state, depth: 0 }.deserialize(&mut reader).and_then(|()| reader.end());
    match (outcome, state.problem) {
        (Ok(()), _) => Ok(()),
        (Err(_), Some(problem)) => Err(match path(&state.path) {
            p if p.is_empty() => problem.at("body"),
            p => problem.at(p),
        }),
        (Err(e), None) if e.to_string().starts_with("recursion limit") => Err(deep().at("body")),
        (Err(e), None) => {
            let (line, column) = (e.line(), e.column());
            Err(Error::invalid(
                "body",
                text!("not valid JSON at line {line}, column {column}", "第 {line} 行第 {column} 列不是合法的 JSON"),
            ))
        }
    }
}

struct State<'de> {
    path: Vec<Step<'de>>,
    problem: Option<Error>,
}

enum Step<'de> {
    Key(Cow<'de, str>),
    Index(usize),
}

fn path(steps: &[Step<'_>]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Index(i) => out.push_str(&format!("[{i}]")),
            Step::Key(k) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.extend(k.chars().filter(|c| !c.is_control()).take(64));
            }
        }
    }
    out
}

fn deep() -> Error {
    Error::new(codes::INVALID).because(text!("nested deeper than {MAX_DEPTH} levels", "嵌套超过 {MAX_DEPTH} 层"))
}

struct Value<'a, 'de> {
    state: &'a mut State<'de>,
    depth: usize,
}

impl<'de> Value<'_, 'de> {
    fn refuse<E: serde::de::Error>(&mut self, problem: Error) -> E {
        self.state.problem = Some(problem);
        E::custom("refused")
    }

    fn string<E: serde::de::Error>(&mut self, s: &str) -> std::result::Result<(), E> {
        if s.len() > MAX_STRING {
            let long = text!("longer than {MAX_STRING} bytes", "长度超过 {MAX_STRING} 字节");
            return Err(self.refuse(Error::new(codes::INVALID).because(long)));
        }
        if s.as_bytes().contains(&0) {
            return Err(self.refuse(Error::new(codes::INVALID).because(text!("contains NUL", "包含 NUL 字符"))));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> std::result::Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(mut self, s: &str) -> std::result::Result<(), E> {
        self.string(s)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> std::result::Result<(), A::Error> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refuse(deep()));
        }
        let mut n = 0;
        loop {
            self.state.path.push(Step::Index(n));
            if seq.next_element_seed(Value { state: self.state, depth: self.depth + 1 })?.is_none() {
                self.state.path.pop();
                return Ok(());
            }
            self.state.path.pop();
            n += 1;
            if n > MAX_ITEMS {
                let many = text!("more than {MAX_ITEMS} items", "超过 {MAX_ITEMS} 项");
                return Err(self.refuse(Error::new(codes::TOO_LARGE).because(many)));
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> std::result::Result<(), A::Error> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refuse(deep()));
        }
        let (mut seen, mut n) = (Keys::Few(Vec::new()), 0);
        while let Some(key) = map.next_key_seed(Key)? {
            self.string::<A::Error>(&key)?;
            let fresh = seen.add(key.clone());
            n += 1;
            if n > MAX_ITEMS {
                let many = text!("more than {MAX_ITEMS} members", "超过 {MAX_ITEMS} 个成员");
                return Err(self.refuse(Error::new(codes::TOO_LARGE).because(many)));
            }
            self.state.path.push(Step::Key(key));
            if !fresh {
                return Err(self.refuse(Error::new(codes::INVALID).because(text!("given twice", "重复出现"))));
            }
            map.next_value_seed(Value { state: self.state, depth: self.depth + 1 })?;
            self.state.path.pop();
        }
        Ok(())
    }
}

/// The keys of one object: a list while it is short, a set when it grows.
enum Keys<'de> {
    Few(Vec<Cow<'de, str>>),
    Many(HashSet<Cow<'de, str>>),
}

impl<'de> Keys<'de> {
    fn add(&mut self, key: Cow<'de, str>) -> bool {
        match self {
            Keys::Few(list) if list.len() < 16 => {
                let fresh = !list.contains(&key);
                list.push(key);
                fresh
            }
            Keys::Few(list) => {
                let mut set: HashSet<_> = list.drain(..).collect();
                let fresh = set.insert(key);
                *self = Keys::Many(set);
                fresh
            }
            Keys::Many(set) => set.insert(key),
        }
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> std::result::Result<Self::Value, D::Error> {
        d.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, s: &'de str) -> std::result::Result<Self::Value, E> {
        Ok(Cow::Borrowed(s))
    }

    fn visit_str<E: serde::de::Error>(self, s: &str) -> std::result::Result<Self::Value, E> {
        Ok(Cow::Owned(s.to_owned()))
    }
}
