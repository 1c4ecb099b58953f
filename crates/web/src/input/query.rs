//! Queries and forms: as the SDKs write them, into the same structs that bodies are read into.
//!
//! Lists come as `k=a&k=b`, `k[]=a&k[]=b` or `k=a,b`; objects as `o[k]=v`; booleans in any case; numbers as digits.
//! An empty value is absent.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::de::value::{MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use watchword_kit::{Error, Result, text};

const MAX_PAIRS: usize = 1_000;

pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T> {
    Fields::read(query)?.into()
}

/// Members as they were found.
pub struct Fields(BTreeMap<String, Node>);

impl Fields {
    pub fn read(query: &str) -> Result<Fields> {
        let mut top: BTreeMap<String, Node> = BTreeMap::new();
        for (n, (key, value)) in pairs(query).enumerate() {
            if n >= MAX_PAIRS {
                return Err(Error::invalid(
                    "query",
                    text!("more than {MAX_PAIRS} parameters", "参数超过 {MAX_PAIRS} 个"),
                ));
            }
            let (Some(key), Some(value)) = (key, value) else {
                return Err(Error::invalid("query", text!("not UTF-8", "不是有效的 UTF-8")));
            };
            if value.contains('\0') {
                return Err(Error::invalid(key, text!("contains NUL", "包含 NUL 字符")));
            }
            if value.is_empty() {
                continue;
            }
            add(&mut top, &key, value);
        }
        Ok(Fields(top))
    }

    /// A text, an empty one being absent; it goes before one of the query.
    pub fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.0.insert(name.to_owned(), Node::Texts(vec![value.to_owned()]));
        }
    }

    pub fn file(&mut self, name: &str, file_name: String, content: Vec<u8>) {
        self.0.insert(name.to_owned(), Node::File(file_name, content));
    }

    pub fn into<T: DeserializeOwned>(self) -> Result<T> {
        let mut track = serde_path_to_error::Track::new();
        let node = Node::Map(self.0);
        T::deserialize(serde_path_to_error::Deserializer::new(node, &mut track)).map_err(|e| {
            let path = track.path().to_string();
            super::explain(&path, &e.to_string())
        })
    }
}

/// The decoded pairs of a query or form. `None` marks what is not UTF-8.
pub fn pairs(query: &str) -> impl Iterator<Item = (Option<String>, Option<String>)> + '_ {
    query.split('&').filter(|p| !p.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    })
}

fn decode(s: &str) -> Option<String> {
    let spaced = s.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|s| s.into_owned())
}

fn add(top: &mut BTreeMap<String, Node>, key: &str, value: String) {
    match key.split_once('[') {
        Some((name, rest)) if !name.is_empty() && rest.ends_with(']') => {
            let inner = &rest[..rest.len() - 1];
            if inner.is_empty() || inner.bytes().all(|b| b.is_ascii_digit()) {
                push(top, name, value);
            } else if let Node::Map(map) = top.entry(name.to_owned()).or_insert_with(|| Node::Map(BTreeMap::new())) {
                push(map, inner, value);
            }
        }
        _ => push(top, key, value),
    }
}

fn push(map: &mut BTreeMap<String, Node>, key: &str, value: String) {
    if let Node::Texts(list) = map.entry(key.to_owned()).or_insert_with(|| Node::Texts(Vec::new())) {
        list.push(value);
    }
}

#[derive(Clone)]
enum Node {
    Texts(Vec<String>),
    Map(BTreeMap<String, Node>),
    /// Its name and its content.
    File(String, Vec<u8>),
    Bytes(Vec<u8>),
}

type Problem = serde::de::value::Error;

impl Node {
    /// The only value.
    fn text(self, expected: &str) -> std::result::Result<String, Problem> {
        match self {
            Node::Texts(mut list) if list.len() == 1 => Ok(list.remove(0)),
            _ => Err(Problem::custom(format!("invalid value, expected {expected}, once"))),
        }
    }

    fn number<T: std::str::FromStr>(self) -> std::result::Result<T, Problem> {
        self.text("a number")?.trim().parse().map_err(|_| Problem::custom("invalid value, expected a number"))
    }
}

impl<'de> IntoDeserializer<'de, Problem> for Node {
    type Deserializer = Node;
    fn into_deserializer(self) -> Node {
        self
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        match self {
            Node::Texts(list) if list.len() > 1 => SeqDeserializer::new(list.into_iter()).deserialize_any(visitor),
            Node::Texts(_) => visitor.visit_string(self.text("a string")?),
            Node::Map(map) => visitor.visit_map(MapDeserializer::new(map.into_iter())),
            Node::File(name, content) => {
                visitor.visit_map(MapDeserializer::new(std::iter::once((name, Node::Bytes(content)))))
            }
            Node::Bytes(content) => visitor.visit_byte_buf(content),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        match self.text("true or false")?.to_ascii_lowercase().as_str() {
            "true" | "1" => visitor.visit_bool(true),
            "false" | "0" => visitor.visit_bool(false),
            _ => Err(Problem::custom("invalid value, expected true or false")),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        visitor.visit_i64(self.number()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        visitor.visit_u32(self.number()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        visitor.visit_string(self.text("a string")?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        visitor.visit_string(self.text("a string")?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Problem> {
        let Node::Texts(list) = self else { return Err(Problem::custom("invalid value, expected a list")) };
        let split = list.iter().flat_map(|v| v.split(',')).filter(|v| !v.is_empty());
        let items: Vec<Node> = split.map(|v| Node::Texts(vec![v.to_owned()])).collect();
        visitor.visit_seq(SeqDeserializer::new(items.into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, Problem> {
        let text: StringDeserializer<Problem> = self.text("a string")?.into_deserializer();
        text.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 u8 u16 f32 char bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier
        ignored_any newtype_struct
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use watchword_kit::Lang;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Query {
        user_ids: Vec<String>,
        page: Option<i64>,
        with_post: Option<bool>,
        name: Option<String>,
    }

    fn read(s: &str) -> Query {
        parse(s).unwrap()
    }

    #[test]
    fn every_sdks_spelling_of_a_list_reads_alike() {
        for s in ["userIds=a&userIds=b", "userIds[]=a&userIds[]=b", "userIds%5B%5D=a&userIds%5B%5D=b", "userIds=a%2Cb"]
        {
            assert_eq!(read(s).user_ids, ["a", "b"], "{s}");
        }
    }

    #[test]
    fn scalars_are_coerced_and_empty_is_absent() {
        let q = read("userIds=a&page=3&withPost=True&name=%E5%BC%A0+%E4%B8%89");
        assert_eq!((q.page, q.with_post, q.name.as_deref()), (Some(3), Some(true), Some("张 三")));
        assert_eq!(read("userIds=a&page=&name=").page, None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refuse = |s: &str| parse::<Query>(s).unwrap_err().message(Lang::En);
        assert_eq!(refuse("page=1"), "userIds: required");
        assert_eq!(refuse("userIds=a&page=x"), "page: must be a number");
        assert_eq!(refuse("userIds=a&withPost=maybe"), "withPost: must be true or false");
        assert_eq!(refuse("userIds=a&name=a&name=b"), "name: must be a string, once");
        assert_eq!(refuse("userIds=%ff"), "query: not UTF-8");
    }
}
