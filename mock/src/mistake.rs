//! What is wrong with a state, and where in the text that it was read from. Owns how a place is found again; draws nothing.

use std::{fmt, ops::Range};

use serde::{
    Deserialize as _, Deserializer,
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
        StateError { place: place.to_owned(), message: message.into(), location: None }
    }

    /// Of a text that could not be read.
    pub(crate) fn unreadable(text: &str, error: &serde_saphyr::Error) -> StateError {
        let message = UserMessageFormatter.format_message(error).into_owned();
        let location = error.location().map(|place| Location::new(text, place));
        StateError { place: String::new(), message, location }
    }

    /// With the place as it is in the text.
    pub(crate) fn located(self, text: &str) -> StateError {
        let steps: Vec<&str> = self.place.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
        let found = serde_saphyr::with_deserializer_from_str(text, |document| Walk(&steps).deserialize(document));
        StateError { location: found.ok().flatten().map(|place| Location::new(text, place)), ..self }
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

/// Goes down one path of a document, names of members and numbers of items, and says where what is there stands.
struct Walk<'p>(&'p [&'p str]);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Option<serde_saphyr::Location>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            [] => Spanned::<IgnoredAny>::deserialize(value).map(|value| Some(value.referenced)),
            [_, ..] => value.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Option<serde_saphyr::Location>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key::<String>()? {
            match self.0 {
                [step, rest @ ..] if name == *step => found = members.next_value_seed(Walk(rest))?,
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let [step, rest @ ..] = self.0 else { return Ok(None) };
        for _ in 0..step.parse().unwrap_or(0) {
            items.next_element::<IgnoredAny>()?;
        }
        let found = items.next_element_seed(Walk(rest))?.flatten();
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}
