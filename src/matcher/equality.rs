//! Equality of JSON by value: numbers by what they are worth, members in any order.

use std::{
    cmp::Ordering,
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
};

use serde_json::{Number, Value};

use crate::pointer;

/// Whether two values are the same.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => order(a, b).is_eq(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// How two numbers stand to each other, to the last digit: beyond 2^53, two whole numbers may be one and the same as floating point.
pub(super) fn order(a: &Number, b: &Number) -> Ordering {
    let float = |number: &Number| number.as_f64().unwrap_or(f64::NAN);
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(whole), None) => order_of_whole(whole, float(b)),
        (None, Some(whole)) => order_of_whole(whole, float(a)).reverse(),
        // The same with either sign of zero; JSON has nothing that is not a number.
        (None, None) => float(a).partial_cmp(&float(b)).unwrap_or(Ordering::Less),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "it is whole, and what is too large stays beyond what `whole` can be"
)]
fn order_of_whole(whole: i128, float: f64) -> Ordering {
    let below = float.floor();
    let beside = if float > below { Ordering::Less } else { Ordering::Equal };
    whole.cmp(&(below as i128)).then(beside)
}

/// Whether no two of the values are the same. A target can make a list as long as it likes, so not each is compared with each.
pub(super) fn distinct(values: &[Value]) -> bool {
    let mut seen: HashMap<u64, Vec<&Value>> = HashMap::new();
    values.iter().all(|value| {
        let alike = seen.entry(fingerprint(value)).or_default();
        let fresh = !alike.iter().any(|other| equal(value, other));
        alike.push(value);
        fresh
    })
}

/// The same number for values that are the same, and hardly ever for others.
fn fingerprint(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(value).hash(&mut hasher);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(&mut hasher),
        // Zero is the same with either sign.
        Value::Number(number) => (number.as_f64().unwrap_or_default() + 0.0).to_bits().hash(&mut hasher),
        Value::String(text) => text.hash(&mut hasher),
        Value::Array(items) => items.iter().for_each(|item| fingerprint(item).hash(&mut hasher)),
        // In any order.
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let mut hasher = DefaultHasher::new();
                (name, fingerprint(value)).hash(&mut hasher);
                hasher.finish()
            };
            members.iter().map(member).fold(0, u64::wrapping_add).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Whether two values are the same without the members at these JSON Pointers. A pointer to an item of a list is not followed: what differs
/// there is told to differ, and [`without`] has the last word.
pub(crate) fn equal_but_for(a: &Value, b: &Value, pointers: &[impl AsRef<str>]) -> bool {
    let (Value::Object(ours), Value::Object(theirs)) = (a, b) else { return equal(a, b) };
    if pointers.is_empty() {
        return equal(a, b);
    }
    let below = |key: &str| -> Vec<&str> {
        pointers.iter().filter_map(|pointer| pointer::strip(pointer.as_ref(), key)).collect()
    };
    let same = |(key, ours): (&String, &Value)| {
        let below = below(key);
        below.contains(&"") || theirs.get(key).is_some_and(|theirs| equal_but_for(ours, theirs, &below))
    };
    ours.iter().all(same) && theirs.keys().all(|key| ours.contains_key(key) || below(key).contains(&""))
}

/// The value without the members and items at these JSON Pointers.
pub(crate) fn without(mut value: Value, pointers: &[String]) -> Value {
    for pointer in pointers {
        let Some((parent, last)) = pointer.rsplit_once('/') else { continue };
        let last = pointer::name(last);
        match value.pointer_mut(parent) {
            Some(Value::Object(members)) => {
                members.shift_remove(last.as_ref());
            }
            Some(Value::Array(items)) => {
                if let Some(index) = last.parse::<usize>().ok().filter(|index| *index < items.len()) {
                    items.remove(index);
                }
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {}
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_equal_by_value_and_members_in_any_order() {
        assert!(equal(&json!({"a": 1, "b": [2.0]}), &json!({"b": [2], "a": 1.0})));
        assert!(!equal(&json!([1, 2]), &json!([2, 1])));
        assert!(!equal(&json!({"a": null}), &json!({})));
        assert!(!equal(&json!(1), &json!("1")));
        assert!(!equal(&json!(12_345_678_901_234_567_890_u64), &json!(12_345_678_901_234_567_891_u64)));
        // 2^53 and what floating point makes of 2^53 + 1.
        let (large, next) = (9_007_199_254_740_992_u64, 9_007_199_254_740_993_u64);
        assert!(equal(&json!(large), &json!(9_007_199_254_740_992.0)));
        assert!(
            !equal(&json!(next), &json!(9_007_199_254_740_992.0))
                && !equal(&json!(9.007_199_254_740_992e15), &json!(next))
        );
        assert!(!equal(&json!(1), &json!(1.5)) && !equal(&json!(u64::MAX), &json!(1e300)));
    }

    #[test]
    fn long_lists_are_looked_through_quickly() {
        let many: Vec<Value> = (0..200_000).map(Value::from).collect();
        assert!(distinct(&many));
        let mut again = many;
        again.push(json!(7.0));
        assert!(!distinct(&again));
        assert!(!distinct(&[json!({"a": 1, "b": 0.0}), json!(1), json!({"b": -0.0, "a": 1.0})]));
        assert!(distinct(&[
            json!([]),
            json!({}),
            json!(null),
            json!(0),
            json!("0"),
            json!(false),
            json!([[]]),
            json!("")
        ]));
        assert!(distinct(&[json!(12_345_678_901_234_567_890_u64), json!(12_345_678_901_234_567_891_u64)]));
    }

    #[test]
    fn what_pointers_take_away_makes_no_difference() {
        let same = |a, b, pointers: &[&str]| {
            let without =
                |value| without(value, &pointers.iter().map(|pointer| (*pointer).to_owned()).collect::<Vec<_>>());
            let quick = equal_but_for(&a, &b, pointers);
            assert_eq!(quick, equal(&without(a), &without(b)), "{pointers:?}");
            quick
        };
        assert!(same(
            json!({"a": 1, "b": {"c/d": 2, "e": 3}}),
            json!({"b": {"e": 3, "f": 4}}),
            &["/a", "/b/c~1d", "/b/f"]
        ));
        assert!(!same(json!({"a": {"b": 1, "c": 1}}), json!({"a": {"b": 2, "c": 2}}), &["/a/b"]));
        assert!(!same(json!({"a": 1}), json!({"a": 2}), &["", "/", "/a/b", "/b"]));
        assert!(!same(json!({"a": 1}), json!([1]), &["/a"]));
        assert!(!equal_but_for(&json!({"a": [1, 2]}), &json!({"a": [1, 3]}), &["/a/1"]), "items are not followed");
    }

    #[test]
    fn pointers_take_members_and_items_away() {
        let value = json!({"a": {"b/c": 1, "d": 2}, "e": [1, 2]});
        let rest = without(value, &["/a/b~1c".into(), "/e/0".into(), "/no/such".into()]);
        assert_eq!(rest, json!({"a": {"d": 2}, "e": [2]}));
    }
}
