//! A value of JSON as far as a person reads it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::IntoDeserializer as _};
use serde_json::Value;

use crate::{brief::Excerpt, secret::Redacted};

/// The text of a value, or its beginning. In a stream it is `{"value": …}`, or `{"text": …, "bytes": …}` where only the beginning is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Json<T = Redacted>(pub(crate) Excerpt<T>);

impl Json<String> {
    pub(crate) fn of<V: Serialize + ?Sized>(value: &V) -> Self {
        Self(Excerpt::of_json(value))
    }
}

impl<T> Json<T> {
    pub(crate) fn map<U>(self, f: &impl Fn(T) -> U) -> Json<U> {
        Json(self.0.map(f))
    }
}

impl<T: AsRef<str>> Json<T> {
    /// The value, if all of it is there. A secret that was taken out of a number leaves no JSON.
    pub(crate) fn whole(&self) -> Option<Value> {
        if self.0.bytes.is_some() { None } else { serde_json::from_str(self.0.text.as_ref()).ok() }
    }

    /// Whether it is an object or a list.
    pub(crate) fn holds_others(&self) -> bool {
        self.0.text.as_ref().starts_with(['{', '['])
    }
}

impl<T: AsRef<str>> Json<T> {
    /// Its type, by its first sign.
    pub(crate) fn class(&self) -> &'static str {
        match self.0.text.as_ref().bytes().next() {
            Some(b'{') => "object",
            Some(b'[') => "list",
            Some(b'"') => "text",
            Some(b't' | b'f') => "boolean",
            Some(b'n') => "null",
            Some(_) | None => "number",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Whole {
    value: Value,
}

/// A value that is nested deeper is told as text: a reader of JSON gives up at 128 levels, and a stream has some around it.
const MOST_LEVELS: usize = 32;

fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(members) => levels == 0 || members.values().any(|member| is_deeper(member, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

impl<T: Serialize + AsRef<str>> Serialize for Json<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.whole().filter(|value| !is_deeper(value, MOST_LEVELS)) {
            Some(value) => Whole { value }.serialize(serializer),
            None => self.0.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Json<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Read<T> {
            Whole(Whole),
            Excerpt(Excerpt<T>),
        }
        Ok(match Read::<T>::deserialize(deserializer)? {
            Read::Whole(Whole { value }) => {
                let text = T::deserialize(value.to_string().into_deserializer())?;
                Self(Excerpt { text, bytes: None })
            }
            Read::Excerpt(excerpt) => Self(excerpt),
        })
    }
}
