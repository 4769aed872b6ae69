//! The status of an answer as recordings have it: a number, or one below 1 where no answer came.

use std::fmt;

use serde::{
    Deserializer,
    de::{self, Unexpected, Visitor},
};

/// Reads a status. None: browsers write 0, some proxies -1, where no answer came.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    deserializer.deserialize_any(Seen)
}

struct Seen;

impl Visitor<'_> for Seen {
    type Value = Option<u16>;

    /// RFC 9110, section 15: three digits.
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a status, which is a number from 100 to 999")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Option<u16>, E> {
        match u16::try_from(number) {
            Ok(status @ 100..=999) => Ok(Some(status)),
            _ if number <= 0 => Ok(None),
            _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Option<u16>, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<u16>, E> {
        Ok(None)
    }
}
