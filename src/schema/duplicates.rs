//! Members that an object in a text of JSON has twice. Readers keep the first, the last, or refuse the text (RFC 8259, section 4), so no
//! schema can say anything about the others.

use std::{collections::BTreeSet, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{MAX_DRIFT, Undescribed};
use crate::{brief, json, pointer, volume::members};

/// The duplicate members in a text, whose value this is.
pub(crate) fn duplicates(text: &[u8], value: &Value) -> Vec<Undescribed> {
    // A text is seldom read twice: what has as many members as its value has none twice.
    let kept: usize = json::all(value).filter_map(Value::as_object).map(serde_json::Map::len).sum();
    let mut found = Vec::new();
    if members(text) != kept {
        let mut reader = serde_json::Deserializer::from_slice(text);
        // It has been read before, so there is nothing to refuse.
        let _ = Seek { at: String::new(), found: &mut found }.deserialize(&mut reader);
    }
    let drift = |pointer| Undescribed {
        pointer: brief::pointer(pointer),
        value: "a duplicate key".to_owned(),
        explained: None,
    };
    found.into_iter().map(drift).collect()
}

struct Seek<'a> {
    at: String,
    found: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while list
            .next_element_seed(Seek { at: pointer::below(&self.at, &index.to_string()), found: self.found })?
            .is_some()
        {
            index += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let at = pointer::below(&self.at, &name);
            if !names.insert(name) && self.found.len() < MAX_DRIFT {
                self.found.push(at.clone());
            }
            map.next_value_seed(Seek { at, found: self.found })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<String> {
        let value = serde_json::from_str(text).expect("JSON");
        duplicates(text.as_bytes(), &value).into_iter().map(|drift| drift.pointer).collect()
    }

    #[test]
    fn what_is_there_twice_is_found_wherever_it_is() {
        for (text, found) in [
            (r#"{"a": 1, "b": {"a": ":"}, "c": [], "d": {}}"#, &[][..]),
            (r#"{"a": 1, "b": 2, "a": 1}"#, &["/a"]),
            (r#"[{"a/b": {}}, {"x": {"y": [true, null, 1.5, -1, {"n": 1, "\u006e": 2}]}}]"#, &["/1/x/y/4/n"]),
            (r#"{"a": {"b": 1, "b": 2}, "a": {"c": 3}}"#, &["/a/b", "/a"]),
            (r#"{"a": 1, "a": 2, "a": 3}"#, &["/a", "/a"]),
        ] {
            assert_eq!(places(text), found, "{text}");
        }
    }
}
