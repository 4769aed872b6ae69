//! How much there is in a text of JSON, told without reading it into values: these take many times the bytes of their text.

use memchr::memchr2;

/// More values than any answer of the service has: a full page of a list has some ten thousand. As many take up to 60 MB.
pub(crate) const MOST_VALUES: usize = 100_000;

/// Whether a text of JSON has more values than [`MOST_VALUES`]. Of what is no JSON, nothing is said.
pub(crate) fn is_too_much(text: &[u8]) -> bool {
    // Each value takes a byte, and all but the last another one.
    text.len() > MOST_VALUES
        && matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))
        && !holds(text, MOST_VALUES)
}

/// How many values a text of JSON has, where an empty list or object may count twice.
pub(crate) fn values(text: &[u8]) -> usize {
    count(text, usize::MAX)
}

fn holds(text: &[u8], most: usize) -> bool {
    count(text, most) <= most
}

/// How many members the objects in a text of JSON have, however often one name is written.
pub(crate) fn members(text: &[u8]) -> usize {
    marks(text, usize::MAX, |byte| byte == b':')
}

/// Counts up to more than `most`. A value begins with the text, and behind each bracket and comma.
fn count(text: &[u8], most: usize) -> usize {
    1 + marks(text, most.saturating_sub(1), |byte| matches!(byte, b'{' | b'[' | b','))
}

/// Counts bytes outside of strings, up to more than `most`.
fn marks(text: &[u8], most: usize, counts: impl Fn(u8) -> bool) -> usize {
    let (mut marks, mut at) = (0, 0);
    while let Some(byte) = text.get(at) {
        if *byte == b'"' {
            at = end_of_string(text, at + 1);
        } else if counts(*byte) {
            marks += 1;
            if marks > most {
                break;
            }
        }
        at += 1;
    }
    marks
}

/// Where the quote stands that ends a string.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if text[at] == b'"' {
            return at;
        }
        at += 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// As many as the reader makes.
    fn made(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(made).sum(),
            Value::Object(members) => members.values().map(made).sum(),
            _ => 0,
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i32>().prop_map(Value::from),
            "[,\\[{\"\\\\a]{0,5}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map("[,\"{]{0,3}", inner, 0..6).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_value_is_missed(value in any_value()) {
            let text = value.to_string();
            prop_assert!(!holds(text.as_bytes(), made(&value) - 1));
            prop_assert!(holds(text.as_bytes(), 2 * made(&value) + 1));
        }

        #[test]
        fn any_bytes_can_be_counted(bytes in proptest::collection::vec(any::<u8>(), 0..200), most in 1..50_usize) {
            let _ = holds(&bytes, most);
        }
    }

    #[test]
    fn what_is_long_is_not_much() {
        assert!(!is_too_much(json!([",".repeat(MOST_VALUES * 2)]).to_string().as_bytes()));
        assert!(!is_too_much(",".repeat(MOST_VALUES * 2).as_bytes()), "no JSON");
        assert!(is_too_much(json!(vec![1; MOST_VALUES]).to_string().as_bytes()));
        assert!(!is_too_much(json!(vec![1; MOST_VALUES - 1]).to_string().as_bytes()));
    }
}
