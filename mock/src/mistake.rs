//! What is wrong with a state, and where in the text that it was read from. Owns how a place is found again; draws nothing.

use std::{fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{MessageFormatter as _, Spanned, UserMessageFormatter};

/// What is wrong with a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateError {
    /// The path of what is wrong, such as `servers[0].scopes[1]`; empty for a text that could not be read at all.
    pub place: String,
    /// What is wrong with it.
    pub message: String,
    /// Where that is in the text; none for a state that was not read from one.
    pub location: Option<Location>,
    /// The path of the very value, where `place` is that of the object that has it.
    pub(crate) exact: Option<String>,
}

/// A place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1, in characters.
    pub column: u64,
    /// The bytes of it.
    pub span: Range<usize>,
}

impl StateError {
    pub(crate) fn new(place: &str, message: impl Into<String>) -> StateError {
        StateError { place: place.to_owned(), message: message.into(), location: None, exact: None }
    }

    /// Of a member of what is at the place.
    pub(crate) fn of_member(place: &str, member: &str, message: impl Into<String>) -> StateError {
        StateError { exact: Some(format!("{place}.{member}")), ..StateError::new(place, message) }
    }

    /// Of a text that could not be read.
    pub(crate) fn unreadable(text: &str, error: &serde_saphyr::Error) -> StateError {
        let message = UserMessageFormatter.format_message(error).into_owned();
        let location = error.location().map(|place| Location::new(text, place));
        StateError { place: String::new(), message, location, exact: None }
    }

    /// With the place as it is in the text; of what is not there, that of the object that lacks it.
    pub(crate) fn located(self, text: &str) -> StateError {
        let mut at = self.exact.as_deref().unwrap_or(&self.place);
        let found = loop {
            if let Ok(Some(found)) = walk(text, at, Place) {
                break Some(found);
            }
            match at.rfind(['.', '[']) {
                Some(end) => at = &at[..end],
                None => break None,
            }
        };
        match found {
            Some(found) => self.told_at(text, found),
            None => self,
        }
    }

    /// The path of the object that has the member at the place.
    pub(crate) fn object(&self) -> &str {
        self.place.rsplit_once('.').map_or("", |(object, _)| object)
    }

    /// With this place in the text.
    pub(crate) fn told_at(self, text: &str, place: serde_saphyr::Location) -> StateError {
        StateError { location: Some(Location::new(text, place)), ..self }
    }
}

impl std::error::Error for StateError {}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the state is wrong")?;
        if !self.place.is_empty() {
            write!(f, " at {}", self.place)?;
        }
        if let Some(Location { line, column, .. }) = self.location {
            write!(f, " (line {line}, column {column})")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Location {
    /// Where the reader points; some of its errors know line and column alone.
    fn new(text: &str, place: serde_saphyr::Location) -> Location {
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let start = place.span().byte_offset().map_or_else(
            || {
                let before =
                    text.split_inclusive('\n').take(number(place.line().saturating_sub(1))).map(str::len).sum();
                let columns = text.get(before..).unwrap_or_default().char_indices();
                before + columns.map(|(at, _)| at).nth(number(place.column().saturating_sub(1))).unwrap_or_default()
            },
            number,
        );
        let span = start..start.saturating_add(place.span().byte_len().map_or(0, number));
        Location { line: place.line(), column: place.column(), span }
    }
}

/// Reads what is at a path of a text, such as `servers[0].scopes[1]`; none if nothing is there.
pub(crate) fn walk<'t, S: DeserializeSeed<'t>>(
    text: &'t str,
    place: &str,
    leaf: S,
) -> Result<Option<S::Value>, serde_saphyr::Error> {
    let steps: Vec<&str> = place.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
    serde_saphyr::with_deserializer_from_str_with_options(text, options(), |document| {
        Walk { steps: &steps, leaf }.deserialize(document)
    })
}

/// Whether a text is YAML, whatever it says.
pub(crate) fn is_yaml(text: &str) -> bool {
    walk(text, "", Place).is_ok()
}

/// How states are read.
pub(crate) fn options() -> serde_saphyr::Options {
    serde_saphyr::options! { no_schema: true, strict_booleans: true, with_snippet: false }
}

/// Where a value stands.
struct Place;

impl<'de> DeserializeSeed<'de> for Place {
    type Value = serde_saphyr::Location;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        Spanned::<IgnoredAny>::deserialize(value).map(|value| value.referenced)
    }
}

/// Goes down one path of a document, names of members and numbers of items, and reads what is there.
struct Walk<'p, S> {
    steps: &'p [&'p str],
    leaf: S,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Walk<'_, S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        match self.steps {
            [] => self.leaf.deserialize(value).map(Some),
            [_, ..] => value.deserialize_any(self),
        }
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Walk<'_, S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let [step, rest @ ..] = self.steps else { return Ok(None) };
        let (mut found, mut leaf) = (None, Some(self.leaf));
        while let Some(name) = members.next_key::<String>()? {
            match leaf.take_if(|_| name == *step) {
                Some(leaf) => found = members.next_value_seed(Walk { steps: rest, leaf })?,
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let [step, rest @ ..] = self.steps else { return Ok(None) };
        for _ in 0..step.parse().unwrap_or(0) {
            items.next_element::<IgnoredAny>()?;
        }
        let found = items.next_element_seed(Walk { steps: rest, leaf: self.leaf })?.flatten();
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}
