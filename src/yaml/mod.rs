//! YAML text as a tree in which every key and value knows its place in the file.
//!
//! Owns reading (the syntax of YAML 1.2 with the scalars of JSON, limits on depth and size, no anchors, aliases, tags or merge keys) and
//! [`Fields`], with which the readers of our own files take maps apart and report all mistakes at once. It knows nothing of cases.

mod fields;
#[cfg(test)]
mod laws;
mod parse;
mod plain;

pub(crate) use fields::{Fields, Problems};
pub(crate) use parse::parse;
#[cfg(any(test, fuzzing))]
pub(crate) use parse::readers_agree;

use std::collections::HashSet;

use crate::diagnostic::Span;

/// Deeper nesting than any suite needs; it bounds the recursion of the readers.
const MAX_DEPTH: usize = 64;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) data: Data,
}

/// A value of JSON; maps keep their order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) span: Span,
    pub(crate) name: String,
}

impl Node {
    /// The word for this kind of value in messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::Text(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }

    /// The value as JSON, without its places.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Number(value) => Value::Number(value.clone()),
            Data::Text(value) => Value::String(value.clone()),
            Data::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Data::Map(entries) => {
                Value::Object(entries.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect())
            }
        }
    }

    /// The value as if all of it stood at `span`: what is used in another file is wrong where it is used.
    pub(crate) fn moved(&self, span: Span) -> Self {
        let data = match &self.data {
            Data::List(items) => Data::List(items.iter().map(|item| item.moved(span)).collect()),
            Data::Map(entries) => {
                let moved = |(key, node): &(Key, Self)| (Key { span, name: key.name.clone() }, node.moved(span));
                Data::Map(entries.iter().map(moved).collect())
            }
            scalar => scalar.clone(),
        };
        Self { span, data }
    }

    /// The value under a key of a map.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Data::Text(text) = &self.data { Some(text) } else { None }
    }

    pub(crate) fn as_list(&self) -> Option<&[Node]> {
        if let Data::List(items) = &self.data { Some(items) } else { None }
    }

    pub(crate) fn as_map(&self) -> Option<&[(Key, Node)]> {
        if let Data::Map(entries) = &self.data { Some(entries) } else { None }
    }
}

/// Up to so many keys are compared one by one, which is faster than hashing them.
const FEW: usize = 16;

/// Whether a key of a map has stood there before.
#[derive(Default)]
struct Keys(HashSet<String>);

impl Keys {
    fn has(&mut self, entries: &[(Key, Node)], name: &str) -> bool {
        if entries.len() < FEW {
            return entries.iter().any(|(key, _)| key.name == name);
        }
        if self.0.is_empty() {
            self.0.extend(entries.iter().map(|(key, _)| key.name.clone()));
        }
        !self.0.insert(name.to_owned())
    }
}

/// What a scalar without quotes means: what it means in JSON, else text; `None` for a number that could not be kept as it is written. That
/// is less than the core schema of YAML 1.2 knows, which has `True`, `Null`, `0x1f`, `+5`, `.5` and `010` too.
fn resolve(text: &str) -> Option<Data> {
    match text {
        "" | "~" | "null" => return Some(Data::Null),
        "true" => return Some(Data::Bool(true)),
        "false" => return Some(Data::Bool(false)),
        _ => {}
    }
    match number(text) {
        // A whole number of more than 64 bits would become one with fewer digits.
        Some(number) if number.is_f64() && !text.contains(['.', 'e', 'E']) && text != "-0" => None,
        Some(number) => Some(Data::Number(number)),
        None if is_beyond_all(text) => None,
        None => Some(Data::Text(text.to_owned())),
    }
}

/// JSON's form of numbers: `010`, `1_000` and `.5` stay text.
fn number(text: &str) -> Option<serde_json::Number> {
    let first = text.bytes().next()?;
    if !(first == b'-' || first.is_ascii_digit()) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// Such as `1e999`.
fn is_beyond_all(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|first: char| first.is_ascii_digit()) && text.parse::<f64>().is_ok_and(f64::is_infinite)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Data, Node, resolve};
    use crate::diagnostic::Span;

    fn meant(text: &str) -> Value {
        Node { span: Span::default(), data: resolve(text).expect("a value") }.to_json()
    }

    /// The examples of `docs/writing-cases.md`.
    #[test]
    fn a_scalar_without_quotes_is_read_as_in_json_or_is_text() {
        for text in ["null", "~", ""] {
            assert_eq!(resolve(text), Some(Data::Null), "{text}");
        }
        assert_eq!([meant("true"), meant("false")], [json!(true), json!(false)]);
        assert_eq!([meant("5"), meant("-1.5"), meant("2e3")], [json!(5), json!(-1.5), json!(2e3)]);
        for text in ["True", "Null", "no", "off", "010", "0x1f", "+5", ".5", "1_000", ".inf", "-"] {
            assert_eq!(meant(text), json!(text));
        }
    }
}
