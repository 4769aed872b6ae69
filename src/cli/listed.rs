//! Values that stand several in one text with commas between, typed or in a variable: blanks around one are no part of it.

use std::ffi::OsStr;

use clap::{
    Arg, Command, Error,
    builder::{EnumValueParser, PossibleValue, StringValueParser, TypedValueParser},
};

/// Reads a value without the blanks around it.
#[derive(Clone)]
pub(super) struct Listed<P>(P);

/// Names.
pub(super) fn names() -> Listed<StringValueParser> {
    Listed(StringValueParser::new())
}

/// Words of an enumeration.
pub(super) fn words<E: clap::ValueEnum + Clone + Send + Sync + 'static>() -> Listed<EnumValueParser<E>> {
    Listed(EnumValueParser::new())
}

impl<P: TypedValueParser> TypedValueParser for Listed<P> {
    type Value = P::Value;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<P::Value, Error> {
        // What is no text is the other's to refuse.
        let trimmed = value.to_str().map_or(value, |text| OsStr::new(text.trim()));
        self.0.parse_ref(command, argument, trimmed)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}
