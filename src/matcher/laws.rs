//! Laws of matchers, for values of any shape.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use strum::VariantArray as _;

use super::{Context, Matcher, Patterns, read::Name};
use crate::{
    diagnostic::Source,
    suite::Suite,
    template::{Scope, Variables},
    yaml::{Problems, parse},
};

/// Whether the value is as expected; the expectation is written into a case file.
fn holds(expected: &Value, value: &Value) -> bool {
    let schema = json!({ "$id": "https://a.test/small.schema.json", "maximum": 1 });
    let suite = Suite::of_texts(&[("schemas/small.schema.json", &schema.to_string())], &mut Vec::new());
    let source = Source::new("laws.yaml", expected.to_string());
    let node = parse(&source).expect("JSON is YAML");
    let (mut scope, mut variables, mut found) = (Scope::default(), Variables::default(), Vec::new());
    scope.add("value");
    variables.set(&Arc::from("value"), value.clone());
    let patterns = Patterns::default();
    let context = Context { scope: &scope, schemas: &suite.schemas, patterns: &patterns };
    let matcher = Matcher::read(&node, &context, &mut Problems::new(&source, &mut found));
    assert!(found.is_empty(), "{expected}: {:?}", found.iter().map(|one| &one.title).collect::<Vec<_>>());
    matcher.judge(Some(value), &variables).expect("no variable is missing").told.is_empty()
}

/// An expectation with one of the `$` keys.
fn dollar(key: &str, value: &Value) -> Value {
    json!({ key: value })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e6..1.0e6).prop_map(Value::from),
        "[a-zA-Z0-9 äß☃:#'\"\\\\/~.,-]{0,8}".prop_map(Value::from),
        Just(json!("null")),
        Just(json!("1")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z/~ ]{1,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every object in a value.
fn objects<'v>(value: &'v mut Value, found: &mut Vec<&'v mut Map<String, Value>>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| objects(item, found)),
        Value::Object(members) => {
            // The outer of two nested ones is left out when the inner one is there: they cannot both be changed.
            let nested = members.values().any(|member| member.is_object() || member.is_array());
            if nested {
                members.values_mut().for_each(|member| objects(member, found));
            } else {
                found.push(members);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #[test]
    fn a_value_matches_itself(value in values()) {
        prop_assert!(holds(&value, &value));
        prop_assert!(holds(&dollar("$exact", &json!(value)), &value));
        let same = json!({ "$sameAs": { "value": "${value}" } });
        prop_assert!(holds(&same, &value));
        prop_assert!(holds(&dollar("$oneOf", &json!(["another", value])), &value));
        prop_assert!(!holds(&dollar("$not", &json!(value)), &value));
    }

    #[test]
    fn a_member_that_is_missing_never_matches(value in values(), which in any::<prop::sample::Index>()) {
        let mut less = value.clone();
        let mut places = Vec::new();
        objects(&mut less, &mut places);
        places.retain(|members| !members.is_empty());
        if !places.is_empty() {
            let members = places.swap_remove(which.index(places.len()));
            let name = members.keys().nth(which.index(members.len())).expect("a member").clone();
            members.shift_remove(&name);
            prop_assert!(!holds(&value, &less), "{} without {}", value, name);
            prop_assert!(!holds(&dollar("$exact", &json!(value)), &less));
            prop_assert!(holds(&less, &value), "what is not expected does not matter");
            prop_assert!(!holds(&dollar("$exact", &json!(less)), &value), "unless it is to be exact");
        }
    }

    #[test]
    fn an_unordered_list_matches_in_any_order(items in prop::collection::vec(values(), 0..5), by in 0..5_usize) {
        let mut turned = items.clone();
        turned.rotate_left(by.min(items.len()));
        prop_assert!(holds(&dollar("$unordered", &json!(items)), &json!(turned)));
        let mut more = turned.clone();
        more.push(json!("one more"));
        prop_assert!(!holds(&dollar("$unordered", &json!(items)), &json!(more)));
        if turned.pop().is_some() {
            prop_assert!(!holds(&dollar("$unordered", &json!(items)), &json!(turned)));
        }
    }

    #[test]
    fn a_list_is_distinct_unless_two_of_its_items_match_each_other(items in prop::collection::vec(values(), 0..5)) {
        let exact = |left, right| holds(&dollar("$exact", left), right);
        let twice = items.iter().enumerate().any(|(at, left)| items[at + 1..].iter().any(|right| exact(left, right)));
        prop_assert_eq!(holds(&dollar("$distinct", &json!(true)), &json!(items)), !twice);
        if let Some(first) = items.first() {
            let again = [&items[..], std::slice::from_ref(first)].concat();
            prop_assert!(!holds(&dollar("$distinct", &json!(true)), &json!(again)));
        }
    }

    #[test]
    fn a_value_matches_no_other(left in values(), right in values()) {
        // Both ways round: an object may have more members than are expected of it.
        if holds(&left, &right) && holds(&right, &left) {
            prop_assert!(holds(&dollar("$exact", &left), &right), "{} and {}", left, right);
        }
    }
}

/// An expectation with each matcher, a value that is as expected, and one that is not.
fn example(name: Name) -> (Value, Value, Value) {
    let time = |hour: u8| json!(format!("2026-11-24T{hour:02}:00:00.000Z"));
    // Beyond 2^53, where floating point takes one number for the next.
    let large = 9_007_199_254_740_992_u64;
    match name {
        Name::Exact => (json!({ "$exact": { "a": 1 } }), json!({ "a": 1 }), json!({ "a": 1, "b": 2 })),
        Name::Type => (dollar("$type", &json!("integer")), json!(1), json!(1.5)),
        Name::Pattern => (dollar("$pattern", &json!("^a+$")), json!("aa"), json!("ab")),
        Name::Format => (dollar("$format", &json!("date")), json!("2026-11-24"), json!("2026-13-24")),
        Name::Present => (json!({ "a": { "$present": true } }), json!({ "a": null }), json!({})),
        Name::Absent => (json!({ "a": { "$absent": true } }), json!({}), json!({ "a": null })),
        Name::Contains => (dollar("$contains", &json!(2)), json!([1, 2]), json!([1, 3])),
        Name::Each => (dollar("$each", &json!(1)), json!([1, 1]), json!([1, 2])),
        Name::Unordered => (dollar("$unordered", &json!([1, 2])), json!([2, 1]), json!([2, 2])),
        Name::Distinct => (dollar("$distinct", &json!(true)), json!([1, 2]), json!([1, 1.0])),
        Name::Length => (dollar("$length", &json!(2)), json!("äö"), json!("ä")),
        Name::OneOf => (dollar("$oneOf", &json!([1, 2])), json!(2), json!(3)),
        Name::Not => (dollar("$not", &json!(1)), json!(2), json!(1)),
        Name::Min => (dollar("$min", &json!(large + 1)), json!(large + 1), json!(large)),
        Name::Max => (dollar("$max", &json!(large)), json!(large), json!(large + 1)),
        Name::NotBefore => (dollar("$notBefore", &time(6)), time(6), time(5)),
        Name::NotAfter => (dollar("$notAfter", &time(6)), time(6), time(7)),
        Name::SameAs => {
            let expected = json!({ "$sameAs": { "value": { "a": 1, "b": 2 }, "except": ["/b"] } });
            (expected, json!({ "a": 1, "b": 3 }), json!({ "a": 2, "b": 2 }))
        }
        Name::Schema => (dollar("$schema", &json!("small")), json!(1), json!(2)),
        Name::Jwt => {
            // RFC 7515 appendix A.3.
            let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
            let keys = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": x, "y": y }] });
            let expected = json!({ "alg": "ES256", "claims": { "iss": "joe" }, "signedBy": keys });
            let signed = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
            let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
            let (right, wrong) = (format!("{message}.{signed}"), format!("{message}.E{}", &signed[1..]));
            (dollar("$jwt", &expected), json!(right), json!(wrong))
        }
    }
}

#[test]
fn each_matcher_is_in_the_manual_and_in_the_schema_for_editors() {
    let (manual, schema) =
        (include_str!("../../docs/writing-cases.md"), include_str!("../../schemas/harness/cases.schema.json"));
    for name in <Name as strum::VariantNames>::VARIANTS {
        assert!(manual.contains(&format!("`${name}: ")), "docs/writing-cases.md needs a row of `${name}`");
        assert!(schema.contains(&format!("\"${name}\": {{")), "cases.schema.json needs `${name}`");
    }
}

#[test]
fn each_matcher_holds_and_fails() {
    for name in Name::VARIANTS {
        let (expected, held, failed) = example(*name);
        assert!(holds(&expected, &held), "{name:?}: {held}");
        assert!(!holds(&expected, &failed), "{name:?}: {failed}");
        assert!(!holds(&json!({ "x": expected }), &json!({})), "{name:?} of nothing");
    }
}
