//! The parameter object of a signed request, put back together from a query or a JSON body.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Deeper brackets in a query are refused.
const MAX_DEPTH: usize = 16;
/// More members, of which each costs memory before anybody has proven anything, than any operation has.
const MAX_MEMBERS: usize = 1_000;

/// What follows the path.
pub(super) enum Parameters {
    /// No member: nothing, or a bare `?`.
    Absent,
    /// One form, or two where the types of values in a query are unknown.
    Present(Vec<String>),
}

/// The members of a JSON body: raw tokens, except that texts are decoded. Repeated members are refused.
pub(super) fn of_body(body: &[u8]) -> Option<Parameters> {
    if body.is_empty() || body == b"null" {
        return Some(Parameters::Absent);
    }
    let Members(members) = serde_json::from_slice(body).ok()?;
    let mut pairs = Vec::with_capacity(members.len());
    for (key, raw) in members {
        let value = match raw.get() {
            text if text.starts_with('"') => serde_json::from_str(text).ok()?,
            token => token.to_owned(),
        };
        pairs.push((key, value));
    }
    match join(pairs)? {
        None => Some(Parameters::Absent),
        Some(form) => Some(Parameters::Present(vec![form])),
    }
}

/// The members of a query: texts as they are, `k[]=`, `k[0]=` and `k[a]=` as JSON.
pub(super) fn of_query(query: &str) -> Option<Parameters> {
    let mut members: Vec<(String, Node)> = Vec::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (form_decode(name)?, form_decode(value)?);
        let (base, steps) = split_name(&name)?;
        let at = match members.iter().position(|(k, _)| k == base) {
            Some(at) => at,
            None => {
                members.push((base.to_owned(), Node::Vacant));
                members.len() - 1
            }
        };
        members[at].1.place(&steps, value)?;
    }
    let render = |typed: bool| {
        let text = |node: &Node| match node {
            Node::Text(text) => text.clone(),
            branch => branch.json(typed),
        };
        join(members.iter().map(|(k, node)| (k.clone(), text(node))).collect())
    };
    let Some(quoted) = render(false)? else { return Some(Parameters::Absent) };
    let typed = render(true)??;
    Some(Parameters::Present(if typed == quoted { vec![quoted] } else { vec![quoted, typed] }))
}

/// Percent-decoding to UTF-8. A `%` that begins no byte stays.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (bytes[i], digit(i + 1), digit(i + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                i += 3;
            }
            (byte, ..) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

fn form_decode(text: &str) -> Option<String> {
    percent_decode(&text.replace('+', " "))
}

/// `k=v&k=v` in order of UTF-16 code units. The outer `None`: a key twice; the inner one: no key at all.
fn join(mut pairs: Vec<(String, String)>) -> Option<Option<String>> {
    if pairs.is_empty() {
        return Some(None);
    }
    pairs.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
    if pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return None;
    }
    let parts: Vec<String> = pairs.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
    Some(Some(parts.join("&")))
}

/// `o[a][b]` is `o` and the steps `a`, `b`. A name whose brackets do not pair up is refused.
fn split_name(name: &str) -> Option<(&str, Vec<&str>)> {
    let Some(open) = name.find('[') else { return Some((name, Vec::new())) };
    let (base, inner) = name.split_at(open);
    let inner = inner.strip_prefix('[')?.strip_suffix(']')?;
    let steps: Vec<&str> = inner.split("][").collect();
    let plain = steps.len() <= MAX_DEPTH && steps.iter().all(|s| !s.contains(['[', ']']));
    plain.then_some((base, steps))
}

enum Node {
    Vacant,
    Text(String),
    /// `k[]=`
    List(Vec<String>),
    /// `k[a]=` and `k[0]=`
    Branch(Vec<(String, Node)>),
}

impl Node {
    /// Refuses a place that is taken and mixtures of forms.
    fn place(&mut self, steps: &[&str], value: String) -> Option<()> {
        let Some((step, rest)) = steps.split_first() else {
            let free = matches!(self, Node::Vacant);
            *self = Node::Text(value);
            return free.then_some(());
        };
        if matches!(self, Node::Vacant) {
            *self = if step.is_empty() { Node::List(Vec::new()) } else { Node::Branch(Vec::new()) };
        }
        match self {
            Node::List(items) if step.is_empty() && rest.is_empty() => {
                items.push(value);
                Some(())
            }
            Node::Branch(members) if !step.is_empty() => match members.iter_mut().find(|(k, _)| k == step) {
                Some((_, node)) => node.place(rest, value),
                None => {
                    let mut node = Node::Vacant;
                    node.place(rest, value)?;
                    members.push(((*step).to_owned(), node));
                    Some(())
                }
            },
            _ => None,
        }
    }

    /// JSON without white space. With `typed`, texts that read as numbers, booleans or null are those.
    fn json(&self, typed: bool) -> String {
        match self {
            Node::Vacant => String::new(),
            Node::Text(text) => leaf(text, typed),
            Node::List(items) => {
                let items: Vec<String> = items.iter().map(|text| leaf(text, typed)).collect();
                format!("[{}]", items.join(","))
            }
            Node::Branch(members) if members.iter().enumerate().all(|(i, (k, _))| *k == i.to_string()) => {
                let items: Vec<String> = members.iter().map(|(_, node)| node.json(typed)).collect();
                format!("[{}]", items.join(","))
            }
            Node::Branch(members) => {
                let members: Vec<String> =
                    members.iter().map(|(k, node)| format!("{}:{}", quote(k), node.json(typed))).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}

fn leaf(text: &str, typed: bool) -> String {
    if typed && (matches!(text, "true" | "false" | "null") || serde_json::from_str::<serde_json::Number>(text).is_ok())
    {
        return text.to_owned();
    }
    quote(text)
}

/// As JavaScript's `JSON.stringify` writes a text.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A top-level object, or an array with its indexes as keys.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Both;
        impl<'de> Visitor<'de> for Both {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or an array")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut out = Vec::new();
                while let Some(member) = map.next_entry()? {
                    few(out.len())?;
                    out.push(member);
                }
                Ok(out)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut out = Vec::new();
                while let Some(item) = seq.next_element()? {
                    few(out.len())?;
                    out.push((out.len().to_string(), item));
                }
                Ok(out)
            }
        }
        deserializer.deserialize_any(Both).map(Members)
    }
}

fn few<E: serde::de::Error>(there: usize) -> Result<(), E> {
    if there < MAX_MEMBERS { Ok(()) } else { Err(E::custom("too many members")) }
}
