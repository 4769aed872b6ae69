//! Texts and values as far as a person reads them. A long one is cut as it is written: a target decides how long it is.

use std::{
    fmt,
    io::{self, Write},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// As many characters are read.
const MOST: usize = 400;

/// As many bytes hold them, whatever they are.
const ENOUGH: usize = 4 * MOST;

/// A longer pointer leads to no place that anybody looks up.
const MOST_POINTER: usize = 1000;

/// A text, or the beginning of a long one, which ends with `…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Excerpt<T> {
    /// What is kept.
    pub text: T,
    /// How long the whole is, where it is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
}

impl Excerpt<String> {
    /// A text as far as a person reads it.
    pub(crate) fn of(text: &str) -> Self {
        Self::cut(text, text.len())
    }

    /// The JSON of a value as far as a person reads it.
    pub(crate) fn of_json<T: Serialize + ?Sized>(value: &T) -> Self {
        let mut beginning = Beginning::of(value, ENOUGH);
        let whole = beginning.length;
        if beginning.kept.len() < whole {
            // The last character may be there by half.
            let whole_text = std::str::from_utf8(&beginning.kept).map_or_else(|error| error.valid_up_to(), str::len);
            beginning.kept.truncate(whole_text);
        }
        Self::cut(&String::from_utf8(beginning.kept).unwrap_or_default(), whole)
    }

    fn cut(text: &str, whole: usize) -> Self {
        match first(text, MOST) {
            Some(beginning) => Self { text: format!("{beginning}…"), bytes: Some(whole) },
            None => Self { text: text.to_owned(), bytes: None },
        }
    }
}

impl<T> Excerpt<T> {
    pub(crate) fn map<U>(self, f: &impl Fn(T) -> U) -> Excerpt<U> {
        Excerpt { text: f(self.text), bytes: self.bytes }
    }
}

impl<T: AsRef<str>> fmt::Display for Excerpt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.as_ref())?;
        self.bytes.map_or(Ok(()), |bytes| write!(f, " ({bytes} bytes)"))
    }
}

/// A text as far as a person reads it.
pub(crate) fn shorten(text: &str) -> String {
    Excerpt::of(text).to_string()
}

/// The JSON of a value as far as a person reads it.
pub(crate) fn brief<T: Serialize + ?Sized>(value: &T) -> String {
    Excerpt::of_json(value).to_string()
}

/// How long the JSON of a value is, in bytes, where that is more than `most`.
pub(crate) fn longer(value: &Value, most: usize) -> Option<usize> {
    // That it is short is told without writing it.
    (bound(value) > most).then(|| Beginning::of(value, 0).length).filter(|length| *length > most)
}

/// The JSON of a value is no longer than this.
fn bound(value: &Value) -> usize {
    // As many bytes as an escape has.
    let text = |text: &str| 6 * text.len() + 2;
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 32,
        Value::String(string) => text(string),
        Value::Array(items) => 2 + items.iter().map(|item| bound(item) + 1).sum::<usize>(),
        Value::Object(members) => 2 + members.iter().map(|(name, value)| text(name) + bound(value) + 2).sum::<usize>(),
    }
}

/// A JSON Pointer as far as anybody follows it.
pub(crate) fn pointer(pointer: String) -> String {
    if pointer.len() > MOST_POINTER { shorten(&pointer) } else { pointer }
}

/// The first characters of a text that has more.
pub(crate) fn first(text: &str, most: usize) -> Option<&str> {
    let (end, _) = (text.len() > most).then(|| text.char_indices().nth(most)).flatten()?;
    Some(&text[..end])
}

/// A text of at most this many characters, with a sign where it was cut.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    first(text, most).map_or_else(|| text.to_owned(), |beginning| format!("{beginning}…"))
}

/// As many of the first bytes as are whole characters.
pub(crate) fn whole_characters(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

/// Bytes as text, with a sign instead of what is not UTF-8.
pub(crate) fn owned_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Keeps the first bytes that are written and counts all of them.
struct Beginning {
    kept: Vec<u8>,
    most: usize,
    length: usize,
}

impl Beginning {
    fn of<T: Serialize + ?Sized>(value: &T, most: usize) -> Self {
        let mut beginning = Self { kept: Vec::new(), most, length: 0 };
        // Nothing fails: a value is always JSON, and counting has no limit.
        let _ = serde_json::to_writer(&mut beginning, value);
        beginning
    }
}

impl Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.most.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        self.length += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_value_reads_as_its_text_does() {
        for value in [json!("x".repeat(5000)), json!("ä".repeat(5000)), json!(vec!["ßabc"; 3000]), json!({ "a": [1] })]
        {
            assert_eq!(brief(&value), shorten(&value.to_string()));
            assert_eq!(longer(&value, 0), Some(value.to_string().len()));
        }
    }

    proptest! {
        #[test]
        fn a_value_reads_as_its_text_does(text in "[a-z\"\\\\ßあ😀]{0,1700}", many in 1..400_usize) {
            let value = json!([text, vec![1; many]]);
            prop_assert_eq!(brief(&value), shorten(&value.to_string()));
        }
    }
}
